/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-frame.h"

#include "io/dms-p2p-source.h"
#include "wire/dms-p2p-varint.h"

enum
{
  /* What is taken at first for a message, however long it says it is. */
  DMS_P2P_FRAME_FIRST_BYTES = 4096,
};

/* One reading or writing, as the data of its GTask. */
typedef struct
{
  DmsP2pPipe *pipe;
  guint timeout_ms;
  GSource *timeout;
  GSource *cancelled;
  /* Reading. */
  gboolean is_patient;
  gsize max_size;
  gboolean has_length;
  gsize length;
  guint8 prefix[DMS_P2P_VARINT_MAX];
  gsize n_prefix;
  guint8 *body;
  gsize n_body;
  gsize body_room;
  /* Writing. */
  GBytes *bytes;
  gsize n_written;
} DmsP2pFrameOp;

static void
dms_p2p_frame_op_free (gpointer data)
{
  DmsP2pFrameOp *op = data;

  dms_p2p_source_drop (&op->timeout);
  dms_p2p_source_drop (&op->cancelled);
  if (op->body_room > 0)
    dms_p2p_pipe_charge (op->pipe, -(gssize) op->body_room);
  g_clear_object (&op->pipe);
  g_clear_pointer (&op->bytes, g_bytes_unref);
  g_free (op->body);
  g_free (op);
}

/* Lets go of the pipe and of what could still end the task. */
static void
dms_p2p_frame_end (GTask *task)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  dms_p2p_source_drop (&op->timeout);
  dms_p2p_source_drop (&op->cancelled);
  dms_p2p_pipe_set_handler (op->pipe, NULL, NULL);
}

static void
dms_p2p_frame_fail (GTask *task, GError *error)
{
  g_autoptr (GTask) own = task;

  dms_p2p_frame_end (task);
  g_task_return_error (task, error);
}

static gboolean
dms_p2p_frame_on_timeout (gpointer user_data)
{
  dms_p2p_frame_fail (user_data,
                      g_error_new_literal (DMS_ERROR,
                                           DMS_ERROR_TIMED_OUT,
                                           "the other side was too slow with a message; try again later"));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_frame_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dms_p2p_frame_fail (
      user_data, g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "reading or writing was cancelled"));
  return G_SOURCE_REMOVE;
}

/* Makes room for more of the body, twice as much as has come. */
static gboolean
dms_p2p_frame_op_grow (DmsP2pFrameOp *op, GError **error)
{
  gsize room = MIN (op->body_room == 0 ? DMS_P2P_FRAME_FIRST_BYTES : 2 * op->body_room, op->length);

  if (!dms_p2p_pipe_charge (op->pipe, (gssize) (room - op->body_room)))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_BUSY,
                           "there is no memory left for what the other side sends; try again later");
      return FALSE;
    }
  op->body_room = room;
  op->body = g_realloc (op->body, op->body_room);
  return TRUE;
}

/* A byte of the length, which is read byte by byte so that nothing behind the message is. 1 when there is a
 * length now, 0 when not yet, -1 with an error. */
static int
dms_p2p_frame_op_take_prefix (DmsP2pFrameOp *op, GError **error)
{
  guint64 length = 0;
  int n = dms_p2p_varint_read (op->prefix, op->n_prefix, &length);

  if (n == 0)
    return 0;
  if (n < 0)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the other side sent a message with a malformed length");
      return -1;
    }
  if (length > op->max_size)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the other side sent a message of %" G_GUINT64_FORMAT " bytes where %" G_GSIZE_FORMAT
                   " are allowed",
                   length,
                   op->max_size);
      return -1;
    }
  op->length = (gsize) length;
  op->has_length = TRUE;
  return 1;
}

static gssize
dms_p2p_frame_op_read_some (DmsP2pFrameOp *op, GError **error)
{
  gssize n = 0;

  if (!op->has_length)
    {
      n = dms_p2p_pipe_read (op->pipe, op->prefix + op->n_prefix, 1, error);
      if (n <= 0)
        return n;
      op->n_prefix++;
      return dms_p2p_frame_op_take_prefix (op, error) < 0 ? -1 : n;
    }
  if (op->n_body == op->body_room && !dms_p2p_frame_op_grow (op, error))
    return -1;
  n = dms_p2p_pipe_read (op->pipe, op->body + op->n_body, op->body_room - op->n_body, error);
  if (n > 0)
    op->n_body += (gsize) n;
  return n;
}

static GError *
dms_p2p_frame_op_make_end_error (DmsP2pFrameOp *op)
{
  if (op->n_prefix == 0 && op->n_body == 0)
    return g_error_new_literal (
        DMS_ERROR, DMS_ERROR_NOT_FOUND, "the other side ended the stream and sent no message");
  return g_error_new_literal (
      DMS_ERROR, DMS_ERROR_INVALID_DATA, "the other side ended the stream in the middle of a message");
}

static void
dms_p2p_frame_arm (GTask *task)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  if (op->timeout_ms == 0 || op->timeout != NULL || (op->is_patient && op->n_prefix == 0))
    return;
  op->timeout = g_timeout_source_new (op->timeout_ms);
  g_source_set_callback (op->timeout, dms_p2p_frame_on_timeout, task, NULL);
  g_source_attach (op->timeout, g_task_get_context (task));
}

