/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-autonat-probe.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* go-libp2p, p2p/host/autonat: requestTimeout. */
  DMS_P2P_AUTONAT_PROBE_TIMEOUT_MS = 30 * 1000,
  /* What is paid at most, and how much of it goes into a message (go-libp2p, p2p/protocol/autonatv2:
   * maxHandshakeSizeBytes, and its client). */
  DMS_P2P_AUTONAT_PROBE_MAX_DATA = 100 * 1000,
  DMS_P2P_AUTONAT_PROBE_BLOCK = 4096,
};

typedef struct
{
  DmsP2pAutonatVersion version;
  guint n_addresses;
  GBytes *question;
  DmsP2pPipe *pipe;
  gboolean has_paid;
} DmsP2pAutonatProbe;

static void dms_p2p_autonat_probe_read (GTask *task);

static void
dms_p2p_autonat_probe_free (gpointer data)
{
  DmsP2pAutonatProbe *self = data;

  g_clear_pointer (&self->question, g_bytes_unref);
  g_clear_object (&self->pipe);
  g_free (self);
}

/* Takes @task and @error. */
static void
dms_p2p_autonat_probe_fail (GTask *task, GError *error)
{
  g_autoptr (GTask) own = task;
  DmsP2pAutonatProbe *self = g_task_get_task_data (task);

  if (self->pipe != NULL)
    dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NONE);
  g_task_return_error (task, error);
}

static void
dms_p2p_autonat_probe_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (dms_p2p_pipe_write_all_finish (result, &error))
    dms_p2p_autonat_probe_read (user_data);
  else
    dms_p2p_autonat_probe_fail (user_data, error);
}

/* Takes @task. */
static void
dms_p2p_autonat_probe_write (GTask *task, GBytes *bytes)
{
  DmsP2pAutonatProbe *self = g_task_get_task_data (task);

  dms_p2p_pipe_write_all_async (self->pipe,
                                bytes,
                                DMS_P2P_AUTONAT_PROBE_TIMEOUT_MS,
                                g_task_get_cancellable (task),
                                dms_p2p_autonat_probe_on_written,
                                task);
}

/* Takes @task. */
static void
dms_p2p_autonat_probe_pay (GTask *task, const DmsP2pAutonatMessage *demand)
{
  DmsP2pAutonatProbe *self = g_task_get_task_data (task);
  g_autoptr (DmsP2pAutonatMessage) data = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DATA);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint64 left = demand->n_bytes;

  if (self->has_paid || left > DMS_P2P_AUTONAT_PROBE_MAX_DATA || demand->index >= self->n_addresses)
    {
      dms_p2p_autonat_probe_fail (task,
                                  g_error_new_literal (DMS_ERROR,
                                                       DMS_ERROR_INVALID_DATA,
                                                       "the peer demands more than a dial is worth"));
      return;
    }
  self->has_paid = TRUE;
  while (left > 0)
    {
      g_autoptr (GBytes) block = NULL;

      data->n_bytes = MIN (left, DMS_P2P_AUTONAT_PROBE_BLOCK);
      block = dms_p2p_autonat_message_encode (data, DMS_P2P_AUTONAT_V2);
      g_byte_array_append (all, g_bytes_get_data (block, NULL), (guint) g_bytes_get_size (block));
      left -= data->n_bytes;
    }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  dms_p2p_autonat_probe_write (task, bytes);
}

static void
dms_p2p_autonat_probe_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pAutonatProbe *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, &error);
  g_autoptr (DmsP2pAutonatMessage) message = NULL;

  if (bytes != NULL)
    message = dms_p2p_autonat_message_decode (
        self->version, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  if (message != NULL && message->type == DMS_P2P_AUTONAT_DATA_REQUEST)
    {
      dms_p2p_autonat_probe_pay (g_steal_pointer (&task), message);
      return;
    }
  if (message != NULL && message->type != DMS_P2P_AUTONAT_RESPONSE)
    error =
        g_error_new_literal (DMS_ERROR, DMS_ERROR_INVALID_DATA, "the peer does not answer what it was asked");
  if (error != NULL)
    {
      dms_p2p_autonat_probe_fail (g_steal_pointer (&task), error);
      return;
    }
  dms_p2p_pipe_close (self->pipe);
  g_task_return_pointer (task, g_steal_pointer (&message), (GDestroyNotify) dms_p2p_autonat_message_free);
}

/* Takes @task. */
static void
dms_p2p_autonat_probe_read (GTask *task)
{
  DmsP2pAutonatProbe *self = g_task_get_task_data (task);

  dms_p2p_frame_read_async (self->pipe,
                            DMS_P2P_AUTONAT_MAX_MESSAGE,
                            DMS_P2P_AUTONAT_PROBE_TIMEOUT_MS,
                            g_task_get_cancellable (task),
                            dms_p2p_autonat_probe_on_read,
                            task);
}

static void
dms_p2p_autonat_probe_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pAutonatProbe *self = g_task_get_task_data (user_data);
  GError *error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL)
    {
      dms_p2p_autonat_probe_fail (user_data, error);
      return;
    }
  self->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_autonat_probe_write (user_data, self->question);
}

void
dms_p2p_autonat_probe_async (DmsP2pHost *host,
                             DmsP2pConnection *connection,
                             DmsP2pAutonatVersion version,
                             const DmsP2pAutonatMessage *question,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  static const char *const protocols[][2] = {
    [DMS_P2P_AUTONAT_V1] = { DMS_P2P_AUTONAT_V1_PROTOCOL, NULL },
    [DMS_P2P_AUTONAT_V2] = { DMS_P2P_AUTONAT_V2_PROTOCOL, NULL },
  };
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  DmsP2pAutonatProbe *self = g_new0 (DmsP2pAutonatProbe, 1);

  g_task_set_source_tag (task, dms_p2p_autonat_probe_async);
  g_task_set_check_cancellable (task, FALSE);
  self->version = version;
  self->n_addresses = question->addresses->len;
  self->question = dms_p2p_autonat_message_encode (question, version);
  g_task_set_task_data (task, self, dms_p2p_autonat_probe_free);
  dms_p2p_host_open_stream_on_async (
      host, connection, protocols[version], cancellable, dms_p2p_autonat_probe_on_opened, task);
}

DmsP2pAutonatMessage *
dms_p2p_autonat_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
