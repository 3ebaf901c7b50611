/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-core-private.h"
#include "kad/dms-p2p-kad-group.h"
#include "wire/dms-p2p-multihash.h"

static gboolean
dms_p2p_kad_core_refuse (GError **error, const char *why)
{
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, why);
  return FALSE;
}

/* @peer where the one at @remote can reach it; NULL when nowhere. */
static DmsP2pKadPeer *
dms_p2p_kad_core_describe (DmsP2pKadCore *self, DmsP2pKadPeer *peer, DmsMultiaddr *remote)
{
  g_autoptr (GPtrArray) known =
      self->environment.dup_addresses (dms_p2p_kad_peer_get_id (peer), self->user_data);
  g_autoptr (GPtrArray) told = dms_p2p_kad_group_filter (known, remote, DMS_P2P_KAD_TOLD_ADDRESSES);

  return told->len > 0 ? dms_p2p_kad_peer_at (peer, told) : NULL;
}

/* Those closest to the key, but for who asks; the peer that the key is of is one of them when it is known at
 * all. */
static void
dms_p2p_kad_core_tell_closer (DmsP2pKadCore *self,
                              DmsP2pKadMessage *answer,
                              GBytes *key,
                              DmsPeerId *from,
                              DmsMultiaddr *remote)
{
  DmsP2pKadKey target;
  g_autoptr (GPtrArray) closest = NULL;
  g_autoptr (DmsP2pKadPeer) wanted = NULL;

  dms_p2p_kad_key_init_bytes (&target, key);
  if (answer->type == DMS_P2P_KAD_FIND_NODE)
    {
      gsize size = 0;
      const guint8 *data = g_bytes_get_data (key, &size);

      wanted = dms_p2p_kad_peer_new_from_bytes (data, size, NULL, DMS_P2P_KAD_NOT_CONNECTED);
    }
  if (wanted != NULL && !dms_peer_id_equal (dms_p2p_kad_peer_get_id (wanted), from))
    {
      DmsP2pKadPeer *told = dms_p2p_kad_core_describe (self, wanted, remote);

      if (told != NULL)
        g_ptr_array_add (answer->closer, told);
    }
  closest = dms_p2p_kad_table_list_closest (self->table, &target, DMS_P2P_KAD_K + 1);
  for (guint i = 0; i < closest->len && answer->closer->len < DMS_P2P_KAD_K; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (closest, i);
      DmsP2pKadPeer *told = NULL;

      if (dms_peer_id_equal (dms_p2p_kad_peer_get_id (peer), from) ||
          dms_p2p_kad_key_equal (dms_p2p_kad_peer_get_key (peer), &target))
        continue;
      told = dms_p2p_kad_core_describe (self, peer, remote);
      if (told != NULL)
        g_ptr_array_add (answer->closer, told);
    }
}

/* Values */

static gboolean
dms_p2p_kad_core_delete (DmsP2pKadCore *self,
                         const DmsP2pKadNamespace *namespace,
                         GBytes *key,
                         DmsPeerId *from,
                         GError **error)
{
  /* An empty value has no signature: it is believed only of the one whose it is. */
  if (namespace->may_delete == NULL || !namespace->may_delete (key, from))
    return dms_p2p_kad_core_refuse (error, "only the peer that a value is of may take it away");
  dms_p2p_kad_records_remove (self->records, key);
  return TRUE;
}

