/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-message-sender.h"

#include "message/dms-p2p-inbox.h"
#include "message/dms-p2p-message-frame.h"
#include "message/dms-p2p-outbound.h"

/* Ours. */
enum
{
  /* Written, and the peer has still to say that it took them. */
  DMS_P2P_SENDER_MAX_UNANSWERED = 64,
  DMS_P2P_SENDER_MAX_QUEUED_PER_PEER = 1024,
  DMS_P2P_SENDER_MAX_BYTES_PER_PEER = 16 * 1024 * 1024,
  DMS_P2P_SENDER_MAX_BYTES = 64 * 1024 * 1024,
};

/* The messages to one peer. */
typedef struct
{
  DmsP2pMessageSender *sender;
  DmsPeerId *peer;
  /* DmsP2pOutbound */
  GQueue waiting;
  DmsP2pOutbound *current;
  GQueue unanswered;
  gsize n_bytes;
} DmsP2pPeerQueue;

struct _DmsP2pMessageSender
{
  GObject parent_instance;

  DmsP2pHost *host;
  /* DmsPeerId to DmsP2pPeerQueue. */
  GHashTable *queues;
  gsize n_bytes;
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (DmsP2pMessageSender, dms_p2p_message_sender, G_TYPE_OBJECT)

static void
dms_p2p_message_sender_finalize (GObject *object)
{
  DmsP2pMessageSender *self = DMS_P2P_MESSAGE_SENDER (object);

  g_clear_pointer (&self->queues, g_hash_table_unref);
  g_clear_object (&self->host);
  G_OBJECT_CLASS (dms_p2p_message_sender_parent_class)->finalize (object);
}

static void
dms_p2p_message_sender_class_init (DmsP2pMessageSenderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_message_sender_finalize;
}

static void
dms_p2p_peer_queue_free (DmsP2pPeerQueue *queue)
{
  g_clear_pointer (&queue->peer, dms_peer_id_unref);
  g_free (queue);
}

static void
dms_p2p_message_sender_init (DmsP2pMessageSender *self)
{
  self->queues = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                        (GEqualFunc) dms_peer_id_equal,
                                        NULL,
                                        (GDestroyNotify) dms_p2p_peer_queue_free);
}

static DmsP2pPeerQueue *
dms_p2p_message_sender_get_queue (DmsP2pMessageSender *self, DmsPeerId *peer)
{
  DmsP2pPeerQueue *queue = g_hash_table_lookup (self->queues, peer);

  if (queue != NULL)
    return queue;
  queue = g_new0 (DmsP2pPeerQueue, 1);
  queue->sender = self;
  queue->peer = dms_peer_id_ref (peer);
  g_queue_init (&queue->waiting);
  g_queue_init (&queue->unanswered);
  g_hash_table_insert (self->queues, queue->peer, queue);
  return queue;
}

static void
dms_p2p_peer_queue_remove (DmsP2pPeerQueue *queue, DmsP2pOutbound *outbound)
{
  if (queue->current == outbound)
    queue->current = NULL;
  else if (!g_queue_remove (&queue->unanswered, outbound))
    g_queue_remove (&queue->waiting, outbound);
  queue->n_bytes -= dms_p2p_outbound_get_size (outbound);
  queue->sender->n_bytes -= dms_p2p_outbound_get_size (outbound);
}

/* Starts the next one, or forgets the queue when there is nothing left in it. */
static void
dms_p2p_peer_queue_go_on (DmsP2pPeerQueue *queue)
{
  DmsP2pMessageSender *self = queue->sender;

  if (queue->current != NULL || self->is_closed)
    return;
  if (!g_queue_is_empty (&queue->waiting) &&
      g_queue_get_length (&queue->unanswered) < DMS_P2P_SENDER_MAX_UNANSWERED)
    {
      queue->current = g_queue_pop_head (&queue->waiting);
      dms_p2p_outbound_start (queue->current, self->host);
    }
  else if (g_queue_is_empty (&queue->waiting) && g_queue_is_empty (&queue->unanswered))
    g_hash_table_remove (self->queues, queue->peer);
}

