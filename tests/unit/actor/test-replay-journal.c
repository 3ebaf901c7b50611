/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor/dms-replay-guard.h"
#include "actor/dms-replay-journal.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define BEGIN (G_GUINT64_CONSTANT (1700000000) * SECOND)

typedef struct {
  char *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("dms-replay-XXXXXX", &error);
  g_assert_no_error (error);
}

typedef void (*FileFunc) (const char *path, gpointer user_data);

static guint
for_each_file (Fixture *fixture, FileFunc func, gpointer user_data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

      func (path, user_data);
      n++;
    }
  return n;
}

static void
remove_one (const char *path, gpointer user_data)
{
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for_each_file (fixture, remove_one, NULL);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
}

static DmsReplayGuard *
open_guard (Fixture *fixture, guint64 now_s)
{
  g_autoptr (GError) error = NULL;
  DmsReplayGuard *guard = dms_replay_guard_open (fixture->folder, BEGIN + now_s * SECOND, &error);

  g_assert_no_error (error);
  return guard;
}

static DmsReplayAnswer
add (DmsReplayGuard *guard, guint64 nonce, guint64 expiry_s, guint64 now_s)
{
  return dms_replay_guard_add (guard, "root", "a", "did", nonce, BEGIN + expiry_s * SECOND,
                               BEGIN + now_s * SECOND, NULL);
}

static void
test_restart (Fixture *fixture, gconstpointer data)
{
  DmsReplayGuard *guard = open_guard (fixture, 0);

  for (guint64 i = 0; i < 100; i++)
    g_assert_cmpint (add (guard, i, 30 + i, 0), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);

  guard = open_guard (fixture, 50);
  for (guint64 i = 20; i < 100; i++)
    g_assert_cmpint (add (guard, i, 30 + i, 50), ==, DMS_REPLAY_SEEN);
  g_assert_cmpint (add (guard, 100, 60, 50), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);

  guard = open_guard (fixture, 55);
  g_assert_cmpint (add (guard, 100, 60, 55), ==, DMS_REPLAY_SEEN);
  g_assert_cmpint (add (guard, 99, 129, 55), ==, DMS_REPLAY_SEEN);
  dms_replay_guard_free (guard);

  /* All is forgotten when all has expired. */
  guard = open_guard (fixture, 1000);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 0);
  dms_replay_guard_free (guard);
  g_assert_cmpuint (for_each_file (fixture, remove_one, NULL), ==, 1);
}

/* What was accepted just before SIGKILL is not accepted again. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  int pipes[2];
  guint64 last = 0;
  guint64 read_one;
  pid_t child;
  DmsReplayGuard *guard;

  g_assert_cmpint (pipe (pipes), ==, 0);
  child = fork ();
  if (child == 0)
    {
      guard = dms_replay_guard_open (fixture->folder, BEGIN, NULL);
      for (guint64 i = 1; guard != NULL && add (guard, i, 30, 0) == DMS_REPLAY_NEW; i++)
        if (write (pipes[1], &i, sizeof i) != (gssize) sizeof i)
          break;
      _exit (1);
    }
  close (pipes[1]);
  while (last < 1000 && read (pipes[0], &read_one, sizeof read_one) == (gssize) sizeof read_one)
    last = read_one;
  kill (child, SIGKILL);
  while (read (pipes[0], &read_one, sizeof read_one) == (gssize) sizeof read_one)
    last = read_one;
  close (pipes[0]);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_cmpuint (last, >=, 1000);

  guard = open_guard (fixture, 1);
  for (guint64 i = 1; i <= last; i++)
    g_assert_true (dms_replay_guard_has_seen (guard, "root", "a", i, BEGIN + SECOND));
  g_assert_false (dms_replay_guard_has_seen (guard, "root", "a", last + 2, BEGIN + SECOND));
  dms_replay_guard_free (guard);
}

static void
cut (const char *path, gpointer user_data)
{
  g_autofree char *text = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  if (size > 100)
    g_assert_cmpint (truncate (path, (off_t) size - 5), ==, 0);
}

static void
flip (const char *path, gpointer user_data)
{
  gsize at = GPOINTER_TO_SIZE (user_data);
  g_autofree char *text = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  if (size <= at)
    return;
  text[at] ^= 1;
  g_assert_true (g_file_set_contents (path, text, (gssize) size, NULL));
}

/* Part of it is lost: the rest is used, and what could be a replay of the lost part is refused. */
static void
assert_damaged (Fixture *fixture, guint64 known)
{
  DmsReplayGuard *guard;

  guard = open_guard (fixture, 1);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, known);
  for (guint64 i = 0; i < 10; i++)
    g_assert_cmpint (add (guard, i, 30, 1), !=, DMS_REPLAY_NEW);
  g_assert_cmpint (add (guard, 100, 30, 1), ==, DMS_REPLAY_FORGOTTEN);
  /* The usual lifetime, of a message made after the start. */
  g_assert_cmpint (add (guard, 101, 31, 1), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);
}

