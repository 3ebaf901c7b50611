/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-yamux-fixture.h"
#include "io/dms-p2p-stream.h"

#include <string.h>

enum
{
  BULK_BYTES = 64 * 1024 * 1024,
  N_STREAMS = 1000,
  CHUNK = 256 * 1024,
};

/* --- one stream, both ways ----------------------------------------------------------------------------- */

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

  /* Buffers for much are gone when little comes, or nothing for a while. */
  dms_p2p_yamux_set_keep_alive (DMS_P2P_YAMUX (client.session), 1, 30000);
  DMS_P2P_YAMUX (client.session)->ping_sent = 0;
  g_source_set_ready_time (DMS_P2P_YAMUX (client.session)->timer, 0);
  dms_p2p_yamux_wait_ms (20);
  g_assert_null (DMS_P2P_YAMUX (client.session)->input);
  g_assert_null (DMS_P2P_YAMUX (server.session)->input);
  g_assert_null (DMS_P2P_YAMUX (client.session)->output.data);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* Windows grow at both ends at once, as far as they may (rust-yamux #5410). */
static void
test_windows_grow (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  Flow near_flow;
  Flow far_flow;
  DmsP2pYamuxStream *streams[2];

  dms_p2p_yamux_make_pair (&client, &server);
  flow_init (&near_flow, dms_p2p_muxer_open (client.session, NULL), BULK_BYTES, TRUE);
  flow_init (&far_flow, dms_p2p_yamux_side_take (&server), BULK_BYTES, TRUE);
  /* As if the way were so long that no window is large enough. */
  DMS_P2P_YAMUX (client.session)->rtt_us = 100 * G_USEC_PER_SEC;
  DMS_P2P_YAMUX (server.session)->rtt_us = 100 * G_USEC_PER_SEC;
  streams[0] = DMS_P2P_YAMUX_STREAM (near_flow.pipe);
  streams[1] = DMS_P2P_YAMUX_STREAM (far_flow.pipe);
  dms_p2p_yamux_wait_for (&near_flow.is_done);
  dms_p2p_yamux_wait_for (&far_flow.is_done);
  for (int i = 0; i < 2; i++)
    g_assert_cmpuint (streams[i]->receive_max, ==, DMS_P2P_YAMUX_WINDOW_MAX);
  g_assert_cmpint (client.memory_peak, >=, DMS_P2P_YAMUX_WINDOW_MAX - DMS_P2P_YAMUX_WINDOW_FIRST);
  g_assert_cmpint (client.memory_peak, <=, DMS_P2P_YAMUX_WINDOW_MAX);
  g_assert_cmpstr (g_checksum_get_string (near_flow.sent), ==, g_checksum_get_string (far_flow.received));
  g_assert_cmpstr (g_checksum_get_string (far_flow.sent), ==, g_checksum_get_string (near_flow.received));
  flow_clear (&near_flow);
  flow_clear (&far_flow);
  g_assert_cmpint (client.memory, ==, 0);
  g_assert_cmpint (server.memory, ==, 0);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* --- many streams -------------------------------------------------------------------------------------- */

/* What came and could not be sent back yet. */
typedef struct
{
  guint8 buffer[2048];
  gsize start;
  gsize end;
} Echo;

static void
on_echo (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Echo *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = 0;

  while (TRUE)
    {
      if (self->start == self->end)
        {
          n = dms_p2p_pipe_read (pipe, self->buffer, sizeof self->buffer, &error);
          self->start = 0;
          self->end = n > 0 ? (gsize) n : 0;
        }
      g_assert_no_error (error);
      if (n == 0 && self->end == 0)
        break;
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_p2p_pipe_want (pipe, G_IO_IN);
          return;
        }
      n = dms_p2p_pipe_write (pipe, self->buffer + self->start, self->end - self->start, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_p2p_pipe_want (pipe, G_IO_OUT);
          return;
        }
      self->start += (gsize) n;
    }
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_close (pipe);
  g_object_unref (pipe);
  g_free (self);
}

static void
accept_echo (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  g_object_ref (pipe);
  dms_p2p_pipe_set_handler (pipe, on_echo, g_new0 (Echo, 1));
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

typedef struct
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  guint n_opened;
  guint n_done;
  guint n_open;
  guint n_busy;
  gboolean is_done;
} Many;

typedef struct
{
  Many *many;
  DmsP2pPipe *pipe;
  guint8 sent[700];
  guint8 got[700];
  gsize n_sent;
  gsize n_got;
} One;

static void
on_one (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  One *self = user_data;
  Many *many = self->many;
  guint8 end = 0;
  gssize n = 0;

  if (self->n_sent < sizeof self->sent)
    {
      n = dms_p2p_pipe_write (pipe, self->sent + self->n_sent, sizeof self->sent - self->n_sent, NULL);
      g_assert_true (n > 0 || n == DMS_P2P_WOULD_BLOCK);
      self->n_sent += n > 0 ? (gsize) n : 0;
      dms_p2p_pipe_want (pipe, self->n_sent < sizeof self->sent ? G_IO_OUT : G_IO_IN);
    }
  else if (self->n_got < sizeof self->got)
    {
      n = dms_p2p_pipe_read (pipe, self->got + self->n_got, sizeof self->got - self->n_got, NULL);
      g_assert_cmpint (n, >, 0);
      self->n_got += (gsize) n;
      if (self->n_got < sizeof self->got)
        return;
      g_assert_cmpmem (self->got, sizeof self->got, self->sent, sizeof self->sent);
      /* All are open at once before the first goes. */
      many->n_done++;
    }
  else
    {
      g_assert_cmpint (dms_p2p_pipe_read (pipe, &end, 1, NULL), ==, 0);
      dms_p2p_pipe_set_handler (pipe, NULL, NULL);
      g_object_unref (pipe);
      g_free (self);
      many->n_open--;
    }
}

/* As many as the other side allows before it accepts some. */
static void
many_open (Many *self)
{
  while (self->n_opened < N_STREAMS)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pPipe *pipe = dms_p2p_muxer_open (self->client.session, &error);
      One *one = NULL;

      if (pipe == NULL)
        {
          g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
          self->n_busy++;
          return;
        }
      one = g_new0 (One, 1);
      one->many = self;
      one->pipe = pipe;
      for (gsize i = 0; i < sizeof one->sent; i++)
        one->sent[i] = (guint8) g_test_rand_int ();
      dms_p2p_pipe_set_handler (pipe, on_one, one);
      dms_p2p_pipe_want (pipe, G_IO_OUT);
      self->n_opened++;
      self->n_open++;
    }
}

