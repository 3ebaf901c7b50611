/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-importer.h"

/* One document of a file. */
typedef struct
{
  char *name;
  char *folder;
  DmsJobNode *tree;
} DmsImportDocument;

/* documents: (element-type DmsImportDocument). Each puts what it makes into the draft and tells the report.
 * FALSE when nothing can be made. */
gboolean dms_import_compose (GPtrArray *documents,
                             const char *const *profiles,
                             DmsImportDraft *draft,
                             DmsImportReport *report,
                             GError **error);
gboolean
dms_import_kubernetes (GPtrArray *documents, DmsImportDraft *draft, DmsImportReport *report, GError **error);
gboolean
dms_import_nomad (GPtrArray *documents, DmsImportDraft *draft, DmsImportReport *report, GError **error);
