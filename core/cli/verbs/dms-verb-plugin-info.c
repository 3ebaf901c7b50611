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
print_line (DmsCliCall *call, const char *label, const char *value)
{
  if (value != NULL && value[0] != '\0')
    dms_cli_call_print (call, "%s: %s\n", label, value);
}

static void
print_text (DmsCliCall *call, DmsPluginInfo *info)
{
  g_autofree char *authors = g_strjoinv (", ", (GStrv) dms_plugin_info_get_authors (info));
  g_autofree char *contracts = g_strjoinv (", ", (GStrv) dms_plugin_info_get_contracts (info));

  print_line (call, _ ("Name"), dms_plugin_info_get_name (info));
  print_line (call, _ ("ID"), dms_plugin_info_get_id (info));
  print_line (call, _ ("Description"), dms_plugin_info_get_description (info));
  print_line (call, _ ("Version"), dms_plugin_info_get_version (info));
  print_line (call, _ ("Authors"), authors);
  print_line (call, _ ("Website"), dms_plugin_info_get_website (info));
  print_line (call, _ ("Built for contracts"), dms_plugin_info_get_abi (info));
  print_line (call, _ ("File"), dms_plugin_info_get_path (info));
  print_line (call, _ ("Implements"), contracts);
  print_line (call, _ ("Status"), dms_plugin_status_to_string (dms_plugin_info_get_status (info)));
  print_line (call, _ ("Reason"), dms_plugin_info_get_reason (info));
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  DmsConfig *config = dms_cli_call_get_config (call, error);
  const char *id = dms_cli_call_get_arg (call, 0);
  g_autoptr (DmsPluginManager) manager = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  DmsPluginInfo *info = NULL;

  if (config == NULL)
    return FALSE;

  manager = dms_plugin_manager_new_for_config (config);
  dms_plugin_manager_load_all (manager);
  info = dms_plugin_manager_lookup (manager, id);
  if (info == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   _ ("there is no plugin “%s”; “nunet plugin list” shows all"),
                   id);
      return FALSE;
    }
  if (!dms_cli_call_get_bool (call, "json"))
    {
      print_text (call, info);
      return TRUE;
    }
  node = dms_plugin_info_to_json (info);
  text = json_to_string (node, TRUE);
  dms_cli_call_print (call, "%s\n", text);
  return TRUE;
}

const DmsCliVerb dms_verb_plugin_info = {
  .path = "plugin info",
  .arguments = "<plugin ID>",
  .summary = N_ ("show all that is known of a plugin"),
  .description =
      N_ ("Prints what the plugin says of itself, which contracts it implements, and, if the daemon cannot "
          "use it, why. No daemon is needed."),
  .examples = "  nunet plugin info executor-docker",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
