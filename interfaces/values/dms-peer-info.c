/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-peer-info.h"

#include "values/dms-multiaddr.h"
#include "values/dms-peer-id.h"
#include "values/dms-value-private.h"

/**
 * DmsPeerInfo:
 *
 * What is known of a peer. Immutable and counted.
 */
struct _DmsPeerInfo
{
  DmsPeerId *id;
  GPtrArray *addresses;
  gboolean connected;
  gint64 last_seen_us;
};

G_DEFINE_BOXED_TYPE (DmsPeerInfo, dms_peer_info, dms_peer_info_ref, dms_peer_info_unref)

enum
{
  DMS_PEER_INFO_MAX_ADDRESSES = 128,
};

static GPtrArray *
dms_peer_info_copy_addresses (GPtrArray *addresses)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; addresses != NULL && i < addresses->len; i++)
    g_ptr_array_add (copy, dms_multiaddr_ref (g_ptr_array_index (addresses, i)));
  return copy;
}

static gboolean
dms_peer_info_addresses_equal (GPtrArray *a, GPtrArray *b)
{
  return dms_value_array_equal (a, b, (GEqualFunc) dms_multiaddr_equal);
}

static DmsPeerId *
dms_peer_info_read_id (DmsValueReader *reader)
{
  const char *text = dms_value_reader_get_text (reader, "id");

  if (text == NULL)
    {
      dms_value_reader_fail (reader, "id", "is missing");
      return NULL;
    }
  return dms_peer_id_new (text, &reader->error);
}

static GPtrArray *
dms_peer_info_read_addresses (DmsValueReader *reader)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  JsonArray *array = dms_value_reader_get_array (reader, "addresses");
  guint n = array != NULL ? json_array_get_length (array) : 0;

  if (n > DMS_PEER_INFO_MAX_ADDRESSES)
    dms_value_reader_fail (reader, "addresses", "has too many items");
  for (guint i = 0; i < n && reader->error == NULL; i++)
    {
      DmsMultiaddr *address = dms_multiaddr_new_from_json (json_array_get_element (array, i), &reader->error);

      if (address != NULL)
        g_ptr_array_add (addresses, address);
    }
  return addresses;
}

static JsonArray *
dms_peer_info_write_addresses (GPtrArray *addresses)
{
  JsonArray *array = json_array_sized_new (addresses->len);

  for (guint i = 0; i < addresses->len; i++)
    json_array_add_element (array, dms_multiaddr_to_json (g_ptr_array_index (addresses, i)));
  return array;
}

/**
 * dms_peer_info_new:
 * @id: the peer
 * @addresses: (nullable) (element-type DmsMultiaddr): its addresses; copied
 * @connected: whether there is a connection now
 * @last_seen_us: when it last was useful, in microseconds since the epoch; 0 when unknown
 *
 * Makes a value.
 *
 * Returns: (transfer full): the value
 */
DmsPeerInfo *
dms_peer_info_new (DmsPeerId *id, GPtrArray *addresses, gboolean connected, gint64 last_seen_us)
{
  DmsPeerInfo *self = g_atomic_rc_box_new0 (DmsPeerInfo);

  self->id = dms_peer_id_ref (id);
  self->addresses = dms_peer_info_copy_addresses (addresses);
  self->connected = connected != FALSE;
  self->last_seen_us = last_seen_us;
  return self;
}

/**
 * dms_peer_info_get_id:
 * @self: a peer info
 *
 * Returns: (transfer none): the peer
 */
DmsPeerId *
dms_peer_info_get_id (DmsPeerInfo *self)
{
  return self->id;
}

/**
 * dms_peer_info_get_addresses:
 * @self: a peer info
 *
 * Returns: (transfer none) (element-type DmsMultiaddr): its addresses; never %NULL
 */
GPtrArray *
dms_peer_info_get_addresses (DmsPeerInfo *self)
{
  return self->addresses;
}

/**
 * dms_peer_info_get_connected:
 * @self: a peer info
 *
 * Returns: whether there is a connection now
 */
gboolean
dms_peer_info_get_connected (DmsPeerInfo *self)
{
  return self->connected;
}

/**
 * dms_peer_info_get_last_seen_us:
 * @self: a peer info
 *
 * Returns: when it last was useful, in microseconds since the epoch; 0 when unknown
 */
gint64
dms_peer_info_get_last_seen_us (DmsPeerInfo *self)
{
  return self->last_seen_us;
}

/**
 * dms_peer_info_new_from_json:
 * @node: (nullable): `{id, addresses, connected, last_seen_us}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPeerInfo *
dms_peer_info_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPeerInfo) self = g_atomic_rc_box_new0 (DmsPeerInfo);

  dms_value_reader_open (&reader, node, "peer info");
  self->id = dms_peer_info_read_id (&reader);
  self->addresses = dms_peer_info_read_addresses (&reader);
  self->connected = dms_value_reader_get_boolean (&reader, "connected");
  self->last_seen_us = dms_value_reader_get_int (&reader, "last_seen_us", 0, G_MAXINT64);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_peer_info_to_json:
 * @self: a peer info
 *
 * Returns: (transfer full): `{id, addresses, connected, last_seen_us}`
 */
JsonNode *
dms_peer_info_to_json (DmsPeerInfo *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "id", dms_peer_id_to_json (self->id));
  json_object_set_array_member (object, "addresses", dms_peer_info_write_addresses (self->addresses));
  json_object_set_boolean_member (object, "connected", self->connected);
  json_object_set_int_member (object, "last_seen_us", self->last_seen_us);
  return dms_value_take_object (object);
}

/**
 * dms_peer_info_ref:
 * @self: a peer info
 *
 * Returns: (transfer full): @self
 */
DmsPeerInfo *
dms_peer_info_ref (DmsPeerInfo *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_peer_info_clear (gpointer data)
{
  DmsPeerInfo *self = data;

  g_clear_pointer (&self->id, dms_peer_id_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
}

/**
 * dms_peer_info_unref:
 * @self: (transfer full): a peer info
 *
 * Gives up a reference.
 */
void
dms_peer_info_unref (DmsPeerInfo *self)
{
  g_atomic_rc_box_release_full (self, dms_peer_info_clear);
}

/**
 * dms_peer_info_equal:
 * @a: a peer info
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_peer_info_equal (DmsPeerInfo *a, DmsPeerInfo *b)
{
  return dms_peer_id_equal (a->id, b->id)
         && dms_peer_info_addresses_equal (a->addresses, b->addresses)
         && a->connected == b->connected
         && a->last_seen_us == b->last_seen_us;
}
