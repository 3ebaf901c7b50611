/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The daemon's REST interface, from the side of a program that calls it and waits. */
typedef struct _DmsCliRest DmsCliRest;

/* timeout: how long to wait for one answer, in nanoseconds. */
DmsCliRest *dms_cli_rest_new (const char *address, guint16 port, gint64 timeout);
void dms_cli_rest_free (DmsCliRest *self);

/* One request; with a body it is a POST. NULL with an error when the daemon cannot be reached or does not
 * answer in time. An answer of any status is no error. */
GBytes *dms_cli_rest_call (DmsCliRest *self, const char *path, GBytes *body, guint *status, GError **error);

/* The status line of the last answer: `HTTP/1.1 408 Request Timeout`. */
const char *dms_cli_rest_get_status_line (DmsCliRest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliRest, dms_cli_rest_free)

G_END_DECLS
