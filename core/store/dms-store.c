/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dms.h>

#include "store/dms-store-resources.h"

static const char MIGRATIONS[] = "/dms/store/migrations";

enum
{
  BUSY_TIMEOUT_MS = 2000,
  MAX_NESTING = 32,
  MAX_CACHED_STATEMENTS = 128,
  /* Pages of the log, 16 MB, before they are brought into the database. That waits for the disk, twice, in
   * the main loop; a short job writes some fifty. Opening the database after a crash reads them in a few
   * milliseconds. */
  CHECKPOINT_PAGES = 4000,
};

/*
 * The node's database: one connection, used from the main context that opened it only. Write-ahead logging
 * makes a commit survive the death of the process at any instant.
 */
struct _DmsStore
{
  GObject parent_instance;

  sqlite3 *db;
  char *path;
  GHashTable *statements;
  guint depth;
  int version;
};

G_DEFINE_FINAL_TYPE (DmsStore, dms_store, G_TYPE_OBJECT)

static void
finalize_statement (gpointer stmt)
{
  sqlite3_finalize (stmt);
}

/**
 * dms_store_close:
 * @self: a store
 *
 * Closes the database. An open transaction is rolled back. Anything done afterwards fails.
 */
void
dms_store_close (DmsStore *self)
{
  g_return_if_fail (DMS_IS_STORE (self));

  g_hash_table_remove_all (self->statements);
  if (self->db != NULL)
    {
      sqlite3_close_v2 (self->db);
      self->db = NULL;
    }
  self->depth = 0;
}

static void
dms_store_finalize (GObject *object)
{
  DmsStore *self = DMS_STORE (object);

  dms_store_close (self);
  g_clear_pointer (&self->statements, g_hash_table_unref);
  g_clear_pointer (&self->path, g_free);

  G_OBJECT_CLASS (dms_store_parent_class)->finalize (object);
}

static void
dms_store_class_init (DmsStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_store_finalize;
}

static void
dms_store_init (DmsStore *self)
{
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize_statement);
}

static gboolean
check_open (DmsStore *self, GError **error)
{
  if (self->db != NULL)
    return TRUE;

  g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "cannot use database “%s”: it is closed", self->path);
  return FALSE;
}

static gboolean
fail (DmsStore *self, int code, const char *verb, GError **error)
{
  g_autofree char *doing = g_strdup_printf ("cannot %s database “%s”", verb, self->path);

  dms_statement_set_sqlite_error (error, self->db, code, doing);
  return FALSE;
}

static gboolean
run_sql (DmsStore *self, const char *sql, const char *verb, GError **error)
{
  int code = sqlite3_exec (self->db, sql, NULL, NULL, NULL);

  return code == SQLITE_OK || fail (self, code, verb, error);
}

/* Makes the file ourselves, so that it is never readable by others, not even for an instant. */
static gboolean
make_file (DmsStore *self, GError **error)
{
  int fd;
  g_autofree char *folder = g_path_get_dirname (self->path);

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      int number = errno;
      g_set_error (error,
                   DMS_ERROR,
                   number == ENOSPC                      ? DMS_ERROR_NO_SPACE
                   : number == EACCES || number == EPERM ? DMS_ERROR_PERMISSION_DENIED
                                                         : DMS_ERROR_IO,
                   "cannot make folder “%s” for the database: %s",
                   folder,
                   g_strerror (number));
      return FALSE;
    }

  fd = g_open (self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      int number = errno;
      g_set_error (error,
                   DMS_ERROR,
                   number == ENOSPC                                         ? DMS_ERROR_NO_SPACE
                   : number == EACCES || number == EPERM || number == EROFS ? DMS_ERROR_PERMISSION_DENIED
                                                                            : DMS_ERROR_IO,
                   "cannot open database “%s”: %s",
                   self->path,
                   g_strerror (number));
      return FALSE;
    }
  (void) fchmod (fd, 0600);
  close (fd);
  return TRUE;
}

/* quick_check reads every page but leaves out comparing indexes with tables, which would take minutes on a
 * big one. */
static gboolean
check_integrity (DmsStore *self, GError **error)
{
  g_autofree char *detail = NULL;
  gboolean sound;
  sqlite3_stmt *stmt = NULL;
  int code = sqlite3_prepare_v2 (self->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);

  if (code != SQLITE_OK)
    return fail (self, code, "open", error);

  sound = FALSE;
  detail = NULL;
  code = sqlite3_step (stmt);
  if (code == SQLITE_ROW)
    {
      detail = g_strdup ((const char *) sqlite3_column_text (stmt, 0));
      sound = g_strcmp0 (detail, "ok") == 0;
    }
  sqlite3_finalize (stmt);
  if (code != SQLITE_ROW)
    return fail (self, code, "open", error);
  if (sound)
    return TRUE;

  g_strdelimit (detail, "\r\n", ' ');
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_CORRUPT,
               "cannot open database “%s”: it is damaged (%s); move it away or restore a backup",
               self->path,
               detail != NULL ? detail : "unreadable");
  return FALSE;
}

