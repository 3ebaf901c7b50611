/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-outbound.h"

#include "host/dms-p2p-reset-code.h"
#include "message/dms-p2p-message-frame.h"

enum
{
  /* As long as the other side has for reading it (spec, section 1). */
  DMS_P2P_OUTBOUND_WRITE_MS = 30 * 1000,
  /* How long the other side has for saying that it took the message. Nodes in the field do when they have
   * handled it; that they must is written nowhere. */
  DMS_P2P_OUTBOUND_ANSWER_MS = 3 * 1000,
  /* What is thrown away of an answer that nobody may send. */
  DMS_P2P_OUTBOUND_SCRAP = 4096,
};

struct _DmsP2pOutbound
{
  GTask *task;
  DmsPeerId *peer;
  char *protocol;
  GBytes *bytes;
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];
  gsize n_written;
  DmsP2pOutboundTold told;
  gpointer user_data;

  DmsP2pHost *host;
  /* What it goes over, once there is one. */
  DmsP2pConnection *connection;
  gboolean is_again;
  gboolean has_told_written;
  GCancellable *opening;
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  GSource *timer;
  GSource *cancelled;
};

static void
dms_p2p_outbound_drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

DmsP2pOutbound *
dms_p2p_outbound_new (GTask *task,
                      DmsPeerId *peer,
                      const char *protocol,
                      GBytes *bytes,
                      DmsP2pOutboundTold told,
                      gpointer user_data)
{
  DmsP2pOutbound *self = g_new0 (DmsP2pOutbound, 1);

  self->task = g_object_ref (task);
  self->peer = dms_peer_id_ref (peer);
  self->protocol = g_strdup (protocol);
  self->bytes = g_bytes_ref (bytes);
  dms_p2p_message_frame_write_prefix (self->prefix, g_bytes_get_size (bytes));
  self->told = told;
  self->user_data = user_data;
  return self;
}

void
dms_p2p_outbound_free (DmsP2pOutbound *self)
{
  dms_p2p_outbound_drop_source (&self->timer);
  dms_p2p_outbound_drop_source (&self->cancelled);
  if (self->pipe != NULL)
    {
      dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
    }
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  g_clear_object (&self->pipe);
  g_clear_object (&self->stream);
  g_clear_object (&self->connection);
  g_clear_object (&self->host);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->task);
  g_free (self);
}

GTask *
dms_p2p_outbound_get_task (DmsP2pOutbound *self)
{
  return self->task;
}

gsize
dms_p2p_outbound_get_size (DmsP2pOutbound *self)
{
  return g_bytes_get_size (self->bytes);
}

static void
dms_p2p_outbound_end (DmsP2pOutbound *self, GError *error)
{
  dms_p2p_outbound_drop_source (&self->timer);
  dms_p2p_outbound_drop_source (&self->cancelled);
  if (self->pipe != NULL)
    dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
  /* Freeing resets what was not ended in good order. */
  if (self->pipe != NULL && error == NULL)
    {
      dms_p2p_pipe_close (self->pipe);
      g_clear_object (&self->pipe);
    }
  self->told (self, FALSE, error, self->user_data);
}

/* What an error on the stream says of the message. */
static GError *
dms_p2p_outbound_explain (DmsP2pOutbound *self, GError *error)
{
  DmsP2pSwarm *swarm = dms_p2p_host_get_swarm (self->host);
  const char *peer = dms_peer_id_get_text (self->peer);
  GError *other = NULL;

  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    other = g_error_new (
        DMS_ERROR, DMS_ERROR_NOT_FOUND, "the peer %s has no inbox for “%s”", peer, self->protocol);
  else if (g_error_matches (error, DMS_ERROR, DMS_ERROR_IO) && dms_p2p_swarm_find (swarm, self->peer) != NULL)
    other = g_error_new (
        DMS_ERROR, DMS_ERROR_BUSY, "the peer %s has no room for the message; try again later", peer);
  if (other == NULL)
    return error;
  g_error_free (error);
  return other;
}

static void dms_p2p_outbound_open (DmsP2pOutbound *self);

/* A relay ends what it relays after some time or bytes: what was under way then goes once more, over the next
 * connection. Whoever had it already knows it by its nonce. */
