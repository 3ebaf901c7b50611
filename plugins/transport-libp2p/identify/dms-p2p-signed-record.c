/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-signed-record.h"

#include <string.h>

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"
#include "wire/dms-p2p-varint.h"

/* libp2p RFC 0002, "Wire format". */
enum
{
  DMS_P2P_ENVELOPE_PUBLIC_KEY = 1,
  DMS_P2P_ENVELOPE_PAYLOAD_TYPE = 2,
  DMS_P2P_ENVELOPE_PAYLOAD = 3,
  DMS_P2P_ENVELOPE_SIGNATURE = 5,
};

/* libp2p RFC 0003, "Address record format". */
enum
{
  DMS_P2P_RECORD_PEER_ID = 1,
  DMS_P2P_RECORD_SEQ = 2,
  DMS_P2P_RECORD_ADDRESSES = 3,
  DMS_P2P_RECORD_ADDRESS_MULTIADDR = 1,
};

static const char dms_p2p_record_domain[] = "libp2p-peer-record";
/* multicodec `libp2p-peer-record`, as bytes. */
static const guint8 dms_p2p_record_type[] = { 0x03, 0x01 };

/* A field of an envelope, where it stands. */
typedef struct
{
  const guint8 *data;
  gsize size;
} DmsP2pSlice;

typedef struct
{
  DmsP2pSlice key;
  DmsP2pSlice type;
  DmsP2pSlice payload;
  DmsP2pSlice signature;
} DmsP2pEnvelope;

void
dms_p2p_signed_record_free (DmsP2pSignedRecord *self)
{
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_free (self);
}

static void
dms_p2p_record_append_counted (GByteArray *out, const void *data, gsize size)
{
  guint8 length[DMS_P2P_VARINT_MAX];

  g_byte_array_append (out, length, (guint) dms_p2p_varint_write (length, size));
  g_byte_array_append (out, data, (guint) size);
}

/* What the signature covers (RFC 0002, "Signature production"). */
static GByteArray *
dms_p2p_record_signed_bytes (const void *payload, gsize size)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_record_append_counted (out, dms_p2p_record_domain, strlen (dms_p2p_record_domain));
  dms_p2p_record_append_counted (out, dms_p2p_record_type, sizeof dms_p2p_record_type);
  dms_p2p_record_append_counted (out, payload, size);
  return out;
}

static gboolean
dms_p2p_record_refuse (GError **error, DmsError code, const char *why)
{
  g_set_error (error, DMS_ERROR, code, "a signed peer record is refused: %s", why);
  return FALSE;
}

static DmsP2pSlice *
dms_p2p_envelope_find (DmsP2pEnvelope *self, const DmsP2pProtoReader *reader)
{
  if (reader->kind != DMS_P2P_PROTO_BYTES)
    return NULL;
  switch (reader->field)
    {
    case DMS_P2P_ENVELOPE_PUBLIC_KEY:
      return &self->key;
    case DMS_P2P_ENVELOPE_PAYLOAD_TYPE:
      return &self->type;
    case DMS_P2P_ENVELOPE_PAYLOAD:
      return &self->payload;
    case DMS_P2P_ENVELOPE_SIGNATURE:
      return &self->signature;
    default:
      return NULL;
    }
}

static gboolean
dms_p2p_envelope_read (DmsP2pEnvelope *self, const guint8 *data, gsize size, GError **error)
{
  DmsP2pProtoReader reader;

  if (size > DMS_P2P_SIGNED_RECORD_MAX_SIZE)
    return dms_p2p_record_refuse (error, DMS_ERROR_TOO_LARGE, "it is too large");
  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      DmsP2pSlice *slice = dms_p2p_envelope_find (self, &reader);

      if (slice == NULL)
        continue;
      if (slice->data != NULL)
        return dms_p2p_record_refuse (error, DMS_ERROR_INVALID_DATA, "its envelope says something twice");
      slice->data = reader.data;
      slice->size = reader.size;
    }
  if (dms_p2p_proto_reader_has_failed (&reader) || self->key.data == NULL || self->payload.data == NULL ||
      self->signature.data == NULL)
    return dms_p2p_record_refuse (error, DMS_ERROR_INVALID_DATA, "its envelope is malformed");
  if (self->type.size != sizeof dms_p2p_record_type ||
      memcmp (self->type.data, dms_p2p_record_type, sizeof dms_p2p_record_type) != 0)
    return dms_p2p_record_refuse (error, DMS_ERROR_INVALID_DATA, "its envelope holds something else");
  return TRUE;
}

static gboolean
dms_p2p_envelope_verify (const DmsP2pEnvelope *self, DmsPeerId *expected, GError **error)
{
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (self->key.data, self->key.size, error);
  g_autoptr (GByteArray) message = NULL;

  if (key == NULL)
    return FALSE;
  if (!dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), expected))
    return dms_p2p_record_refuse (
        error, DMS_ERROR_BAD_SIGNATURE, "it is not signed by the peer it came from");
  message = dms_p2p_record_signed_bytes (self->payload.data, self->payload.size);
  return dms_p2p_public_key_verify (
      key, message->data, message->len, self->signature.data, self->signature.size, error);
}

static DmsMultiaddr *
dms_p2p_record_decode_address (const DmsP2pProtoReader *reader)
{
  g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (reader);

  return dms_multiaddr_new_from_bytes (bytes, NULL);
}

