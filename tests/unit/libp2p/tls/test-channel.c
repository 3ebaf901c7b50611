/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "p2p-secure-fixture.h"

/* What TLS and Noise have in common as pipes: each test runs over both. */

/* Bytes that go one way and are hashed at both ends. */
typedef struct
{
  DmsP2pPipe *from;
  DmsP2pPipe *to;
  guint64 size;
  guint64 sent;
  guint64 received;
  gsize piece;
  gboolean by_vectors;
  GChecksum *sent_sum;
  GChecksum *received_sum;
  gboolean has_ended;
} Transfer;

static guint8 transfer_data[300000];

static void
on_writable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Transfer *self = user_data;
  g_autoptr (GError) error = NULL;

  while (self->sent < self->size)
    {
      gsize offset = self->sent % 997;
      gsize size = MIN (self->piece, MIN (self->size - self->sent, sizeof transfer_data - offset));
      GOutputVector vectors[3] = { { transfer_data + offset, size / 3 },
                                   { transfer_data + offset + size / 3, 0 },
                                   { transfer_data + offset + size / 3, size - size / 3 } };
      gssize n = self->by_vectors ? dms_p2p_pipe_writev (pipe, vectors, 3, &error)
                                  : dms_p2p_pipe_write (pipe, transfer_data + offset, size, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      g_assert_cmpint (n, >, 0);
      g_checksum_update (self->sent_sum, transfer_data + offset, n);
      self->sent += (guint64) n;
    }
  dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~G_IO_OUT);
  g_assert_true (dms_p2p_pipe_shutdown_write (pipe, &error));
  g_assert_no_error (error);
}

static void
on_readable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Transfer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *buffer = g_malloc (self->piece);
  gssize n = dms_p2p_pipe_read (pipe, buffer, self->piece, &error);

  g_assert_no_error (error);
  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  g_assert_cmpint (n, >=, 0);
  g_checksum_update (self->received_sum, buffer, n);
  self->received += (guint64) n;
  if (n > 0)
    return;
  self->has_ended = TRUE;
  dms_p2p_pipe_want (pipe, 0);
}

static void
transfer (DmsP2pPipe *from, DmsP2pPipe *to, guint64 size, gsize piece, gboolean by_vectors)
{
  Transfer self = { from, to, size, .piece = piece, .by_vectors = by_vectors };

  self.sent_sum = g_checksum_new (G_CHECKSUM_SHA256);
  self.received_sum = g_checksum_new (G_CHECKSUM_SHA256);
  dms_p2p_pipe_set_handler (from, on_writable, &self);
  dms_p2p_pipe_set_handler (to, on_readable, &self);
  dms_p2p_pipe_want (to, G_IO_IN);
  dms_p2p_pipe_want (from, G_IO_OUT);
  p2p_run_until (&self.has_ended);
  g_assert_cmpuint (self.received, ==, size);
  g_assert_cmpstr (g_checksum_get_string (self.sent_sum), ==, g_checksum_get_string (self.received_sum));
  dms_p2p_pipe_set_handler (from, NULL, NULL);
  dms_p2p_pipe_set_handler (to, NULL, NULL);
  g_checksum_free (self.sent_sum);
  g_checksum_free (self.received_sum);
}

static void
test_bytes (gconstpointer data)
{
  const gsize pieces[] = { 1, 100, 4096, 16384, 70000, 300000 };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      P2pEnd client;
      P2pEnd server;
      guint64 size = pieces[i] == 1 ? 2000 : pieces[i] == 300000 ? 50 * 1024 * 1024 : 2 * 1024 * 1024;

      p2p_ends_secure (&client, &server, data);
      g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (client.secured->key),
                                        dms_p2p_identity_get_peer_id (server.identity)));
      g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (server.secured->key),
                                        dms_p2p_identity_get_peer_id (client.identity)));
      transfer (client.secured->pipe, server.secured->pipe, size, pieces[i], i % 2 == 0);
      /* The other way is still open: a half-close closes a half. */
      transfer (server.secured->pipe, client.secured->pipe, size, pieces[i], i % 2 == 1);
      p2p_end_clear (&client);
      p2p_end_clear (&server);
    }
}

static void
test_fragments (gconstpointer data)
{
  const gsize sizes[] = { 1, 2, 3, 5, 17, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      P2pEnd client;
      P2pEnd server;
      DmsP2pPipe *pipes[2];

      p2p_socket_pair (&pipes[0], &pipes[1]);
      p2p_end_init (&client, data, p2p_slow_pipe_new (pipes[0], sizes[i]));
      p2p_end_init (&server, data, p2p_slow_pipe_new (pipes[1], sizes[i]));
      p2p_ends_run (&client, &server);
      g_assert_no_error (client.error);
      g_assert_no_error (server.error);
      transfer (client.secured->pipe, server.secured->pipe, 50000, 40000, FALSE);
      transfer (server.secured->pipe, client.secured->pipe, 50000, 700, TRUE);
      p2p_end_clear (&client);
      p2p_end_clear (&server);
    }
}

