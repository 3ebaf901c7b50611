/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-peer-store-private.h"

#include "swarm/dms-p2p-peer-file.h"
#include "swarm/dms-p2p-peer-record.h"

enum
{
  DMS_P2P_PEER_STORE_MAX_PEERS = 4096,
  /* How many give way at once, so that sorting them is worth it. */
  DMS_P2P_PEER_STORE_EVICT = 64,
  /* And how much of the bytes, for the same reason. */
  DMS_P2P_PEER_STORE_EVICT_BYTES = DMS_P2P_PEER_STORE_MAX_BYTES / 64,
  DMS_P2P_PEER_STORE_MAX_TTL_S = 30 * 24 * 3600,
  /* What worked is worth trying for that long. */
  DMS_P2P_PEER_STORE_CONNECTED_TTL_S = 7 * 24 * 3600,
  /* In a row, then an address is forgotten. */
  DMS_P2P_PEER_STORE_MAX_FAILURES = 8,
};

/**
 * DmsP2pPeerStore:
 *
 * What this host knows of other peers. Lives in one main context. Times are those of the wall clock, since
 * they outlive the process.
 */
struct _DmsP2pPeerStore
{
  GObject parent_instance;

  char *path;
  /* DmsPeerId to DmsP2pPeerRecord. */
  GHashTable *records;
  /* What they take together. */
  gsize bytes;
  gint64 now_us;
  /* GTask: who is told of what is being written; NULL when nothing is. */
  GPtrArray *writing;
  /* GTask: who is told of what is written next. */
  GPtrArray *waiting;
};

G_DEFINE_FINAL_TYPE (DmsP2pPeerStore, dms_p2p_peer_store, G_TYPE_OBJECT)

static void
dms_p2p_peer_store_finalize (GObject *object)
{
  DmsP2pPeerStore *self = DMS_P2P_PEER_STORE (object);

  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->records, g_hash_table_unref);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  G_OBJECT_CLASS (dms_p2p_peer_store_parent_class)->finalize (object);
}

static void
dms_p2p_peer_store_class_init (DmsP2pPeerStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_peer_store_finalize;
}

static void
dms_p2p_peer_store_init (DmsP2pPeerStore *self)
{
  self->records = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                         (GEqualFunc) dms_peer_id_equal,
                                         NULL,
                                         (GDestroyNotify) dms_p2p_peer_record_free);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

/* Borrowed records. */
static GPtrArray *
dms_p2p_peer_store_list_records (DmsP2pPeerStore *self)
{
  GPtrArray *records = g_ptr_array_sized_new (g_hash_table_size (self->records));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (records, value);
  return records;
}

static gint64
dms_p2p_peer_store_get_now_us (DmsP2pPeerStore *self)
{
  return self->now_us > 0 ? self->now_us : g_get_real_time ();
}

void
dms_p2p_peer_store_set_now_us (DmsP2pPeerStore *self, gint64 now_us)
{
  self->now_us = now_us;
}

/* Who gives way first comes first: never reached, never connected, then longest ago. */
static gint
dms_p2p_peer_store_compare (gconstpointer a, gconstpointer b)
{
  const DmsP2pPeerRecord *left = *(DmsP2pPeerRecord *const *) a;
  const DmsP2pPeerRecord *right = *(DmsP2pPeerRecord *const *) b;

  if (left->is_proven != right->is_proven)
    return left->is_proven ? 1 : -1;
  if (left->seen_us != right->seen_us)
    return left->seen_us > right->seen_us ? 1 : -1;
  return left->touched_us < right->touched_us ? -1 : left->touched_us > right->touched_us;
}

gsize
dms_p2p_peer_store_get_bytes (DmsP2pPeerStore *self)
{
  return self->bytes;
}

static void
dms_p2p_peer_store_remove (DmsP2pPeerStore *self, DmsP2pPeerRecord *record)
{
  self->bytes -= record->counted_bytes;
  g_hash_table_remove (self->records, record->peer);
}

/* Several at once, but never @kept (nullable), which was heard of last. */
static void
dms_p2p_peer_store_evict (DmsP2pPeerStore *self, const DmsP2pPeerRecord *kept)
{
  g_autoptr (GPtrArray) records = dms_p2p_peer_store_list_records (self);

  g_ptr_array_sort (records, dms_p2p_peer_store_compare);
  for (guint i = 0; i < records->len; i++)
    {
      if (i >= DMS_P2P_PEER_STORE_EVICT &&
          self->bytes <= DMS_P2P_PEER_STORE_MAX_BYTES - DMS_P2P_PEER_STORE_EVICT_BYTES)
        return;
      if (records->pdata[i] != kept)
        dms_p2p_peer_store_remove (self, records->pdata[i]);
    }
}

/* After every change to a record. */
static void
dms_p2p_peer_store_count (DmsP2pPeerStore *self, DmsP2pPeerRecord *record)
{
  gsize bytes = dms_p2p_peer_record_get_bytes (record);

  self->bytes += bytes - record->counted_bytes;
  record->counted_bytes = bytes;
  if (self->bytes > DMS_P2P_PEER_STORE_MAX_BYTES)
    dms_p2p_peer_store_evict (self, record);
}

