/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-delivery.h"
#include "dms-memory-transport-private.h"

static gboolean
dms_memory_transport_subscribe (DmsTransport *transport,
                                const char *topic,
                                DmsTopicHandler handler,
                                gpointer user_data,
                                GDestroyNotify destroy,
                                GError **error)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  dms_memory_handler_set_in (self->topic_handlers, topic, G_CALLBACK (handler), user_data, destroy);
  return TRUE;
}

static void
dms_memory_transport_unsubscribe (DmsTransport *transport, const char *topic)
{
  g_hash_table_remove (DMS_MEMORY_TRANSPORT (transport)->topic_handlers, topic);
}

static void
dms_memory_transport_set_topic_validator (DmsTransport *transport,
                                          const char *topic,
                                          DmsTopicValidator handler,
                                          gpointer user_data,
                                          GDestroyNotify destroy)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);

  dms_memory_handler_set_in (self->topic_validators, topic, G_CALLBACK (handler), user_data, destroy);
}

/* Judging */

/* Takes the delivery. */
static void
refuse (DmsMemoryDelivery *delivery)
{
  g_autoptr (GTask) task = g_steal_pointer (&delivery->sending);

  if (task != NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_BUSY,
                             "too many messages wait to be judged before “%s” can be published on; try again",
                             delivery->name);
  dms_memory_delivery_free (delivery);
}

/* Takes the delivery; @verdict is told now or later. */
static void
judge (DmsMemoryTransport *self, DmsMemoryDelivery *delivery, DmsMemoryVerdict verdict)
{
  DmsMemoryHandler *found = g_hash_table_lookup (self->topic_validators, delivery->name);
  g_autoptr (DmsMemoryHandler) handler = found != NULL ? dms_memory_handler_ref (found) : NULL;
  g_autofree char *topic = g_strdup (delivery->name);
  g_autoptr (DmsPeerId) from = dms_peer_id_ref (delivery->from);
  g_autoptr (GBytes) bytes = g_bytes_ref (delivery->bytes);
  guint64 ticket = 0;
  DmsValidation validation;

  if (handler == NULL)
    {
      verdict (self, delivery, DMS_VALIDATION_ACCEPT);
      return;
    }
  ticket = dms_memory_validations_open (self->validations, self, delivery, verdict);
  if (ticket == 0)
    {
      refuse (delivery);
      return;
    }
  validation = ((DmsTopicValidator) dms_memory_handler_get_func (handler)) (
    DMS_TRANSPORT (self), topic, from, bytes, ticket, dms_memory_handler_get_data (handler));
  if (validation != DMS_VALIDATION_LATER)
    dms_memory_validations_finish (self->validations, ticket, validation);
}

static void
dms_memory_transport_finish_validation (DmsTransport *transport, guint64 ticket, DmsValidation verdict)
{
  g_autoptr (DmsMemoryTransport) self = g_object_ref (DMS_MEMORY_TRANSPORT (transport));

  dms_memory_validations_finish (self->validations, ticket, verdict);
}

/* Receiving */

static void
blame (DmsMemoryTransport *self, DmsPeerId *peer)
{
  const char *text = dms_peer_id_get_text (peer);
  guint rejected = GPOINTER_TO_UINT (g_hash_table_lookup (self->rejected, text));

  g_hash_table_replace (self->rejected, g_strdup (text), GUINT_TO_POINTER (rejected + 1));
}

static void
on_deliver (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  DmsMemoryDelivery *delivery = work_data;
  DmsMemoryHandler *found = g_hash_table_lookup (self->topic_handlers, delivery->name);
  g_autoptr (DmsMemoryHandler) handler = NULL;

  if (found == NULL)
    return;
  handler = dms_memory_handler_ref (found);
  ((DmsTopicHandler) dms_memory_handler_get_func (handler)) (DMS_TRANSPORT (self), delivery->name,
                                                             delivery->from, delivery->bytes,
                                                             dms_memory_handler_get_data (handler));
}

/* Handlers are not called from inside finish_validation(). */
static void
on_judged (gpointer receiver, DmsMemoryDelivery *delivery, DmsValidation verdict)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);

  if (verdict == DMS_VALIDATION_REJECT)
    blame (self, delivery->from);
  if (verdict == DMS_VALIDATION_ACCEPT && self->queue != NULL)
    dms_memory_queue_push (self->queue, g_bytes_get_size (delivery->bytes), on_deliver, delivery,
                           dms_memory_delivery_free);
  else
    dms_memory_delivery_free (delivery);
}

static void
on_published (gpointer receiver, gpointer work_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  DmsMemoryDelivery *delivery = work_data;

  if (g_hash_table_contains (self->topic_handlers, delivery->name))
    judge (self, dms_memory_delivery_new (delivery->name, delivery->from, delivery->bytes), on_judged);
}

/* Publishing */

/* A peer that cannot keep up misses it, as on any network. */
static void
send (DmsMemoryTransport *self, DmsMemoryDelivery *delivery)
{
  g_autoptr (GPtrArray) peers = dms_memory_hub_list_reachable (self->hub, self);

  for (guint i = 0; i < peers->len; i++)
    {
      DmsMemoryTransport *peer = g_ptr_array_index (peers, i);

      if (g_hash_table_contains (peer->topic_handlers, delivery->name))
        dms_memory_hub_schedule (self->hub, self, peer, g_bytes_get_size (delivery->bytes), on_published,
                                 dms_memory_delivery_new (delivery->name, self->peer, delivery->bytes),
                                 dms_memory_delivery_free, NULL);
    }
}

static void
on_own_judged (gpointer receiver, DmsMemoryDelivery *delivery, DmsValidation verdict)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (receiver);
  g_autoptr (GTask) task = g_steal_pointer (&delivery->sending);

  if (self->hub == NULL)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport does not run");
  else if (verdict != DMS_VALIDATION_ACCEPT)
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                             "the message is not one that may be published on “%s”", delivery->name);
  else
    {
      send (self, delivery);
      g_task_return_boolean (task, TRUE);
    }
  dms_memory_delivery_free (delivery);
}

static void
dms_memory_transport_publish_async (DmsTransport *transport,
                                    const char *topic,
                                    GBytes *bytes,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  DmsMemoryTransport *self = DMS_MEMORY_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsMemoryDelivery *delivery = NULL;

  g_task_set_source_tag (task, dms_memory_transport_publish_async);
  if (!dms_memory_transport_check_running (self, task) || !dms_memory_transport_check_size (bytes, task))
    return;
  delivery = dms_memory_delivery_new (topic, self->peer, bytes);
  delivery->sending = g_steal_pointer (&task);
  judge (self, delivery, on_own_judged);
}

static gboolean
dms_memory_transport_publish_finish (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
dms_memory_transport_topics_init (DmsTransportInterface *iface)
{
  iface->subscribe = dms_memory_transport_subscribe;
  iface->unsubscribe = dms_memory_transport_unsubscribe;
  iface->set_topic_validator = dms_memory_transport_set_topic_validator;
  iface->finish_validation = dms_memory_transport_finish_validation;
  iface->publish_async = dms_memory_transport_publish_async;
  iface->publish_finish = dms_memory_transport_publish_finish;
}
