/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"

/* EDITOR may have arguments, such as `code --wait`. */
static gboolean
edit (const char *editor, const char *path, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  int status;
  guint i;

  if (!g_shell_parse_argv (editor, NULL, &words, error))
    {
      dms_error_adopt (error, "EDITOR");
      return FALSE;
    }

  for (i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, words[i]);
  g_ptr_array_add (argv, (gpointer) path);
  g_ptr_array_add (argv, NULL);
  if (!g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN,
                     NULL, NULL,
                     NULL, NULL, &status, error)
      || !g_spawn_check_wait_status (status, error))
    {
      dms_error_adopt (error, _ ("the editor “%s”"), editor);
      return FALSE;
    }

  return TRUE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *editor = g_getenv ("EDITOR");
  g_autoptr (DmsConfig) config = dms_config_new ();
  g_autofree char *path = NULL;
  gboolean exists;

  if (editor == NULL || editor[0] == '\0')
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE,
                           _ ("$EDITOR not set: set it to the program you edit files with"));
      return FALSE;
    }

  path = dms_config_dup_writable_path (config, dms_cli_call_get_string (call, "config"), &exists);
  if (!exists && !dms_config_write_all (config, path, error))
    return FALSE;
  if (!edit (editor, path, error))
    return FALSE;

  /* A slip is told now, not at the next start of the daemon. */
  return dms_config_load (config, path, error);
}

const DmsCliVerb dms_verb_config_edit = {
  .path = "config edit",
  .summary = N_ ("edit the configuration file"),
  .description = N_ ("Opens the configuration file in the program that the variable EDITOR names, and checks "
                     "it "
                     "afterwards."),
  .examples = "  EDITOR=nano nunet config edit\n",
  .run = run,
};
