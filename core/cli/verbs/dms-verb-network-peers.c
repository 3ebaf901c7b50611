/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

static const DmsCliColumn columns[] = {
  { N_ ("PEER"), FALSE },  { N_ ("ROUND TRIP"), TRUE }, { N_ ("SCORE"), TRUE },
  { N_ ("AGENT"), FALSE }, { N_ ("DID"), FALSE },       { NULL, FALSE },
};

static char *
dup_score (JsonObject *peer)
{
  JsonNode *node = dms_json_object_get_member (peer, "score");

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? g_strdup_printf ("%.1f", json_node_get_double (node))
                                                      : NULL;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GPtrArray) peers = NULL;
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);

  if (!dms_cli_network_ask_once (call, "peers", NULL, &reply, error))
    return FALSE;
  if (reply == NULL)
    return TRUE;
  peers = dms_cli_network_list_objects (reply, "peers");
  for (guint i = 0; i < peers->len; i++)
    {
      JsonObject *peer = g_ptr_array_index (peers, i);
      g_autofree char *rtt = dms_cli_network_dup_duration (dms_cli_network_get_number (peer, "rtt_us"));
      g_autofree char *score = dup_score (peer);
      const char *const cells[] = { dms_json_object_get_text (peer, "id"),
                                    rtt,
                                    score,
                                    dms_json_object_get_text (peer, "agent"),
                                    dms_json_object_get_text (peer, "did") };

      dms_cli_table_add_row (table, cells);
    }
  dms_cli_table_print (table, call);
  return TRUE;
}

const DmsCliVerb dms_verb_network_peers = {
  .path = "network peers",
  .summary = N_ ("list the peers that the node is connected to"),
  .description = N_ ("The DID is shown of peers that answered when they were greeted, which happens some ten "
                     "seconds after they were met. A node scores 1, and 5 when both have greeted each other; "
                     "other programs of the network score 0, and who breaks its rules less."),
  .examples = "  nunet network peers\n",
  .flags = dms_cli_network_flags,
  .persistent_flags = dms_cli_message_flags,
  .run = run,
};
