/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-rpc.h"

#include "gossipsub/dms-p2p-gossip-limits.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* libp2p specs, pubsub and gossipsub: the fields of an RPC and of what is in it. */
enum
{
  DMS_P2P_RPC_SUBSCRIPTIONS = 1,
  DMS_P2P_RPC_PUBLISH = 2,
  DMS_P2P_RPC_CONTROL = 3,

  DMS_P2P_SUBSCRIPTION_SUBSCRIBE = 1,
  DMS_P2P_SUBSCRIPTION_TOPIC = 2,

  DMS_P2P_CONTROL_IHAVE = 1,
  DMS_P2P_CONTROL_IWANT = 2,
  DMS_P2P_CONTROL_GRAFT = 3,
  DMS_P2P_CONTROL_PRUNE = 4,
  DMS_P2P_CONTROL_IDONTWANT = 5,

  DMS_P2P_HAVE_TOPIC = 1,
  DMS_P2P_HAVE_IDS = 2,
  DMS_P2P_IDS = 1,

  DMS_P2P_PRUNE_TOPIC = 1,
  DMS_P2P_PRUNE_PEERS = 2,
  DMS_P2P_PRUNE_BACK_OFF = 3,
  DMS_P2P_PX_PEER_ID = 1,
  DMS_P2P_PX_RECORD = 2,
};

static void
dms_p2p_gossip_subscription_free (DmsP2pGossipSubscription *self)
{
  g_free (self->topic);
  g_free (self);
}

static void
dms_p2p_gossip_have_free (DmsP2pGossipHave *self)
{
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  g_free (self->topic);
  g_free (self);
}

static void
dms_p2p_gossip_px_peer_free (DmsP2pGossipPxPeer *self)
{
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->record, g_bytes_unref);
  g_free (self);
}

static void
dms_p2p_gossip_prune_free (DmsP2pGossipPrune *self)
{
  g_clear_pointer (&self->peers, g_ptr_array_unref);
  g_free (self->topic);
  g_free (self);
}

DmsP2pGossipRpc *
dms_p2p_gossip_rpc_new (void)
{
  DmsP2pGossipRpc *self = g_new0 (DmsP2pGossipRpc, 1);

  self->subscriptions = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_subscription_free);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_message_unref);
  self->ihave = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_have_free);
  self->iwant = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->graft = g_ptr_array_new_with_free_func (g_free);
  self->prune = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_prune_free);
  self->idontwant = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return self;
}

void
dms_p2p_gossip_rpc_free (DmsP2pGossipRpc *self)
{
  g_ptr_array_unref (self->subscriptions);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->ihave);
  g_ptr_array_unref (self->iwant);
  g_ptr_array_unref (self->graft);
  g_ptr_array_unref (self->prune);
  g_ptr_array_unref (self->idontwant);
  g_free (self);
}

/* Reading. FALSE with an error when the RPC is given up; what is only useless is left out. */

static gboolean
dms_p2p_gossip_refuse_size (const char *what, guint max, GError **error)
{
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_TOO_LARGE,
               "a gossipsub RPC has more than %u %s and was dropped",
               max,
               what);
  return FALSE;
}

static gboolean
dms_p2p_gossip_check_end (const DmsP2pProtoReader *reader, GError **error)
{
  if (!dms_p2p_proto_reader_has_failed (reader))
    return TRUE;
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a gossipsub RPC is malformed and was dropped");
  return FALSE;
}

static char *
dms_p2p_gossip_read_topic (const DmsP2pProtoReader *reader)
{
  char *topic = dms_p2p_proto_reader_dup_text (reader, DMS_P2P_GOSSIP_MAX_TOPIC);

  if (topic != NULL && !dms_p2p_gossip_is_topic (topic))
    g_clear_pointer (&topic, g_free);
  return topic;
}

static gboolean
dms_p2p_gossip_rpc_read_subscription (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;
  g_autofree char *topic = NULL;
  gboolean subscribe = FALSE;

  if (self->subscriptions->len >= DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS)
    return dms_p2p_gossip_refuse_size ("subscriptions", DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS, error);
  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_SUBSCRIPTION_SUBSCRIBE, DMS_P2P_PROTO_VARINT))
        subscribe = reader.number != 0;
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_SUBSCRIPTION_TOPIC, DMS_P2P_PROTO_BYTES) &&
               topic == NULL)
        topic = dms_p2p_gossip_read_topic (&reader);
    }
  if (topic != NULL)
    dms_p2p_gossip_rpc_add_subscription (self, topic, subscribe);
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_rpc_read_message (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pGossipMessage *message = NULL;

  if (self->messages->len + self->n_malformed >= DMS_P2P_GOSSIP_MAX_MESSAGES)
    return dms_p2p_gossip_refuse_size ("messages", DMS_P2P_GOSSIP_MAX_MESSAGES, error);
  message = dms_p2p_gossip_message_decode (from->data, from->size);
  if (message != NULL)
    g_ptr_array_add (self->messages, message);
  else
    self->n_malformed++;
  return TRUE;
}

