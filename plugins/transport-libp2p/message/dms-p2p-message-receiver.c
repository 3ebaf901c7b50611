/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-message-receiver.h"

#include "host/dms-p2p-reset-code.h"
#include "message/dms-p2p-message-frame.h"

/* Ours, but for the deadline (spec, section 1). */
enum
{
  DMS_P2P_MESSAGE_DEADLINE_S = 30,
  /* Messages that are under way at once. A sender of ours has at most half of the first. */
  DMS_P2P_MESSAGE_MAX_PER_CONNECTION = 128,
  DMS_P2P_MESSAGE_MAX_INBOUND = 2048,
  /* Memory for messages that are not complete or wait for an earlier one. A connection that has so much may
   * go on only with the first of them; the others are refused when they want more. They are not left unread:
   * over QUIC, what is unread of one stream keeps the bytes of all others away. */
  DMS_P2P_MESSAGE_MAX_CONNECTION_MEMORY = 8 * 1024 * 1024,
  DMS_P2P_MESSAGE_MAX_MEMORY = 64 * 1024 * 1024,
  /* How long a message waits for streams that were opened before its own and have not come or said nothing
   * yet, and how often it is looked whether they have. Longer than most losses take. */
  DMS_P2P_MESSAGE_HOLD_MS = 1000,
  DMS_P2P_MESSAGE_LOOK_MS = 10,
  /* What is read of one stream before others get their turn. */
  DMS_P2P_MESSAGE_TURN = 256 * 1024,
};

typedef struct _DmsP2pLane DmsP2pLane;

/* A message that comes in. */
typedef struct
{
  DmsP2pLane *lane;
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  char *inbox;
  DmsP2pMessageFrame *frame;
  gsize memory;
  GSource *deadline;
  gint64 sequence;
  gint64 complete_us;
} DmsP2pInbound;

/* Those of one connection, in the order in which they are handed on. */
struct _DmsP2pLane
{
  DmsP2pMessageReceiver *receiver;
  DmsP2pConnection *connection;
  GQueue messages;
  gsize memory;
  /* The last sequence that was handed on; -1 before. Those below it are not waited for any more. */
  gint64 handed_on;
  /* Looks again whether earlier streams have come. */
  GSource *look;
};

struct _DmsP2pMessageReceiver
{
  GObject parent_instance;

  DmsP2pHost *host;
  DmsP2pMessageHandler handler;
  gpointer user_data;
  GMainContext *context;
  /* DmsP2pConnection to DmsP2pLane. */
  GHashTable *lanes;
  guint n_messages;
  gsize memory;
};

G_DEFINE_FINAL_TYPE (DmsP2pMessageReceiver, dms_p2p_message_receiver, G_TYPE_OBJECT)

static void
dms_p2p_inbound_set_memory (DmsP2pInbound *inbound, gsize memory)
{
  DmsP2pLane *lane = inbound->lane;

  lane->memory = lane->memory - inbound->memory + memory;
  lane->receiver->memory = lane->receiver->memory - inbound->memory + memory;
  inbound->memory = memory;
}

static void
dms_p2p_inbound_stop_reading (DmsP2pInbound *inbound)
{
  if (inbound->deadline != NULL)
    g_source_destroy (inbound->deadline);
  g_clear_pointer (&inbound->deadline, g_source_unref);
  dms_p2p_pipe_set_handler (inbound->pipe, NULL, NULL);
}

/* Takes it out of its lane. */
static void
dms_p2p_inbound_detach (DmsP2pInbound *inbound)
{
  DmsP2pLane *lane = inbound->lane;

  dms_p2p_inbound_stop_reading (inbound);
  dms_p2p_inbound_set_memory (inbound, 0);
  g_queue_remove (&lane->messages, inbound);
  lane->receiver->n_messages--;
}

static void
dms_p2p_inbound_free (DmsP2pInbound *inbound)
{
  g_clear_pointer (&inbound->frame, dms_p2p_message_frame_free);
  g_clear_pointer (&inbound->inbox, g_free);
  g_clear_object (&inbound->pipe);
  g_clear_object (&inbound->stream);
  g_free (inbound);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pInbound, dms_p2p_inbound_free)

