/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "../multistream/dms-trickle-pipe.h"
#include "io/dms-p2p-socket-pipe.h"
#include "pnet/dms-p2p-pnet-pipe.h"

enum
{
  /* More than the buffers of a socket pair hold. */
  BIG = 3 * 1024 * 1024 + 7,
  PATIENCE_S = 20,
};

typedef struct
{
  GBytes *key;
  /* What is on the wire: a plain socket at the other end, or a second pipe. */
  GSocket *sockets[2];
  DmsP2pPipe *pipe;
  DmsP2pPipe *other;
} Fixture;

static GBytes *
make_key (guint8 first)
{
  guint8 key[DMS_P2P_PNET_KEY_SIZE];

  memset (key, 7, sizeof key);
  key[0] = first;
  return g_bytes_new (key, sizeof key);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      self->sockets[i] = g_socket_new_from_fd (fds[i], NULL);
      g_assert_nonnull (self->sockets[i]);
    }
  self->key = make_key (1);
}

static DmsP2pPipe *
wrap (Fixture *self, guint i, GBytes *key)
{
  g_autoptr (DmsP2pPipe) raw = dms_p2p_socket_pipe_new (self->sockets[i]);

  return dms_p2p_pnet_pipe_new (raw, key);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  if (self->pipe != NULL)
    g_assert_finalize_object (g_steal_pointer (&self->pipe));
  if (self->other != NULL)
    g_assert_finalize_object (g_steal_pointer (&self->other));
  g_clear_object (&self->sockets[0]);
  g_clear_object (&self->sockets[1]);
  g_clear_pointer (&self->key, g_bytes_unref);
}

/* The first stream test of NaCl, tests/stream3. */
static void
test_vector (void)
{
  DmsP2pPnetCipher cipher;
  guint8 key[32];
  guint8 nonce[24];
  guint8 expected[32];
  guint8 stream[32] = { 0 };

  sodium_hex2bin (key,
                  sizeof key,
                  "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389",
                  64,
                  NULL,
                  NULL,
                  NULL);
  sodium_hex2bin (
      nonce, sizeof nonce, "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37", 48, NULL, NULL, NULL);
  sodium_hex2bin (expected,
                  sizeof expected,
                  "eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880",
                  64,
                  NULL,
                  NULL,
                  NULL);
  dms_p2p_pnet_cipher_init (&cipher, key, nonce);
  dms_p2p_pnet_cipher_apply (&cipher, stream, stream, sizeof stream);
  g_assert_cmpmem (stream, sizeof stream, expected, sizeof expected);
}

/* Cut at any two places it is what libsodium makes of the whole. */
static void
test_offsets (void)
{
  guint8 key[32];
  guint8 nonce[24];
  guint8 plain[300];
  guint8 whole[300];

  randombytes_buf (key, sizeof key);
  randombytes_buf (nonce, sizeof nonce);
  randombytes_buf (plain, sizeof plain);
  crypto_stream_xsalsa20_xor (whole, plain, sizeof plain, nonce, key);
  for (gsize first = 0; first <= sizeof plain; first++)
    for (gsize second = first; second <= sizeof plain; second++)
      {
        DmsP2pPnetCipher cipher;
        guint8 got[300];
        const gsize ends[] = { first, second, sizeof plain };
        gsize at = 0;

        dms_p2p_pnet_cipher_init (&cipher, key, nonce);
        for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
          {
            dms_p2p_pnet_cipher_apply (&cipher, got + at, plain + at, ends[i] - at);
            dms_p2p_pnet_cipher_advance (&cipher, ends[i] - at);
            at = ends[i];
          }
        g_assert_cmpmem (got, sizeof got, whole, sizeof whole);
        dms_p2p_pnet_cipher_clear (&cipher);
        g_assert_true (sodium_is_zero ((const guint8 *) &cipher, sizeof cipher));
      }
}

/* Somebody who only waits sends the nonce all the same: js-libp2p says nothing before it has it. */
static void
test_nonce_comes_first (Fixture *self, gconstpointer data)
{
  guint8 wire[64];
  char byte = 0;
  g_autoptr (GError) error = NULL;

  self->pipe = wrap (self, 0, self->key);
  g_assert_cmpint (dms_p2p_pipe_read (self->pipe, &byte, 1, &error), ==, DMS_P2P_WOULD_BLOCK);
  g_assert_no_error (error);
  g_assert_cmpint (recv (g_socket_get_fd (self->sockets[1]), wire, sizeof wire, MSG_DONTWAIT), ==, 24);
  g_assert_cmpint (recv (g_socket_get_fd (self->sockets[1]), wire, sizeof wire, MSG_DONTWAIT), ==, -1);
}

