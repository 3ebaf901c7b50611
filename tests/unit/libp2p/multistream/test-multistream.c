/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/socket.h>

#include "dms-pipe-fixture.h"
#include "dms-trickle-pipe.h"
#include "multistream/dms-p2p-multistream.h"

typedef struct
{
  const char *what;
  const char *bytes;
  gsize size;
  DmsErrorCode code;
} Hostile;

#define BYTES(text) text, sizeof text - 1

static const char *const one[] = { "/echo/1.0", NULL };
static const char *const three[] = { "/a", "/b", "/echo/1.0", NULL };

static gboolean
knows_echo (const char *protocol, gpointer user_data)
{
  return strcmp (protocol, "/echo/1.0") == 0;
}

static void
test_agree (gconstpointer data)
{
  gboolean is_trickle = GPOINTER_TO_INT (data);
  DmsPipeFixture a;
  DmsPipeFixture b = { NULL };
  g_autoptr (DmsP2pPipe) left = NULL;
  g_autoptr (DmsP2pPipe) right = NULL;

  dms_pipe_fixture_init_pair (&a);
  b.fd = -1;
  left = is_trickle ? dms_trickle_pipe_new (a.pipe) : g_object_ref (a.pipe);
  right = is_trickle ? dms_trickle_pipe_new (a.other) : g_object_ref (a.other);
  dms_p2p_multistream_select_async (left, three, NULL, dms_pipe_fixture_on_selected, &a);
  dms_p2p_multistream_accept_async (right, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &b);
  dms_pipe_fixture_wait (&a);
  dms_pipe_fixture_wait (&b);
  g_assert_no_error (a.error);
  g_assert_no_error (b.error);
  g_assert_cmpstr (a.protocol, ==, "/echo/1.0");
  g_assert_cmpstr (b.protocol, ==, "/echo/1.0");
  dms_pipe_fixture_clear (&a);
  dms_pipe_fixture_clear (&b);
}

/* The header and the first proposal are one write, each further proposal is one. */
static void
test_select_writes (void)
{
  DmsPipeFixture f;

  dms_pipe_fixture_init (&f, SOCK_SEQPACKET);
  dms_p2p_multistream_select_async (f.pipe, three, NULL, dms_pipe_fixture_on_selected, &f);
  dms_pipe_fixture_expect (&f, HEADER "\x03/a\n");
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_send (&f, BYTES (HEADER));
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_send (&f, BYTES (NA));
  dms_pipe_fixture_expect (&f, "\x03/b\n");
  dms_pipe_fixture_send (&f, BYTES (NA));
  dms_pipe_fixture_expect (&f, ECHO_LINE);
  dms_pipe_fixture_send (&f, BYTES (NA));
  dms_pipe_fixture_wait (&f);
  g_assert_error (f.error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (f.error->message, "/a, /b, /echo/1.0"));
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_clear (&f);
}

/* The header and the answer to a proposal that comes with the other side's are one write. */
static void
test_accept_writes (void)
{
  DmsPipeFixture f;

  dms_pipe_fixture_init (&f, SOCK_SEQPACKET);
  dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_send (&f, BYTES (HEADER "\x03ls\n"));
  dms_pipe_fixture_expect (&f, HEADER NA);
  dms_pipe_fixture_send (&f, BYTES ("\x03/x\n"));
  dms_pipe_fixture_expect (&f, NA);
  dms_pipe_fixture_send (&f, BYTES (ECHO_LINE));
  dms_pipe_fixture_wait (&f);
  g_assert_no_error (f.error);
  g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
  dms_pipe_fixture_expect (&f, ECHO_LINE);
  dms_pipe_fixture_clear (&f);
}

/* Sends bytes cut in two at @cut. */
static void
send_cut (DmsPipeFixture *f, const char *bytes, gsize size, gsize cut)
{
  if (cut > 0)
    dms_pipe_fixture_send (f, bytes, cut);
  dms_pipe_fixture_iterate ();
  if (cut < size)
    dms_pipe_fixture_send (f, bytes + cut, size - cut);
  dms_pipe_fixture_iterate ();
}

