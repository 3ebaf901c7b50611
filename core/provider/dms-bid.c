/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid.h"

#include "common/dms-json-object.h"
#include "common/dms-wire-writer.h"
#include "identity/dms-signature.h"

static const char SIGNED_PREFIX[] = "dms-bid-";

struct _DmsBid
{
  gatomicrefcount refs;
  char *ensemble_id;
  char *node_id;
  char *peer;
  DmsLocation *location;
  DmsHandle *handle;
  GBytes *signature;
  DmsBidOffer *offer;
};

G_DEFINE_BOXED_TYPE (DmsBid, dms_bid, dms_bid_ref, dms_bid_unref)

DmsBid *
dms_bid_ref (DmsBid *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dms_bid_unref (DmsBid *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_free (self->ensemble_id);
  g_free (self->node_id);
  g_free (self->peer);
  g_clear_pointer (&self->location, dms_location_unref);
  g_clear_pointer (&self->handle, dms_handle_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_pointer (&self->offer, dms_bid_offer_unref);
  g_free (self);
}

static void
write_location (DmsWireWriter *writer, DmsLocation *location)
{
  const char *const names[] = { "continent", "country", "city" };
  const char *const values[] = { dms_location_get_continent (location),
                                 dms_location_get_country (location),
                                 dms_location_get_city (location) };

  dms_wire_writer_begin_object (writer, "Location");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (values[i] != NULL)
        dms_wire_writer_add_string (writer, names[i], values[i]);
    }
  if (dms_location_get_asn (location) != 0)
    dms_wire_writer_add_uint64 (writer, "asn", dms_location_get_asn (location));
  if (dms_location_get_isp (location) != NULL)
    dms_wire_writer_add_string (writer, "isp", dms_location_get_isp (location));
  dms_wire_writer_end_object (writer);
}

/* The bytes that are signed: the members in this order, the signature null. */
static GBytes *
dup_signed_bytes (DmsBid *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autofree char *json = NULL;
  char *text = NULL;

  dms_wire_writer_begin_object (writer, NULL);
  dms_wire_writer_add_string (writer, "EnsembleID", self->ensemble_id);
  dms_wire_writer_add_string (writer, "NodeID", self->node_id);
  dms_wire_writer_add_string (writer, "Peer", self->peer);
  write_location (writer, self->location);
  dms_handle_write (self->handle, writer, "Handle");
  dms_wire_writer_add_null (writer, "Signature");
  dms_wire_writer_end_object (writer);
  json = dms_wire_writer_end_string (writer);
  text = g_strconcat (SIGNED_PREFIX, json, NULL);
  return g_bytes_new_take (text, strlen (text));
}

/**
 * dms_bid_new_signed:
 * @key: the node's key
 * @handle: its root actor
 * @ensemble_id: the ensemble
 * @node_id: the node of the ensemble that is offered
 * @location: where this machine is
 *
 * Returns: (transfer full): the bid
 */
DmsBid *
dms_bid_new_signed (DmsKey *key,
                    DmsHandle *handle,
                    const char *ensemble_id,
                    const char *node_id,
                    DmsLocation *location)
{
  DmsBid *self = g_new0 (DmsBid, 1);
  g_autoptr (GBytes) bytes = NULL;
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];
  gsize size;
  gconstpointer data;

  g_atomic_ref_count_init (&self->refs);
  self->ensemble_id = g_strdup (ensemble_id);
  self->node_id = g_strdup (node_id);
  self->peer = g_strdup (dms_handle_get_host (handle));
  self->location = dms_location_ref (location);
  self->handle = dms_handle_ref (handle);

  bytes = dup_signed_bytes (self);
  data = g_bytes_get_data (bytes, &size);
  dms_key_sign (key, data, size, signature);
  self->signature = g_bytes_new (signature, sizeof signature);
  self->offer = dms_bid_offer_new (0, NULL, 0, 0);
  return self;
}

DmsBid *
dms_bid_with_offer (DmsBid *self, DmsBidOffer *offer)
{
  DmsBid *made = g_new0 (DmsBid, 1);

  g_atomic_ref_count_init (&made->refs);
  made->ensemble_id = g_strdup (self->ensemble_id);
  made->node_id = g_strdup (self->node_id);
  made->peer = g_strdup (self->peer);
  made->location = dms_location_ref (self->location);
  made->handle = dms_handle_ref (self->handle);
  made->signature = g_bytes_ref (self->signature);
  made->offer = dms_bid_offer_ref (offer);
  return made;
}

