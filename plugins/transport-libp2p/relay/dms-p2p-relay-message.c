/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relay-message.h"

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* Fields of the inner messages (libp2p specs, relay/circuit-v2, "Protobuf"). */
enum
{
  DMS_P2P_RELAY_PEER_ID = 1,
  DMS_P2P_RELAY_RESERVATION_EXPIRE = 1,
  DMS_P2P_RELAY_RESERVATION_ADDRESSES = 2,
  DMS_P2P_RELAY_RESERVATION_VOUCHER = 3,
  DMS_P2P_RELAY_LIMIT_DURATION = 1,
  DMS_P2P_RELAY_LIMIT_DATA = 2,
};

/* How one of the two protocols numbers things. Types are in the order of DmsP2pRelayType. */
typedef struct
{
  int types[3];
  guint32 type;
  guint32 peer;
  guint32 reservation;
  guint32 limit;
  guint32 status;
} DmsP2pRelayShape;

static const DmsP2pRelayShape dms_p2p_relay_shapes[] = {
  [DMS_P2P_RELAY_HOP] = { { 0, 1, 2 }, 1, 2, 3, 4, 5 },
  /* There is no reservation there; 0 is no field. */
  [DMS_P2P_RELAY_STOP] = { { -1, 0, 1 }, 1, 2, 0, 3, 4 },
};

DmsP2pRelayMessage *
dms_p2p_relay_message_new (DmsP2pRelayType type)
{
  DmsP2pRelayMessage *self = g_new0 (DmsP2pRelayMessage, 1);

  self->type = type;
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  return self;
}

void
dms_p2p_relay_message_free (DmsP2pRelayMessage *self)
{
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->voucher, g_bytes_unref);
  g_free (self);
}

static gboolean
dms_p2p_relay_message_refuse (GError **error, const char *why)
{
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a message of the relay protocol is refused: %s", why);
  return FALSE;
}

/* Where the peer is, is not what a relay is asked for: it connects to those it is connected to. */
static gboolean
dms_p2p_relay_message_read_peer (DmsP2pRelayMessage *self, const DmsP2pProtoReader *outer, GError **error)
{
  DmsP2pProtoReader reader;

  if (self->peer != NULL)
    return dms_p2p_relay_message_refuse (error, "it names two peers");
  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_PEER_ID, DMS_P2P_PROTO_BYTES) && self->peer == NULL)
      {
        g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (&reader);

        self->peer = dms_peer_id_new_from_bytes (bytes, NULL);
      }
  if (dms_p2p_proto_reader_has_failed (&reader) || self->peer == NULL)
    return dms_p2p_relay_message_refuse (error, "the peer it names is malformed");
  return TRUE;
}

/* What cannot be used here is left out. */
static void
dms_p2p_relay_message_read_address (DmsP2pRelayMessage *self, const DmsP2pProtoReader *reader)
{
  g_autoptr (GBytes) bytes = NULL;
  DmsMultiaddr *address = NULL;

  if (self->addresses->len >= DMS_P2P_RELAY_MAX_ADDRESSES)
    return;
  bytes = dms_p2p_proto_reader_dup_bytes (reader);
  address = dms_multiaddr_new_from_bytes (bytes, NULL);
  if (address != NULL)
    g_ptr_array_add (self->addresses, address);
}

static gboolean
dms_p2p_relay_message_read_reservation (DmsP2pRelayMessage *self,
                                        const DmsP2pProtoReader *outer,
                                        GError **error)
{
  DmsP2pProtoReader reader;

  if (self->has_reservation)
    return dms_p2p_relay_message_refuse (error, "it has two reservations");
  self->has_reservation = TRUE;
  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_RESERVATION_EXPIRE, DMS_P2P_PROTO_VARINT))
        self->expire_s = reader.number;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_RESERVATION_ADDRESSES, DMS_P2P_PROTO_BYTES))
        dms_p2p_relay_message_read_address (self, &reader);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_RESERVATION_VOUCHER, DMS_P2P_PROTO_BYTES))
        {
          g_clear_pointer (&self->voucher, g_bytes_unref);
          self->voucher = dms_p2p_proto_reader_dup_bytes (&reader);
        }
    }
  return !dms_p2p_proto_reader_has_failed (&reader) ||
         dms_p2p_relay_message_refuse (error, "its reservation is malformed");
}