static void
dms_p2p_message_sender_on_told (DmsP2pOutbound *outbound, gboolean written, GError *error, gpointer user_data)
{
  DmsP2pPeerQueue *queue = user_data;
  g_autoptr (DmsP2pMessageSender) self = g_object_ref (queue->sender);
  g_autoptr (GTask) task = g_object_ref (dms_p2p_outbound_get_task (outbound));

  if (written)
    {
      queue->current = NULL;
      g_queue_push_tail (&queue->unanswered, outbound);
      dms_p2p_peer_queue_go_on (queue);
      return;
    }
  dms_p2p_peer_queue_remove (queue, outbound);
  dms_p2p_outbound_free (outbound);
  dms_p2p_peer_queue_go_on (queue);
  /* Who is told may send the next one, or close this. */
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
dms_p2p_message_sender_check (DmsP2pMessageSender *self, GBytes *bytes, GError **error)
{
  gsize size = g_bytes_get_size (bytes);

  if (self->is_closed)
    g_set_error_literal (
        error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "cannot send the message: the transport does not run");
  else if (size > DMS_P2P_MESSAGE_MAX_SIZE)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_TOO_LARGE,
                 "the message has %" G_GSIZE_FORMAT " bytes, %d are allowed",
                 size,
                 DMS_P2P_MESSAGE_MAX_SIZE);
  else if (size == 0)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the message is empty");
  else
    return TRUE;
  return FALSE;
}

static gboolean
dms_p2p_peer_queue_has_room (DmsP2pPeerQueue *queue, gsize size, GError **error)
{
  if (g_queue_get_length (&queue->waiting) < DMS_P2P_SENDER_MAX_QUEUED_PER_PEER &&
      queue->n_bytes + size <= DMS_P2P_SENDER_MAX_BYTES_PER_PEER &&
      queue->sender->n_bytes + size <= DMS_P2P_SENDER_MAX_BYTES)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_BUSY,
               "too many messages to %s are waiting; try again later",
               dms_peer_id_get_text (queue->peer));
  return FALSE;
}

void
dms_p2p_message_sender_send_async (DmsP2pMessageSender *self,
                                   DmsPeerId *peer,
                                   const char *inbox,
                                   GBytes *bytes,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *protocol = dms_p2p_inbox_to_protocol (inbox);
  DmsP2pPeerQueue *queue = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, dms_p2p_message_sender_send_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!dms_p2p_message_sender_check (self, bytes, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (protocol == NULL)
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "there can be no inbox “%.128s”", inbox);
      return;
    }
  queue = dms_p2p_message_sender_get_queue (self, peer);
  if (!dms_p2p_peer_queue_has_room (queue, g_bytes_get_size (bytes), &error))
    {
      g_task_return_error (task, error);
      dms_p2p_peer_queue_go_on (queue);
      return;
    }
  queue->n_bytes += g_bytes_get_size (bytes);
  self->n_bytes += g_bytes_get_size (bytes);
  g_queue_push_tail (
      &queue->waiting,
      dms_p2p_outbound_new (task, peer, protocol, bytes, dms_p2p_message_sender_on_told, queue));
  dms_p2p_peer_queue_go_on (queue);
}

gboolean
dms_p2p_message_sender_send_finish (DmsP2pMessageSender *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

DmsP2pMessageSender *
dms_p2p_message_sender_new (DmsP2pHost *host)
{
  DmsP2pMessageSender *self = g_object_new (DMS_TYPE_P2P_MESSAGE_SENDER, NULL);

  self->host = g_object_ref (host);
  return self;
}

static void
dms_p2p_peer_queue_take_all (DmsP2pPeerQueue *queue, GPtrArray *outbounds)
{
  DmsP2pOutbound *outbound = NULL;

  while ((outbound = g_queue_pop_head (&queue->unanswered)) != NULL)
    g_ptr_array_add (outbounds, outbound);
  if (queue->current != NULL)
    g_ptr_array_add (outbounds, g_steal_pointer (&queue->current));
  while ((outbound = g_queue_pop_head (&queue->waiting)) != NULL)
    g_ptr_array_add (outbounds, outbound);
}

void
dms_p2p_message_sender_close (DmsP2pMessageSender *self)
{
  g_autoptr (DmsP2pMessageSender) keep = g_object_ref (self);
  g_autoptr (GPtrArray) outbounds = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer queue = NULL;

  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  g_hash_table_iter_init (&iter, self->queues);
  while (g_hash_table_iter_next (&iter, NULL, &queue))
    dms_p2p_peer_queue_take_all (queue, outbounds);
  g_hash_table_remove_all (self->queues);
  for (guint i = 0; i < outbounds->len; i++)
    {
      DmsP2pOutbound *outbound = g_ptr_array_index (outbounds, i);
      g_autoptr (GTask) task = g_object_ref (dms_p2p_outbound_get_task (outbound));

      dms_p2p_outbound_free (outbound);
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_CANCELLED, "the transport stopped before the message was taken");
    }
}
