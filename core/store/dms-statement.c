/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-statement.h"

#include <dms.h>

/* One compiled SQL statement. Not thread-safe; belongs to the connection's main context. */
struct _DmsStatement
{
  grefcount refs;
  sqlite3_stmt *stmt;
  char *what;
  GHashTable *cache;
  char *key;
};

G_DEFINE_BOXED_TYPE (DmsStatement, dms_statement, dms_statement_ref, dms_statement_unref)

/**
 * dms_statement_new:
 * @stmt: (transfer full): a compiled statement
 * @what: the file it works on, for messages
 * @cache: (nullable): where it goes when nobody holds it any more
 * @key: (nullable): its SQL text
 *
 * Returns: (transfer full): the statement
 */
DmsStatement *
dms_statement_new (sqlite3_stmt *stmt, const char *what, GHashTable *cache, const char *key)
{
  DmsStatement *self = g_new0 (DmsStatement, 1);

  g_ref_count_init (&self->refs);
  self->stmt = stmt;
  self->what = g_strdup (what);
  self->cache = cache != NULL ? g_hash_table_ref (cache) : NULL;
  self->key = g_strdup (key);
  return self;
}

DmsStatement *
dms_statement_ref (DmsStatement *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
dms_statement_unref (DmsStatement *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;

  sqlite3_reset (self->stmt);
  sqlite3_clear_bindings (self->stmt);
  if (self->cache != NULL && self->key != NULL && !g_hash_table_contains (self->cache, self->key))
    g_hash_table_insert (self->cache, g_steal_pointer (&self->key), self->stmt);
  else
    sqlite3_finalize (self->stmt);
  g_clear_pointer (&self->cache, g_hash_table_unref);
  g_free (self->key);
  g_free (self->what);
  g_free (self);
}

void
dms_statement_bind_text (DmsStatement *self, int parameter, const char *text)
{
  sqlite3_bind_text (self->stmt, parameter, text, -1, SQLITE_TRANSIENT);
}

void
dms_statement_bind_int64 (DmsStatement *self, int parameter, gint64 value)
{
  sqlite3_bind_int64 (self->stmt, parameter, value);
}

void
dms_statement_bind_double (DmsStatement *self, int parameter, double value)
{
  sqlite3_bind_double (self->stmt, parameter, value);
}

void
dms_statement_bind_bytes (DmsStatement *self, int parameter, GBytes *bytes)
{
  gsize size = 0;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  if (bytes == NULL)
    sqlite3_bind_null (self->stmt, parameter);
  else if (size == 0)
    sqlite3_bind_zeroblob (self->stmt, parameter, 0);
  else
    sqlite3_bind_blob64 (self->stmt, parameter, data, size, SQLITE_TRANSIENT);
}

void
dms_statement_bind_null (DmsStatement *self, int parameter)
{
  sqlite3_bind_null (self->stmt, parameter);
}

/**
 * dms_statement_step:
 * @self: a statement
 * @row: (out) (optional): whether there is a row
 * @error: return location
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_statement_step (DmsStatement *self, gboolean *row, GError **error)
{
  g_autofree char *doing = NULL;
  int code = sqlite3_step (self->stmt);

  if (row != NULL)
    *row = code == SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE)
    return TRUE;

  doing = g_strdup_printf ("cannot use database “%s”", self->what);
  dms_statement_set_sqlite_error (error, sqlite3_db_handle (self->stmt), code, doing);
  sqlite3_reset (self->stmt);
  return FALSE;
}

/**
 * dms_statement_run:
 * @self: a statement that answers no rows
 * @error: return location
 *
 * Returns: whether it ran
 */
gboolean
dms_statement_run (DmsStatement *self, GError **error)
{
  gboolean done = dms_statement_step (self, NULL, error);

  sqlite3_reset (self->stmt);
  return done;
}

void
dms_statement_reset (DmsStatement *self)
{
  sqlite3_reset (self->stmt);
  sqlite3_clear_bindings (self->stmt);
}

gboolean
dms_statement_is_null (DmsStatement *self, int column)
{
  return sqlite3_column_type (self->stmt, column) == SQLITE_NULL;
}

gint64
dms_statement_get_int64 (DmsStatement *self, int column)
{
  return sqlite3_column_int64 (self->stmt, column);
}

double
dms_statement_get_double (DmsStatement *self, int column)
{
  return sqlite3_column_double (self->stmt, column);
}

const char *
dms_statement_get_text (DmsStatement *self, int column)
{
  return (const char *) sqlite3_column_text (self->stmt, column);
}

GBytes *
dms_statement_dup_bytes (DmsStatement *self, int column)
{
  gconstpointer data;

  if (dms_statement_is_null (self, column))
    return NULL;

  data = sqlite3_column_blob (self->stmt, column);
  return g_bytes_new (data, sqlite3_column_bytes (self->stmt, column));
}

static DmsErrorCode
code_of_sqlite (int code)
{
  switch (code & 0xff)
    {
    case SQLITE_FULL:
      return DMS_ERROR_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DMS_ERROR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DMS_ERROR_BUSY;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return DMS_ERROR_PERMISSION_DENIED;
    case SQLITE_CONSTRAINT:
      return DMS_ERROR_ALREADY_EXISTS;
    case SQLITE_TOOBIG:
      return DMS_ERROR_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return DMS_ERROR_IO;
    default:
      return DMS_ERROR_FAILED;
    }
}

static const char *
advice_of_sqlite (DmsErrorCode code)
{
  switch (code)
    {
    case DMS_ERROR_NO_SPACE:
      return "the disk is full; free some space";
    case DMS_ERROR_CORRUPT:
      return "it is damaged; move it away or restore a backup";
    case DMS_ERROR_BUSY:
      return "another program uses it; stop that program";
    case DMS_ERROR_PERMISSION_DENIED:
      return "it may not be written; check its owner and mode";
    default:
      return NULL;
    }
}

/**
 * dms_statement_set_sqlite_error:
 * @error: return location
 * @db: (nullable): the connection
 * @code: SQLite's result code
 * @doing: what could not be done, and on what
 *
 * Maps a failure of SQLite to the errors of the DMS.
 */
void
dms_statement_set_sqlite_error (GError **error, sqlite3 *db, int code, const char *doing)
{
  const char *advice;
  const char *detail;
  DmsErrorCode mapped = code_of_sqlite (code);
  int os_error = db != NULL ? sqlite3_system_errno (db) : 0;

  /* A full disk also shows as a failed write. */
  if (mapped == DMS_ERROR_IO && (os_error == ENOSPC || os_error == EDQUOT))
    mapped = DMS_ERROR_NO_SPACE;

  detail = db != NULL ? sqlite3_errmsg (db) : sqlite3_errstr (code);
  advice = advice_of_sqlite (mapped);
  if (advice != NULL)
    g_set_error (error, DMS_ERROR, mapped, "%s: %s (%s)", doing, advice, detail);
  else
    g_set_error (error, DMS_ERROR, mapped, "%s: %s", doing, detail);
}
