/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat-message.h"

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* libp2p specs, autonat/autonat-v1, "RPC messages". */
enum
{
  DMS_P2P_AUTONAT_V1_TYPE = 1,
  DMS_P2P_AUTONAT_V1_DIAL = 2,
  DMS_P2P_AUTONAT_V1_RESPONSE = 3,
  DMS_P2P_AUTONAT_V1_DIAL_PEER = 1,
  DMS_P2P_AUTONAT_V1_PEER_ID = 1,
  DMS_P2P_AUTONAT_V1_PEER_ADDRESS = 2,
  DMS_P2P_AUTONAT_V1_RESPONSE_STATUS = 1,
  DMS_P2P_AUTONAT_V1_RESPONSE_ADDRESS = 3,
};

/* libp2p specs, autonat/autonat-v2, "RPC Messages": the fields of the outer one are in the order of
 * DmsP2pAutonatType, from 1. */
enum
{
  DMS_P2P_AUTONAT_V2_DIAL_ADDRESS = 1,
  DMS_P2P_AUTONAT_V2_DIAL_NONCE = 2,
  DMS_P2P_AUTONAT_V2_RESPONSE_STATUS = 1,
  DMS_P2P_AUTONAT_V2_RESPONSE_INDEX = 2,
  DMS_P2P_AUTONAT_V2_RESPONSE_DIAL_STATUS = 3,
  DMS_P2P_AUTONAT_V2_DATA_REQUEST_INDEX = 1,
  DMS_P2P_AUTONAT_V2_DATA_REQUEST_BYTES = 2,
  DMS_P2P_AUTONAT_V2_DATA_BYTES = 1,
  DMS_P2P_AUTONAT_V2_BACK_NONCE = 1,
};

static void
dms_p2p_autonat_message_unref_address (gpointer data)
{
  if (data != NULL)
    dms_multiaddr_unref (data);
}

DmsP2pAutonatMessage *
dms_p2p_autonat_message_new (DmsP2pAutonatType type)
{
  DmsP2pAutonatMessage *self = g_new0 (DmsP2pAutonatMessage, 1);

  self->type = type;
  self->addresses = g_ptr_array_new_with_free_func (dms_p2p_autonat_message_unref_address);
  return self;
}

void
dms_p2p_autonat_message_free (DmsP2pAutonatMessage *self)
{
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_free (self);
}

static void
dms_p2p_autonat_message_add_address (DmsP2pAutonatMessage *self, const DmsP2pProtoReader *reader)
{
  g_autoptr (GBytes) bytes = NULL;

  if (self->addresses->len >= DMS_P2P_AUTONAT_MAX_ADDRESSES)
    return;
  bytes = dms_p2p_proto_reader_dup_bytes (reader);
  g_ptr_array_add (self->addresses, dms_multiaddr_new_from_bytes (bytes, NULL));
}

static guint
dms_p2p_autonat_message_clamp (guint64 number)
{
  return (guint) MIN (number, G_MAXUINT32);
}

static gboolean
dms_p2p_autonat_message_read_peer (DmsP2pAutonatMessage *self, const DmsP2pProtoReader *outer)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V1_PEER_ID, DMS_P2P_PROTO_BYTES))
        {
          g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (&reader);

          g_clear_pointer (&self->peer, dms_peer_id_unref);
          self->peer = dms_peer_id_new_from_bytes (bytes, NULL);
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V1_PEER_ADDRESS, DMS_P2P_PROTO_BYTES))
        dms_p2p_autonat_message_add_address (self, &reader);
    }
  return !dms_p2p_proto_reader_has_failed (&reader);
}

static gboolean
dms_p2p_autonat_message_read_v1_dial (DmsP2pAutonatMessage *self, const DmsP2pProtoReader *outer)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V1_DIAL_PEER, DMS_P2P_PROTO_BYTES) &&
        !dms_p2p_autonat_message_read_peer (self, &reader))
      return FALSE;
  return !dms_p2p_proto_reader_has_failed (&reader);
}

static gboolean
dms_p2p_autonat_message_read_v1_response (DmsP2pAutonatMessage *self, const DmsP2pProtoReader *outer)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V1_RESPONSE_STATUS, DMS_P2P_PROTO_VARINT))
        self->status = dms_p2p_autonat_message_clamp (reader.number);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V1_RESPONSE_ADDRESS, DMS_P2P_PROTO_BYTES))
        dms_p2p_autonat_message_add_address (self, &reader);
    }
  return !dms_p2p_proto_reader_has_failed (&reader);
}