/**
 * dms_bid_verify:
 * @self: a bid
 * @error: return location
 *
 * Returns: whether the node whose handle it carries signed it
 */
gboolean
dms_bid_verify (DmsBid *self, GError **error)
{
  g_autoptr (GBytes) bytes = dup_signed_bytes (self);
  guint8 public_key[32];
  gsize size;
  gsize signature_size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  gconstpointer signature = g_bytes_get_data (self->signature, &signature_size);

  if (!dms_handle_get_ed25519 (self->handle, public_key) ||
      !dms_signature_verify (public_key, data, size, signature, signature_size))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BAD_SIGNATURE,
                   "the bid of peer “%s” for node “%s” was not signed by that peer's node",
                   self->peer,
                   self->node_id);
      return FALSE;
    }
  if (g_strcmp0 (self->peer, dms_handle_get_host (self->handle)) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BAD_SIGNATURE,
                   "the bid for node “%s” names peer “%s” and another one in its handle",
                   self->node_id,
                   self->peer);
      return FALSE;
    }
  return TRUE;
}

static char *
dup_name (JsonObject *object, const char *name)
{
  const char *text = dms_json_object_get_text (object, name);

  return text != NULL && text[0] != '\0' && strlen (text) <= 256 ? g_strdup (text) : NULL;
}

static GBytes *
decode_signature (const char *text)
{
  gsize size;
  guint8 *data = NULL;

  if (text == NULL || strlen (text) > 2 * DMS_KEY_SIGNATURE_SIZE)
    return NULL;
  data = g_base64_decode (text, &size);
  return g_bytes_new_take (data, size);
}

/**
 * dms_bid_new_from_json:
 * @node: (nullable): the payload of a bid
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the bid, whose signature is not verified
 */
DmsBid *
dms_bid_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_object_get_child (dms_json_node_get_child (node), "V1");
  g_autoptr (DmsBid) self = g_new0 (DmsBid, 1);
  JsonNode *handle = dms_json_object_get_member (object, "Handle");

  g_atomic_ref_count_init (&self->refs);
  self->ensemble_id = dup_name (object, "EnsembleID");
  self->node_id = dup_name (object, "NodeID");
  self->peer = dup_name (object, "Peer");
  self->signature = decode_signature (dms_json_object_get_text (object, "Signature"));
  if (self->ensemble_id == NULL || self->node_id == NULL || self->peer == NULL || self->signature == NULL ||
      handle == NULL)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "a bid must have V1 with EnsembleID, NodeID, Peer, Handle and Signature");
      return NULL;
    }
  self->offer =
      dms_bid_offer_new_from_json (dms_json_object_get_member (dms_json_node_get_child (node), "Offer"));
  self->location = dms_location_new_from_json (dms_json_object_get_member (object, "Location"), error);
  self->handle = self->location != NULL ? dms_handle_new_from_json (handle, error) : NULL;
  return self->handle != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * dms_bid_to_json:
 * @self: a bid
 *
 * Returns: (transfer full): `{"V1":{…}}`, with `Offer` beside it when there is one
 */
JsonNode *
dms_bid_to_json (DmsBid *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *outer = json_object_new ();
  JsonObject *object = json_object_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (self->signature, &size);
  g_autofree char *signature = g_base64_encode (data, size);

  json_object_set_string_member (object, "EnsembleID", self->ensemble_id);
  json_object_set_string_member (object, "NodeID", self->node_id);
  json_object_set_string_member (object, "Peer", self->peer);
  json_object_set_member (object, "Location", dms_location_to_json (self->location));
  json_object_set_member (object, "Handle", dms_handle_to_json (self->handle));
  json_object_set_string_member (object, "Signature", signature);
  json_object_set_object_member (outer, "V1", object);
  if (!dms_bid_offer_is_empty (self->offer))
    json_object_set_member (outer, "Offer", dms_bid_offer_to_json (self->offer));
  json_node_take_object (node, outer);
  return node;
}

const char *
dms_bid_get_ensemble_id (DmsBid *self)
{
  return self->ensemble_id;
}

const char *
dms_bid_get_node_id (DmsBid *self)
{
  return self->node_id;
}

const char *
dms_bid_get_peer (DmsBid *self)
{
  return self->peer;
}

DmsLocation *
dms_bid_get_location (DmsBid *self)
{
  return self->location;
}

DmsBidOffer *
dms_bid_get_offer (DmsBid *self)
{
  return self->offer;
}

DmsHandle *
dms_bid_get_handle (DmsBid *self)
{
  return self->handle;
}
