/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-transport.h"

#include <sodium.h>

#include "dms-memory-delivery.h"
#include "dms-memory-handler.h"
#include "dms-memory-hub.h"
#include "dms-memory-stream.h"
#include "dms-memory-transport-private.h"

#define DEFAULT_HUB "default"
#define MAX_QUEUED 8192
#define MAX_QUEUED_BYTES (64 * 1024 * 1024)

static void dms_memory_transport_transport_init (DmsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsMemoryTransport,
                               dms_memory_transport,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT,
                                                      dms_memory_transport_transport_init))

DmsTransport *
dms_memory_transport_new (void)
{
  return g_object_new (DMS_TYPE_MEMORY_TRANSPORT, NULL);
}

const char *
dms_memory_transport_get_peer_id (DmsMemoryTransport *self)
{
  return dms_peer_id_get_text (self->peer);
}

GBytes *
dms_memory_transport_get_network_key (DmsMemoryTransport *self)
{
  return self->network_key;
}

GPtrArray *
dms_memory_transport_get_addresses (DmsMemoryTransport *self)
{
  return self->addresses;
}

gboolean
dms_memory_transport_has_address (DmsMemoryTransport *self, const char *address)
{
  for (guint i = 0; i < self->addresses->len; i++)
    {
      if (g_str_equal (dms_multiaddr_get_text (g_ptr_array_index (self->addresses, i)), address))
        return TRUE;
    }
  return FALSE;
}

DmsMemoryQueue *
dms_memory_transport_get_queue (DmsMemoryTransport *self)
{
  return self->queue;
}

DmsMemoryHub *
dms_memory_transport_get_hub (DmsMemoryTransport *self)
{
  return self->hub;
}

/* Start and stop */

static void
leave (DmsMemoryTransport *self)
{
  if (self->hub == NULL)
    return;
  dms_memory_hub_leave (self->hub, self);
  dms_memory_validations_drop_all (self->validations);
  g_clear_pointer (&self->queue, dms_memory_queue_free);
  g_clear_pointer (&self->hub, dms_memory_hub_unref);
  g_ptr_array_set_size (self->addresses, 0);
  g_hash_table_remove_all (self->identified);
  g_hash_table_remove_all (self->scores);
}

static void
dms_memory_transport_dispose (GObject *object)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (object);

  leave (self);
  g_clear_pointer (&self->inbox_handler, dms_memory_handler_unref);
  g_clear_pointer (&self->peer_handler, dms_memory_handler_unref);
  g_hash_table_remove_all (self->stream_handlers);
  g_hash_table_remove_all (self->topic_handlers);
  g_hash_table_remove_all (self->topic_validators);
  G_OBJECT_CLASS (dms_memory_transport_parent_class)->dispose (object);
}

static void
dms_memory_transport_finalize (GObject *object)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (object);

  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->network_key, g_bytes_unref);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_clear_pointer (&self->stream_handlers, g_hash_table_unref);
  g_clear_pointer (&self->topic_handlers, g_hash_table_unref);
  g_clear_pointer (&self->topic_validators, g_hash_table_unref);
  g_clear_pointer (&self->validations, dms_memory_validations_free);
  g_clear_pointer (&self->rejected, g_hash_table_unref);
  g_clear_pointer (&self->scores, g_hash_table_unref);
  g_clear_pointer (&self->identified, g_hash_table_unref);
  G_OBJECT_CLASS (dms_memory_transport_parent_class)->finalize (object);
}

static void
dms_memory_transport_class_init (DmsMemoryTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_memory_transport_dispose;
  object_class->finalize = dms_memory_transport_finalize;
}

static void
dms_memory_transport_init (DmsMemoryTransport *self)
{
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->stream_handlers = dms_memory_handler_new_table ();
  self->topic_handlers = dms_memory_handler_new_table ();
  self->topic_validators = dms_memory_handler_new_table ();
  self->validations = dms_memory_validations_new ();
  self->rejected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->scores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->identified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static const char *
dms_memory_transport_get_id (DmsTransport *transport)
{
  return "memory";
}

static char *
dup_hub_name (DmsTransportConfig *config)
{
  JsonObject *params = dms_transport_config_get_params (config);
  JsonNode *node = params != NULL ? json_object_get_member (params, "hub") : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return g_strdup (DEFAULT_HUB);
  return g_strdup (json_node_get_string (node));
}

static gboolean
take_identity (DmsMemoryTransport *self, DmsTransportConfig *config, GError **error)
{
  GBytes *seed = dms_transport_config_get_identity_seed (config);
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];
  unsigned char *secret_key;

  if (sodium_init () < 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE,
                           "libsodium cannot be used on this machine");
      return FALSE;
    }
  secret_key = sodium_malloc (crypto_sign_SECRETKEYBYTES);
  if (secret_key == NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE,
                           "there is no guarded memory left for a key");
      return FALSE;
    }
  crypto_sign_seed_keypair (public_key, secret_key, g_bytes_get_data (seed, NULL));
  sodium_free (secret_key);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  self->peer = dms_peer_id_new_for_ed25519 (public_key);
  return TRUE;
}

