/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-frame.h"
#include "io/dms-p2p-socket-pipe.h"

#include <string.h>
#include <sys/socket.h>

typedef struct
{
  DmsP2pPipe *near_end;
  DmsP2pPipe *far_end;
} Pair;

static void
pair_init (Pair *self)
{
  int fds[2];
  g_autoptr (GSocket) first = NULL;
  g_autoptr (GSocket) second = NULL;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  first = g_socket_new_from_fd (fds[0], NULL);
  second = g_socket_new_from_fd (fds[1], NULL);
  self->near_end = dms_p2p_socket_pipe_new (first);
  self->far_end = dms_p2p_socket_pipe_new (second);
}

static void
pair_clear (Pair *self)
{
  g_assert_finalize_object (self->near_end);
  g_assert_finalize_object (self->far_end);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static void
wait_for (GAsyncResult **place)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (*place == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
spin (void)
{
  for (int i = 0; i < 4; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
put (Pair *pair, const void *data, gsize size)
{
  g_assert_cmpint (dms_p2p_pipe_write (pair->far_end, data, size, NULL), ==, (gssize) size);
}

/* What is read, or the code of the error. */
static GBytes *
read_frame (Pair *pair, gsize max, guint timeout_ms, int code)
{
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  dms_p2p_frame_read_async (pair->near_end, max, timeout_ms, NULL, on_result, &done);
  wait_for (&done);
  bytes = dms_p2p_frame_read_finish (done, &error);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, DMS_ERROR, code);
  return g_steal_pointer (&bytes);
}

/* A message cut at every byte, with another right behind it. */
static void
test_fragments (void)
{
  g_autofree guint8 *body = g_malloc (300);
  g_autoptr (GBytes) frame = NULL;
  const guint8 *data = NULL;
  gsize size = 0;

  memset (body, 'x', 300);
  frame = dms_p2p_frame_new (body, 300);
  data = g_bytes_get_data (frame, &size);
  g_assert_cmpuint (size, ==, 302);
  for (gsize cut = 1; cut < size; cut++)
    {
      Pair pair;
      g_autoptr (GAsyncResult) done = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GBytes) second = NULL;

      pair_init (&pair);
      dms_p2p_frame_read_async (pair.near_end, 300, 0, NULL, on_result, &done);
      put (&pair, data, cut);
      spin ();
      g_assert_null (done);
      put (&pair, data + cut, size - cut);
      put (&pair, "\2ab", 3);
      wait_for (&done);
      bytes = dms_p2p_frame_read_finish (done, NULL);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), body, 300);
      g_clear_object (&done);
      second = read_frame (&pair, 2, 0, -1);
      g_assert_cmpmem (g_bytes_get_data (second, NULL), g_bytes_get_size (second), "ab", 2);
      pair_clear (&pair);
    }
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
    int code;
  } cases[] = {
    { "", 0, DMS_ERROR_NOT_FOUND },
    { "\x80", 1, DMS_ERROR_INVALID_DATA },
    { "\x05"
      "abc",
      4,
      DMS_ERROR_INVALID_DATA },
    { "\x65", 1, DMS_ERROR_TOO_LARGE },
    { "\x80\x80\x80\x80\x80\x80\x80\x40", 8, DMS_ERROR_TOO_LARGE },
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, DMS_ERROR_INVALID_DATA },
    { "\x81\x00", 2, DMS_ERROR_INVALID_DATA },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Pair pair;

      pair_init (&pair);
      if (cases[i].size > 0)
        put (&pair, cases[i].bytes, cases[i].size);
      dms_p2p_pipe_shutdown_write (pair.far_end, NULL);
      g_assert_null (read_frame (&pair, 100, 0, cases[i].code));
      pair_clear (&pair);
    }
}

static void
test_empty (void)
{
  Pair pair;
  g_autoptr (GBytes) bytes = NULL;

  pair_init (&pair);
  put (&pair, "\0", 1);
  bytes = read_frame (&pair, 0, 0, -1);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
  pair_clear (&pair);
}

