/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Reads files that an execution left, for what a workflow hands on. The answer has a member for each path:
 * {text}, or {error}, which says why there is none; it never fails as a whole. Of a large file it is the end.
 * What is no text in UTF-8 is not taken: it could not be handed on, and would be much larger in a message. */
void dms_allocation_files_read_async (DmsExecution *execution,
                                      const char *const *paths,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
JsonObject *dms_allocation_files_read_finish (DmsExecution *execution, GAsyncResult *result);

G_END_DECLS
