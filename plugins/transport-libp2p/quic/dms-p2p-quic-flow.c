/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-flow.h"

#include "quic/dms-p2p-quic-limits.h"

DmsP2pQuicFlow *
dms_p2p_quic_flow_new (DmsP2pQuicConnection *connection, gint64 id)
{
  DmsP2pQuicFlow *self = g_new0 (DmsP2pQuicFlow, 1);

  self->ref_count = 1;
  self->id = id;
  self->connection = connection;
  self->link.data = self;
  self->ready_link.data = self;
  self->window = DMS_P2P_QUIC_STREAM_WINDOW;
  self->room = DMS_P2P_QUIC_MIN_ROOM;
  return self;
}

DmsP2pQuicFlow *
dms_p2p_quic_flow_ref (DmsP2pQuicFlow *self)
{
  self->ref_count++;
  return self;
}

void
dms_p2p_quic_flow_unref (DmsP2pQuicFlow *self)
{
  if (--self->ref_count > 0)
    return;
  dms_p2p_quic_queue_clear (&self->in);
  dms_p2p_quic_queue_clear (&self->out);
  g_clear_error (&self->failure);
  g_free (self);
}

gboolean
dms_p2p_quic_flow_has_output (const DmsP2pQuicFlow *self)
{
  return !self->is_stopped && (self->sent < self->out.end || (self->is_end_wanted && !self->is_end_sent));
}

void
dms_p2p_quic_flow_notify (DmsP2pQuicFlow *self)
{
  if (self->pipe != NULL)
    dms_p2p_pipe_notify (self->pipe);
}
