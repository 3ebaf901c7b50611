/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "mux/dms-p2p-muxer.h"

/**
 * DmsP2pMuxer:
 *
 * A secured connection to one peer that carries many streams: a yamux session over an encrypted channel, or a
 * QUIC connection. Lives in the main context that made it.
 */

typedef struct
{
  DmsP2pMuxerAccept accept;
  DmsP2pMuxerClosed closed;
  DmsP2pMuxerMemory memory;
  gpointer user_data;
  gboolean ended;
} DmsP2pMuxerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DmsP2pMuxer, dms_p2p_muxer, G_TYPE_OBJECT)

static void
dms_p2p_muxer_class_init (DmsP2pMuxerClass *klass)
{
}

static void
dms_p2p_muxer_init (DmsP2pMuxer *self)
{
}

void
dms_p2p_muxer_set_handlers (DmsP2pMuxer *self,
                            DmsP2pMuxerAccept accept,
                            DmsP2pMuxerClosed closed,
                            DmsP2pMuxerMemory memory,
                            gpointer user_data)
{
  DmsP2pMuxerPrivate *priv = dms_p2p_muxer_get_instance_private (self);

  priv->accept = accept;
  priv->closed = closed;
  priv->memory = memory;
  priv->user_data = user_data;
  if (accept != NULL)
    DMS_P2P_MUXER_GET_CLASS (self)->accepting (self);
}

DmsP2pPipe *
dms_p2p_muxer_open (DmsP2pMuxer *self, GError **error)
{
  return DMS_P2P_MUXER_GET_CLASS (self)->open (self, error);
}

void
dms_p2p_muxer_close (DmsP2pMuxer *self, guint64 code)
{
  DMS_P2P_MUXER_GET_CLASS (self)->close (self, code);
}

guint
dms_p2p_muxer_get_n_streams (DmsP2pMuxer *self)
{
  return DMS_P2P_MUXER_GET_CLASS (self)->get_n_streams (self);
}

gint64
dms_p2p_muxer_get_rtt_us (DmsP2pMuxer *self)
{
  return DMS_P2P_MUXER_GET_CLASS (self)->get_rtt_us (self);
}

void
dms_p2p_muxer_get_traffic (DmsP2pMuxer *self, guint64 *bytes_in, guint64 *bytes_out)
{
  DMS_P2P_MUXER_GET_CLASS (self)->get_traffic (self, bytes_in, bytes_out);
}

gboolean
dms_p2p_muxer_has_accept (DmsP2pMuxer *self)
{
  DmsP2pMuxerPrivate *priv = dms_p2p_muxer_get_instance_private (self);

  return priv->accept != NULL;
}

void
dms_p2p_muxer_emit_accept (DmsP2pMuxer *self, DmsP2pPipe *pipe)
{
  DmsP2pMuxerPrivate *priv = dms_p2p_muxer_get_instance_private (self);

  if (priv->accept != NULL)
    priv->accept (self, pipe, priv->user_data);
}

void
dms_p2p_muxer_emit_closed (DmsP2pMuxer *self, const GError *error)
{
  DmsP2pMuxerPrivate *priv = dms_p2p_muxer_get_instance_private (self);

  if (priv->ended)
    return;
  priv->ended = TRUE;
  if (priv->closed != NULL)
    priv->closed (self, error, priv->user_data);
}

gboolean
dms_p2p_muxer_change_memory (DmsP2pMuxer *self, gssize delta)
{
  DmsP2pMuxerPrivate *priv = dms_p2p_muxer_get_instance_private (self);

  return priv->memory == NULL || priv->memory (self, delta, priv->user_data);
}
