/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/socket.h>

#include "dms-pipe-fixture.h"
#include "dms-trickle-pipe.h"
#include "multistream/dms-p2p-multistream.h"

static gboolean
knows_echo (const char *protocol, gpointer user_data)
{
  return strcmp (protocol, "/echo/1.0") == 0;
}

/* The header, the proposal and the data are one write, and one only. */
static void
test_one_write (void)
{
  DmsPipeFixture f;
  g_autoptr (DmsP2pPipe) lazy = NULL;
  g_autofree char *data = NULL;
  const GOutputVector vectors[] = { { "da", 2 }, { "ta", 2 } };

  dms_pipe_fixture_init (&f, SOCK_SEQPACKET);
  lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
  dms_pipe_fixture_expect (&f, "");
  g_assert_cmpint (dms_p2p_pipe_writev (lazy, vectors, 2, &f.error), ==, 4);
  dms_pipe_fixture_expect (&f, HEADER ECHO_LINE "data");
  g_assert_cmpint (dms_p2p_pipe_write (lazy, "more", 4, &f.error), ==, 4);
  dms_pipe_fixture_expect (&f, "more");
  dms_pipe_fixture_send (&f, HEADER ECHO_LINE "answer", strlen (HEADER ECHO_LINE "answer"));
  data = dms_pipe_fixture_read (lazy, 6, &f.error);
  g_assert_no_error (f.error);
  g_assert_cmpstr (data, ==, "answer");
  g_assert_cmpint (dms_p2p_pipe_flush (lazy, &f.error), ==, 0);
  dms_pipe_fixture_clear (&f);
}

static void
test_cut (void)
{
  static const char bytes[] = HEADER ECHO_LINE "answer";

  for (gsize cut = 0; cut < sizeof bytes; cut++)
    {
      DmsPipeFixture f;
      g_autoptr (DmsP2pPipe) lazy = NULL;
      g_autofree char *data = NULL;
      char byte = 0;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, 1);
      if (cut > 0)
        dms_pipe_fixture_send (&f, bytes, cut);
      if (cut <= strlen (HEADER ECHO_LINE))
        g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, DMS_P2P_WOULD_BLOCK);
      g_assert_no_error (f.error);
      if (cut < sizeof bytes - 1)
        dms_pipe_fixture_send (&f, bytes + cut, sizeof bytes - 1 - cut);
      data = dms_pipe_fixture_read (lazy, 6, &f.error);
      g_assert_no_error (f.error);
      g_assert_cmpstr (data, ==, "answer");
      dms_pipe_fixture_clear (&f);
    }
}

/* Against the real other side, one byte at a time both ways. */
static void
test_trickle (void)
{
  static const char request[] = "request";
  DmsPipeFixture f;
  g_autoptr (DmsP2pPipe) left = NULL;
  g_autoptr (DmsP2pPipe) right = NULL;
  g_autoptr (DmsP2pPipe) lazy = NULL;
  g_autofree char *read = NULL;
  g_autofree char *answer = NULL;
  gsize written = 0;

  dms_pipe_fixture_init_pair (&f);
  left = dms_trickle_pipe_new (f.pipe);
  right = dms_trickle_pipe_new (f.other);
  lazy = dms_p2p_multistream_lazy_new (left, "/echo/1.0");
  dms_p2p_multistream_accept_async (right, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
  while (written < strlen (request))
    {
      gssize n = dms_p2p_pipe_write (lazy, request + written, strlen (request) - written, &f.error);

      g_assert_no_error (f.error);
      g_assert_true (n == DMS_P2P_WOULD_BLOCK || n == 1);
      written += n == 1 ? 1 : 0;
      dms_pipe_fixture_iterate ();
    }
  g_assert_true (dms_p2p_pipe_shutdown_write (lazy, &f.error));
  dms_pipe_fixture_wait (&f);
  g_assert_no_error (f.error);
  g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
  read = dms_pipe_fixture_read (right, 100, &f.error);
  g_assert_cmpstr (read, ==, request);
  while (dms_p2p_pipe_write (right, "!", 1, &f.error) != 1)
    g_assert_no_error (f.error);
  answer = dms_pipe_fixture_read (lazy, 1, &f.error);
  g_assert_no_error (f.error);
  g_assert_cmpstr (answer, ==, "!");
  dms_pipe_fixture_clear (&f);
}

/* Half-closing sends the proposal before, even if nothing was written. */
static void
test_half_close (gconstpointer data)
{
  gboolean is_trickle = GPOINTER_TO_INT (data);
  DmsPipeFixture f;
  g_autoptr (DmsP2pPipe) left = NULL;
  g_autoptr (DmsP2pPipe) lazy = NULL;
  g_autofree char *answer = NULL;

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  left = is_trickle ? dms_trickle_pipe_new (f.pipe) : g_object_ref (f.pipe);
  lazy = dms_p2p_multistream_lazy_new (left, "/echo/1.0");
  g_assert_true (dms_p2p_pipe_shutdown_write (lazy, &f.error));
  g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, -1);
  g_assert_error (f.error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&f.error);
  dms_pipe_fixture_expect (&f, HEADER ECHO_LINE);
  dms_pipe_fixture_expect_eof (&f);
  dms_pipe_fixture_send (&f, HEADER ECHO_LINE "!", strlen (HEADER ECHO_LINE "!"));
  answer = dms_pipe_fixture_read (lazy, 1, &f.error);
  g_assert_no_error (f.error);
  g_assert_cmpstr (answer, ==, "!");
  dms_pipe_fixture_clear (&f);
}

