/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What a provider keeps of its leases, and that a shim reads of it the same. */

#include "fixture.h"

#include "dms-shim-lease.h"
#include "provider/dms-leases.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define ID "0123_node.main"

enum
{
  LONG_MS = 60 * 1000,
  SHORT_MS = 800,
};

typedef struct
{
  char *folder;
  char *path;
  DmsLeases *leases;
  guint n_expired;
} LeaseTest;

static void
on_expired (DmsLeases *leases, const char *allocation_id, gpointer user_data)
{
  LeaseTest *test = user_data;

  g_assert_cmpstr (allocation_id, ==, ID);
  test->n_expired++;
}

/* What a restart of the daemon makes of it. */
static void
begin_anew (LeaseTest *test)
{
  g_clear_object (&test->leases);
  test->leases = dms_leases_new (test->folder);
  g_signal_connect (test->leases, "expired", G_CALLBACK (on_expired), test);
}

static void
set_up (LeaseTest *test, gconstpointer data)
{
  test->folder = g_dir_make_tmp ("dms-leases-XXXXXX", NULL);
  g_assert_nonnull (test->folder);
  test->path = g_build_filename (test->folder, ID, "lease", NULL);
  begin_anew (test);
}

static void
tear_down (LeaseTest *test, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (test->path);

  g_clear_object (&test->leases);
  (void) g_unlink (test->path);
  (void) g_rmdir (folder);
  g_assert_cmpint (g_rmdir (test->folder), ==, 0);
  g_free (test->path);
  g_free (test->folder);
}

static gboolean
is_expired (gpointer user_data)
{
  return ((LeaseTest *) user_data)->n_expired > 0;
}

static void
renew (LeaseTest *test, gint64 lease_ms)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_leases_renew (test->leases, ID, lease_ms, &error));
  g_assert_no_error (error);
}

static char *
read_file (LeaseTest *test)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (test->path, &text, NULL, NULL));
  return text;
}

