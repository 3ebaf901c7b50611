/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-hub.h"

#include "dms-memory-transport-private.h"

#define MAX_KEYS       65536
#define MAX_VALUE_SIZE (64 * 1024)
#define MAX_PROVIDERS  1024

struct _DmsMemoryHub
{
  guint references;
  char *name;
  /* Peer ID to transport, which is borrowed. */
  GHashTable *peers;
  /* Transport to those it is connected to, each with its own end of the connection. */
  GHashTable *links;
  GHashTable *values;
  /* Key to the set of the peer IDs that provide it. */
  GHashTable *providers;
  guint64 next_address;
};

/* The hubs of this process by name: what makes peers that know nothing of each other meet. */
static GHashTable *hubs;

DmsMemoryHub *
dms_memory_hub_ref_named (const char *name)
{
  DmsMemoryHub *self;

  if (hubs == NULL)
    hubs = g_hash_table_new (g_str_hash, g_str_equal);
  self = g_hash_table_lookup (hubs, name);
  if (self != NULL)
    {
      self->references++;
      return self;
    }
  self = g_new0 (DmsMemoryHub, 1);
  self->references = 1;
  self->name = g_strdup (name);
  self->peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->links = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_hash_table_unref);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->providers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  g_hash_table_insert (hubs, self->name, self);
  return self;
}

void
dms_memory_hub_unref (DmsMemoryHub *self)
{
  if (--self->references > 0)
    return;
  g_hash_table_remove (hubs, self->name);
  if (g_hash_table_size (hubs) == 0)
    g_clear_pointer (&hubs, g_hash_table_unref);
  g_hash_table_unref (self->peers);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->values);
  g_hash_table_unref (self->providers);
  g_free (self->name);
  g_free (self);
}

static gboolean
same_network (DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  GBytes *key_a = dms_memory_transport_get_network_key (a);
  GBytes *key_b = dms_memory_transport_get_network_key (b);

  if (key_a == NULL || key_b == NULL)
    return key_a == key_b;
  return g_bytes_equal (key_a, key_b);
}

char *
dms_memory_hub_make_address (DmsMemoryHub *self)
{
  return g_strdup_printf ("/memory/%" G_GUINT64_FORMAT, ++self->next_address);
}

static DmsMemoryTransport *
find_address (DmsMemoryHub *self, const char *address)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (dms_memory_transport_has_address (value, address))
        return value;
    }
  return NULL;
}

static gboolean
check_addresses (DmsMemoryHub *self, DmsMemoryTransport *peer, GError **error)
{
  GPtrArray *addresses = dms_memory_transport_get_addresses (peer);

  for (guint i = 0; i < addresses->len; i++)
    {
      const char *text = dms_multiaddr_get_text (g_ptr_array_index (addresses, i));

      if (find_address (self, text) != NULL)
        {
          g_set_error (
              error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "cannot listen on %s: another peer does", text);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
dms_memory_hub_join (DmsMemoryHub *self, DmsMemoryTransport *peer, GError **error)
{
  const char *peer_id = dms_memory_transport_get_peer_id (peer);
  g_autoptr (GPtrArray) others = NULL;

  if (g_hash_table_contains (self->peers, peer_id))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_ALREADY_EXISTS,
                   "the peer %s is on the network “%s” already",
                   peer_id,
                   self->name);
      return FALSE;
    }
  if (!check_addresses (self, peer, error))
    return FALSE;
  g_hash_table_insert (self->peers, g_strdup (peer_id), peer);
  g_hash_table_insert (self->links, peer, g_hash_table_new_full (NULL, NULL, NULL, g_free));
  others = dms_memory_hub_list_network (self, peer);
  for (guint i = 0; i < others->len; i++)
    dms_memory_hub_connect (self, peer, g_ptr_array_index (others, i));
  return TRUE;
}

static gboolean
remove_provider (gpointer key, gpointer value, gpointer user_data)
{
  g_hash_table_remove (value, user_data);
  return g_hash_table_size (value) == 0;
}

void
dms_memory_hub_leave (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  const char *peer_id = dms_memory_transport_get_peer_id (peer);
  g_autoptr (GPtrArray) linked = NULL;

  if (g_hash_table_lookup (self->peers, peer_id) != peer)
    return;
  linked = dms_memory_hub_list_connected (self, peer);
  for (guint i = 0; i < linked->len; i++)
    dms_memory_hub_disconnect (self, peer, g_ptr_array_index (linked, i));
  g_hash_table_foreach_remove (self->providers, remove_provider, (gpointer) peer_id);
  g_hash_table_remove (self->links, peer);
  g_hash_table_remove (self->peers, peer_id);
}

DmsMemoryTransport *
dms_memory_hub_lookup (DmsMemoryHub *self, DmsMemoryTransport *from, const char *peer_id)
{
  DmsMemoryTransport *peer = g_hash_table_lookup (self->peers, peer_id);

  return peer != NULL && same_network (from, peer) ? peer : NULL;
}

DmsMemoryTransport *
dms_memory_hub_lookup_address (DmsMemoryHub *self, DmsMemoryTransport *from, const char *address)
{
  DmsMemoryTransport *peer = find_address (self, address);

  return peer != NULL && same_network (from, peer) ? peer : NULL;
}

static void
look (gpointer receiver, gpointer work_data)
{
  dms_memory_transport_note_peer (receiver, work_data);
}

static void
tell (gpointer receiver, gpointer work_data)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (dms_memory_transport_get_peer_id (work_data), NULL);
  DmsMemoryHub *hub = dms_memory_transport_get_hub (receiver);
  gboolean connected = hub != NULL && dms_memory_hub_is_connected (hub, receiver, work_data);

  if (peer != NULL)
    g_signal_emit_by_name (receiver, connected ? "peer-connected" : "peer-disconnected", peer);
  look (receiver, work_data);
}