/* Takes the addresses of our kind; others are for transports that reach further. */
static gboolean
take_addresses (DmsMemoryTransport *self, DmsTransportConfig *config, GError **error)
{
  const char *const *texts = dms_transport_config_get_listen_addresses (config);
  g_autofree char *made = NULL;

  for (guint i = 0; texts[i] != NULL; i++)
    {
      DmsMultiaddr *address;

      if (!g_str_has_prefix (texts[i], "/memory/"))
        continue;
      address = dms_multiaddr_new (texts[i], error);
      if (address == NULL)
        return FALSE;
      g_ptr_array_add (self->addresses, address);
    }
  if (self->addresses->len > 0)
    return TRUE;
  made = dms_memory_hub_make_address (self->hub);
  g_ptr_array_add (self->addresses, dms_multiaddr_new (made, NULL));
  return TRUE;
}

static gboolean
start (DmsMemoryTransport *self, DmsTransportConfig *config, GError **error)
{
  GBytes *network_key = dms_transport_config_get_private_network_key (config);
  g_autofree char *name = dup_hub_name (config);

  if (self->hub != NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport runs already");
      return FALSE;
    }
  if (!take_identity (self, config, error))
    return FALSE;
  if (network_key != NULL)
    {
      g_clear_pointer (&self->network_key, g_bytes_unref);
      self->network_key = g_bytes_ref (network_key);
    }
  self->hub = dms_memory_hub_ref_named (name);
  self->queue = dms_memory_queue_new (self, MAX_QUEUED, MAX_QUEUED_BYTES);
  self->started_us = g_get_real_time ();
  if (take_addresses (self, config, error) && dms_memory_hub_join (self->hub, self, error))
    return TRUE;
  leave (self);
  return FALSE;
}

static void
dms_memory_transport_start_async (DmsTransport *transport,
                                  DmsTransportConfig *config,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_memory_transport_start_async);
  if (start (DMS_MEMORY_TRANSPORT (transport), config, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gpointer
finish_pointer (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_memory_transport_stop_async (DmsTransport *transport,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_memory_transport_stop_async);
  leave (DMS_MEMORY_TRANSPORT (transport));
  g_task_return_boolean (task, TRUE);
}

static gboolean
dms_memory_transport_set_private_network_key (DmsTransport *transport, GBytes *key, GError **error)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  if (self->hub != NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE,
                           "the key of the private network can be set only before the transport starts");
      return FALSE;
    }
  g_clear_pointer (&self->network_key, g_bytes_unref);
  self->network_key = key != NULL ? g_bytes_ref (key) : NULL;
  return TRUE;
}

gboolean
dms_memory_transport_check_running (DmsMemoryTransport *self, GTask *task)
{
  if (self->hub != NULL)
    return TRUE;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport does not run");
  return FALSE;
}

static DmsMemoryTransport *
find_peer (DmsMemoryTransport *self, DmsPeerId *peer, GTask *task)
{
  DmsMemoryTransport *found;

  if (!dms_memory_transport_check_running (self, task))
    return NULL;
  found = dms_memory_hub_lookup (self->hub, self, dms_peer_id_get_text (peer));
  if (found == NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_NOT_FOUND, "there is no peer %s on this network",
                             dms_peer_id_get_text (peer));
  return found;
}

/* Addresses and peers */

static DmsPeerId *
dms_memory_transport_dup_peer_id (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  return self->peer != NULL ? dms_peer_id_ref (self->peer) : NULL;
}

GPtrArray *
dms_memory_transport_copy_addresses (DmsMemoryTransport *self)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < self->addresses->len; i++)
    g_ptr_array_add (copy, dms_multiaddr_ref (g_ptr_array_index (self->addresses, i)));
  return copy;
}