/* NULL when the address is of no use here, or somebody else's. */
static DmsMultiaddr *
dms_p2p_record_read_address (const guint8 *data, gsize size, DmsPeerId *peer)
{
  DmsP2pProtoReader reader;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsPeerId) named = NULL;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RECORD_ADDRESS_MULTIADDR, DMS_P2P_PROTO_BYTES))
      {
        g_clear_pointer (&address, dms_multiaddr_unref);
        address = dms_p2p_record_decode_address (&reader);
      }
  if (address == NULL || dms_p2p_proto_reader_has_failed (&reader))
    return NULL;
  named = dms_multiaddr_dup_peer_id (address);
  if (named == NULL)
    return g_steal_pointer (&address);
  return dms_peer_id_equal (named, peer) ? dms_multiaddr_dup_without_peer_id (address) : NULL;
}

static gboolean
dms_p2p_record_read_peer (const DmsP2pProtoReader *reader, DmsPeerId *peer)
{
  g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (reader);
  g_autoptr (DmsPeerId) named = dms_peer_id_new_from_bytes (bytes, NULL);

  return named != NULL && dms_peer_id_equal (named, peer);
}

static gboolean
dms_p2p_record_read (DmsP2pSignedRecord *self, const DmsP2pSlice *payload, GError **error)
{
  DmsP2pProtoReader reader;
  gboolean named = FALSE;
  guint n = 0;

  dms_p2p_proto_reader_init (&reader, payload->data, payload->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RECORD_PEER_ID, DMS_P2P_PROTO_BYTES))
        {
          if (named || !dms_p2p_record_read_peer (&reader, self->peer))
            return dms_p2p_record_refuse (error, DMS_ERROR_BAD_SIGNATURE, "it is for another peer");
          named = TRUE;
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RECORD_SEQ, DMS_P2P_PROTO_VARINT))
        self->seq = reader.number;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RECORD_ADDRESSES, DMS_P2P_PROTO_BYTES))
        {
          DmsMultiaddr *address = NULL;

          if (++n > DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES)
            return dms_p2p_record_refuse (error, DMS_ERROR_TOO_LARGE, "it has too many addresses");
          address = dms_p2p_record_read_address (reader.data, reader.size, self->peer);
          if (address != NULL)
            g_ptr_array_add (self->addresses, address);
        }
    }
  if (dms_p2p_proto_reader_has_failed (&reader) || !named)
    return dms_p2p_record_refuse (error, DMS_ERROR_INVALID_DATA, "it is malformed");
  return TRUE;
}

DmsP2pSignedRecord *
dms_p2p_signed_record_open (const guint8 *data, gsize size, DmsPeerId *expected, GError **error)
{
  g_autoptr (DmsP2pSignedRecord) self = g_new0 (DmsP2pSignedRecord, 1);
  DmsP2pEnvelope envelope = { { 0 } };

  self->peer = dms_peer_id_ref (expected);
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  if (!dms_p2p_envelope_read (&envelope, data, size, error) ||
      !dms_p2p_envelope_verify (&envelope, expected, error) ||
      !dms_p2p_record_read (self, &envelope.payload, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
dms_p2p_record_write_address (GByteArray *record, DmsMultiaddr *address)
{
  g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (address);
  g_autoptr (GByteArray) info = g_byte_array_new ();

  if (bytes == NULL)
    return;
  dms_p2p_proto_write_gbytes (info, DMS_P2P_RECORD_ADDRESS_MULTIADDR, bytes);
  dms_p2p_proto_write_bytes (record, DMS_P2P_RECORD_ADDRESSES, info->data, info->len);
}

GBytes *
dms_p2p_signed_record_seal (DmsP2pIdentity *identity, guint64 seq, GPtrArray *addresses)
{
  g_autoptr (GByteArray) record = g_byte_array_new ();
  g_autoptr (GByteArray) envelope = g_byte_array_new ();
  g_autoptr (GByteArray) message = NULL;
  g_autoptr (GBytes) peer = dms_peer_id_dup_bytes (dms_p2p_identity_get_peer_id (identity));
  guint8 signature[64];

  dms_p2p_proto_write_gbytes (record, DMS_P2P_RECORD_PEER_ID, peer);
  dms_p2p_proto_write_number (record, DMS_P2P_RECORD_SEQ, seq);
  for (guint i = 0; i < addresses->len && i < DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES; i++)
    dms_p2p_record_write_address (record, g_ptr_array_index (addresses, i));
  message = dms_p2p_record_signed_bytes (record->data, record->len);
  dms_p2p_identity_sign (identity, message->data, message->len, signature);

  dms_p2p_proto_write_gbytes (envelope,
                              DMS_P2P_ENVELOPE_PUBLIC_KEY,
                              dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  dms_p2p_proto_write_bytes (
      envelope, DMS_P2P_ENVELOPE_PAYLOAD_TYPE, dms_p2p_record_type, sizeof dms_p2p_record_type);
  dms_p2p_proto_write_bytes (envelope, DMS_P2P_ENVELOPE_PAYLOAD, record->data, record->len);
  dms_p2p_proto_write_bytes (envelope, DMS_P2P_ENVELOPE_SIGNATURE, signature, sizeof signature);
  return g_byte_array_free_to_bytes (g_steal_pointer (&envelope));
}
