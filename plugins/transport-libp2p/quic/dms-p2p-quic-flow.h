/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"
#include "quic/dms-p2p-quic-queue.h"

G_BEGIN_DECLS

typedef struct _DmsP2pQuicConnection DmsP2pQuicConnection;
typedef struct _DmsP2pQuicFlow DmsP2pQuicFlow;

/* What a connection knows of one stream. It outlives the pipe that the user has of it: ngtcp2 reads what it
 * sends again from the queue until the stream is closed, also after a reset. Counted; not a GObject, as there
 * are many. */
struct _DmsP2pQuicFlow
{
  guint ref_count;
  gint64 id;
  /* NULL when the connection has ended or ngtcp2 has closed the stream. */
  DmsP2pQuicConnection *connection;
  /* The user's; NULL when there is none. */
  DmsP2pPipe *pipe;
  GList link;
  GList ready_link;

  DmsP2pQuicQueue in;
  /* Flow control (RFC 9000 section 4): how much of @in the peer may have on its way, how much has been read
   * since when, and how much of what it may send it was not told yet. */
  guint64 window;
  guint64 consumed;
  ngtcp2_tstamp consumed_since;
  guint64 credit;

  DmsP2pQuicQueue out;
  guint64 sent;
  gsize room;
  /* All of @out is on its way, and there is much of it. */
  gboolean is_room_short;

  GError *failure;
  guint64 reset_code;
  /* What was written after the peer stopped reading. */
  gsize swallowed;
  gboolean is_incoming;
  /* Nobody was told of it yet. */
  gboolean is_pending;
  gboolean is_ready;
  gboolean is_end_read;
  gboolean is_reset;
  gboolean is_stopped;
  gboolean is_end_wanted;
  gboolean is_end_sent;
  gboolean is_closed;
  gboolean is_gone;
};

DmsP2pQuicFlow *dms_p2p_quic_flow_new (DmsP2pQuicConnection *connection, gint64 id);
DmsP2pQuicFlow *dms_p2p_quic_flow_ref (DmsP2pQuicFlow *self);
void dms_p2p_quic_flow_unref (DmsP2pQuicFlow *self);

/* Whether there is something for the other side. */
gboolean dms_p2p_quic_flow_has_output (const DmsP2pQuicFlow *self);
void dms_p2p_quic_flow_notify (DmsP2pQuicFlow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pQuicFlow, dms_p2p_quic_flow_unref)

G_END_DECLS