static GPtrArray *
dms_memory_transport_dup_listen_addresses (DmsTransport *transport)
{
  return dms_memory_transport_copy_addresses (DMS_MEMORY_TRANSPORT (transport));
}

static void
dms_memory_transport_listen_async (DmsTransport *transport,
                                   DmsMultiaddr *address,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  const char *text = dms_multiaddr_get_text (address);

  g_task_set_source_tag (task, dms_memory_transport_listen_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  if (!g_str_has_prefix (text, "/memory/") || strchr (text + strlen ("/memory/"), '/') != NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                             "cannot listen on %s: only on /memory/<name>", text);
  else if (dms_memory_hub_lookup_address (self->hub, self, text) != NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS, "cannot listen on %s: a peer does",
                             text);
  else
    {
      g_ptr_array_add (self->addresses, dms_multiaddr_ref (address));
      g_task_return_boolean (task, TRUE);
    }
}

DmsMemoryTransport *
dms_memory_transport_find_address (DmsMemoryTransport *self, const char *text)
{
  const char *wanted = strstr (text, "/p2p/");
  g_autofree char *address = wanted != NULL ? g_strndup (text, wanted - text) : g_strdup (text);
  DmsMemoryTransport *found;

  if (wanted == text)
    return dms_memory_hub_lookup (self->hub, self, text + strlen ("/p2p/"));
  found = dms_memory_hub_lookup_address (self->hub, self, address);
  if (found == NULL || wanted == NULL)
    return found;
  return g_str_equal (dms_memory_transport_get_peer_id (found), wanted + strlen ("/p2p/")) ? found : NULL;
}

static void
dms_memory_transport_dial_async (DmsTransport *transport,
                                 DmsMultiaddr *address,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsMemoryTransport *found;

  g_task_set_source_tag (task, dms_memory_transport_dial_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  found = dms_memory_transport_find_address (self, dms_multiaddr_get_text (address));
  if (found == NULL)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "nobody answers at %s",
                               dms_multiaddr_get_text (address));
      return;
    }
  dms_memory_hub_connect (self->hub, self, found);
  g_task_return_pointer (task, dms_peer_id_ref (found->peer), (GDestroyNotify) dms_peer_id_unref);
}

static DmsPeerId *
dms_memory_transport_dial_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return finish_pointer (transport, result, error);
}

static void
dms_memory_transport_disconnect_peer (DmsTransport *transport, DmsPeerId *peer)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  DmsMemoryTransport *found = NULL;

  if (self->hub != NULL)
    found = dms_memory_hub_lookup (self->hub, self, dms_peer_id_get_text (peer));
  if (found != NULL)
    dms_memory_hub_disconnect (self->hub, self, found);
}

/* A ping on its way there or back. Whoever drops it on the way ends its task. */
typedef struct {
  GTask *task;
  gint64 sent_us;
} Ping;

static void
ping_free (gpointer data)
{
  Ping *ping = data;

  if (ping->task != NULL)
    g_task_return_new_error (ping->task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "the peer left or cannot keep up");
  g_clear_object (&ping->task);
  g_free (ping);
}

static Ping *
ping_new (GTask *task, gint64 sent_us)
{
  Ping *ping = g_new (Ping, 1);

  *ping = (Ping){ task, sent_us };
  return ping;
}

static void
on_pong (gpointer receiver, gpointer work_data)
{
  Ping *ping = work_data;
  g_autoptr (GTask) task = g_steal_pointer (&ping->task);

  g_task_return_int (task, (gssize) MAX (g_get_monotonic_time () - ping->sent_us, 1));
}

static void
on_ping (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  Ping *ping = work_data;
  DmsMemoryTransport *asker = g_task_get_source_object (ping->task);

  if (self->hub != NULL && asker->hub == self->hub)
    dms_memory_hub_schedule (self->hub, self, asker, 0, on_pong,
                             ping_new (g_steal_pointer (&ping->task), ping->sent_us), ping_free, NULL);
}

static void
dms_memory_transport_ping_async (DmsTransport *transport,
                                 DmsPeerId *peer,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsMemoryTransport *found;

  g_task_set_source_tag (task, dms_memory_transport_ping_async);
  found = find_peer (self, peer, task);
  if (found != NULL)
    dms_memory_hub_schedule (self->hub, self, found, 0, on_ping,
                             ping_new (g_steal_pointer (&task), g_get_monotonic_time ()), ping_free, NULL);
}

static gint64
dms_memory_transport_ping_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

