/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "ping/dms-p2p-ping.h"

#include <sodium.h>
#include <string.h>

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* libp2p specs, ping. */
  DMS_P2P_PING_SIZE = 32,
  DMS_P2P_PING_MAX_STREAMS_PER_PEER = 2,
  /* How long the other side has for its 32 bytes (go-libp2p: pingTimeout), and between two pings. */
  DMS_P2P_PING_TIMEOUT_MS = 10 * 1000,
  DMS_P2P_PING_IDLE_MS = 60 * 1000,
};

struct _DmsP2pPing
{
  GObject parent_instance;

  DmsP2pHost *host;
  /* Peer ID to how many of its streams are echoed. */
  GHashTable *n_streams;
};

G_DEFINE_FINAL_TYPE (DmsP2pPing, dms_p2p_ping, G_TYPE_OBJECT)

static void
dms_p2p_ping_finalize (GObject *object)
{
  DmsP2pPing *self = DMS_P2P_PING (object);

  g_clear_object (&self->host);
  g_clear_pointer (&self->n_streams, g_hash_table_unref);
  G_OBJECT_CLASS (dms_p2p_ping_parent_class)->finalize (object);
}

static void
dms_p2p_ping_class_init (DmsP2pPingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_ping_finalize;
}

static void
dms_p2p_ping_init (DmsP2pPing *self)
{
  self->n_streams = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
}

/* Echoing */

typedef struct
{
  DmsP2pPing *self;
  DmsPeerId *peer;
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
} DmsP2pEcho;

static void
dms_p2p_echo_free (DmsP2pEcho *echo)
{
  GHashTable *table = echo->self->n_streams;
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (table, echo->peer));

  if (n > 1)
    g_hash_table_replace (table, dms_peer_id_ref (echo->peer), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (table, echo->peer);
  g_clear_object (&echo->pipe);
  g_clear_object (&echo->stream);
  g_clear_pointer (&echo->peer, dms_peer_id_unref);
  g_clear_object (&echo->self);
  g_free (echo);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pEcho, dms_p2p_echo_free)

static void dms_p2p_echo_read (DmsP2pEcho *echo);

static void
dms_p2p_echo_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pEcho) echo = user_data;

  if (dms_p2p_pipe_write_all_finish (result, NULL))
    dms_p2p_echo_read (g_steal_pointer (&echo));
  else
    dms_p2p_pipe_reset (echo->pipe, DMS_P2P_RESET_NONE);
}

static void
dms_p2p_echo_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pEcho) echo = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dms_p2p_pipe_read_all_finish (result, &error);
  DmsP2pPipe *pipe = echo->pipe;

  if (bytes != NULL)
    dms_p2p_pipe_write_all_async (
        pipe, bytes, DMS_P2P_PING_TIMEOUT_MS, NULL, dms_p2p_echo_on_written, g_steal_pointer (&echo));
  else if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    dms_p2p_pipe_close (pipe);
  else
    dms_p2p_pipe_reset (pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
}

static void
dms_p2p_echo_read (DmsP2pEcho *echo)
{
  dms_p2p_pipe_read_all_async (
      echo->pipe, DMS_P2P_PING_SIZE, DMS_P2P_PING_IDLE_MS, NULL, dms_p2p_echo_on_read, echo);
}

static void
dms_p2p_ping_on_stream (DmsP2pHost *host,
                        DmsP2pConnection *connection,
                        DmsP2pStream *stream,
                        gpointer user_data)
{
  DmsP2pPing *self = user_data;
  DmsPeerId *peer = dms_p2p_connection_get_peer_id (connection);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->n_streams, peer));
  DmsP2pEcho *echo = NULL;

  if (n >= DMS_P2P_PING_MAX_STREAMS_PER_PEER)
    {
      dms_p2p_pipe_reset (dms_p2p_stream_get_pipe (stream), DMS_P2P_RESET_RESOURCE_LIMIT);
      return;
    }
  g_hash_table_replace (self->n_streams, dms_peer_id_ref (peer), GUINT_TO_POINTER (n + 1));
  echo = g_new0 (DmsP2pEcho, 1);
  echo->self = g_object_ref (self);
  echo->peer = dms_peer_id_ref (peer);
  echo->stream = g_object_ref (stream);
  echo->pipe = dms_p2p_stream_steal_pipe (stream);
  dms_p2p_echo_read (echo);
}