/* Goes on; TRUE when the task has ended. */
static gboolean
dms_p2p_frame_read_on (GTask *task)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);
  GError *error = NULL;
  gssize n = 0;

  while (!op->has_length || op->n_body < op->length)
    {
      n = dms_p2p_frame_op_read_some (op, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_p2p_frame_arm (task);
          return FALSE;
        }
      if (n <= 0)
        {
          dms_p2p_frame_fail (task, n == 0 ? dms_p2p_frame_op_make_end_error (op) : error);
          return TRUE;
        }
    }
  dms_p2p_frame_end (task);
  g_task_return_pointer (
      task, g_bytes_new_take (g_steal_pointer (&op->body), op->n_body), (GDestroyNotify) g_bytes_unref);
  g_object_unref (task);
  return TRUE;
}

static gboolean
dms_p2p_frame_write_on (GTask *task)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);
  GError *error = NULL;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (op->bytes, &size);
  gssize n = 0;

  while (op->n_written < size)
    {
      n = dms_p2p_pipe_write (op->pipe, data + op->n_written, size - op->n_written, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return FALSE;
      if (n < 0)
        {
          dms_p2p_frame_fail (task, error);
          return TRUE;
        }
      op->n_written += (gsize) n;
    }
  dms_p2p_frame_end (task);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  return TRUE;
}

static void
dms_p2p_frame_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  if (op->bytes != NULL)
    dms_p2p_frame_write_on (task);
  else
    dms_p2p_frame_read_on (task);
}

static void
dms_p2p_frame_watch (GTask *task)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  dms_p2p_frame_arm (task);
  if (cancellable != NULL)
    {
      op->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (op->cancelled, G_SOURCE_FUNC (dms_p2p_frame_on_cancelled), task, NULL);
      g_source_attach (op->cancelled, g_task_get_context (task));
    }
  dms_p2p_pipe_set_handler (op->pipe, dms_p2p_frame_on_ready, task);
  dms_p2p_pipe_want (op->pipe, op->bytes != NULL ? G_IO_OUT : G_IO_IN);
}

/* The reference that the caller gets is the one that ending drops. */
static GTask *
dms_p2p_frame_begin (DmsP2pPipe *pipe,
                     gpointer tag,
                     guint timeout_ms,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (pipe, cancellable, callback, user_data);
  DmsP2pFrameOp *op = g_new0 (DmsP2pFrameOp, 1);

  op->pipe = g_object_ref (pipe);
  op->timeout_ms = timeout_ms;
  g_task_set_source_tag (task, tag);
  /* Cancelling is told as a DmsError. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, op, dms_p2p_frame_op_free);
  return task;
}

static void
dms_p2p_frame_read (GTask *task, gsize max_size, gboolean is_patient)
{
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  op->max_size = max_size;
  op->is_patient = is_patient;
  if (!dms_p2p_frame_read_on (task))
    dms_p2p_frame_watch (task);
}

void
dms_p2p_frame_read_async (DmsP2pPipe *pipe,
                          gsize max_size,
                          guint timeout_ms,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  dms_p2p_frame_read (
      dms_p2p_frame_begin (pipe, dms_p2p_frame_read_async, timeout_ms, cancellable, callback, user_data),
      max_size,
      FALSE);
}

void
dms_p2p_frame_await_async (DmsP2pPipe *pipe,
                           gsize max_size,
                           guint timeout_ms,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  dms_p2p_frame_read (
      dms_p2p_frame_begin (pipe, dms_p2p_frame_await_async, timeout_ms, cancellable, callback, user_data),
      max_size,
      TRUE);
}

GBytes *
dms_p2p_frame_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
dms_p2p_pipe_read_all_async (DmsP2pPipe *pipe,
                             gsize size,
                             guint timeout_ms,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task =
      dms_p2p_frame_begin (pipe, dms_p2p_pipe_read_all_async, timeout_ms, cancellable, callback, user_data);
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  op->has_length = TRUE;
  op->length = size;
  if (!dms_p2p_frame_read_on (task))
    dms_p2p_frame_watch (task);
}

GBytes *
dms_p2p_pipe_read_all_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
dms_p2p_pipe_write_all_async (DmsP2pPipe *pipe,
                              GBytes *bytes,
                              guint timeout_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task =
      dms_p2p_frame_begin (pipe, dms_p2p_pipe_write_all_async, timeout_ms, cancellable, callback, user_data);
  DmsP2pFrameOp *op = g_task_get_task_data (task);

  op->bytes = g_bytes_ref (bytes);
  if (!dms_p2p_frame_write_on (task))
    dms_p2p_frame_watch (task);
}

gboolean
dms_p2p_pipe_write_all_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GBytes *
dms_p2p_frame_new (const void *data, gsize size)
{
  g_autoptr (GByteArray) frame = g_byte_array_sized_new ((guint) (DMS_P2P_VARINT_MAX + size));

  dms_p2p_varint_append (frame, size);
  g_byte_array_append (frame, data, (guint) size);
  return g_byte_array_free_to_bytes (g_steal_pointer (&frame));
}
