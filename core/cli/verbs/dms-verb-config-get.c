/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *key = dms_cli_call_get_arg (call, 0);
  DmsConfig *config = dms_cli_call_get_config (call, error);
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (config == NULL)
    return FALSE;

  path = dms_config_dup_path (config);
  if (path == NULL)
    {
      gboolean exists;

      path = dms_config_dup_writable_path (config, NULL, &exists);
      if (!dms_config_write_all (config, path, error))
        return FALSE;
    }

  /* Programs read all of this from standard error. */
  dms_cli_call_note (call, "Found config file at: %s\n", path);
  node = dms_config_dup_json (config, key);
  if (node == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "key \"%s\" not found", key);
      return FALSE;
    }
  text = dms_config_json_to_text (node);
  dms_cli_call_note (call, "%s\n", text);

  return TRUE;
}

const DmsCliVerb dms_verb_config_get = {
  .path = "config get",
  .arguments = "[key]",
  .summary = N_ ("show the configuration, or one value of it"),
  .description = N_ ("Shows what is in effect: flags beat the environment, that beats the file, and that "
                     "beats the "
                     "defaults. It is written to standard error. When there is no configuration file, one "
                     "with what is "
                     "in effect is made in the current directory."),
  .examples = "  nunet config get\n"
              "  nunet config get rest.port",
  .max_args = 1,
  .run = run,
};