static void
on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  dms_p2p_pipe_want (pipe, 0);
}

/* Who waits for bytes first sends the proposal by that, together with what is written at once. */
static void
test_read_first (void)
{
  guint n = 0;

  for (guint i = 0; i < 3; i++)
    {
      DmsPipeFixture f;
      g_autoptr (DmsP2pPipe) lazy = NULL;
      char byte = 0;

      dms_pipe_fixture_init (&f, SOCK_SEQPACKET);
      lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
      dms_p2p_pipe_set_handler (lazy, on_ready, &n);
      if (i == 1)
        g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, DMS_P2P_WOULD_BLOCK);
      if (i != 1)
        dms_p2p_pipe_want (lazy, G_IO_IN);
      if (i == 2)
        g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, 1);
      dms_pipe_fixture_expect (&f, i == 2 ? HEADER ECHO_LINE "x" : HEADER ECHO_LINE);
      /* The answer alone is nothing that the user could read. */
      n = 0;
      dms_pipe_fixture_send (&f, HEADER ECHO_LINE, strlen (HEADER ECHO_LINE));
      dms_p2p_pipe_want (lazy, G_IO_IN);
      dms_pipe_fixture_iterate ();
      g_assert_cmpuint (n, ==, 0);
      dms_pipe_fixture_send (&f, "y", 1);
      dms_pipe_fixture_iterate ();
      g_assert_cmpuint (n, ==, 1);
      g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, 1);
      g_assert_cmpint (byte, ==, 'y');
      dms_pipe_fixture_clear (&f);
    }
}

typedef struct
{
  const char *what;
  const char *bytes;
  gsize size;
  DmsErrorCode code;
} Hostile;

#define BYTES(text) text, sizeof text - 1

static const Hostile hostile[] = {
  { "na", BYTES (HEADER NA), DMS_ERROR_NOT_SUPPORTED },
  { "na without a header", BYTES (NA), DMS_ERROR_INVALID_DATA },
  { "another protocol", BYTES (HEADER "\x03/b\n"), DMS_ERROR_INVALID_DATA },
  { "no header", BYTES (ECHO_LINE), DMS_ERROR_INVALID_DATA },
  { "an empty line", BYTES (HEADER "\x00"), DMS_ERROR_INVALID_DATA },
  { "a long line", BYTES (HEADER "\xff\xff\x03"), DMS_ERROR_TOO_LARGE },
  { "no newline", BYTES (HEADER "\x09/echo/1.0"), DMS_ERROR_INVALID_DATA },
  { "an end", BYTES (""), DMS_ERROR_IO },
  { "an end behind the header", BYTES (HEADER), DMS_ERROR_IO },
  { "an end in the answer", BYTES (HEADER "\x0a/echo"), DMS_ERROR_IO },
};

/* A refusal is an error of reading, and from then on of all else; a waiting handler hears of it. */
static void
test_hostile (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      DmsPipeFixture f;
      g_autoptr (DmsP2pPipe) lazy = NULL;
      guint n = 0;
      char byte = 0;

      g_test_message ("%s", hostile[i].what);
      dms_pipe_fixture_init (&f, SOCK_STREAM);
      lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, 1);
      dms_p2p_pipe_set_handler (lazy, on_ready, &n);
      dms_p2p_pipe_want (lazy, G_IO_IN);
      if (hostile[i].size > 0)
        dms_pipe_fixture_send (&f, hostile[i].bytes, hostile[i].size);
      if (hostile[i].code == DMS_ERROR_IO)
        shutdown (f.fd, SHUT_WR);
      dms_pipe_fixture_iterate ();
      g_assert_cmpuint (n, ==, 1);
      g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, -1);
      g_assert_error (f.error, DMS_ERROR, (int) hostile[i].code);
      g_clear_error (&f.error);
      g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, -1);
      g_clear_error (&f.error);
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, -1);
      g_assert_error (f.error, DMS_ERROR, (int) hostile[i].code);
      g_clear_error (&f.error);
      g_assert_cmpint (dms_p2p_pipe_flush (lazy, &f.error), ==, -1);
      g_clear_error (&f.error);
      g_assert_false (dms_p2p_pipe_shutdown_write (lazy, &f.error));
      dms_p2p_pipe_reset (lazy, 0);
      dms_pipe_fixture_clear (&f);
    }
}

