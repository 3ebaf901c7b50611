/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-observed.h"

enum
{
  /* IPs of observers that are remembered, each with the last address it told. Ours. */
  DMS_P2P_OBSERVED_MAX = 256,
};

struct _DmsP2pObserved
{
  /* IP of the observer, with TCP or UDP, to DmsMultiaddr. */
  GHashTable *told;
  /* The same IPs, the one that spoke longest ago first. */
  GQueue order;
};

DmsP2pObserved *
dms_p2p_observed_new (void)
{
  DmsP2pObserved *self = g_new0 (DmsP2pObserved, 1);

  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_multiaddr_unref);
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

void
dms_p2p_observed_note (DmsP2pObserved *self, DmsMultiaddr *observer, DmsMultiaddr *address)
{
  g_autofree char *observer_ip = dms_p2p_observed_dup_ip (observer);
  g_autofree char *ip = NULL;
  g_autofree char *own_ip = dms_p2p_observed_dup_ip (address);
  /* js-libp2p says whom it sees there, too: it is the same place. */
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (address);

  if (observer_ip == NULL || own_ip == NULL || bare == NULL || dms_multiaddr_has_part (observer, "p2p-circuit") ||
      dms_multiaddr_has_part (address, "p2p-circuit"))
    return;
  /* What it says of TCP leaves what it says of QUIC as it is. */
  ip = g_strdup_printf ("%s %s", observer_ip, dms_multiaddr_has_part (address, "tcp") ? "tcp" : "udp");
  dms_p2p_observed_forget (self, ip);
  if (g_queue_get_length (&self->order) >= DMS_P2P_OBSERVED_MAX)
    dms_p2p_observed_forget (self, g_queue_peek_head (&self->order));
  g_queue_push_tail (&self->order, ip);
  g_hash_table_insert (self->told, g_steal_pointer (&ip), g_steal_pointer (&bare));
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
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, value)) + 1;

      g_hash_table_replace (counts, value, GUINT_TO_POINTER (n));
      if (n == min_observers)
        g_ptr_array_add (found, dms_multiaddr_ref (value));
    }
  return found;
}
