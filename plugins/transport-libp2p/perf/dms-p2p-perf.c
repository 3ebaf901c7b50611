/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "perf/dms-p2p-perf.h"

#include "host/dms-p2p-reset-code.h"

enum
{
  /* libp2p specs, perf: the number of bytes to send, big endian. */
  DMS_P2P_PERF_PREFIX_SIZE = 8,
  DMS_P2P_PERF_BLOCK_SIZE = 64 * 1024,
  /* What one stream does before others get their turn. */
  DMS_P2P_PERF_BLOCKS_PER_TURN = 16,
  /* Without any progress. Ours. */
  DMS_P2P_PERF_IDLE_S = 30,
};

/* One end of a run, as the data of its GTask; the server's is told to nobody. */
typedef struct
{
  DmsP2pStream *stream;
  DmsP2pPipe *pipe;
  GSource *idle;
  gboolean has_progress;
  GSource *cancelled;

  guint8 prefix[DMS_P2P_PERF_PREFIX_SIZE];
  gsize n_prefix;
  /* Bytes still to be sent, and what has come. */
  guint64 to_send;
  guint64 n_received;

  DmsP2pPerfResult result;
  gint64 began_us;
} DmsP2pPerfRun;

static guint8 dms_p2p_perf_zeros[DMS_P2P_PERF_BLOCK_SIZE];

static void
dms_p2p_perf_drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dms_p2p_perf_run_free (gpointer data)
{
  DmsP2pPerfRun *run = data;

  dms_p2p_perf_drop_source (&run->idle);
  dms_p2p_perf_drop_source (&run->cancelled);
  g_clear_object (&run->pipe);
  g_clear_object (&run->stream);
  g_free (run);
}