static void
dms_p2p_peer_store_insert (DmsP2pPeerStore *self, DmsP2pPeerRecord *record)
{
  DmsP2pPeerRecord *known = g_hash_table_lookup (self->records, record->peer);

  if (known != NULL)
    dms_p2p_peer_store_remove (self, known);
  g_hash_table_replace (self->records, record->peer, record);
  dms_p2p_peer_store_count (self, record);
}

static void
dms_p2p_peer_store_load (DmsP2pPeerStore *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) records =
      dms_p2p_peer_file_load (self->path, dms_p2p_peer_store_get_now_us (self), &error);

  if (records == NULL)
    {
      if (!g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
        g_warning ("the file of known peers %s is damaged and begun anew: %s", self->path, error->message);
      return;
    }
  g_ptr_array_set_free_func (records, NULL);
  for (guint i = 0; i < records->len; i++)
    dms_p2p_peer_store_insert (self, records->pdata[i]);
}

DmsP2pPeerStore *
dms_p2p_peer_store_new (const char *path)
{
  DmsP2pPeerStore *self = g_object_new (DMS_TYPE_P2P_PEER_STORE, NULL);

  self->path = g_strdup (path);
  if (path != NULL)
    dms_p2p_peer_store_load (self);
  return self;
}

static void dms_p2p_peer_store_start_writing (DmsP2pPeerStore *self);

static void
dms_p2p_peer_store_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pPeerStore) self = user_data;
  g_autoptr (GPtrArray) told = g_steal_pointer (&self->writing);
  g_autoptr (GError) error = NULL;

  dms_p2p_peer_file_write_finish (result, &error);
  if (self->waiting->len > 0)
    dms_p2p_peer_store_start_writing (self);
  for (guint i = 0; i < told->len; i++)
    if (error == NULL)
      g_task_return_boolean (told->pdata[i], TRUE);
    else
      g_task_return_error (told->pdata[i], g_error_copy (error));
}

static void
dms_p2p_peer_store_start_writing (DmsP2pPeerStore *self)
{
  g_autoptr (GPtrArray) records = dms_p2p_peer_store_list_records (self);

  self->writing = g_steal_pointer (&self->waiting);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  dms_p2p_peer_file_write_async (self->path,
                                 dms_p2p_peer_file_build (records, dms_p2p_peer_store_get_now_us (self)),
                                 dms_p2p_peer_store_on_written,
                                 g_object_ref (self));
}

/**
 * dms_p2p_peer_store_save_async:
 * @self: the store
 * @callback: (nullable): told when all that is known now is in the file, or when there is no file for it
 * @user_data: its data
 *
 * Replaces the file at once, readable by its owner alone. One is written at a time: what is asked for
 * meanwhile is written together when that is done, as it is known then.
 */
void
dms_p2p_peer_store_save_async (DmsP2pPeerStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, dms_p2p_peer_store_save_async);
  if (self->path == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  if (self->writing == NULL)
    dms_p2p_peer_store_start_writing (self);
}

