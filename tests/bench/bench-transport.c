/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "bench-transport.h"

struct _BenchTransport
{
  GObject parent_instance;

  DmsPeerId *own;
  DmsPeerId *other;
  BenchSentFunc sent;
  gpointer user_data;
  DmsInboxHandler handler;
  gpointer handler_data;
};

static void bench_transport_iface_init (DmsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BenchTransport,
                               bench_transport,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT, bench_transport_iface_init))

static void
bench_transport_finalize (GObject *object)
{
  BenchTransport *self = BENCH_TRANSPORT (object);

  dms_peer_id_unref (self->own);
  dms_peer_id_unref (self->other);
  G_OBJECT_CLASS (bench_transport_parent_class)->finalize (object);
}

static void
bench_transport_class_init (BenchTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bench_transport_finalize;
}

static void
bench_transport_init (BenchTransport *self)
{
}

static DmsPeerId *
bench_transport_dup_peer_id (DmsTransport *transport)
{
  return dms_peer_id_ref (BENCH_TRANSPORT (transport)->own);
}

static void
bench_transport_set_inbox_handler (DmsTransport *transport,
                                   DmsInboxHandler handler,
                                   gpointer user_data,
                                   GDestroyNotify destroy)
{
  BenchTransport *self = BENCH_TRANSPORT (transport);

  self->handler = handler;
  self->handler_data = user_data;
}

static void
bench_transport_send_message_async (DmsTransport *transport,
                                    DmsPeerId *peer,
                                    const char *inbox,
                                    GBytes *bytes,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  BenchTransport *self = BENCH_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
  self->sent (bytes, self->user_data);
}

static gboolean
bench_transport_send_message_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
bench_transport_iface_init (DmsTransportInterface *iface)
{
  iface->dup_peer_id = bench_transport_dup_peer_id;
  iface->set_inbox_handler = bench_transport_set_inbox_handler;
  iface->send_message_async = bench_transport_send_message_async;
  iface->send_message_finish = bench_transport_send_message_finish;
}

BenchTransport *
bench_transport_new (DmsPeerId *own, DmsPeerId *other, BenchSentFunc sent, gpointer user_data)
{
  BenchTransport *self = g_object_new (BENCH_TYPE_TRANSPORT, NULL);

  self->own = dms_peer_id_ref (own);
  self->other = dms_peer_id_ref (other);
  self->sent = sent;
  self->user_data = user_data;
  return self;
}

void
bench_transport_bring (BenchTransport *self, const char *inbox, GBytes *bytes)
{
  self->handler (DMS_TRANSPORT (self), inbox, self->other, bytes, self->handler_data);
}
