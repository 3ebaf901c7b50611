/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

#include <dms.h>

static const DmsCliColumn columns[] = {
  { N_ ("STEP"), FALSE },
  { N_ ("TIME"), TRUE },
  { N_ ("RESULT"), FALSE },
  { NULL, FALSE },
};

/* Where it went and, after it failed, why. */
static char *
dup_result (JsonObject *step)
{
  const char *detail = dms_json_object_get_text (step, "detail");
  const char *reason = dms_json_object_get_text (step, "error");

  if (reason == NULL)
    return g_strdup (detail != NULL ? detail : "");
  return detail != NULL ? g_strdup_printf (_ ("%s failed: %s"), detail, reason)
                        : g_strdup_printf (_ ("failed: %s"), reason);
}

static void
print_steps (DmsCliCall *call, JsonObject *reply)
{
  g_autoptr (GPtrArray) steps = dms_cli_network_list_objects (reply, "steps");
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);

  for (guint i = 0; i < steps->len; i++)
    {
      JsonObject *step = g_ptr_array_index (steps, i);
      g_autofree char *time = dms_cli_network_dup_duration (dms_cli_network_get_number (step, "duration_us"));
      g_autofree char *result = dup_result (step);
      const char *const cells[] = { dms_json_object_get_text (step, "step"), time, result };

      dms_cli_table_add_row (table, cells);
    }
  if (steps->len > 0)
    dms_cli_table_print (table, call);
}

static void
print_peer (DmsCliCall *call, JsonObject *reply)
{
  const char *did = dms_json_object_get_text (reply, "did");
  g_autofree char *peer = dms_cli_text_dup_safe (dms_json_object_get_text (reply, "peer"));
  g_autofree char *time = dms_cli_network_dup_duration (dms_cli_network_get_number (reply, "duration_us"));
  g_autofree char *safe_did = did != NULL ? dms_cli_text_dup_safe (did) : NULL;

  dms_cli_call_print (call, _ ("Connected to %s in %s.\n"), peer, time != NULL ? time : "?");
  if (safe_did != NULL)
    dms_cli_call_print (call, _ ("It is %s.\n"), safe_did);
}

/* The transport says the same of its own accord when it knows whom it was to reach. */
static void
refuse (const char *target, const char *reason, GError **error)
{
  g_autofree char *safe = dms_cli_text_dup_safe (reason);

  if (g_str_has_prefix (safe, "cannot connect to "))
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, safe);
  else
    g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, _ ("cannot connect to %s: %s"), target, safe);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *target = dms_cli_call_get_arg (call, 0);
  g_autoptr (DmsCliSession) session = dms_cli_network_open (call, error);
  g_autoptr (JsonObject) reply = NULL;
  JsonObject *payload = NULL;
  const char *reason = NULL;

  if (session == NULL)
    return FALSE;
  payload = json_object_new ();
  json_object_set_string_member (payload, "address", target);
  reply = dms_cli_network_ask (session, "dial", payload, error);
  if (reply == NULL)
    return FALSE;
  reason = dms_json_object_get_text (reply, "error");
  if (reason == NULL && dms_json_object_get_text (reply, "peer") == NULL)
    reason = _ ("the node does not say whom it reached");
  if (dms_cli_call_get_bool (call, "json"))
    dms_cli_network_print_json (call, reply);
  else
    print_steps (call, reply);
  if (reason != NULL)
    {
      refuse (target, reason, error);
      return FALSE;
    }
  if (!dms_cli_call_get_bool (call, "json"))
    print_peer (call, reply);
  return TRUE;
}

const DmsCliVerb dms_verb_network_dial = {
  .path = "network dial",
  .arguments = "<multiaddr | peer ID>",
  .summary = N_ ("connect to a peer, and show each step with its time"),
  .description = N_ ("Steps: resolve turns names into addresses; connect reaches the machine; secure proves "
                     "who it is and encrypts; mux agrees how streams share the connection; identify asks the "
                     "peer what it is and speaks. The step that fails says what to look at: no answer "
                     "to connect is an address, a firewall or a router; another peer ID at secure is another "
                     "node at this address.\n\n"
                     "With a peer ID alone, all addresses are tried that the node knows of the peer. An "
                     "address with /p2p/ at its end connects to that peer or to nobody. The exit status is 1 "
                     "when there is no connection."),
  .examples = "  nunet network dial /ip4/192.0.2.1/tcp/9000/p2p/12D3KooW…\n"
              "  nunet network dial /dns4/node.example.org/udp/9000/quic-v1/p2p/12D3KooW…\n"
              "  nunet network dial 12D3KooW…\n",
  .flags = dms_cli_network_flags,
  .persistent_flags = dms_cli_message_flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
