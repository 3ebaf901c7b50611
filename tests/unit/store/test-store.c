/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dms.h>

#include "store/dms-store.h"

typedef struct
{
  char *folder;
  char *path;
  DmsStore *store;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("dms-store-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->folder, "data", "dms.db", NULL);
  f->store = dms_store_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_true (dms_store_exec (f->store, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", &error));
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->store);
  remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

static gint64
count (DmsStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsStatement) statement = dms_store_prepare (store, "SELECT count(*) FROM t", &error);
  gboolean row;

  g_assert_no_error (error);
  g_assert_true (dms_statement_step (statement, &row, &error));
  g_assert_true (row);
  return dms_statement_get_int64 (statement, 0);
}

static gboolean
add_row (DmsStore *store, gpointer user_data, GError **error)
{
  return dms_store_exec (store, "INSERT INTO t (b) VALUES ('x')", error);
}

static gboolean
add_row_then_fail (DmsStore *store, gpointer user_data, GError **error)
{
  g_assert_true (add_row (store, NULL, error));
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BUSY, "no");
  return FALSE;
}

static gboolean
add_and_nest (DmsStore *store, gpointer user_data, GError **error)
{
  g_autoptr (GError) inner = NULL;

  g_assert_true (add_row (store, NULL, error));
  g_assert_false (dms_store_transaction (store, add_row_then_fail, NULL, &inner));
  g_assert_error (inner, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_true (dms_store_transaction (store, add_row, NULL, error));
  return TRUE;
}

static void
test_transactions (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_store_transaction (f->store, add_row, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (count (f->store), ==, 1);

  g_assert_false (dms_store_transaction (f->store, add_row_then_fail, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpint (count (f->store), ==, 1);

  /* A nested failure undoes only its own part. */
  g_assert_true (dms_store_transaction (f->store, add_and_nest, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (count (f->store), ==, 3);

  g_assert_true (dms_store_begin (f->store, &error));
  g_assert_true (dms_store_begin (f->store, &error));
  g_assert_true (add_row (f->store, NULL, &error));
  g_assert_true (dms_store_commit (f->store, &error));
  dms_store_rollback (f->store);
  g_assert_cmpint (count (f->store), ==, 3);
}

static void
test_values (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsStatement) select = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsStatement) insert =
      dms_store_prepare (f->store, "INSERT INTO t (a, b) VALUES (?1, ?2)", &error);
  gboolean row;

  g_assert_no_error (error);
  dms_statement_bind_int64 (insert, 1, G_MAXINT64);
  dms_statement_bind_text (insert, 2, "it's; DROP TABLE t --");
  g_assert_true (dms_statement_run (insert, &error));
  dms_statement_reset (insert);
  dms_statement_bind_int64 (insert, 1, 1);
  g_assert_true (dms_statement_run (insert, &error));

  /* The same number again is a violation that the caller can tell from others. */
  g_assert_false (dms_statement_run (insert, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_clear_error (&error);

  select = dms_store_prepare (f->store, "SELECT a, b FROM t ORDER BY a DESC", &error);
  g_assert_true (dms_statement_step (select, &row, &error));
  g_assert_true (row);
  g_assert_cmpint (dms_statement_get_int64 (select, 0), ==, G_MAXINT64);
  g_assert_cmpstr (dms_statement_get_text (select, 1), ==, "it's; DROP TABLE t --");
  g_assert_true (dms_statement_step (select, &row, &error));
  g_assert_true (dms_statement_is_null (select, 1));
  g_assert_true (dms_statement_step (select, &row, &error));
  g_assert_false (row);
}

static void
test_reopen (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int version = dms_store_get_version (f->store);
  struct stat info;

  g_assert_cmpint (version, >=, 1);
  g_assert_true (add_row (f->store, NULL, &error));
  g_clear_object (&f->store);
  g_assert_cmpint (stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);

  f->store = dms_store_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count (f->store), ==, 1);
  g_assert_cmpint (dms_store_get_version (f->store), ==, version);
}

static void
test_closed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  dms_store_close (f->store);
  g_assert_false (dms_store_exec (f->store, "SELECT 1", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

/* A process that is killed inside a transaction leaves nothing of it; what it committed before is there. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  pid_t child;
  g_autoptr (GError) error = NULL;
  int status;

  g_clear_object (&f->store);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      DmsStore *store = dms_store_open (f->path, NULL);
      gboolean ready = store != NULL && add_row (store, NULL, NULL) && dms_store_begin (store, NULL) &&
                       add_row (store, NULL, NULL);
      if (!ready)
        _exit (1);
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));

  f->store = dms_store_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count (f->store), ==, 1);
}

static gint64
size_of (const char *path)
{
  GStatBuf info;

  return g_stat (path, &info) == 0 ? (gint64) info.st_size : -1;
}

/* What many commits write goes into the log, and is brought into the database, which waits for the disk, once
 * in thousands of pages; but it does not grow for ever, and is whole after a crash. */
static void
test_checkpoints (Fixture *f, gconstpointer data)
{
  g_autofree char *log = g_strconcat (f->path, "-wal", NULL);
  gint64 before = size_of (f->path);
  g_autoptr (GError) error = NULL;
  pid_t child;
  int status;

  for (guint i = 0; i < 1500; i++)
    g_assert_true (add_row (f->store, NULL, &error));
  g_assert_cmpint (size_of (f->path), ==, before);
  g_assert_cmpint (size_of (log), >, 1500 * 4096);
  for (guint i = 0; i < 6000; i++)
    g_assert_true (add_row (f->store, NULL, &error));
  g_assert_cmpint (size_of (f->path), >, before);
  g_assert_cmpint (size_of (log), <, 20 * 1024 * 1024);
  g_clear_object (&f->store);
  child = fork ();
  if (child == 0)
    {
      DmsStore *store = dms_store_open (f->path, NULL);

      for (guint i = 0; store != NULL && i < 1500; i++)
        (void) add_row (store, NULL, NULL);
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  f->store = dms_store_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (count (f->store), ==, 9000);
}

static void
test_no_database (Fixture *f, gconstpointer data)
{
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, "text.db", NULL);

  g_assert_true (
      g_file_set_contents (path, "This has never been a database, whatever its name says. ....", -1, NULL));
  g_assert_null (dms_store_open (path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  expected = g_strdup_printf ("cannot open database “%s”: it is damaged; move it away or restore a "
                              "backup (file is not a database)",
                              path);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *content = NULL;
  gsize length;

  for (int i = 0; i < 300; i++)
    g_assert_true (dms_store_exec (f->store, "INSERT INTO t (b) VALUES (hex(randomblob(200)))", &error));
  g_assert_true (dms_store_exec (f->store, "PRAGMA wal_checkpoint(TRUNCATE)", &error));
  g_clear_object (&f->store);

  g_assert_true (g_file_get_contents (f->path, &content, &length, NULL));
  g_assert_cmpint (length, >, 8 * 4096);
  memset (content + length / 2, 0x5a, 4096);
  g_assert_true (g_file_set_contents (f->path, content, length, NULL));
  g_assert_null (dms_store_open (f->path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  g_assert_nonnull (strstr (error->message, f->path));
  g_assert_nonnull (strstr (error->message, "it is damaged"));
  g_assert_nonnull (strstr (error->message, "move it away or restore a backup"));
}

static void
test_newer (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_store_exec (f->store, "PRAGMA user_version = 999", &error));
  g_clear_object (&f->store);
  g_assert_null (dms_store_open (f->path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INCOMPATIBLE);
  g_assert_nonnull (strstr (error->message, "its version 999 is newer"));
}

/* SQLite answers the same code for its own page limit as for a full disk. */
static void
test_full (Fixture *f, gconstpointer data)
{
  gboolean ok;
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_store_exec (f->store, "PRAGMA max_page_count = 24", &error));
  g_assert_true (dms_store_begin (f->store, &error));
  ok = TRUE;
  for (int i = 0; i < 400 && ok; i++)
    ok = dms_store_exec (f->store, "INSERT INTO t (b) VALUES (hex(randomblob(2000)))", &error);
  g_assert_false (ok);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "the disk is full"));
  g_clear_error (&error);
  dms_store_rollback (f->store);

  /* What was there before is there still, and reading goes on. */
  g_assert_cmpint (count (f->store), ==, 0);
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (f->folder, "file", NULL);
  g_autofree char *path = g_build_filename (file, "dms.db", NULL);

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_null (dms_store_open (path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/transactions", Fixture, NULL, set_up, test_transactions, tear_down);
  g_test_add ("/store/values", Fixture, NULL, set_up, test_values, tear_down);
  g_test_add ("/store/reopen", Fixture, NULL, set_up, test_reopen, tear_down);
  g_test_add ("/store/closed", Fixture, NULL, set_up, test_closed, tear_down);
  g_test_add ("/store/killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add ("/store/checkpoints", Fixture, NULL, set_up, test_checkpoints, tear_down);
  g_test_add ("/store/no-database", Fixture, NULL, set_up, test_no_database, tear_down);
  g_test_add ("/store/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
  g_test_add ("/store/newer", Fixture, NULL, set_up, test_newer, tear_down);
  g_test_add ("/store/full", Fixture, NULL, set_up, test_full, tear_down);
  g_test_add ("/store/no-folder", Fixture, NULL, set_up, test_no_folder, tear_down);
  return g_test_run ();
}
