/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

#include "store/dms-statement.h"

G_BEGIN_DECLS

#define DMS_TYPE_STORE (dms_store_get_type ())

G_DECLARE_FINAL_TYPE (DmsStore, dms_store, DMS, STORE, GObject)

/* Work done inside a transaction. Returning FALSE with an error rolls everything back that it did. */
typedef gboolean (*DmsStoreFunc) (DmsStore *store, gpointer user_data, GError **error);

/* NULL on failure: CORRUPT (damaged file), INCOMPATIBLE (made by a newer release), NO_SPACE, IO,
 * PERMISSION_DENIED. The folder is made (0700) and the file too (0600). ":memory:" keeps everything in
 * memory. */
DmsStore *dms_store_open (const char *path, GError **error);
void dms_store_close (DmsStore *self);
const char *dms_store_get_path (DmsStore *self);
int dms_store_get_version (DmsStore *self);

/* Runs @func in a transaction; nested calls become savepoints. */
gboolean dms_store_transaction (DmsStore *self, DmsStoreFunc func, gpointer user_data, GError **error);

/* The same by hand. Each begin needs exactly one commit or rollback; a commit that fails has rolled back. */
gboolean dms_store_begin (DmsStore *self, GError **error);
gboolean dms_store_commit (DmsStore *self, GError **error);
void dms_store_rollback (DmsStore *self);

/* One or more SQL statements without parameters or rows. */
gboolean dms_store_exec (DmsStore *self, const char *sql, GError **error);
/* One SQL statement; compiled statements are kept for the next time. */
DmsStatement *dms_store_prepare (DmsStore *self, const char *sql, GError **error);
/* Rows changed by the last statement that ran. */
guint dms_store_get_changes (DmsStore *self);

G_END_DECLS
