/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an adversary may try with tokens: a line each, with the rule it breaks and the reason it is refused
 * for. dms-adversary.h tells how to read a line. What messages may try is in
 * tests/unit/actor/test-adversarial.c. */

#include <string.h>

#include "capability/dms-explanation.h"
#include "dms-adversary.h"

/* The question, unless a line says another: may A's actor use /dms/deployment/new on T? It is a word of
 * values separated by spaces: cap= topic= from= to= sender=, all letters but the first two. */
typedef struct
{
  const char *name;
  const char *rule;
  const char *line;
  DmsCapabilityFault fault;
  const char *question;
  const char *context;
  const char *anchor;
} Case;

/* A good list, in which a text is replaced. */
typedef struct
{
  const char *name;
  const char *from;
  const char *to;
  DmsCapabilityFault fault;
} Edit;

#define GOOD "R d U /dms d=3 | U i A /dms/deployment a=T"
#define HELLO "cap=/broadcast topic=/nunet/hello"
#define NONE DMS_CAPABILITY_FAULT_NONE
#define NO_TOKEN DMS_CAPABILITY_FAULT_NO_TOKEN
#define MALFORMED DMS_CAPABILITY_FAULT_MALFORMED
#define TOO_LARGE DMS_CAPABILITY_FAULT_LIST_TOO_LARGE
#define WRONG_ACTION DMS_CAPABILITY_FAULT_WRONG_ACTION
#define WRONG_SUBJECT DMS_CAPABILITY_FAULT_WRONG_SUBJECT
#define WRONG_AUDIENCE DMS_CAPABILITY_FAULT_WRONG_AUDIENCE
#define WRONG_CAPABILITY DMS_CAPABILITY_FAULT_WRONG_CAPABILITY
#define WRONG_TOPIC DMS_CAPABILITY_FAULT_WRONG_TOPIC
#define NOT_ANCHORED DMS_CAPABILITY_FAULT_NOT_ANCHORED
#define BAD_SIGNATURE DMS_CAPABILITY_FAULT_BAD_SIGNATURE
#define WRONG_KEY_TYPE DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE
#define BROKEN_CHAIN DMS_CAPABILITY_FAULT_BROKEN_CHAIN
#define NOT_DELEGATE DMS_CAPABILITY_FAULT_PARENT_NOT_DELEGATE
#define WIDENED_AUDIENCE DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE
#define WIDENED_TOPIC DMS_CAPABILITY_FAULT_WIDENED_TOPIC
#define WIDENED DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY
#define OUTLIVES DMS_CAPABILITY_FAULT_OUTLIVES_PARENT
#define TOO_DEEP DMS_CAPABILITY_FAULT_TOO_DEEP
#define REVOKED DMS_CAPABILITY_FAULT_REVOKED
#define EXPIRED DMS_CAPABILITY_FAULT_EXPIRED