static void
test_many (void)
{
  Many many = { 0 };
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  dms_p2p_yamux_make_pair (&many.client, &many.server);
  dms_p2p_muxer_set_handlers (many.server.session, accept_echo, NULL, NULL, NULL);
  while (many.n_done < N_STREAMS)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      many_open (&many);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (many.n_busy, >, 0);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (many.client.session), ==, N_STREAMS);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (many.server.session), ==, N_STREAMS);
  for (GList *item = DMS_P2P_YAMUX (many.client.session)->all.head; item != NULL;)
    {
      DmsP2pPipe *pipe = item->data;

      item = item->next;
      g_assert_true (dms_p2p_pipe_shutdown_write (pipe, NULL));
    }
  while (many.n_open > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (many.client.session), ==, 0);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (many.server.session), ==, 0);
  dms_p2p_yamux_side_clear (&many.client);
  dms_p2p_yamux_side_clear (&many.server);
}

/* The other side opens more than it may: those are reset, and nothing else happens. */
static void
test_too_many (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_reset = 0;

  dms_p2p_yamux_make_pair (&client, &server);
  DMS_P2P_YAMUX (server.session)->n_inbound_max = 10;
  for (int i = 0; i < 14; i++)
    {
      DmsP2pPipe *pipe = dms_p2p_muxer_open (client.session, NULL);

      g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, NULL), ==, 1);
      g_ptr_array_add (streams, pipe);
    }
  dms_p2p_yamux_wait_ms (10);
  g_assert_cmpuint (server.streams->len, ==, 10);
  for (guint i = 0; i < streams->len; i++)
    n_reset += dms_p2p_pipe_write (streams->pdata[i], "x", 1, NULL) < 0;
  g_assert_cmpuint (n_reset, ==, 4);
  /* One goes, another may come. */
  g_ptr_array_set_size (server.streams, 9);
  dms_p2p_yamux_wait_ms (10);
  g_ptr_array_add (streams, dms_p2p_muxer_open (client.session, NULL));
  g_assert_cmpint (dms_p2p_pipe_write (streams->pdata[14], "x", 1, NULL), ==, 1);
  dms_p2p_yamux_wait_ms (10);
  g_assert_cmpuint (server.streams->len, ==, 10);
  g_clear_pointer (&streams, g_ptr_array_unref);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* --- back-pressure
 * ------------------------------------------------------------------------------------------ */