/* The news may be lost when a queue is full; the lists are right all the same. */
static void
tell_both (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  dms_memory_hub_schedule (self, a, b, 0, tell, g_object_ref (a), g_object_unref, NULL);
  dms_memory_hub_schedule (self, b, a, 0, tell, g_object_ref (b), g_object_unref, NULL);
}

static void
add_link (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b, gboolean inbound)
{
  DmsMemoryLink *link = g_new0 (DmsMemoryLink, 1);

  link->opened_us = g_get_real_time ();
  link->inbound = inbound;
  g_hash_table_insert (g_hash_table_lookup (self->links, a), b, link);
}

static DmsMemoryLink *
find_link (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  GHashTable *linked = g_hash_table_lookup (self->links, a);

  return linked != NULL ? g_hash_table_lookup (linked, b) : NULL;
}

void
dms_memory_hub_connect (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  if (a == b || dms_memory_hub_is_connected (self, a, b))
    return;
  add_link (self, a, b, FALSE);
  add_link (self, b, a, TRUE);
  tell_both (self, a, b);
}

void
dms_memory_hub_disconnect (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  if (!dms_memory_hub_is_connected (self, a, b))
    return;
  g_hash_table_remove (g_hash_table_lookup (self->links, a), b);
  g_hash_table_remove (g_hash_table_lookup (self->links, b), a);
  tell_both (self, a, b);
}

gboolean
dms_memory_hub_is_connected (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  return find_link (self, a, b) != NULL;
}

const DmsMemoryLink *
dms_memory_hub_get_link (DmsMemoryHub *self, DmsMemoryTransport *a, DmsMemoryTransport *b)
{
  return find_link (self, a, b);
}

void
dms_memory_hub_tell_linked (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  g_autoptr (GPtrArray) linked = dms_memory_hub_list_connected (self, peer);

  for (guint i = 0; i < linked->len; i++)
    dms_memory_hub_schedule (
        self, peer, g_ptr_array_index (linked, i), 0, look, g_object_ref (peer), g_object_unref, NULL);
}

void
dms_memory_hub_ask_linked (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  g_autoptr (GPtrArray) linked = dms_memory_hub_list_connected (self, peer);

  for (guint i = 0; i < linked->len; i++)
    dms_memory_hub_schedule (self,
                             g_ptr_array_index (linked, i),
                             peer,
                             0,
                             look,
                             g_object_ref (g_ptr_array_index (linked, i)),
                             g_object_unref,
                             NULL);
}

GPtrArray *
dms_memory_hub_list_connected (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTable *linked = g_hash_table_lookup (self->links, peer);
  GHashTableIter iter;
  gpointer other;

  if (linked == NULL)
    return list;
  g_hash_table_iter_init (&iter, linked);
  while (g_hash_table_iter_next (&iter, &other, NULL))
    g_ptr_array_add (list, other);
  return list;
}

GPtrArray *
dms_memory_hub_list_network (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    {
      if (other != peer && same_network (peer, other))
        g_ptr_array_add (list, other);
    }
  return list;
}

