/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"
#include "security/dms-p2p-buffer.h"

G_BEGIN_DECLS

/* How much of the raw pipe is read at once: a call serves several records. Below what malloc maps anew each
 * time (128 KiB), and no less than the largest frame of Noise (65,537). */
#define DMS_P2P_CHANNEL_IN ((gsize) 112 * 1024)
/* From how much on sealed bytes are sent on, and beyond which none are made until they have gone. */
#define DMS_P2P_CHANNEL_OUT ((gsize) 64 * 1024)

#define DMS_TYPE_P2P_CHANNEL (dms_p2p_channel_get_type ())

G_DECLARE_DERIVABLE_TYPE (DmsP2pChannel, dms_p2p_channel, DMS, P2P_CHANNEL, DmsP2pPipe)

/**
 * DmsP2pChannelClass:
 * @open: takes sealed bytes from the input and writes what they say to the buffer. As dms_p2p_pipe_read(); 0
 * when the other side said in the channel itself that it ends
 * @seal: puts one record made of the next bytes of the vectors to the output. Returns of how many; -1 with an
 * error
 * @is_ready: whether @open could do something now, without more input
 * @end: (nullable): puts to the output that nothing follows; %NULL when the end of the raw pipe says that
 * @may_end: whether the raw pipe may end here: %FALSE is taken for an attack that cuts bytes off
 *
 * What a secure channel does to a record. The rest, which is about pipes, is done here.
 */
struct _DmsP2pChannelClass
{
  DmsP2pPipeClass parent_class;

  gssize (*open) (DmsP2pChannel *self, void *buffer, gsize size, GError **error);
  gssize (
      *seal) (DmsP2pChannel *self, const GOutputVector *vectors, gsize n_vectors, gsize skip, GError **error);
  gboolean (*is_ready) (DmsP2pChannel *self);
  void (*end) (DmsP2pChannel *self);
  gboolean (*may_end) (DmsP2pChannel *self);
};

/* For subclasses. */
void dms_p2p_channel_set_raw (DmsP2pChannel *self, DmsP2pPipe *raw);
DmsP2pPipe *dms_p2p_channel_get_raw (DmsP2pChannel *self);
DmsP2pBuffer *dms_p2p_channel_get_in (DmsP2pChannel *self);
DmsP2pBuffer *dms_p2p_channel_get_out (DmsP2pChannel *self);
/* The handshake is over: takes the raw pipe's handler. */
void dms_p2p_channel_start (DmsP2pChannel *self);
/* Reads once from the raw pipe into the input. As dms_p2p_pipe_read(). */
gssize dms_p2p_channel_fill (DmsP2pChannel *self, GError **error);
/* Writes the output to the raw pipe. 0 when all has gone; else as dms_p2p_pipe_flush(). */
gssize dms_p2p_channel_send (DmsP2pChannel *self, GError **error);
gboolean dms_p2p_channel_has_raw_ended (DmsP2pChannel *self);
/* Whether anything has ever come. */
gboolean dms_p2p_channel_has_heard (DmsP2pChannel *self);
/* Copies the next bytes of @vectors, after the first @skip, to @buffer. Returns how many there were. */
gsize dms_p2p_channel_gather (const GOutputVector *vectors,
                              gsize n_vectors,
                              gsize skip,
                              guint8 *buffer,
                              gsize size);

G_END_DECLS
