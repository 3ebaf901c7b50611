/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-line.h"

#include "gossipsub/dms-p2p-gossip-limits.h"
#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* A peer that takes nothing for so long is given up. Ours. */
  DMS_P2P_GOSSIP_WRITE_TIMEOUT_MS = 30 * 1000,
  /* An RPC that has begun ends within so long, or nothing more is read. Ours. */
  DMS_P2P_GOSSIP_READ_TIMEOUT_MS = 30 * 1000,
};

struct _DmsP2pGossipLine
{
  guint n_refs;
  DmsPeerId *peer;
  DmsP2pGossipLineFuncs funcs;
  gpointer user_data;
  DmsP2pGossipQueue *queue;
  DmsP2pPipe *outlet;
  DmsP2pPipe *inlet;
  GCancellable *writing;
  GCancellable *reading;
  GMainContext *context;
  GSource *break_source;
  gboolean is_writing;
  gboolean is_reading;
  gboolean is_held;
  /* What the inlet pays for while it is held. */
  gsize held_size;
  gboolean is_closed;
};

/* One reading or writing of a line. */
typedef struct
{
  DmsP2pGossipLine *line;
  GCancellable *cancellable;
} DmsP2pGossipOp;

static void dms_p2p_gossip_line_read (DmsP2pGossipLine *self);
static void dms_p2p_gossip_line_write (DmsP2pGossipLine *self);

static DmsP2pGossipOp *
dms_p2p_gossip_op_new (DmsP2pGossipLine *line, GCancellable *cancellable)
{
  DmsP2pGossipOp *op = g_new0 (DmsP2pGossipOp, 1);

  op->line = dms_p2p_gossip_line_ref (line);
  op->cancellable = g_object_ref (cancellable);
  return op;
}

static void
dms_p2p_gossip_op_free (DmsP2pGossipOp *op)
{
  dms_p2p_gossip_line_unref (op->line);
  g_object_unref (op->cancellable);
  g_free (op);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipOp, dms_p2p_gossip_op_free)

DmsP2pGossipLine *
dms_p2p_gossip_line_new (DmsPeerId *peer, const DmsP2pGossipLineFuncs *funcs, gpointer user_data)
{
  DmsP2pGossipLine *self = g_new0 (DmsP2pGossipLine, 1);

  self->n_refs = 1;
  self->peer = dms_peer_id_ref (peer);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->queue = dms_p2p_gossip_queue_new ();
  self->context = g_main_context_ref_thread_default ();
  return self;
}

DmsP2pGossipLine *
dms_p2p_gossip_line_ref (DmsP2pGossipLine *self)
{
  self->n_refs++;
  return self;
}

/* Cancels what is under way on a pipe, and resets it. */
static void
dms_p2p_gossip_line_drop (GCancellable **cancellable, DmsP2pPipe **pipe, DmsP2pResetCode code)
{
  g_autoptr (DmsP2pPipe) dropped = g_steal_pointer (pipe);
  g_autoptr (GCancellable) cancelled = g_steal_pointer (cancellable);

  if (cancelled != NULL)
    g_cancellable_cancel (cancelled);
  if (dropped != NULL)
    dms_p2p_pipe_reset (dropped, code);
}

static void
dms_p2p_gossip_line_drop_inlet (DmsP2pGossipLine *self, DmsP2pResetCode code)
{
  if (self->inlet != NULL && self->held_size > 0)
    dms_p2p_pipe_charge (self->inlet, -(gssize) self->held_size);
  self->held_size = 0;
  self->is_reading = FALSE;
  dms_p2p_gossip_line_drop (&self->reading, &self->inlet, code);
}

void
dms_p2p_gossip_line_close (DmsP2pGossipLine *self)
{
  self->is_closed = TRUE;
  if (self->break_source != NULL)
    g_source_destroy (self->break_source);
  g_clear_pointer (&self->break_source, g_source_unref);
  dms_p2p_gossip_line_drop (&self->writing, &self->outlet, DMS_P2P_RESET_NONE);
  dms_p2p_gossip_line_drop_inlet (self, DMS_P2P_RESET_NONE);
  dms_p2p_gossip_queue_clear (self->queue);
}

void
dms_p2p_gossip_line_unref (DmsP2pGossipLine *self)
{
  if (--self->n_refs > 0)
    return;
  dms_p2p_gossip_line_close (self);
  dms_p2p_gossip_queue_free (self->queue);
  g_main_context_unref (self->context);
  dms_peer_id_unref (self->peer);
  g_free (self);
}

DmsPeerId *
dms_p2p_gossip_line_get_peer (DmsP2pGossipLine *self)
{
  return self->peer;
}

gboolean
dms_p2p_gossip_line_is_open (DmsP2pGossipLine *self)
{
  return self->outlet != NULL;
}

/* Breaking: told from the main loop. */

static gboolean
dms_p2p_gossip_line_on_break (gpointer user_data)
{
  DmsP2pGossipLine *self = user_data;

  g_clear_pointer (&self->break_source, g_source_unref);
  dms_p2p_gossip_line_ref (self);
  self->funcs.broken (self, self->user_data);
  dms_p2p_gossip_line_unref (self);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_gossip_line_break (DmsP2pGossipLine *self)
{
  dms_p2p_gossip_line_drop (&self->writing, &self->outlet, DMS_P2P_RESET_NONE);
  dms_p2p_gossip_queue_clear (self->queue);
  if (self->is_closed || self->break_source != NULL)
    return;
  self->break_source = g_idle_source_new ();
  g_source_set_priority (self->break_source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->break_source, "dms-p2p-gossip-broken");
  g_source_set_callback (self->break_source, dms_p2p_gossip_line_on_break, self, NULL);
  g_source_attach (self->break_source, self->context);
}

/* Writing */

static void
dms_p2p_gossip_line_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pGossipOp) op = user_data;
  DmsP2pGossipLine *self = op->line;
  g_autoptr (GError) error = NULL;
  gboolean is_written = dms_p2p_pipe_write_all_finish (result, &error);

  if (g_cancellable_is_cancelled (op->cancellable))
    return;
  self->is_writing = FALSE;
  if (is_written)
    {
      dms_p2p_gossip_line_write (self);
      return;
    }
  g_debug ("Gossip to %s ended: %s", dms_peer_id_get_text (self->peer), error->message);
  dms_p2p_gossip_line_break (self);
}

