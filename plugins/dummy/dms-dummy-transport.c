/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-dummy-transport.h"

/* The transport `dummy`: a network of one node, which hears only itself. Its peer ID is a digest of the
 * identity seed, so it proves nothing. */
struct _DmsDummyTransport
{
  GObject parent_instance;

  DmsPeerId *peer;
  DmsInboxHandler handler;
  gpointer handler_data;
  GDestroyNotify handler_destroy;
};

typedef struct
{
  DmsDummyTransport *self;
  char *inbox;
  GBytes *bytes;
} DmsDummyDelivery;

static void dms_dummy_transport_iface_init (DmsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsDummyTransport,
                               dms_dummy_transport,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT, dms_dummy_transport_iface_init))

static void
dms_dummy_transport_set_inbox_handler (DmsTransport *transport,
                                       DmsInboxHandler handler,
                                       gpointer user_data,
                                       GDestroyNotify destroy)
{
  DmsDummyTransport *self = DMS_DUMMY_TRANSPORT (transport);

  if (self->handler_destroy != NULL)
    self->handler_destroy (self->handler_data);
  self->handler = handler;
  self->handler_data = user_data;
  self->handler_destroy = destroy;
}

static void
dms_dummy_transport_finalize (GObject *object)
{
  DmsDummyTransport *self = DMS_DUMMY_TRANSPORT (object);

  dms_dummy_transport_set_inbox_handler (DMS_TRANSPORT (self), NULL, NULL, NULL);
  g_clear_pointer (&self->peer, dms_peer_id_unref);

  G_OBJECT_CLASS (dms_dummy_transport_parent_class)->finalize (object);
}

static void
dms_dummy_transport_class_init (DmsDummyTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dms_dummy_transport_finalize;
}

static void
dms_dummy_transport_init (DmsDummyTransport *self)
{
}

static const char *
dms_dummy_transport_get_id (DmsTransport *transport)
{
  return "dummy";
}

static gboolean
dms_dummy_transport_finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
dms_dummy_transport_start_async (DmsTransport *transport,
                                 DmsTransportConfig *config,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsDummyTransport *self = DMS_DUMMY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  GBytes *seed = dms_transport_config_get_identity_seed (config);
  guint8 digest[32];
  gsize length = sizeof digest;

  g_task_set_source_tag (task, dms_dummy_transport_start_async);
  g_checksum_update (checksum, g_bytes_get_data (seed, NULL), (gssize) g_bytes_get_size (seed));
  g_checksum_get_digest (checksum, digest, &length);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  self->peer = dms_peer_id_new_for_ed25519 (digest);
  g_task_return_boolean (task, TRUE);
}

static void
dms_dummy_transport_stop_async (DmsTransport *transport,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_dummy_transport_stop_async);
  g_clear_pointer (&DMS_DUMMY_TRANSPORT (transport)->peer, dms_peer_id_unref);
  g_task_return_boolean (task, TRUE);
}

static DmsPeerId *
dms_dummy_transport_dup_peer_id (DmsTransport *transport)
{
  DmsDummyTransport *self = DMS_DUMMY_TRANSPORT (transport);

  return self->peer != NULL ? dms_peer_id_ref (self->peer) : NULL;
}

static void
dms_dummy_delivery_free (gpointer data)
{
  DmsDummyDelivery *delivery = data;

  g_object_unref (delivery->self);
  g_free (delivery->inbox);
  g_bytes_unref (delivery->bytes);
  g_free (delivery);
}

static gboolean
dms_dummy_transport_deliver (gpointer data)
{
  DmsDummyDelivery *delivery = data;
  DmsDummyTransport *self = delivery->self;

  if (self->handler != NULL && self->peer != NULL)
    self->handler (DMS_TRANSPORT (self), delivery->inbox, self->peer, delivery->bytes, self->handler_data);
  return G_SOURCE_REMOVE;
}

static void
dms_dummy_transport_send_message_async (DmsTransport *transport,
                                        DmsPeerId *peer,
                                        const char *inbox,
                                        GBytes *bytes,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  DmsDummyTransport *self = DMS_DUMMY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  g_autoptr (GSource) source = g_idle_source_new ();
  DmsDummyDelivery *delivery = NULL;

  g_task_set_source_tag (task, dms_dummy_transport_send_message_async);
  if (self->peer == NULL || !dms_peer_id_equal (self->peer, peer))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_UNAVAILABLE,
                               "peer %s cannot be reached: nobody can",
                               dms_peer_id_get_text (peer));
      return;
    }
  delivery = g_new0 (DmsDummyDelivery, 1);
  delivery->self = g_object_ref (self);
  delivery->inbox = g_strdup (inbox);
  delivery->bytes = g_bytes_ref (bytes);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, dms_dummy_transport_deliver, delivery, dms_dummy_delivery_free);
  g_source_attach (source, g_task_get_context (task));
  g_task_return_boolean (task, TRUE);
}

static void
dms_dummy_transport_iface_init (DmsTransportInterface *iface)
{
  iface->get_id = dms_dummy_transport_get_id;
  iface->start_async = dms_dummy_transport_start_async;
  iface->start_finish = dms_dummy_transport_finish_boolean;
  iface->stop_async = dms_dummy_transport_stop_async;
  iface->stop_finish = dms_dummy_transport_finish_boolean;
  iface->dup_peer_id = dms_dummy_transport_dup_peer_id;
  iface->set_inbox_handler = dms_dummy_transport_set_inbox_handler;
  iface->send_message_async = dms_dummy_transport_send_message_async;
  iface->send_message_finish = dms_dummy_transport_finish_boolean;
}