/* Streams */

static void
dms_memory_transport_set_stream_handler (DmsTransport *transport,
                                         const char *protocol,
                                         DmsStreamHandler handler,
                                         gpointer user_data,
                                         GDestroyNotify destroy)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  dms_memory_handler_set_in (self->stream_handlers, protocol, G_CALLBACK (handler), user_data, destroy);
  if (self->hub != NULL)
    dms_memory_hub_tell_linked (self->hub, self);
}

static void
on_stream (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  DmsMemoryHandler *found = g_hash_table_lookup (self->stream_handlers, dms_stream_get_protocol (work_data));
  g_autoptr (DmsMemoryHandler) handler = found != NULL ? dms_memory_handler_ref (found) : NULL;

  if (handler == NULL)
    dms_stream_reset (work_data);
  else
    ((DmsStreamHandler) dms_memory_handler_get_func (handler)) (DMS_TRANSPORT (self), work_data,
                                                                dms_memory_handler_get_data (handler));
}

static void
dms_memory_transport_open_stream_async (DmsTransport *transport,
                                        DmsPeerId *peer,
                                        const char *protocol,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (DmsMemoryStream) near_end = NULL;
  g_autoptr (DmsMemoryStream) far_end = NULL;
  DmsMemoryTransport *found;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_memory_transport_open_stream_async);
  found = find_peer (self, peer, task);
  if (found == NULL)
    return;
  if (!g_hash_table_contains (found->stream_handlers, protocol))
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "the peer %s does not speak “%s”",
                               dms_peer_id_get_text (peer), protocol);
      return;
    }
  if (!dms_memory_stream_new_pair (protocol, self->peer, peer, &near_end, &far_end, &error)
      || !dms_memory_hub_schedule (self->hub, self, found, 0, on_stream, g_steal_pointer (&far_end),
                                   g_object_unref, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  dms_memory_hub_connect (self->hub, self, found);
  g_task_return_pointer (task, g_steal_pointer (&near_end), g_object_unref);
}

static DmsStream *
dms_memory_transport_open_stream_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return finish_pointer (transport, result, error);
}

/* Messages */

gboolean
dms_memory_transport_check_size (GBytes *bytes, GTask *task)
{
  if (g_bytes_get_size (bytes) <= DMS_TRANSPORT_MAX_MESSAGE_SIZE)
    return TRUE;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                           "the message has %" G_GSIZE_FORMAT " bytes, %d are allowed",
                           g_bytes_get_size (bytes), DMS_TRANSPORT_MAX_MESSAGE_SIZE);
  return FALSE;
}

static void
dms_memory_transport_set_inbox_handler (DmsTransport *transport,
                                        DmsInboxHandler handler,
                                        gpointer user_data,
                                        GDestroyNotify destroy)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  dms_memory_handler_set (&self->inbox_handler, G_CALLBACK (handler), user_data, destroy);
  if (self->hub != NULL)
    dms_memory_hub_tell_linked (self->hub, self);
}

static void
on_message (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  DmsMemoryDelivery *delivery = work_data;
  g_autoptr (DmsMemoryHandler) handler = NULL;
  DmsInboxHandler func;

  if (self->inbox_handler == NULL)
    return;
  handler = dms_memory_handler_ref (self->inbox_handler);
  func = (DmsInboxHandler) dms_memory_handler_get_func (handler);
  if (func (DMS_TRANSPORT (self), delivery->name, delivery->from, delivery->bytes,
            dms_memory_handler_get_data (handler))
      || delivery->sending == NULL)
    return;
  g_task_return_new_error (delivery->sending, DMS_ERROR, DMS_ERROR_BUSY,
                           "the peer %s has no room for the message; try again later",
                           dms_memory_transport_get_peer_id (self));
  g_clear_object (&delivery->sending);
}