static void
test_accept_cut (void)
{
  static const char bytes[] = HEADER "\x03/a\n" ECHO_LINE "data\x00more";

  for (gsize cut = 0; cut < sizeof bytes; cut++)
    {
      DmsPipeFixture f;
      g_autofree char *data = NULL;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
      send_cut (&f, bytes, sizeof bytes, cut);
      dms_pipe_fixture_wait (&f);
      g_assert_no_error (f.error);
      g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
      dms_pipe_fixture_expect (&f, HEADER NA ECHO_LINE);
      data = dms_pipe_fixture_read (f.pipe, 10, &f.error);
      g_assert_no_error (f.error);
      g_assert_cmpmem (data, 10, "data\x00more", 10);
      dms_pipe_fixture_clear (&f);
    }
}

static void
test_select_cut (void)
{
  static const char bytes[] = HEADER ECHO_LINE "\x01";

  for (gsize cut = 0; cut < sizeof bytes; cut++)
    {
      DmsPipeFixture f;
      g_autofree char *data = NULL;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      dms_p2p_multistream_select_async (f.pipe, one, NULL, dms_pipe_fixture_on_selected, &f);
      send_cut (&f, bytes, sizeof bytes - 1, cut);
      dms_pipe_fixture_wait (&f);
      g_assert_no_error (f.error);
      g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
      data = dms_pipe_fixture_read (f.pipe, 1, &f.error);
      g_assert_cmpmem (data, 1, "\x01", 1);
      dms_pipe_fixture_clear (&f);
    }
}

static void
test_byte_by_byte (void)
{
  static const char bytes[] = HEADER "\x03/a\n" ECHO_LINE;
  DmsPipeFixture f;

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
  for (gsize i = 0; i < sizeof bytes - 1; i++)
    {
      g_assert_false (f.is_done);
      dms_pipe_fixture_send (&f, bytes + i, 1);
      dms_pipe_fixture_iterate ();
    }
  g_assert_true (f.is_done);
  g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
  dms_pipe_fixture_clear (&f);
}

