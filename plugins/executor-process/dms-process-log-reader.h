/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Reads a chunk of a log file. With follow, an empty read waits until the file grows or the execution ends.
 */
void dms_process_log_reader_read_async (DmsExecution *execution,
                                        const char *state_dir,
                                        DmsLogStream stream,
                                        guint64 offset,
                                        gsize max_bytes,
                                        gboolean follow,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
DmsLogChunk *dms_process_log_reader_read_finish (GAsyncResult *result, GError **error);

G_END_DECLS
