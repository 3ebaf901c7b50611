/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "transport/dms-p2p-transport.h"

typedef struct
{
  DmsP2pGate gate;
  DmsP2pAccepted accepted;
  gpointer user_data;
} DmsP2pTransportPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DmsP2pTransport, dms_p2p_transport, G_TYPE_OBJECT)

static void
dms_p2p_transport_class_init (DmsP2pTransportClass *klass)
{
}

static void
dms_p2p_transport_init (DmsP2pTransport *self)
{
}

void
dms_p2p_transport_set_handlers (DmsP2pTransport *self,
                                DmsP2pGate gate,
                                DmsP2pAccepted accepted,
                                gpointer user_data)
{
  DmsP2pTransportPrivate *priv = dms_p2p_transport_get_instance_private (self);

  priv->gate = gate;
  priv->accepted = accepted;
  priv->user_data = user_data;
}

gboolean
dms_p2p_transport_can_dial (DmsP2pTransport *self, DmsMultiaddr *address)
{
  return DMS_P2P_TRANSPORT_GET_CLASS (self)->can_dial (self, address);
}

void
dms_p2p_transport_dial_async (DmsP2pTransport *self,
                              DmsMultiaddr *address,
                              DmsPeerId *expected,
                              DmsP2pTrace trace,
                              gpointer trace_data,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  DMS_P2P_TRANSPORT_GET_CLASS (self)->dial_async (
      self, address, expected, trace, trace_data, cancellable, callback, user_data);
}

DmsP2pUpgraded *
dms_p2p_transport_dial_finish (DmsP2pTransport *self, GAsyncResult *result, GError **error)
{
  return DMS_P2P_TRANSPORT_GET_CLASS (self)->dial_finish (self, result, error);
}

DmsMultiaddr *
dms_p2p_transport_listen (DmsP2pTransport *self, DmsMultiaddr *address, GError **error)
{
  return DMS_P2P_TRANSPORT_GET_CLASS (self)->listen (self, address, error);
}

void
dms_p2p_transport_close (DmsP2pTransport *self)
{
  DMS_P2P_TRANSPORT_GET_CLASS (self)->close (self);
}

gboolean
dms_p2p_transport_ask_gate (DmsP2pTransport *self,
                            DmsMultiaddr *remote,
                            gpointer *cookie,
                            GDestroyNotify *cookie_free,
                            GError **error)
{
  DmsP2pTransportPrivate *priv = dms_p2p_transport_get_instance_private (self);

  *cookie = NULL;
  *cookie_free = NULL;
  return priv->gate == NULL || priv->gate (remote, cookie, cookie_free, priv->user_data, error);
}

/* Takes @upgraded. */
void
dms_p2p_transport_emit_accepted (DmsP2pTransport *self, DmsP2pUpgraded *upgraded)
{
  DmsP2pTransportPrivate *priv = dms_p2p_transport_get_instance_private (self);

  if (priv->accepted != NULL)
    priv->accepted (upgraded, priv->user_data);
  else
    dms_p2p_upgraded_free (upgraded);
}