/* IDs of other sizes than ours are of no message that was ever here. */
static gboolean
dms_p2p_gossip_rpc_read_id (DmsP2pGossipRpc *self,
                            const DmsP2pProtoReader *reader,
                            GPtrArray *ids,
                            GError **error)
{
  if (self->n_ids >= DMS_P2P_GOSSIP_MAX_IDS)
    return dms_p2p_gossip_refuse_size ("message IDs", DMS_P2P_GOSSIP_MAX_IDS, error);
  self->n_ids++;
  if (reader->size > 0 && reader->size <= DMS_P2P_GOSSIP_MAX_ID)
    g_ptr_array_add (ids, dms_p2p_proto_reader_dup_bytes (reader));
  return TRUE;
}

static gboolean
dms_p2p_gossip_rpc_read_ids (DmsP2pGossipRpc *self,
                             const DmsP2pProtoReader *from,
                             GPtrArray *ids,
                             GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_IDS, DMS_P2P_PROTO_BYTES) &&
          !dms_p2p_gossip_rpc_read_id (self, &reader, ids, error))
        return FALSE;
    }
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_rpc_read_ihave (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;
  g_autofree char *topic = NULL;
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_HAVE_TOPIC, DMS_P2P_PROTO_BYTES) && topic == NULL)
        topic = dms_p2p_gossip_read_topic (&reader);
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_HAVE_IDS, DMS_P2P_PROTO_BYTES) &&
               !dms_p2p_gossip_rpc_read_id (self, &reader, ids, error))
        return FALSE;
    }
  if (topic != NULL)
    dms_p2p_gossip_rpc_add_ihave (self, topic, g_steal_pointer (&ids));
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_rpc_read_graft (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;
  g_autofree char *topic = NULL;

  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_HAVE_TOPIC, DMS_P2P_PROTO_BYTES) && topic == NULL)
        topic = dms_p2p_gossip_read_topic (&reader);
    }
  if (topic != NULL)
    g_ptr_array_add (self->graft, g_steal_pointer (&topic));
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_prune_read_peer (DmsP2pGossipPrune *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (GBytes) record = NULL;

  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PX_PEER_ID, DMS_P2P_PROTO_BYTES) && peer == NULL &&
          reader.size <= DMS_P2P_GOSSIP_MAX_PEER_ID)
        {
          g_autoptr (GBytes) bytes = dms_p2p_proto_reader_dup_bytes (&reader);

          peer = dms_peer_id_new_from_bytes (bytes, NULL);
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PX_RECORD, DMS_P2P_PROTO_BYTES) && record == NULL &&
               reader.size > 0 && reader.size <= DMS_P2P_GOSSIP_MAX_RECORD)
        record = dms_p2p_proto_reader_dup_bytes (&reader);
    }
  if (peer != NULL)
    dms_p2p_gossip_prune_add_peer (self, peer, record);
  return dms_p2p_gossip_check_end (&reader, error);
}

/* Peers beyond those that are used are not even read. */
static gboolean
dms_p2p_gossip_rpc_read_prune (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;
  DmsP2pGossipPrune *prune = dms_p2p_gossip_rpc_add_prune (self, "", 0);

  prune->has_back_off = FALSE;
  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PRUNE_TOPIC, DMS_P2P_PROTO_BYTES))
        {
          g_free (prune->topic);
          prune->topic = dms_p2p_gossip_read_topic (&reader);
          prune->topic = prune->topic != NULL ? prune->topic : g_strdup ("");
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PRUNE_BACK_OFF, DMS_P2P_PROTO_VARINT))
        {
          prune->back_off_s = reader.number;
          prune->has_back_off = TRUE;
        }
      else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PRUNE_PEERS, DMS_P2P_PROTO_BYTES) &&
               prune->peers->len < DMS_P2P_GOSSIP_PX_PEERS &&
               !dms_p2p_gossip_prune_read_peer (prune, &reader, error))
        return FALSE;
    }
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_rpc_read_entry (DmsP2pGossipRpc *self, const DmsP2pProtoReader *reader, GError **error)
{
  if (reader->kind != DMS_P2P_PROTO_BYTES)
    return TRUE;
  if (++self->n_control > DMS_P2P_GOSSIP_MAX_CONTROL)
    return dms_p2p_gossip_refuse_size ("control entries", DMS_P2P_GOSSIP_MAX_CONTROL, error);
  switch (reader->field)
    {
    case DMS_P2P_CONTROL_IHAVE:
      return dms_p2p_gossip_rpc_read_ihave (self, reader, error);
    case DMS_P2P_CONTROL_IWANT:
      return dms_p2p_gossip_rpc_read_ids (self, reader, self->iwant, error);
    case DMS_P2P_CONTROL_GRAFT:
      return dms_p2p_gossip_rpc_read_graft (self, reader, error);
    case DMS_P2P_CONTROL_PRUNE:
      return dms_p2p_gossip_rpc_read_prune (self, reader, error);
    case DMS_P2P_CONTROL_IDONTWANT:
      return dms_p2p_gossip_rpc_read_ids (self, reader, self->idontwant, error);
    default:
      return TRUE;
    }
}

