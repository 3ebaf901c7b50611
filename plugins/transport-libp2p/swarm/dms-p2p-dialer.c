/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-dialer.h"

enum
{
  /* go-libp2p, p2p/net/swarm/limiter.go: ConcurrentFdDials. Here for all transports. */
  DMS_P2P_DIALER_MAX_ACTIVE = 160,
  /* go-libp2p, core/network: DialPeerTimeout, and of js-libp2p the timeout of one address. */
  DMS_P2P_DIALER_ADDRESS_TIMEOUT_MS = 10 * 1000,
  DMS_P2P_DIALER_TOTAL_TIMEOUT_MS = 60 * 1000,
};

typedef struct
{
  DmsP2pDialerWake wake;
  gpointer user_data;
} DmsP2pDialerWaiter;

/**
 * DmsP2pDialer:
 *
 * Lives in one main context, that of the swarm.
 */
struct _DmsP2pDialer
{
  GObject parent_instance;

  DmsPeerId *own;
  DmsP2pLimits *limits;
  DmsP2pPeerStore *peers;
  DmsP2pResolver *resolver;
  DmsP2pBackOff *back_off;
  /* DmsP2pTransport. */
  GPtrArray *transports;
  /* DmsMultiaddr. */
  GPtrArray *own_addresses;
  guint address_timeout_ms;
  guint total_timeout_ms;
  guint n_active;
  gboolean is_waking;
  /* DmsP2pDialerWaiter. */
  GQueue waiting;
};

G_DEFINE_FINAL_TYPE (DmsP2pDialer, dms_p2p_dialer, G_TYPE_OBJECT)

static void
dms_p2p_dialer_finalize (GObject *object)
{
  DmsP2pDialer *self = DMS_P2P_DIALER (object);

  g_clear_pointer (&self->own, dms_peer_id_unref);
  g_clear_object (&self->limits);
  g_clear_object (&self->peers);
  g_clear_object (&self->resolver);
  g_clear_pointer (&self->back_off, dms_p2p_back_off_free);
  g_clear_pointer (&self->transports, g_ptr_array_unref);
  g_clear_pointer (&self->own_addresses, g_ptr_array_unref);
  g_queue_clear_full (&self->waiting, g_free);
  G_OBJECT_CLASS (dms_p2p_dialer_parent_class)->finalize (object);
}

static void
dms_p2p_dialer_class_init (DmsP2pDialerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_dialer_finalize;
}

static void
dms_p2p_dialer_init (DmsP2pDialer *self)
{
  self->back_off = dms_p2p_back_off_new ();
  self->transports = g_ptr_array_new_with_free_func (g_object_unref);
  self->own_addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->address_timeout_ms = DMS_P2P_DIALER_ADDRESS_TIMEOUT_MS;
  self->total_timeout_ms = DMS_P2P_DIALER_TOTAL_TIMEOUT_MS;
  g_queue_init (&self->waiting);
}

DmsP2pDialer *
dms_p2p_dialer_new (DmsPeerId *own, DmsP2pLimits *limits, DmsP2pPeerStore *peers)
{
  DmsP2pDialer *self = g_object_new (DMS_TYPE_P2P_DIALER, NULL);

  self->own = dms_peer_id_ref (own);
  self->limits = g_object_ref (limits);
  self->peers = g_object_ref (peers);
  return self;
}

void
dms_p2p_dialer_add_transport (DmsP2pDialer *self, DmsP2pTransport *transport)
{
  g_ptr_array_add (self->transports, g_object_ref (transport));
}

void
dms_p2p_dialer_set_resolver (DmsP2pDialer *self, DmsP2pResolver *resolver)
{
  g_set_object (&self->resolver, resolver);
}

void
dms_p2p_dialer_set_own_addresses (DmsP2pDialer *self, GPtrArray *addresses)
{
  g_ptr_array_unref (self->own_addresses);
  self->own_addresses = g_ptr_array_ref (addresses);
}

void
dms_p2p_dialer_set_timeouts (DmsP2pDialer *self, guint address_ms, guint total_ms)
{
  self->address_timeout_ms = address_ms;
  self->total_timeout_ms = total_ms;
}

DmsPeerId *
dms_p2p_dialer_get_own (DmsP2pDialer *self)
{
  return self->own;
}

DmsP2pLimits *
dms_p2p_dialer_get_limits (DmsP2pDialer *self)
{
  return self->limits;
}

DmsP2pPeerStore *
dms_p2p_dialer_get_peers (DmsP2pDialer *self)
{
  return self->peers;
}

DmsP2pResolver *
dms_p2p_dialer_get_resolver (DmsP2pDialer *self)
{
  if (self->resolver == NULL)
    self->resolver = dms_p2p_resolver_new (NULL);
  return self->resolver;
}

DmsP2pBackOff *
dms_p2p_dialer_get_back_off (DmsP2pDialer *self)
{
  return self->back_off;
}

guint
dms_p2p_dialer_get_address_timeout_ms (DmsP2pDialer *self)
{
  return self->address_timeout_ms;
}

guint
dms_p2p_dialer_get_total_timeout_ms (DmsP2pDialer *self)
{
  return self->total_timeout_ms;
}

GPtrArray *
dms_p2p_dialer_get_transports (DmsP2pDialer *self)
{
  return self->transports;
}

DmsP2pTransport *
dms_p2p_dialer_find_transport (DmsP2pDialer *self, DmsMultiaddr *address)
{
  for (guint i = 0; i < self->transports->len; i++)
    if (dms_p2p_transport_can_dial (self->transports->pdata[i], address))
      return self->transports->pdata[i];
  return NULL;
}

gboolean
dms_p2p_dialer_is_own_address (DmsP2pDialer *self, DmsMultiaddr *address)
{
  return g_ptr_array_find_with_equal_func (
      self->own_addresses, address, (GEqualFunc) dms_multiaddr_equal, NULL);
}

gboolean
dms_p2p_dialer_acquire (DmsP2pDialer *self, DmsP2pDialerWake wake, gpointer user_data)
{
  DmsP2pDialerWaiter *waiter = NULL;

  if (self->n_active < DMS_P2P_DIALER_MAX_ACTIVE)
    {
      self->n_active++;
      return TRUE;
    }
  waiter = g_new0 (DmsP2pDialerWaiter, 1);
  waiter->wake = wake;
  waiter->user_data = user_data;
  g_queue_push_tail (&self->waiting, waiter);
  return FALSE;
}

void
dms_p2p_dialer_release (DmsP2pDialer *self)
{
  g_autoptr (DmsP2pDialer) keep = g_object_ref (self);

  g_assert (self->n_active > 0);
  self->n_active--;
  /* Who is woken may give its place back at once: then the loop below goes on, not one within it. */
  if (self->is_waking)
    return;
  self->is_waking = TRUE;
  while (self->n_active < DMS_P2P_DIALER_MAX_ACTIVE && !g_queue_is_empty (&self->waiting))
    {
      g_autofree DmsP2pDialerWaiter *waiter = g_queue_pop_head (&self->waiting);

      waiter->wake (waiter->user_data);
    }
  self->is_waking = FALSE;
}

void
dms_p2p_dialer_forget (DmsP2pDialer *self, gpointer user_data)
{
  GList *next = NULL;

  for (GList *l = self->waiting.head; l != NULL; l = next)
    {
      next = l->next;
      if (((DmsP2pDialerWaiter *) l->data)->user_data != user_data)
        continue;
      g_free (l->data);
      g_queue_delete_link (&self->waiting, l);
    }
}

guint
dms_p2p_dialer_get_n_active (DmsP2pDialer *self)
{
  return self->n_active;
}
