/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

/* Whole messages over a pipe. Each of these takes the pipe's handler until it has ended, so that one at a
 * time runs on a pipe; it keeps the pipe alive. A @timeout_ms of 0 waits for ever. Errors:
 * DMS_ERROR_TIMED_OUT, DMS_ERROR_CANCELLED, and what the pipe says. Nothing that follows is read too much. */

/* Reads a message after its length, which is a varint (multiformats/unsigned-varint): DMS_ERROR_NOT_FOUND
 * when the other side ended the pipe instead of sending one, DMS_ERROR_TOO_LARGE above @max_size,
 * DMS_ERROR_INVALID_DATA when it is malformed or cut off. Memory is taken for what came, not for what was
 * announced, and whoever pays for the pipe pays for it until the message is handed over: DMS_ERROR_BUSY when
 * that is too much. */
void dms_p2p_frame_read_async (DmsP2pPipe *pipe,
                               gsize max_size,
                               guint timeout_ms,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
GBytes *dms_p2p_frame_read_finish (GAsyncResult *result, GError **error);

/* The same, but waits for ever for a message to begin: the time counts from its first byte. Finished with
 * dms_p2p_frame_read_finish(). */
void dms_p2p_frame_await_async (DmsP2pPipe *pipe,
                                gsize max_size,
                                guint timeout_ms,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);

/* Reads @size bytes, as many as are there. DMS_ERROR_NOT_FOUND and DMS_ERROR_INVALID_DATA as above. */
void dms_p2p_pipe_read_all_async (DmsP2pPipe *pipe,
                                  gsize size,
                                  guint timeout_ms,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
GBytes *dms_p2p_pipe_read_all_finish (GAsyncResult *result, GError **error);

/* Writes @bytes; done when the pipe has taken them all. */
void dms_p2p_pipe_write_all_async (DmsP2pPipe *pipe,
                                   GBytes *bytes,
                                   guint timeout_ms,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_p2p_pipe_write_all_finish (GAsyncResult *result, GError **error);

/* @bytes behind their length, to be written: what dms_p2p_frame_read_async() reads. */
GBytes *dms_p2p_frame_new (const void *data, gsize size);

G_END_DECLS
