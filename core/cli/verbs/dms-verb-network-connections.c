/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-text.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

static const DmsCliColumn columns[] = {
  { N_ ("PEER"), FALSE },      { N_ ("WAY"), FALSE },     { N_ ("REMOTE ADDRESS"), FALSE },
  { N_ ("SECURITY"), FALSE },  { N_ ("MUXER"), FALSE },   { N_ ("STREAMS"), TRUE },
  { N_ ("ROUND TRIP"), TRUE }, { N_ ("RECEIVED"), TRUE }, { N_ ("SENT"), TRUE },
  { N_ ("AGE"), TRUE },        { NULL, FALSE },
};

static const char *
get_way (JsonObject *connection)
{
  gboolean inbound = dms_json_object_get_flag (connection, "inbound");

  if (dms_json_object_get_flag (connection, "limited"))
    return inbound ? "in, relayed" : "out, relayed";
  return inbound ? "in" : "out";
}

static void
add_connection (DmsCliTable *table, JsonObject *connection)
{
  g_autofree char *rtt = dms_cli_network_dup_duration (dms_cli_network_get_number (connection, "rtt_us"));
  g_autofree char *in = dms_cli_network_dup_size (dms_cli_network_get_number (connection, "bytes_in"));
  g_autofree char *out = dms_cli_network_dup_size (dms_cli_network_get_number (connection, "bytes_out"));
  g_autofree char *age = dms_cli_network_dup_age (dms_cli_network_get_number (connection, "opened_us"));
  g_autofree char *streams =
      g_strdup_printf ("%" G_GINT64_FORMAT, MAX (dms_cli_network_get_number (connection, "n_streams"), 0));
  const char *const cells[] = { dms_json_object_get_text (connection, "peer"),
                                get_way (connection),
                                dms_json_object_get_text (connection, "remote"),
                                dms_json_object_get_text (connection, "security"),
                                dms_json_object_get_text (connection, "muxer"),
                                streams,
                                rtt,
                                in,
                                out,
                                age };

  dms_cli_table_add_row (table, cells);
}

/* What one peer says of itself. */
static void
print_identity (DmsCliCall *call, JsonObject *connection)
{
  g_auto (GStrv) protocols = dms_json_object_dup_texts (connection, "protocols");
  const char *agent = dms_json_object_get_text (connection, "agent");
  const char *did = dms_json_object_get_text (connection, "did");
  g_autofree char *safe_agent = dms_cli_text_dup_safe (agent != NULL ? agent : "-");
  g_autofree char *safe_did = dms_cli_text_dup_safe (did != NULL ? did : "-");

  dms_cli_call_print (
      call, "\n%s  %s\n%s  %s\n%s\n", _ ("Agent"), safe_agent, _ ("DID  "), safe_did, _ ("It speaks:"));
  for (guint i = 0; protocols != NULL && protocols[i] != NULL; i++)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (protocols[i]);

      dms_cli_call_print (call, "  %s\n", safe);
    }
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *peer = dms_cli_call_get_n_args (call) > 0 ? dms_cli_call_get_arg (call, 0) : NULL;
  JsonObject *payload = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GPtrArray) connections = NULL;
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);

  if (peer != NULL)
    json_object_set_string_member (payload, "peer", peer);
  if (!dms_cli_network_ask_once (call, "connections", payload, &reply, error))
    return FALSE;
  if (reply == NULL)
    return TRUE;
  connections = dms_cli_network_list_objects (reply, "connections");
  for (guint i = 0; i < connections->len; i++)
    add_connection (table, g_ptr_array_index (connections, i));
  dms_cli_table_print (table, call);
  if (peer != NULL && connections->len > 0)
    print_identity (call, g_ptr_array_index (connections, 0));
  return TRUE;
}

const DmsCliVerb dms_verb_network_connections = {
  .path = "network connections",
  .arguments = "[peer ID]",
  .summary = N_ ("list the node's connections and what goes over them"),
  .description = N_ ("Of a connection, “in” was opened by the peer and “out” by this node; one that is "
                     "relayed goes by way of a third node, which limits its time and bytes. With a peer ID, "
                     "only the connections to this peer, and what the peer says of itself."),
  .examples = "  nunet network connections\n"
              "  nunet network connections 12D3KooW…\n",
  .flags = dms_cli_network_flags,
  .persistent_flags = dms_cli_message_flags,
  .max_args = 1,
  .run = run,
};
