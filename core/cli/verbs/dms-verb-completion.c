/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-completion.h"
#include "cli/dms-cli-verbs.h"

#include <dms.h>

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *shell = dms_cli_call_get_arg (call, 0);

  if (strcmp (shell, "bash") == 0)
    dms_cli_completion_print_bash (dms_cli_verbs_get_all (), dms_cli_call_get_out (call));
  else if (strcmp (shell, "zsh") == 0)
    dms_cli_completion_print_zsh (dms_cli_verbs_get_all (), dms_cli_call_get_out (call));
  else
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("there are completions for bash and zsh, not for %s"),
                   shell);
      return FALSE;
    }

  return TRUE;
}

const DmsCliVerb dms_verb_completion = {
  .path = "completion",
  .arguments = "bash|zsh",
  .summary = N_ ("print the script that completes commands in a shell"),
  .examples = "  source <(nunet completion bash)",
  .min_args = 1,
  .max_args = 1,
  .hidden = TRUE,
  .run = run,
};
