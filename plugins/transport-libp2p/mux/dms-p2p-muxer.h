/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_MUXER (dms_p2p_muxer_get_type ())

G_DECLARE_DERIVABLE_TYPE (DmsP2pMuxer, dms_p2p_muxer, DMS, P2P_MUXER, GObject)

/**
 * DmsP2pMuxerAccept:
 * @self: the muxer
 * @pipe: a stream that the other side opened; keep a reference, or it is reset
 * @user_data: (closure): the owner's data
 */
typedef void (*DmsP2pMuxerAccept) (DmsP2pMuxer *self, DmsP2pPipe *pipe, gpointer user_data);

/**
 * DmsP2pMuxerClosed:
 * @self: the muxer
 * @error: (nullable): why it ended; %NULL when either side ended it in good order
 * @user_data: (closure): the owner's data
 *
 * Told once, from the main loop. All pipes have ended before.
 */
typedef void (*DmsP2pMuxerClosed) (DmsP2pMuxer *self, const GError *error, gpointer user_data);

/**
 * DmsP2pMuxerMemory:
 * @self: the muxer
 * @delta: how many bytes more, or fewer, it will hold at most for what the other side sends
 * @user_data: (closure): the owner's data
 *
 * Asked before windows grow, told when they shrink.
 *
 * Returns: %FALSE to refuse the growth; ignored when @delta is negative
 */
typedef gboolean (*DmsP2pMuxerMemory) (DmsP2pMuxer *self, gssize delta, gpointer user_data);

struct _DmsP2pMuxerClass
{
  GObjectClass parent_class;

  /* There is a handler for streams now: those that wait are handed over, but from the main loop. */
  void (*accepting) (DmsP2pMuxer *self);
  /* A new stream, at once; DMS_ERROR_BUSY when the other side allows no more now; DMS_ERROR_WRONG_STATE when
   * ended. */
  DmsP2pPipe *(*open) (DmsP2pMuxer *self, GError **error);
  /* Ends everything; the other side is told @code. Closed is told later. */
  void (*close) (DmsP2pMuxer *self, guint64 code);
  guint (*get_n_streams) (DmsP2pMuxer *self);
  /* Smoothed round trip in microseconds; -1 when not measured yet. */
  gint64 (*get_rtt_us) (DmsP2pMuxer *self);
  void (*get_traffic) (DmsP2pMuxer *self, guint64 *bytes_in, guint64 *bytes_out);
};

DmsP2pPipe *dms_p2p_muxer_open (DmsP2pMuxer *self, GError **error);
void dms_p2p_muxer_close (DmsP2pMuxer *self, guint64 code);
guint dms_p2p_muxer_get_n_streams (DmsP2pMuxer *self);
gint64 dms_p2p_muxer_get_rtt_us (DmsP2pMuxer *self);
void dms_p2p_muxer_get_traffic (DmsP2pMuxer *self, guint64 *bytes_in, guint64 *bytes_out);

/* Set right after making it, before the main loop runs again; streams that come while there is no accept
 * handler wait, bounded. One user_data for all three. */
void dms_p2p_muxer_set_handlers (DmsP2pMuxer *self,
                                 DmsP2pMuxerAccept accept,
                                 DmsP2pMuxerClosed closed,
                                 DmsP2pMuxerMemory memory,
                                 gpointer user_data);

/* For subclasses. */
gboolean dms_p2p_muxer_has_accept (DmsP2pMuxer *self);
void dms_p2p_muxer_emit_accept (DmsP2pMuxer *self, DmsP2pPipe *pipe);
void dms_p2p_muxer_emit_closed (DmsP2pMuxer *self, const GError *error);
gboolean dms_p2p_muxer_change_memory (DmsP2pMuxer *self, gssize delta);

G_END_DECLS