static void
remember_ten (Fixture *fixture)
{
  DmsReplayGuard *guard = open_guard (fixture, 0);

  for (guint64 i = 0; i < 10; i++)
    g_assert_cmpint (add (guard, i, 30, 0), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);
}

static void
test_cut (Fixture *fixture, gconstpointer data)
{
  remember_ten (fixture);
  for_each_file (fixture, cut, NULL);
  assert_damaged (fixture, 9);
}

static void
test_flipped_record (Fixture *fixture, gconstpointer data)
{
  remember_ten (fixture);
  for_each_file (fixture, flip, GSIZE_TO_POINTER (32 + 3 * 24 + 2));
  assert_damaged (fixture, 9);
}

static void
test_flipped_header (Fixture *fixture, gconstpointer data)
{
  remember_ten (fixture);
  for_each_file (fixture, flip, GSIZE_TO_POINTER (0));
  assert_damaged (fixture, 0);
}

static void
test_flipped_key (Fixture *fixture, gconstpointer data)
{
  remember_ten (fixture);
  for_each_file (fixture, flip, GSIZE_TO_POINTER (10));
  assert_damaged (fixture, 0);
}

static void
write_file (Fixture *fixture, const char *name, const char *data, gsize size)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
}

/* Whatever lies in the folder, the node starts. */
static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  g_autofree char *noise = g_malloc (5000);
  g_autofree char *fifo = g_build_filename (fixture->folder, "7.seen", NULL);
  g_autofree char *link = g_build_filename (fixture->folder, "8.seen", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  DmsReplayGuard *guard;

  for (guint i = 0; i < 5000; i++)
    noise[i] = (char) g_rand_int (random);
  write_file (fixture, "1.seen", noise, 5000);
  memcpy (noise, "DMSRPLY1", 8);
  write_file (fixture, "2.seen", noise, 5000);
  write_file (fixture, "3.seen", noise, 31);
  write_file (fixture, "99999999999999999999.seen", noise, 100);
  write_file (fixture, "-1.seen", noise, 100);
  write_file (fixture, "other", noise, 100);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (symlink ("/dev/zero", link), ==, 0);
  guard = open_guard (fixture, 0);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 0);
  g_assert_cmpint (add (guard, 1, 100, 0), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);
}