static void
test_reset (void)
{
  for (guint i = 0; i < 2; i++)
    {
      DmsPipeFixture f;
      g_autoptr (DmsP2pPipe) lazy = NULL;
      char byte = 0;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
      if (i == 0)
        dms_p2p_pipe_reset (lazy, 0);
      else
        dms_p2p_pipe_close (lazy);
      dms_pipe_fixture_expect_eof (&f);
      g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, -1);
      g_clear_error (&f.error);
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, -1);
      dms_pipe_fixture_clear (&f);
    }
}

/* Closed before the answer came: what was written arrives, and the answer still finds somebody. */
static void
test_close_before_answer (void)
{
  for (guint i = 0; i < 4; i++)
    {
      DmsPipeFixture f;
      DmsP2pPipe *lazy = NULL;
      char byte = 0;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
      g_object_add_weak_pointer (G_OBJECT (lazy), (gpointer *) &lazy);
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "data", 4, &f.error), ==, 4);
      if (i % 2 == 1)
        g_assert_true (dms_p2p_pipe_shutdown_write (lazy, &f.error));
      dms_p2p_pipe_close (lazy);
      dms_p2p_pipe_close (lazy);
      g_assert_cmpint (dms_p2p_pipe_read (lazy, &byte, 1, &f.error), ==, -1);
      g_assert_error (f.error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
      g_clear_error (&f.error);
      g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, -1);
      g_clear_error (&f.error);
      g_object_unref (lazy);
      dms_pipe_fixture_expect (&f, HEADER ECHO_LINE "data");
      dms_pipe_fixture_expect_eof (&f);
      g_assert_nonnull (lazy);
      dms_pipe_fixture_send (&f, HEADER, strlen (HEADER));
      dms_pipe_fixture_iterate ();
      g_assert_nonnull (lazy);
      /* The answer, a refusal, and the end. */
      if (i < 2)
        dms_pipe_fixture_send (&f, ECHO_LINE, strlen (ECHO_LINE));
      else if (i == 2)
        dms_pipe_fixture_send (&f, NA, strlen (NA));
      else
        shutdown (f.fd, SHUT_WR);
      dms_pipe_fixture_iterate ();
      g_assert_null (lazy);
      g_assert_cmpint (send (f.fd, "y", 1, MSG_NOSIGNAL), ==, -1);
      dms_pipe_fixture_clear (&f);
    }
}

/* Reset while it waits for the answer. */
static void
test_reset_after_close (void)
{
  DmsPipeFixture f;
  DmsP2pPipe *lazy = NULL;

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  lazy = dms_p2p_multistream_lazy_new (f.pipe, "/echo/1.0");
  g_object_add_weak_pointer (G_OBJECT (lazy), (gpointer *) &lazy);
  g_assert_cmpint (dms_p2p_pipe_write (lazy, "data", 4, &f.error), ==, 4);
  dms_p2p_pipe_close (lazy);
  dms_p2p_pipe_reset (lazy, 0);
  g_object_unref (lazy);
  g_assert_null (lazy);
  dms_pipe_fixture_clear (&f);
}

static void
test_bad_name (void)
{
  DmsPipeFixture f;
  g_autoptr (DmsP2pPipe) lazy = NULL;

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  lazy = dms_p2p_multistream_lazy_new (f.pipe, "/a\n/b");
  g_assert_cmpint (dms_p2p_pipe_write (lazy, "x", 1, &f.error), ==, -1);
  g_assert_error (f.error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/lazy-pipe/one-write", test_one_write);
  g_test_add_func ("/p2p/lazy-pipe/cut", test_cut);
  g_test_add_func ("/p2p/lazy-pipe/trickle", test_trickle);
  g_test_add_data_func ("/p2p/lazy-pipe/half-close", GINT_TO_POINTER (FALSE), test_half_close);
  g_test_add_data_func ("/p2p/lazy-pipe/half-close-byte-by-byte", GINT_TO_POINTER (TRUE), test_half_close);
  g_test_add_func ("/p2p/lazy-pipe/read-first", test_read_first);
  g_test_add_func ("/p2p/lazy-pipe/hostile", test_hostile);
  g_test_add_func ("/p2p/lazy-pipe/reset", test_reset);
  g_test_add_func ("/p2p/lazy-pipe/close-before-answer", test_close_before_answer);
  g_test_add_func ("/p2p/lazy-pipe/reset-after-close", test_reset_after_close);
  g_test_add_func ("/p2p/lazy-pipe/bad-name", test_bad_name);
  return g_test_run ();
}