static void
test_time_and_cancelling (void)
{
  Pair pair;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  pair_init (&pair);
  put (&pair, "\5ab", 3);
  g_assert_null (read_frame (&pair, 100, 20, DMS_ERROR_TIMED_OUT));
  dms_p2p_frame_read_async (pair.near_end, 100, 0, cancellable, on_result, &done);
  spin ();
  g_cancellable_cancel (cancellable);
  wait_for (&done);
  g_assert_null (dms_p2p_frame_read_finish (done, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_object (&done);
  pair_clear (&pair);
}

/* More than the pipe takes at once, against a reader of exactly so much. */
static void
test_write_all (void)
{
  Pair pair;
  const gsize size = 1500000;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GAsyncResult) wrote = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GError) error = NULL;

  pair_init (&pair);
  dms_p2p_pipe_write_all_async (pair.far_end, bytes, 0, NULL, on_result, &wrote);
  spin ();
  g_assert_null (wrote);
  dms_p2p_pipe_read_all_async (pair.near_end, size, 30000, NULL, on_result, &read);
  wait_for (&wrote);
  wait_for (&read);
  g_assert_true (dms_p2p_pipe_write_all_finish (wrote, &error));
  g_assert_no_error (error);
  got = dms_p2p_pipe_read_all_finish (read, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (got, bytes));
  g_clear_object (&wrote);
  g_clear_object (&read);
  /* Nobody reads. */
  dms_p2p_pipe_write_all_async (pair.far_end, bytes, 20, NULL, on_result, &wrote);
  wait_for (&wrote);
  g_assert_false (dms_p2p_pipe_write_all_finish (wrote, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_clear_object (&wrote);
  dms_p2p_pipe_close (pair.near_end);
  dms_p2p_pipe_write_all_async (pair.far_end, bytes, 0, NULL, on_result, &wrote);
  wait_for (&wrote);
  g_assert_false (dms_p2p_pipe_write_all_finish (wrote, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_clear_object (&wrote);
  pair_clear (&pair);
}

/* Waits for ever for a message, but not for its end. */
static void
test_patience (void)
{
  Pair pair;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  gint64 until_us = g_get_monotonic_time () + 60 * G_TIME_SPAN_MILLISECOND;

  pair_init (&pair);
  dms_p2p_frame_await_async (pair.near_end, 100, 20, NULL, on_result, &done);
  while (g_get_monotonic_time () < until_us)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (done);
  put (&pair, "\5ab", 3);
  wait_for (&done);
  g_assert_null (dms_p2p_frame_read_finish (done, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_clear_object (&done);
  pair_clear (&pair);
}

enum
{
  SAVINGS = 20000,
};

/* How much is spent, and was at most. */
typedef struct
{
  gssize spent;
  gssize most;
} Account;

static gboolean
pay (gpointer user_data, gssize delta)
{
  Account *account = user_data;

  if (account->spent + delta > SAVINGS)
    return FALSE;
  account->spent += delta;
  account->most = MAX (account->most, account->spent);
  return TRUE;
}

/* What has come is paid for until it is handed over, and what cannot be paid for is not read. */
static void
test_account (void)
{
  Pair pair;
  Account account = { 0 };
  g_autofree guint8 *body = g_malloc0 (SAVINGS * 2);
  g_autoptr (GBytes) frame = dms_p2p_frame_new (body, SAVINGS - 1000);
  g_autoptr (GBytes) large = dms_p2p_frame_new (body, SAVINGS * 2);
  g_autoptr (GAsyncResult) done = NULL;

  pair_init (&pair);
  dms_p2p_pipe_set_account (pair.near_end, pay, &account);
  put (&pair, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
  g_bytes_unref (read_frame (&pair, SAVINGS * 2, 0, -1));
  spin ();
  g_assert_cmpint (account.most, ==, SAVINGS - 1000);
  g_assert_cmpint (account.spent, ==, 0);
  /* Announced is not come. */
  account.most = 0;
  dms_p2p_frame_read_async (pair.near_end, SAVINGS * 2, 0, NULL, on_result, &done);
  put (&pair, g_bytes_get_data (large, NULL), 10);
  spin ();
  g_assert_null (done);
  g_assert_cmpint (account.spent, >, 0);
  g_assert_cmpint (account.spent, <=, 4096);
  put (&pair, (const guint8 *) g_bytes_get_data (large, NULL) + 10, g_bytes_get_size (large) - 10);
  wait_for (&done);
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (dms_p2p_frame_read_finish (done, &error));
    g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  }
  g_clear_object (&done);
  spin ();
  g_assert_cmpint (account.most, <=, SAVINGS);
  g_assert_cmpint (account.spent, ==, 0);
  pair_clear (&pair);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/io/frame/fragments", test_fragments);
  g_test_add_func ("/libp2p/io/frame/hostile", test_hostile);
  g_test_add_func ("/libp2p/io/frame/empty", test_empty);
  g_test_add_func ("/libp2p/io/frame/time-and-cancelling", test_time_and_cancelling);
  g_test_add_func ("/libp2p/io/frame/patience", test_patience);
  g_test_add_func ("/libp2p/io/frame/account", test_account);
  g_test_add_func ("/libp2p/io/frame/write-all", test_write_all);
  return g_test_run ();
}
