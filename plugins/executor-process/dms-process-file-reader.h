/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Reads the end of a regular file below a folder that the job could write. No link is followed, whatever it
 * leads to. In a worker thread. */
void dms_process_file_reader_read_async (DmsExecution *execution,
                                         const char *folder,
                                         const char *path,
                                         gsize max_bytes,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
GBytes *dms_process_file_reader_read_finish (GAsyncResult *result, GError **error);

G_END_DECLS
