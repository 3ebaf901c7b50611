/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dcutr/dms-p2p-punch.h"

#include "dcutr/dms-p2p-dcutr-message.h"
#include "io/dms-p2p-frame.h"

enum
{
  /* libp2p specs, relay/DCUtR; go-libp2p, p2p/protocol/holepunch: maxRetries, StreamTimeout. */
  DMS_P2P_PUNCH_TRIES = 3,
  DMS_P2P_PUNCH_TIMEOUT_MS = 60 * 1000,
  /* How often it is looked whether there is a direct connection. */
  DMS_P2P_PUNCH_LOOK_MS = 50,
  /* Who takes longer to answer than this is not synchronised with; ours. */
  DMS_P2P_PUNCH_MAX_RTT_MS = 10 * 1000,
};

typedef struct
{
  DmsP2pDcutr *dcutr;
  DmsP2pConnection *connection;
  DmsPeerId *peer;
  DmsP2pPipe *pipe;
  GPtrArray *theirs;
  gint64 asked_us;
  gint64 rtt_us;
  gint64 until_us;
  guint n_tries;
} DmsP2pPunch;

static void dms_p2p_punch_try (GTask *task);

static void
dms_p2p_punch_free (gpointer data)
{
  DmsP2pPunch *self = data;

  g_clear_object (&self->dcutr);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->theirs, g_ptr_array_unref);
  g_free (self);
}

static void
dms_p2p_punch_drop_pipe (DmsP2pPunch *self, gboolean is_good)
{
  if (self->pipe != NULL && is_good)
    dms_p2p_pipe_close (self->pipe);
  else if (self->pipe != NULL)
    dms_p2p_pipe_reset (self->pipe, 0);
  g_clear_object (&self->pipe);
}

static gboolean
dms_p2p_punch_is_direct (DmsP2pPunch *self)
{
  DmsP2pConnection *connection =
      dms_p2p_swarm_find (dms_p2p_host_get_swarm (dms_p2p_dcutr_get_host (self->dcutr)), self->peer);

  return connection != NULL && !dms_p2p_connection_is_limited (connection);
}

/* Takes @task. */
static void
dms_p2p_punch_end (GTask *task)
{
  g_autoptr (GTask) own = task;
  DmsP2pPunch *self = g_task_get_task_data (task);

  dms_p2p_punch_drop_pipe (self, FALSE);
  g_debug ("%s is %s",
           dms_peer_id_get_text (self->peer),
           dms_p2p_punch_is_direct (self) ? "reached directly" : "reached over a relay only");
  g_task_return_boolean (task, dms_p2p_punch_is_direct (self));
}

/* Takes @task. */
static void
dms_p2p_punch_go_on (GTask *task)
{
  DmsP2pPunch *self = g_task_get_task_data (task);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)) || dms_p2p_punch_is_direct (self) ||
      !dms_p2p_connection_is_open (self->connection) || self->n_tries >= DMS_P2P_PUNCH_TRIES ||
      !dms_p2p_dcutr_may_dial_for (self->dcutr, self->peer))
    dms_p2p_punch_end (task);
  else
    dms_p2p_punch_try (task);
}

static gboolean
dms_p2p_punch_on_look (gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);

  if (!dms_p2p_punch_is_direct (self) && g_get_monotonic_time () < self->until_us &&
      !g_cancellable_is_cancelled (g_task_get_cancellable (user_data)))
    return G_SOURCE_CONTINUE;
  dms_p2p_punch_go_on (user_data);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_punch_add_timer (GTask *task, guint ms, GSourceFunc func)
{
  g_autoptr (GSource) timer = g_timeout_source_new (ms);

  g_source_set_static_name (timer, "dms-p2p-punch");
  g_source_set_callback (timer, func, task, NULL);
  g_source_attach (timer, g_task_get_context (task));
}

static gboolean
dms_p2p_punch_on_moment (gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);

  self->until_us = g_get_monotonic_time () + (gint64) dms_p2p_dcutr_get_wait_ms (self->dcutr) * 1000;
  if (!g_cancellable_is_cancelled (g_task_get_cancellable (user_data)))
    dms_p2p_dcutr_open_way (self->dcutr, self->peer, self->theirs);
  dms_p2p_punch_add_timer (user_data, DMS_P2P_PUNCH_LOOK_MS, dms_p2p_punch_on_look);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_punch_on_synced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);
  gboolean done = dms_p2p_pipe_write_all_finish (result, NULL);

  dms_p2p_punch_drop_pipe (self, done);
  if (done)
    dms_p2p_punch_add_timer (user_data, (guint) (self->rtt_us / 2000), dms_p2p_punch_on_moment);
  else
    dms_p2p_punch_go_on (user_data);
}

