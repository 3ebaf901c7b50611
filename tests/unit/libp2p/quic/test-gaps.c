/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-quic-fixture.h"
#include "quic/dms-p2p-quic-connection-private.h"
#include "quic/dms-p2p-quic-limits.h"

/* A peer that sends every other byte of a stream: its packets are rewritten before they are encrypted, by
 * taking the place of the function of ngtcp2's helper that does that. */

static gboolean is_attacking;
static guint n_streams;
static guint n_gaps;
static guint n_fragments;

/* RFC 9000 section 19.8: a STREAM frame of one byte, with offset and length, on one stream after the other.
 */
static gsize
write_fragment (guint8 *to)
{
  guint64 id = 4 * (guint64) (n_fragments % n_streams);
  guint64 offset = 3 + 2 * (guint64) (n_fragments / n_streams);
  const guint8 frame[] = { 0x0e,
                           (guint8) (0x40 | id >> 8),
                           (guint8) id,
                           (guint8) (0x80 | offset >> 24),
                           (guint8) (offset >> 16),
                           (guint8) (offset >> 8),
                           (guint8) offset,
                           0x01,
                           'x' };

  memcpy (to, frame, sizeof frame);
  n_fragments++;
  return sizeof frame;
}

int
ngtcp2_crypto_encrypt_cb (uint8_t *dest,
                          const ngtcp2_crypto_aead *aead,
                          const ngtcp2_crypto_aead_ctx *context,
                          const uint8_t *plain,
                          size_t size,
                          const uint8_t *nonce,
                          size_t nonce_size,
                          const uint8_t *aad,
                          size_t aad_size)
{
  g_autofree guint8 *other = NULL;

  if (is_attacking && size > 1000)
    {
      gsize at = 0;

      other = g_malloc0 (size);
      while (at + 9 <= size && n_fragments < n_streams * n_gaps)
        at += write_fragment (other + at);
      plain = other;
    }
  return ngtcp2_crypto_encrypt (dest, aead, context, plain, size, nonce, nonce_size, aad, aad_size) == 0
             ? 0
             : NGTCP2_ERR_CALLBACK_FAILURE;
}

static void
attack (DmsQuicFixture *self, guint streams, guint gaps)
{
  g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree guint8 *data = g_malloc0 (65536);
  DmsP2pQuicConnection *server = NULL;
  gsize most = 0;

  n_streams = streams;
  n_gaps = gaps;
  n_fragments = 0;
  dms_quic_fixture_connect (self);
  /* As many as fill the window of the connection. */
  for (guint i = 0; i < 3; i++)
    {
      DmsP2pPipe *other = NULL;

      g_ptr_array_add (pipes, dms_quic_fixture_open (self, &other));
    }
  dms_quic_run (50);
  server = DMS_P2P_QUIC_CONNECTION (self->inbound->muxer);
  for (guint i = 0; i < 5000 && self->n_server_closed == 0 && self->n_client_closed == 0; i++)
    {
      DmsP2pPipe *pipe = g_ptr_array_index (pipes, i % pipes->len);

      dms_p2p_pipe_write (pipe, data, 65536, NULL);
      is_attacking = TRUE;
      dms_p2p_pipe_flush (pipe, NULL);
      is_attacking = FALSE;
      dms_quic_run (1);
      most = MAX (most, server->memory.used);
    }
  g_test_message ("%u fragments took %" G_GSIZE_FORMAT " bytes", n_fragments, most);
  g_assert_cmpuint (most, <=, DMS_P2P_QUIC_BASE_MEMORY + 2 * DMS_P2P_QUIC_WINDOW + 65536);
}

static gboolean
is_server_closed (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->n_server_closed > 0;
}

/* ngtcp2 takes no more than 1,000 gaps in a stream. */
static void
test_one_stream (DmsQuicFixture *self, gconstpointer listen_address)
{
  attack (self, 1, 100000);
  dms_quic_run_until (is_server_closed, self, 10);
  g_assert_error (self->server_closed, DMS_ERROR, DMS_ERROR_IO);
}

/* But it does so for each stream; together they must not take more than a connection may. */
static void
test_many_streams (DmsQuicFixture *self, gconstpointer listen_address)
{
  attack (self, 250, 990);
  dms_quic_run_until (is_server_closed, self, 10);
  g_assert_error (self->server_closed, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_cmpuint (n_fragments, >, 10000);
}

static void
add (const char *path, void (*test) (DmsQuicFixture *, gconstpointer))
{
  g_test_add (path, DmsQuicFixture, NULL, dms_quic_fixture_set_up, test, dms_quic_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/p2p-quic/gaps/one-stream", test_one_stream);
  add ("/p2p-quic/gaps/many-streams", test_many_streams);
  return g_test_run ();
}