/* Measuring */

typedef struct
{
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  GBytes *sent;
  gint64 sent_us;
} DmsP2pMeasure;

static void
dms_p2p_measure_free (gpointer data)
{
  DmsP2pMeasure *measure = data;

  g_clear_object (&measure->pipe);
  g_clear_object (&measure->stream);
  g_clear_pointer (&measure->sent, g_bytes_unref);
  g_free (measure);
}

static void
dms_p2p_measure_on_echo (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pMeasure *measure = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = dms_p2p_pipe_read_all_finish (result, &error);
  gint64 took_us = g_get_monotonic_time () - measure->sent_us;

  if (bytes == NULL)
    {
      dms_p2p_pipe_reset (measure->pipe, DMS_P2P_RESET_NONE);
      g_prefix_error (&error, "the peer does not answer a ping: ");
      g_task_return_error (task, error);
      return;
    }
  if (!g_bytes_equal (bytes, measure->sent))
    {
      dms_p2p_pipe_reset (measure->pipe, DMS_P2P_RESET_PROTOCOL_VIOLATION);
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the peer answers a ping with other bytes than were sent");
      return;
    }
  dms_p2p_pipe_close (measure->pipe);
  g_task_return_int (task, (gssize) MAX (took_us, 1));
}

static void
dms_p2p_measure_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pMeasure *measure = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  if (!dms_p2p_pipe_write_all_finish (result, &error))
    {
      dms_p2p_pipe_reset (measure->pipe, DMS_P2P_RESET_NONE);
      g_task_return_error (task, error);
      return;
    }
  dms_p2p_pipe_read_all_async (measure->pipe,
                               DMS_P2P_PING_SIZE,
                               DMS_P2P_PING_TIMEOUT_MS,
                               cancellable,
                               dms_p2p_measure_on_echo,
                               g_steal_pointer (&task));
}

static void
dms_p2p_measure_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsP2pMeasure *measure = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  guint8 random[DMS_P2P_PING_SIZE];
  GError *error = NULL;

  measure->stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);
  if (measure->stream == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  measure->pipe = dms_p2p_stream_steal_pipe (measure->stream);
  randombytes_buf (random, sizeof random);
  measure->sent = g_bytes_new (random, sizeof random);
  measure->sent_us = g_get_monotonic_time ();
  dms_p2p_pipe_write_all_async (measure->pipe,
                                measure->sent,
                                DMS_P2P_PING_TIMEOUT_MS,
                                cancellable,
                                dms_p2p_measure_on_written,
                                g_steal_pointer (&task));
}

void
dms_p2p_ping_measure_async (DmsP2pPing *self,
                            DmsPeerId *peer,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_PING_PROTOCOL, NULL };
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_p2p_ping_measure_async);
  g_task_set_task_data (task, g_new0 (DmsP2pMeasure, 1), dms_p2p_measure_free);
  dms_p2p_host_open_stream_async (self->host, peer, protocols, cancellable, dms_p2p_measure_on_opened, task);
}

void
dms_p2p_ping_measure_on_async (DmsP2pPing *self,
                               DmsP2pConnection *connection,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_PING_PROTOCOL, NULL };
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, dms_p2p_ping_measure_on_async);
  g_task_set_task_data (task, g_new0 (DmsP2pMeasure, 1), dms_p2p_measure_free);
  dms_p2p_host_open_stream_on_async (
      self->host, connection, protocols, cancellable, dms_p2p_measure_on_opened, task);
}

gint64
dms_p2p_ping_measure_finish (DmsP2pPing *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

DmsP2pPing *
dms_p2p_ping_new (DmsP2pHost *host)
{
  DmsP2pPing *self = g_object_new (DMS_TYPE_P2P_PING, NULL);

  self->host = g_object_ref (host);
  dms_p2p_host_set_handler (host, DMS_P2P_PING_PROTOCOL, dms_p2p_ping_on_stream, self, NULL);
  return self;
}
