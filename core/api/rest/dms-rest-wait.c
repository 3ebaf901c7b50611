/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-wait.h"

#include <sys/socket.h>

#include <glib-unix.h>

#include "api/rest/dms-rest-response.h"

/* What one request may make the daemon keep. */
#define MAX_MESSAGES 1024
#define MAX_BYTES (16 * 1024 * 1024)

struct _DmsRestWait
{
  grefcount references;
  DmsActorRegistry *registry;
  SoupServerMessage *message;
  char *inbox;
  GPtrArray *messages;
  gsize bytes;
  guint enough;
  DmsRestWaitFunc answer;
  GSource *timeout;
  GSource *cancelled;
  GSource *hang_up;
  gulong finished;
  gulong disconnected;
  gboolean ended;
};

DmsRestWait *
dms_rest_wait_ref (DmsRestWait *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_rest_wait_unref (DmsRestWait *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_object_unref (self->registry);
  g_object_unref (self->message);
  g_free (self->inbox);
  g_ptr_array_unref (self->messages);
  g_free (self);
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Lets go of everything that could end it once more. FALSE when it had ended. */
static gboolean
end (DmsRestWait *self)
{
  if (self->ended)
    return FALSE;
  self->ended = TRUE;
  clear_source (&self->timeout);
  clear_source (&self->cancelled);
  clear_source (&self->hang_up);
  g_clear_signal_handler (&self->finished, self->message);
  g_clear_signal_handler (&self->disconnected, self->message);
  dms_actor_registry_remove_raw (self->registry, self->inbox);
  return TRUE;
}

static void
complete (DmsRestWait *self)
{
  g_autoptr (DmsRestWait) kept = dms_rest_wait_ref (self);

  if (!end (self))
    return;
  self->answer (self->message, self->messages);
  dms_rest_resume (self->message);
}

void
dms_rest_wait_fail (DmsRestWait *self, const char *text)
{
  g_autoptr (DmsRestWait) kept = dms_rest_wait_ref (self);

  if (!end (self))
    return;
  dms_rest_respond_error (self->message, SOUP_STATUS_INTERNAL_SERVER_ERROR, text);
  dms_rest_resume (self->message);
}

static gboolean
on_timeout (gpointer user_data)
{
  complete (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dms_rest_wait_fail (user_data, "the daemon is stopping");
  return G_SOURCE_REMOVE;
}

/* libsoup does not look at a connection whose request is paused. */
static gboolean
on_readable (gint descriptor, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DmsRestWait) self = dms_rest_wait_ref (user_data);
  char byte;

  if (recv (descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
    dms_rest_wait_fail (self, "the client went away");
  else
    clear_source (&self->hang_up);
  return G_SOURCE_REMOVE;
}

static void
watch_client (DmsRestWait *self)
{
  GSocket *socket = dms_rest_get_socket (self->message);

  if (socket == NULL)
    return;
  self->hang_up = g_unix_fd_source_new (g_socket_get_fd (socket), G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->hang_up, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->hang_up, g_main_context_get_thread_default ());
}

static void
on_finished (SoupServerMessage *message, gpointer user_data)
{
  g_autoptr (DmsRestWait) self = dms_rest_wait_ref (user_data);

  end (self);
}

/* The inbox lets go of us: because we ended, or because the node stops. */
static void
on_inbox_gone (gpointer user_data)
{
  g_autoptr (DmsRestWait) self = user_data;

  dms_rest_wait_fail (self, "the node is stopping");
}

static void
on_message (DmsActorRegistry *registry, const char *inbox, GBytes *bytes, gpointer user_data)
{
  g_autoptr (DmsRestWait) self = dms_rest_wait_ref (user_data);
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (bytes, NULL);

  /* Nobody has verified it, but what is no envelope is no answer. */
  if (envelope == NULL || self->messages->len >= MAX_MESSAGES
      || g_bytes_get_size (bytes) > MAX_BYTES - self->bytes)
    return;
  self->bytes += g_bytes_get_size (bytes);
  g_ptr_array_add (self->messages, g_bytes_ref (bytes));
  if (self->messages->len == self->enough)
    complete (self);
}

DmsRestWait *
dms_rest_wait_begin (DmsRestServer *server,
                     SoupServerMessage *message,
                     DmsEnvelope *envelope,
                     guint enough,
                     DmsRestWaitFunc answer)
{
  DmsActorRegistry *registry = dms_rest_server_get_registry (server);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  guint64 expiry_ns = dms_envelope_get_expiry_ns (envelope);
  guint64 left_ms = expiry_ns > now_ns ? (expiry_ns - now_ns) / 1000000 + 1 : 0;
  const char *inbox = dms_handle_get_inbox (dms_envelope_get_from (envelope));
  g_autoptr (DmsRestWait) self = g_new0 (DmsRestWait, 1);
  g_autoptr (GError) error = NULL;

  g_ref_count_init (&self->references);
  self->registry = g_object_ref (registry);
  self->message = g_object_ref (message);
  self->inbox = g_strdup (inbox);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->enough = enough;
  self->answer = answer;
  self->ended = TRUE;
  /* The inbox owns the wait until it ends. */
  if (!dms_actor_registry_add_raw (registry, inbox, on_message, dms_rest_wait_ref (self),
                                   on_inbox_gone, &error))
    {
      dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, error->message);
      return NULL;
    }

  self->ended = FALSE;
  soup_server_message_pause (message);
  self->finished = g_signal_connect (message, "finished", G_CALLBACK (on_finished), self);
  self->disconnected = g_signal_connect (message, "disconnected", G_CALLBACK (on_finished), self);
  self->timeout = g_timeout_source_new ((guint) MIN (left_ms, G_MAXINT));
  g_source_set_callback (self->timeout, on_timeout, self, NULL);
  g_source_attach (self->timeout, g_main_context_get_thread_default ());
  self->cancelled = g_cancellable_source_new (dms_rest_server_get_cancellable (server));
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancelled, g_main_context_get_thread_default ());
  watch_client (self);
  return g_steal_pointer (&self);
}
