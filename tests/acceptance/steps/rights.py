# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Rights: who grants what to whom, who may do what, organisations and their invitations."""

import json

from behave import step, then, when

from deployment import events_of
from stage import capability_flags, tokens_of, wait

TOPIC_FREE = ()


def of_node(context, name):
    node = context.stage.node(name)
    return node, node.name


# Granting, anchoring, revoking.

@step("{granter:Name} grants {name:Name} {right}")
def grants(context, granter, name, right):
    node, own = of_node(context, granter)
    context.token = tokens_of(node.cli("cap", "grant", "-c", own, *capability_flags([right], TOPIC_FREE),
                                       "--duration", "1h", context.stage.node(name).dms_did).out)


@step('{granter:Name} grants the organisation "{organisation:w}" {right}')
def grants_organisation(context, granter, organisation, right):
    node, own = of_node(context, granter)
    did = context.stage.organisation(organisation).did
    context.token = tokens_of(node.cli("cap", "grant", "-c", own, *capability_flags([right], TOPIC_FREE),
                                       "--duration", "1h", did).out)


@step('the organisation "{organisation:w}" grants {name:Name} {right}')
def organisation_grants(context, organisation, name, right):
    org = context.stage.organisation(organisation)
    context.token = tokens_of(org.cli("grant", *capability_flags([right], TOPIC_FREE), "--duration", "1h",
                                      context.stage.node(name).dms_did).out)


@step("{granter:Name} delegates {right} to {name:Name}")
def delegates(context, granter, right, name):
    node, own = of_node(context, granter)
    context.token = tokens_of(node.cli("cap", "delegate", "-c", own, *capability_flags([right], TOPIC_FREE),
                                       "--auto-expire", context.stage.node(name).dms_did).out)


@then("delegating {right} to {name:Name} is refused to {granter:Name}")
def delegating_refused(context, right, name, granter):
    node, own = of_node(context, granter)
    result = node.cli("cap", "delegate", "-c", own, *capability_flags([right], TOPIC_FREE), "--auto-expire",
                      context.stage.node(name).dms_did, check=False)
    assert result.status == 1 and "dms" not in result.out and result.err.startswith("Error: "), result


@step("{name:Name} anchors it as {where:w}")
def anchors(context, name, where):
    node, own = of_node(context, name)
    node.cli("cap", "anchor", "-c", own, f"--{where}", context.token)


@step("{name:Name} anchors {other:Name} as root")
def anchors_root(context, name, other):
    node, own = of_node(context, name)
    node.cli("cap", "anchor", "-c", own, "--root", context.stage.node(other).dms_did)


@step('the organisation "{organisation:w}" revokes what it granted {name:Name}')
def organisation_revokes(context, organisation, name):
    org = context.stage.organisation(organisation)
    context.revocation = tokens_of(org.cli("revoke", org.granted[name.lower()]).out)


@step("{name:Name} revokes it")
def revokes(context, name):
    node, own = of_node(context, name)
    context.revocation = tokens_of(node.cli("cap", "revoke", "-c", own, context.token).out)


@step("{name:Name} anchors the revocation")
def anchors_revocation(context, name):
    node, own = of_node(context, name)
    node.cli("cap", "anchor", "-c", own, "--revoke", context.revocation)


@step("{name:Name} anchors the revocation and broadcasts it")
def broadcasts_revocation(context, name):
    node, own = of_node(context, name)
    anchors_revocation(context, name)
    result = node.cli("cap", "broadcast", "-c", own)
    assert "Successfully broadcast 1 revocation token(s)" in result.out, result


@then("{name:Name} learns of the revocation")
def learns(context, name):
    node = context.stage.node(name)
    nonce = json.loads(context.revocation)["dms"]["nonce"]

    def known():
        return [token["dms"]["nonce"] for token in node.actor("/dms/cap/list")["Revoke"].get("tok") or []]

    wait(lambda: nonce in known(), 30, lambda: f"{name} knows of {known()}, not of {nonce}")


# Using them.

@when("{name:Name} says hello to {other:Name}")
def says_hello(context, name, other):
    asks(context, name, other, "/public/hello")


@when("{name:Name} asks {other:Name} for {behaviour}")
def asks(context, name, other, behaviour):
    """Signed by the node itself: it is the node that was granted something, or was not."""
    node, own = of_node(context, name)
    context.before = {host: len(events_of(some)) for host, some in context.stage.running().items()}
    context.answer = node.cli("-c", own, "actor", "cmd", behaviour, "-d", context.stage.peer(other), "-t", "4s",
                              check=False)


