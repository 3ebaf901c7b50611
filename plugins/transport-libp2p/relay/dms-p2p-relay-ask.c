/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-relay-ask.h"

#include "io/dms-p2p-frame.h"

typedef struct
{
  DmsP2pPipe *pipe;
  DmsP2pRelayKind kind;
  guint timeout_ms;
} DmsP2pRelayAsk;

static void
dms_p2p_relay_ask_free (gpointer data)
{
  DmsP2pRelayAsk *self = data;

  g_clear_object (&self->pipe);
  g_free (self);
}

static GError *
dms_p2p_relay_ask_find_fault (const DmsP2pRelayMessage *answer)
{
  if (answer->type != DMS_P2P_RELAY_STATUS)
    return g_error_new_literal (
        DMS_ERROR, DMS_ERROR_INVALID_DATA, "the relay does not answer what it was asked");
  switch (answer->status)
    {
    case DMS_P2P_RELAY_OK:
      return NULL;
    case DMS_P2P_RELAY_RESERVATION_REFUSED:
    case DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED:
      return g_error_new (
          DMS_ERROR, DMS_ERROR_BUSY, "the relay refuses: %s", dms_p2p_relay_status_get_text (answer->status));
    case DMS_P2P_RELAY_PERMISSION_DENIED:
      return g_error_new (DMS_ERROR,
                          DMS_ERROR_NOT_AUTHORIZED,
                          "the relay refuses: %s",
                          dms_p2p_relay_status_get_text (answer->status));
    case DMS_P2P_RELAY_NO_RESERVATION:
      return g_error_new (DMS_ERROR,
                          DMS_ERROR_NOT_FOUND,
                          "the relay refuses: %s",
                          dms_p2p_relay_status_get_text (answer->status));
    default:
      return g_error_new (DMS_ERROR,
                          DMS_ERROR_FAILED,
                          "the relay refuses with status %u: %s",
                          answer->status,
                          dms_p2p_relay_status_get_text (answer->status));
    }
}

static void
dms_p2p_relay_ask_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pRelayAsk *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, &error);
  g_autoptr (DmsP2pRelayMessage) answer = NULL;

  if (bytes != NULL)
    answer = dms_p2p_relay_message_decode (
        self->kind, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  if (answer != NULL)
    error = dms_p2p_relay_ask_find_fault (answer);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify) dms_p2p_relay_message_free);
}

static void
dms_p2p_relay_ask_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pRelayAsk *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  if (!dms_p2p_pipe_write_all_finish (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  dms_p2p_frame_read_async (self->pipe,
                            DMS_P2P_RELAY_MAX_MESSAGE,
                            self->timeout_ms,
                            cancellable,
                            dms_p2p_relay_ask_on_answer,
                            g_steal_pointer (&task));
}

void
dms_p2p_relay_ask_async (DmsP2pPipe *pipe,
                         DmsP2pRelayKind kind,
                         const DmsP2pRelayMessage *question,
                         guint timeout_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  DmsP2pRelayAsk *self = g_new0 (DmsP2pRelayAsk, 1);
  g_autoptr (GBytes) bytes = dms_p2p_relay_message_encode (question, kind);

  g_task_set_source_tag (task, dms_p2p_relay_ask_async);
  g_task_set_check_cancellable (task, FALSE);
  self->pipe = g_object_ref (pipe);
  self->kind = kind;
  self->timeout_ms = timeout_ms;
  g_task_set_task_data (task, self, dms_p2p_relay_ask_free);
  dms_p2p_pipe_write_all_async (pipe, bytes, timeout_ms, cancellable, dms_p2p_relay_ask_on_written, task);
}

DmsP2pRelayMessage *
dms_p2p_relay_ask_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
