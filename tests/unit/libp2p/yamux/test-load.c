/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-yamux-fixture.h"

#include <string.h>

enum
{
  BULK_BYTES = 64 * 1024 * 1024,
  N_STREAMS = 1000,
  CHUNK = 256 * 1024,
};

/* --- one stream, both ways
 * ---------------------------------------------------------------------------------- */

typedef struct
{
  DmsP2pPipe *pipe;
  gsize to_send;
  gsize n_sent;
  guint8 *data;
  GChecksum *sent;
  GChecksum *received;
  gsize n_received;
  guint8 *buffer;
  gboolean is_done;
} Flow;

static void
flow_write (Flow *self)
{
  while (self->n_sent < self->to_send)
    {
      gsize size = MIN (CHUNK - self->n_sent % CHUNK, self->to_send - self->n_sent);
      const guint8 *data = self->data + self->n_sent % CHUNK;
      g_autoptr (GError) error = NULL;
      gssize n = dms_p2p_pipe_write (self->pipe, data, size, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      if (self->sent != NULL)
        g_checksum_update (self->sent, data, n);
      self->n_sent += (gsize) n;
    }
  g_assert_true (dms_p2p_pipe_shutdown_write (self->pipe, NULL));
  dms_p2p_pipe_want (self->pipe, dms_p2p_pipe_get_wanted (self->pipe) & ~(guint) G_IO_OUT);
}

static void
flow_read (Flow *self)
{
  g_autoptr (GError) error = NULL;
  gssize n = 0;

  while ((n = dms_p2p_pipe_read (self->pipe, self->buffer, CHUNK, &error)) > 0)
    {
      if (self->received != NULL)
        g_checksum_update (self->received, self->buffer, n);
      self->n_received += (gsize) n;
    }
  g_assert_no_error (error);
  if (n != 0)
    return;
  self->is_done = TRUE;
  dms_p2p_pipe_want (self->pipe, dms_p2p_pipe_get_wanted (self->pipe) & ~(guint) G_IO_IN);
}

static void
on_flow (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Flow *self = user_data;

  if ((condition & G_IO_IN) != 0)
    flow_read (self);
  if ((condition & G_IO_OUT) != 0)
    flow_write (self);
}

static void
flow_init (Flow *self, DmsP2pPipe *pipe, gsize to_send, gboolean is_checked)
{
  *self = (Flow){ .pipe = pipe, .to_send = to_send };
  self->data = g_malloc (CHUNK);
  self->buffer = g_malloc (CHUNK);
  for (gsize i = 0; i < CHUNK; i++)
    self->data[i] = (guint8) g_test_rand_int ();
  if (is_checked)
    {
      self->sent = g_checksum_new (G_CHECKSUM_SHA256);
      self->received = g_checksum_new (G_CHECKSUM_SHA256);
    }
  dms_p2p_pipe_set_handler (pipe, on_flow, self);
  dms_p2p_pipe_want (pipe, G_IO_IN | G_IO_OUT);
}

static void
flow_clear (Flow *self)
{
  g_assert_finalize_object (self->pipe);
  g_clear_pointer (&self->sent, g_checksum_free);
  g_clear_pointer (&self->received, g_checksum_free);
  g_free (self->data);
  g_free (self->buffer);
}

static void
test_bulk (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  Flow near_flow;
  Flow far_flow;

  dms_p2p_yamux_make_pair (&client, &server);
  flow_init (&near_flow, dms_p2p_muxer_open (client.session, NULL), BULK_BYTES, TRUE);
  flow_init (&far_flow, dms_p2p_yamux_side_take (&server), BULK_BYTES, TRUE);
  dms_p2p_yamux_wait_for (&near_flow.is_done);
  dms_p2p_yamux_wait_for (&far_flow.is_done);
  g_assert_cmpuint (near_flow.n_received, ==, BULK_BYTES);
  g_assert_cmpuint (far_flow.n_received, ==, BULK_BYTES);
  g_assert_cmpstr (g_checksum_get_string (near_flow.sent), ==, g_checksum_get_string (far_flow.received));
  g_assert_cmpstr (g_checksum_get_string (far_flow.sent), ==, g_checksum_get_string (near_flow.received));
  flow_clear (&near_flow);
  flow_clear (&far_flow);
  g_assert_cmpint (client.memory, ==, 0);
  g_assert_cmpint (server.memory, ==, 0);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* How fast, beside the bare socket; with -m perf. */
static double
measure (DmsP2pPipe *from, DmsP2pPipe *to, gsize size)
{
  Flow out;
  Flow in;
  gint64 start = g_get_monotonic_time ();
  double seconds = 0;

  flow_init (&out, from, size, FALSE);
  flow_init (&in, to, 0, FALSE);
  dms_p2p_yamux_wait_for (&in.is_done);
  g_assert_cmpuint (in.n_received, ==, size);
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  flow_clear (&out);
  flow_clear (&in);
  return (double) size / seconds / 1e6;
}

static void
test_speed (void)
{
  const gsize size = (gsize) 1024 * 1024 * 1024;

  for (int i = 0; i < 3; i++)
    {
      DmsP2pYamuxSide client;
      DmsP2pYamuxSide server;
      DmsP2pPipe *a = NULL;
      DmsP2pPipe *b = NULL;
      DmsP2pPipe *opened = NULL;

      dms_p2p_yamux_make_sockets (&a, &b);
      g_test_message ("socket pair: %.0f MB/s", measure (a, b, size));
      dms_p2p_yamux_make_pair (&client, &server);
      opened = dms_p2p_muxer_open (client.session, NULL);
      dms_p2p_pipe_flush (opened, NULL);
      g_test_message ("yamux over one: %.0f MB/s", measure (opened, dms_p2p_yamux_side_take (&server), size));
      g_test_message ("window memory: %" G_GINT64_FORMAT, server.memory_peak);
      dms_p2p_yamux_side_clear (&client);
      dms_p2p_yamux_side_clear (&server);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/yamux/load/bulk", test_bulk);
  if (g_test_perf ())
    g_test_add_func ("/libp2p/yamux/load/speed", test_speed);
  return g_test_run ();
}
