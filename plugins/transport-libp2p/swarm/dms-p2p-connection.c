/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-connection-private.h"

#include <string.h>

#include "swarm/dms-p2p-address.h"

enum
{
  /* Connections that began within that time of each other were dialled at once from both ends. Otherwise the
   * newer one counts: a peer that began anew does not know of the old one. */
  DMS_P2P_CONNECTION_AT_ONCE_MS = 10 * 1000,
  /* What a stream that is refused is told; libp2p specs, error codes: STREAM_RESOURCE_LIMIT_EXCEEDED. */
  DMS_P2P_CONNECTION_REFUSED = 0x1002,
};

/**
 * DmsP2pConnection:
 *
 * A connection to a peer that is proven, counted against the limits until it has ended. Lives in the main
 * context that made it.
 */
struct _DmsP2pConnection
{
  GObject parent_instance;

  DmsP2pMuxer *muxer;
  DmsP2pPublicKey *key;
  DmsMultiaddr *local;
  DmsMultiaddr *remote;
  gboolean is_inbound;
  gboolean is_limited;
  gboolean is_closing;
  gboolean is_closed;
  char *security;
  char *muxer_protocol;
  gint64 opened_us;
  DmsP2pLimits *limits;
  DmsP2pReservation *reservation;
  DmsP2pConnectionAccept accept;
  DmsP2pConnectionClosed closed;
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (DmsP2pConnection, dms_p2p_connection, G_TYPE_OBJECT)

static void
dms_p2p_connection_dispose (GObject *object)
{
  DmsP2pConnection *self = DMS_P2P_CONNECTION (object);

  if (self->muxer != NULL)
    {
      dms_p2p_muxer_set_handlers (self->muxer, NULL, NULL, NULL, NULL);
      if (!self->is_closing && !self->is_closed)
        dms_p2p_muxer_close (self->muxer, 0);
    }
  self->is_closed = TRUE;
  g_clear_object (&self->muxer);
  g_clear_pointer (&self->reservation, dms_p2p_reservation_free);
  G_OBJECT_CLASS (dms_p2p_connection_parent_class)->dispose (object);
}

static void
dms_p2p_connection_finalize (GObject *object)
{
  DmsP2pConnection *self = DMS_P2P_CONNECTION (object);

  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  g_clear_pointer (&self->security, g_free);
  g_clear_pointer (&self->muxer_protocol, g_free);
  g_clear_object (&self->limits);
  G_OBJECT_CLASS (dms_p2p_connection_parent_class)->finalize (object);
}

static void
dms_p2p_connection_class_init (DmsP2pConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_connection_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_connection_finalize;
}

static void
dms_p2p_connection_init (DmsP2pConnection *self)
{
  self->opened_us = g_get_monotonic_time ();
}

static void
dms_p2p_connection_on_accept (DmsP2pMuxer *muxer, DmsP2pPipe *pipe, gpointer user_data)
{
  g_autoptr (DmsP2pConnection) self = g_object_ref (user_data);
  DmsP2pReservation *reservation = NULL;

  if (self->accept != NULL && !self->is_closing)
    reservation =
        dms_p2p_limits_reserve_stream (self->limits, dms_p2p_connection_get_peer_id (self), TRUE, NULL);
  /* The refusal is counted by the limits. */
  if (reservation == NULL)
    dms_p2p_pipe_reset (pipe, DMS_P2P_CONNECTION_REFUSED);
  if (self->accept != NULL)
    self->accept (self, pipe, reservation, self->user_data);
}

static void
dms_p2p_connection_on_closed (DmsP2pMuxer *muxer, const GError *error, gpointer user_data)
{
  g_autoptr (DmsP2pConnection) self = g_object_ref (user_data);

  self->is_closed = TRUE;
  dms_p2p_muxer_set_handlers (muxer, NULL, NULL, NULL, NULL);
  g_clear_pointer (&self->reservation, dms_p2p_reservation_free);
  if (self->closed != NULL)
    self->closed (self, error, self->user_data);
}

static gboolean
dms_p2p_connection_on_memory (DmsP2pMuxer *muxer, gssize delta, gpointer user_data)
{
  DmsP2pConnection *self = user_data;

  if (self->reservation == NULL)
    return delta <= 0;
  return dms_p2p_reservation_change (self->reservation, delta);
}

DmsP2pConnection *
dms_p2p_connection_new (DmsP2pUpgraded *upgraded, DmsP2pLimits *limits)
{
  DmsP2pConnection *self = g_object_new (DMS_TYPE_P2P_CONNECTION, NULL);

  self->muxer = g_steal_pointer (&upgraded->muxer);
  self->key = g_steal_pointer (&upgraded->key);
  self->local = g_steal_pointer (&upgraded->local);
  self->remote = g_steal_pointer (&upgraded->remote);
  self->is_inbound = upgraded->is_inbound;
  self->is_limited = dms_p2p_address_is_relayed (self->remote);
  self->security = g_strdup (upgraded->security);
  self->muxer_protocol = g_strdup (upgraded->muxer_protocol);
  self->limits = g_object_ref (limits);
  self->reservation = g_steal_pointer (&upgraded->cookie);
  dms_p2p_upgraded_free (upgraded);
  return self;
}

void
dms_p2p_connection_set_handlers (DmsP2pConnection *self,
                                 DmsP2pConnectionAccept accept,
                                 DmsP2pConnectionClosed closed,
                                 gpointer user_data)
{
  self->accept = accept;
  self->closed = closed;
  self->user_data = user_data;
  if (self->muxer != NULL && !self->is_closed)
    dms_p2p_muxer_set_handlers (self->muxer,
                                dms_p2p_connection_on_accept,
                                dms_p2p_connection_on_closed,
                                dms_p2p_connection_on_memory,
                                self);
}

DmsPeerId *
dms_p2p_connection_get_peer_id (DmsP2pConnection *self)
{
  return dms_p2p_public_key_get_peer_id (self->key);
}

DmsP2pPublicKey *
dms_p2p_connection_get_key (DmsP2pConnection *self)
{
  return self->key;
}

DmsMultiaddr *
dms_p2p_connection_get_local (DmsP2pConnection *self)
{
  return self->local;
}

DmsMultiaddr *
dms_p2p_connection_get_remote (DmsP2pConnection *self)
{
  return self->remote;
}

gboolean
dms_p2p_connection_is_inbound (DmsP2pConnection *self)
{
  return self->is_inbound;
}

gboolean
dms_p2p_connection_is_limited (DmsP2pConnection *self)
{
  return self->is_limited;
}

gboolean
dms_p2p_connection_is_open (DmsP2pConnection *self)
{
  return !self->is_closing && !self->is_closed;
}

const char *
dms_p2p_connection_get_security (DmsP2pConnection *self)
{
  return self->security;
}

const char *
dms_p2p_connection_get_muxer (DmsP2pConnection *self)
{
  return self->muxer_protocol;
}

/* On the clock of g_get_monotonic_time(). */
gint64
dms_p2p_connection_get_opened_us (DmsP2pConnection *self)
{
  return self->opened_us;
}

guint
dms_p2p_connection_get_n_streams (DmsP2pConnection *self)
{
  return self->muxer != NULL ? dms_p2p_muxer_get_n_streams (self->muxer) : 0;
}

gint64
dms_p2p_connection_get_rtt_us (DmsP2pConnection *self)
{
  return self->muxer != NULL ? dms_p2p_muxer_get_rtt_us (self->muxer) : -1;
}

void
dms_p2p_connection_get_traffic (DmsP2pConnection *self, guint64 *bytes_in, guint64 *bytes_out)
{
  *bytes_in = 0;
  *bytes_out = 0;
  if (self->muxer != NULL)
    dms_p2p_muxer_get_traffic (self->muxer, bytes_in, bytes_out);
}

/**
 * dms_p2p_connection_open:
 * @self: a connection
 * @reservation: (out) (transfer full): counts the stream; free it when the stream ends
 * @error: return location for %DMS_ERROR_BUSY, %DMS_ERROR_WRONG_STATE
 *
 * Returns: (transfer full) (nullable): a raw stream, nothing negotiated
 */
DmsP2pPipe *
dms_p2p_connection_open (DmsP2pConnection *self, DmsP2pReservation **reservation, GError **error)
{
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (self);
  g_autoptr (DmsP2pReservation) counted = NULL;
  DmsP2pPipe *pipe = NULL;

  *reservation = NULL;
  if (!dms_p2p_connection_is_open (self))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_WRONG_STATE,
                   "the connection to %s has ended; connect again",
                   dms_peer_id_get_text (peer));
      return NULL;
    }
  counted = dms_p2p_limits_reserve_stream (self->limits, peer, FALSE, error);
  pipe = counted != NULL ? dms_p2p_muxer_open (self->muxer, error) : NULL;
  if (pipe != NULL)
    *reservation = g_steal_pointer (&counted);
  return pipe;
}