gboolean
dms_p2p_kad_core_store (DmsP2pKadCore *self, DmsP2pKadRecord *record, DmsPeerId *from, GError **error)
{
  GBytes *key = dms_p2p_kad_record_get_key (record);
  GBytes *value = dms_p2p_kad_record_get_value (record);
  const DmsP2pKadNamespace *namespace = dms_p2p_kad_namespace_find (key);
  gint64 now_us = dms_p2p_kad_core_get_now (self);
  gint64 now_s = self->environment.get_time_s (self->user_data);
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (now_s);
  g_autofree char *received = now != NULL ? g_date_time_format_iso8601 (now) : NULL;
  g_autoptr (DmsP2pKadRecord) stamped = NULL;
  DmsP2pKadRecord *before = NULL;

  if (namespace == NULL)
    return dms_p2p_kad_core_refuse (error, "the key of this record is of no namespace that is known");
  if (g_bytes_get_size (value) == 0)
    return dms_p2p_kad_core_delete (
        self, namespace, key, from != NULL ? from : dms_p2p_kad_peer_get_id (self->self_peer), error);
  if (g_bytes_get_size (value) > DMS_P2P_KAD_MAX_VALUE_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "a value in the network may be of %d bytes at most, this one is of %" G_GSIZE_FORMAT,
                   DMS_P2P_KAD_MAX_VALUE_SIZE,
                   g_bytes_get_size (value));
      return FALSE;
    }
  if (!namespace->validate (key, value, now_s, error))
    return FALSE;
  before = dms_p2p_kad_records_get (self->records, key, now_us);
  if (before != NULL && namespace->compare (key, dms_p2p_kad_record_get_value (before), value) > 0)
    return dms_p2p_kad_core_refuse (error, "a newer value stands under this key already");
  stamped = dms_p2p_kad_record_new (key, value, received);
  if (dms_p2p_kad_records_put (self->records, stamped, from, now_us))
    return TRUE;
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_BUSY, "there is no room for this value: closer ones are kept");
  return FALSE;
}

static gboolean
dms_p2p_kad_core_handle_put (DmsP2pKadCore *self,
                             DmsPeerId *from,
                             DmsP2pKadMessage *request,
                             DmsP2pKadMessage *answer,
                             GError **error)
{
  if (request->record == NULL || !g_bytes_equal (dms_p2p_kad_record_get_key (request->record), request->key))
    return dms_p2p_kad_core_refuse (error, "the record that is put has another key than the request");
  if (!dms_p2p_kad_core_store (self, request->record, from, error))
    return FALSE;
  answer->record = dms_p2p_kad_record_ref (request->record);
  return TRUE;
}

/* A value may have become invalid since it came. */
static void
dms_p2p_kad_core_handle_get (DmsP2pKadCore *self, DmsP2pKadMessage *request, DmsP2pKadMessage *answer)
{
  DmsP2pKadRecord *record =
      dms_p2p_kad_records_get (self->records, request->key, dms_p2p_kad_core_get_now (self));

  if (record != NULL)
    answer->record = dms_p2p_kad_record_ref (record);
}

/* Providers */

gboolean
dms_p2p_kad_core_check_provided (GBytes *key, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (key, &size);

  if (size > DMS_P2P_KAD_MAX_MULTIHASH)
    return dms_p2p_kad_core_refuse (error, "the key of what is provided is too long for a multihash");
  return dms_p2p_multihash_parse (data, size, NULL, NULL, NULL, error);
}

static gboolean
dms_p2p_kad_core_handle_provider (DmsP2pKadCore *self,
                                  DmsPeerId *from,
                                  DmsMultiaddr *remote,
                                  DmsP2pKadMessage *request,
                                  GError **error)
{
  guint64 group = remote != NULL ? dms_p2p_kad_group_of (remote) : 0;
  gint64 now_us = dms_p2p_kad_core_get_now (self);

  if (!dms_p2p_kad_core_check_provided (request->key, error))
    return FALSE;
  for (guint i = 0; i < request->providers->len; i++)
    {
      DmsP2pKadPeer *provider = g_ptr_array_index (request->providers, i);
      g_autoptr (GPtrArray) addresses = NULL;
      g_autoptr (DmsP2pKadPeer) there = NULL;

      /* Everybody speaks for himself only. */
      if (!dms_peer_id_equal (dms_p2p_kad_peer_get_id (provider), from))
        continue;
      addresses = dms_p2p_kad_group_filter (
          dms_p2p_kad_peer_get_addresses (provider), remote, DMS_P2P_KAD_TOLD_ADDRESSES);
      there = dms_p2p_kad_peer_at (provider, addresses);
      dms_p2p_kad_providers_add (self->providers, request->key, there, group, now_us);
      return TRUE;
    }
  return dms_p2p_kad_core_refuse (error, "who says that something is provided is not among the providers");
}

