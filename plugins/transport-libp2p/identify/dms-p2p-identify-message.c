/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-identify-message.h"

#include <string.h>

#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* libp2p specs, identify, "The Identify Message". */
enum
{
  DMS_P2P_IDENTIFY_PUBLIC_KEY = 1,
  DMS_P2P_IDENTIFY_LISTEN_ADDRESSES = 2,
  DMS_P2P_IDENTIFY_PROTOCOLS = 3,
  DMS_P2P_IDENTIFY_OBSERVED_ADDRESS = 4,
  DMS_P2P_IDENTIFY_PROTOCOL_VERSION = 5,
  DMS_P2P_IDENTIFY_AGENT_VERSION = 6,
  DMS_P2P_IDENTIFY_SIGNED_PEER_RECORD = 8,
};

DmsP2pIdentifyMessage *
dms_p2p_identify_message_new (void)
{
  DmsP2pIdentifyMessage *self = g_new0 (DmsP2pIdentifyMessage, 1);

  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->protocols = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
dms_p2p_identify_message_free (DmsP2pIdentifyMessage *self)
{
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->observed, dms_multiaddr_unref);
  g_clear_pointer (&self->protocols, g_ptr_array_unref);
  g_clear_pointer (&self->agent, g_free);
  g_clear_pointer (&self->protocol_version, g_free);
  g_clear_pointer (&self->record, g_bytes_unref);
  g_free (self);
}

static gboolean
dms_p2p_identify_refuse (GError **error, const char *what)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "an identify message is refused: %s", what);
  return FALSE;
}

static gboolean
dms_p2p_identify_take_bytes (const DmsP2pProtoReader *reader, gsize max, GBytes **bytes, GError **error)
{
  if (reader->size > max)
    return dms_p2p_identify_refuse (error, "a key or record in it is too large");
  g_clear_pointer (bytes, g_bytes_unref);
  *bytes = dms_p2p_proto_reader_dup_bytes (reader);
  return TRUE;
}

/* What is not text says nothing. */
static gboolean
dms_p2p_identify_take_text (const DmsP2pProtoReader *reader, char **text, GError **error)
{
  if (reader->size > DMS_P2P_IDENTIFY_MAX_TEXT_SIZE)
    return dms_p2p_identify_refuse (error, "a version in it is too long");
  g_free (*text);
  *text = dms_p2p_proto_reader_dup_text (reader, DMS_P2P_IDENTIFY_MAX_TEXT_SIZE);
  return TRUE;
}

static gboolean
dms_p2p_identify_take_protocol (DmsP2pIdentifyMessage *self, const DmsP2pProtoReader *reader, GError **error)
{
  char *text = NULL;

  if (reader->size > DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE)
    return dms_p2p_identify_refuse (error, "a protocol in it is too long");
  if (self->protocols->len >= DMS_P2P_IDENTIFY_MAX_PROTOCOLS)
    return dms_p2p_identify_refuse (error, "it has too many protocols");
  text = dms_p2p_proto_reader_dup_text (reader, DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE);
  if (text != NULL && *text != '\0')
    g_ptr_array_add (self->protocols, g_steal_pointer (&text));
  g_free (text);
  return TRUE;
}

/* NULL when the address is of no use here, which is nobody's fault. */
static DmsMultiaddr *
dms_p2p_identify_decode_address (const DmsP2pProtoReader *reader)
{
  g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (reader);

  return dms_multiaddr_new_from_bytes (bytes, NULL);
}

static gboolean
dms_p2p_identify_take_address (DmsP2pIdentifyMessage *self, const DmsP2pProtoReader *reader, GError **error)
{
  DmsMultiaddr *address = NULL;

  if (++self->n_addresses > DMS_P2P_IDENTIFY_MAX_ADDRESSES)
    return dms_p2p_identify_refuse (error, "it has too many addresses");
  address = dms_p2p_identify_decode_address (reader);
  if (address != NULL)
    g_ptr_array_add (self->addresses, address);
  return TRUE;
}

static gboolean
dms_p2p_identify_take_field (DmsP2pIdentifyMessage *self, const DmsP2pProtoReader *reader, GError **error)
{
  if (reader->kind != DMS_P2P_PROTO_BYTES)
    return TRUE;
  switch (reader->field)
    {
    case DMS_P2P_IDENTIFY_PUBLIC_KEY:
      return dms_p2p_identify_take_bytes (reader, DMS_P2P_IDENTIFY_MAX_KEY_SIZE, &self->public_key, error);
    case DMS_P2P_IDENTIFY_SIGNED_PEER_RECORD:
      return dms_p2p_identify_take_bytes (reader, DMS_P2P_IDENTIFY_MAX_MESSAGE_SIZE, &self->record, error);
    case DMS_P2P_IDENTIFY_LISTEN_ADDRESSES:
      return dms_p2p_identify_take_address (self, reader, error);
    case DMS_P2P_IDENTIFY_PROTOCOLS:
      return dms_p2p_identify_take_protocol (self, reader, error);
    case DMS_P2P_IDENTIFY_OBSERVED_ADDRESS:
      g_clear_pointer (&self->observed, dms_multiaddr_unref);
      self->observed = dms_p2p_identify_decode_address (reader);
      return TRUE;
    case DMS_P2P_IDENTIFY_PROTOCOL_VERSION:
      return dms_p2p_identify_take_text (reader, &self->protocol_version, error);
    case DMS_P2P_IDENTIFY_AGENT_VERSION:
      return dms_p2p_identify_take_text (reader, &self->agent, error);
    default:
      return TRUE;
    }
}

