/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-topics.h"

#include "dms-libp2p-transport-private.h"
#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-message.h"

struct _DmsLibp2pTopics
{
  DmsTransport *transport;
  DmsP2pGossip *gossip;
  GMainContext *context;
  /* Topic to DmsLibp2pCallback. */
  GHashTable *handlers;
  GHashTable *validators;
  /* DmsLibp2pNews */
  GQueue news;
  gsize news_bytes;
  GSource *deliver;
};

/* A message that was accepted. */
typedef struct
{
  char *topic;
  DmsPeerId *from;
  GBytes *bytes;
} DmsLibp2pNews;

enum
{
  /* Accepted messages that nobody has been told of yet, as many as may wait to be judged. Ours. */
  DMS_LIBP2P_TOPICS_MAX_NEWS = DMS_P2P_GOSSIP_MAX_PENDING,
  DMS_LIBP2P_TOPICS_MAX_NEWS_BYTES = DMS_P2P_GOSSIP_MAX_PENDING_BYTES,
};

static void
dms_libp2p_news_free (gpointer data)
{
  DmsLibp2pNews *news = data;

  g_free (news->topic);
  dms_peer_id_unref (news->from);
  g_bytes_unref (news->bytes);
  g_free (news);
}

static GHashTable *
dms_libp2p_topics_new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_libp2p_callback_unref);
}

DmsLibp2pTopics *
dms_libp2p_topics_new (DmsTransport *transport)
{
  DmsLibp2pTopics *self = g_new0 (DmsLibp2pTopics, 1);

  self->transport = transport;
  self->handlers = dms_libp2p_topics_new_table ();
  self->validators = dms_libp2p_topics_new_table ();
  g_queue_init (&self->news);
  return self;
}

void
dms_libp2p_topics_free (DmsLibp2pTopics *self)
{
  dms_libp2p_topics_leave (self);
  g_hash_table_unref (self->handlers);
  g_hash_table_unref (self->validators);
  g_free (self);
}

void
dms_libp2p_topics_clear (DmsLibp2pTopics *self)
{
  g_hash_table_remove_all (self->handlers);
  g_hash_table_remove_all (self->validators);
}

DmsP2pGossip *
dms_libp2p_topics_get_gossip (DmsLibp2pTopics *self)
{
  return self->gossip;
}

/* Delivering: from the main loop, in order. */

static gboolean
dms_libp2p_topics_has_room (DmsLibp2pTopics *self, GBytes *bytes)
{
  return g_queue_get_length (&self->news) < DMS_LIBP2P_TOPICS_MAX_NEWS &&
         self->news_bytes + g_bytes_get_size (bytes) <= DMS_LIBP2P_TOPICS_MAX_NEWS_BYTES;
}

static void
dms_libp2p_topics_call (DmsLibp2pTopics *self, DmsLibp2pNews *news)
{
  DmsLibp2pCallback *found = g_hash_table_lookup (self->handlers, news->topic);
  g_autoptr (DmsLibp2pCallback) handler = NULL;

  if (found == NULL)
    return;
  handler = dms_libp2p_callback_ref (found);
  ((DmsTopicHandler) dms_libp2p_callback_get_func (handler)) (
      self->transport, news->topic, news->from, news->bytes, dms_libp2p_callback_get_data (handler));
}