static void
dms_p2p_lane_stop_looking (DmsP2pLane *lane)
{
  if (lane->look != NULL)
    g_source_destroy (lane->look);
  g_clear_pointer (&lane->look, g_source_unref);
}

static void
dms_p2p_lane_free (DmsP2pLane *lane)
{
  while (!g_queue_is_empty (&lane->messages))
    {
      DmsP2pInbound *inbound = g_queue_peek_head (&lane->messages);

      dms_p2p_inbound_detach (inbound);
      dms_p2p_pipe_reset (inbound->pipe, DMS_P2P_RESET_SHUTDOWN);
      dms_p2p_inbound_free (inbound);
    }
  dms_p2p_lane_stop_looking (lane);
  g_clear_object (&lane->connection);
  g_free (lane);
}

static DmsP2pLane *
dms_p2p_lane_get (DmsP2pMessageReceiver *self, DmsP2pConnection *connection)
{
  DmsP2pLane *lane = g_hash_table_lookup (self->lanes, connection);

  if (lane != NULL)
    return lane;
  lane = g_new0 (DmsP2pLane, 1);
  lane->receiver = self;
  lane->connection = g_object_ref (connection);
  lane->handed_on = -1;
  g_queue_init (&lane->messages);
  g_hash_table_insert (self->lanes, connection, lane);
  return lane;
}

static void
dms_p2p_message_receiver_dispose (GObject *object)
{
  dms_p2p_message_receiver_close (DMS_P2P_MESSAGE_RECEIVER (object));
  G_OBJECT_CLASS (dms_p2p_message_receiver_parent_class)->dispose (object);
}

static void
dms_p2p_message_receiver_finalize (GObject *object)
{
  DmsP2pMessageReceiver *self = DMS_P2P_MESSAGE_RECEIVER (object);

  g_clear_pointer (&self->lanes, g_hash_table_unref);
  g_clear_object (&self->host);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (dms_p2p_message_receiver_parent_class)->finalize (object);
}

static void
dms_p2p_message_receiver_class_init (DmsP2pMessageReceiverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_message_receiver_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_message_receiver_finalize;
}

static void
dms_p2p_message_receiver_init (DmsP2pMessageReceiver *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->lanes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) dms_p2p_lane_free);
}

/* Handing on */

static void
dms_p2p_message_receiver_deliver (DmsP2pMessageReceiver *self, DmsP2pInbound *inbound, DmsPeerId *from)
{
  g_autoptr (GBytes) bytes = dms_p2p_message_frame_take (inbound->frame);

  if (self->handler != NULL && self->handler (inbound->inbox, from, bytes, self->user_data))
    dms_p2p_pipe_close (inbound->pipe);
  else
    dms_p2p_pipe_reset (inbound->pipe, DMS_P2P_RESET_RATE_LIMITED);
}

static void dms_p2p_message_receiver_go_on (DmsP2pMessageReceiver *self, DmsP2pConnection *connection);

static gboolean
dms_p2p_lane_on_look (gpointer user_data)
{
  DmsP2pLane *lane = user_data;

  dms_p2p_lane_stop_looking (lane);
  dms_p2p_message_receiver_go_on (lane->receiver, lane->connection);
  return G_SOURCE_REMOVE;
}

/* Whether a message waits for streams that were opened before its own, and may still come, or, if it is
 * @behind_silent, have come without their message. */
static gboolean
dms_p2p_inbound_is_held (DmsP2pInbound *inbound, gboolean behind_silent)
{
  DmsP2pLane *lane = inbound->lane;
  DmsP2pHost *host = lane->receiver->host;
  gboolean is_missing = dms_p2p_host_is_missing_before (host, lane->connection, inbound->sequence);

  if (!is_missing && !behind_silent)
    return FALSE;
  if (g_get_monotonic_time () - inbound->complete_us >= DMS_P2P_MESSAGE_HOLD_MS * G_TIME_SPAN_MILLISECOND)
    {
      if (is_missing)
        dms_p2p_host_skip_to (host, lane->connection, inbound->sequence);
      return FALSE;
    }
  if (lane->look != NULL)
    return TRUE;
  lane->look = g_timeout_source_new (DMS_P2P_MESSAGE_LOOK_MS);
  g_source_set_static_name (lane->look, "dms-p2p-message-look");
  g_source_set_callback (lane->look, dms_p2p_lane_on_look, lane, NULL);
  g_source_attach (lane->look, lane->receiver->context);
  return TRUE;
}

