/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-transport.h"

#include <string.h>

#include "dms-sim-clock.h"
#include "gossipsub/dms-p2p-gossip-limits.h"

const char *const dms_sim_transport_protocols[] = { "actor/root/messages/0.0.1",
                                                    "/nunet/kad/1.0.0",
                                                    "/meshsub/1.2.0",
                                                    NULL };

static void dms_sim_transport_transport_init (DmsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsSimTransport,
                               dms_sim_transport,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_TRANSPORT, dms_sim_transport_transport_init))

static void
dms_sim_transport_dispose (GObject *object)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (object);

  if (self->peer->user_data == self)
    dms_sim_peer_set_funcs (self->peer, NULL, NULL);
  g_clear_pointer (&self->inbox_handler, dms_memory_handler_unref);
  g_clear_pointer (&self->peer_handler, dms_memory_handler_unref);
  g_hash_table_remove_all (self->topic_handlers);
  g_hash_table_remove_all (self->topic_validators);
  G_OBJECT_CLASS (dms_sim_transport_parent_class)->dispose (object);
}

static void
dms_sim_transport_finalize (GObject *object)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (object);

  g_hash_table_unref (self->topic_handlers);
  g_hash_table_unref (self->topic_validators);
  G_OBJECT_CLASS (dms_sim_transport_parent_class)->finalize (object);
}

static void
dms_sim_transport_class_init (DmsSimTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_sim_transport_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_sim_transport_finalize;
}

static void
dms_sim_transport_init (DmsSimTransport *self)
{
  self->topic_handlers = dms_memory_handler_new_table ();
  self->topic_validators = dms_memory_handler_new_table ();
}

/* What the peer hands up */

static DmsValidation
on_validate (DmsSimPeer *peer,
             const char *topic,
             DmsPeerId *from,
             GBytes *data,
             guint64 ticket,
             gpointer user_data)
{
  g_autoptr (DmsSimTransport) self = g_object_ref (DMS_SIM_TRANSPORT (user_data));
  DmsMemoryHandler *found = g_hash_table_lookup (self->topic_validators, topic);
  g_autoptr (DmsMemoryHandler) handler = found != NULL ? dms_memory_handler_ref (found) : NULL;
  DmsValidation verdict;

  if (handler == NULL)
    return DMS_VALIDATION_ACCEPT;
  verdict = ((DmsTopicValidator) dms_memory_handler_get_func (handler)) (
      DMS_TRANSPORT (self), topic, from, data, ticket, dms_memory_handler_get_data (handler));
  return verdict;
}

typedef struct
{
  DmsSimTransport *transport;
  char *topic;
  DmsPeerId *from;
  GBytes *data;
} News;

static void
news_free (gpointer data)
{
  News *news = data;

  g_object_unref (news->transport);
  g_free (news->topic);
  dms_peer_id_unref (news->from);
  g_bytes_unref (news->data);
  g_free (news);
}

static void
on_news (gpointer data)
{
  News *news = data;
  DmsMemoryHandler *found = g_hash_table_lookup (news->transport->topic_handlers, news->topic);
  g_autoptr (DmsMemoryHandler) handler = found != NULL ? dms_memory_handler_ref (found) : NULL;

  if (handler != NULL)
    ((DmsTopicHandler) dms_memory_handler_get_func (handler)) (DMS_TRANSPORT (news->transport),
                                                               news->topic,
                                                               news->from,
                                                               news->data,
                                                               dms_memory_handler_get_data (handler));
}

/* Handlers are not called from inside finish_validation(). */
static void
on_deliver (DmsSimPeer *peer, const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  News *news = g_new (News, 1);

  *news = (News){ g_object_ref (user_data), g_strdup (topic), dms_peer_id_ref (from), g_bytes_ref (data) };
  dms_sim_network_plan (peer->network, 0, on_news, news, news_free);
}

static void
on_noticed (DmsSimPeer *peer, DmsSimPeer *other, gboolean is_there, gpointer user_data)
{
  static const char *const none[] = { NULL };
  g_autoptr (DmsSimTransport) self = g_object_ref (DMS_SIM_TRANSPORT (user_data));
  g_autoptr (DmsMemoryHandler) handler = NULL;

  if (self->peer_handler == NULL)
    return;
  handler = dms_memory_handler_ref (self->peer_handler);
  ((DmsPeerHandler) dms_memory_handler_get_func (handler)) (DMS_TRANSPORT (self),
                                                            other->id,
                                                            is_there,
                                                            is_there ? dms_sim_transport_protocols : none,
                                                            dms_memory_handler_get_data (handler));
}