static const Case cases[] = {
  /* What the others differ from: these are allowed. */
  { "good/root", "Require: root", GOOD, NONE },
  { "good/own", "Require: own", "N d U /dms | U i A /dms", NONE },
  { "good/self-signed", "Require: own", "N i A /dms/deployment/new", NONE },
  { "good/anchor", "Require: anchor", "O d U /dms | U i A /dms", NONE },
  { "good/broadcast", "Broadcast", "O d U /broadcast t=/nunet | U b A /broadcast t=/nunet", NONE, HELLO },
  { "good/everything", "Implies: /", "R d U / | U i A /", NONE },
  { "good/depth-is-enough", "Verify 3", "R d O /dms d=2 | O d U /dms d=1 | U i A /dms", NONE },
  { "good/same-expiry", "Verify 5", "R d U /dms x=3 | U i A /dms x=3", NONE },
  { "good/last-moment-of-all", "Verify 1", "R d U /dms x=max | U i A /dms x=max", NONE },
  { "good/beside-a-bad-one", "Consuming", "M i A /dms/deployment sig=zero + " GOOD, NONE },
  { "good/revoked-by-a-stranger", "Revoke", GOOD, NONE, NULL, "strange=0" },
  { "good/forged-revocation", "Verify 2", GOOD, NONE, NULL, "forged=0" },
  { "good/forged-revocation-of-the-leaf", "Verify 2", GOOD, NONE, NULL, "forged=1" },

  /* Chains put together of what does not belong together. */
  { "splice/leaf-of-a-stranger", "Verify 5", "R d U /dms | M i A /dms", BROKEN_CHAIN },
  { "splice/leaf-of-the-first-issuer", "Verify 5", "R d U /dms | R i A /dms", BROKEN_CHAIN },
  { "splice/leaf-of-the-node", "Verify 5", "R d U /dms | N i A /dms", BROKEN_CHAIN },
  { "splice/leaf-of-the-subject", "Verify 5", "R d U /dms | A i A /dms", BROKEN_CHAIN },
  { "splice/stranger-in-the-middle", "Verify 5", "R d O /dms | M d U /dms | U i A /dms", BROKEN_CHAIN },
  { "splice/link-left-out", "Verify 5", "R d O /dms | U i A /dms", BROKEN_CHAIN },
  { "splice/order-reversed", "Verify 5", "U d A /dms | R i A /dms", BROKEN_CHAIN },
  { "splice/nobody-as-subject", "Verify 5", "R d E /dms | E i A /dms", BROKEN_CHAIN },
  { "splice/nobody-in-the-middle", "Verify 5", "R d E /dms | E d U /dms | U i A /dms", BROKEN_CHAIN },
  { "splice/nobody-first", "Anchored", "E d U /dms | U i A /dms", NOT_ANCHORED },
  { "splice/signed-without-parent", "Verify 6", "R d U /dms | U i A /dms sig=orphan", BAD_SIGNATURE },
  { "splice/signed-with-another-parent", "Verify 6", "R d U /dms | U i A /dms sig=swap", BAD_SIGNATURE },
  { "splice/middle-signed-without-parent", "Verify 6", "R d O /dms | O d U /dms sig=orphan | U i A /dms",
    BAD_SIGNATURE },
  { "splice/parent-is-an-invocation", "Verify 5", "R i U /dms | U i A /dms", NOT_DELEGATE },
  { "splice/parent-is-a-broadcast", "Verify 5", "R b U /dms t=/nunet | U i A /dms", NOT_DELEGATE },
  { "splice/parent-is-a-revocation", "Verify 5", "R r U /dms | U i A /dms", NOT_DELEGATE },
  { "splice/invocation-in-the-middle", "Verify 5", "R d O /dms | O i U /dms | U i A /dms", NOT_DELEGATE },
  { "splice/invocation-first", "Verify 5", "R i O /dms | O d U /dms | U i A /dms", NOT_DELEGATE },

  /* Capabilities that grow on the way. */
  { "widened/sibling", "Verify 5", "R d U /dms/node | U i A /dms/deployment", WIDENED },
  { "widened/parent-path", "Verify 5", "R d U /dms/deployment/new/x | U i A /dms/deployment/new", WIDENED },
  { "widened/to-all", "Verify 5", "R d U /dms | U i A /", WIDENED },
  { "widened/part-of-a-segment", "Verify 5", "R d U /dms/deploy | U i A /dms/deployment", WIDENED },
  { "widened/more-than-a-segment", "Verify 5", "R d U /dms/deploymentx | U i A /dms/deployment", WIDENED },
  { "widened/second", "Verify 5", "R d U /dms | U i A /dms,/public", WIDENED },
  { "widened/first-of-two", "Verify 5", "R d U /dms,/public | U i A /,/dms", WIDENED },
  { "widened/from-nothing", "Verify 5", "R d U - | U i A /dms", WIDENED },
  { "widened/from-empty", "Verify 5", "R d U '' | U i A /dms", WIDENED },
  { "widened/in-the-middle", "Verify 5", "R d O /dms/node | O d U /dms | U i A /dms", WIDENED },
  { "widened/letter-case", "Implies", "R d U /DMS | U i A /dms", WIDENED },
  { "widened/slash-at-the-end", "Implies", "R d U /dms/ | U i A /dms", WIDENED },
  { "widened/two-slashes", "Implies", "R d U // | U i A /dms", WIDENED },
  { "widened/two-slashes-before", "Implies", "R d U //dms | U i A /dms", WIDENED },
  { "widened/no-slash", "Implies", "R d U dms | U i A /dms", WIDENED },
  { "widened/dot-dot", "Implies", "R d U /dms/.. | U i A /dms", WIDENED },
  { "widened/dot", "Implies", "R d U /dms/./deployment | U i A /dms/deployment", WIDENED },
  { "widened/star", "Implies", "R d U /dms/* | U i A /dms/deployment", WIDENED },
  { "widened/percent", "Implies", "R d U /%64ms | U i A /dms", WIDENED },
  { "widened/topic-as-capability", "Verify 5", "R d U /public t=/dms | U i A /dms", WIDENED },

  /* Tokens about something else than what is asked. */
  { "capability/sibling", "Require", "R d U /dms | U i A /dms/node", WRONG_CAPABILITY },
  { "capability/below", "Require", "R d U /dms | U i A /dms/deployment/new/x", WRONG_CAPABILITY },
  { "capability/part-of-a-segment", "Implies", "R d U /dms | U i A /dms/deployment/ne", WRONG_CAPABILITY },
  { "capability/more-than-a-segment", "Implies", "R i A /dms", WRONG_CAPABILITY, "cap=/dmsx" },
  { "capability/slash-at-the-end", "Implies", "R d U /dms | U i A /dms/deployment/new/", WRONG_CAPABILITY },
  { "capability/two-slashes", "Implies", "R d U / | U i A //", WRONG_CAPABILITY },
  { "capability/dot-dot", "Implies", "R d U /dms | U i A /dms/x/../deployment", WRONG_CAPABILITY },
  { "capability/letter-case", "Implies", "R d U / | U i A /Dms/deployment", WRONG_CAPABILITY },
  { "capability/none", "Require", "R d U /dms | U i A -", WRONG_CAPABILITY },
  { "capability/empty", "Require", "R d U / | U i A ''", WRONG_CAPABILITY },
  { "capability/topic-instead", "Require", "R d U / t=/ | U i A /public t=/dms/deployment",
    WRONG_CAPABILITY },
  { "capability/of-the-parent-only", "Require", "R d U /dms | U i A /dms/node + R d U /dms",
    WRONG_CAPABILITY },
  { "action/delegation-to-the-actor", "Require", "R d A /dms", WRONG_ACTION },
  { "action/delegation-to-the-user", "Require", "R d U /dms", WRONG_ACTION },
  { "action/broadcast-for-an-invocation", "Require", "R d U /dms t=/nunet | U b A /dms t=/nunet",
    WRONG_ACTION },
  { "action/revocation", "Require", "R d U /dms | U r A /dms", WRONG_ACTION },
  { "action/invocation-for-a-broadcast", "Broadcast", "O d U /broadcast t=/nunet | U i A /broadcast t=/nunet",
    WRONG_ACTION, HELLO },
  { "action/delegation-for-a-broadcast", "Broadcast", "O d A /broadcast t=/nunet", WRONG_ACTION, HELLO },
  { "subject/the-user", "Require", "R d U /dms | U i U /dms", WRONG_SUBJECT },
  { "subject/another-actor", "Require", "R d U /dms | U i B /dms", WRONG_SUBJECT },
  { "subject/stolen", "Require", GOOD, WRONG_SUBJECT, "from=M" },
  { "subject/stolen-by-the-peer", "Require", GOOD, WRONG_SUBJECT, "from=V" },
  { "subject/nobody", "Require", "R d U /dms | U i E /dms", WRONG_SUBJECT },
  { "subject/the-target", "Require", "R d U /dms | U i T /dms", WRONG_SUBJECT },
  { "subject/secp256k1-actor", "Require", GOOD, WRONG_KEY_TYPE, "from=K" },
  { "audience/another-node", "Require", "R d U /dms | U i A /dms a=V", WRONG_AUDIENCE },
  { "audience/another-actor-of-the-node", "Require", GOOD, WRONG_AUDIENCE, "to=N" },
  { "audience/the-sender", "Require", "R d U /dms | U i A /dms a=A", WRONG_AUDIENCE },
  { "audience/handed-down", "Require", "R d U /dms a=V | U i A /dms a=V", WRONG_AUDIENCE },
  { "audience/widened", "Verify 5", "R d U /dms a=V | U i A /dms", WIDENED_AUDIENCE },
  { "audience/exchanged", "Verify 5", "R d U /dms a=V | U i A /dms a=T", WIDENED_AUDIENCE },
  { "audience/widened-even-from-ours", "Verify 5", "R d U /dms a=T | U i A /dms", WIDENED_AUDIENCE },
  { "audience/widened-in-the-middle", "Verify 5", "R d O /dms a=V | O d U /dms | U i A /dms a=T",
    WIDENED_AUDIENCE },
  { "audience/secp256k1-target", "Require", GOOD, WRONG_KEY_TYPE, "to=K" },
  { "topic/none", "Broadcast", "O d U /broadcast t=/nunet | U b A /broadcast", WRONG_TOPIC, HELLO },
  { "topic/empty", "Broadcast", "R d U / t=/ | U b A /broadcast t=''", WRONG_TOPIC, HELLO },
  { "topic/sibling", "Broadcast", "R d U / t=/ | U b A /broadcast t=/nunet/status", WRONG_TOPIC, HELLO },
  { "topic/below", "Broadcast", "R d U / t=/ | U b A /broadcast t=/nunet/hello/x", WRONG_TOPIC, HELLO },
  { "topic/part-of-a-segment", "Broadcast", "R d U / t=/ | U b A /broadcast t=/nunet/hel", WRONG_TOPIC,
    HELLO },
  { "topic/slash-at-the-end", "Broadcast", "R d U / t=/ | U b A /broadcast t=/nunet/", WRONG_TOPIC, HELLO },
  { "topic/letter-case", "Broadcast", "R d U / t=/ | U b A /broadcast t=/NUNET", WRONG_TOPIC, HELLO },
  { "topic/capability-instead", "Broadcast", "R d U / t=/ | U b A /broadcast,/nunet t=/x", WRONG_TOPIC,
    HELLO },
  { "topic/of-the-message-empty", "Broadcast", "R d U / t=/ | U b A / t=/", WRONG_TOPIC,
    "cap=/broadcast topic=" },
  { "topic/widened", "Verify 5", "R d U /broadcast t=/nunet/status | U b A /broadcast t=/nunet",
    WIDENED_TOPIC, HELLO },
  { "topic/widened-from-none", "Verify 5", "R d U /broadcast | U b A /broadcast t=/nunet", WIDENED_TOPIC,
    HELLO },
  { "topic/widened-second", "Verify 5", "R d U /broadcast t=/nunet | U b A /broadcast t=/nunet,/x",
    WIDENED_TOPIC,
    HELLO },
  { "topic/parents-capability-instead", "Verify 5",
    "R d U /broadcast,/nunet t=/x | U b A /broadcast t=/nunet",
    WIDENED_TOPIC, HELLO },
  { "topic/audience-of-a-broadcast", "Broadcast", "R d U / t=/ | U b A /broadcast t=/nunet a=T",
    WRONG_AUDIENCE, HELLO },

  /* Passed on too often. */
  { "depth/one", "Verify 3", "R d O /dms d=1 | O d U /dms | U i A /dms", TOO_DEEP },
  { "depth/two", "Verify 3", "R d O /dms d=2 | O d B /dms | B d U /dms | U i A /dms", TOO_DEEP },
  { "depth/raised-below", "Verify 3", "R d O /dms d=1 | O d U /dms d=9 | U i A /dms", TOO_DEEP },
  { "depth/in-the-middle", "Verify 3", "R d O /dms | O d B /dms d=1 | B d U /dms | U i A /dms", TOO_DEEP },
  { "depth/of-the-anchor", "Require: anchor", "O d U /dms | U i A /dms", NOT_ANCHORED, NULL, NULL,
    "R d O /dms d=1 x=4" },

  /* Time. */
  { "expiry/leaf", "Verify 1", "R d U /dms | U i A /dms x=-1", EXPIRED },
  { "expiry/first", "Verify 1", "R d U /dms x=-1 | U i A /dms", EXPIRED },
  { "expiry/middle", "Verify 1", "R d O /dms | O d U /dms x=-1 | U i A /dms", EXPIRED },
  { "expiry/all", "Verify 1", "R d U /dms x=-1 | U i A /dms x=-1", EXPIRED },
  { "expiry/never-set", "Verify 1", "R d U /dms | U i A /dms x=zero", EXPIRED },
  { "expiry/never-set-first", "Verify 1", "R d U /dms x=zero | U i A /dms", EXPIRED },
  { "expiry/outlives-parent", "Verify 5", "R d U /dms x=2 | U i A /dms x=3", OUTLIVES },
  { "expiry/outlives-by-far", "Verify 5", "R d U /dms x=2 | U i A /dms x=max", OUTLIVES },
  { "expiry/outlives-grandparent", "Verify 5", "R d O /dms x=1 | O d U /dms x=3 | U i A /dms x=2", OUTLIVES },
  { "expiry/middle-outlives", "Verify 5", "R d O /dms x=2 | O d U /dms x=3 | U i A /dms x=1", OUTLIVES },
  { "expiry/outlives-the-anchor", "Require: anchor", "O i A /dms x=5", NOT_ANCHORED },
  { "expiry/of-the-anchor", "Context", "O i A /dms", NOT_ANCHORED, NULL, NULL, "R d O /dms x=-1" },

  /* Taken back. */
  { "revoked/first", "Verify 4", GOOD, REVOKED, NULL, "revoke=0" },
  { "revoked/leaf", "Verify 4", GOOD, REVOKED, NULL, "revoke=1" },
  { "revoked/middle", "Verify 4", "R d O /dms | O d U /dms | U i A /dms", REVOKED, NULL, "revoke=1" },
  { "revoked/own", "Verify 4", "N d U /dms | U i A /dms", REVOKED, NULL, "revoke=0" },
  { "revoked/under-an-anchor", "Verify 4", "O d U /dms | U i A /dms", REVOKED, NULL, "revoke=0" },
  { "revoked/anchor", "Verify 4", "O d U /dms | U i A /dms", NOT_ANCHORED, NULL, "anchor=revoke" },

  /* Authority from nobody. */
  { "anchor/stranger", "Require", "M d U /dms | U i A /dms", NOT_ANCHORED },
  { "anchor/self-signed", "Require", "U i A /dms", NOT_ANCHORED },
  { "anchor/signed-by-the-actor", "Require", "A i A /dms", NOT_ANCHORED },
  { "anchor/root-in-the-middle", "Anchored: first link", "M d R /dms | R d U /dms | U i A /dms",
    NOT_ANCHORED },
  { "anchor/node-in-the-middle", "Anchored: first link", "M d N /dms | N i A /dms", NOT_ANCHORED },
  { "anchor/subject-in-the-middle", "Anchored: first link", "M d O /dms | O i A /dms", NOT_ANCHORED },
  { "anchor/root-as-subject", "Anchored", "M d R /dms + M i A /dms", NOT_ANCHORED },
  { "anchor/none-at-all", "Require", GOOD, NOT_ANCHORED, NULL, "roots=", "" },
  { "anchor/of-another-capability", "Require: anchor", "O i A /other", NOT_ANCHORED, "cap=/other" },
  { "anchor/one-capability-too-many", "Require: anchor", "O i A /dms,/other", NOT_ANCHORED },
  { "anchor/of-another-topic", "Require: anchor", "O b A /broadcast t=/other", NOT_ANCHORED,
    "cap=/broadcast topic=/other" },
  { "anchor/of-another-audience", "Require: anchor", "O i A /dms a=T", NOT_ANCHORED, NULL, NULL,
    "R d O /dms a=V x=4" },
  { "anchor/audience-left-out", "Require: anchor", "O i A /dms", NOT_ANCHORED, NULL, NULL,
    "R d O /dms a=T x=4" },
  { "anchor/is-an-invocation", "Require: anchor", "O i A /dms", NOT_ANCHORED, NULL, NULL, "R i O /dms x=4" },
  { "anchor/forged", "Require: anchor", "O i A /dms", NOT_ANCHORED, NULL, NULL, "R d O /dms x=4 by=M" },
  { "anchor/of-a-broken-chain", "Require: anchor", "O i A /dms", NOT_ANCHORED, NULL, NULL,
    "R d B /dms x=4 | M d O /dms x=4" },
  { "anchor/of-a-widened-chain", "Require: anchor", "O i A /dms", NOT_ANCHORED, NULL, NULL,
    "R d B /dms/node x=4 | B d O /dms x=4" },
  { "anchor/for-nobody", "Require: anchor", "E i A /dms", NOT_ANCHORED, NULL, NULL, "R d E /dms x=4" },

  /* Signatures. */
  { "signature/none", "Verify 6", "R d U /dms | U i A /dms sig=none", BAD_SIGNATURE },
  { "signature/none-first", "Verify 6", "R d U /dms sig=none | U i A /dms", BAD_SIGNATURE },
  { "signature/zero", "Verify 6", "R d U /dms | U i A /dms sig=zero", BAD_SIGNATURE },
  { "signature/short", "Verify 6", "R d U /dms | U i A /dms sig=short", BAD_SIGNATURE },
  { "signature/long", "Verify 6", "R d U /dms | U i A /dms sig=long", BAD_SIGNATURE },
  { "signature/bit", "Verify 6", "R d U /dms | U i A /dms sig=bit", BAD_SIGNATURE },
  { "signature/bit-first", "Verify 6", "R d U /dms sig=bit | U i A /dms", BAD_SIGNATURE },
  { "signature/bit-in-the-middle", "Verify 6", "R d O /dms | O d U /dms sig=bit | U i A /dms",
    BAD_SIGNATURE },
  { "signature/s-plus-l", "RFC 8032 5.1.7", "R d U /dms | U i A /dms sig=scalar", BAD_SIGNATURE },
  { "signature/s-plus-l-first", "RFC 8032 5.1.7", "R d U /dms sig=scalar | U i A /dms", BAD_SIGNATURE },
  { "signature/high-bits-of-s", "RFC 8032 5.1.7", "R d U /dms | U i A /dms sig=high", BAD_SIGNATURE },
  { "signature/small-order-r", "R of small order", "R d U /dms | U i A /dms sig=small-r", BAD_SIGNATURE },
  { "signature/small-order-r-first", "R of small order", "R d U /dms sig=small-r | U i A /dms",
    BAD_SIGNATURE },
  { "signature/by-another", "Verify 6", "R d U /dms | U i A /dms by=M", BAD_SIGNATURE },
  { "signature/by-another-first", "Verify 6", "R d U /dms by=M | U i A /dms", BAD_SIGNATURE },
  { "signature/by-the-subject", "Verify 6", "R d U /dms by=U | U i A /dms", BAD_SIGNATURE },
  { "signature/in-the-nodes-name", "Verify 6", "N i A /dms by=A", BAD_SIGNATURE },
  { "signature/in-a-roots-name", "Verify 6", "R i A /dms by=A", BAD_SIGNATURE },
  { "signature/as-a-message", "Domain prefix", "R d U /dms | U i A /dms sig=msg", BAD_SIGNATURE },
  { "signature/first-as-a-message", "Domain prefix", "R d U /dms sig=msg | U i A /dms", BAD_SIGNATURE },
  { "signature/without-prefix", "Domain prefix", "R d U /dms | U i A /dms sig=bare", BAD_SIGNATURE },
  { "signature/over-a-signature", "Verify 6", "R d U /dms | U i A /dms sig=signed", BAD_SIGNATURE },

  /* Keys. */
  { "key/secp256k1-leaf", "Key type", "R d K /dms | K i A /dms", WRONG_KEY_TYPE },
  { "key/p-256-leaf", "Key type", "R d P /dms | P i A /dms", WRONG_KEY_TYPE },
  { "key/rsa-leaf", "Key type", "R d X /dms | X i A /dms", WRONG_KEY_TYPE },
  { "key/did-web-leaf", "Key type", "R d W /dms | W i A /dms", WRONG_KEY_TYPE },
  { "key/secp256k1-in-the-middle", "Key type", "R d K /dms | K d U /dms | U i A /dms", WRONG_KEY_TYPE },
  { "key/secp256k1-root", "Key type", "K d U /dms | U i A /dms", WRONG_KEY_TYPE, NULL, "roots=K" },
  { "key/p-256-root", "Key type", "P i A /dms", WRONG_KEY_TYPE, NULL, "roots=P" },
  { "key/zero", "A of small order", "R d Z /dms | Z i A /dms sig=zero", BAD_SIGNATURE },
  { "key/zero-root", "A of small order", "Z i A /dms sig=zero", BAD_SIGNATURE, NULL, "roots=Z" },
  { "key/order-one", "A of small order", "R d I /dms | I i A /dms sig=identity", BAD_SIGNATURE },
  { "key/order-one-root", "A of small order", "I d U /dms sig=identity | U i A /dms", BAD_SIGNATURE, NULL,
    "roots=I" },
  { "key/non-canonical", "A not canonical", "R d C /dms | C i A /dms sig=identity", BAD_SIGNATURE },
  { "key/non-canonical-root", "A not canonical", "C i A /dms sig=identity", BAD_SIGNATURE, NULL, "roots=C" },
};