/* The next one that may be handed on. A stream of which nothing has come holds up nobody; over QUIC, where
 * what is missing of it may have been lost, not for long, and only until one was handed on before it. */
static DmsP2pInbound *
dms_p2p_lane_find_complete (DmsP2pLane *lane)
{
  gboolean behind_silent = FALSE;

  for (GList *l = lane->messages.head; l != NULL; l = l->next)
    {
      DmsP2pInbound *inbound = l->data;

      if (dms_p2p_message_frame_is_complete (inbound->frame))
        return dms_p2p_inbound_is_held (inbound, behind_silent) ? NULL : inbound;
      if (dms_p2p_message_frame_has_begun (inbound->frame))
        return NULL;
      behind_silent = behind_silent || inbound->sequence > lane->handed_on;
    }
  return NULL;
}

static DmsP2pInbound *
dms_p2p_lane_find_first (DmsP2pLane *lane)
{
  for (GList *l = lane->messages.head; l != NULL; l = l->next)
    {
      DmsP2pInbound *inbound = l->data;

      if (dms_p2p_message_frame_has_begun (inbound->frame))
        return inbound;
    }
  return NULL;
}

/* Hands on what may be, and forgets the lane when nothing is left in it. The handler may do anything. */
static void
dms_p2p_message_receiver_go_on (DmsP2pMessageReceiver *self, DmsP2pConnection *connection)
{
  g_autoptr (DmsP2pMessageReceiver) keep = g_object_ref (self);
  g_autoptr (DmsP2pConnection) keep_connection = g_object_ref (connection);
  DmsP2pLane *lane = NULL;

  while ((lane = g_hash_table_lookup (self->lanes, connection)) != NULL)
    {
      g_autoptr (DmsP2pInbound) inbound = dms_p2p_lane_find_complete (lane);

      if (inbound == NULL)
        break;
      dms_p2p_inbound_detach (inbound);
      lane->handed_on = MAX (lane->handed_on, inbound->sequence);
      dms_p2p_message_receiver_deliver (self, inbound, dms_p2p_connection_get_peer_id (connection));
    }
  if (lane != NULL && g_queue_is_empty (&lane->messages))
    g_hash_table_remove (self->lanes, connection);
}

/* Reading */

static void
dms_p2p_inbound_fail (DmsP2pInbound *inbound, DmsP2pResetCode code, const char *why)
{
  DmsP2pMessageReceiver *self = inbound->lane->receiver;
  g_autoptr (DmsP2pConnection) connection = g_object_ref (inbound->lane->connection);

  g_debug ("A message of %s did not come through: %s",
           dms_peer_id_get_text (dms_p2p_connection_get_peer_id (connection)),
           why);
  dms_p2p_inbound_detach (inbound);
  dms_p2p_pipe_reset (inbound->pipe, code);
  dms_p2p_inbound_free (inbound);
  dms_p2p_message_receiver_go_on (self, connection);
}

static gboolean
dms_p2p_inbound_on_deadline (gpointer user_data)
{
  dms_p2p_inbound_fail (user_data, DMS_P2P_RESET_NONE, "it was too slow");
  return G_SOURCE_REMOVE;
}

/* Reads once. Like the pipe, but -1 also for a message that cannot be. */
static gssize
dms_p2p_inbound_read_some (DmsP2pInbound *inbound, GError **error)
{
  gsize size = 0;
  void *space = dms_p2p_message_frame_get_space (inbound->frame, &size);
  gssize n = 0;

  dms_p2p_inbound_set_memory (inbound, dms_p2p_message_frame_get_memory (inbound->frame));
  n = dms_p2p_pipe_read (inbound->pipe, space, size, error);
  if (n > 0 && !dms_p2p_message_frame_advance (inbound->frame, (gsize) n, error))
    return -1;
  return n;
}