/* Drops the reference that the run itself holds. */
static void
dms_p2p_perf_end (GTask *task, GError *error)
{
  g_autoptr (GTask) own = task;
  DmsP2pPerfRun *run = g_task_get_task_data (task);

  dms_p2p_perf_drop_source (&run->idle);
  dms_p2p_perf_drop_source (&run->cancelled);
  if (run->pipe != NULL)
    {
      dms_p2p_pipe_set_handler (run->pipe, NULL, NULL);
      if (error != NULL)
        dms_p2p_pipe_reset (run->pipe, DMS_P2P_RESET_NONE);
      else
        dms_p2p_pipe_close (run->pipe);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
dms_p2p_perf_on_idle (gpointer user_data)
{
  DmsP2pPerfRun *run = g_task_get_task_data (user_data);

  if (run->has_progress)
    {
      run->has_progress = FALSE;
      return G_SOURCE_CONTINUE;
    }
  dms_p2p_perf_end (user_data,
                    g_error_new_literal (DMS_ERROR, DMS_ERROR_TIMED_OUT, "the measurement made no progress"));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_perf_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dms_p2p_perf_end (user_data,
                    g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the measurement was cancelled"));
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_perf_begin (GTask *task, DmsP2pStream *stream, DmsP2pPipeHandler handler, GIOCondition condition)
{
  DmsP2pPerfRun *run = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  run->stream = g_object_ref (stream);
  run->pipe = dms_p2p_stream_steal_pipe (stream);
  run->idle = g_timeout_source_new_seconds (DMS_P2P_PERF_IDLE_S);
  g_source_set_callback (run->idle, dms_p2p_perf_on_idle, task, NULL);
  g_source_attach (run->idle, g_task_get_context (task));
  if (cancellable != NULL)
    {
      run->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (run->cancelled, G_SOURCE_FUNC (dms_p2p_perf_on_cancelled), task, NULL);
      g_source_attach (run->cancelled, g_task_get_context (task));
    }
  dms_p2p_pipe_set_handler (run->pipe, handler, task);
  dms_p2p_pipe_want (run->pipe, condition);
}

/* Sends the prefix, then bytes. 1 when all is out, 0 when it goes on later, -1 with an error. */
static int
dms_p2p_perf_send (DmsP2pPerfRun *run, GError **error)
{
  for (guint i = 0; i < DMS_P2P_PERF_BLOCKS_PER_TURN; i++)
    {
      GOutputVector vectors[2] = {
        { run->prefix + run->n_prefix, sizeof run->prefix - run->n_prefix },
        { dms_p2p_perf_zeros, MIN (run->to_send, sizeof dms_p2p_perf_zeros) },
      };
      gsize n_prefix = vectors[0].size;
      gboolean skip = n_prefix == 0;
      gssize n = 0;

      if (n_prefix + vectors[1].size == 0)
        return 1;
      n = dms_p2p_pipe_writev (run->pipe, vectors + skip, vectors[1].size > 0 && !skip ? 2 : 1, error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return 0;
      if (n < 0)
        return -1;
      run->has_progress = TRUE;
      run->n_prefix += MIN ((gsize) n, n_prefix);
      run->to_send -= (gsize) n - MIN ((gsize) n, n_prefix);
    }
  return 0;
}

/* Receives up to the end. As dms_p2p_perf_send(). */
static int
dms_p2p_perf_receive (DmsP2pPerfRun *run, GError **error)
{
  guint8 block[DMS_P2P_PERF_BLOCK_SIZE];

  for (guint i = 0; i < DMS_P2P_PERF_BLOCKS_PER_TURN; i++)
    {
      gssize n = dms_p2p_pipe_read (run->pipe, block, sizeof block, error);

      if (n == DMS_P2P_WOULD_BLOCK)
        return 0;
      if (n <= 0)
        return n == 0 ? 1 : -1;
      run->has_progress = TRUE;
      run->n_received += (gsize) n;
    }
  return 0;
}

/* The server */

static void
dms_p2p_perf_on_serve_writable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pPerfRun *run = g_task_get_task_data (user_data);
  GError *error = NULL;
  int done = dms_p2p_perf_send (run, &error);

  if (done > 0)
    dms_p2p_pipe_shutdown_write (pipe, &error);
  if (done != 0)
    dms_p2p_perf_end (user_data, error);
}

/* FALSE when more has to come. */
static gboolean
dms_p2p_perf_read_prefix (DmsP2pPerfRun *run, GError **error)
{
  gssize n = 0;

  while (run->n_prefix < sizeof run->prefix)
    {
      n = dms_p2p_pipe_read (
          run->pipe, run->prefix + run->n_prefix, sizeof run->prefix - run->n_prefix, error);
      if (n == 0)
        g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the measurement was cut off");
      if (n <= 0)
        return FALSE;
      run->n_prefix += (gsize) n;
    }
  for (guint i = 0; i < sizeof run->prefix; i++)
    run->to_send = run->to_send << 8 | run->prefix[i];
  return TRUE;
}

static void
dms_p2p_perf_on_serve_readable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pPerfRun *run = g_task_get_task_data (user_data);
  GError *error = NULL;
  int done = 0;

  if (run->n_prefix == sizeof run->prefix || dms_p2p_perf_read_prefix (run, &error))
    done = dms_p2p_perf_receive (run, &error);
  if (error != NULL)
    {
      dms_p2p_perf_end (user_data, error);
      return;
    }
  if (done == 0)
    return;
  dms_p2p_pipe_set_handler (pipe, dms_p2p_perf_on_serve_writable, user_data);
  dms_p2p_pipe_want (pipe, G_IO_OUT);
}

static void
dms_p2p_perf_on_stream (DmsP2pHost *host,
                        DmsP2pConnection *connection,
                        DmsP2pStream *stream,
                        gpointer user_data)
{
  GTask *task = g_task_new (host, NULL, NULL, NULL);

  g_task_set_task_data (task, g_new0 (DmsP2pPerfRun, 1), dms_p2p_perf_run_free);
  dms_p2p_perf_begin (task, stream, dms_p2p_perf_on_serve_readable, G_IO_IN);
}

void
dms_p2p_perf_serve (DmsP2pHost *host)
{
  dms_p2p_host_set_handler (host, DMS_P2P_PERF_PROTOCOL, dms_p2p_perf_on_stream, NULL, NULL);
}

/* The client */

static void
dms_p2p_perf_on_readable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pPerfRun *run = g_task_get_task_data (user_data);
  GError *error = NULL;
  int done = dms_p2p_perf_receive (run, &error);

  if (done == 0)
    return;
  if (done > 0 && run->n_received != run->result.download_bytes)
    error = g_error_new (DMS_ERROR,
                         DMS_ERROR_INVALID_DATA,
                         "the peer sent %" G_GUINT64_FORMAT " bytes, not %" G_GUINT64_FORMAT,
                         run->n_received,
                         run->result.download_bytes);
  run->result.download_us = g_get_monotonic_time () - run->began_us;
  dms_p2p_perf_end (user_data, error);
}

static void
dms_p2p_perf_on_writable (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pPerfRun *run = g_task_get_task_data (user_data);
  GError *error = NULL;
  int done = dms_p2p_perf_send (run, &error);

  if (done > 0 && !dms_p2p_pipe_shutdown_write (pipe, &error))
    done = -1;
  if (done < 0)
    dms_p2p_perf_end (user_data, error);
  if (done <= 0)
    return;
  run->result.upload_us = g_get_monotonic_time () - run->began_us;
  run->began_us = g_get_monotonic_time ();
  dms_p2p_pipe_set_handler (pipe, dms_p2p_perf_on_readable, user_data);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
dms_p2p_perf_on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pPerfRun *run = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_p2p_host_open_stream_finish (DMS_P2P_HOST (source), result, &error);

  if (stream == NULL)
    {
      dms_p2p_perf_end (task, error);
      return;
    }
  run->began_us = g_get_monotonic_time ();
  dms_p2p_perf_begin (task, stream, dms_p2p_perf_on_writable, G_IO_OUT);
}

void
dms_p2p_perf_run_async (DmsP2pHost *host,
                        DmsPeerId *peer,
                        guint64 upload_bytes,
                        guint64 download_bytes,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  static const char *const protocols[] = { DMS_P2P_PERF_PROTOCOL, NULL };
  GTask *task = g_task_new (host, cancellable, callback, user_data);
  DmsP2pPerfRun *run = g_new0 (DmsP2pPerfRun, 1);

  g_task_set_source_tag (task, dms_p2p_perf_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, run, dms_p2p_perf_run_free);
  run->result.upload_bytes = upload_bytes;
  run->result.download_bytes = download_bytes;
  run->to_send = upload_bytes;
  for (guint i = 0; i < sizeof run->prefix; i++)
    run->prefix[i] = (guint8) (download_bytes >> (8 * (sizeof run->prefix - 1 - i)));
  dms_p2p_host_open_stream_async (host, peer, protocols, cancellable, dms_p2p_perf_on_opened, task);
}

gboolean
dms_p2p_perf_run_finish (GAsyncResult *result, DmsP2pPerfResult *perf, GError **error)
{
  DmsP2pPerfRun *run = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  *perf = run->result;
  return TRUE;
}