gboolean
dms_p2p_peer_store_save_finish (DmsP2pPeerStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static DmsP2pPeerRecord *
dms_p2p_peer_store_ensure (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  if (record == NULL)
    {
      if (g_hash_table_size (self->records) >= DMS_P2P_PEER_STORE_MAX_PEERS)
        dms_p2p_peer_store_evict (self, NULL);
      record = dms_p2p_peer_record_new (peer);
      dms_p2p_peer_store_insert (self, record);
    }
  record->touched_us = dms_p2p_peer_store_get_now_us (self);
  return record;
}

/**
 * dms_p2p_peer_store_add_addresses:
 * @self: the store
 * @peer: whose they are
 * @addresses: (element-type DmsMultiaddr): where it is. A `/p2p` behind one is dropped; what names another
 * peer, or can be nowhere, is left out
 * @ttl_s: how long they are worth trying, in seconds; 0 forgets them
 * @is_certified: whether the peer signed them. Then what others said of it, and what never worked, is
 * forgotten, and is not listened to until these expire
 */
void
dms_p2p_peer_store_add_addresses (DmsP2pPeerStore *self,
                                  DmsPeerId *peer,
                                  GPtrArray *addresses,
                                  guint ttl_s,
                                  gboolean is_certified)
{
  DmsP2pPeerRecord *record = dms_p2p_peer_store_ensure (self, peer);
  gint64 now_us = dms_p2p_peer_store_get_now_us (self);
  gint64 expires_us = now_us + (gint64) MIN (ttl_s, DMS_P2P_PEER_STORE_MAX_TTL_S) * G_USEC_PER_SEC;
  gboolean has_certified = FALSE;

  dms_p2p_peer_record_drop_expired (record, now_us);
  if (is_certified)
    {
      /* A record replaces the one before. */
      for (guint i = 0; i < record->addresses->len; i++)
        ((DmsP2pPeerAddress *) record->addresses->pdata[i])->is_certified = FALSE;
      dms_p2p_peer_record_drop_hearsay (record);
    }
  for (guint i = 0; i < record->addresses->len; i++)
    has_certified |= ((DmsP2pPeerAddress *) record->addresses->pdata[i])->is_certified;
  for (guint i = 0; i < addresses->len; i++)
    {
      DmsP2pPeerAddress *known = NULL;

      if (has_certified && dms_p2p_peer_record_find_address (record, addresses->pdata[i]) == NULL)
        continue;
      known = dms_p2p_peer_record_add_address (record, addresses->pdata[i], is_certified);
      if (known != NULL)
        known->expires_us = ttl_s == 0 ? now_us : MAX (known->expires_us, expires_us);
    }
  dms_p2p_peer_record_drop_expired (record, now_us);
  dms_p2p_peer_store_count (self, record);
}

void
dms_p2p_peer_store_set_identity (DmsP2pPeerStore *self,
                                 DmsPeerId *peer,
                                 const char *agent,
                                 const char *protocol_version,
                                 const char *const *protocols)
{
  DmsP2pPeerRecord *record = dms_p2p_peer_store_ensure (self, peer);

  dms_p2p_peer_record_set_identity (record, agent, protocol_version, protocols);
  dms_p2p_peer_store_count (self, record);
}

/**
 * dms_p2p_peer_store_note_connected:
 * @self: the store
 * @peer: who is, or was until now, connected
 * @address: (nullable): the address it was reached at; %NULL when it came by itself
 */
void
dms_p2p_peer_store_note_connected (DmsP2pPeerStore *self, DmsPeerId *peer, DmsMultiaddr *address)
{
  DmsP2pPeerRecord *record = dms_p2p_peer_store_ensure (self, peer);
  gint64 now_us = dms_p2p_peer_store_get_now_us (self);
  DmsP2pPeerAddress *known = NULL;

  record->seen_us = now_us;
  if (address == NULL)
    return;
  known = dms_p2p_peer_record_add_address (record, address, FALSE);
  if (known == NULL)
    return;
  record->is_proven = TRUE;
  known->connected_us = now_us;
  known->n_failures = 0;
  known->expires_us =
      MAX (known->expires_us, now_us + (gint64) DMS_P2P_PEER_STORE_CONNECTED_TTL_S * G_USEC_PER_SEC);
  dms_p2p_peer_store_count (self, record);
}

void
dms_p2p_peer_store_note_failed (DmsP2pPeerStore *self, DmsPeerId *peer, DmsMultiaddr *address)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);
  DmsP2pPeerAddress *known = record != NULL ? dms_p2p_peer_record_find_address (record, address) : NULL;

  if (known == NULL || ++known->n_failures < DMS_P2P_PEER_STORE_MAX_FAILURES)
    return;
  g_ptr_array_remove (record->addresses, known);
  dms_p2p_peer_store_count (self, record);
}

void
dms_p2p_peer_store_forget (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  if (record != NULL)
    dms_p2p_peer_store_remove (self, record);
}

void
dms_p2p_peer_store_set_envelope (DmsP2pPeerStore *self, DmsPeerId *peer, GBytes *envelope)
{
  DmsP2pPeerRecord *record = dms_p2p_peer_store_ensure (self, peer);

  g_clear_pointer (&record->envelope, g_bytes_unref);
  if (envelope != NULL && g_bytes_get_size (envelope) <= DMS_P2P_PEER_RECORD_MAX_ENVELOPE)
    record->envelope = g_bytes_ref (envelope);
  dms_p2p_peer_store_count (self, record);
}

GBytes *
dms_p2p_peer_store_dup_envelope (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  return record != NULL && record->envelope != NULL ? g_bytes_ref (record->envelope) : NULL;
}

/**
 * dms_p2p_peer_store_dup_addresses:
 * @self: the store
 * @peer: a peer
 *
 * Returns: (transfer full) (element-type DmsMultiaddr): its addresses, the best first, without `/p2p`
 */
GPtrArray *
dms_p2p_peer_store_dup_addresses (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  if (record == NULL)
    return addresses;
  dms_p2p_peer_record_drop_expired (record, dms_p2p_peer_store_get_now_us (self));
  dms_p2p_peer_store_count (self, record);
  dms_p2p_peer_record_sort (record);
  for (guint i = 0; i < record->addresses->len; i++)
    g_ptr_array_add (addresses,
                     dms_multiaddr_ref (((DmsP2pPeerAddress *) record->addresses->pdata[i])->address));
  return addresses;
}

const char *const *
dms_p2p_peer_store_get_protocols (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  return record != NULL ? (const char *const *) record->protocols : NULL;
}

const char *
dms_p2p_peer_store_get_agent (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  return record != NULL ? record->agent : NULL;
}

GPtrArray *
dms_p2p_peer_store_list (DmsP2pPeerStore *self)
{
  GPtrArray *peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (peers, dms_peer_id_ref (key));
  return peers;
}

gint64
dms_p2p_peer_store_get_last_seen_us (DmsP2pPeerStore *self, DmsPeerId *peer)
{
  DmsP2pPeerRecord *record = g_hash_table_lookup (self->records, peer);

  return record != NULL ? record->seen_us : 0;
}
