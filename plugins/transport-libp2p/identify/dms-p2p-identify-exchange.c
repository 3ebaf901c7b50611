/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-identify-exchange.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

/* One side of it, as the data of a GTask. */
typedef struct
{
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  DmsP2pIdentifyMessage *message;
  guint n_messages;
  gint64 deadline_us;
} DmsP2pIdentifyExchange;

static void
dms_p2p_identify_exchange_free (gpointer data)
{
  DmsP2pIdentifyExchange *self = data;

  g_clear_pointer (&self->message, dms_p2p_identify_message_free);
  g_clear_object (&self->pipe);
  g_clear_object (&self->stream);
  g_free (self);
}

static GTask *
dms_p2p_identify_exchange_begin (DmsP2pStream *stream,
                                 gpointer tag,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  DmsP2pIdentifyExchange *self = g_new0 (DmsP2pIdentifyExchange, 1);

  self->stream = g_object_ref (stream);
  self->pipe = dms_p2p_stream_steal_pipe (stream);
  self->deadline_us = g_get_monotonic_time () + DMS_P2P_IDENTIFY_TIMEOUT_MS * 1000;
  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, dms_p2p_identify_exchange_free);
  return task;
}

static void
dms_p2p_identify_exchange_fail (GTask *task, GError *error)
{
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);

  dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
  g_task_return_error (task, error);
}

static void dms_p2p_identify_read_next (GTask *task);

static void
dms_p2p_identify_read_end (GTask *task)
{
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);

  dms_p2p_pipe_close (self->pipe);
  g_task_return_pointer (
      task, g_steal_pointer (&self->message), (GDestroyNotify) dms_p2p_identify_message_free);
}

static void
dms_p2p_identify_on_frame (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, &error);

  if (bytes == NULL && self->n_messages > 0 && g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_clear_error (&error);
      dms_p2p_identify_read_end (task);
      return;
    }
  if (bytes == NULL || !dms_p2p_identify_message_merge (
                           self->message, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error))
    {
      dms_p2p_identify_exchange_fail (task, error);
      return;
    }
  self->n_messages++;
  dms_p2p_identify_read_next (g_steal_pointer (&task));
}

/* What comes after the last message that is allowed is the end, or too much. */
static void
dms_p2p_identify_read_next (GTask *task)
{
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);
  gint64 left_us = self->deadline_us - g_get_monotonic_time ();
  gsize max = self->n_messages < DMS_P2P_IDENTIFY_MAX_MESSAGES ? DMS_P2P_IDENTIFY_MAX_MESSAGE_SIZE : 0;

  dms_p2p_frame_read_async (self->pipe,
                            max,
                            (guint) MAX (left_us / 1000, 1),
                            g_task_get_cancellable (task),
                            dms_p2p_identify_on_frame,
                            task);
}

void
dms_p2p_identify_read_async (DmsP2pStream *stream,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task =
      dms_p2p_identify_exchange_begin (stream, dms_p2p_identify_read_async, cancellable, callback, user_data);
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);

  self->message = dms_p2p_identify_message_new ();
  dms_p2p_identify_read_next (task);
}

DmsP2pIdentifyMessage *
dms_p2p_identify_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_p2p_identify_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!dms_p2p_pipe_write_all_finish (result, &error) || !dms_p2p_pipe_shutdown_write (self->pipe, &error))
    {
      dms_p2p_identify_exchange_fail (task, error);
      return;
    }
  dms_p2p_pipe_close (self->pipe);
  g_task_return_boolean (task, TRUE);
}

void
dms_p2p_identify_write_async (DmsP2pStream *stream,
                              GBytes *framed,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = dms_p2p_identify_exchange_begin (
      stream, dms_p2p_identify_write_async, cancellable, callback, user_data);
  DmsP2pIdentifyExchange *self = g_task_get_task_data (task);

  dms_p2p_pipe_write_all_async (
      self->pipe, framed, DMS_P2P_IDENTIFY_TIMEOUT_MS, cancellable, dms_p2p_identify_on_written, task);
}

gboolean
dms_p2p_identify_write_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