/* Where a provider is: what is known of it now before what it said when it told of itself, which may have
 * been before it had a relay. */
static GPtrArray *
dms_p2p_kad_core_list_addresses (DmsP2pKadCore *self, DmsP2pKadPeer *provider)
{
  GPtrArray *addresses =
      self->environment.dup_addresses (dms_p2p_kad_peer_get_id (provider), self->user_data);
  GPtrArray *said = dms_p2p_kad_peer_get_addresses (provider);

  for (guint i = 0; i < said->len; i++)
    if (!g_ptr_array_find_with_equal_func (
            addresses, g_ptr_array_index (said, i), (GEqualFunc) dms_multiaddr_equal, NULL))
      g_ptr_array_add (addresses, dms_multiaddr_ref (g_ptr_array_index (said, i)));
  return addresses;
}

static void
dms_p2p_kad_core_tell_providers (DmsP2pKadCore *self,
                                 DmsP2pKadMessage *request,
                                 DmsP2pKadMessage *answer,
                                 DmsMultiaddr *remote)
{
  g_autoptr (GPtrArray) providers = dms_p2p_kad_providers_list (
      self->providers, request->key, DMS_P2P_KAD_MAX_PROVIDERS, dms_p2p_kad_core_get_now (self));

  for (guint i = 0; i < providers->len; i++)
    {
      DmsP2pKadPeer *provider = g_ptr_array_index (providers, i);
      g_autoptr (GPtrArray) known = dms_p2p_kad_core_list_addresses (self, provider);
      g_autoptr (GPtrArray) addresses = dms_p2p_kad_group_filter (known, remote, DMS_P2P_KAD_TOLD_ADDRESSES);

      g_ptr_array_add (answer->providers, dms_p2p_kad_peer_at (provider, addresses));
    }
}

static gboolean
dms_p2p_kad_core_answer (DmsP2pKadCore *self,
                         DmsPeerId *from,
                         DmsMultiaddr *remote,
                         DmsP2pKadMessage *request,
                         DmsP2pKadMessage *answer,
                         GError **error)
{
  switch (request->type)
    {
    case DMS_P2P_KAD_PUT_VALUE:
      return dms_p2p_kad_core_handle_put (self, from, request, answer, error);
    case DMS_P2P_KAD_GET_VALUE:
      dms_p2p_kad_core_handle_get (self, request, answer);
      break;
    case DMS_P2P_KAD_GET_PROVIDERS:
      if (!dms_p2p_kad_core_check_provided (request->key, error))
        return FALSE;
      dms_p2p_kad_core_tell_providers (self, request, answer, remote);
      break;
    case DMS_P2P_KAD_PING:
      return TRUE;
    case DMS_P2P_KAD_FIND_NODE:
    case DMS_P2P_KAD_ADD_PROVIDER:
    default:
      break;
    }
  dms_p2p_kad_core_tell_closer (self, answer, request->key, from, remote);
  return TRUE;
}

gboolean
dms_p2p_kad_core_handle (DmsP2pKadCore *self,
                         DmsPeerId *from,
                         DmsMultiaddr *remote,
                         GBytes *bytes,
                         GBytes **answer,
                         GError **error)
{
  g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_decode (bytes, error);
  g_autoptr (DmsP2pKadMessage) message = NULL;

  *answer = NULL;
  if (request == NULL)
    return FALSE;
  if (request->type != DMS_P2P_KAD_PING && (request->key == NULL || g_bytes_get_size (request->key) == 0))
    return dms_p2p_kad_core_refuse (error, "a request of Kademlia without a key");
  if (request->type == DMS_P2P_KAD_ADD_PROVIDER)
    return dms_p2p_kad_core_handle_provider (self, from, remote, request, error);
  message = dms_p2p_kad_message_new (request->type, request->key);
  if (!dms_p2p_kad_core_answer (self, from, remote, request, message, error))
    return FALSE;
  *answer = dms_p2p_kad_message_encode (message);
  return TRUE;
}