static const Edit edits[] = {
  /* What is not read, or read the same, changes nothing: these are allowed. */
  { "good/unknown-member", "{\"tok\"", "{\"tik\":1,\"tok\"", NONE },
  { "good/unknown-member-of-a-token", "\"dms\":{\"act\"", "\"dms\":{\"x\":{\"tok\":[[]]},\"act\"", NONE },
  { "good/white-space", "{\"tok\":[", " {\t\"tok\" :\r\n[ ", NONE },
  { "good/letters-of-members", "\"act\"", "\"Act\"", NONE },
  { "good/escaped-letters", "/dms", "\\u002fdms", NONE },

  /* Members twice, also in other letters. */
  { "twice/tok", "{\"tok\"", "{\"tok\":[],\"tok\"", MALFORMED },
  { "twice/tok-in-other-letters", "{\"tok\"", "{\"TOK\":[],\"tok\"", MALFORMED },
  { "twice/tok-with-kelvin", "{\"tok\"", "{\"to\342\204\252\":[],\"tok\"", MALFORMED },
  { "twice/dms", "{\"dms\"", "{\"dms\":{\"act\":\"invoke\"},\"dms\"", MALFORMED },
  { "twice/act", "\"act\":\"invoke\"", "\"act\":\"delegate\",\"act\":\"invoke\"", MALFORMED },
  { "twice/act-after", "\"aud\"", "\"ACT\":\"delegate\",\"aud\"", MALFORMED },
  { "twice/iss", "\"sub\"", "\"Iss\":{},\"sub\"", MALFORMED },
  { "twice/iss-with-long-s", "\"sub\"", "\"i\305\277s\":{},\"sub\"", MALFORMED },
  { "twice/sub", "\"aud\"", "\"sub\":{},\"aud\"", MALFORMED },
  { "twice/aud", "\"cap\"", "\"aud\":{},\"cap\"", MALFORMED },
  { "twice/uri", "{\"uri\":", "{\"uri\":\"\",\"URI\":", MALFORMED },
  { "twice/cap", "\"nonce\"", "\"CAP\":[\"/\"],\"nonce\"", MALFORMED },
  { "twice/topic", "\"cap\"", "\"topic\":[],\"Topic\":[\"/\"],\"cap\"", MALFORMED },
  { "twice/nonce", "\"exp\"", "\"nonce\":\"\",\"exp\"", MALFORMED },
  { "twice/exp", "\"chain\"", "\"EXP\":1,\"chain\"", MALFORMED },
  { "twice/depth", "\"chain\"", "\"depth\":1,\"Depth\":0,\"chain\"", MALFORMED },
  { "twice/chain", "\"chain\"", "\"chain\":null,\"chain\"", MALFORMED },
  { "twice/sig-with-long-s", "\"sig\"", "\"\305\277ig\":\"\",\"sig\"", MALFORMED },
  { "fold/sub-with-long-s", "\"sub\"", "\"\305\277ub\"", MALFORMED },

  /* Numbers. */
  { "number/negative", "\"exp\":", "\"exp\":-", MALFORMED },
  { "number/fraction", ",\"chain\"", ".0,\"chain\"", MALFORMED },
  { "number/exponent", ",\"chain\"", "e0,\"chain\"", MALFORMED },
  { "number/zero-in-front", "\"exp\":", "\"exp\":0", MALFORMED },
  { "number/plus", "\"exp\":", "\"exp\":+", MALFORMED },
  { "number/more-than-64-bits", "\"exp\":", "\"exp\":9", MALFORMED },
  { "number/hexadecimal", "\"exp\":", "\"exp\":0x", MALFORMED },
  { "number/text", "\"exp\":", "\"exp\":\"1\",\"x\":", MALFORMED },
  { "number/boolean", "\"exp\":", "\"exp\":true,\"x\":", MALFORMED },
  { "number/array", "\"exp\":", "\"exp\":[1],\"x\":", MALFORMED },
  { "number/nan", "\"exp\":", "\"exp\":NaN,\"x\":", MALFORMED },
  { "number/null-expiry", "\"exp\":", "\"exp\":null,\"x\":", EXPIRED },
  { "number/no-expiry", "\"exp\":", "\"x\":", EXPIRED },
  { "number/depth-wraps", "\"depth\":3", "\"depth\":18446744073709551616", MALFORMED },
  { "number/depth-negative", "\"depth\":3", "\"depth\":-1", MALFORMED },
  { "number/depth-changed", "\"depth\":3", "\"depth\":4", BAD_SIGNATURE },
  { "number/depth-taken-out", "\"depth\":3,", "", BAD_SIGNATURE },
  { "number/depth-added", "\"chain\"", "\"depth\":1,\"chain\"", BAD_SIGNATURE },

  /* Texts. */
  { "text/nul-escape", "/dms", "/dms\\u0000", MALFORMED },
  { "text/nul-escape-in-a-member", "\"act\"", "\"act\\u0000\"", MALFORMED },
  { "text/control-character", "/dms", "/dms\n", MALFORMED },
  { "text/unknown-escape", "/dms", "/\\dms", MALFORMED },
  { "text/short-escape", "/dms", "/\\u00", MALFORMED },
  { "text/not-utf-8", "/dms/deployment", "/dms/deployment\377", WRONG_CAPABILITY },
  { "text/not-utf-8-in-the-chain", "\"/dms\"", "\"/dms\377\"", WIDENED },
  { "text/overlong-slash", "\"/dms\"", "\"\300\257dms\"", WIDENED },
  { "text/half-a-surrogate", "\"/dms\"", "\"/dms\\ud800\"", WIDENED },
  { "text/no-end", "\"sig\":\"", "\"sig\":", MALFORMED },
  { "text/single-quotes", "\"act\"", "'act'", MALFORMED },
  { "text/action-unknown", "\"invoke\"", "\"grant\"", MALFORMED },
  { "text/action-in-other-letters", "\"invoke\"", "\"Invoke\"", MALFORMED },
  { "text/action-with-space", "\"invoke\"", "\"invoke \"", MALFORMED },
  { "text/action-number", "\"invoke\"", "1", MALFORMED },
  { "text/action-null", "\"invoke\"", "null", MALFORMED },
  { "text/action-missing", "\"act\":\"invoke\",", "", MALFORMED },
  { "text/action-changed", "\"delegate\"", "\"invoke\"", NOT_DELEGATE },

  /* DIDs. */
  { "did/text-instead-of-object", "\"aud\":{\"uri\":", "\"aud\":\"x\",\"y\":{\"uri\":", MALFORMED },
  { "did/array", "\"aud\":", "\"aud\":[],\"y\":", MALFORMED },
  { "did/without-scheme", "did:key:z", "key:z", MALFORMED },
  { "did/method-in-capitals", "did:key:z", "did:KEY:z", MALFORMED },
  { "did/fragment", "did:key:z", "did:key:#z", MALFORMED },
  { "did/space", "did:key:z", "did:key: z", MALFORMED },
  { "did/nul", "did:key:z", "did:key:\\u0000z", MALFORMED },
  { "did/multibase-changed", "did:key:z", "did:key:f", BROKEN_CHAIN },
  { "did/other-method", "did:key:z", "did:pkh:z", BROKEN_CHAIN },
  { "did/issuer-null", "\"iss\":", "\"iss\":null,\"y\":", BROKEN_CHAIN },
  { "did/issuer-missing", "\"iss\":", "\"y\":", BROKEN_CHAIN },
  { "did/subject-null", "\"sub\":", "\"sub\":null,\"y\":", WRONG_SUBJECT },
  { "did/subject-empty", "\"sub\":", "\"sub\":{},\"y\":", WRONG_SUBJECT },
  { "did/audience-taken-out", "\"aud\":", "\"y\":", BAD_SIGNATURE },

  /* Bytes. */
  { "base64/url-letters", "\"nonce\":\"A", "\"nonce\":\"-", MALFORMED },
  { "base64/line-end", "\"nonce\":\"", "\"nonce\":\"\\n", MALFORMED },
  { "base64/space", "\"nonce\":\"", "\"nonce\":\" ", MALFORMED },
  { "base64/padding-in-front", "\"nonce\":\"", "\"nonce\":\"=", MALFORMED },
  { "base64/padding-missing", "==\"}", "\"}", MALFORMED },
  { "base64/padding-short", "==\"}", "=\"}", MALFORMED },
  { "base64/padding-too-much", "==\"}", "====\"}", MALFORMED },
  { "base64/array-of-numbers", "\"nonce\":", "\"nonce\":[1,2],\"y\":", MALFORMED },
  { "base64/nonce-null", "\"nonce\":", "\"nonce\":null,\"y\":", BAD_SIGNATURE },
  { "base64/nonce-empty", "\"nonce\":\"", "\"nonce\":\"\",\"y\":\"", BAD_SIGNATURE },
  { "base64/signature-null", "\"sig\":", "\"sig\":null,\"y\":", BAD_SIGNATURE },
  { "base64/signature-missing", "\"sig\":", "\"y\":", BAD_SIGNATURE },

  /* Lists and chains. */
  { "shape/cap-is-a-text", "\"cap\":[", "\"cap\":\"/\",\"y\":[", MALFORMED },
  { "shape/cap-is-an-object", "\"cap\":[", "\"cap\":{},\"y\":[", MALFORMED },
  { "shape/cap-holds-a-number", "\"cap\":[", "\"cap\":[1,", MALFORMED },
  { "shape/cap-holds-an-array", "\"cap\":[", "\"cap\":[[\"/\"],", MALFORMED },
  { "shape/cap-null", "\"cap\":[", "\"cap\":null,\"y\":[", WRONG_CAPABILITY },
  { "shape/cap-missing", "\"cap\":[", "\"y\":[", WRONG_CAPABILITY },
  { "shape/topic-added", "\"cap\":[", "\"topic\":[\"/\"],\"cap\":[", WIDENED_TOPIC },
  { "shape/chain-is-a-text", "\"chain\":", "\"chain\":\"x\",\"y\":", MALFORMED },
  { "shape/chain-is-an-array", "\"chain\":", "\"chain\":[],\"y\":", MALFORMED },
  { "shape/chain-of-another-kind", "\"chain\":{\"dms\"", "\"chain\":{\"ucan\"", MALFORMED },
  { "shape/chain-empty", "\"chain\":", "\"chain\":{},\"y\":", MALFORMED },
  { "shape/chain-null", "\"chain\":", "\"chain\":null,\"y\":", NOT_ANCHORED },
  { "shape/chain-taken-out", "\"chain\":", "\"y\":", NOT_ANCHORED },
  { "shape/token-of-another-kind", "[{\"dms\":", "[{\"ucan\":", NO_TOKEN },
  { "shape/token-null", "[{\"dms\":", "[null,{\"ucan\":", NO_TOKEN },
  { "shape/token-without-content", "[{\"dms\":", "[{\"dms\":null,\"y\":", MALFORMED },
  { "shape/token-empty", "[{\"dms\":", "[{\"dms\":{}},{\"y\":", MALFORMED },
  { "shape/token-is-an-array", "[{\"dms\":", "[[{\"dms\":{}}],{\"y\":", MALFORMED },
  { "shape/token-is-a-text", "[{\"dms\":", "[\"x\",{\"dms\":", MALFORMED },
  { "shape/list-is-an-array", "{\"tok\":", "[],{\"tok\":", MALFORMED },
  { "shape/comma-at-the-end", "\"act\":\"invoke\",", "\"act\":\"invoke\",,", MALFORMED },
  { "shape/comma-missing", "\"act\":\"invoke\",", "\"act\":\"invoke\"", MALFORMED },
  { "shape/comment", "{\"tok\"", "/**/{\"tok\"", MALFORMED },
  { "shape/byte-order-mark", "{\"tok\"", "\357\273\277{\"tok\"", MALFORMED },
  { "shape/second-list", "{\"tok\"", "{}{\"tok\"", MALFORMED },
};

