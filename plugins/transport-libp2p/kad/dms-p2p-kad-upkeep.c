/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "kad/dms-p2p-kad-core-private.h"

enum
{
  /* A multihash of SHA-256, as those of peers without an inlined key: any 32 bytes will do. */
  DMS_P2P_KAD_RANDOM_PREFIX = 2,
  DMS_P2P_KAD_RANDOM_SIZE = DMS_P2P_KAD_RANDOM_PREFIX + 32,
  /* Random keys that are tried before one is in the bucket: 16 times as many as it takes on average. */
  DMS_P2P_KAD_RANDOM_TRIES = 1 << (DMS_P2P_KAD_MAX_REFRESHED + 5),
  /* After nobody took it. Ours. */
  DMS_P2P_KAD_RETRY_S = 5 * 60,
  /* Of what this host keeps in the network, so many are put again at a time. */
  DMS_P2P_KAD_REPUBLISH_AT_ONCE = 4,
};

/* What this host keeps in the network. */
typedef struct
{
  /* NULL for what it provides. */
  GBytes *value;
  gint64 next_us;
} DmsP2pKadOwn;

static void
dms_p2p_kad_own_free (gpointer data)
{
  DmsP2pKadOwn *own = data;

  g_clear_pointer (&own->value, g_bytes_unref);
  g_free (own);
}

void
dms_p2p_kad_core_init_upkeep (DmsP2pKadCore *self)
{
  gint64 now_us = dms_p2p_kad_core_get_now (self);

  self->own_values = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, dms_p2p_kad_own_free);
  self->own_provided = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, dms_p2p_kad_own_free);
  self->checking = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
  self->next_check_us = now_us + (gint64) DMS_P2P_KAD_CHECK_S * G_USEC_PER_SEC;
  self->next_refresh_us = now_us + (gint64) DMS_P2P_KAD_REFRESH_S * G_USEC_PER_SEC;
  self->last_refresh_us = G_MININT64 / 2;
}

void
dms_p2p_kad_core_free_upkeep (DmsP2pKadCore *self)
{
  g_clear_pointer (&self->own_values, g_hash_table_unref);
  g_clear_pointer (&self->own_provided, g_hash_table_unref);
  g_clear_pointer (&self->checking, g_hash_table_unref);
}

gint64
dms_p2p_kad_core_get_upkeep_deadline (DmsP2pKadCore *self)
{
  return MIN (self->next_check_us, self->next_refresh_us);
}

/* Refreshing: this host's own neighbourhood, then a random key of each bucket (specs, "Bootstrap process") */

static GBytes *
dms_p2p_kad_core_make_random_key (DmsP2pKadCore *self, guint bucket)
{
  const DmsP2pKadKey *own = dms_p2p_kad_peer_get_key (self->self_peer);
  guint8 bytes[DMS_P2P_KAD_RANDOM_SIZE] = { 0x12, 32 };

  dms_p2p_kad_core_randomize (self, bytes + DMS_P2P_KAD_RANDOM_PREFIX, 32);
  for (guint32 i = 0; i < DMS_P2P_KAD_RANDOM_TRIES; i++)
    {
      DmsP2pKadKey key;

      memcpy (bytes + DMS_P2P_KAD_RANDOM_PREFIX, &i, sizeof i);
      dms_p2p_kad_key_init (&key, bytes, sizeof bytes);
      if (dms_p2p_kad_key_common_prefix (own, &key) == bucket)
        break;
    }
  return g_bytes_new (bytes, sizeof bytes);
}

static void
dms_p2p_kad_core_on_refreshed (DmsP2pKadCore *self, const DmsP2pKadResult *result, gpointer user_data)
{
  guint depth = MIN (dms_p2p_kad_table_get_depth (self->table), DMS_P2P_KAD_MAX_REFRESHED);
  g_autoptr (GBytes) key = NULL;

  self->refreshing = 0;
  if (g_error_matches (result->error, DMS_ERROR, DMS_ERROR_CANCELLED) || self->refreshed >= depth)
    return;
  key = dms_p2p_kad_core_make_random_key (self, self->refreshed++);
  self->refreshing = dms_p2p_kad_core_find_closest (self, key, dms_p2p_kad_core_on_refreshed, NULL);
}

static void
dms_p2p_kad_core_refresh (DmsP2pKadCore *self, gint64 now_us)
{
  guint32 jitter = 0;

  /* Not all at the same time who were started at the same time. */
  dms_p2p_kad_core_randomize (self, &jitter, sizeof jitter);
  self->next_refresh_us =
      now_us + (gint64) (DMS_P2P_KAD_REFRESH_S + jitter % DMS_P2P_KAD_CHECK_S) * G_USEC_PER_SEC;
  if (self->refreshing != 0 || dms_p2p_kad_table_get_size (self->table) == 0)
    return;
  self->last_refresh_us = now_us;
  self->refreshed = 0;
  self->refreshing = dms_p2p_kad_core_find_closest (
      self, dms_p2p_kad_peer_get_bytes (self->self_peer), dms_p2p_kad_core_on_refreshed, NULL);
}