/**
 * dms_p2p_connection_close:
 * @self: a connection
 *
 * Ends it, with all its streams. That it has ended is told later.
 */
void
dms_p2p_connection_close (DmsP2pConnection *self)
{
  if (!dms_p2p_connection_is_open (self))
    return;
  self->is_closing = TRUE;
  dms_p2p_muxer_close (self->muxer, 0);
}

/* Peer IDs are ordered by their bytes, which both ends see alike. */
static gboolean
dms_p2p_connection_is_smaller (DmsPeerId *a, DmsPeerId *b)
{
  g_autoptr (GBytes) left = dms_peer_id_dup_bytes (a);
  g_autoptr (GBytes) right = dms_peer_id_dup_bytes (b);

  return g_bytes_compare (left, right) < 0;
}

/**
 * dms_p2p_connection_compare:
 * @a: a connection
 * @b: another one with the same peer
 * @own: this host
 *
 * An open one before one that ends, a direct one before a limited one. Of two that were dialled at once from
 * both ends, the one that the smaller peer ID dialled: the other end decides the same. Otherwise the newer
 * one.
 *
 * Returns: below 0 when @a is kept, above 0 when @b is kept
 */
int
dms_p2p_connection_compare (DmsP2pConnection *a, DmsP2pConnection *b, DmsPeerId *own)
{
  gboolean own_is_smaller = dms_p2p_connection_is_smaller (own, dms_p2p_connection_get_peer_id (a));

  if (dms_p2p_connection_is_open (a) != dms_p2p_connection_is_open (b))
    return dms_p2p_connection_is_open (a) ? -1 : 1;
  if (a->is_limited != b->is_limited)
    return a->is_limited ? 1 : -1;
  if (a->is_inbound != b->is_inbound &&
      ABS (a->opened_us - b->opened_us) < DMS_P2P_CONNECTION_AT_ONCE_MS * 1000)
    return a->is_inbound != own_is_smaller ? -1 : 1;
  return a->opened_us > b->opened_us ? -1 : a->opened_us < b->opened_us;
}
