/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-build-info.h"
#include "cli/dms-cli-call.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-core-version.h"

static gboolean
run (DmsCliCall *call, GError **error)
{
  /* Programs look for these lines, so they are not translated. */
  dms_cli_call_print (call, "NuNet Device Management Service\n");
  dms_cli_call_print (call, "Version: %s\n", dms_core_get_version ());
  dms_cli_call_print (call, "Commit: %s\n\n", DMS_BUILD_COMMIT);
  dms_cli_call_print (call, "Go Version: none (C, GLib %u.%u.%u)\n", glib_major_version, glib_minor_version,
                      glib_micro_version);
  dms_cli_call_print (call, "Build Date: %s\n", DMS_BUILD_DATE);

  return TRUE;
}

const DmsCliVerb dms_verb_version = {
  .path = "version",
  .summary = N_ ("show which release this is"),
  .run = run,
};