static gboolean
dms_p2p_inbound_has_memory (DmsP2pInbound *inbound)
{
  DmsP2pLane *lane = inbound->lane;

  return lane->receiver->memory < DMS_P2P_MESSAGE_MAX_MEMORY &&
         (lane->memory < DMS_P2P_MESSAGE_MAX_CONNECTION_MEMORY || dms_p2p_lane_find_first (lane) == inbound);
}

static void
dms_p2p_inbound_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pInbound *inbound = user_data;
  DmsP2pMessageReceiver *self = inbound->lane->receiver;
  g_autoptr (GError) error = NULL;

  for (gsize turn = 0; turn < DMS_P2P_MESSAGE_TURN;)
    {
      gssize n = 0;

      if (!dms_p2p_inbound_has_memory (inbound))
        {
          dms_p2p_inbound_fail (inbound, DMS_P2P_RESET_RESOURCE_LIMIT, "there is no memory for more");
          return;
        }
      n = dms_p2p_inbound_read_some (inbound, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      if (n <= 0)
        {
          dms_p2p_inbound_fail (
              inbound, DMS_P2P_RESET_PROTOCOL_VIOLATION, error != NULL ? error->message : "it was cut off");
          return;
        }
      if (dms_p2p_message_frame_is_complete (inbound->frame))
        {
          inbound->complete_us = g_get_monotonic_time ();
          dms_p2p_inbound_stop_reading (inbound);
          dms_p2p_message_receiver_go_on (self, inbound->lane->connection);
          return;
        }
      turn += (gsize) n;
    }
}

/* The new one, @b, goes behind those of the same sequence, which is none. */
static int
dms_p2p_inbound_compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 first = ((const DmsP2pInbound *) a)->sequence;
  gint64 second = ((const DmsP2pInbound *) b)->sequence;

  return first <= second ? -1 : 1;
}

void
dms_p2p_message_receiver_take (DmsP2pMessageReceiver *self,
                               DmsP2pConnection *connection,
                               DmsP2pStream *stream,
                               const char *inbox)
{
  DmsP2pLane *lane = g_hash_table_lookup (self->lanes, connection);
  DmsP2pInbound *inbound = NULL;

  if (self->n_messages >= DMS_P2P_MESSAGE_MAX_INBOUND ||
      (lane != NULL && g_queue_get_length (&lane->messages) >= DMS_P2P_MESSAGE_MAX_PER_CONNECTION))
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  lane = dms_p2p_lane_get (self, connection);
  inbound = g_new0 (DmsP2pInbound, 1);
  inbound->lane = lane;
  inbound->stream = g_object_ref (stream);
  inbound->pipe = dms_p2p_stream_steal_pipe (stream);
  inbound->inbox = g_strdup (inbox);
  inbound->frame = dms_p2p_message_frame_new ();
  inbound->deadline = g_timeout_source_new_seconds (DMS_P2P_MESSAGE_DEADLINE_S);
  g_source_set_static_name (inbound->deadline, "dms-p2p-message");
  g_source_set_callback (inbound->deadline, dms_p2p_inbound_on_deadline, inbound, NULL);
  g_source_attach (inbound->deadline, self->context);
  inbound->sequence = dms_p2p_pipe_get_sequence (inbound->pipe);
  g_queue_insert_sorted (&lane->messages, inbound, dms_p2p_inbound_compare, NULL);
  self->n_messages++;
  dms_p2p_pipe_set_handler (inbound->pipe, dms_p2p_inbound_on_ready, inbound);
  dms_p2p_pipe_want (inbound->pipe, G_IO_IN);
}

DmsP2pMessageReceiver *
dms_p2p_message_receiver_new (DmsP2pHost *host, DmsP2pMessageHandler handler, gpointer user_data)
{
  DmsP2pMessageReceiver *self = g_object_new (DMS_TYPE_P2P_MESSAGE_RECEIVER, NULL);

  self->host = g_object_ref (host);
  self->handler = handler;
  self->user_data = user_data;
  return self;
}

void
dms_p2p_message_receiver_close (DmsP2pMessageReceiver *self)
{
  self->handler = NULL;
  g_hash_table_remove_all (self->lanes);
}
