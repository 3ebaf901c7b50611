/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-json-object.h"

static const DmsCliColumn columns[] = {
  { N_ ("SCOPE"), FALSE }, { N_ ("RESOURCE"), FALSE }, { N_ ("USED"), TRUE },  { N_ ("LIMIT"), TRUE },
  { N_ ("PEAK"), TRUE },   { N_ ("REFUSED"), TRUE },   { N_ ("NAME"), FALSE }, { NULL, FALSE },
};

static char *
dup_amount (JsonObject *limit, const char *member)
{
  gint64 amount = dms_cli_network_get_number (limit, member);

  if (amount < 0)
    return NULL;
  if (g_strcmp0 (dms_json_object_get_text (limit, "resource"), "memory") == 0)
    return dms_cli_network_dup_size (amount);
  return g_strdup_printf ("%" G_GINT64_FORMAT, amount);
}

static void
add_limit (DmsCliTable *table, JsonObject *limit)
{
  gint64 refusals = dms_cli_network_get_number (limit, "refused");
  g_autofree char *used = dup_amount (limit, "used");
  g_autofree char *most = dup_amount (limit, "limit");
  g_autofree char *peak = dup_amount (limit, "peak");
  g_autofree char *refused = refusals >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, refusals) : NULL;
  const char *const cells[] = { dms_json_object_get_text (limit, "scope"),
                                dms_json_object_get_text (limit, "resource"),
                                used,
                                most,
                                peak,
                                refused,
                                dms_json_object_get_text (limit, "name") };

  dms_cli_table_add_row (table, cells);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GPtrArray) limits = NULL;
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);

  if (!dms_cli_network_ask_once (call, "limits", NULL, &reply, error))
    return FALSE;
  if (reply == NULL)
    return TRUE;
  limits = dms_cli_network_list_objects (reply, "limits");
  for (guint i = 0; i < limits->len; i++)
    add_limit (table, g_ptr_array_index (limits, i));
  dms_cli_table_print (table, call);
  return TRUE;
}

const DmsCliVerb dms_verb_network_limits = {
  .path = "network limits",
  .summary = N_ ("show what the network may cost this node, and what it was refused for"),
  .description = N_ ("Connections, streams, memory and file descriptors are bounded for the whole node "
                     "(system), for connections whose peer is not known yet (transient), and for each peer, "
                     "IP address and protocol; of these, those are shown that were refused something or need "
                     "half of their limit. The whole is set by p2p.memory and p2p.fd."),
  .examples = "  nunet network limits\n"
              "  nunet config set p2p.fd 2048\n",
  .flags = dms_cli_network_flags,
  .persistent_flags = dms_cli_message_flags,
  .run = run,
};