/* What is on the wire is a nonce and the plain text under it. */
static void
test_wire (Fixture *self, gconstpointer data)
{
  static const char text[] = "/multistream/1.0.0";
  guint8 wire[200];
  guint8 plain[200];
  g_autoptr (GError) error = NULL;
  GOutputVector vectors[] = { { text, 5 }, { text + 5, 0 }, { text + 5, sizeof text - 5 } };

  self->pipe = wrap (self, 0, self->key);
  g_assert_cmpint (dms_p2p_pipe_writev (self->pipe, vectors, 3, &error), ==, sizeof text);
  g_assert_cmpint (dms_p2p_pipe_write (self->pipe, "!", 1, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (recv (g_socket_get_fd (self->sockets[1]), wire, sizeof wire, 0), ==, 24 + sizeof text + 1);
  crypto_stream_xsalsa20_xor (plain, wire + 24, sizeof text + 1, wire, g_bytes_get_data (self->key, NULL));
  g_assert_cmpmem (plain, sizeof text, text, sizeof text);
  g_assert_cmpint (plain[sizeof text], ==, '!');
  g_assert_null (memmem (wire, sizeof text + 25, "multistream", 11));
  g_assert_cmpint (dms_p2p_pipe_flush (self->pipe, &error), ==, 0);
}

/* A connection that takes a byte at a time, and every other time none: the nonce still comes first and whole,
 * and is not counted as what the caller wrote. */
static void
test_trickle (Fixture *self, gconstpointer data)
{
  static const char text[] = "/multistream/1.0.0";
  g_autoptr (DmsP2pPipe) raw = dms_p2p_socket_pipe_new (self->sockets[0]);
  g_autoptr (DmsP2pPipe) trickle = dms_trickle_pipe_new (raw);
  g_autoptr (GError) error = NULL;
  guint8 wire[24 + sizeof text + 1];
  guint8 plain[sizeof text];
  gsize n_written = 0;

  self->pipe = dms_p2p_pnet_pipe_new (trickle, self->key);
  for (guint i = 0; n_written < sizeof text && i < 4 * sizeof wire; i++)
    {
      gssize n = dms_p2p_pipe_write (self->pipe, text + n_written, sizeof text - n_written, &error);

      g_assert_no_error (error);
      g_assert_true (n == DMS_P2P_WOULD_BLOCK || n == 1);
      n_written += n > 0 ? (gsize) n : 0;
    }
  g_assert_cmpuint (n_written, ==, sizeof text);
  g_assert_cmpint (
      recv (g_socket_get_fd (self->sockets[1]), wire, sizeof wire, MSG_DONTWAIT), ==, 24 + sizeof text);
  crypto_stream_xsalsa20_xor (plain, wire + 24, sizeof text, wire, g_bytes_get_data (self->key, NULL));
  g_assert_cmpmem (plain, sizeof plain, text, sizeof text);
}

/* Bytes that come one by one: the nonce in 24 pieces, then the text in pieces. */
static void
test_fragments (Fixture *self, gconstpointer data)
{
  static const char text[] =
      "byte by byte, over the first block and into the second one of the stream of keys";
  guint8 wire[24 + sizeof text];
  char got[sizeof text];
  gsize n_got = 0;
  g_autoptr (GError) error = NULL;

  self->pipe = wrap (self, 0, self->key);
  randombytes_buf (wire, 24);
  crypto_stream_xsalsa20_xor (
      wire + 24, (const guint8 *) text, sizeof text, wire, g_bytes_get_data (self->key, NULL));
  for (gsize i = 0; i < sizeof wire; i++)
    {
      gssize n = 0;

      g_assert_cmpint (send (g_socket_get_fd (self->sockets[1]), wire + i, 1, 0), ==, 1);
      n = dms_p2p_pipe_read (self->pipe, got + n_got, sizeof got - n_got, &error);
      g_assert_no_error (error);
      g_assert_cmpint (n, ==, i < 24 ? DMS_P2P_WOULD_BLOCK : 1);
      n_got += n > 0 ? (gsize) n : 0;
    }
  g_assert_cmpmem (got, n_got, text, sizeof text);
}

static void
test_end_within_nonce (Fixture *self, gconstpointer data)
{
  char byte = 0;
  g_autoptr (GError) error = NULL;

  self->pipe = wrap (self, 0, self->key);
  g_assert_cmpint (send (g_socket_get_fd (self->sockets[1]), "half a nonce", 12, 0), ==, 12);
  g_socket_shutdown (self->sockets[1], FALSE, TRUE, NULL);
  g_assert_cmpint (dms_p2p_pipe_read (self->pipe, &byte, 1, &error), ==, 0);
  g_assert_no_error (error);
  g_socket_close (self->sockets[1], NULL);
  g_assert_cmpint (dms_p2p_pipe_write (self->pipe, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

/* One direction of a transfer. */
typedef struct
{
  const guint8 *sent;
  gsize n_sent;
  GByteArray *got;
  guint n_blocked;
} Flow;

static void
on_writable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Flow *flow = user_data;
  g_autoptr (GError) error = NULL;

  while (flow->n_sent < BIG)
    {
      gsize size = MIN (BIG - flow->n_sent, 70001);
      gssize n = dms_p2p_pipe_write (pipe, flow->sent + flow->n_sent, size, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          flow->n_blocked++;
          return;
        }
      g_assert_cmpint (n, >, 0);
      flow->n_sent += (gsize) n;
    }
  dms_p2p_pipe_want (pipe, 0);
  g_assert_true (dms_p2p_pipe_shutdown_write (pipe, &error));
}

static void
on_readable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Flow *flow = user_data;
  guint8 block[5003];
  g_autoptr (GError) error = NULL;
  gssize n = dms_p2p_pipe_read (pipe, block, sizeof block, &error);

  g_assert_no_error (error);
  if (n > 0)
    g_byte_array_append (flow->got, block, (guint) n);
  if (n == 0)
    dms_p2p_pipe_want (pipe, 0);
}

/* Through full buffers, where a write is taken in part and what is left is encrypted anew. */
static void
test_back_pressure (Fixture *self, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc (BIG);
  g_autoptr (GByteArray) got = g_byte_array_new ();
  Flow flow = { bytes, 0, got, 0 };
  gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;

  randombytes_buf (bytes, BIG);
  self->pipe = wrap (self, 0, self->key);
  self->other = wrap (self, 1, self->key);
  dms_p2p_pipe_set_handler (self->pipe, on_writable, &flow);
  dms_p2p_pipe_want (self->pipe, G_IO_OUT);
  dms_p2p_pipe_set_handler (self->other, on_readable, &flow);
  dms_p2p_pipe_want (self->other, G_IO_IN);
  while (dms_p2p_pipe_get_wanted (self->other) != 0 && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpmem (got->data, got->len, bytes, BIG);
  g_assert_cmpuint (flow.n_blocked, >, 0);
}

/* Another key gives noise, of the same length and no error: there is nothing here to tell it by. */
static void
test_other_key (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) key = make_key (2);
  char got[5];
  g_autoptr (GError) error = NULL;

  self->pipe = wrap (self, 0, self->key);
  self->other = wrap (self, 1, key);
  g_assert_cmpint (dms_p2p_pipe_write (self->pipe, "hello", 5, &error), ==, 5);
  g_assert_cmpint (dms_p2p_pipe_read (self->other, got, sizeof got, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpint (memcmp (got, "hello", 5), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);

  g_test_add_func ("/p2p-pnet/cipher/vector", test_vector);
  g_test_add_func ("/p2p-pnet/cipher/offsets", test_offsets);
  g_test_add ("/p2p-pnet/pipe/nonce-comes-first", Fixture, NULL, set_up, test_nonce_comes_first, tear_down);
  g_test_add ("/p2p-pnet/pipe/wire", Fixture, NULL, set_up, test_wire, tear_down);
  g_test_add ("/p2p-pnet/pipe/trickle", Fixture, NULL, set_up, test_trickle, tear_down);
  g_test_add ("/p2p-pnet/pipe/fragments", Fixture, NULL, set_up, test_fragments, tear_down);
  g_test_add ("/p2p-pnet/pipe/end-within-nonce", Fixture, NULL, set_up, test_end_within_nonce, tear_down);
  g_test_add ("/p2p-pnet/pipe/back-pressure", Fixture, NULL, set_up, test_back_pressure, tear_down);
  g_test_add ("/p2p-pnet/pipe/other-key", Fixture, NULL, set_up, test_other_key, tear_down);
  return g_test_run ();
}