static gboolean
dms_p2p_outbound_goes_again (DmsP2pOutbound *self, const GError *error)
{
  if (self->is_again || self->connection == NULL || !dms_p2p_connection_is_limited (self->connection) ||
      dms_p2p_connection_is_open (self->connection) ||
      g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    return FALSE;
  g_debug ("the relayed connection to %s ended; its message goes again", dms_peer_id_get_text (self->peer));
  self->is_again = TRUE;
  self->n_written = 0;
  dms_p2p_outbound_drop_source (&self->timer);
  if (self->pipe != NULL)
    {
      dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
    }
  g_clear_object (&self->pipe);
  g_clear_object (&self->stream);
  g_clear_object (&self->connection);
  dms_p2p_outbound_open (self);
  return TRUE;
}

/* Takes @error. */
static void
dms_p2p_outbound_fail (DmsP2pOutbound *self, GError *error)
{
  if (dms_p2p_outbound_goes_again (self, error))
    g_error_free (error);
  else
    dms_p2p_outbound_end (self, dms_p2p_outbound_explain (self, error));
}

static gboolean
dms_p2p_outbound_on_unanswered (gpointer user_data)
{
  DmsP2pOutbound *self = user_data;

  dms_p2p_outbound_end (self, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_outbound_on_too_slow (gpointer user_data)
{
  DmsP2pOutbound *self = user_data;

  dms_p2p_outbound_end (self,
                        g_error_new (DMS_ERROR,
                                     DMS_ERROR_TIMED_OUT,
                                     "the peer %s does not read the message; try again later",
                                     dms_peer_id_get_text (self->peer)));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_outbound_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dms_p2p_outbound_end (
      user_data, g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "sending the message was cancelled"));
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_outbound_set_timer (DmsP2pOutbound *self, guint ms, GSourceFunc func)
{
  dms_p2p_outbound_drop_source (&self->timer);
  self->timer = g_timeout_source_new (ms);
  g_source_set_static_name (self->timer, "dms-p2p-outbound");
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, g_task_get_context (self->task));
}

/* Waits for the other side to end the stream: then it has taken the message. */
static void
dms_p2p_outbound_on_answer (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pOutbound *self = user_data;
  guint8 scrap[DMS_P2P_OUTBOUND_SCRAP];
  GError *error = NULL;
  gssize n = dms_p2p_pipe_read (pipe, scrap, sizeof scrap, &error);

  if (n == 0)
    dms_p2p_outbound_end (self, NULL);
  else if (n != DMS_P2P_WOULD_BLOCK && n < 0)
    dms_p2p_outbound_fail (self, error);
}

/* Prefix and body go out together: nodes in the field read the prefix at once or not at all. */
static gssize
dms_p2p_outbound_write_some (DmsP2pOutbound *self, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (self->bytes, &size);
  gsize n_prefix = MIN (self->n_written, sizeof self->prefix);
  gsize n_body = self->n_written - n_prefix;
  GOutputVector vectors[2] = {
    { self->prefix + n_prefix, sizeof self->prefix - n_prefix },
    { data + n_body, size - n_body },
  };
  gboolean skip = vectors[0].size == 0;

  return dms_p2p_pipe_writev (self->pipe, vectors + skip, skip ? 1 : 2, error);
}

static void
dms_p2p_outbound_on_writable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pOutbound *self = user_data;
  gsize size = sizeof self->prefix + g_bytes_get_size (self->bytes);
  GError *error = NULL;

  while (self->n_written < size)
    {
      gssize n = dms_p2p_outbound_write_some (self, &error);

      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      if (n < 0)
        {
          dms_p2p_outbound_fail (self, error);
          return;
        }
      self->n_written += (gsize) n;
    }
  if (!dms_p2p_pipe_shutdown_write (pipe, &error))
    {
      dms_p2p_outbound_fail (self, error);
      return;
    }
  dms_p2p_pipe_set_handler (pipe, dms_p2p_outbound_on_answer, self);
  dms_p2p_pipe_want (pipe, G_IO_IN);
  dms_p2p_outbound_set_timer (self, DMS_P2P_OUTBOUND_ANSWER_MS, dms_p2p_outbound_on_unanswered);
  if (self->has_told_written)
    return;
  self->has_told_written = TRUE;
  self->told (self, TRUE, NULL, self->user_data);
}

static void
dms_p2p_outbound_note_connection (DmsP2pOutbound *self)
{
  DmsP2pConnection *connection = dms_p2p_swarm_find (dms_p2p_host_get_swarm (self->host), self->peer);

  g_set_object (&self->connection, connection);
}

static void
dms_p2p_outbound_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GCancellable) opening = user_data;
  DmsP2pOutbound *self = g_object_get_data (G_OBJECT (opening), "outbound");
  GError *error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  /* Freed meanwhile. */
  if (g_cancellable_is_cancelled (opening))
    {
      if (stream != NULL)
        dms_stream_reset (DMS_STREAM (stream));
      g_clear_error (&error);
      return;
    }
  g_clear_object (&self->opening);
  if (stream == NULL)
    {
      dms_p2p_outbound_fail (self, error);
      return;
    }
  if (self->connection == NULL)
    dms_p2p_outbound_note_connection (self);
  self->stream = g_steal_pointer (&stream);
  self->pipe = dms_p2p_stream_steal_pipe (self->stream);
  dms_p2p_outbound_set_timer (self, DMS_P2P_OUTBOUND_WRITE_MS, dms_p2p_outbound_on_too_slow);
  dms_p2p_pipe_set_handler (self->pipe, dms_p2p_outbound_on_writable, self);
  dms_p2p_pipe_want (self->pipe, G_IO_OUT);
  dms_p2p_outbound_on_writable (self->pipe, G_IO_OUT, self);
}

static void
dms_p2p_outbound_open (DmsP2pOutbound *self)
{
  const char *const protocols[] = { self->protocol, NULL };

  dms_p2p_outbound_note_connection (self);
  self->opening = g_cancellable_new ();
  g_object_set_data (G_OBJECT (self->opening), "outbound", self);
  dms_p2p_host_open_stream_async (self->host,
                                  self->peer,
                                  protocols,
                                  self->opening,
                                  dms_p2p_outbound_on_opened,
                                  g_object_ref (self->opening));
}

void
dms_p2p_outbound_start (DmsP2pOutbound *self, DmsP2pHost *host)
{
  GCancellable *cancellable = g_task_get_cancellable (self->task);

  self->host = g_object_ref (host);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (dms_p2p_outbound_on_cancelled), self, NULL);
      g_source_attach (self->cancelled, g_task_get_context (self->task));
    }
  dms_p2p_outbound_open (self);
}
