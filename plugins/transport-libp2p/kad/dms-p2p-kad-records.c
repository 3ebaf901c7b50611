/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-records.h"

#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* What a record takes besides its key and value. */
  DMS_P2P_KAD_RECORDS_OVERHEAD = 256,
};

typedef struct
{
  DmsP2pKadRecord *record;
  DmsP2pKadKey key;
  DmsPeerId *from;
  gint64 expires_us;
} DmsP2pKadStored;

struct _DmsP2pKadRecords
{
  DmsP2pKadKey self_key;
  /* GBytes to DmsP2pKadStored. */
  GHashTable *stored;
  /* DmsPeerId to how many it put. */
  GHashTable *shares;
  gsize bytes;
};

static void
dms_p2p_kad_stored_free (gpointer data)
{
  DmsP2pKadStored *stored = data;

  dms_p2p_kad_record_unref (stored->record);
  g_clear_pointer (&stored->from, dms_peer_id_unref);
  g_free (stored);
}

DmsP2pKadRecords *
dms_p2p_kad_records_new (const DmsP2pKadKey *self_key)
{
  DmsP2pKadRecords *self = g_new0 (DmsP2pKadRecords, 1);

  self->self_key = *self_key;
  self->stored = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, dms_p2p_kad_stored_free);
  self->shares = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
  return self;
}

void
dms_p2p_kad_records_free (DmsP2pKadRecords *self)
{
  g_hash_table_unref (self->stored);
  g_hash_table_unref (self->shares);
  g_free (self);
}

static gsize
dms_p2p_kad_records_size_of (DmsP2pKadRecord *record)
{
  return g_bytes_get_size (dms_p2p_kad_record_get_key (record)) +
         g_bytes_get_size (dms_p2p_kad_record_get_value (record)) + DMS_P2P_KAD_RECORDS_OVERHEAD;
}

static guint
dms_p2p_kad_records_get_share (DmsP2pKadRecords *self, DmsPeerId *peer)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->shares, peer));
}

static void
dms_p2p_kad_records_set_share (DmsP2pKadRecords *self, DmsPeerId *peer, guint share)
{
  if (share > 0)
    g_hash_table_replace (self->shares, dms_peer_id_ref (peer), GUINT_TO_POINTER (share));
  else
    g_hash_table_remove (self->shares, peer);
}

/* What a stored one counts for is given back. */
static void
dms_p2p_kad_records_release (DmsP2pKadRecords *self, const DmsP2pKadStored *stored)
{
  self->bytes -= dms_p2p_kad_records_size_of (stored->record);
  if (stored->from != NULL)
    dms_p2p_kad_records_set_share (
        self, stored->from, dms_p2p_kad_records_get_share (self, stored->from) - 1);
}

void
dms_p2p_kad_records_remove (DmsP2pKadRecords *self, GBytes *key)
{
  const DmsP2pKadStored *stored = g_hash_table_lookup (self->stored, key);

  if (stored == NULL)
    return;
  dms_p2p_kad_records_release (self, stored);
  g_hash_table_remove (self->stored, key);
}

/* What this host itself keeps in the network stays. */
static const DmsP2pKadStored *
dms_p2p_kad_records_find_farthest (DmsP2pKadRecords *self)
{
  const DmsP2pKadStored *farthest = NULL;
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->stored);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const DmsP2pKadStored *stored = value;

      if (stored->from != NULL &&
          (farthest == NULL || dms_p2p_kad_key_compare (&self->self_key, &stored->key, &farthest->key) > 0))
        farthest = stored;
    }
  return farthest;
}

static gboolean
dms_p2p_kad_records_make_room (DmsP2pKadRecords *self, const DmsP2pKadKey *key, gsize size, gboolean is_own)
{
  while (g_hash_table_size (self->stored) >= DMS_P2P_KAD_MAX_RECORDS ||
         self->bytes + size > DMS_P2P_KAD_MAX_RECORD_BYTES)
    {
      const DmsP2pKadStored *farthest = dms_p2p_kad_records_find_farthest (self);
      g_autoptr (GBytes) victim = NULL;

      if (farthest == NULL ||
          (!is_own && dms_p2p_kad_key_compare (&self->self_key, key, &farthest->key) >= 0))
        return FALSE;
      victim = g_bytes_ref (dms_p2p_kad_record_get_key (farthest->record));
      dms_p2p_kad_records_remove (self, victim);
    }
  return TRUE;
}

gboolean
dms_p2p_kad_records_put (DmsP2pKadRecords *self, DmsP2pKadRecord *record, DmsPeerId *from, gint64 now_us)
{
  GBytes *key = dms_p2p_kad_record_get_key (record);
  gsize size = dms_p2p_kad_records_size_of (record);
  const DmsP2pKadStored *before = g_hash_table_lookup (self->stored, key);
  gboolean was_its_own =
      before != NULL && before->from != NULL && from != NULL && dms_peer_id_equal (before->from, from);
  DmsP2pKadKey place;
  DmsP2pKadStored *stored = NULL;

  if (from != NULL && !was_its_own &&
      dms_p2p_kad_records_get_share (self, from) >= DMS_P2P_KAD_MAX_RECORDS_OF_PEER)
    return FALSE;
  dms_p2p_kad_key_init_bytes (&place, key);
  /* Better than the one before, or it would not be put: that one goes in any case. */
  dms_p2p_kad_records_remove (self, key);
  if (!dms_p2p_kad_records_make_room (self, &place, size, from == NULL))
    return FALSE;
  stored = g_new0 (DmsP2pKadStored, 1);
  stored->record = dms_p2p_kad_record_ref (record);
  stored->key = place;
  stored->from = from != NULL ? dms_peer_id_ref (from) : NULL;
  stored->expires_us = now_us + (gint64) DMS_P2P_KAD_RECORD_S * G_USEC_PER_SEC;
  g_hash_table_insert (self->stored, g_bytes_ref (key), stored);
  self->bytes += size;
  if (from != NULL)
    dms_p2p_kad_records_set_share (self, from, dms_p2p_kad_records_get_share (self, from) + 1);
  return TRUE;
}

DmsP2pKadRecord *
dms_p2p_kad_records_get (DmsP2pKadRecords *self, GBytes *key, gint64 now_us)
{
  const DmsP2pKadStored *stored = g_hash_table_lookup (self->stored, key);

  if (stored == NULL)
    return NULL;
  if (stored->expires_us > now_us)
    return stored->record;
  dms_p2p_kad_records_remove (self, key);
  return NULL;
}

void
dms_p2p_kad_records_expire (DmsP2pKadRecords *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->stored);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const DmsP2pKadStored *stored = value;

      if (stored->expires_us > now_us)
        continue;
      dms_p2p_kad_records_release (self, stored);
      g_hash_table_iter_remove (&iter);
    }
}

guint
dms_p2p_kad_records_get_n (DmsP2pKadRecords *self)
{
  return g_hash_table_size (self->stored);
}

gsize
dms_p2p_kad_records_get_bytes (DmsP2pKadRecords *self)
{
  return self->bytes;
}
