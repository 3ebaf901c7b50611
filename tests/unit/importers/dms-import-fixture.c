/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-import-fixture.h"

#include <string.h>

char *
dms_test_import (DmsImportFormat format, const char *text, const char *folder, char **report, GError **error)
{
  g_autoptr (DmsImporter) importer = dms_importer_new (format);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  char *yaml;

  if (!dms_importer_add_data (importer, "file.yaml", folder, bytes, error))
    return NULL;
  yaml = dms_importer_translate (importer, error);
  if (report != NULL)
    *report = dms_import_report_to_text (dms_importer_get_report (importer), DMS_IMPORT_TRANSLATED);
  return yaml;
}

void
dms_test_import_assert_has (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    return;
  g_test_message ("“%s” is not in:\n%s", part, text);
  g_test_fail ();
}