static void
dms_memory_transport_send_message_async (DmsTransport *transport,
                                         DmsPeerId *peer,
                                         const char *inbox,
                                         GBytes *bytes,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsMemoryTransport *found;
  DmsMemoryDelivery *delivery;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_memory_transport_send_message_async);
  if (!dms_memory_transport_check_size (bytes, task))
    return;
  found = find_peer (self, peer, task);
  if (found == NULL)
    return;
  delivery = dms_memory_delivery_new (inbox, self->peer, bytes);
  if (!dms_memory_hub_schedule (self->hub, self, found, g_bytes_get_size (bytes), on_message, delivery,
                                dms_memory_delivery_free, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  delivery->sending = g_steal_pointer (&task);
  dms_memory_hub_connect (self->hub, self, found);
}

/* Content routing */

static void
dms_memory_transport_put_value_async (DmsTransport *transport,
                                      const char *key,
                                      GBytes *bytes,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_memory_transport_put_value_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  if (dms_memory_hub_put_value (self->hub, key, bytes, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
dms_memory_transport_get_value_async (DmsTransport *transport,
                                      const char *key,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GBytes *value;

  g_task_set_source_tag (task, dms_memory_transport_get_value_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  value = dms_memory_hub_get_value (self->hub, key);
  if (value != NULL)
    g_task_return_pointer (task, g_bytes_ref (value), (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_NOT_FOUND, "the network keeps nothing under “%s”",
                             key);
}

static GBytes *
dms_memory_transport_get_value_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return finish_pointer (transport, result, error);
}

static void
dms_memory_transport_provide_async (DmsTransport *transport,
                                    const char *key,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dms_memory_transport_provide_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  if (dms_memory_hub_provide (self->hub, key, self, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
dms_memory_transport_find_providers_async (DmsTransport *transport,
                                           const char *key,
                                           guint max_peers,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  GPtrArray *found;

  g_task_set_source_tag (task, dms_memory_transport_find_providers_async);
  if (!dms_memory_transport_check_running (self, task))
    return;
  found = dms_memory_hub_find_providers (self->hub, key, self);
  if (max_peers > 0 && found->len > max_peers)
    g_ptr_array_set_size (found, (int) max_peers);
  g_task_return_pointer (task, dms_memory_transport_describe (self, found),
                         (GDestroyNotify) g_ptr_array_unref);
}

static GPtrArray *
dms_memory_transport_find_providers_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return finish_pointer (transport, result, error);
}

static void
dms_memory_transport_stop_providing (DmsTransport *transport, const char *key)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  if (self->hub != NULL)
    dms_memory_hub_stop_providing (self->hub, key, self);
}

/* The hub knows them all. */
static guint
dms_memory_transport_estimate_peers (DmsTransport *transport)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GPtrArray) network = self->hub != NULL ? dms_memory_hub_list_network (self->hub, self) : NULL;

  return network != NULL ? network->len + 1 : 0;
}

static void
dms_memory_transport_transport_init (DmsTransportInterface *iface)
{
  iface->get_id = dms_memory_transport_get_id;
  iface->start_async = dms_memory_transport_start_async;
  iface->start_finish = finish_boolean;
  iface->stop_async = dms_memory_transport_stop_async;
  iface->stop_finish = finish_boolean;
  iface->dup_peer_id = dms_memory_transport_dup_peer_id;
  iface->dup_listen_addresses = dms_memory_transport_dup_listen_addresses;
  iface->listen_async = dms_memory_transport_listen_async;
  iface->listen_finish = finish_boolean;
  iface->dial_async = dms_memory_transport_dial_async;
  iface->dial_finish = dms_memory_transport_dial_finish;
  iface->disconnect_peer = dms_memory_transport_disconnect_peer;
  iface->set_stream_handler = dms_memory_transport_set_stream_handler;
  iface->open_stream_async = dms_memory_transport_open_stream_async;
  iface->open_stream_finish = dms_memory_transport_open_stream_finish;
  iface->set_inbox_handler = dms_memory_transport_set_inbox_handler;
  iface->send_message_async = dms_memory_transport_send_message_async;
  iface->send_message_finish = finish_boolean;
  iface->put_value_async = dms_memory_transport_put_value_async;
  iface->put_value_finish = finish_boolean;
  iface->get_value_async = dms_memory_transport_get_value_async;
  iface->get_value_finish = dms_memory_transport_get_value_finish;
  iface->provide_async = dms_memory_transport_provide_async;
  iface->provide_finish = finish_boolean;
  iface->find_providers_async = dms_memory_transport_find_providers_async;
  iface->find_providers_finish = dms_memory_transport_find_providers_finish;
  iface->stop_providing = dms_memory_transport_stop_providing;
  iface->estimate_peers = dms_memory_transport_estimate_peers;
  iface->ping_async = dms_memory_transport_ping_async;
  iface->ping_finish = dms_memory_transport_ping_finish;
  iface->set_private_network_key = dms_memory_transport_set_private_network_key;
  dms_memory_transport_peers_init (iface);
  dms_memory_transport_topics_init (iface);
}
