/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "portmap/dms-p2p-port-lease-private.h"

/* By what the router was asked with success. */
typedef enum
{
  DMS_P2P_PORT_WAY_NONE,
  DMS_P2P_PORT_WAY_NATPMP,
  DMS_P2P_PORT_WAY_UPNP,
} DmsP2pPortWay;

struct _DmsP2pPortLease
{
  gatomicrefcount ref_count;
  char *gateway;
  char *igd;
  DmsP2pPort ports[DMS_P2P_PORT_LEASE_MAX_PORTS];
  guint n_ports;

  /* Held while the router is asked. */
  GMutex mutex;
  gboolean is_released;
  DmsP2pPortWay way;
  char *address;
};

DmsP2pPortLease *
dms_p2p_port_lease_new (const char *gateway, const char *igd)
{
  DmsP2pPortLease *self = g_new0 (DmsP2pPortLease, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->gateway = g_strdup (gateway);
  self->igd = g_strdup (igd);
  return self;
}

DmsP2pPortLease *
dms_p2p_port_lease_ref (DmsP2pPortLease *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dms_p2p_port_lease_unref (DmsP2pPortLease *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->mutex);
  g_free (self->gateway);
  g_free (self->igd);
  g_free (self->address);
  g_free (self);
}

static DmsP2pPort *
dms_p2p_port_lease_find (DmsP2pPortLease *self, gboolean is_udp, guint16 port)
{
  for (guint i = 0; i < self->n_ports; i++)
    if (self->ports[i].is_udp == is_udp && self->ports[i].inner == port)
      return &self->ports[i];
  return NULL;
}

gboolean
dms_p2p_port_lease_add (DmsP2pPortLease *self, gboolean is_udp, guint16 port)
{
  if (dms_p2p_port_lease_find (self, is_udp, port) != NULL)
    return TRUE;
  if (self->n_ports >= DMS_P2P_PORT_LEASE_MAX_PORTS || port == 0)
    return FALSE;
  self->ports[self->n_ports++] = (DmsP2pPort){ is_udp, port, 0 };
  return TRUE;
}

static gboolean
dms_p2p_port_lease_ask (DmsP2pPortLease *self)
{
  g_clear_pointer (&self->address, g_free);
  for (guint i = 0; i < self->n_ports; i++)
    self->ports[i].outer = 0;
  if (self->gateway != NULL || self->igd == NULL)
    self->address = dms_p2p_port_lease_ask_natpmp (self->gateway, self->ports, self->n_ports, FALSE);
  self->way = DMS_P2P_PORT_WAY_NATPMP;
  if (self->address != NULL)
    return TRUE;
  if (self->igd != NULL || self->gateway == NULL)
    self->address = dms_p2p_port_lease_ask_upnp (self->igd, self->ports, self->n_ports, FALSE);
  self->way = self->address != NULL ? DMS_P2P_PORT_WAY_UPNP : DMS_P2P_PORT_WAY_NONE;
  return self->address != NULL;
}

gboolean
dms_p2p_port_lease_renew (DmsP2pPortLease *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->is_released || self->n_ports == 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_CANCELLED, "no port is to be passed on any more");
      return FALSE;
    }
  if (dms_p2p_port_lease_ask (self))
    return TRUE;
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_NOT_SUPPORTED,
                       "no router passes ports on, by NAT-PMP or UPnP; it may be switched off there");
  return FALSE;
}

void
dms_p2p_port_lease_release (DmsP2pPortLease *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autofree char *nothing = NULL;

  self->is_released = TRUE;
  if (self->way == DMS_P2P_PORT_WAY_NATPMP)
    nothing = dms_p2p_port_lease_ask_natpmp (self->gateway, self->ports, self->n_ports, TRUE);
  else if (self->way == DMS_P2P_PORT_WAY_UPNP)
    nothing = dms_p2p_port_lease_ask_upnp (self->igd, self->ports, self->n_ports, TRUE);
  self->way = DMS_P2P_PORT_WAY_NONE;
}

const char *
dms_p2p_port_lease_get_address (DmsP2pPortLease *self)
{
  return self->address;
}

guint16
dms_p2p_port_lease_get_port (DmsP2pPortLease *self, gboolean is_udp, guint16 port)
{
  DmsP2pPort *found = dms_p2p_port_lease_find (self, is_udp, port);

  return found != NULL ? found->outer : 0;
}
