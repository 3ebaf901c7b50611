/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "jobs/dms-job-parser.h"

/* A job that is accepted must keep its meaning on the wire. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("fuzz", "/nonexistent", bytes, &error);
  g_autoptr (DmsEnsemble) again = NULL;
  g_autoptr (JsonNode) wire = NULL;

  if (ensemble == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      return 0;
    }
  wire = dms_ensemble_to_json (ensemble);
  again = dms_ensemble_new_from_json (wire, &error);
  g_assert_no_error (error);
  return 0;
}