/* Whether there is what its type says. */
static gboolean
dms_p2p_autonat_message_read_v1 (DmsP2pAutonatMessage *self, DmsP2pProtoReader *reader)
{
  gboolean has[2] = { FALSE, FALSE };
  guint64 type = G_MAXUINT64;

  while (dms_p2p_proto_reader_next (reader))
    {
      if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V1_TYPE, DMS_P2P_PROTO_VARINT))
        type = reader->number;
      else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V1_DIAL, DMS_P2P_PROTO_BYTES))
        {
          has[DMS_P2P_AUTONAT_DIAL] = TRUE;
          if (!dms_p2p_autonat_message_read_v1_dial (self, reader))
            return FALSE;
        }
      else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V1_RESPONSE, DMS_P2P_PROTO_BYTES))
        {
          has[DMS_P2P_AUTONAT_RESPONSE] = TRUE;
          if (!dms_p2p_autonat_message_read_v1_response (self, reader))
            return FALSE;
        }
    }
  if (type > DMS_P2P_AUTONAT_RESPONSE || !has[type])
    return FALSE;
  self->type = (DmsP2pAutonatType) type;
  return TRUE;
}

static void
dms_p2p_autonat_message_read_v2_field (DmsP2pAutonatMessage *self, const DmsP2pProtoReader *reader)
{
  if (self->type == DMS_P2P_AUTONAT_DIAL)
    {
      if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_DIAL_ADDRESS, DMS_P2P_PROTO_BYTES))
        dms_p2p_autonat_message_add_address (self, reader);
      else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_DIAL_NONCE, DMS_P2P_PROTO_FIXED64))
        self->nonce = reader->number;
    }
  else if (self->type == DMS_P2P_AUTONAT_RESPONSE)
    {
      if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_RESPONSE_STATUS, DMS_P2P_PROTO_VARINT))
        self->status = dms_p2p_autonat_message_clamp (reader->number);
      else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_RESPONSE_INDEX, DMS_P2P_PROTO_VARINT))
        self->index = dms_p2p_autonat_message_clamp (reader->number);
      else if (dms_p2p_proto_reader_is (
                   reader, DMS_P2P_AUTONAT_V2_RESPONSE_DIAL_STATUS, DMS_P2P_PROTO_VARINT))
        self->dial_status = dms_p2p_autonat_message_clamp (reader->number);
    }
  else if (self->type == DMS_P2P_AUTONAT_DATA_REQUEST)
    {
      if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_DATA_REQUEST_INDEX, DMS_P2P_PROTO_VARINT))
        self->index = dms_p2p_autonat_message_clamp (reader->number);
      else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_DATA_REQUEST_BYTES, DMS_P2P_PROTO_VARINT))
        self->n_bytes = reader->number;
    }
  else if (dms_p2p_proto_reader_is (reader, DMS_P2P_AUTONAT_V2_DATA_BYTES, DMS_P2P_PROTO_BYTES))
    self->n_bytes = reader->size;
}

/* One of its kinds, and only one. */
static gboolean
dms_p2p_autonat_message_read_v2 (DmsP2pAutonatMessage *self, DmsP2pProtoReader *outer)
{
  guint n = 0;

  while (dms_p2p_proto_reader_next (outer))
    {
      DmsP2pProtoReader reader;

      if (outer->kind != DMS_P2P_PROTO_BYTES || outer->field > DMS_P2P_AUTONAT_DATA + 1)
        continue;
      if (n++ > 0)
        return FALSE;
      self->type = (DmsP2pAutonatType) (outer->field - 1);
      dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
      while (dms_p2p_proto_reader_next (&reader))
        dms_p2p_autonat_message_read_v2_field (self, &reader);
      if (dms_p2p_proto_reader_has_failed (&reader))
        return FALSE;
    }
  return n == 1;
}

DmsP2pAutonatMessage *
dms_p2p_autonat_message_decode (DmsP2pAutonatVersion version, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsP2pAutonatMessage) self = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DIAL);
  DmsP2pProtoReader reader;
  gboolean is_good = FALSE;

  dms_p2p_proto_reader_init (&reader, data, size);
  is_good = version == DMS_P2P_AUTONAT_V1 ? dms_p2p_autonat_message_read_v1 (self, &reader)
                                          : dms_p2p_autonat_message_read_v2 (self, &reader);
  if (is_good && !dms_p2p_proto_reader_has_failed (&reader))
    return g_steal_pointer (&self);
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a message of AutoNAT is malformed");
  return NULL;
}

static void
dms_p2p_autonat_message_write_addresses (const DmsP2pAutonatMessage *self, GByteArray *out, guint32 field)
{
  for (guint i = 0; i < self->addresses->len && i < DMS_P2P_AUTONAT_MAX_ADDRESSES; i++)
    {
      g_autoptr (GBytes) bytes =
          self->addresses->pdata[i] != NULL ? dms_multiaddr_dup_bytes (self->addresses->pdata[i]) : NULL;

      if (bytes != NULL)
        dms_p2p_proto_write_gbytes (out, field, bytes);
      else
        dms_p2p_proto_write_bytes (out, field, "", 0);
    }
}

