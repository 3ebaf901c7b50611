/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-observed.h"

#include "swarm/dms-p2p-address.h"

enum
{
  /* IPs of observers that are remembered, each with the last address it told. Ours. */
  DMS_P2P_OBSERVED_MAX = 256,
};

typedef struct
{
  DmsMultiaddr *address;
  gboolean is_listening;
} DmsP2pSighting;

struct _DmsP2pObserved
{
  /* IP of the observer, with what it is of, to DmsP2pSighting. */
  GHashTable *told;
  /* The same IPs, the one that spoke longest ago first. */
  GQueue order;
};

static void
dms_p2p_sighting_free (gpointer data)
{
  DmsP2pSighting *self = data;

  dms_multiaddr_unref (self->address);
  g_free (self);
}

DmsP2pObserved *
dms_p2p_observed_new (void)
{
  DmsP2pObserved *self = g_new0 (DmsP2pObserved, 1);

  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, dms_p2p_sighting_free);
  g_queue_init (&self->order);
  return self;
}

void
dms_p2p_observed_free (DmsP2pObserved *self)
{
  g_queue_clear (&self->order);
  g_clear_pointer (&self->told, g_hash_table_unref);
  g_free (self);
}

static char *
dms_p2p_observed_dup_ip (DmsMultiaddr *address)
{
  char *ip = dms_multiaddr_dup_value (address, "ip4");

  return ip != NULL ? ip : dms_multiaddr_dup_value (address, "ip6");
}

static void
dms_p2p_observed_forget (DmsP2pObserved *self, const char *ip)
{
  gpointer key = NULL;

  if (!g_hash_table_lookup_extended (self->told, ip, &key, NULL))
    return;
  g_queue_remove (&self->order, key);
  g_hash_table_remove (self->told, ip);
}

/* What it says of TCP leaves what it says of QUIC as it is. */
static const char *
dms_p2p_observed_get_kind (DmsMultiaddr *address, gboolean is_listening)
{
  if (!is_listening)
    return "ip";
  return dms_multiaddr_has_part (address, "tcp") ? "tcp" : "udp";
}

void
dms_p2p_observed_note (DmsP2pObserved *self,
                       DmsMultiaddr *observer,
                       DmsMultiaddr *address,
                       gboolean is_listening)
{
  g_autofree char *ip = dms_p2p_observed_dup_ip (observer);
  g_autofree char *own_ip = dms_p2p_observed_dup_ip (address);
  g_autofree char *key = NULL;
  /* js-libp2p says whom it sees there, too: it is the same place. */
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (address);
  DmsP2pSighting *sighting = NULL;

  if (ip == NULL || own_ip == NULL || bare == NULL || dms_multiaddr_has_part (observer, "p2p-circuit") ||
      dms_multiaddr_has_part (address, "p2p-circuit"))
    return;
  key = g_strdup_printf ("%s %s", ip, dms_p2p_observed_get_kind (address, is_listening));
  dms_p2p_observed_forget (self, key);
  if (g_queue_get_length (&self->order) >= DMS_P2P_OBSERVED_MAX)
    dms_p2p_observed_forget (self, g_queue_peek_head (&self->order));
  sighting = g_new0 (DmsP2pSighting, 1);
  sighting->address = g_steal_pointer (&bare);
  sighting->is_listening = is_listening;
  g_queue_push_tail (&self->order, key);
  g_hash_table_insert (self->told, g_steal_pointer (&key), sighting);
}

GPtrArray *
dms_p2p_observed_dup_addresses (DmsP2pObserved *self, guint min_observers)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GHashTable) counts =
      g_hash_table_new ((GHashFunc) dms_multiaddr_hash, (GEqualFunc) dms_multiaddr_equal);
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->told);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const DmsP2pSighting *sighting = value;
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, sighting->address)) + 1;

      if (!sighting->is_listening)
        continue;
      g_hash_table_replace (counts, sighting->address, GUINT_TO_POINTER (n));
      if (n == min_observers)
        g_ptr_array_add (found, dms_multiaddr_ref (sighting->address));
    }
  return found;
}

GPtrArray *
dms_p2p_observed_dup_ips (DmsP2pObserved *self)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->told);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsMultiaddr *address = ((const DmsP2pSighting *) value)->address;
      g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (address);

      if (ip != NULL && dms_p2p_address_get_reach (address) == DMS_P2P_REACH_PUBLIC &&
          !g_ptr_array_find_with_equal_func (found, ip, (GEqualFunc) g_inet_address_equal, NULL))
        g_ptr_array_add (found, g_steal_pointer (&ip));
    }
  return found;
}
