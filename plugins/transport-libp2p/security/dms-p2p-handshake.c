/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "security/dms-p2p-handshake.h"

#include "io/dms-p2p-source.h"

typedef struct
{
  DmsP2pChannel *channel;
  DmsP2pHandshakeStep step;
  DmsP2pHandshakeResult result;
  GSource *timeout;
  GSource *cancelled;
  guint timeout_ms;
  gboolean is_over;
} DmsP2pHandshake;

static void
dms_p2p_handshake_free (gpointer data)
{
  DmsP2pHandshake *self = data;

  g_clear_object (&self->channel);
  g_free (self);
}

/* Takes @error, or @secured. The task is referenced by what it waits for, which ends here. */
static void
dms_p2p_handshake_end (GTask *task, DmsP2pSecured *secured, GError *error)
{
  DmsP2pHandshake *self = g_task_get_task_data (task);
  DmsP2pPipe *raw = dms_p2p_channel_get_raw (self->channel);

  if (self->is_over)
    return;
  self->is_over = TRUE;
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_source_drop (&self->cancelled);
  dms_p2p_pipe_set_handler (raw, NULL, NULL);
  if (secured != NULL)
    {
      dms_p2p_channel_start (self->channel);
      g_task_return_pointer (task, secured, (GDestroyNotify) dms_p2p_secured_free);
    }
  else
    {
      if (g_error_matches (error, DMS_ERROR, DMS_ERROR_IO) && !dms_p2p_channel_has_heard (self->channel))
        error->code = DMS_ERROR_UNAVAILABLE;
      dms_p2p_pipe_close (DMS_P2P_PIPE (self->channel));
      g_task_return_error (task, error);
    }
  g_object_unref (task);
}

static void
dms_p2p_handshake_go_on (GTask *task)
{
  DmsP2pHandshake *self = g_task_get_task_data (task);
  GIOCondition wanted = 0;
  GError *error = NULL;
  DmsP2pSecured *secured = NULL;
  gssize n = self->step (self->channel, &wanted, &error);

  if (n == DMS_P2P_WOULD_BLOCK)
    {
      dms_p2p_pipe_want (dms_p2p_channel_get_raw (self->channel), wanted);
      return;
    }
  if (n == 0)
    secured = self->result (self->channel, &error);
  dms_p2p_handshake_end (task, secured, error);
}

static void
dms_p2p_handshake_on_raw (DmsP2pPipe *raw, GIOCondition condition, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  dms_p2p_handshake_go_on (task);
}

static gboolean
dms_p2p_handshake_on_timeout (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  DmsP2pHandshake *self = g_task_get_task_data (task);

  dms_p2p_handshake_end (task,
                         NULL,
                         g_error_new (DMS_ERROR,
                                      DMS_ERROR_TIMED_OUT,
                                      "securing the connection took longer than %u ms; the peer or the "
                                      "network is too slow",
                                      self->timeout_ms));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_handshake_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  dms_p2p_handshake_end (
      task,
      NULL,
      g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "securing the connection was cancelled"));
  return G_SOURCE_REMOVE;
}

void
dms_p2p_handshake_async (DmsP2pChannel *channel,
                         DmsP2pHandshakeStep step,
                         DmsP2pHandshakeResult result,
                         guint timeout_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  DmsP2pHandshake *self = g_new0 (DmsP2pHandshake, 1);

  self->channel = g_object_ref (channel);
  self->step = step;
  self->result = result;
  self->timeout_ms = timeout_ms;
  g_task_set_task_data (task, self, dms_p2p_handshake_free);
  g_task_set_source_tag (task, dms_p2p_handshake_async);
  g_task_set_check_cancellable (task, FALSE);

  self->timeout = g_timeout_source_new (timeout_ms);
  g_source_set_callback (self->timeout, dms_p2p_handshake_on_timeout, task, NULL);
  g_source_attach (self->timeout, g_task_get_context (task));
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (dms_p2p_handshake_on_cancelled), task, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  dms_p2p_pipe_set_handler (dms_p2p_channel_get_raw (channel), dms_p2p_handshake_on_raw, task);
  /* The first flight goes out at once. */
  dms_p2p_handshake_go_on (task);
}

DmsP2pSecured *
dms_p2p_handshake_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