static void
dms_p2p_punch_on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);
  g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GBytes) sync = NULL;
  DmsP2pDcutrType type = DMS_P2P_DCUTR_SYNC;

  self->rtt_us = g_get_monotonic_time () - self->asked_us;
  if (bytes == NULL || self->rtt_us > (gint64) DMS_P2P_PUNCH_MAX_RTT_MS * 1000 ||
      !dms_p2p_dcutr_message_decode (
          g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &type, told, NULL) ||
      type != DMS_P2P_DCUTR_CONNECT)
    {
      dms_p2p_punch_end (user_data);
      return;
    }
  g_clear_pointer (&self->theirs, g_ptr_array_unref);
  self->theirs = dms_p2p_dcutr_filter (self->dcutr, told);
  if (self->theirs->len == 0)
    {
      dms_p2p_punch_end (user_data);
      return;
    }
  sync = dms_p2p_dcutr_message_encode (DMS_P2P_DCUTR_SYNC, NULL);
  dms_p2p_pipe_write_all_async (self->pipe,
                                sync,
                                DMS_P2P_PUNCH_TIMEOUT_MS,
                                g_task_get_cancellable (user_data),
                                dms_p2p_punch_on_synced,
                                user_data);
}

static void
dms_p2p_punch_on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);

  if (!dms_p2p_pipe_write_all_finish (result, NULL))
    {
      dms_p2p_punch_end (user_data);
      return;
    }
  dms_p2p_frame_read_async (self->pipe,
                            DMS_P2P_DCUTR_MAX_MESSAGE,
                            DMS_P2P_PUNCH_TIMEOUT_MS,
                            g_task_get_cancellable (user_data),
                            dms_p2p_punch_on_answer,
                            user_data);
}

static void
dms_p2p_punch_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pPunch *self = g_task_get_task_data (user_data);
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, NULL);
  g_autoptr (GPtrArray) own = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (stream == NULL)
    {
      dms_p2p_punch_end (user_data);
      return;
    }
  self->pipe = dms_p2p_stream_steal_pipe (stream);
  own = dms_p2p_dcutr_list_own (self->dcutr);
  bytes = dms_p2p_dcutr_message_encode (DMS_P2P_DCUTR_CONNECT, own);
  self->asked_us = g_get_monotonic_time ();
  dms_p2p_pipe_write_all_async (self->pipe,
                                bytes,
                                DMS_P2P_PUNCH_TIMEOUT_MS,
                                g_task_get_cancellable (user_data),
                                dms_p2p_punch_on_asked,
                                user_data);
}

/* Takes @task. */
static void
dms_p2p_punch_try (GTask *task)
{
  static const char *const protocols[] = { DMS_P2P_DCUTR_PROTOCOL, NULL };
  DmsP2pPunch *self = g_task_get_task_data (task);

  self->n_tries++;
  dms_p2p_dcutr_count_try (self->dcutr);
  dms_p2p_host_open_stream_on_async (dms_p2p_dcutr_get_host (self->dcutr),
                                     self->connection,
                                     protocols,
                                     g_task_get_cancellable (task),
                                     dms_p2p_punch_on_opened,
                                     task);
}

void
dms_p2p_punch_start (DmsP2pDcutr *dcutr, DmsP2pConnection *connection, GCancellable *cancellable)
{
  GTask *task = g_task_new (dcutr, cancellable, NULL, NULL);
  DmsP2pPunch *self = g_new0 (DmsP2pPunch, 1);

  g_task_set_source_tag (task, dms_p2p_punch_start);
  g_task_set_check_cancellable (task, FALSE);
  self->dcutr = g_object_ref (dcutr);
  self->connection = g_object_ref (connection);
  self->peer = dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection));
  g_task_set_task_data (task, self, dms_p2p_punch_free);
  dms_p2p_punch_go_on (task);
}