static gboolean
read_version (DmsStore *self, int *version, GError **error)
{
  sqlite3_stmt *stmt = NULL;
  int code = sqlite3_prepare_v2 (self->db, "PRAGMA user_version", -1, &stmt, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_step (stmt);
  if (code == SQLITE_ROW)
    *version = sqlite3_column_int (stmt, 0);
  sqlite3_finalize (stmt);
  return code == SQLITE_ROW || fail (self, code, "open", error);
}

static gboolean
apply_migration (DmsStore *self, const char *name, int number, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *path = g_strconcat (MIGRATIONS, "/", name, NULL);
  g_autoptr (GBytes) sql =
      g_resource_lookup_data (dms_store_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);

  if (sql == NULL)
    return FALSE;

  text = g_strdup_printf ("BEGIN IMMEDIATE;\n%.*s\n;PRAGMA user_version = %d;\nCOMMIT;",
                          (int) g_bytes_get_size (sql),
                          (const char *) g_bytes_get_data (sql, NULL),
                          number);
  if (run_sql (self, text, "upgrade", error))
    return TRUE;
  (void) sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Migrations are named `NNNN-what.sql` and count up from 0001; user_version says how many were applied. */
static gboolean
migrate (DmsStore *self, GError **error)
{
  guint n;

  /* Asked by its own function, which also keeps it from being left out of a program linked to the static
   * library. */
  g_auto (GStrv) names = g_resource_enumerate_children (
      dms_store_get_resource (), MIGRATIONS, G_RESOURCE_LOOKUP_FLAGS_NONE, error);

  if (names == NULL || !read_version (self, &self->version, error))
    return FALSE;

  n = g_strv_length (names);
  qsort (names, n, sizeof names[0], compare_names);
  if (self->version < 0 || (guint) self->version > n)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_INCOMPATIBLE,
          "cannot open database “%s”: its version %d is newer than this program knows (%u); install the "
          "newer release or move the database away",
          self->path,
          self->version,
          n);
      return FALSE;
    }

  for (guint i = self->version; i < n; i++)
    {
      if (!apply_migration (self, names[i], i + 1, error))
        return FALSE;
      self->version = i + 1;
    }
  return TRUE;
}

/**
 * dms_store_open:
 * @path: the file, made when it is not there; `:memory:` for none
 * @error: return location
 *
 * Opens the database, checks that it is whole, and brings it to this release's version.
 *
 * Returns: (transfer full) (nullable): the store
 */
