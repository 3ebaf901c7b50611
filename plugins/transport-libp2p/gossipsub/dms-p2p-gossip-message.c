/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-message.h"

#include <string.h>

#include "gossipsub/dms-p2p-gossip-limits.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

#define DMS_P2P_GOSSIP_SIGNED_PREFIX "libp2p-pubsub:"

/* libp2p specs, pubsub: the fields of a message. */
enum
{
  DMS_P2P_GOSSIP_FIELD_FROM = 1,
  DMS_P2P_GOSSIP_FIELD_DATA = 2,
  DMS_P2P_GOSSIP_FIELD_SEQNO = 3,
  DMS_P2P_GOSSIP_FIELD_TOPIC = 4,
  DMS_P2P_GOSSIP_FIELD_SIGNATURE = 5,
  DMS_P2P_GOSSIP_FIELD_KEY = 6,
  DMS_P2P_GOSSIP_N_FIELDS = 7,

  DMS_P2P_GOSSIP_SEQNO_SIZE = 8,
};

/* The fields of a message where they stand; NULL for those that are not there. */
typedef struct
{
  const guint8 *data[DMS_P2P_GOSSIP_N_FIELDS];
  gsize size[DMS_P2P_GOSSIP_N_FIELDS];
} DmsP2pGossipFields;

gboolean
dms_p2p_gossip_is_topic (const char *topic)
{
  gsize size = strlen (topic);

  return size > 0 && size <= DMS_P2P_GOSSIP_MAX_TOPIC && g_utf8_validate (topic, (gssize) size, NULL);
}

/* Every field at most once, and none that is not known: what was signed is then what is written again. */
static gboolean
dms_p2p_gossip_fields_read (DmsP2pGossipFields *fields, const guint8 *data, gsize size)
{
  static const gsize max[] = { 0,
                               DMS_P2P_GOSSIP_MAX_PEER_ID,
                               DMS_P2P_GOSSIP_MAX_DATA,
                               DMS_P2P_GOSSIP_SEQNO_SIZE,
                               DMS_P2P_GOSSIP_MAX_TOPIC,
                               DMS_P2P_GOSSIP_MAX_SIGNATURE,
                               DMS_P2P_GOSSIP_MAX_KEY };
  DmsP2pProtoReader reader;

  memset (fields, 0, sizeof *fields);
  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (reader.kind != DMS_P2P_PROTO_BYTES || reader.field == 0 ||
          reader.field >= DMS_P2P_GOSSIP_N_FIELDS || fields->data[reader.field] != NULL ||
          reader.size > max[reader.field])
        return FALSE;
      fields->data[reader.field] = reader.data;
      fields->size[reader.field] = reader.size;
    }
  return !dms_p2p_proto_reader_has_failed (&reader) && fields->data[DMS_P2P_GOSSIP_FIELD_FROM] != NULL &&
         fields->size[DMS_P2P_GOSSIP_FIELD_SEQNO] == DMS_P2P_GOSSIP_SEQNO_SIZE &&
         fields->data[DMS_P2P_GOSSIP_FIELD_TOPIC] != NULL && fields->size[DMS_P2P_GOSSIP_FIELD_SIGNATURE] > 0;
}

static void
dms_p2p_gossip_message_set_id (DmsP2pGossipMessage *self, GBytes *from, const guint8 *seqno)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (from, &size);
  guint8 *id = g_malloc (size + DMS_P2P_GOSSIP_SEQNO_SIZE);

  memcpy (id, data, size);
  memcpy (id + size, seqno, DMS_P2P_GOSSIP_SEQNO_SIZE);
  self->id = g_bytes_new_take (id, size + DMS_P2P_GOSSIP_SEQNO_SIZE);
}

