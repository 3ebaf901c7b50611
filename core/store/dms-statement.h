/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

#define DMS_TYPE_STATEMENT (dms_statement_get_type ())

typedef struct _DmsStatement DmsStatement;

GType dms_statement_get_type (void);

/* Parameters count from 1, columns from 0, as in SQLite. A NULL text or GBytes binds NULL. */
void dms_statement_bind_text (DmsStatement *self, int parameter, const char *text);
void dms_statement_bind_int64 (DmsStatement *self, int parameter, gint64 value);
void dms_statement_bind_double (DmsStatement *self, int parameter, double value);
void dms_statement_bind_bytes (DmsStatement *self, int parameter, GBytes *bytes);
void dms_statement_bind_null (DmsStatement *self, int parameter);

/* The next row: TRUE with *row set to whether there is one, or FALSE with an error. */
gboolean dms_statement_step (DmsStatement *self, gboolean *row, GError **error);
/* Runs a statement that answers no rows. */
gboolean dms_statement_run (DmsStatement *self, GError **error);
/* Ready for other parameters. */
void dms_statement_reset (DmsStatement *self);

gboolean dms_statement_is_null (DmsStatement *self, int column);
gint64 dms_statement_get_int64 (DmsStatement *self, int column);
double dms_statement_get_double (DmsStatement *self, int column);
/* (nullable): valid until the next step, reset or unref. */
const char *dms_statement_get_text (DmsStatement *self, int column);
/* (nullable) (transfer full) */
GBytes *dms_statement_dup_bytes (DmsStatement *self, int column);

DmsStatement *dms_statement_ref (DmsStatement *self);
void dms_statement_unref (DmsStatement *self);

/* For DmsStore: takes the SQLite statement; with a key it goes back to the cache when the last reference
 * goes. */
DmsStatement *dms_statement_new (sqlite3_stmt *stmt, const char *what, GHashTable *cache, const char *key);
/* For DmsStore: what SQLite's last failure on this connection means for people. @doing is “cannot …”. */
void dms_statement_set_sqlite_error (GError **error, sqlite3 *db, int code, const char *doing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsStatement, dms_statement_unref)

G_END_DECLS