static gboolean
dms_p2p_gossip_rpc_read_control (DmsP2pGossipRpc *self, const DmsP2pProtoReader *from, GError **error)
{
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, from->data, from->size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (!dms_p2p_gossip_rpc_read_entry (self, &reader, error))
        return FALSE;
    }
  return dms_p2p_gossip_check_end (&reader, error);
}

static gboolean
dms_p2p_gossip_rpc_read_part (DmsP2pGossipRpc *self, const DmsP2pProtoReader *reader, GError **error)
{
  if (dms_p2p_proto_reader_is (reader, DMS_P2P_RPC_SUBSCRIPTIONS, DMS_P2P_PROTO_BYTES))
    return dms_p2p_gossip_rpc_read_subscription (self, reader, error);
  if (dms_p2p_proto_reader_is (reader, DMS_P2P_RPC_PUBLISH, DMS_P2P_PROTO_BYTES))
    return dms_p2p_gossip_rpc_read_message (self, reader, error);
  if (dms_p2p_proto_reader_is (reader, DMS_P2P_RPC_CONTROL, DMS_P2P_PROTO_BYTES))
    return dms_p2p_gossip_rpc_read_control (self, reader, error);
  return TRUE;
}

DmsP2pGossipRpc *
dms_p2p_gossip_rpc_decode (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsP2pGossipRpc) self = dms_p2p_gossip_rpc_new ();
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (!dms_p2p_gossip_rpc_read_part (self, &reader, error))
        return NULL;
    }
  return dms_p2p_gossip_check_end (&reader, error) ? g_steal_pointer (&self) : NULL;
}

/* Writing */

void
dms_p2p_gossip_rpc_add_subscription (DmsP2pGossipRpc *self, const char *topic, gboolean subscribe)
{
  DmsP2pGossipSubscription *subscription = g_new0 (DmsP2pGossipSubscription, 1);

  subscription->topic = g_strdup (topic);
  subscription->subscribe = subscribe;
  g_ptr_array_add (self->subscriptions, subscription);
}

void
dms_p2p_gossip_rpc_add_ihave (DmsP2pGossipRpc *self, const char *topic, GPtrArray *ids)
{
  DmsP2pGossipHave *have = g_new0 (DmsP2pGossipHave, 1);

  have->topic = g_strdup (topic);
  have->ids = ids;
  g_ptr_array_add (self->ihave, have);
}

DmsP2pGossipPrune *
dms_p2p_gossip_rpc_add_prune (DmsP2pGossipRpc *self, const char *topic, guint64 back_off_s)
{
  DmsP2pGossipPrune *prune = g_new0 (DmsP2pGossipPrune, 1);

  prune->topic = g_strdup (topic);
  prune->peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_px_peer_free);
  prune->back_off_s = back_off_s;
  prune->has_back_off = TRUE;
  g_ptr_array_add (self->prune, prune);
  return prune;
}

void
dms_p2p_gossip_prune_add_peer (DmsP2pGossipPrune *self, DmsPeerId *peer, GBytes *record)
{
  DmsP2pGossipPxPeer *px = g_new0 (DmsP2pGossipPxPeer, 1);

  px->peer = dms_peer_id_ref (peer);
  px->record = record != NULL ? g_bytes_ref (record) : NULL;
  g_ptr_array_add (self->peers, px);
}

static void
dms_p2p_gossip_write_inner (GByteArray *out, guint32 field, GByteArray *inner)
{
  dms_p2p_proto_write_bytes (out, field, inner->data, inner->len);
  g_byte_array_unref (inner);
}

static void
dms_p2p_gossip_write_ids (GByteArray *out, guint32 field, GPtrArray *ids)
{
  for (guint i = 0; i < ids->len; i++)
    dms_p2p_proto_write_gbytes (out, field, g_ptr_array_index (ids, i));
}