static gboolean
on_message (DmsSimPeer *peer, DmsSimPeer *from, const char *inbox, GBytes *bytes, gpointer user_data)
{
  g_autoptr (DmsSimTransport) self = g_object_ref (DMS_SIM_TRANSPORT (user_data));
  g_autoptr (DmsMemoryHandler) handler = NULL;

  if (self->inbox_handler == NULL)
    return TRUE;
  handler = dms_memory_handler_ref (self->inbox_handler);
  return ((DmsInboxHandler) dms_memory_handler_get_func (handler)) (
      DMS_TRANSPORT (self), inbox, from->id, bytes, dms_memory_handler_get_data (handler));
}

static const DmsSimPeerFuncs peer_funcs = { on_validate, on_deliver, on_noticed, on_message };

DmsSimTransport *
dms_sim_transport_new (DmsSimPeer *peer)
{
  DmsSimTransport *self = g_object_new (DMS_TYPE_SIM_TRANSPORT, NULL);

  self->peer = peer;
  dms_sim_peer_set_funcs (peer, &peer_funcs, self);
  return self;
}

gboolean
dms_sim_transport_check_running (DmsSimTransport *self, GTask *task)
{
  if (self->peer->is_up)
    return TRUE;
  g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport does not run");
  return FALSE;
}

gboolean
dms_sim_transport_finish_boolean (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gpointer
dms_sim_transport_finish_pointer (DmsTransport *transport, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Life */

static const char *
dms_sim_transport_get_id (DmsTransport *transport)
{
  return "simulated";
}

static void
dms_sim_transport_start_async (DmsTransport *transport,
                               DmsTransportConfig *config,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_sim_transport_start_async);
  dms_sim_peer_start (DMS_SIM_TRANSPORT (transport)->peer);
  g_task_return_boolean (task, TRUE);
}

static void
dms_sim_transport_stop_async (DmsTransport *transport,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_sim_transport_stop_async);
  if (self->peer->is_up)
    dms_sim_peer_stop (self->peer);
  g_task_return_boolean (task, TRUE);
}

static DmsPeerId *
dms_sim_transport_dup_peer_id (DmsTransport *transport)
{
  return dms_peer_id_ref (DMS_SIM_TRANSPORT (transport)->peer->id);
}

static GPtrArray *
dms_sim_transport_dup_listen_addresses (DmsTransport *transport)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  g_ptr_array_add (addresses, dms_multiaddr_ref (DMS_SIM_TRANSPORT (transport)->peer->address));
  return addresses;
}

/* Messages */

static void
dms_sim_transport_set_inbox_handler (DmsTransport *transport,
                                     DmsInboxHandler handler,
                                     gpointer user_data,
                                     GDestroyNotify destroy)
{
  dms_memory_handler_set (
      &DMS_SIM_TRANSPORT (transport)->inbox_handler, G_CALLBACK (handler), user_data, destroy);
}

static void
on_sent (DmsSimPeer *peer, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

typedef struct
{
  DmsSimTransport *transport;
  char *inbox;
  GBytes *bytes;
  GTask *task;
} Note;

static void
note_free (gpointer data)
{
  Note *note = data;

  g_object_unref (note->transport);
  g_object_unref (note->task);
  g_bytes_unref (note->bytes);
  g_free (note->inbox);
  g_free (note);
}

static void
on_note (gpointer data)
{
  Note *note = data;
  DmsSimPeer *peer = note->transport->peer;

  if (!peer->is_up)
    g_task_return_new_error (note->task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport does not run");
  else if (on_message (peer, peer, note->inbox, note->bytes, note->transport))
    g_task_return_boolean (note->task, TRUE);
  else
    g_task_return_new_error (note->task, DMS_ERROR, DMS_ERROR_BUSY, "there is no room for the message now");
}

static void
send_to_self (DmsSimTransport *self, const char *inbox, GBytes *bytes, GTask *task)
{
  Note *note = g_new (Note, 1);

  *note = (Note){ g_object_ref (self), g_strdup (inbox), g_bytes_ref (bytes), g_object_ref (task) };
  dms_sim_network_plan (self->peer->network, 0, on_note, note, note_free);
}

/* A peer that is not known yet: its address is looked up in the hash table, as the swarm does. */
typedef struct
{
  GTask *task;
  DmsSimPeer *to;
  char *inbox;
  GBytes *bytes;
} Search;

static void
on_found (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data)
{
  Search *search = user_data;
  DmsSimTransport *self = g_task_get_source_object (search->task);

  if (result->error == NULL && self->peer->is_up)
    {
      for (guint i = 0; i < result->peers->len; i++)
        if (dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (result->peers, i)),
                               search->to->id))
          dms_sim_peer_learn (
              self->peer, search->to, dms_p2p_kad_peer_get_addresses (g_ptr_array_index (result->peers, i)));
      dms_sim_peer_send_message (
          self->peer, search->to, search->inbox, search->bytes, on_sent, g_steal_pointer (&search->task));
    }
  else
    g_task_return_new_error (
        search->task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "it is not known where the peer is");
  g_clear_object (&search->task);
  g_free (search->inbox);
  g_bytes_unref (search->bytes);
  g_free (search);
}

