/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-providers.h"

#include <string.h>

#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* What a provider takes besides its addresses, and one of those besides its text. */
  DMS_P2P_KAD_PROVIDERS_OVERHEAD = 512,
  DMS_P2P_KAD_PROVIDERS_ADDRESS_OVERHEAD = 128,
};

typedef struct
{
  DmsP2pKadPeer *peer;
  guint64 group;
  gint64 told_us;
} DmsP2pKadProvider;

typedef struct
{
  DmsP2pKadKey place;
  /* DmsP2pKadProvider, the one that told so longest ago first. */
  GPtrArray *list;
} DmsP2pKadProvided;

struct _DmsP2pKadProviders
{
  DmsP2pKadKey self_key;
  /* GBytes to DmsP2pKadProvided. */
  GHashTable *keys;
  /* DmsPeerId to how many keys it provides. */
  GHashTable *shares;
  guint n;
  gsize bytes;
};

static void
dms_p2p_kad_provider_free (gpointer data)
{
  DmsP2pKadProvider *provider = data;

  dms_p2p_kad_peer_unref (provider->peer);
  g_free (provider);
}

static void
dms_p2p_kad_provided_free (gpointer data)
{
  DmsP2pKadProvided *provided = data;

  g_ptr_array_unref (provided->list);
  g_free (provided);
}

DmsP2pKadProviders *
dms_p2p_kad_providers_new (const DmsP2pKadKey *self_key)
{
  DmsP2pKadProviders *self = g_new0 (DmsP2pKadProviders, 1);

  self->self_key = *self_key;
  self->keys = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, dms_p2p_kad_provided_free);
  self->shares = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
  return self;
}

void
dms_p2p_kad_providers_free (DmsP2pKadProviders *self)
{
  g_hash_table_unref (self->keys);
  g_hash_table_unref (self->shares);
  g_free (self);
}

static gsize
dms_p2p_kad_providers_size_of (DmsP2pKadPeer *peer)
{
  GPtrArray *addresses = dms_p2p_kad_peer_get_addresses (peer);
  gsize size = DMS_P2P_KAD_PROVIDERS_OVERHEAD;

  for (guint i = 0; i < addresses->len; i++)
    size += DMS_P2P_KAD_PROVIDERS_ADDRESS_OVERHEAD +
            strlen (dms_multiaddr_get_text (g_ptr_array_index (addresses, i)));
  return size;
}

static guint
dms_p2p_kad_providers_get_share (DmsP2pKadProviders *self, DmsPeerId *peer)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->shares, peer));
}

static void
dms_p2p_kad_providers_set_share (DmsP2pKadProviders *self, DmsPeerId *peer, guint share)
{
  if (share > 0)
    g_hash_table_replace (self->shares, dms_peer_id_ref (peer), GUINT_TO_POINTER (share));
  else
    g_hash_table_remove (self->shares, peer);
}

static void
dms_p2p_kad_providers_drop (DmsP2pKadProviders *self, DmsP2pKadProvided *provided, guint i)
{
  const DmsP2pKadProvider *provider = g_ptr_array_index (provided->list, i);
  DmsPeerId *peer = dms_p2p_kad_peer_get_id (provider->peer);

  self->n--;
  self->bytes -= dms_p2p_kad_providers_size_of (provider->peer);
  dms_p2p_kad_providers_set_share (self, peer, dms_p2p_kad_providers_get_share (self, peer) - 1);
  g_ptr_array_remove_index (provided->list, i);
}

static guint
dms_p2p_kad_provided_count_group (const DmsP2pKadProvided *provided, guint64 group)
{
  guint n = 0;

  for (guint i = 0; i < provided->list->len; i++)
    if (((DmsP2pKadProvider *) g_ptr_array_index (provided->list, i))->group == group)
      n++;
  return n;
}

/* The oldest of the most crowded group. */
static guint
dms_p2p_kad_provided_find_victim (const DmsP2pKadProvided *provided)
{
  guint victim = 0;
  guint most = 0;

  for (guint i = 0; i < provided->list->len; i++)
    {
      const DmsP2pKadProvider *provider = g_ptr_array_index (provided->list, i);
      guint n = dms_p2p_kad_provided_count_group (provided, provider->group);

      if (n > most)
        {
          most = n;
          victim = i;
        }
    }
  return victim;
}

static gboolean
dms_p2p_kad_provider_is_expired (const DmsP2pKadProvider *provider, gint64 now_us)
{
  return now_us - provider->told_us >= (gint64) DMS_P2P_KAD_PROVIDER_S * G_USEC_PER_SEC;
}

static void
dms_p2p_kad_providers_expire_key (DmsP2pKadProviders *self, DmsP2pKadProvided *provided, gint64 now_us)
{
  while (provided->list->len > 0 &&
         dms_p2p_kad_provider_is_expired (g_ptr_array_index (provided->list, 0), now_us))
    dms_p2p_kad_providers_drop (self, provided, 0);
}

void
dms_p2p_kad_providers_expire (DmsP2pKadProviders *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pKadProvided *provided = value;

      dms_p2p_kad_providers_expire_key (self, provided, now_us);
      if (provided->list->len == 0)
        g_hash_table_iter_remove (&iter);
    }
}

/* Forgets the key farthest from this host, unless @place is farther still. */
static gboolean
dms_p2p_kad_providers_forget_farthest (DmsP2pKadProviders *self, const DmsP2pKadKey *place)
{
  DmsP2pKadProvided *farthest = NULL;
  GBytes *name = NULL;
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      DmsP2pKadProvided *provided = value;

      if (farthest == NULL ||
          dms_p2p_kad_key_compare (&self->self_key, &provided->place, &farthest->place) > 0)
        {
          farthest = provided;
          name = key;
        }
    }
  if (farthest == NULL || dms_p2p_kad_key_compare (&self->self_key, place, &farthest->place) >= 0)
    return FALSE;
  while (farthest->list->len > 0)
    dms_p2p_kad_providers_drop (self, farthest, farthest->list->len - 1);
  g_hash_table_remove (self->keys, name);
  return TRUE;
}

