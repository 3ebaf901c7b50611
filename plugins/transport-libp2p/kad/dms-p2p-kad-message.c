/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-message.h"

#include "kad/dms-p2p-kad-limits.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

enum
{
  DMS_P2P_KAD_FIELD_TYPE = 1,
  DMS_P2P_KAD_FIELD_KEY = 2,
  DMS_P2P_KAD_FIELD_RECORD = 3,
  DMS_P2P_KAD_FIELD_CLOSER = 8,
  DMS_P2P_KAD_FIELD_PROVIDERS = 9,

  DMS_P2P_KAD_PEER_ID = 1,
  DMS_P2P_KAD_PEER_ADDRESS = 2,
  DMS_P2P_KAD_PEER_CONNECTION = 3,
};

DmsP2pKadMessage *
dms_p2p_kad_message_new (DmsP2pKadType type, GBytes *key)
{
  DmsP2pKadMessage *self = g_new0 (DmsP2pKadMessage, 1);

  self->type = type;
  self->key = key != NULL ? g_bytes_ref (key) : NULL;
  self->closer = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  self->providers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  return self;
}

void
dms_p2p_kad_message_free (DmsP2pKadMessage *self)
{
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_pointer (&self->record, dms_p2p_kad_record_unref);
  g_clear_pointer (&self->closer, g_ptr_array_unref);
  g_clear_pointer (&self->providers, g_ptr_array_unref);
  g_free (self);
}

/* Others write addresses with the peer ID behind them, too: it says nothing new. */
static void
dms_p2p_kad_message_read_address (const DmsP2pProtoReader *reader, GPtrArray *addresses)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;

  if (addresses->len >= DMS_P2P_KAD_MAX_ADDRESSES || reader->size > DMS_P2P_KAD_MAX_ADDRESS_SIZE)
    return;
  bytes = dms_p2p_proto_reader_dup_bytes (reader);
  address = dms_multiaddr_new_from_bytes (bytes, NULL);
  if (address == NULL)
    return;
  if (dms_multiaddr_has_part (address, "p2p") && !dms_multiaddr_has_part (address, "p2p-circuit"))
    {
      DmsMultiaddr *bare = dms_multiaddr_dup_without_peer_id (address);

      if (bare != NULL)
        g_ptr_array_add (addresses, bare);
      return;
    }
  g_ptr_array_add (addresses, g_steal_pointer (&address));
}

/* FALSE when it is malformed. */
static gboolean
dms_p2p_kad_message_read_peer (const DmsP2pProtoReader *field, GPtrArray *peers)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  DmsP2pKadConnection connection = DMS_P2P_KAD_NOT_CONNECTED;
  const guint8 *id = NULL;
  gsize id_size = 0;
  DmsP2pProtoReader reader;
  DmsP2pKadPeer *peer = NULL;

  dms_p2p_proto_reader_init (&reader, field->data, field->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_PEER_ID, DMS_P2P_PROTO_BYTES))
        {
          id = reader.data;
          id_size = reader.size;
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_PEER_ADDRESS, DMS_P2P_PROTO_BYTES))
        dms_p2p_kad_message_read_address (&reader, addresses);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_PEER_CONNECTION, DMS_P2P_PROTO_VARINT) &&
               reader.number <= DMS_P2P_KAD_CANNOT_CONNECT)
        connection = (DmsP2pKadConnection) reader.number;
    }
  if (dms_p2p_proto_reader_has_failed (&reader))
    return FALSE;
  if (id != NULL)
    peer = dms_p2p_kad_peer_new_from_bytes (id, id_size, addresses, connection);
  if (peer != NULL)
    g_ptr_array_add (peers, peer);
  return TRUE;
}