static void
dms_p2p_gossip_write_id_entry (GByteArray *out, guint32 field, GPtrArray *ids)
{
  GByteArray *inner = NULL;

  if (ids->len == 0)
    return;
  inner = g_byte_array_new ();
  dms_p2p_gossip_write_ids (inner, DMS_P2P_IDS, ids);
  dms_p2p_gossip_write_inner (out, field, inner);
}

static void
dms_p2p_gossip_write_prune (GByteArray *out, DmsP2pGossipPrune *prune)
{
  GByteArray *inner = g_byte_array_new ();

  dms_p2p_proto_write_text (inner, DMS_P2P_PRUNE_TOPIC, prune->topic);
  for (guint i = 0; i < prune->peers->len; i++)
    {
      DmsP2pGossipPxPeer *px = g_ptr_array_index (prune->peers, i);
      g_autoptr (GBytes) id = dms_peer_id_dup_bytes (px->peer);
      GByteArray *peer = g_byte_array_new ();

      dms_p2p_proto_write_gbytes (peer, DMS_P2P_PX_PEER_ID, id);
      if (px->record != NULL)
        dms_p2p_proto_write_gbytes (peer, DMS_P2P_PX_RECORD, px->record);
      dms_p2p_gossip_write_inner (inner, DMS_P2P_PRUNE_PEERS, peer);
    }
  if (prune->has_back_off)
    dms_p2p_proto_write_number (inner, DMS_P2P_PRUNE_BACK_OFF, prune->back_off_s);
  dms_p2p_gossip_write_inner (out, DMS_P2P_CONTROL_PRUNE, inner);
}

static GByteArray *
dms_p2p_gossip_rpc_write_control (DmsP2pGossipRpc *self)
{
  GByteArray *out = g_byte_array_new ();

  for (guint i = 0; i < self->ihave->len; i++)
    {
      DmsP2pGossipHave *have = g_ptr_array_index (self->ihave, i);
      GByteArray *inner = g_byte_array_new ();

      dms_p2p_proto_write_text (inner, DMS_P2P_HAVE_TOPIC, have->topic);
      dms_p2p_gossip_write_ids (inner, DMS_P2P_HAVE_IDS, have->ids);
      dms_p2p_gossip_write_inner (out, DMS_P2P_CONTROL_IHAVE, inner);
    }
  dms_p2p_gossip_write_id_entry (out, DMS_P2P_CONTROL_IWANT, self->iwant);
  for (guint i = 0; i < self->graft->len; i++)
    {
      GByteArray *inner = g_byte_array_new ();

      dms_p2p_proto_write_text (inner, DMS_P2P_HAVE_TOPIC, g_ptr_array_index (self->graft, i));
      dms_p2p_gossip_write_inner (out, DMS_P2P_CONTROL_GRAFT, inner);
    }
  for (guint i = 0; i < self->prune->len; i++)
    dms_p2p_gossip_write_prune (out, g_ptr_array_index (self->prune, i));
  dms_p2p_gossip_write_id_entry (out, DMS_P2P_CONTROL_IDONTWANT, self->idontwant);
  return out;
}

GBytes *
dms_p2p_gossip_rpc_encode (DmsP2pGossipRpc *self)
{
  GByteArray *out = g_byte_array_new ();
  GByteArray *control = dms_p2p_gossip_rpc_write_control (self);

  for (guint i = 0; i < self->subscriptions->len; i++)
    {
      DmsP2pGossipSubscription *subscription = g_ptr_array_index (self->subscriptions, i);
      GByteArray *inner = g_byte_array_new ();

      dms_p2p_proto_write_number (inner, DMS_P2P_SUBSCRIPTION_SUBSCRIBE, subscription->subscribe ? 1 : 0);
      dms_p2p_proto_write_text (inner, DMS_P2P_SUBSCRIPTION_TOPIC, subscription->topic);
      dms_p2p_gossip_write_inner (out, DMS_P2P_RPC_SUBSCRIPTIONS, inner);
    }
  for (guint i = 0; i < self->messages->len; i++)
    dms_p2p_proto_write_gbytes (
        out, DMS_P2P_RPC_PUBLISH, ((DmsP2pGossipMessage *) g_ptr_array_index (self->messages, i))->wire);
  if (control->len > 0)
    dms_p2p_proto_write_bytes (out, DMS_P2P_RPC_CONTROL, control->data, control->len);
  g_byte_array_unref (control);
  return g_byte_array_free_to_bytes (out);
}

GBytes *
dms_p2p_gossip_rpc_encode_message (DmsP2pGossipMessage *message)
{
  GByteArray *out = g_byte_array_sized_new ((guint) g_bytes_get_size (message->wire) + 8);

  dms_p2p_proto_write_gbytes (out, DMS_P2P_RPC_PUBLISH, message->wire);
  return g_byte_array_free_to_bytes (out);
}
