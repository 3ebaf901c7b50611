/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-import-report.h"

G_BEGIN_DECLS

/* Reads the members of one map of a foreign file so that none is forgotten: each ends in the report as
 * translated (it was read), as what was noted about it, or as impossible (nobody asked for it). */
typedef struct _DmsImportReader DmsImportReader;

#define DMS_TYPE_IMPORT_READER (dms_import_reader_get_type ())

GType dms_import_reader_get_type (void);

/* NULL, and noted as impossible, when the node is not a map. */
DmsImportReader *dms_import_reader_new (DmsImportReport *report, DmsJobNode *node, const char *path);
/* A member that is a map; NULL when it is absent or, which is noted, no map. */
DmsImportReader *dms_import_reader_open (DmsImportReader *self, const char *key);
/* An item of a list, or a member of a map of things with names, below a member of the reader. NULL, and
 * noted, when it is no map. */
DmsImportReader *
dms_import_reader_open_item (DmsImportReader *self, const char *key, DmsJobNode *item, const char *name);

DmsImportReport *dms_import_reader_get_report (DmsImportReader *self);
DmsJobNode *dms_import_reader_get_node (DmsImportReader *self);
const char *dms_import_reader_get_path (DmsImportReader *self);
char *dms_import_reader_dup_path_of (DmsImportReader *self, const char *key);

/* (nullable): the member; null is as good as absent. It counts as read. */
DmsJobNode *dms_import_reader_get (DmsImportReader *self, const char *key);
/* (nullable): a member that must be a list */
DmsJobNode *dms_import_reader_get_list (DmsImportReader *self, const char *key);
/* (nullable): a member that must be a map */
DmsJobNode *dms_import_reader_get_map (DmsImportReader *self, const char *key);
/* (nullable) (transfer full): a scalar as it is written */
char *dms_import_reader_dup_text (DmsImportReader *self, const char *key);
/* (nullable) (transfer full): a list of scalars, or one scalar; NULL when it is absent */
GStrv dms_import_reader_dup_texts (DmsImportReader *self, const char *key);
gboolean dms_import_reader_get_bool (DmsImportReader *self, const char *key, gboolean fallback);
gint64
dms_import_reader_get_int (DmsImportReader *self, const char *key, gint64 min, gint64 max, gint64 fallback);

/* Says of a member that its value cannot be read, so that it was left out. Nothing more is told of it then.
 * The functions above do so themselves. */
void dms_import_reader_refuse (DmsImportReader *self, const char *key, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* Says of a member, or of the map itself with key NULL, what became of it. */
void
dms_import_reader_note (DmsImportReader *self, const char *key, DmsImportFate fate, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* The same of an item below a member; path: what is added to the member's path, such as `[2]`. */
void dms_import_reader_note_item (DmsImportReader *self,
                                  const char *key,
                                  DmsJobNode *item,
                                  const char *suffix,
                                  DmsImportFate fate,
                                  const char *format,
                                  ...) G_GNUC_PRINTF (6, 7);
/* The member is told of elsewhere. */
void dms_import_reader_pass (DmsImportReader *self, const char *key);
/* Notes what nobody asked for, and what was read without a word; call it last. */
void dms_import_reader_finish (DmsImportReader *self);

DmsImportReader *dms_import_reader_ref (DmsImportReader *self);
void dms_import_reader_unref (DmsImportReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsImportReader, dms_import_reader_unref)

G_END_DECLS