/* What is signed comes first, so that it need not be kept twice. */
static GByteArray *
dms_p2p_gossip_message_write (const DmsP2pGossipFields *fields)
{
  GByteArray *out = g_byte_array_sized_new ((guint) fields->size[DMS_P2P_GOSSIP_FIELD_DATA] + 512);

  for (guint32 i = DMS_P2P_GOSSIP_FIELD_FROM; i <= DMS_P2P_GOSSIP_FIELD_TOPIC; i++)
    {
      if (fields->data[i] != NULL)
        dms_p2p_proto_write_bytes (out, i, fields->data[i], fields->size[i]);
    }
  return out;
}

static GByteArray *
dms_p2p_gossip_message_to_sign (const guint8 *data, gsize size)
{
  GByteArray *out = g_byte_array_sized_new ((guint) (size + strlen (DMS_P2P_GOSSIP_SIGNED_PREFIX)));

  g_byte_array_append (
      out, (const guint8 *) DMS_P2P_GOSSIP_SIGNED_PREFIX, strlen (DMS_P2P_GOSSIP_SIGNED_PREFIX));
  g_byte_array_append (out, data, (guint) size);
  return out;
}

DmsP2pGossipMessage *
dms_p2p_gossip_message_new (DmsP2pIdentity *identity, guint64 number, const char *topic, GBytes *data)
{
  DmsP2pGossipMessage *self = g_new0 (DmsP2pGossipMessage, 1);
  DmsPeerId *from = dms_p2p_identity_get_peer_id (identity);
  g_autoptr (GBytes) from_bytes = dms_peer_id_dup_bytes (from);
  guint64 seqno = GUINT64_TO_BE (number);
  DmsP2pGossipFields fields = { 0 };
  g_autoptr (GByteArray) wire = NULL;
  g_autoptr (GByteArray) to_sign = NULL;
  guint8 signature[64];

  fields.data[DMS_P2P_GOSSIP_FIELD_FROM] =
      g_bytes_get_data (from_bytes, &fields.size[DMS_P2P_GOSSIP_FIELD_FROM]);
  fields.data[DMS_P2P_GOSSIP_FIELD_DATA] = g_bytes_get_data (data, &fields.size[DMS_P2P_GOSSIP_FIELD_DATA]);
  fields.data[DMS_P2P_GOSSIP_FIELD_SEQNO] = (const guint8 *) &seqno;
  fields.size[DMS_P2P_GOSSIP_FIELD_SEQNO] = sizeof seqno;
  fields.data[DMS_P2P_GOSSIP_FIELD_TOPIC] = (const guint8 *) topic;
  fields.size[DMS_P2P_GOSSIP_FIELD_TOPIC] = strlen (topic);
  wire = dms_p2p_gossip_message_write (&fields);
  to_sign = dms_p2p_gossip_message_to_sign (wire->data, wire->len);
  dms_p2p_identity_sign (identity, to_sign->data, to_sign->len, signature);
  self->n_refs = 1;
  self->signed_size = wire->len;
  dms_p2p_proto_write_bytes (wire, DMS_P2P_GOSSIP_FIELD_SIGNATURE, signature, sizeof signature);
  dms_p2p_gossip_message_set_id (self, from_bytes, (const guint8 *) &seqno);
  self->from = dms_peer_id_ref (from);
  self->topic = g_strdup (topic);
  self->data = g_bytes_ref (data);
  self->signature = g_bytes_new (signature, sizeof signature);
  self->wire = g_byte_array_free_to_bytes (g_steal_pointer (&wire));
  return self;
}

static GBytes *
dms_p2p_gossip_fields_dup (const DmsP2pGossipFields *fields, guint i)
{
  return fields->size[i] > 0 ? g_bytes_new (fields->data[i], fields->size[i]) : NULL;
}

