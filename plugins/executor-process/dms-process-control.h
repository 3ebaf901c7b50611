/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A connection to the control socket of a shim. */

/* Connects at once: both ends are on this machine. */
GSocketConnection *dms_process_control_connect (const char *state_dir, GError **error);

/* Sends one request on a connection of its own. The answer, without its first word, comes with finish; an
 * answer `error` is an error of its code. body is what follows an `exec`; body_length of the answer's is in
 * finish. */
void dms_process_control_request_async (const char *state_dir,
                                        const char *line,
                                        GBytes *body,
                                        guint timeout_s,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/* (transfer full): the answer line; *body (transfer full, optional) what followed it. */
char *dms_process_control_request_finish (GAsyncResult *result, GBytes **body, GError **error);

G_END_DECLS