@then("{name:Name} is answered by {other:Name}")
def is_answered(context, name, other):
    assert context.answer.status == 0, context.answer
    assert context.stage.node(other).dms_did in context.answer.out or (
        context.stage.peer(other) in context.answer.out), context.answer


@then("nobody answers")
def nobody_answers(context):
    assert context.answer.status == 1 and "408" in context.answer.err, context.answer


@then("{name:Name} refuses {other:Name}'s message {behaviour}: {rule}")
def refuses_message(context, name, other, behaviour, rule):
    """In the log, with the rule (or one of several, with "or") that was broken; the sender learns nothing."""
    node, did = context.stage.node(name), context.stage.node(other).dms_did

    def refused():
        return [event for event in events_of(node)[context.before.get(name.lower(), 0):]
                if event["msg"] == "A message was refused" and event["behavior"] == behaviour and event["did"] == did]

    wait(lambda: any(event.get("rule") in rule.split(" or ") for event in refused()), 20,
         lambda: f"{name} did not refuse {behaviour} for {rule}: {refused()}")


@then("{name:Name}'s list of capabilities has the token under {where:w}")
def list_has_token(context, name, where):
    node, own = of_node(context, name)
    nonces = {token["dms"]["nonce"] for token in json.loads(context.token)["tok"]}
    assert nonces == section(node.cli("cap", "list", "-c", own).out, where), node.cli("cap", "list", "-c", own)
    reply = node.actor("/dms/cap/list")
    assert nonces <= {token["dms"]["nonce"] for token in reply[where.capitalize()]["tok"]}, reply


@then("{name:Name}'s list of capabilities has {other:Name} under roots")
def list_has_root(context, name, other):
    node, own = of_node(context, name)
    did = context.stage.node(other).dms_did
    assert f"\t{did}\n" in node.cli("cap", "list", "-c", own).out
    assert {"uri": did} in node.actor("/dms/cap/list")["Roots"]


def section(text, name):
    """The nonces of the tokens below one heading of `cap list`."""
    found, inside = set(), False
    for line in text.splitlines():
        if not line.startswith("\t"):
            inside = line == f"{name}:"
        elif inside:
            found.add(json.loads(line)["dms"]["nonce"])
    return found


# Organisations.

@step('the private organisation "{organisation:w}" invites {names:Names}')
def invites(context, organisation, names):
    invite(context, organisation, [context.stage.node(name).dms_did for name in names])


@step('the public organisation "{organisation:w}" invites everybody')
def invites_everybody(context, organisation):
    invite(context, organisation, [])


def invite(context, organisation, dids):
    org = context.stage.organisation(organisation)
    audience = [word for did in dids for word in ("--for", did)]
    context.invitation = org.cli("invite", "--name", organisation, "--cap", "/public", "--duration", "1h",
                                 *audience).out.strip()
    context.invited_by = org


def join(context, name, check):
    node, own = of_node(context, name)
    path = node.root / "invitation"
    path.write_text(context.invitation + "\n")
    return node.cli("cap", "join", "-c", own, path, "--yes", check=check)


@step("{name:Name} joins with this invitation")
def joins(context, name):
    assert "has joined" in join(context, name, True).out


@when("{name:Name} tries to join with this invitation")
def tries_to_join(context, name):
    context.answer = join(context, name, False)


@then('joining is refused: "{text:Words}"')
def joining_refused(context, text):
    assert context.answer.status == 1 and text in context.answer.err, context.answer


@then("{name:Name} is in no organisation")
def in_no_organisation(context, name):
    node, own = of_node(context, name)
    anchors_of = json.loads(node.cli("cap", "list", "-c", own, "--json").out)
    assert "org" not in json.dumps(anchors_of) or all(
        org.did not in json.dumps(anchors_of) for org in context.stage.organisations.values()), anchors_of


@then('{name:Name}\'s capabilities show the organisations "{one:w}", "{two:w}"')
def shows_organisations(context, name, one, two):
    node, own = of_node(context, name)
    text = node.cli("cap", "list", "-c", own).out
    for organisation in (one, two):
        did = context.stage.organisation(organisation).did
        required = [line for line in text.split("provide:")[0].splitlines() if did in line]
        provided = [line for line in text.split("provide:")[1].splitlines() if did in line]
        assert required and provided, f"{organisation} ({did}) is not in {text}"
