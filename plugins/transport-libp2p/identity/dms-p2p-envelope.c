/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-p2p-envelope.h"

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

static void
dms_p2p_envelope_append_counted (GByteArray *out, const void *data, gsize size)
{
  dms_p2p_varint_append (out, size);
  g_byte_array_append (out, data, (guint) size);
}

/* What the signature covers (RFC 0002, "Signature production"). */
static GByteArray *
dms_p2p_envelope_signed_bytes (const char *domain, GBytes *type, const void *payload, gsize size)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_envelope_append_counted (out, domain, strlen (domain));
  dms_p2p_envelope_append_counted (out, g_bytes_get_data (type, NULL), g_bytes_get_size (type));
  dms_p2p_envelope_append_counted (out, payload, size);
  return out;
}

static gboolean
dms_p2p_envelope_refuse (GError **error, DmsError code, const char *what, const char *why)
{
  g_set_error (error, DMS_ERROR, code, "%s is refused: %s", what, why);
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
dms_p2p_envelope_read (DmsP2pEnvelope *self,
                       const guint8 *data,
                       gsize size,
                       GBytes *type,
                       const char *what,
                       GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      DmsP2pSlice *slice = dms_p2p_envelope_find (self, &reader);

      if (slice == NULL)
        continue;
      if (slice->data != NULL)
        return dms_p2p_envelope_refuse (
            error, DMS_ERROR_INVALID_DATA, what, "its envelope says something twice");
      slice->data = reader.data;
      slice->size = reader.size;
    }
  if (dms_p2p_proto_reader_has_failed (&reader) || self->key.data == NULL || self->payload.data == NULL ||
      self->signature.data == NULL)
    return dms_p2p_envelope_refuse (error, DMS_ERROR_INVALID_DATA, what, "its envelope is malformed");
  if (self->type.size != g_bytes_get_size (type) ||
      memcmp (self->type.data, g_bytes_get_data (type, NULL), self->type.size) != 0)
    return dms_p2p_envelope_refuse (error, DMS_ERROR_INVALID_DATA, what, "its envelope holds something else");
  return TRUE;
}

static gboolean
dms_p2p_envelope_verify (const DmsP2pEnvelope *self,
                         const char *domain,
                         GBytes *type,
                         DmsPeerId *expected,
                         const char *what,
                         GError **error)
{
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (self->key.data, self->key.size, error);
  g_autoptr (GByteArray) message = NULL;

  if (key == NULL)
    return FALSE;
  if (!dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), expected))
    return dms_p2p_envelope_refuse (
        error, DMS_ERROR_BAD_SIGNATURE, what, "it is not signed by the peer it came from");
  message = dms_p2p_envelope_signed_bytes (domain, type, self->payload.data, self->payload.size);
  return dms_p2p_public_key_verify (
      key, message->data, message->len, self->signature.data, self->signature.size, error);
}

GBytes *
dms_p2p_envelope_open (const guint8 *data,
                       gsize size,
                       const char *domain,
                       GBytes *type,
                       DmsPeerId *expected,
                       const char *what,
                       GError **error)
{
  DmsP2pEnvelope envelope = { { 0 } };

  if (!dms_p2p_envelope_read (&envelope, data, size, type, what, error) ||
      !dms_p2p_envelope_verify (&envelope, domain, type, expected, what, error))
    return NULL;
  return g_bytes_new (envelope.payload.data, envelope.payload.size);
}

GBytes *
dms_p2p_envelope_seal (DmsP2pIdentity *identity,
                       const char *domain,
                       GBytes *type,
                       const void *payload,
                       gsize payload_size)
{
  g_autoptr (GByteArray) envelope = g_byte_array_new ();
  g_autoptr (GByteArray) message = dms_p2p_envelope_signed_bytes (domain, type, payload, payload_size);
  guint8 signature[64];

  dms_p2p_identity_sign (identity, message->data, message->len, signature);
  dms_p2p_proto_write_gbytes (envelope,
                              DMS_P2P_ENVELOPE_PUBLIC_KEY,
                              dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  dms_p2p_proto_write_gbytes (envelope, DMS_P2P_ENVELOPE_PAYLOAD_TYPE, type);
  dms_p2p_proto_write_bytes (envelope, DMS_P2P_ENVELOPE_PAYLOAD, payload, payload_size);
  dms_p2p_proto_write_bytes (envelope, DMS_P2P_ENVELOPE_SIGNATURE, signature, sizeof signature);
  return g_byte_array_free_to_bytes (g_steal_pointer (&envelope));
}