/* No journal, no messages. */
static void
test_not_writable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) why = NULL;
  struct rlimit limit;
  struct rlimit small;
  DmsReplayGuard *guard = open_guard (fixture, 0);
  DmsReplayAnswer answer;

  g_assert_cmpint (add (guard, 1, 30, 0), ==, DMS_REPLAY_NEW);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  small = limit;
  /* Room for half a record more. */
  small.rlim_cur = 32 + 24 + 12;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  answer = dms_replay_guard_add (guard, "root", "a", "did", 2, BEGIN + 30 * SECOND, BEGIN, &why);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_cmpint (answer, ==, DMS_REPLAY_FULL);
  g_assert_error (why, DMS_ERROR, DMS_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (why->message, fixture->folder));

  /* It goes on where it was, once there is room. */
  g_assert_cmpint (add (guard, 2, 30, 0), ==, DMS_REPLAY_NEW);
  dms_replay_guard_free (guard);
  guard = open_guard (fixture, 1);
  g_assert_cmpuint (dms_replay_guard_get_size (guard), ==, 2);
  dms_replay_guard_free (guard);

  g_assert_null (dms_replay_guard_open ("/proc/none", BEGIN, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

static void
ignore (const DmsReplayRecord *record, gpointer user_data)
{
}

static void
count (const DmsReplayRecord *record, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Old files go when what is in them has expired. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DmsReplayJournal *journal = dms_replay_journal_open (fixture->folder, BEGIN, ignore, NULL, &error);
  guint n_most = 0;

  g_assert_no_error (error);
  for (guint64 i = 1; i <= 500000; i++)
    {
      guint64 now_s = i / 4000;
      guint32 expiry_s = (guint32) (BEGIN / SECOND + now_s + 30);
      DmsReplayRecord record = { .message = i, .owner = 1, .expiry_s = expiry_s };

      g_assert_true (dms_replay_journal_append (journal, &record, BEGIN + now_s * SECOND, &error));
      n_most = MAX (n_most, dms_replay_journal_get_n_files (journal));
    }
  /* 120,000 are alive, in files of 43,689. */
  g_assert_cmpuint (n_most, >=, 3);
  g_assert_cmpuint (n_most, <=, 5);
  g_assert_cmpuint (for_each_file (fixture, remove_one, NULL), ==, dms_replay_journal_get_n_files (journal));
  dms_replay_journal_free (journal);
}

/* A few messages with a long life do not keep everything else alive. */
static void
test_rewrite (Fixture *fixture, gconstpointer data)
{
  DmsReplayGuard *guard = open_guard (fixture, 0);
  g_autoptr (GError) error = NULL;
  DmsReplayJournal *journal;
  guint n = 0;
  guint64 nonce = 0;

  for (guint64 second = 0; second < 200; second++)
    {
      for (guint i = 0; i < 4000; i++)
        g_assert_cmpint (add (guard, ++nonce, second + (i == 0 ? 80000 : 10), second), ==, DMS_REPLAY_NEW);
    }
  dms_replay_guard_free (guard);
  journal = dms_replay_journal_open (fixture->folder, BEGIN + 200 * SECOND, count, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, >=, 40000);
  g_assert_cmpuint (dms_replay_journal_get_size (journal), <=, 10 * 1024 * 1024);
  g_assert_false (dms_replay_journal_is_damaged (journal));
  dms_replay_journal_free (journal);

  guard = open_guard (fixture, 200);
  for (guint64 i = 0; i < 200; i++)
    g_assert_cmpint (add (guard, i * 4000 + 1, i + 80000, 200), ==, DMS_REPLAY_SEEN);
  dms_replay_guard_free (guard);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Damage is a warning, and here it is wanted. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/actor/replay-journal/restart", Fixture, NULL, set_up, test_restart, tear_down);
  g_test_add ("/actor/replay-journal/kill", Fixture, NULL, set_up, test_kill, tear_down);
  g_test_add ("/actor/replay-journal/cut", Fixture, NULL, set_up, test_cut, tear_down);
  g_test_add ("/actor/replay-journal/flipped-record", Fixture, NULL, set_up, test_flipped_record, tear_down);
  g_test_add ("/actor/replay-journal/flipped-header", Fixture, NULL, set_up, test_flipped_header, tear_down);
  g_test_add ("/actor/replay-journal/flipped-key", Fixture, NULL, set_up, test_flipped_key, tear_down);
  g_test_add ("/actor/replay-journal/hostile", Fixture, NULL, set_up, test_hostile, tear_down);
  g_test_add ("/actor/replay-journal/not-writable", Fixture, NULL, set_up, test_not_writable, tear_down);
  g_test_add ("/actor/replay-journal/files", Fixture, NULL, set_up, test_files, tear_down);
  g_test_add ("/actor/replay-journal/rewrite", Fixture, NULL, set_up, test_rewrite, tear_down);
  return g_test_run ();
}