/* A stream that nobody reads takes a window of memory, and others go on. */
static void
test_unread (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) stuck = NULL;
  g_autoptr (DmsP2pPipe) unread = NULL;
  Flow near_flow;
  Flow far_flow;
  Flow stuck_flow;

  dms_p2p_yamux_make_pair (&client, &server);
  stuck = dms_p2p_muxer_open (client.session, NULL);
  flow_init (&stuck_flow, stuck, BULK_BYTES, TRUE);
  unread = dms_p2p_yamux_side_take (&server);
  flow_init (&near_flow, dms_p2p_muxer_open (client.session, NULL), 8 * 1024 * 1024, TRUE);
  flow_init (&far_flow, dms_p2p_yamux_side_take (&server), 8 * 1024 * 1024, TRUE);
  dms_p2p_yamux_wait_for (&near_flow.is_done);
  dms_p2p_yamux_wait_for (&far_flow.is_done);
  g_assert_cmpuint (stuck_flow.n_sent, ==, DMS_P2P_YAMUX_WINDOW_FIRST);
  g_assert_cmpuint (DMS_P2P_YAMUX_STREAM (unread)->queue.size, ==, DMS_P2P_YAMUX_WINDOW_FIRST);
  g_assert_cmpuint (DMS_P2P_YAMUX_STREAM (unread)->queue.room, <=, 2 * DMS_P2P_YAMUX_WINDOW_FIRST);
  flow_clear (&near_flow);
  flow_clear (&far_flow);
  g_assert_cmpint (server.memory, ==, DMS_P2P_YAMUX_WINDOW_FIRST);

  /* Once it is read, all comes. */
  flow_init (&near_flow, g_steal_pointer (&unread), 0, TRUE);
  dms_p2p_yamux_wait_for (&near_flow.is_done);
  g_assert_cmpuint (near_flow.n_received, ==, BULK_BYTES);
  g_assert_cmpstr (g_checksum_get_string (stuck_flow.sent), ==, g_checksum_get_string (near_flow.received));
  flow_clear (&near_flow);
  g_steal_pointer (&stuck);
  flow_clear (&stuck_flow);
  g_assert_cmpint (server.memory, ==, 0);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* Memory is refused: windows stay small and bytes go on; no memory at all resets the stream. */