static void
dms_p2p_gossip_message_fill (DmsP2pGossipMessage *self, const DmsP2pGossipFields *fields, GBytes *from)
{
  g_autoptr (GByteArray) wire = dms_p2p_gossip_message_write (fields);

  self->signed_size = wire->len;
  self->signature = dms_p2p_gossip_fields_dup (fields, DMS_P2P_GOSSIP_FIELD_SIGNATURE);
  self->key = dms_p2p_gossip_fields_dup (fields, DMS_P2P_GOSSIP_FIELD_KEY);
  dms_p2p_proto_write_gbytes (wire, DMS_P2P_GOSSIP_FIELD_SIGNATURE, self->signature);
  if (self->key != NULL)
    dms_p2p_proto_write_gbytes (wire, DMS_P2P_GOSSIP_FIELD_KEY, self->key);
  self->wire = g_byte_array_free_to_bytes (g_steal_pointer (&wire));
  self->data = g_bytes_new (fields->data[DMS_P2P_GOSSIP_FIELD_DATA], fields->size[DMS_P2P_GOSSIP_FIELD_DATA]);
  dms_p2p_gossip_message_set_id (self, from, fields->data[DMS_P2P_GOSSIP_FIELD_SEQNO]);
}

DmsP2pGossipMessage *
dms_p2p_gossip_message_decode (const guint8 *data, gsize size)
{
  DmsP2pGossipFields fields;
  g_autoptr (DmsP2pGossipMessage) self = NULL;
  g_autoptr (GBytes) from = NULL;

  if (!dms_p2p_gossip_fields_read (&fields, data, size))
    return NULL;
  self = g_new0 (DmsP2pGossipMessage, 1);
  self->n_refs = 1;
  from = g_bytes_new (fields.data[DMS_P2P_GOSSIP_FIELD_FROM], fields.size[DMS_P2P_GOSSIP_FIELD_FROM]);
  self->from = dms_peer_id_new_from_bytes (from, NULL);
  self->topic = g_strndup ((const char *) fields.data[DMS_P2P_GOSSIP_FIELD_TOPIC],
                           fields.size[DMS_P2P_GOSSIP_FIELD_TOPIC]);
  if (self->from == NULL || strlen (self->topic) != fields.size[DMS_P2P_GOSSIP_FIELD_TOPIC] ||
      !dms_p2p_gossip_is_topic (self->topic))
    return NULL;
  dms_p2p_gossip_message_fill (self, &fields, from);
  return g_steal_pointer (&self);
}

/* The one in the message, when it is that of the publisher, or the one its ID embeds. */
static DmsP2pPublicKey *
dms_p2p_gossip_message_dup_key (DmsP2pGossipMessage *self)
{
  g_autoptr (DmsP2pPublicKey) key = NULL;

  if (self->key == NULL)
    return dms_p2p_public_key_new_from_peer_id (self->from);
  key = dms_p2p_public_key_new (g_bytes_get_data (self->key, NULL), g_bytes_get_size (self->key), NULL);
  if (key == NULL || !dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), self->from))
    return NULL;
  return g_steal_pointer (&key);
}

gboolean
dms_p2p_gossip_message_verify (DmsP2pGossipMessage *self)
{
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_gossip_message_dup_key (self);
  g_autoptr (GByteArray) to_sign = NULL;

  if (key == NULL)
    return FALSE;
  to_sign = dms_p2p_gossip_message_to_sign (g_bytes_get_data (self->wire, NULL), self->signed_size);
  return dms_p2p_public_key_verify (key,
                                    to_sign->data,
                                    to_sign->len,
                                    g_bytes_get_data (self->signature, NULL),
                                    g_bytes_get_size (self->signature),
                                    NULL);
}

DmsP2pGossipMessage *
dms_p2p_gossip_message_ref (DmsP2pGossipMessage *self)
{
  self->n_refs++;
  return self;
}

void
dms_p2p_gossip_message_unref (DmsP2pGossipMessage *self)
{
  if (--self->n_refs > 0)
    return;
  g_clear_pointer (&self->id, g_bytes_unref);
  g_clear_pointer (&self->from, dms_peer_id_unref);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_clear_pointer (&self->wire, g_bytes_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_free (self->topic);
  g_free (self);
}