static gboolean
dms_p2p_kad_message_read_field (DmsP2pKadMessage *self, const DmsP2pProtoReader *reader)
{
  if (dms_p2p_proto_reader_is (reader, DMS_P2P_KAD_FIELD_TYPE, DMS_P2P_PROTO_VARINT))
    {
      if (reader->number > DMS_P2P_KAD_PING)
        return FALSE;
      self->type = (DmsP2pKadType) reader->number;
    }
  else if (dms_p2p_proto_reader_is (reader, DMS_P2P_KAD_FIELD_KEY, DMS_P2P_PROTO_BYTES))
    {
      if (reader->size > DMS_P2P_KAD_MAX_KEY_SIZE)
        return FALSE;
      g_clear_pointer (&self->key, g_bytes_unref);
      self->key = dms_p2p_proto_reader_dup_bytes (reader);
    }
  else if (dms_p2p_proto_reader_is (reader, DMS_P2P_KAD_FIELD_RECORD, DMS_P2P_PROTO_BYTES))
    {
      g_clear_pointer (&self->record, dms_p2p_kad_record_unref);
      self->record = dms_p2p_kad_record_decode (reader->data, reader->size);
      return self->record != NULL;
    }
  else if (dms_p2p_proto_reader_is (reader, DMS_P2P_KAD_FIELD_CLOSER, DMS_P2P_PROTO_BYTES))
    return self->closer->len >= DMS_P2P_KAD_K || dms_p2p_kad_message_read_peer (reader, self->closer);
  else if (dms_p2p_proto_reader_is (reader, DMS_P2P_KAD_FIELD_PROVIDERS, DMS_P2P_PROTO_BYTES))
    return self->providers->len >= DMS_P2P_KAD_MAX_PROVIDERS ||
           dms_p2p_kad_message_read_peer (reader, self->providers);
  return TRUE;
}

DmsP2pKadMessage *
dms_p2p_kad_message_decode (GBytes *bytes, GError **error)
{
  g_autoptr (DmsP2pKadMessage) self = dms_p2p_kad_message_new (DMS_P2P_KAD_PUT_VALUE, NULL);
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  gboolean is_good = TRUE;
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (is_good && dms_p2p_proto_reader_next (&reader))
    is_good = dms_p2p_kad_message_read_field (self, &reader);
  if (is_good && !dms_p2p_proto_reader_has_failed (&reader))
    return g_steal_pointer (&self);
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_DATA,
                       "these bytes are not a message of Kademlia, or one with too large a key or record");
  return NULL;
}

static void
dms_p2p_kad_message_write_peer (GByteArray *out, guint32 field, DmsP2pKadPeer *peer)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  GPtrArray *addresses = dms_p2p_kad_peer_get_addresses (peer);

  dms_p2p_proto_write_gbytes (inner, DMS_P2P_KAD_PEER_ID, dms_p2p_kad_peer_get_bytes (peer));
  for (guint i = 0; i < addresses->len && i < DMS_P2P_KAD_MAX_ADDRESSES; i++)
    {
      g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (g_ptr_array_index (addresses, i));

      if (bytes != NULL)
        dms_p2p_proto_write_gbytes (inner, DMS_P2P_KAD_PEER_ADDRESS, bytes);
    }
  dms_p2p_proto_write_number (inner, DMS_P2P_KAD_PEER_CONNECTION, dms_p2p_kad_peer_get_connection (peer));
  dms_p2p_proto_write_bytes (out, field, inner->data, inner->len);
}

GBytes *
dms_p2p_kad_message_encode (DmsP2pKadMessage *self)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_proto_write_number (out, DMS_P2P_KAD_FIELD_TYPE, self->type);
  if (self->key != NULL)
    dms_p2p_proto_write_gbytes (out, DMS_P2P_KAD_FIELD_KEY, self->key);
  if (self->record != NULL)
    {
      g_autoptr (GByteArray) inner = g_byte_array_new ();

      dms_p2p_kad_record_encode (self->record, inner);
      dms_p2p_proto_write_bytes (out, DMS_P2P_KAD_FIELD_RECORD, inner->data, inner->len);
    }
  for (guint i = 0; i < self->closer->len; i++)
    dms_p2p_kad_message_write_peer (out, DMS_P2P_KAD_FIELD_CLOSER, g_ptr_array_index (self->closer, i));
  for (guint i = 0; i < self->providers->len; i++)
    dms_p2p_kad_message_write_peer (out, DMS_P2P_KAD_FIELD_PROVIDERS, g_ptr_array_index (self->providers, i));
  return g_byte_array_free_to_bytes (out);
}