void
dms_p2p_kad_core_hurry_refresh (DmsP2pKadCore *self)
{
  gint64 now_us = dms_p2p_kad_core_get_now (self);
  gint64 soon_us = MAX (now_us + (gint64) DMS_P2P_KAD_FIRST_REFRESH_S * G_USEC_PER_SEC,
                        self->last_refresh_us + (gint64) DMS_P2P_KAD_HURRY_S * G_USEC_PER_SEC);

  if (self->refreshing != 0 || dms_p2p_kad_table_get_size (self->table) > DMS_P2P_KAD_K ||
      self->next_refresh_us <= soon_us)
    return;
  self->next_refresh_us = soon_us;
  dms_p2p_kad_core_wake (self);
}

/* Asking whether peers are there */

void
dms_p2p_kad_core_check_peer (DmsP2pKadCore *self,
                             DmsP2pKadPeer *peer,
                             DmsP2pKadPeer *newcomer,
                             guint64 newcomer_group)
{
  DmsPeerId *id = dms_p2p_kad_peer_get_id (peer);
  g_autoptr (DmsP2pKadMessage) message = NULL;
  g_autoptr (GBytes) bytes = NULL;
  DmsP2pKadRequest *request = NULL;

  if (g_hash_table_contains (self->checking, id))
    return;
  g_hash_table_add (self->checking, dms_peer_id_ref (id));
  /* Newer nodes do not answer PING any more (specs, "RPC messages"). */
  message = dms_p2p_kad_message_new (DMS_P2P_KAD_FIND_NODE, dms_p2p_kad_peer_get_bytes (peer));
  bytes = dms_p2p_kad_message_encode (message);
  request = dms_p2p_kad_core_send (self, peer, DMS_P2P_KAD_FIND_NODE, bytes, 0);
  request->newcomer = newcomer != NULL ? dms_p2p_kad_peer_ref (newcomer) : NULL;
  request->newcomer_group = newcomer_group;
  dms_p2p_kad_core_wake (self);
}

static void
dms_p2p_kad_core_check_silent (DmsP2pKadCore *self, gint64 now_us)
{
  g_autoptr (GPtrArray) silent = dms_p2p_kad_table_list_silent (
      self->table, now_us - (gint64) DMS_P2P_KAD_SILENT_S * G_USEC_PER_SEC, DMS_P2P_KAD_CHECKS);

  for (guint i = 0; i < silent->len; i++)
    dms_p2p_kad_core_check_peer (self, g_ptr_array_index (silent, i), NULL, 0);
}

/* How large the network is */

/* The distance between two places, as a part of the keyspace. The leading bits are enough. */
static double
dms_p2p_kad_core_measure (const DmsP2pKadKey *a, const DmsP2pKadKey *b)
{
  double distance = 0;
  double weight = 1;

  for (guint i = 0; i < sizeof (guint64); i++)
    {
      weight /= 256;
      distance += weight * (a->bytes[i] ^ b->bytes[i]);
    }
  return distance;
}

guint
dms_p2p_kad_core_estimate_peers (DmsP2pKadCore *self)
{
  const DmsP2pKadKey *own = dms_p2p_kad_peer_get_key (self->self_peer);
  g_autoptr (GPtrArray) closest = dms_p2p_kad_table_list_closest (self->table, own, DMS_P2P_KAD_K);
  guint known = dms_p2p_kad_table_get_size (self->table) + 1;
  double farthest = 0;
  double guess = 0;

  if (closest->len < DMS_P2P_KAD_K)
    return closest->len > 0 ? known : 0;
  farthest = dms_p2p_kad_core_measure (
      own, dms_p2p_kad_peer_get_key (g_ptr_array_index (closest, closest->len - 1)));
  /* The k-th of n places chosen at random is as far away as this on average. */
  guess = farthest > 0 ? (DMS_P2P_KAD_K - 1) / farthest + 1 : G_MAXINT32;
  return (guint) CLAMP (guess, known, G_MAXINT32);
}

/* What this host keeps in the network */

static void
dms_p2p_kad_core_keep (DmsP2pKadCore *self, GHashTable *table, GBytes *key, GBytes *value)
{
  DmsP2pKadOwn *own = g_new0 (DmsP2pKadOwn, 1);

  own->value = value != NULL ? g_bytes_ref (value) : NULL;
  own->next_us = dms_p2p_kad_core_get_now (self) + (gint64) DMS_P2P_KAD_REPUBLISH_S * G_USEC_PER_SEC;
  g_hash_table_replace (table, g_bytes_ref (key), own);
}

