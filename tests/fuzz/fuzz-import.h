/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "fuzz.h"

#include "importers/dms-importer.h"
#include "jobs/dms-job-parser.h"

#include <string.h>

/* What is made of a file must be a job file that our own reader takes, and its report a text. */
static inline int
fuzz_import (DmsImportFormat format, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GBytes) made = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsImporter) importer = dms_importer_new (format);
  g_autoptr (DmsEnsemble) ensemble = NULL;
  g_autofree char *yaml = NULL;
  g_autofree char *report = NULL;

  if (dms_importer_add_data (importer, "fuzz", NULL, bytes, &error))
    yaml = dms_importer_translate (importer, &error);
  report = dms_import_report_to_text (dms_importer_get_report (importer), DMS_IMPORT_TRANSLATED);
  g_assert_true (g_utf8_validate (report, -1, NULL));
  if (yaml == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  made = g_bytes_new (yaml, strlen (yaml));
  ensemble = dms_job_parser_load_data ("made", NULL, made, &error);
  g_assert_no_error (error);
  return 0;
}
