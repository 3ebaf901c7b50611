/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/behaviours/dms-behaviours.h"
#include "jobs/dms-job-parser.h"

/**
 * dms_job_payload_complete:
 * @call: a call with the flag spec-file
 * @session: not used
 * @payload: gets the member Ensemble
 * @error: return location for an error
 *
 * Reads a job file and puts it into the payload as the wire has it. What the reader of the file should know
 * goes to standard error.
 *
 * Returns: whether the job file is good
 */
gboolean
dms_job_payload_complete (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "spec-file");
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_file (path, error);
  const char *const *warning;

  if (ensemble == NULL)
    return FALSE;

  for (warning = dms_ensemble_get_warnings (ensemble); warning != NULL && *warning != NULL; warning++)
    dms_cli_call_note (call, _ ("Note: %s\n"), *warning);
  json_object_set_member (payload, "Ensemble", dms_ensemble_to_json (ensemble));

  return TRUE;
}