static gboolean
dms_p2p_relay_message_read_limit (DmsP2pRelayMessage *self, const DmsP2pProtoReader *outer, GError **error)
{
  DmsP2pProtoReader reader;

  self->has_limit = TRUE;
  dms_p2p_proto_reader_init (&reader, outer->data, outer->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_LIMIT_DURATION, DMS_P2P_PROTO_VARINT))
        self->limit_s = (guint32) MIN (reader.number, G_MAXUINT32);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_RELAY_LIMIT_DATA, DMS_P2P_PROTO_VARINT))
        self->limit_bytes = reader.number;
    }
  return !dms_p2p_proto_reader_has_failed (&reader) ||
         dms_p2p_relay_message_refuse (error, "its limit is malformed");
}

static gboolean
dms_p2p_relay_message_read_type (DmsP2pRelayMessage *self,
                                 const DmsP2pRelayShape *shape,
                                 guint64 number,
                                 GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (shape->types); i++)
    if (shape->types[i] >= 0 && number == (guint64) shape->types[i])
      {
        self->type = (DmsP2pRelayType) i;
        return TRUE;
      }
  return dms_p2p_relay_message_refuse (error, "there is no such type");
}

static gboolean
dms_p2p_relay_message_read_field (DmsP2pRelayMessage *self,
                                  const DmsP2pRelayShape *shape,
                                  const DmsP2pProtoReader *reader,
                                  GError **error)
{
  if (dms_p2p_proto_reader_is (reader, shape->type, DMS_P2P_PROTO_VARINT))
    return dms_p2p_relay_message_read_type (self, shape, reader->number, error);
  if (dms_p2p_proto_reader_is (reader, shape->peer, DMS_P2P_PROTO_BYTES))
    return dms_p2p_relay_message_read_peer (self, reader, error);
  if (dms_p2p_proto_reader_is (reader, shape->reservation, DMS_P2P_PROTO_BYTES))
    return dms_p2p_relay_message_read_reservation (self, reader, error);
  if (dms_p2p_proto_reader_is (reader, shape->limit, DMS_P2P_PROTO_BYTES))
    return dms_p2p_relay_message_read_limit (self, reader, error);
  if (dms_p2p_proto_reader_is (reader, shape->status, DMS_P2P_PROTO_VARINT))
    self->status = (guint) MIN (reader->number, G_MAXUINT32);
  return TRUE;
}

static gboolean
dms_p2p_relay_message_check (const DmsP2pRelayMessage *self, gboolean has_type, GError **error)
{
  if (!has_type)
    return dms_p2p_relay_message_refuse (error, "it does not say what it is");
  if (self->type == DMS_P2P_RELAY_CONNECT && self->peer == NULL)
    return dms_p2p_relay_message_refuse (error, "it does not say which peer it is about");
  if (self->type == DMS_P2P_RELAY_STATUS && self->status == DMS_P2P_RELAY_NO_STATUS)
    return dms_p2p_relay_message_refuse (error, "it says nothing");
  return TRUE;
}

DmsP2pRelayMessage *
dms_p2p_relay_message_decode (DmsP2pRelayKind kind, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsP2pRelayMessage) self = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  const DmsP2pRelayShape *shape = &dms_p2p_relay_shapes[kind];
  DmsP2pProtoReader reader;
  gboolean has_type = FALSE;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (!dms_p2p_relay_message_read_field (self, shape, &reader, error))
        return NULL;
      has_type |= dms_p2p_proto_reader_is (&reader, shape->type, DMS_P2P_PROTO_VARINT);
    }
  if (dms_p2p_proto_reader_has_failed (&reader))
    {
      dms_p2p_relay_message_refuse (error, "it is malformed");
      return NULL;
    }
  return dms_p2p_relay_message_check (self, has_type, error) ? g_steal_pointer (&self) : NULL;
}