/* One question, read from its words. */
typedef struct
{
  char from;
  char to;
  char sender;
  char *capability;
  char *topic;
} Question;

static void
set_text (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

static Question
read_question (const char *words)
{
  Question question = { 'A', 'T', 'U', g_strdup ("/dms/deployment/new"), NULL };
  g_auto (GStrv) list = g_strsplit (words != NULL ? words : "", " ", 0);

  for (guint i = 0; list[i] != NULL; i++)
    {
      const char *value = strchr (list[i], '=') + 1;

      if (g_str_has_prefix (list[i], "cap="))
        set_text (&question.capability, value);
      else if (g_str_has_prefix (list[i], "topic="))
        set_text (&question.topic, value);
      else if (g_str_has_prefix (list[i], "from="))
        question.from = *value;
      else if (g_str_has_prefix (list[i], "to="))
        question.to = *value;
      else
        question.sender = *value;
    }
  return question;
}

static void
question_clear (Question *question)
{
  g_free (question->capability);
  g_free (question->topic);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

/* What the context answers to a message with these tokens. */
static DmsCapabilityFault
ask (DmsAdversary *adversary, DmsCapabilityContext *context, const Question *question, GBytes *tokens)
{
  g_autofree char *from = dms_adversary_dup_actor_id (adversary, question->from);
  g_autofree char *to = dms_adversary_dup_actor_id (adversary, question->to);
  DmsDid *sender = dms_adversary_get_did (adversary, question->sender);
  g_autoptr (GError) error = NULL;
  guint64 interaction = dms_capability_context_consume (context, sender, tokens, &error);
  gboolean allowed = FALSE;

  if (interaction != 0 && question->topic != NULL)
    allowed = dms_capability_context_require_broadcast (context, interaction, from, question->topic,
                                                        question->capability, &error);
  else if (interaction != 0)
    allowed = dms_capability_context_require (context, interaction, from, to, question->capability, &error);
  dms_capability_context_discard (context, interaction);
  g_assert_cmpint (allowed, ==, error == NULL);
  if (allowed)
    return DMS_CAPABILITY_FAULT_NONE;
  g_assert_cmpint (dms_capability_fault_of_error (error), !=, DMS_CAPABILITY_FAULT_NONE);
  return dms_capability_fault_of_error (error);
}

/* The same of the explanation, for what can be explained: lists that can be read, actors that have a key. */
static void
check_explanation (DmsAdversary *adversary, DmsCapabilityContext *context, const Question *question,
                   GBytes *tokens,
                   DmsCapabilityFault fault)
{
  g_autoptr (DmsTokenList) list = dms_token_list_new_from_bytes (tokens, NULL);
  g_autoptr (DmsExplanation) explanation = NULL;
  g_autoptr (JsonNode) json = NULL;

  if (list == NULL || question->from == 'K' || question->to == 'K')
    return;
  explanation = dms_explanation_new (context, list, dms_adversary_get_did (adversary, question->sender),
                                     dms_adversary_get_did (adversary, question->from),
                                     dms_adversary_get_did (adversary, question->to), question->capability,
                                     question->topic, 0, DMS_EXPLAIN_PRESENTED);
  g_assert_cmpstr (dms_capability_fault_get_nick (dms_explanation_get_fault (explanation)), ==,
                   dms_capability_fault_get_nick (fault));
  json = dms_explanation_to_json (explanation);
  g_assert_cmpint (json_object_get_boolean_member (json_node_get_object (json), "allowed"), ==,
                   fault == DMS_CAPABILITY_FAULT_NONE);
  g_assert_true (g_str_has_prefix (dms_explanation_get_lines (explanation)[0],
                                   fault == DMS_CAPABILITY_FAULT_NONE ? "allowed: " : "refused: "));
}

static void
expect (DmsAdversary *adversary, DmsCapabilityContext *context, const Question *question, const char *text,
        gsize size, DmsCapabilityFault expected)
{
  g_autoptr (GBytes) tokens = g_bytes_new (text, size);
  DmsCapabilityFault fault = ask (adversary, context, question, tokens);

  g_assert_cmpstr (dms_capability_fault_get_nick (fault), ==, dms_capability_fault_get_nick (expected));
  check_explanation (adversary, context, question, tokens, fault);
}

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context =
      dms_adversary_make_context (adversary, row->context, row->anchor, row->line);
  g_autofree char *list = dms_adversary_make_list (adversary, row->line);
  g_auto (Question) question = read_question (row->question);

  expect (adversary, context, &question, list, strlen (list), row->fault);
}

static char *
make_good_list (DmsAdversary *adversary, DmsCapabilityContext **context)
{
  *context = dms_adversary_make_context (adversary, NULL, NULL, GOOD);
  return dms_adversary_make_list (adversary, GOOD);
}

static void
test_edit (gconstpointer data)
{
  const Edit *row = data;
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autofree char *good = make_good_list (adversary, &context);
  g_autoptr (GString) list = g_string_new (good);
  g_auto (Question) question = read_question (NULL);

  g_assert_cmpuint (g_string_replace (list, row->from, row->to, 1), ==, 1);
  expect (adversary, context, &question, list->str, list->len, row->fault);
}

/* What no line can say: each makes a list and expects one answer. */
static void
expect_list (const char *text, gsize size, DmsCapabilityFault fault)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context = dms_adversary_make_context (adversary, NULL, NULL, GOOD);
  g_auto (Question) question = read_question (NULL);

  expect (adversary, context, &question, text, size, fault);
}

