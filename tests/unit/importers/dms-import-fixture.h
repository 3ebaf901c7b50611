/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-importer.h"

G_BEGIN_DECLS

/* A text as if it were `file.yaml` of a folder. folder: (nullable): without one it can name no files. report:
 * (out) (optional): for people, with all that was translated. NULL with an error. */
char *
dms_test_import (DmsImportFormat format, const char *text, const char *folder, char **report, GError **error);
/* Fails the test, and shows the text, when the part is not in it. */
void dms_test_import_assert_has (const char *text, const char *part);

G_END_DECLS