static void
dms_p2p_relay_message_write_peer (const DmsP2pRelayMessage *self, GByteArray *out, guint32 field)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  g_autoptr (GBytes) id = dms_peer_id_dup_bytes (self->peer);

  dms_p2p_proto_write_gbytes (inner, DMS_P2P_RELAY_PEER_ID, id);
  dms_p2p_proto_write_bytes (out, field, inner->data, inner->len);
}

static void
dms_p2p_relay_message_write_reservation (const DmsP2pRelayMessage *self, GByteArray *out, guint32 field)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();

  dms_p2p_proto_write_number (inner, DMS_P2P_RELAY_RESERVATION_EXPIRE, self->expire_s);
  for (guint i = 0; i < self->addresses->len && i < DMS_P2P_RELAY_MAX_ADDRESSES; i++)
    {
      g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (self->addresses->pdata[i]);

      if (bytes != NULL)
        dms_p2p_proto_write_gbytes (inner, DMS_P2P_RELAY_RESERVATION_ADDRESSES, bytes);
    }
  if (self->voucher != NULL)
    dms_p2p_proto_write_gbytes (inner, DMS_P2P_RELAY_RESERVATION_VOUCHER, self->voucher);
  dms_p2p_proto_write_bytes (out, field, inner->data, inner->len);
}

static void
dms_p2p_relay_message_write_limit (const DmsP2pRelayMessage *self, GByteArray *out, guint32 field)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();

  dms_p2p_proto_write_number (inner, DMS_P2P_RELAY_LIMIT_DURATION, self->limit_s);
  dms_p2p_proto_write_number (inner, DMS_P2P_RELAY_LIMIT_DATA, self->limit_bytes);
  dms_p2p_proto_write_bytes (out, field, inner->data, inner->len);
}

GBytes *
dms_p2p_relay_message_encode (const DmsP2pRelayMessage *self, DmsP2pRelayKind kind)
{
  const DmsP2pRelayShape *shape = &dms_p2p_relay_shapes[kind];
  GByteArray *out = g_byte_array_new ();

  dms_p2p_proto_write_number (out, shape->type, (guint64) MAX (shape->types[self->type], 0));
  if (self->peer != NULL)
    dms_p2p_relay_message_write_peer (self, out, shape->peer);
  if (self->has_reservation && shape->reservation != 0)
    dms_p2p_relay_message_write_reservation (self, out, shape->reservation);
  if (self->has_limit)
    dms_p2p_relay_message_write_limit (self, out, shape->limit);
  if (self->status != DMS_P2P_RELAY_NO_STATUS)
    dms_p2p_proto_write_number (out, shape->status, self->status);
  return dms_p2p_proto_free_to_framed (out);
}

const char *
dms_p2p_relay_status_get_text (guint status)
{
  switch (status)
    {
    case DMS_P2P_RELAY_OK:
      return "it agrees";
    case DMS_P2P_RELAY_RESERVATION_REFUSED:
      return "it refuses the reservation";
    case DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED:
      return "it has no more room; try again later";
    case DMS_P2P_RELAY_PERMISSION_DENIED:
      return "it does not allow it";
    case DMS_P2P_RELAY_CONNECTION_FAILED:
      return "it cannot reach the peer";
    case DMS_P2P_RELAY_NO_RESERVATION:
      return "the peer has no reservation there";
    case DMS_P2P_RELAY_MALFORMED_MESSAGE:
      return "it takes the question for malformed";
    case DMS_P2P_RELAY_UNEXPECTED_MESSAGE:
      return "it did not expect the question";
    default:
      return "it says no, for a reason that is not known here";
    }
}