static void
dms_p2p_autonat_message_write_v1 (const DmsP2pAutonatMessage *self, GByteArray *out)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  g_autoptr (GByteArray) peer = g_byte_array_new ();

  dms_p2p_proto_write_number (out, DMS_P2P_AUTONAT_V1_TYPE, self->type);
  if (self->type == DMS_P2P_AUTONAT_RESPONSE)
    {
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V1_RESPONSE_STATUS, self->status);
      dms_p2p_autonat_message_write_addresses (self, inner, DMS_P2P_AUTONAT_V1_RESPONSE_ADDRESS);
      dms_p2p_proto_write_bytes (out, DMS_P2P_AUTONAT_V1_RESPONSE, inner->data, inner->len);
      return;
    }
  if (self->peer != NULL)
    {
      g_autoptr (GBytes) id = dms_peer_id_dup_bytes (self->peer);

      dms_p2p_proto_write_gbytes (peer, DMS_P2P_AUTONAT_V1_PEER_ID, id);
    }
  dms_p2p_autonat_message_write_addresses (self, peer, DMS_P2P_AUTONAT_V1_PEER_ADDRESS);
  dms_p2p_proto_write_bytes (inner, DMS_P2P_AUTONAT_V1_DIAL_PEER, peer->data, peer->len);
  dms_p2p_proto_write_bytes (out, DMS_P2P_AUTONAT_V1_DIAL, inner->data, inner->len);
}

/* A fixed64 of Protocol Buffers, little-endian. */
static void
dms_p2p_autonat_message_write_nonce (GByteArray *out, guint32 field, guint64 nonce)
{
  guint8 key = (guint8) (field << 3 | DMS_P2P_PROTO_FIXED64);
  guint64 little = GUINT64_TO_LE (nonce);

  g_byte_array_append (out, &key, 1);
  g_byte_array_append (out, (const guint8 *) &little, sizeof little);
}

static void
dms_p2p_autonat_message_write_v2 (const DmsP2pAutonatMessage *self, GByteArray *out)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  g_autofree guint8 *zeros = NULL;

  switch (self->type)
    {
    case DMS_P2P_AUTONAT_DIAL:
      dms_p2p_autonat_message_write_addresses (self, inner, DMS_P2P_AUTONAT_V2_DIAL_ADDRESS);
      dms_p2p_autonat_message_write_nonce (inner, DMS_P2P_AUTONAT_V2_DIAL_NONCE, self->nonce);
      break;
    case DMS_P2P_AUTONAT_RESPONSE:
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V2_RESPONSE_STATUS, self->status);
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V2_RESPONSE_INDEX, self->index);
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V2_RESPONSE_DIAL_STATUS, self->dial_status);
      break;
    case DMS_P2P_AUTONAT_DATA_REQUEST:
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V2_DATA_REQUEST_INDEX, self->index);
      dms_p2p_proto_write_number (inner, DMS_P2P_AUTONAT_V2_DATA_REQUEST_BYTES, self->n_bytes);
      break;
    case DMS_P2P_AUTONAT_DATA:
    default:
      zeros = g_malloc0 (MIN (self->n_bytes, DMS_P2P_AUTONAT_MAX_MESSAGE));
      dms_p2p_proto_write_bytes (
          inner, DMS_P2P_AUTONAT_V2_DATA_BYTES, zeros, MIN (self->n_bytes, DMS_P2P_AUTONAT_MAX_MESSAGE));
      break;
    }
  dms_p2p_proto_write_bytes (out, (guint32) self->type + 1, inner->data, inner->len);
}

GBytes *
dms_p2p_autonat_message_encode (const DmsP2pAutonatMessage *self, DmsP2pAutonatVersion version)
{
  GByteArray *out = g_byte_array_new ();

  if (version == DMS_P2P_AUTONAT_V1)
    dms_p2p_autonat_message_write_v1 (self, out);
  else
    dms_p2p_autonat_message_write_v2 (self, out);
  return dms_p2p_proto_free_to_framed (out);
}

gboolean
dms_p2p_autonat_nonce_decode (const guint8 *data, gsize size, guint64 *nonce)
{
  DmsP2pProtoReader reader;
  gboolean has_nonce = FALSE;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    if (dms_p2p_proto_reader_is (&reader, DMS_P2P_AUTONAT_V2_BACK_NONCE, DMS_P2P_PROTO_FIXED64))
      {
        *nonce = reader.number;
        has_nonce = TRUE;
      }
  return has_nonce && !dms_p2p_proto_reader_has_failed (&reader);
}

GBytes *
dms_p2p_autonat_nonce_encode (guint64 nonce)
{
  GByteArray *out = g_byte_array_new ();

  dms_p2p_autonat_message_write_nonce (out, DMS_P2P_AUTONAT_V2_BACK_NONCE, nonce);
  return dms_p2p_proto_free_to_framed (out);
}