static void
dms_p2p_gossip_line_write (DmsP2pGossipLine *self)
{
  g_autoptr (GBytes) rpc = NULL;
  g_autoptr (GBytes) frame = NULL;

  if (self->outlet == NULL || self->is_writing)
    return;
  rpc = dms_p2p_gossip_queue_pop (self->queue);
  if (rpc == NULL)
    return;
  self->is_writing = TRUE;
  frame = dms_p2p_frame_new (g_bytes_get_data (rpc, NULL), g_bytes_get_size (rpc));
  dms_p2p_pipe_write_all_async (self->outlet,
                                frame,
                                DMS_P2P_GOSSIP_WRITE_TIMEOUT_MS,
                                self->writing,
                                dms_p2p_gossip_line_on_written,
                                dms_p2p_gossip_op_new (self, self->writing));
}

void
dms_p2p_gossip_line_send (DmsP2pGossipLine *self, GBytes *rpc, DmsP2pGossipUrgency urgency)
{
  if (self->is_closed || self->outlet == NULL)
    return;
  if (!dms_p2p_gossip_queue_push (self->queue, rpc, urgency))
    {
      dms_p2p_gossip_line_break (self);
      return;
    }
  dms_p2p_gossip_line_write (self);
}

/* Reading */

/* What the other side is told of why nothing more is read. */
static DmsP2pResetCode
dms_p2p_gossip_line_choose_code (const GError *error)
{
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_TOO_LARGE))
    return DMS_P2P_RESET_PROTOCOL_VIOLATION;
  return g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY) ? DMS_P2P_RESET_RESOURCE_LIMIT
                                                            : DMS_P2P_RESET_NONE;
}

static void
dms_p2p_gossip_line_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pGossipOp) op = user_data;
  DmsP2pGossipLine *self = op->line;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) rpc = dms_p2p_frame_read_finish (result, &error);

  if (g_cancellable_is_cancelled (op->cancellable))
    return;
  self->is_reading = FALSE;
  if (rpc == NULL)
    {
      dms_p2p_gossip_line_drop_inlet (self, dms_p2p_gossip_line_choose_code (error));
      return;
    }
  if (!self->funcs.received (self, rpc, self->user_data))
    {
      /* It may have been replaced or closed meanwhile. */
      if (!g_cancellable_is_cancelled (op->cancellable))
        dms_p2p_gossip_line_drop_inlet (self, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      return;
    }
  if (!g_cancellable_is_cancelled (op->cancellable))
    dms_p2p_gossip_line_read (self);
}

static void
dms_p2p_gossip_line_read (DmsP2pGossipLine *self)
{
  if (self->reading == NULL || self->is_reading || self->is_held)
    return;
  self->is_reading = TRUE;
  dms_p2p_frame_await_async (self->inlet,
                             DMS_P2P_GOSSIP_MAX_RPC,
                             DMS_P2P_GOSSIP_READ_TIMEOUT_MS,
                             self->reading,
                             dms_p2p_gossip_line_on_read,
                             dms_p2p_gossip_op_new (self, self->reading));
}

static void
dms_p2p_gossip_line_start_reading (DmsP2pGossipLine *self)
{
  if (self->inlet == NULL || self->outlet == NULL || self->reading != NULL)
    return;
  self->reading = g_cancellable_new ();
  dms_p2p_gossip_line_read (self);
}

void
dms_p2p_gossip_line_hold (DmsP2pGossipLine *self, gsize size)
{
  if (self->is_held)
    return;
  self->is_held = TRUE;
  if (self->inlet == NULL)
    return;
  if (dms_p2p_pipe_charge (self->inlet, (gssize) size))
    self->held_size = size;
  else
    dms_p2p_gossip_line_drop_inlet (self, DMS_P2P_RESET_RESOURCE_LIMIT);
}

void
dms_p2p_gossip_line_release (DmsP2pGossipLine *self)
{
  if (!self->is_held)
    return;
  self->is_held = FALSE;
  if (self->inlet != NULL && self->held_size > 0)
    dms_p2p_pipe_charge (self->inlet, -(gssize) self->held_size);
  self->held_size = 0;
  dms_p2p_gossip_line_read (self);
}

void
dms_p2p_gossip_line_set_inlet (DmsP2pGossipLine *self, DmsP2pStream *stream)
{
  dms_p2p_gossip_line_drop_inlet (self, DMS_P2P_RESET_NONE);
  self->inlet = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_gossip_line_start_reading (self);
}

void
dms_p2p_gossip_line_set_outlet (DmsP2pGossipLine *self, DmsP2pStream *stream)
{
  dms_p2p_gossip_line_drop (&self->writing, &self->outlet, DMS_P2P_RESET_NONE);
  self->outlet = dms_p2p_stream_steal_pipe (stream);
  self->writing = g_cancellable_new ();
  self->is_writing = FALSE;
  dms_p2p_gossip_line_write (self);
  dms_p2p_gossip_line_start_reading (self);
}