static DmsP2pKadProvided *
dms_p2p_kad_providers_make_key (DmsP2pKadProviders *self, GBytes *key)
{
  DmsP2pKadProvided *provided = g_hash_table_lookup (self->keys, key);
  DmsP2pKadKey place;

  if (provided != NULL)
    return provided;
  dms_p2p_kad_key_init_bytes (&place, key);
  if (g_hash_table_size (self->keys) >= DMS_P2P_KAD_MAX_PROVIDED_KEYS &&
      !dms_p2p_kad_providers_forget_farthest (self, &place))
    return NULL;
  provided = g_new0 (DmsP2pKadProvided, 1);
  provided->place = place;
  provided->list = g_ptr_array_new_with_free_func (dms_p2p_kad_provider_free);
  g_hash_table_insert (self->keys, g_bytes_ref (key), provided);
  return provided;
}

static gboolean
dms_p2p_kad_providers_forget (DmsP2pKadProviders *self, GBytes *key, DmsP2pKadPeer *peer)
{
  DmsP2pKadProvided *provided = g_hash_table_lookup (self->keys, key);

  for (guint i = 0; provided != NULL && i < provided->list->len; i++)
    {
      const DmsP2pKadProvider *provider = g_ptr_array_index (provided->list, i);

      if (!dms_peer_id_equal (dms_p2p_kad_peer_get_id (provider->peer), dms_p2p_kad_peer_get_id (peer)))
        continue;
      dms_p2p_kad_providers_drop (self, provided, i);
      return TRUE;
    }
  return FALSE;
}

/* Makes room in total, by forgetting keys; @key is what the room is for. */
static gboolean
dms_p2p_kad_providers_make_room (DmsP2pKadProviders *self, GBytes *key, gsize size)
{
  DmsP2pKadKey place;

  dms_p2p_kad_key_init_bytes (&place, key);
  while (self->n >= DMS_P2P_KAD_MAX_PROVIDER_RECORDS || self->bytes + size > DMS_P2P_KAD_MAX_PROVIDER_BYTES)
    if (!dms_p2p_kad_providers_forget_farthest (self, &place))
      return FALSE;
  return TRUE;
}

gboolean
dms_p2p_kad_providers_add (DmsP2pKadProviders *self,
                           GBytes *key,
                           DmsP2pKadPeer *provider,
                           guint64 group,
                           gint64 now_us)
{
  DmsPeerId *id = dms_p2p_kad_peer_get_id (provider);
  gsize size = dms_p2p_kad_providers_size_of (provider);
  DmsP2pKadProvided *provided = NULL;
  DmsP2pKadProvider *added = NULL;

  dms_p2p_kad_providers_forget (self, key, provider);
  if (dms_p2p_kad_providers_get_share (self, id) >= DMS_P2P_KAD_MAX_PROVIDED_OF_PEER ||
      !dms_p2p_kad_providers_make_room (self, key, size))
    return FALSE;
  provided = dms_p2p_kad_providers_make_key (self, key);
  if (provided == NULL)
    return FALSE;
  added = g_new0 (DmsP2pKadProvider, 1);
  added->peer = dms_p2p_kad_peer_ref (provider);
  added->group = group;
  added->told_us = now_us;
  g_ptr_array_add (provided->list, added);
  self->n++;
  self->bytes += size;
  dms_p2p_kad_providers_set_share (self, id, dms_p2p_kad_providers_get_share (self, id) + 1);
  if (provided->list->len > DMS_P2P_KAD_MAX_PROVIDERS)
    dms_p2p_kad_providers_drop (self, provided, dms_p2p_kad_provided_find_victim (provided));
  return TRUE;
}

void
dms_p2p_kad_providers_remove (DmsP2pKadProviders *self, GBytes *key, DmsP2pKadPeer *provider)
{
  const DmsP2pKadProvided *provided = NULL;

  dms_p2p_kad_providers_forget (self, key, provider);
  provided = g_hash_table_lookup (self->keys, key);
  if (provided != NULL && provided->list->len == 0)
    g_hash_table_remove (self->keys, key);
}

GPtrArray *
dms_p2p_kad_providers_list (DmsP2pKadProviders *self, GBytes *key, guint n, gint64 now_us)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  DmsP2pKadProvided *provided = g_hash_table_lookup (self->keys, key);

  if (provided == NULL)
    return peers;
  dms_p2p_kad_providers_expire_key (self, provided, now_us);
  for (guint i = provided->list->len; i > 0 && peers->len < n; i--)
    {
      const DmsP2pKadProvider *provider = g_ptr_array_index (provided->list, i - 1);
      gint64 age_us = now_us - provider->told_us;

      if (age_us < (gint64) DMS_P2P_KAD_PROVIDER_ADDRESS_S * G_USEC_PER_SEC)
        g_ptr_array_add (peers, dms_p2p_kad_peer_ref (provider->peer));
      else
        g_ptr_array_add (peers, dms_p2p_kad_peer_at (provider->peer, NULL));
    }
  return peers;
}

guint
dms_p2p_kad_providers_get_n_keys (DmsP2pKadProviders *self)
{
  return g_hash_table_size (self->keys);
}

guint
dms_p2p_kad_providers_get_n (DmsP2pKadProviders *self)
{
  return self->n;
}

gsize
dms_p2p_kad_providers_get_bytes (DmsP2pKadProviders *self)
{
  return self->bytes;
}