DmsStore *
dms_store_open (const char *path, GError **error)
{
  int code;
  g_autofree char *real = NULL;
  int flags;
  g_autoptr (DmsStore) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_object_new (DMS_TYPE_STORE, NULL);
  self->path = g_strdup (path);
  if (strcmp (path, ":memory:") != 0 && !make_file (self, error))
    return NULL;

  flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  real = strcmp (path, ":memory:") != 0 ? realpath (path, NULL) : NULL;
  code = sqlite3_open_v2 (real != NULL ? real : path, &self->db, flags, NULL);
  if (code != SQLITE_OK)
    {
      fail (self, code, "open", error);
      return NULL;
    }

  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);
  sqlite3_wal_autocheckpoint (self->db, CHECKPOINT_PAGES);
  sqlite3_limit (self->db, SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024);
  if (!run_sql (self,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
                "PRAGMA cache_size = -1024;",
                "open",
                error) ||
      !check_integrity (self, error) || !migrate (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

const char *
dms_store_get_path (DmsStore *self)
{
  g_return_val_if_fail (DMS_IS_STORE (self), NULL);

  return self->path;
}

/**
 * dms_store_get_version:
 * @self: a store
 *
 * Returns: the number of the last migration applied
 */
int
dms_store_get_version (DmsStore *self)
{
  g_return_val_if_fail (DMS_IS_STORE (self), 0);

  return self->version;
}

/**
 * dms_store_exec:
 * @self: a store
 * @sql: statements
 * @error: return location
 *
 * Returns: whether all ran
 */
gboolean
dms_store_exec (DmsStore *self, const char *sql, GError **error)
{
  g_return_val_if_fail (DMS_IS_STORE (self), FALSE);

  return check_open (self, error) && run_sql (self, sql, "use", error);
}

/**
 * dms_store_prepare:
 * @self: a store
 * @sql: one statement
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the statement, compiled
 */
DmsStatement *
dms_store_prepare (DmsStore *self, const char *sql, GError **error)
{
  int code;
  sqlite3_stmt *stmt;
  gpointer cached;
  gpointer key;

  g_return_val_if_fail (DMS_IS_STORE (self), NULL);

  if (!check_open (self, error))
    return NULL;

  key = NULL;
  cached = NULL;
  if (g_hash_table_steal_extended (self->statements, sql, &key, &cached))
    {
      g_free (key);
      return dms_statement_new (cached, self->path, self->statements, sql);
    }

  if (g_hash_table_size (self->statements) >= MAX_CACHED_STATEMENTS)
    g_hash_table_remove_all (self->statements);
  stmt = NULL;
  code = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
  if (code != SQLITE_OK)
    {
      fail (self, code, "use", error);
      return NULL;
    }
  return dms_statement_new (stmt, self->path, self->statements, sql);
}

guint
dms_store_get_changes (DmsStore *self)
{
  g_return_val_if_fail (DMS_IS_STORE (self), 0);

  return self->db != NULL ? (guint) sqlite3_changes (self->db) : 0;
}

static gboolean
run_savepoint (DmsStore *self, const char *verb, guint level, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("%s level_%u", verb, level);

  return run_sql (self, sql, "use", error);
}

/**
 * dms_store_begin:
 * @self: a store
 * @error: return location
 *
 * Begins a transaction, or a savepoint inside the one that is open.
 *
 * Returns: whether it began
 */
gboolean
dms_store_begin (DmsStore *self, GError **error)
{
  gboolean begun;

  g_return_val_if_fail (DMS_IS_STORE (self), FALSE);
  g_return_val_if_fail (self->depth < MAX_NESTING, FALSE);

  if (!check_open (self, error))
    return FALSE;

  begun = self->depth == 0 ? run_sql (self, "BEGIN IMMEDIATE", "write to", error)
                           : run_savepoint (self, "SAVEPOINT", self->depth, error);
  if (begun)
    self->depth++;
  return begun;
}

/**
 * dms_store_rollback:
 * @self: a store
 *
 * Undoes what was done since the matching begin.
 */
void
dms_store_rollback (DmsStore *self)
{
  g_return_if_fail (DMS_IS_STORE (self));
  g_return_if_fail (self->depth > 0 || self->db == NULL);

  if (self->db == NULL)
    return;

  self->depth--;
  if (self->depth == 0)
    {
      /* SQLite itself has rolled back after some failures (disk full, say); then there is nothing left to
       * undo. */
      if (!sqlite3_get_autocommit (self->db))
        (void) sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
      return;
    }

  if (!sqlite3_get_autocommit (self->db))
    {
      (void) run_savepoint (self, "ROLLBACK TO", self->depth, NULL);
      (void) run_savepoint (self, "RELEASE", self->depth, NULL);
    }
}

/**
 * dms_store_commit:
 * @self: a store
 * @error: return location
 *
 * Keeps what was done since the matching begin.
 *
 * Returns: whether it is kept; when not, it has been rolled back
 */
gboolean
dms_store_commit (DmsStore *self, GError **error)
{
  gboolean kept;
  guint level;

  g_return_val_if_fail (DMS_IS_STORE (self), FALSE);
  g_return_val_if_fail (self->depth > 0 || self->db == NULL, FALSE);

  if (!check_open (self, error))
    return FALSE;

  level = self->depth - 1;
  kept = level == 0 ? run_sql (self, "COMMIT", "write to", error)
                    : run_savepoint (self, "RELEASE", level, error);
  if (kept)
    self->depth = level;
  else
    dms_store_rollback (self);
  return kept;
}

/**
 * dms_store_transaction:
 * @self: a store
 * @func: (scope call): the work
 * @user_data: given to @func
 * @error: return location
 *
 * Runs @func inside a transaction, or inside a savepoint of the open one.
 *
 * Returns: whether @func succeeded and its work is kept
 */
gboolean
dms_store_transaction (DmsStore *self, DmsStoreFunc func, gpointer user_data, GError **error)
{
  g_return_val_if_fail (DMS_IS_STORE (self), FALSE);

  if (!dms_store_begin (self, error))
    return FALSE;
  if (func (self, user_data, error))
    return dms_store_commit (self, error);

  dms_store_rollback (self);
  return FALSE;
}
