/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-help.h"
#include "cli/dms-cli-verbs.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  dms_cli_help_print_manual (dms_cli_verbs_get_all (), dms_cli_call_get_out (call));
  return TRUE;
}

const DmsCliVerb dms_verb_manual = {
  .path = "manual",
  .summary = N_ ("print the manual page, for man(1)"),
  .hidden = TRUE,
  .run = run,
};
