/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-job-node.h"

G_BEGIN_DECLS

/* What became of something of a foreign file. */
typedef enum
{
  /* It means the same. */
  DMS_IMPORT_TRANSLATED,
  /* It means nearly the same; the entry says what is different. */
  DMS_IMPORT_APPROXIMATED,
  /* It was left out; the entry says what to do instead. */
  DMS_IMPORT_IMPOSSIBLE,
  DMS_IMPORT_N_FATES,
} DmsImportFate;

/* What was made of each member of the files that are imported. It quotes names and places of the files and
 * never their values, which may be secrets. */
typedef struct _DmsImportReport DmsImportReport;

#define DMS_TYPE_IMPORT_REPORT (dms_import_report_get_type ())

GType dms_import_report_get_type (void);

DmsImportReport *dms_import_report_new (void);
/* The nodes of a tree come from this file, but for those whose file is known already. */
void dms_import_report_set_origin (DmsImportReport *self, DmsJobNode *tree, const char *file);
/* (nullable): the file that a node came from */
const char *dms_import_report_get_origin (DmsImportReport *self, DmsJobNode *node);
/* text: (nullable): what to know about it; NULL when the path says all. file: (nullable) */
void dms_import_report_add (DmsImportReport *self,
                            DmsImportFate fate,
                            const char *file,
                            guint line,
                            guint column,
                            const char *path,
                            const char *text);
guint dms_import_report_count (DmsImportReport *self, DmsImportFate fate);
/* Puts the entries into the order of the files. */
void dms_import_report_sort (DmsImportReport *self);
/* The lines for people, least: the lowest fate that is told, the worst first. */
char *dms_import_report_to_text (DmsImportReport *self, DmsImportFate least);
/* {translated, approximated, impossible, entries: [{fate, file, line, column, path, text}]} */
JsonNode *dms_import_report_to_json (DmsImportReport *self);
const char *dms_import_fate_to_string (DmsImportFate fate);

DmsImportReport *dms_import_report_ref (DmsImportReport *self);
void dms_import_report_unref (DmsImportReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsImportReport, dms_import_report_unref)

G_END_DECLS
