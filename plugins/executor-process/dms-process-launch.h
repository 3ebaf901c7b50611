/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Starts the shim for a job and answers when the job runs, or with what hindered it. The lock in the state
 * directory is taken before and passed to the shim: whoever finds it free knows that no job runs there and
 * none is about to. */
void dms_process_launch_async (DmsExecutionSpec *spec, GAsyncReadyCallback callback, gpointer user_data);
gboolean dms_process_launch_finish (GAsyncResult *result, GError **error);

/* Takes the lock of a state directory without waiting: a descriptor, -1 with DMS_ERROR_BUSY when a shim has
 * it, or with DMS_ERROR_NOT_FOUND when there is none and create is FALSE. */
int dms_process_launch_lock (const char *state_dir, gboolean create, GError **error);

G_END_DECLS
