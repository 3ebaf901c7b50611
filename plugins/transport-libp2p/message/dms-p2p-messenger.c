/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-messenger.h"

#include "message/dms-p2p-inbox.h"
#include "message/dms-p2p-message-frame.h"
#include "message/dms-p2p-message-sender.h"

enum
{
  /* Messages of this host to itself that wait. Ours. */
  DMS_P2P_MESSENGER_MAX_OWN = 1024,
};

/* A message of this host to itself. */
typedef struct
{
  GTask *task;
  char *inbox;
  GBytes *bytes;
} DmsP2pOwnMessage;

struct _DmsP2pMessenger
{
  GObject parent_instance;

  DmsPeerId *self_id;
  DmsP2pMessageReceiver *receiver;
  DmsP2pMessageSender *sender;
  DmsP2pMessageHandler handler;
  gpointer user_data;
  GMainContext *context;
  /* DmsP2pOwnMessage */
  GQueue own;
  GSource *own_source;
};

G_DEFINE_FINAL_TYPE (DmsP2pMessenger, dms_p2p_messenger, G_TYPE_OBJECT)

static void
dms_p2p_own_message_free (DmsP2pOwnMessage *message)
{
  g_clear_object (&message->task);
  g_clear_pointer (&message->inbox, g_free);
  g_clear_pointer (&message->bytes, g_bytes_unref);
  g_free (message);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pOwnMessage, dms_p2p_own_message_free)

static void
dms_p2p_messenger_dispose (GObject *object)
{
  dms_p2p_messenger_close (DMS_P2P_MESSENGER (object));
  G_OBJECT_CLASS (dms_p2p_messenger_parent_class)->dispose (object);
}

static void
dms_p2p_messenger_finalize (GObject *object)
{
  DmsP2pMessenger *self = DMS_P2P_MESSENGER (object);

  g_clear_object (&self->receiver);
  g_clear_object (&self->sender);
  g_clear_pointer (&self->self_id, dms_peer_id_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (dms_p2p_messenger_parent_class)->finalize (object);
}

static void
dms_p2p_messenger_class_init (DmsP2pMessengerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_messenger_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_messenger_finalize;
}

static void
dms_p2p_messenger_init (DmsP2pMessenger *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_queue_init (&self->own);
}

static gboolean
dms_p2p_messenger_matches (const char *protocol, gpointer user_data)
{
  g_autofree char *inbox = dms_p2p_inbox_from_protocol (protocol);

  return inbox != NULL;
}

static void
dms_p2p_messenger_on_stream (DmsP2pHost *host,
                             DmsP2pConnection *connection,
                             DmsP2pStream *stream,
                             gpointer user_data)
{
  DmsP2pMessenger *self = user_data;
  g_autofree char *inbox = dms_p2p_inbox_from_protocol (dms_stream_get_protocol (DMS_STREAM (stream)));

  dms_p2p_message_receiver_take (self->receiver, connection, stream, inbox);
}

DmsP2pMessenger *
dms_p2p_messenger_new (DmsP2pHost *host, DmsP2pMessageHandler handler, gpointer user_data)
{
  DmsP2pMessenger *self = g_object_new (DMS_TYPE_P2P_MESSENGER, NULL);
  DmsP2pIdentity *identity = dms_p2p_swarm_get_identity (dms_p2p_host_get_swarm (host));

  self->self_id = dms_peer_id_ref (dms_p2p_identity_get_peer_id (identity));
  self->handler = handler;
  self->user_data = user_data;
  self->receiver = dms_p2p_message_receiver_new (host, handler, user_data);
  self->sender = dms_p2p_message_sender_new (host);
  dms_p2p_host_set_match_handler (
      host, DMS_P2P_ROOT_PROTOCOL, dms_p2p_messenger_matches, dms_p2p_messenger_on_stream, self, NULL);
  return self;
}

/* Messages to itself */

static void
dms_p2p_messenger_deliver_own (DmsP2pMessenger *self, DmsP2pOwnMessage *message)
{
  if (self->handler (message->inbox, self->self_id, message->bytes, self->user_data))
    g_task_return_boolean (message->task, TRUE);
  else
    g_task_return_new_error (
        message->task, DMS_ERROR, DMS_ERROR_BUSY, "this node has no room for the message; try again later");
}

static gboolean
dms_p2p_messenger_on_own (gpointer user_data)
{
  g_autoptr (DmsP2pMessenger) self = g_object_ref (user_data);
  g_autoptr (DmsP2pOwnMessage) message = g_queue_pop_head (&self->own);

  if (g_queue_is_empty (&self->own))
    g_clear_pointer (&self->own_source, g_source_unref);
  if (message != NULL)
    dms_p2p_messenger_deliver_own (self, message);
  return self->own_source != NULL && self->own_source == g_main_current_source () ? G_SOURCE_CONTINUE
                                                                                  : G_SOURCE_REMOVE;
}

static void
dms_p2p_messenger_send_own (DmsP2pMessenger *self, const char *inbox, GBytes *bytes, GTask *task)
{
  DmsP2pOwnMessage *message = NULL;

  if (g_queue_get_length (&self->own) >= DMS_P2P_MESSENGER_MAX_OWN)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_BUSY,
                               "too many messages of this node to itself are waiting; try again later");
      return;
    }
  message = g_new0 (DmsP2pOwnMessage, 1);
  message->task = g_object_ref (task);
  message->inbox = g_strdup (inbox);
  message->bytes = g_bytes_ref (bytes);
  g_queue_push_tail (&self->own, message);
  if (self->own_source != NULL)
    return;
  self->own_source = g_idle_source_new ();
  g_source_set_priority (self->own_source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->own_source, "dms-p2p-messenger");
  g_source_set_callback (self->own_source, dms_p2p_messenger_on_own, self, NULL);
  g_source_attach (self->own_source, self->context);
}

static void
dms_p2p_messenger_on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dms_p2p_message_sender_send_finish (DMS_P2P_MESSAGE_SENDER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
dms_p2p_messenger_send_async (DmsP2pMessenger *self,
                              DmsPeerId *peer,
                              const char *inbox,
                              GBytes *bytes,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *protocol = dms_p2p_inbox_to_protocol (inbox);
  gsize size = g_bytes_get_size (bytes);

  g_task_set_source_tag (task, dms_p2p_messenger_send_async);
  g_task_set_check_cancellable (task, FALSE);
  /* What cannot be sent is refused alike, whomever it is for. */
  if (dms_peer_id_equal (peer, self->self_id) && self->handler != NULL && protocol != NULL && size > 0 &&
      size <= DMS_P2P_MESSAGE_MAX_SIZE)
    dms_p2p_messenger_send_own (self, inbox, bytes, task);
  else
    dms_p2p_message_sender_send_async (
        self->sender, peer, inbox, bytes, cancellable, dms_p2p_messenger_on_sent, g_steal_pointer (&task));
}

gboolean
dms_p2p_messenger_send_finish (DmsP2pMessenger *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
dms_p2p_messenger_close (DmsP2pMessenger *self)
{
  DmsP2pOwnMessage *message = NULL;

  self->handler = NULL;
  if (self->own_source != NULL)
    g_source_destroy (self->own_source);
  g_clear_pointer (&self->own_source, g_source_unref);
  while ((message = g_queue_pop_head (&self->own)) != NULL)
    {
      g_task_return_new_error (message->task,
                               DMS_ERROR,
                               DMS_ERROR_CANCELLED,
                               "the transport stopped before the message was taken");
      dms_p2p_own_message_free (message);
    }
  dms_p2p_message_receiver_close (self->receiver);
  dms_p2p_message_sender_close (self->sender);
}