static void
test_shim_reads_it (LeaseTest *test, gconstpointer data)
{
  gint64 before = dms_shim_lease_now_us ();
  DmsShimLease lease = { 0 };
  DmsShimLease later = { 0 };
  GStatBuf info;
  guint64 inode;

  renew (test, LONG_MS);
  g_assert_true (dms_shim_lease_read (&lease, test->path));
  /* Asked to end in time to be gone when the lease is over. */
  g_assert_cmpint (lease.kill_us, >=, before + LONG_MS * 1000);
  g_assert_cmpint (lease.kill_us, <=, dms_shim_lease_now_us () + LONG_MS * 1000);
  g_assert_cmpint (lease.kill_us - lease.end_us, ==, 5 * G_USEC_PER_SEC);
  g_assert_cmpint (g_stat (test->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  inode = info.st_ino;

  /* In place, so that a full disk is no obstacle. */
  renew (test, LONG_MS);
  g_assert_true (dms_shim_lease_read (&later, test->path));
  g_assert_cmpint (later.end_us, >, lease.end_us);
  g_assert_cmpint (g_stat (test->path, &info), ==, 0);
  g_assert_cmpuint (info.st_ino, ==, inode);
  /* Another length as well. */
  renew (test, LONG_MS / 10);
  g_assert_true (dms_shim_lease_read (&later, test->path));
  g_assert_cmpint (later.end_us, <, lease.end_us);
  g_assert_cmpint (g_stat (test->path, &info), ==, 0);
  g_assert_cmpuint (info.st_ino, ==, inode);
}

static void
test_expires_once (LeaseTest *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  renew (test, SHORT_MS);
  g_assert_true (dms_leases_has (test->leases, ID));
  dms_test_wait (is_expired, test);
  g_assert_false (dms_leases_has (test->leases, ID));
  dms_test_run (1500);
  g_assert_cmpuint (test->n_expired, ==, 1);
}

/* What is over cannot be brought back by a question that comes late. */
static void
test_not_renewed_when_over (LeaseTest *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  renew (test, 10);
  g_usleep (20 * 1000);
  g_assert_false (dms_leases_renew (test->leases, ID, LONG_MS, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static void
test_outlives_the_daemon (LeaseTest *test, gconstpointer data)
{
  renew (test, LONG_MS);
  begin_anew (test);
  g_assert_false (dms_leases_has (test->leases, ID));
  dms_leases_restore (test->leases, ID);
  g_assert_true (dms_leases_has (test->leases, ID));
  dms_test_run (1200);
  g_assert_cmpuint (test->n_expired, ==, 0);
  renew (test, LONG_MS);
}

static void
check_over (LeaseTest *test, const char *text)
{
  g_autofree char *folder = g_path_get_dirname (test->path);

  test->n_expired = 0;
  begin_anew (test);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  if (text == NULL)
    (void) g_unlink (test->path);
  else
    g_assert_true (g_file_set_contents (test->path, text, -1, NULL));
  dms_leases_restore (test->leases, ID);
  g_assert_false (dms_leases_has (test->leases, ID));
  dms_test_wait (is_expired, test);
}

static void
test_in_doubt_it_is_over (LeaseTest *test, gconstpointer data)
{
  g_autofree char *good = NULL;
  g_autofree char *other_boot = NULL;
  g_autofree char *torn = NULL;
  g_autofree char *long_text = g_strnfill (4096, 'x');

  renew (test, LONG_MS);
  good = read_file (test);
  other_boot = g_strdup (good);
  other_boot[2] = other_boot[2] == '0' ? '1' : '0';
  torn = g_strdup (good);
  torn[strlen (good) - 25] = torn[strlen (good) - 25] == '1' ? '2' : '1';

  check_over (test, NULL);
  check_over (test, "");
  check_over (test, "60000\n");
  check_over (test, long_text);
  check_over (test, other_boot);
  check_over (test, torn);
}

/* A file that says more than its own length would last for ever, and is not believed either. */
static void
test_not_longer_than_its_length (LeaseTest *test, gconstpointer data)
{
  g_autofree char *good = NULL;
  g_auto (GStrv) words = NULL;
  g_autofree char *far = NULL;

  renew (test, LONG_MS);
  good = read_file (test);
  words = g_strsplit (g_strchomp (good), " ", -1);
  far = g_strdup_printf ("1 %s 0000000500 %s %s %s %s\n", words[1], words[3], words[4], words[5], words[6]);
  begin_anew (test);
  g_assert_true (g_file_set_contents (test->path, far, -1, NULL));
  dms_leases_restore (test->leases, ID);
  dms_test_wait (is_expired, test);
}

static void
test_cannot_be_stored (LeaseTest *test, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (test->path);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (folder, "in the way", -1, NULL));
  g_assert_false (dms_leases_renew (test->leases, ID, LONG_MS, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_FAILED);
  g_assert_false (dms_leases_has (test->leases, ID));
  g_assert_cmpint (g_unlink (folder), ==, 0);
}

static void
test_forgotten (LeaseTest *test, gconstpointer data)
{
  renew (test, LONG_MS);
  dms_leases_forget (test->leases, ID);
  g_assert_false (g_file_test (test->path, G_FILE_TEST_EXISTS));
  g_assert_false (dms_leases_has (test->leases, ID));
}

static JsonObject *
message (gint64 lease_ms, gint64 until_ms)
{
  JsonObject *object = json_object_new ();

  if (lease_ms != 0)
    json_object_set_int_member (object, "LeaseMs", lease_ms);
  if (until_ms != 0)
    json_object_set_int_member (object, "LeaseUntilUs", g_get_real_time () + until_ms * 1000);
  return object;
}

/* A message that was long on its way gives less, or nothing. */
static void
test_messages (LeaseTest *test, gconstpointer data)
{
  g_autoptr (JsonObject) none = message (0, 0);
  g_autoptr (JsonObject) old = message (LONG_MS, 0);
  g_autoptr (JsonObject) fresh = message (LONG_MS, LONG_MS + 1000);
  g_autoptr (JsonObject) late = message (LONG_MS, LONG_MS / 2);
  g_autoptr (JsonObject) too_late = message (LONG_MS, -1);
  g_autoptr (JsonObject) wrong = message (-5, LONG_MS);

  g_assert_cmpint (dms_leases_read_ms (none), ==, 0);
  g_assert_cmpint (dms_leases_read_ms (wrong), ==, -1);
  g_assert_cmpint (dms_leases_read_ms (old), ==, LONG_MS);
  g_assert_cmpint (dms_leases_read_ms (fresh), ==, LONG_MS);
  g_assert_cmpint (dms_leases_read_ms (late), <=, LONG_MS / 2);
  g_assert_cmpint (dms_leases_read_ms (late), >, 0);
  g_assert_cmpint (dms_leases_read_ms (too_late), ==, -1);
}

static void
add (const char *path, void (*function) (LeaseTest *, gconstpointer))
{
  g_test_add (path, LeaseTest, NULL, set_up, function, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/provider/leases/shim-reads-it", test_shim_reads_it);
  add ("/provider/leases/expires-once", test_expires_once);
  add ("/provider/leases/not-renewed-when-over", test_not_renewed_when_over);
  add ("/provider/leases/outlives-the-daemon", test_outlives_the_daemon);
  add ("/provider/leases/in-doubt-it-is-over", test_in_doubt_it_is_over);
  add ("/provider/leases/not-longer-than-its-length", test_not_longer_than_its_length);
  add ("/provider/leases/cannot-be-stored", test_cannot_be_stored);
  add ("/provider/leases/forgotten", test_forgotten);
  add ("/provider/leases/messages", test_messages);
  return g_test_run ();
}