static void
dms_sim_transport_send_message_async (DmsTransport *transport,
                                      DmsPeerId *peer,
                                      const char *inbox,
                                      GBytes *bytes,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);
  DmsSimPeer *to = dms_sim_network_find (self->peer->network, peer);
  Search *search = NULL;

  g_task_set_source_tag (task, dms_sim_transport_send_message_async);
  if (!dms_sim_transport_check_running (self, task))
    return;
  if (g_bytes_get_size (bytes) > DMS_TRANSPORT_MAX_MESSAGE_SIZE)
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_TOO_LARGE,
                             "the message has %" G_GSIZE_FORMAT " bytes, %d are allowed",
                             g_bytes_get_size (bytes),
                             DMS_TRANSPORT_MAX_MESSAGE_SIZE);
  else if (to == NULL)
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "nobody knows the peer %s", dms_peer_id_get_text (peer));
  else if (to == self->peer)
    send_to_self (self, inbox, bytes, task);
  else if (dms_sim_peer_knows (self->peer, to))
    dms_sim_peer_send_message (self->peer, to, inbox, bytes, on_sent, g_steal_pointer (&task));
  else
    {
      search = g_new (Search, 1);
      *search = (Search){ g_steal_pointer (&task), to, g_strdup (inbox), g_bytes_ref (bytes) };
      dms_p2p_kad_core_find_peer (self->peer->kad, peer, on_found, search);
      dms_sim_peer_arm_kad (self->peer);
    }
}

/* Topics */

static gboolean
dms_sim_transport_subscribe (DmsTransport *transport,
                             const char *topic,
                             DmsTopicHandler handler,
                             gpointer user_data,
                             GDestroyNotify destroy,
                             GError **error)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  if (self->peer->gossip != NULL && !dms_p2p_gossip_core_join (self->peer->gossip, topic, error))
    return FALSE;
  dms_memory_handler_set_in (self->topic_handlers, topic, G_CALLBACK (handler), user_data, destroy);
  return TRUE;
}

static void
dms_sim_transport_unsubscribe (DmsTransport *transport, const char *topic)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  if (g_hash_table_remove (self->topic_handlers, topic) && self->peer->gossip != NULL)
    dms_p2p_gossip_core_leave (self->peer->gossip, topic);
}

static void
dms_sim_transport_set_topic_validator (DmsTransport *transport,
                                       const char *topic,
                                       DmsTopicValidator handler,
                                       gpointer user_data,
                                       GDestroyNotify destroy)
{
  dms_memory_handler_set_in (
      DMS_SIM_TRANSPORT (transport)->topic_validators, topic, G_CALLBACK (handler), user_data, destroy);
}

static void
dms_sim_transport_finish_validation (DmsTransport *transport, guint64 ticket, DmsValidation verdict)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);

  if (self->peer->gossip != NULL)
    dms_p2p_gossip_core_finish_validation (self->peer->gossip, ticket, verdict);
}

static void
on_published (DmsValidation verdict, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (verdict == DMS_VALIDATION_ACCEPT)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the message is not one that may be published");
}

static void
dms_sim_transport_publish_async (DmsTransport *transport,
                                 const char *topic,
                                 GBytes *bytes,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  DmsSimTransport *self = DMS_SIM_TRANSPORT (transport);
  g_autoptr (GTask) task = g_task_new (transport, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_sim_transport_publish_async);
  if (dms_sim_transport_check_running (self, task))
    dms_p2p_gossip_core_publish (self->peer->gossip, topic, bytes, on_published, g_steal_pointer (&task));
}

static void
dms_sim_transport_transport_init (DmsTransportInterface *iface)
{
  iface->get_id = dms_sim_transport_get_id;
  iface->start_async = dms_sim_transport_start_async;
  iface->start_finish = dms_sim_transport_finish_boolean;
  iface->stop_async = dms_sim_transport_stop_async;
  iface->stop_finish = dms_sim_transport_finish_boolean;
  iface->dup_peer_id = dms_sim_transport_dup_peer_id;
  iface->dup_listen_addresses = dms_sim_transport_dup_listen_addresses;
  iface->set_inbox_handler = dms_sim_transport_set_inbox_handler;
  iface->send_message_async = dms_sim_transport_send_message_async;
  iface->send_message_finish = dms_sim_transport_finish_boolean;
  iface->subscribe = dms_sim_transport_subscribe;
  iface->unsubscribe = dms_sim_transport_unsubscribe;
  iface->set_topic_validator = dms_sim_transport_set_topic_validator;
  iface->finish_validation = dms_sim_transport_finish_validation;
  iface->publish_async = dms_sim_transport_publish_async;
  iface->publish_finish = dms_sim_transport_finish_boolean;
  dms_sim_transport_routing_init (iface);
  dms_sim_transport_peers_init (iface);
}