gboolean
dms_p2p_identify_message_merge (DmsP2pIdentifyMessage *self, const guint8 *data, gsize size, GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    if (!dms_p2p_identify_take_field (self, &reader, error))
      return FALSE;
  if (!dms_p2p_proto_reader_has_failed (&reader))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "an identify message is malformed");
  return FALSE;
}

static void
dms_p2p_identify_write_address (GByteArray *out, guint32 field, DmsMultiaddr *address)
{
  g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (address);

  if (bytes != NULL)
    dms_p2p_proto_write_gbytes (out, field, bytes);
}

static void
dms_p2p_identify_write_protocols (DmsP2pIdentifyMessage *self, GByteArray *out, gsize max)
{
  for (guint i = 0; i < self->protocols->len; i++)
    {
      const char *protocol = g_ptr_array_index (self->protocols, i);

      if (out->len + strlen (protocol) + 4 > max)
        {
          g_debug ("Identify does not tell of “%s” and what follows: too many protocols", protocol);
          return;
        }
      dms_p2p_proto_write_text (out, DMS_P2P_IDENTIFY_PROTOCOLS, protocol);
    }
}

static GByteArray *
dms_p2p_identify_write (DmsP2pIdentifyMessage *self, gsize max)
{
  GByteArray *out = g_byte_array_new ();

  if (self->protocol_version != NULL)
    dms_p2p_proto_write_text (out, DMS_P2P_IDENTIFY_PROTOCOL_VERSION, self->protocol_version);
  if (self->agent != NULL)
    dms_p2p_proto_write_text (out, DMS_P2P_IDENTIFY_AGENT_VERSION, self->agent);
  if (self->public_key != NULL)
    dms_p2p_proto_write_gbytes (out, DMS_P2P_IDENTIFY_PUBLIC_KEY, self->public_key);
  if (self->observed != NULL)
    dms_p2p_identify_write_address (out, DMS_P2P_IDENTIFY_OBSERVED_ADDRESS, self->observed);
  for (guint i = 0; i < self->addresses->len; i++)
    dms_p2p_identify_write_address (
        out, DMS_P2P_IDENTIFY_LISTEN_ADDRESSES, g_ptr_array_index (self->addresses, i));
  dms_p2p_identify_write_protocols (self, out, max);
  return out;
}

GBytes *
dms_p2p_identify_message_encode (DmsP2pIdentifyMessage *self)
{
  gsize record_size = self->record != NULL ? g_bytes_get_size (self->record) : 0;
  g_autoptr (GByteArray) first = dms_p2p_identify_write (
      self, DMS_P2P_IDENTIFY_MAX_OWN_SIZE - MIN (record_size, DMS_P2P_IDENTIFY_LEGACY_SIZE) - 16);
  g_autoptr (GByteArray) second = NULL;
  g_autoptr (GBytes) first_frame = NULL;
  g_autoptr (GBytes) second_frame = NULL;
  GByteArray *both = NULL;

  if (self->record == NULL)
    return dms_p2p_proto_free_to_framed (g_steal_pointer (&first));
  if (first->len + record_size + 4 <= DMS_P2P_IDENTIFY_LEGACY_SIZE)
    {
      dms_p2p_proto_write_gbytes (first, DMS_P2P_IDENTIFY_SIGNED_PEER_RECORD, self->record);
      return dms_p2p_proto_free_to_framed (g_steal_pointer (&first));
    }
  second = g_byte_array_new ();
  dms_p2p_proto_write_gbytes (second, DMS_P2P_IDENTIFY_SIGNED_PEER_RECORD, self->record);
  first_frame = dms_p2p_proto_free_to_framed (g_steal_pointer (&first));
  second_frame = dms_p2p_proto_free_to_framed (g_steal_pointer (&second));
  both = g_byte_array_new ();
  g_byte_array_append (both, g_bytes_get_data (first_frame, NULL), (guint) g_bytes_get_size (first_frame));
  g_byte_array_append (both, g_bytes_get_data (second_frame, NULL), (guint) g_bytes_get_size (second_frame));
  return g_byte_array_free_to_bytes (both);
}