GPtrArray *
dms_memory_hub_list_reachable (DmsMemoryHub *self, DmsMemoryTransport *peer)
{
  GPtrArray *list = g_ptr_array_new ();
  g_autoptr (GHashTable) found = g_hash_table_new (NULL, NULL);

  g_ptr_array_add (list, peer);
  g_hash_table_add (found, peer);
  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr (GPtrArray) next = dms_memory_hub_list_connected (self, g_ptr_array_index (list, i));

      for (guint j = 0; j < next->len; j++)
        {
          if (g_hash_table_add (found, g_ptr_array_index (next, j)))
            g_ptr_array_add (list, g_ptr_array_index (next, j));
        }
    }
  return list;
}

static gboolean
check_room (GHashTable *table, const char *key, GError **error)
{
  if (g_hash_table_size (table) < MAX_KEYS || g_hash_table_contains (table, key))
    return TRUE;
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_BUSY, "the network keeps %d keys and has no room for another", MAX_KEYS);
  return FALSE;
}

gboolean
dms_memory_hub_put_value (DmsMemoryHub *self, const char *key, GBytes *value, GError **error)
{
  if (g_bytes_get_size (value) > MAX_VALUE_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "cannot store %" G_GSIZE_FORMAT " bytes under “%s”: the most is %d",
                   g_bytes_get_size (value),
                   key,
                   MAX_VALUE_SIZE);
      return FALSE;
    }
  if (!check_room (self->values, key, error))
    return FALSE;
  g_hash_table_replace (
      self->values, g_strdup (key), g_bytes_new (g_bytes_get_data (value, NULL), g_bytes_get_size (value)));
  return TRUE;
}

GBytes *
dms_memory_hub_get_value (DmsMemoryHub *self, const char *key)
{
  return g_hash_table_lookup (self->values, key);
}

gboolean
dms_memory_hub_provide (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer, GError **error)
{
  GHashTable *peers = g_hash_table_lookup (self->providers, key);

  if (!check_room (self->providers, key, error))
    return FALSE;
  if (peers == NULL)
    {
      peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (self->providers, g_strdup (key), peers);
    }
  if (g_hash_table_size (peers) >= MAX_PROVIDERS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BUSY,
                   "“%s” has %d providers, the most there can be",
                   key,
                   MAX_PROVIDERS);
      return FALSE;
    }
  g_hash_table_add (peers, g_strdup (dms_memory_transport_get_peer_id (peer)));
  return TRUE;
}

void
dms_memory_hub_stop_providing (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer)
{
  GHashTable *peers = g_hash_table_lookup (self->providers, key);

  if (peers == NULL)
    return;
  g_hash_table_remove (peers, dms_memory_transport_get_peer_id (peer));
  if (g_hash_table_size (peers) == 0)
    g_hash_table_remove (self->providers, key);
}

GPtrArray *
dms_memory_hub_find_providers (DmsMemoryHub *self, const char *key, DmsMemoryTransport *peer)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTable *peers = g_hash_table_lookup (self->providers, key);
  GHashTableIter iter;
  gpointer peer_id;

  if (peers == NULL)
    return list;
  g_hash_table_iter_init (&iter, peers);
  while (g_hash_table_iter_next (&iter, &peer_id, NULL))
    {
      DmsMemoryTransport *provider = dms_memory_hub_lookup (self, peer, peer_id);

      if (provider != NULL)
        g_ptr_array_add (list, provider);
    }
  return list;
}

static void
count (DmsMemoryHub *self, DmsMemoryTransport *from, DmsMemoryTransport *to, gsize size)
{
  DmsMemoryLink *near_end = find_link (self, from, to);
  DmsMemoryLink *far_end = find_link (self, to, from);

  if (near_end != NULL)
    near_end->bytes_out += size;
  if (far_end != NULL)
    far_end->bytes_in += size;
}

gboolean
dms_memory_hub_schedule (DmsMemoryHub *self,
                         DmsMemoryTransport *from,
                         DmsMemoryTransport *to,
                         gsize size,
                         DmsMemoryWork work,
                         gpointer work_data,
                         GDestroyNotify destroy,
                         GError **error)
{
  DmsMemoryQueue *queue = dms_memory_transport_get_queue (to);

  if (dms_memory_queue_push (queue, size, work, work_data, destroy))
    {
      count (self, from, to, size);
      return TRUE;
    }
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_BUSY,
               "the peer %s cannot keep up; try again later",
               dms_memory_transport_get_peer_id (to));
  return FALSE;
}
