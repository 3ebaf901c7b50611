/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The programs that the executor starts. */

/* (transfer full): the shim: `DMS_EXEC_SHIM`, the installed one, or that of the build tree; NULL with an
 * error that says where it was looked for. */
char *dms_process_tool_dup_shim (GError **error);
/* (transfer full): bubblewrap; NULL with an error that says how to install it. */
char *dms_process_tool_dup_bwrap (GError **error);

/* Runs the shim for one of its errands (`--clean`, `--reap`, `--probe`) and returns what it prints. */
void dms_process_tool_run_async (const char *errand,
                                 const char *argument,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* (transfer full) */
char *dms_process_tool_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