/* One a turn, so that a crowd of them does not keep everything else waiting. */
static gboolean
dms_libp2p_topics_on_deliver (gpointer user_data)
{
  DmsLibp2pTopics *self = user_data;
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  DmsLibp2pNews *news = g_queue_pop_head (&self->news);
  gboolean is_last = g_queue_is_empty (&self->news);

  self->news_bytes -= g_bytes_get_size (news->bytes);
  if (is_last)
    g_clear_pointer (&self->deliver, g_source_unref);
  /* The handler may let go of everything; a source that was destroyed is not called again. */
  dms_libp2p_topics_call (self, news);
  dms_libp2p_news_free (news);
  return is_last ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
dms_libp2p_topics_on_news (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  DmsLibp2pTopics *self = user_data;
  DmsLibp2pNews *news = g_new0 (DmsLibp2pNews, 1);

  news->topic = g_strdup (topic);
  news->from = dms_peer_id_ref (from);
  news->bytes = g_bytes_ref (data);
  self->news_bytes += g_bytes_get_size (data);
  g_queue_push_tail (&self->news, news);
  if (self->deliver != NULL)
    return;
  self->deliver = g_idle_source_new ();
  g_source_set_priority (self->deliver, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->deliver, "dms-libp2p-topics");
  g_source_set_callback (self->deliver, dms_libp2p_topics_on_deliver, self, NULL);
  g_source_attach (self->deliver, self->context);
}

/* Judging */

static DmsValidation
dms_libp2p_topics_on_validate (const char *topic,
                               DmsPeerId *from,
                               GBytes *data,
                               guint64 ticket,
                               gpointer user_data)
{
  DmsLibp2pTopics *self = user_data;
  g_autoptr (DmsTransport) transport = g_object_ref (self->transport);
  DmsLibp2pCallback *found = g_hash_table_lookup (self->validators, topic);
  g_autoptr (DmsLibp2pCallback) validator = NULL;

  /* Whoever publishes faster than messages are worked off is not listened to. */
  if (!dms_libp2p_topics_has_room (self, data))
    return DMS_VALIDATION_IGNORE;
  if (found == NULL)
    return DMS_VALIDATION_ACCEPT;
  validator = dms_libp2p_callback_ref (found);
  return ((DmsTopicValidator) dms_libp2p_callback_get_func (validator)) (
      transport, topic, from, data, ticket, dms_libp2p_callback_get_data (validator));
}

/* Coming and going */

void
dms_libp2p_topics_enter (DmsLibp2pTopics *self, DmsP2pHost *host)
{
  static const DmsP2pGossipCallbacks callbacks = { dms_libp2p_topics_on_validate, dms_libp2p_topics_on_news };
  GHashTableIter iter;
  gpointer topic = NULL;

  self->context = g_main_context_ref_thread_default ();
  self->gossip = dms_p2p_gossip_new (host, &callbacks, self);
  g_hash_table_iter_init (&iter, self->handlers);
  while (g_hash_table_iter_next (&iter, &topic, NULL))
    {
      g_autoptr (GError) error = NULL;

      if (!dms_p2p_gossip_join (self->gossip, topic, &error))
        g_warning ("A topic cannot be joined: %s", error->message);
    }
}

void
dms_libp2p_topics_leave (DmsLibp2pTopics *self)
{
  g_autoptr (DmsP2pGossip) gossip = g_steal_pointer (&self->gossip);

  if (gossip == NULL)
    return;
  dms_p2p_gossip_close (gossip);
  if (self->deliver != NULL)
    g_source_destroy (self->deliver);
  g_clear_pointer (&self->deliver, g_source_unref);
  g_queue_clear_full (&self->news, dms_libp2p_news_free);
  self->news_bytes = 0;
  g_clear_pointer (&self->context, g_main_context_unref);
}

gboolean
dms_libp2p_topics_subscribe (DmsLibp2pTopics *self,
                             const char *topic,
                             DmsLibp2pCallback *handler,
                             GError **error)
{
  if (self->gossip != NULL && !dms_p2p_gossip_join (self->gossip, topic, error))
    return FALSE;
  g_hash_table_replace (self->handlers, g_strdup (topic), dms_libp2p_callback_ref (handler));
  return TRUE;
}

void
dms_libp2p_topics_unsubscribe (DmsLibp2pTopics *self, const char *topic)
{
  if (g_hash_table_remove (self->handlers, topic) && self->gossip != NULL)
    dms_p2p_gossip_leave (self->gossip, topic);
}

void
dms_libp2p_topics_set_validator (DmsLibp2pTopics *self, const char *topic, DmsLibp2pCallback *validator)
{
  if (validator != NULL)
    g_hash_table_replace (self->validators, g_strdup (topic), dms_libp2p_callback_ref (validator));
  else
    g_hash_table_remove (self->validators, topic);
}

/* Publishing */

static void
dms_libp2p_topics_on_published (DmsValidation verdict, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (verdict == DMS_VALIDATION_ACCEPT)
    g_task_return_boolean (task, TRUE);
  else if (DMS_LIBP2P_TRANSPORT (g_task_get_source_object (task))->topics->gossip == NULL)
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the transport was stopped before the message was judged");
  else
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_INVALID_DATA,
                             "the message is not one that may be published on “%s”",
                             (const char *) g_task_get_task_data (task));
}

void
dms_libp2p_topics_publish (DmsLibp2pTopics *self, const char *topic, GBytes *bytes, GTask *task)
{
  if (g_bytes_get_size (bytes) > DMS_P2P_GOSSIP_MAX_DATA)
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_TOO_LARGE,
                               "the message has %" G_GSIZE_FORMAT " bytes, %d are allowed",
                               g_bytes_get_size (bytes),
                               DMS_P2P_GOSSIP_MAX_DATA);
      return;
    }
  if (!dms_p2p_gossip_is_topic (topic))
    {
      g_task_return_new_error (task,
                               DMS_ERROR,
                               DMS_ERROR_INVALID_ARGUMENT,
                               "a topic has between 1 and %d bytes of UTF-8",
                               DMS_P2P_GOSSIP_MAX_TOPIC);
      return;
    }
  if (dms_p2p_gossip_core_get_n_pending (dms_p2p_gossip_get_core (self->gossip)) >=
          DMS_P2P_GOSSIP_MAX_PENDING ||
      !dms_libp2p_topics_has_room (self, bytes))
    {
      g_task_return_new_error (
          task,
          DMS_ERROR,
          DMS_ERROR_BUSY,
          "too many messages wait to be worked off before “%s” can be published on; try again",
          topic);
      return;
    }
  g_task_set_task_data (task, g_strdup (topic), g_free);
  dms_p2p_gossip_publish (self->gossip, topic, bytes, dms_libp2p_topics_on_published, g_object_ref (task));
}