static void
test_memory_refused (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  Flow near_flow;
  Flow far_flow;
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  dms_p2p_yamux_make_pair (&client, &server);
  server.memory_max = 2 * DMS_P2P_YAMUX_WINDOW_FIRST;
  flow_init (&near_flow, dms_p2p_muxer_open (client.session, NULL), 16 * 1024 * 1024, TRUE);
  flow_init (&far_flow, dms_p2p_yamux_side_take (&server), 0, TRUE);
  dms_p2p_yamux_wait_for (&far_flow.is_done);
  g_assert_cmpuint (far_flow.n_received, ==, 16 * 1024 * 1024);
  g_assert_cmpint (server.memory_peak, <=, server.memory_max);
  flow_clear (&near_flow);
  flow_clear (&far_flow);
  g_assert_cmpint (server.memory, ==, 0);

  server.memory_max = 0;
  flow_init (&near_flow, dms_p2p_muxer_open (client.session, NULL), 0, FALSE);
  g_object_ref (near_flow.pipe);
  dms_p2p_pipe_set_handler (near_flow.pipe, NULL, NULL);
  g_assert_cmpint (dms_p2p_pipe_write (near_flow.pipe, near_flow.data, 32 * 1024, &error), ==, 32 * 1024);
  dms_p2p_yamux_wait_ms (10);
  g_assert_cmpint (dms_p2p_pipe_write (near_flow.pipe, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_clear_error (&error);
  g_assert_cmpint (dms_p2p_pipe_read (server.streams->pdata[0], &byte, 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_object_unref (near_flow.pipe);
  flow_clear (&near_flow);
  g_assert_false (server.has_ended);
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* Writers of one session share it, however fast their handlers are. */
static void
test_fair (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  Flow out[4];
  Flow in[4];
  gsize least = G_MAXSIZE;
  gsize most = 0;

  dms_p2p_yamux_make_pair (&client, &server);
  for (int i = 0; i < 4; i++)
    {
      flow_init (&out[i], dms_p2p_muxer_open (client.session, NULL), BULK_BYTES, FALSE);
      flow_init (&in[i], dms_p2p_yamux_side_take (&server), 0, FALSE);
    }
  while (in[0].n_received < BULK_BYTES / 2)
    g_main_context_iteration (NULL, FALSE);
  for (int i = 0; i < 4; i++)
    {
      least = MIN (least, out[i].n_sent);
      most = MAX (most, out[i].n_sent);
    }
  g_test_message ("%" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT, least, most);
  g_assert_cmpuint (most, <, 2 * least);
  for (int i = 0; i < 4; i++)
    dms_p2p_yamux_wait_for (&in[i].is_done);
  for (int i = 0; i < 4; i++)
    {
      flow_clear (&out[i]);
      flow_clear (&in[i]);
    }
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* One that is told and writes only later, as GIO does, has its share beside one that always wants to. */
static gboolean
write_later (gpointer user_data)
{
  Flow *self = user_data;

  flow_write (self);
  if (self->n_sent < self->to_send)
    dms_p2p_pipe_want (self->pipe, G_IO_OUT);
  return G_SOURCE_REMOVE;
}

static void
on_later (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  dms_p2p_pipe_want (pipe, 0);
  g_idle_add_full (G_PRIORITY_DEFAULT, write_later, user_data, NULL);
}

static void
test_fair_later (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  Flow out[2];
  Flow in[2];

  dms_p2p_yamux_make_pair (&client, &server);
  for (int i = 0; i < 2; i++)
    {
      flow_init (&out[i], dms_p2p_muxer_open (client.session, NULL), BULK_BYTES, FALSE);
      if (i == 1)
        dms_p2p_pipe_set_handler (out[i].pipe, on_later, &out[i]);
      dms_p2p_pipe_want (out[i].pipe, G_IO_OUT);
      flow_init (&in[i], dms_p2p_yamux_side_take (&server), 0, FALSE);
    }
  dms_p2p_yamux_wait_for (&in[0].is_done);
  g_test_message ("%" G_GSIZE_FORMAT " beside %d", in[1].n_received, BULK_BYTES);
  g_assert_cmpuint (in[1].n_received, >, BULK_BYTES / 16);
  dms_p2p_yamux_wait_for (&in[1].is_done);
  for (int i = 0; i < 2; i++)
    {
      flow_clear (&out[i]);
      flow_clear (&in[i]);
    }
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

/* --- speed --------------------------------------------------------------------------------------------- */

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

/* The same by GIO's own calls. */
typedef struct
{
  DmsP2pStream *stream;
  guint8 *buffer;
  gsize left;
  gboolean is_done;
} GioFlow;

static void
on_gio_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GioFlow *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  self->left -= (gsize) n;
  self->is_done = self->left == 0;
  if (!self->is_done)
    g_input_stream_read_async (G_INPUT_STREAM (source), self->buffer, CHUNK, 0, NULL, on_gio_read, self);
}

static void
on_gio_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GioFlow *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error));
  g_assert_no_error (error);
  self->left -= CHUNK;
  self->is_done = self->left == 0;
  if (!self->is_done)
    g_output_stream_write_all_async (
        G_OUTPUT_STREAM (source), self->buffer, CHUNK, 0, NULL, on_gio_written, self);
}

static double
measure_gio (DmsP2pPipe *from, DmsP2pPipe *to, gsize size)
{
  GioFlow out = { dms_p2p_stream_new (from, "/x", NULL, NULL, NULL), g_malloc0 (CHUNK), size, FALSE };
  GioFlow in = { dms_p2p_stream_new (to, "/x", NULL, NULL, NULL), g_malloc0 (CHUNK), size, FALSE };
  gint64 start = g_get_monotonic_time ();
  double seconds = 0;

  g_input_stream_read_async (
      g_io_stream_get_input_stream (G_IO_STREAM (in.stream)), in.buffer, CHUNK, 0, NULL, on_gio_read, &in);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (out.stream)),
                                   out.buffer,
                                   CHUNK,
                                   0,
                                   NULL,
                                   on_gio_written,
                                   &out);
  dms_p2p_yamux_wait_for (&in.is_done);
  dms_p2p_yamux_wait_for (&out.is_done);
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_finalize_object (out.stream);
  g_assert_finalize_object (in.stream);
  g_free (out.buffer);
  g_free (in.buffer);
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
      opened = dms_p2p_muxer_open (client.session, NULL);
      dms_p2p_pipe_flush (opened, NULL);
      g_test_message ("and GIO over that: %.0f MB/s",
                      measure_gio (opened, dms_p2p_yamux_side_take (&server), size));
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
  g_test_add_func ("/libp2p/yamux/load/windows-grow", test_windows_grow);
  g_test_add_func ("/libp2p/yamux/load/many", test_many);
  g_test_add_func ("/libp2p/yamux/load/too-many", test_too_many);
  g_test_add_func ("/libp2p/yamux/load/unread", test_unread);
  g_test_add_func ("/libp2p/yamux/load/memory-refused", test_memory_refused);
  g_test_add_func ("/libp2p/yamux/load/fair", test_fair);
  g_test_add_func ("/libp2p/yamux/load/fair-later", test_fair_later);
  if (g_test_perf ())
    g_test_add_func ("/libp2p/yamux/load/speed", test_speed);
  return g_test_run ();
}
