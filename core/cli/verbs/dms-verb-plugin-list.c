/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"
#include "plugins/dms-plugin-manager.h"

static const DmsCliFlag flags[] = {
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON") },
  { NULL },
};

static void
print_json (DmsCliCall *call, GPtrArray *infos)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonArray) array = json_array_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < infos->len; i++)
    json_array_add_element (array, dms_plugin_info_to_json (g_ptr_array_index (infos, i)));
  json_node_set_array (root, array);
  text = json_to_string (root, TRUE);
  dms_cli_call_print (call, "%s\n", text);
}

static void
print_table (DmsCliCall *call, GPtrArray *infos)
{
  int id_width = 2;
  int contracts_width = 9;

  for (guint i = 0; i < infos->len; i++)
    {
      DmsPluginInfo *info = g_ptr_array_index (infos, i);
      g_autofree char *contracts = g_strjoinv (",", (GStrv) dms_plugin_info_get_contracts (info));

      id_width = MAX (id_width, (int) g_utf8_strlen (dms_plugin_info_get_id (info), -1));
      contracts_width = MAX (contracts_width, (int) g_utf8_strlen (contracts, -1));
    }
  dms_cli_call_print (call,
                      "%-*s  %-12s  %-8s  %-*s  %s\n",
                      id_width,
                      "ID",
                      "STATUS",
                      "VERSION",
                      contracts_width,
                      "CONTRACTS",
                      "REASON");
  for (guint i = 0; i < infos->len; i++)
    {
      DmsPluginInfo *info = g_ptr_array_index (infos, i);
      g_autofree char *contracts = g_strjoinv (",", (GStrv) dms_plugin_info_get_contracts (info));
      const char *version = dms_plugin_info_get_version (info);
      const char *reason = dms_plugin_info_get_reason (info);
      g_autofree char *line = NULL;

      line = g_strdup_printf ("%-*s  %-12s  %-8s  %-*s  %s", id_width, dms_plugin_info_get_id (info),
                              dms_plugin_status_to_string (dms_plugin_info_get_status (info)),
                              version != NULL ? version : "-", contracts_width,
                              contracts[0] != '\0' ? contracts : "-", reason != NULL ? reason : "");
      dms_cli_call_print (call, "%s\n", g_strchomp (line));
    }
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  DmsConfig *config = dms_cli_call_get_config (call, error);
  g_autoptr (DmsPluginManager) manager = NULL;
  g_autoptr (GPtrArray) infos = NULL;

  if (config == NULL)
    return FALSE;

  manager = dms_plugin_manager_new_for_config (config);
  dms_plugin_manager_load_all (manager);
  infos = dms_plugin_manager_list (manager);
  if (dms_cli_call_get_bool (call, "json"))
    print_json (call, infos);
  else
    print_table (call, infos);
  return TRUE;
}

const DmsCliVerb dms_verb_plugin_list = {
  .path = "plugin list",
  .summary = N_ ("list the plugins that were found, and why some are not loaded"),
  .description =
      N_ ("Searches the folders of plugins as the daemon does when it starts, and tries each plugin. "
          "No daemon is needed. A plugin that the daemon cannot use is listed with the reason."),
  .examples = "  nunet plugin list\n  nunet plugin list --json",
  .flags = flags,
  .run = run,
};
