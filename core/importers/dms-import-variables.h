/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-report.h"

G_BEGIN_DECLS

/* Compose would put other variables in. */
#define DMS_IMPORT_LITERAL_REMARK                                                                            \
  "a “$” in its values was left as it is, where Compose puts variables in: write out what it stands for"

/* (transfer full) (element-type utf8 utf8): what a file of lines KEY=VALUE sets, as Docker reads it. order:
 * (nullable): gets the names. literal: (nullable): set to TRUE when a value has a `$` that Compose would not
 * take as it is */
GHashTable *dms_import_variables_parse (const char *text, GPtrArray *order, gboolean *literal);

/* Puts the values of Compose's `$VAR`, `${VAR:-default}` and the like into a tree, from this process's
 * environment and then from more: (element-type utf8 utf8). The report names the variables, never values.
 * FALSE with an error for a required variable that is not set, or a text that cannot be read. */
gboolean
dms_import_variables_resolve (DmsJobNode *tree, GHashTable *more, DmsImportReport *report, GError **error);

G_END_DECLS