static void
test_size (void)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autofree char *good = dms_adversary_make_list (adversary, GOOD);
  g_autoptr (GString) list = g_string_new (good);

  /* White space counts. */
  while (list->len < DMS_TOKEN_MAX_LIST_SIZE)
    g_string_append_c (list, ' ');
  expect_list (list->str, list->len, DMS_CAPABILITY_FAULT_NONE);
  g_string_append_c (list, ' ');
  expect_list (list->str, list->len, DMS_CAPABILITY_FAULT_LIST_TOO_LARGE);
}

static void
test_nothing (void)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context = dms_adversary_make_context (adversary, NULL, NULL, GOOD);
  g_auto (Question) question = read_question (NULL);

  g_assert_cmpint (ask (adversary, context, &question, NULL), ==, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("", 0, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("{}", 2, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("null", 4, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("{\"tok\":null}", 12, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("{\"tok\":[]}", 10, DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list ("[]", 2, DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list (" ", 1, DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list ("\0", 1, DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list ("{}\0", 3, DMS_CAPABILITY_FAULT_MALFORMED);
}

static char *
repeat (const char *before, const char *what, guint times, const char *after)
{
  g_autoptr (GString) text = g_string_new (before);

  for (guint i = 0; i < times; i++)
    g_string_append (text, what);
  g_string_append (text, after);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_deep (void)
{
  g_autofree char *arrays = repeat ("{\"x\":", "[", 8000, "");
  g_autofree char *objects = repeat ("", "{\"a\":", 3000, "1");
  g_autofree char *chains = repeat ("{\"tok\":[", "{\"dms\":{\"act\":\"invoke\",\"chain\":", 41, "");

  expect_list (arrays, strlen (arrays), DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list (objects, strlen (objects), DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list (chains, strlen (chains), DMS_CAPABILITY_FAULT_MALFORMED);
}

/* Forty links are read, one more is not. */
static void
test_links (void)
{
  for (guint links = 40; links <= 41; links++)
    {
      g_autofree char *open = repeat ("", "{\"dms\":{\"act\":\"delegate\",\"chain\":", links - 1, "");
      g_autofree char *closed = repeat ("", "}}", links, "]}");
      g_autofree char *list = g_strdup_printf ("{\"tok\":[%s{\"dms\":{\"act\":\"delegate\"%s", open, closed);

      expect_list (list, strlen (list),
                   links == 40 ? DMS_CAPABILITY_FAULT_WRONG_ACTION : DMS_CAPABILITY_FAULT_MALFORMED);
    }
}

static void
test_wide (void)
{
  g_autofree char *many = repeat ("{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"cap\":[\"/\"", ",\"/\"", 256,
                                  "]}}]}");
  g_autofree char *enough = repeat ("{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"cap\":[\"/\"", ",\"/\"", 255,
                                    "]}}]}");
  g_autofree char *tokens = repeat ("{\"tok\":[{}", ",{}", 5000, "]}");
  g_autofree char *small = repeat ("{\"tok\":[{\"dms\":{\"act\":\"invoke\"}}",
                                   ",{\"dms\":{\"act\":\"invoke\"}}", 500,
                                   "]}");
  g_autofree char *did = repeat ("{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"iss\":{\"uri\":\"did:key:z", "1",
                                 1020,
                                 "\"}}}]}");

  expect_list (many, strlen (many), DMS_CAPABILITY_FAULT_MALFORMED);
  expect_list (enough, strlen (enough), DMS_CAPABILITY_FAULT_WRONG_SUBJECT);
  expect_list (tokens, strlen (tokens), DMS_CAPABILITY_FAULT_NO_TOKEN);
  expect_list (small, strlen (small), DMS_CAPABILITY_FAULT_WRONG_SUBJECT);
  expect_list (did, strlen (did), DMS_CAPABILITY_FAULT_MALFORMED);
}

/* The last bits of base64 that mean nothing must be zero: 64 bytes leave four of them. */
static void
test_stray_bits (void)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autofree char *list = dms_adversary_make_list (adversary, GOOD);
  char *last = strstr (list, "==\"}") - 1;

  g_assert_nonnull (strchr ("AQgw", *last));
  (*last)++;
  expect_list (list, strlen (list), DMS_CAPABILITY_FAULT_MALFORMED);
}

/* No part of a good list is one, and none with a byte changed is, unless it reads the same. */
static void
test_every_byte (void)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autofree char *good = make_good_list (adversary, &context);
  g_auto (Question) question = read_question (NULL);
  gsize size = strlen (good);

  for (gsize i = 1; i < size; i++)
    expect (adversary, context, &question, good, i, DMS_CAPABILITY_FAULT_MALFORMED);
  for (gsize i = 0; i < size; i++)
    {
      g_autofree char *list = g_strdup (good);
      g_autoptr (GBytes) tokens = NULL;
      g_autoptr (DmsTokenList) read = NULL;
      g_autofree char *again = NULL;

      list[i] ^= 1;
      tokens = g_bytes_new (list, size);
      read = dms_token_list_new_from_bytes (tokens, NULL);
      again = read != NULL ? dms_token_list_to_string (read) : NULL;
      if (g_strcmp0 (again, good) != 0)
        g_assert_cmpint (ask (adversary, context, &question, tokens), !=, DMS_CAPABILITY_FAULT_NONE);
    }
}

/* To the nanosecond: a token holds at its expiry, and not after it. */
static void
test_nanosecond (void)
{
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autofree char *good = make_good_list (adversary, &context);
  g_autoptr (DmsTokenList) list = dms_token_list_new_from_data (good, strlen (good), G_MAXSIZE, NULL);
  guint64 expiry_ns = dms_token_get_expiry_ns (dms_token_list_get (list, 0));

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DmsExplanation) explanation =
          dms_explanation_new (context, list, NULL, dms_adversary_get_did (adversary, 'A'),
                               dms_adversary_get_did (adversary,
                                                      'T'), "/dms/deployment/new", NULL, expiry_ns + i,
                               DMS_EXPLAIN_PRESENTED);

      g_assert_cmpint (dms_explanation_get_fault (explanation), ==,
                       i == 0 ? DMS_CAPABILITY_FAULT_NONE : DMS_CAPABILITY_FAULT_EXPIRED);
    }
}

/* Only its issuer takes a token back, whatever is anchored. */
static void
test_revocations (void)
{
  static const struct
  {
    const char *line;
    int code;
    DmsCapabilityFault fault;
  } rows[] = {
    { "R r U /dms by=M", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
    { "R r U /dms by=U", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
    { "R r U /dms sig=none", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
    { "R r U /dms sig=scalar", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
    { "R r U /dms sig=msg", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
    { "K r U /dms", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE },
    { "E r U /dms", DMS_ERROR_BAD_SIGNATURE, DMS_CAPABILITY_FAULT_WRONG_KEY_TYPE },
    { "R r U /dms x=-1", DMS_ERROR_EXPIRED, DMS_CAPABILITY_FAULT_EXPIRED },
    { "R d U /dms", DMS_ERROR_INVALID_ARGUMENT, DMS_CAPABILITY_FAULT_NONE },
    { "R i U /dms", DMS_ERROR_INVALID_ARGUMENT, DMS_CAPABILITY_FAULT_NONE },
  };
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (DmsCapabilityContext) context = dms_adversary_make_context (adversary, NULL, NULL, GOOD);
      g_autofree char *text = dms_adversary_make_list (adversary, rows[i].line);
      g_autoptr (DmsTokenList) list = dms_token_list_new_from_data (text, strlen (text), G_MAXSIZE, NULL);
      g_autoptr (DmsTokenList) left = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (dms_capability_context_anchor_revoke (context, list, &error));
      g_assert_error (error, DMS_ERROR, rows[i].code);
      g_assert_cmpint (dms_capability_fault_of_error (error), ==, rows[i].fault);
      left = dms_capability_context_dup_revoke (context);
      g_assert_cmpuint (dms_token_list_get_size (left), ==, 0);
    }
}

/* Every reason is met by some line. */
static void
test_reasons (void)
{
  gboolean met[DMS_N_CAPABILITY_FAULTS] = { [DMS_CAPABILITY_FAULT_LIST_TOO_LARGE] = TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    met[cases[i].fault] = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (edits); i++)
    met[edits[i].fault] = TRUE;
  for (guint i = 0; i < DMS_N_CAPABILITY_FAULTS; i++)
    if (!met[i])
      g_error ("no line is refused as %s", dms_capability_fault_get_nick (i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/adversarial/tokens/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (edits); i++)
    {
      g_autofree char *path = g_strconcat ("/adversarial/bytes/", edits[i].name, NULL);

      g_test_add_data_func (path, &edits[i], test_edit);
    }
  g_test_add_func ("/adversarial/lists/size", test_size);
  g_test_add_func ("/adversarial/lists/nothing", test_nothing);
  g_test_add_func ("/adversarial/lists/deep", test_deep);
  g_test_add_func ("/adversarial/lists/links", test_links);
  g_test_add_func ("/adversarial/lists/wide", test_wide);
  g_test_add_func ("/adversarial/lists/stray-bits", test_stray_bits);
  g_test_add_func ("/adversarial/lists/every-byte", test_every_byte);
  g_test_add_func ("/adversarial/time/nanosecond", test_nanosecond);
  g_test_add_func ("/adversarial/revocations", test_revocations);
  g_test_add_func ("/adversarial/reasons", test_reasons);
  return g_test_run ();
}