/* What both sides refuse, each right behind the header unless it says otherwise. */
static const Hostile hostile[] = {
  { "no header", BYTES (ECHO_LINE), DMS_ERROR_INVALID_DATA },
  { "another version", BYTES ("\x13/multistream/2.0.0\n"), DMS_ERROR_INVALID_DATA },
  { "HTTP",
    BYTES ("GET / HTTP/1.1\r\nHost: x\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    DMS_ERROR_INVALID_DATA },
  { "TLS",
    BYTES ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03xxxxxxxxxxxxxxxxxxxxxx"),
    DMS_ERROR_INVALID_DATA },
  { "a line of no bytes", BYTES (HEADER "\x00"), DMS_ERROR_INVALID_DATA },
  { "a line of no bytes at once", BYTES ("\x00"), DMS_ERROR_INVALID_DATA },
  { "an empty name", BYTES (HEADER "\x01\n"), DMS_ERROR_INVALID_DATA },
  { "no newline", BYTES (HEADER "\x09/echo/1.0"), DMS_ERROR_INVALID_DATA },
  { "two lines in one", BYTES (HEADER "\x14/echo/1.0\n/echo/1.0\n"), DMS_ERROR_INVALID_DATA },
  { "a control character", BYTES (HEADER "\x05/\x1b[A\n"), DMS_ERROR_INVALID_DATA },
  { "a NUL", BYTES (HEADER "\x05/a\x00\x62\n"), DMS_ERROR_INVALID_DATA },
  { "no UTF-8", BYTES (HEADER "\x04/\xff\xfe\n"), DMS_ERROR_INVALID_DATA },
  { "a roundabout length", BYTES (HEADER "\x83\x00/a\n"), DMS_ERROR_INVALID_DATA },
  { "a line of 1025 bytes", BYTES (HEADER "\x81\x08"), DMS_ERROR_TOO_LARGE },
  { "a line of 2 MiB", BYTES (HEADER "\x80\x80\x80\x01"), DMS_ERROR_TOO_LARGE },
  { "an endless length", BYTES (HEADER "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), DMS_ERROR_INVALID_DATA },
  { "the beginning of an endless length", BYTES (HEADER "\xff\xff"), DMS_ERROR_TOO_LARGE },
};

static void
check_hostile (const Hostile *bad, gboolean is_select)
{
  DmsPipeFixture f;

  g_test_message ("%s", bad->what);
  dms_pipe_fixture_init (&f, SOCK_STREAM);
  if (is_select)
    dms_p2p_multistream_select_async (f.pipe, one, NULL, dms_pipe_fixture_on_selected, &f);
  else
    dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
  dms_pipe_fixture_send (&f, bad->bytes, bad->size);
  dms_pipe_fixture_wait (&f);
  g_assert_error (f.error, DMS_ERROR, (int) bad->code);
  g_assert_null (f.protocol);
  g_assert_true (g_utf8_validate (f.error->message, -1, NULL));
  g_assert_cmpint (dms_p2p_pipe_get_wanted (f.pipe), ==, 0);
  dms_p2p_pipe_reset (f.pipe, 0);
  dms_pipe_fixture_clear (&f);
}

static void
test_hostile (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      check_hostile (&hostile[i], TRUE);
      check_hostile (&hostile[i], FALSE);
    }
}

/* An answer that is neither the proposal nor `na`. */
static void
test_other_answer (void)
{
  static const Hostile bad[] = {
    { "another protocol", BYTES (HEADER "\x03/b\n"), DMS_ERROR_INVALID_DATA },
    { "the header again", BYTES (HEADER HEADER), DMS_ERROR_INVALID_DATA },
    { "a longer name", BYTES (HEADER "\x0b/echo/1.00\n"), DMS_ERROR_INVALID_DATA },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    check_hostile (&bad[i], TRUE);
}

/* The longest line there may be. */
static void
test_long_line (void)
{
  g_autofree char *name = g_strnfill (1023, 'x');
  g_autofree char *too_long = g_strnfill (1024, 'x');
  const char *const good[] = { name, NULL };
  const char *const bad[] = { "/a", too_long, NULL };
  const char *const none[] = { NULL };
  g_autofree char *expected = g_strconcat (HEADER "\x80\x08", name, "\n", NULL);
  DmsPipeFixture f;

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  dms_p2p_multistream_select_async (f.pipe, good, NULL, dms_pipe_fixture_on_selected, &f);
  dms_pipe_fixture_expect (&f, expected);
  dms_pipe_fixture_send (&f, expected, strlen (expected));
  dms_pipe_fixture_wait (&f);
  g_assert_no_error (f.error);
  g_assert_cmpstr (f.protocol, ==, name);
  dms_pipe_fixture_clear (&f);

  for (guint i = 0; i < 2; i++)
    {
      dms_pipe_fixture_init (&f, SOCK_STREAM);
      dms_p2p_multistream_select_async (f.pipe, i == 0 ? bad : none, NULL, dms_pipe_fixture_on_selected, &f);
      dms_pipe_fixture_wait (&f);
      g_assert_error (f.error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      dms_pipe_fixture_expect (&f, "");
      dms_pipe_fixture_clear (&f);
    }
}

/* 64 proposals are answered, and no more. */
static void
test_many_proposals (void)
{
  for (guint n = 64; n <= 65; n++)
    {
      g_autoptr (GString) bytes = g_string_new (HEADER);
      DmsPipeFixture f;

      for (guint i = 0; i < n; i++)
        g_string_append (bytes, "\x03/a\n");
      g_string_append (bytes, ECHO_LINE);
      if (n == 64)
        g_string_truncate (bytes, strlen (HEADER) + 63 * 4 + strlen (ECHO_LINE));
      if (n == 64)
        memcpy (bytes->str + strlen (HEADER) + 63 * 4, ECHO_LINE, strlen (ECHO_LINE));
      dms_pipe_fixture_init (&f, SOCK_STREAM);
      dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
      dms_pipe_fixture_send (&f, bytes->str, bytes->len);
      dms_pipe_fixture_wait (&f);
      if (n == 64)
        g_assert_cmpstr (f.protocol, ==, "/echo/1.0");
      else
        g_assert_error (f.error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
      dms_pipe_fixture_clear (&f);
    }
}

static void
test_closed (void)
{
  static const char bytes[] = HEADER "\x03/a\n\x0a/echo";

  for (gsize size = 0; size < sizeof bytes; size++)
    {
      DmsPipeFixture f;

      dms_pipe_fixture_init (&f, SOCK_STREAM);
      dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &f);
      if (size > 0)
        dms_pipe_fixture_send (&f, bytes, size);
      shutdown (f.fd, SHUT_WR);
      dms_pipe_fixture_wait (&f);
      g_assert_error (f.error, DMS_ERROR, DMS_ERROR_IO);
      dms_pipe_fixture_clear (&f);
    }
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GCancellable) during = g_cancellable_new ();
  DmsPipeFixture f;

  g_cancellable_cancel (before);
  dms_pipe_fixture_init (&f, SOCK_STREAM);
  dms_p2p_multistream_select_async (f.pipe, one, before, dms_pipe_fixture_on_selected, &f);
  dms_pipe_fixture_wait (&f);
  g_assert_error (f.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_pipe_fixture_expect (&f, "");
  dms_pipe_fixture_clear (&f);

  dms_pipe_fixture_init (&f, SOCK_STREAM);
  dms_p2p_multistream_accept_async (f.pipe, knows_echo, NULL, during, dms_pipe_fixture_on_accepted, &f);
  dms_pipe_fixture_iterate ();
  g_assert_false (f.is_done);
  g_cancellable_cancel (during);
  dms_pipe_fixture_wait (&f);
  g_assert_error (f.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_pipe_fixture_clear (&f);
}

/* Neither of the three waits longer than 10 seconds, however slowly bytes come. */
static void
test_timeout (void)
{
  DmsPipeFixture select;
  DmsPipeFixture accept;
  DmsPipeFixture lazy;
  g_autoptr (DmsP2pPipe) lazy_pipe = NULL;
  g_autofree char *read = NULL;
  gint64 began = g_get_monotonic_time ();

  dms_pipe_fixture_init (&select, SOCK_STREAM);
  dms_pipe_fixture_init (&accept, SOCK_STREAM);
  dms_pipe_fixture_init (&lazy, SOCK_STREAM);
  lazy_pipe = dms_p2p_multistream_lazy_new (lazy.pipe, "/echo/1.0");
  g_assert_cmpint (dms_p2p_pipe_write (lazy_pipe, "x", 1, NULL), ==, 1);
  dms_p2p_multistream_select_async (select.pipe, one, NULL, dms_pipe_fixture_on_selected, &select);
  dms_p2p_multistream_accept_async (
      accept.pipe, knows_echo, NULL, NULL, dms_pipe_fixture_on_accepted, &accept);
  dms_pipe_fixture_send (&accept, BYTES (HEADER));
  dms_pipe_fixture_send (&lazy, BYTES (HEADER));
  read = dms_pipe_fixture_read (lazy_pipe, 1, &lazy.error);
  dms_pipe_fixture_wait (&select);
  dms_pipe_fixture_wait (&accept);
  g_assert_null (read);
  g_assert_error (lazy.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_error (select.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_error (accept.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 8 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_USEC_PER_SEC);
  dms_pipe_fixture_clear (&select);
  dms_pipe_fixture_clear (&accept);
  dms_pipe_fixture_clear (&lazy);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/p2p/multistream/agree", GINT_TO_POINTER (FALSE), test_agree);
  g_test_add_data_func ("/p2p/multistream/agree-byte-by-byte", GINT_TO_POINTER (TRUE), test_agree);
  g_test_add_func ("/p2p/multistream/select-writes", test_select_writes);
  g_test_add_func ("/p2p/multistream/accept-writes", test_accept_writes);
  g_test_add_func ("/p2p/multistream/accept-cut", test_accept_cut);
  g_test_add_func ("/p2p/multistream/select-cut", test_select_cut);
  g_test_add_func ("/p2p/multistream/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/p2p/multistream/hostile", test_hostile);
  g_test_add_func ("/p2p/multistream/other-answer", test_other_answer);
  g_test_add_func ("/p2p/multistream/long-line", test_long_line);
  g_test_add_func ("/p2p/multistream/many-proposals", test_many_proposals);
  g_test_add_func ("/p2p/multistream/closed", test_closed);
  g_test_add_func ("/p2p/multistream/cancelled", test_cancelled);
  g_test_add_func ("/p2p/multistream/timeout", test_timeout);
  return g_test_run ();
}