gboolean
dms_p2p_kad_core_keep_value (DmsP2pKadCore *self, GBytes *key, GBytes *value)
{
  if (g_bytes_get_size (value) == 0)
    {
      g_hash_table_remove (self->own_values, key);
      return TRUE;
    }
  if (!g_hash_table_contains (self->own_values, key) &&
      g_hash_table_size (self->own_values) >= DMS_P2P_KAD_MAX_OWN)
    return FALSE;
  dms_p2p_kad_core_keep (self, self->own_values, key, value);
  return TRUE;
}

gboolean
dms_p2p_kad_core_keep_provided (DmsP2pKadCore *self, GBytes *multihash)
{
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (DmsP2pKadPeer) here = NULL;

  if (!g_hash_table_contains (self->own_provided, multihash) &&
      g_hash_table_size (self->own_provided) >= DMS_P2P_KAD_MAX_OWN)
    return FALSE;
  addresses = self->environment.dup_addresses (dms_p2p_kad_peer_get_id (self->self_peer), self->user_data);
  here = dms_p2p_kad_peer_at (self->self_peer, addresses);
  dms_p2p_kad_providers_add (self->providers, multihash, here, 0, dms_p2p_kad_core_get_now (self));
  dms_p2p_kad_core_keep (self, self->own_provided, multihash, NULL);
  return TRUE;
}

void
dms_p2p_kad_core_stop_providing (DmsP2pKadCore *self, GBytes *multihash)
{
  if (g_hash_table_remove (self->own_provided, multihash))
    dms_p2p_kad_providers_remove (self->providers, multihash, self->self_peer);
}

/* With the next checks, some at a time. */
void
dms_p2p_kad_core_note_moved (DmsP2pKadCore *self)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->own_provided);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((DmsP2pKadOwn *) value)->next_us = dms_p2p_kad_core_get_now (self);
}

static void
dms_p2p_kad_core_on_republished (DmsP2pKadCore *self, const DmsP2pKadResult *result, gpointer user_data)
{
  g_autoptr (GBytes) key = user_data;
  DmsP2pKadOwn *own = g_hash_table_lookup (self->own_values, key);

  if (own == NULL)
    own = g_hash_table_lookup (self->own_provided, key);
  if (own != NULL && result->n_stored == 0)
    own->next_us = dms_p2p_kad_core_get_now (self) + (gint64) DMS_P2P_KAD_RETRY_S * G_USEC_PER_SEC;
}

static GPtrArray *
dms_p2p_kad_core_list_due (GHashTable *table, gint64 now_us)
{
  GPtrArray *due = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, table);
  while (due->len < DMS_P2P_KAD_REPUBLISH_AT_ONCE && g_hash_table_iter_next (&iter, &key, &value))
    if (((DmsP2pKadOwn *) value)->next_us <= now_us)
      g_ptr_array_add (due, g_bytes_ref (key));
  return due;
}

static void
dms_p2p_kad_core_republish (DmsP2pKadCore *self, gint64 now_us)
{
  g_autoptr (GPtrArray) values = dms_p2p_kad_core_list_due (self->own_values, now_us);
  g_autoptr (GPtrArray) provided = dms_p2p_kad_core_list_due (self->own_provided, now_us);

  if (dms_p2p_kad_table_get_size (self->table) == 0)
    return;
  for (guint i = 0; i < values->len; i++)
    {
      GBytes *key = g_ptr_array_index (values, i);
      const DmsP2pKadOwn *own = g_hash_table_lookup (self->own_values, key);
      g_autoptr (GBytes) value = g_bytes_ref (own->value);

      dms_p2p_kad_core_put_value (self, key, value, dms_p2p_kad_core_on_republished, g_bytes_ref (key));
    }
  for (guint i = 0; i < provided->len; i++)
    {
      GBytes *key = g_ptr_array_index (provided, i);

      dms_p2p_kad_core_provide (self, key, dms_p2p_kad_core_on_republished, g_bytes_ref (key));
    }
}

void
dms_p2p_kad_core_keep_up (DmsP2pKadCore *self)
{
  gint64 now_us = dms_p2p_kad_core_get_now (self);

  if (self->next_refresh_us <= now_us)
    dms_p2p_kad_core_refresh (self, now_us);
  if (self->next_check_us > now_us)
    return;
  self->next_check_us = now_us + (gint64) DMS_P2P_KAD_CHECK_S * G_USEC_PER_SEC;
  dms_p2p_kad_core_check_silent (self, now_us);
  dms_p2p_kad_records_expire (self->records, now_us);
  dms_p2p_kad_providers_expire (self->providers, now_us);
  dms_p2p_kad_core_republish (self, now_us);
}
