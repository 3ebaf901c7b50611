/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* Bytes of a stream, by their offsets, in blocks that do not move: what was sent and is not acknowledged, or
 * what was received and is not read. Empty when zeroed. */
typedef struct
{
  GQueue blocks;
  guint64 start;
  guint64 end;
} DmsP2pQuicQueue;

gsize dms_p2p_quic_queue_get_size (const DmsP2pQuicQueue *self);
void dms_p2p_quic_queue_append (DmsP2pQuicQueue *self, const void *data, gsize size);
/* Takes out what comes first. */
gsize dms_p2p_quic_queue_read (DmsP2pQuicQueue *self, void *buffer, gsize size);
/* Drops all before @offset. */
void dms_p2p_quic_queue_drop (DmsP2pQuicQueue *self, guint64 offset);
/* What there is from @offset on, in at most @n_vectors pieces. Returns how many. */
gsize
dms_p2p_quic_queue_peek (const DmsP2pQuicQueue *self, guint64 offset, ngtcp2_vec *vectors, gsize n_vectors);
void dms_p2p_quic_queue_clear (DmsP2pQuicQueue *self);

G_END_DECLS