static void
test_muxers (gconstpointer data)
{
  static const char *const none[] = { NULL };
  static const char *const yamux[] = { "/yamux/1.0.0", NULL };
  static const char *const both[] = { "/mplex/6.7.0", "/yamux/1.0.0", NULL };
  static const char *const other[] = { "/other/1.0.0", "/yamux/1.0.0", "/mplex/6.7.0", NULL };
  const struct
  {
    const char *const *client;
    const char *const *server;
    const char *muxer;
  } cases[] = {
    { yamux, yamux, "/yamux/1.0.0" },
    { yamux, none, NULL },
    { none, yamux, NULL },
    { NULL, yamux, NULL },
    { both, yamux, "/yamux/1.0.0" },
    { both, other, "/mplex/6.7.0" },
    { other, both, "/yamux/1.0.0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      P2pEnd client;
      P2pEnd server;
      DmsP2pPipe *pipes[2];

      p2p_socket_pair (&pipes[0], &pipes[1]);
      p2p_end_init (&client, data, pipes[0]);
      p2p_end_init (&server, data, pipes[1]);
      client.muxers = cases[i].client;
      server.muxers = cases[i].server;
      p2p_ends_run (&client, &server);
      g_assert_no_error (client.error);
      g_assert_no_error (server.error);
      g_assert_cmpstr (client.secured->muxer, ==, cases[i].muxer);
      g_assert_cmpstr (server.secured->muxer, ==, cases[i].muxer);
      p2p_end_clear (&client);
      p2p_end_clear (&server);
    }
}

static void
test_wrong_peer (gconstpointer data)
{
  P2pEnd client;
  P2pEnd server;
  DmsP2pPipe *pipes[2];
  g_autoptr (DmsP2pIdentity) somebody = dms_p2p_identity_new_random ();

  p2p_socket_pair (&pipes[0], &pipes[1]);
  p2p_end_init (&client, data, pipes[0]);
  p2p_end_init (&server, data, pipes[1]);
  client.expected = dms_peer_id_ref (dms_p2p_identity_get_peer_id (somebody));
  server.expected = dms_peer_id_ref (dms_p2p_identity_get_peer_id (client.identity));
  p2p_ends_run (&client, &server);
  g_assert_error (client.error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  g_assert_nonnull (strstr (client.error->message, dms_peer_id_get_text (client.expected)));
  g_assert_nonnull (
      strstr (client.error->message, dms_peer_id_get_text (dms_p2p_identity_get_peer_id (server.identity))));
  g_assert_nonnull (server.error);
  p2p_end_clear (&client);
  p2p_end_clear (&server);
}

static void
test_right_peer (gconstpointer data)
{
  P2pEnd client;
  P2pEnd server;
  DmsP2pPipe *pipes[2];

  p2p_socket_pair (&pipes[0], &pipes[1]);
  p2p_end_init (&client, data, pipes[0]);
  p2p_end_init (&server, data, pipes[1]);
  client.expected = dms_peer_id_ref (dms_p2p_identity_get_peer_id (server.identity));
  server.expected = dms_peer_id_ref (dms_p2p_identity_get_peer_id (client.identity));
  p2p_ends_run (&client, &server);
  g_assert_no_error (client.error);
  g_assert_no_error (server.error);
  p2p_end_clear (&client);
  p2p_end_clear (&server);
}

/* Whatever a stranger says, it is an error, at once. */
static void
test_garbage (gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    {
      P2pEnd end;
      DmsP2pPipe *other = NULL;
      DmsP2pPipe *raw = NULL;
      guint8 garbage[600];
      gboolean is_client = i % 2;

      for (guint j = 0; j < sizeof garbage; j++)
        garbage[j] = (guint8) g_test_rand_int ();
      /* Sometimes what begins right. */
      if (i % 4 == 0)
        memcpy (garbage, "\x16\x03\x03\x01\x00", 5);
      if (i % 4 == 1)
        memcpy (garbage, "\x00\x60", 2);
      p2p_socket_pair (&raw, &other);
      p2p_end_init (&end, data, raw);
      dms_p2p_pipe_write (other, garbage, sizeof garbage, NULL);
      dms_p2p_pipe_shutdown_write (other, NULL);
      p2p_end_start (&end, is_client);
      p2p_run_until (&end.is_over);
      g_assert_nonnull (end.error);
      g_assert_true (end.error->domain == DMS_ERROR);
      g_object_unref (other);
      p2p_end_clear (&end);
    }
}

/* A handshake of which any bit is changed fails, at once, on one side at least; but for the version at the
 * head of TLS's records, which nobody looks at (RFC 8446, 5.1), and no error is anything but told. */
static void
test_flipped (gconstpointer data)
{
  const P2pSecurity *security = data;
  gsize size = security == &p2p_security_tls ? 900 : 200;
  guint n_cases = 0;
  guint n_unnoticed = 0;

  for (gsize at = 0; at < size; at += security == &p2p_security_tls ? 7 : 2)
    {
      P2pEnd ends[2];
      DmsP2pPipe *pipes[2];
      guint victim = at % 2;

      p2p_socket_pair (&pipes[0], &pipes[1]);
      for (guint i = 0; i < 2; i++)
        p2p_end_init (&ends[i], data, p2p_slow_pipe_new (pipes[i], G_MAXSIZE));
      p2p_slow_pipe_flip (ends[victim].raw, at);
      for (guint i = 0; i < 2; i++)
        {
          ends[i].cancellable = g_cancellable_new ();
          p2p_end_start (&ends[i], i == 0);
        }
      /* A length that was changed makes a side wait for more; the others end by themselves. */
      for (guint i = 0; i < 200 && !(ends[0].is_over && ends[1].is_over); i++)
        {
          if (!g_main_context_iteration (NULL, FALSE))
            g_usleep (100);
        }
      for (guint i = 0; i < 2; i++)
        g_cancellable_cancel (ends[i].cancellable);
      p2p_run_until (&ends[0].is_over);
      p2p_run_until (&ends[1].is_over);
      n_cases++;
      if (ends[0].error == NULL && ends[1].error == NULL)
        n_unnoticed++;
      for (guint i = 0; i < 2; i++)
        {
          g_assert_true (ends[i].error == NULL || ends[i].error->domain == DMS_ERROR);
          p2p_end_clear (&ends[i]);
        }
    }
  /* Of TLS, the versions of half a dozen records, and what the other side says less than @size. */
  g_test_message ("%u of %u were not noticed", n_unnoticed, n_cases);
  g_assert_cmpuint (n_unnoticed, <=, security == &p2p_security_tls ? n_cases / 10 : 0);
}

static void
test_cancel (gconstpointer data)
{
  P2pEnd end;
  DmsP2pPipe *other = NULL;
  DmsP2pPipe *raw = NULL;

  p2p_socket_pair (&raw, &other);
  p2p_end_init (&end, data, raw);
  end.cancellable = g_cancellable_new ();
  p2p_end_start (&end, FALSE);
  for (guint i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (end.is_over);
  g_cancellable_cancel (end.cancellable);
  p2p_run_until (&end.is_over);
  g_assert_error (end.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_object_unref (other);
  p2p_end_clear (&end);
}

/* Somebody who says nothing is given up after 10 seconds. */
static void
test_silence (void)
{
  const P2pSecurity *securities[] = { &p2p_security_tls, &p2p_security_noise };
  P2pEnd ends[2][2];
  DmsP2pPipe *others[2][2];
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < 4; i++)
    {
      P2pEnd *end = &ends[i / 2][i % 2];
      DmsP2pPipe *raw = NULL;

      p2p_socket_pair (&raw, &others[i / 2][i % 2]);
      p2p_end_init (end, securities[i / 2], raw);
      p2p_end_start (end, i % 2 == 0);
    }
  for (guint i = 0; i < 4; i++)
    {
      P2pEnd *end = &ends[i / 2][i % 2];

      p2p_run_until (&end->is_over);
      g_assert_error (end->error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, 9900 * 1000);
      g_object_unref (others[i / 2][i % 2]);
      p2p_end_clear (end);
    }
}

typedef struct
{
  gboolean has_ended;
  gssize n;
  GError *error;
} End;

static void
on_end (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  End *end = user_data;
  guint8 buffer[100];

  end->n = dms_p2p_pipe_read (pipe, buffer, sizeof buffer, &end->error);
  if (end->n == DMS_P2P_WOULD_BLOCK || end->n > 0)
    return;
  end->has_ended = TRUE;
  dms_p2p_pipe_want (pipe, 0);
}

/* A pipe that is reset, and one that is cut within a record, are an error; one that is closed is not. */
static void
test_ends (gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      P2pEnd client;
      P2pEnd server;
      End end = { 0 };
      g_autoptr (GError) error = NULL;

      p2p_ends_secure (&client, &server, data);
      dms_p2p_pipe_set_handler (server.secured->pipe, on_end, &end);
      dms_p2p_pipe_want (server.secured->pipe, G_IO_IN);
      if (i == 0)
        dms_p2p_pipe_close (client.secured->pipe);
      else if (i == 1)
        dms_p2p_pipe_reset (client.secured->pipe, 0);
      else
        {
          /* The first bytes of a record, then the end. */
          g_assert_cmpint (dms_p2p_pipe_write (client.raw, "\x17\x03\x03", 3, NULL), ==, 3);
          dms_p2p_pipe_shutdown_write (client.raw, NULL);
        }
      p2p_run_until (&end.has_ended);
      if (i == 0 || (i == 1 && g_str_equal (client.security->name, "noise")))
        {
          g_assert_no_error (end.error);
          g_assert_cmpint (end.n, ==, 0);
        }
      else
        {
          g_assert_true (g_error_matches (end.error, DMS_ERROR, DMS_ERROR_IO) ||
                         g_error_matches (end.error, DMS_ERROR, DMS_ERROR_INVALID_DATA));
          g_assert_cmpint (end.n, ==, -1);
        }
      if (i < 2)
        {
          g_assert_cmpint (dms_p2p_pipe_write (client.secured->pipe, "x", 1, &error), ==, -1);
          g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
        }
      g_clear_error (&end.error);
      p2p_end_clear (&client);
      p2p_end_clear (&server);
    }
}

/* What is closed with bytes on their way delivers them. */
static void
test_linger (gconstpointer data)
{
  P2pEnd client;
  P2pEnd server;
  Transfer self = { .piece = 10000 };
  guint64 sent = 0;
  gssize n = 0;

  p2p_ends_secure (&client, &server, data);
  while ((n = dms_p2p_pipe_write (client.secured->pipe, transfer_data, 50000, NULL)) > 0)
    sent += (guint64) n;
  g_assert_cmpint (n, ==, DMS_P2P_WOULD_BLOCK);
  dms_p2p_pipe_close (client.secured->pipe);
  p2p_end_clear (&client);
  self.received_sum = g_checksum_new (G_CHECKSUM_SHA256);
  dms_p2p_pipe_set_handler (server.secured->pipe, on_readable, &self);
  dms_p2p_pipe_want (server.secured->pipe, G_IO_IN);
  p2p_run_until (&self.has_ended);
  g_assert_cmpuint (self.received, ==, sent);
  g_checksum_free (self.received_sum);
  p2p_end_clear (&server);
}

/* One bit that changed on its way ends the connection. */
static void
test_tampered (gconstpointer data)
{
  P2pEnd ends[2];
  DmsP2pPipe *pipes[2];
  End end = { 0 };
  guint8 buffer[1000];
  gssize n = 0;
  g_autoptr (GError) error = NULL;

  p2p_socket_pair (&pipes[0], &pipes[1]);
  p2p_end_init (&ends[0], data, pipes[0]);
  p2p_end_init (&ends[1], data, pipes[1]);
  p2p_ends_run (&ends[0], &ends[1]);
  /* Takes a record off the wire and puts it on again. */
  dms_p2p_pipe_write (ends[0].secured->pipe, "hello", 5, NULL);
  n = dms_p2p_pipe_read (pipes[1], buffer, sizeof buffer, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, >, 20);
  buffer[n - 3] ^= 1;
  dms_p2p_pipe_unread (pipes[1], buffer, n);
  dms_p2p_pipe_set_handler (ends[1].secured->pipe, on_end, &end);
  dms_p2p_pipe_want (ends[1].secured->pipe, G_IO_IN);
  p2p_run_until (&end.has_ended);
  g_assert_cmpint (end.n, ==, -1);
  g_assert_nonnull (end.error);
  /* It stays so. */
  g_assert_cmpint (dms_p2p_pipe_read (ends[1].secured->pipe, buffer, sizeof buffer, NULL), ==, -1);
  g_assert_cmpint (dms_p2p_pipe_write (ends[1].secured->pipe, "x", 1, NULL), ==, -1);
  g_clear_error (&end.error);
  p2p_end_clear (&ends[0]);
  p2p_end_clear (&ends[1]);
}

int
main (int argc, char **argv)
{
  const P2pSecurity *securities[] = { &p2p_security_tls, &p2p_security_noise };
  const struct
  {
    const char *name;
    GTestDataFunc test;
  } tests[] = {
    { "bytes", test_bytes },           { "fragments", test_fragments },   { "muxers", test_muxers },
    { "wrong-peer", test_wrong_peer }, { "right-peer", test_right_peer }, { "garbage", test_garbage },
    { "cancel", test_cancel },         { "flipped", test_flipped },       { "ends", test_ends },
    { "linger", test_linger },         { "tampered", test_tampered },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < sizeof transfer_data; i++)
    transfer_data[i] = (guint8) (i * 2654435761u >> 13);
  for (guint i = 0; i < G_N_ELEMENTS (securities); i++)
    for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        g_autofree char *path = g_strdup_printf ("/p2p/channel/%s/%s", securities[i]->name, tests[j].name);

        g_test_add_data_func (path, securities[i], tests[j].test);
      }
  g_test_add_func ("/p2p/channel/silence", test_silence);
  return g_test_run ();
}
