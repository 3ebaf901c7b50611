/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-draft.h"

G_BEGIN_DECLS

/* Whose files are imported. */
typedef enum
{
  DMS_IMPORT_AUTO,
  DMS_IMPORT_COMPOSE,
  DMS_IMPORT_KUBERNETES,
  DMS_IMPORT_NOMAD,
} DmsImportFormat;

/* Translates files of other orchestrators into a job file of ours. */
typedef struct _DmsImporter DmsImporter;

#define DMS_TYPE_IMPORTER (dms_importer_get_type ())

GType dms_importer_get_type (void);

DmsImporter *dms_importer_new (DmsImportFormat format);
/* Compose: services of these profiles belong to it too. */
void dms_importer_set_profiles (DmsImporter *self, const char *const *profiles);
/* Reads a file, or bytes that are called by name; folder: (nullable): where files lie that it names; without
 * one they cannot be had. FALSE with an error of one line for each thing wrong. */
gboolean dms_importer_add_file (DmsImporter *self, const char *path, GError **error);
gboolean
dms_importer_add_data (DmsImporter *self, const char *name, const char *folder, GBytes *data, GError **error);
/* (transfer full): the job file, which our own reader has accepted. NULL with DMS_ERROR_INVALID_DATA when
 * nothing can be made of what was added. */
char *dms_importer_translate (DmsImporter *self, GError **error);
/* What became of what; complete after translating. */
DmsImportReport *dms_importer_get_report (DmsImporter *self);
/* The format that was found. */
DmsImportFormat dms_importer_get_format (DmsImporter *self);
const char *dms_import_format_to_string (DmsImportFormat format);
gboolean dms_import_format_from_string (const char *text, DmsImportFormat *format);

DmsImporter *dms_importer_ref (DmsImporter *self);
void dms_importer_unref (DmsImporter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsImporter, dms_importer_unref)

G_END_DECLS
