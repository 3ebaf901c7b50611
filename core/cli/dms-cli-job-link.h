/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest line that a job may say, its end not counted, and the longest that is taken for an answer: the
 * message that brings it is at most 1 MiB. */
#define DMS_CLI_JOB_LINK_MAX_LINE   ((gsize) 256 * 1024)
#define DMS_CLI_JOB_LINK_MAX_ANSWER ((gsize) 2 * 1024 * 1024)

/* Sends one line through the socket and reads the line that answers it, within @seconds. away: (out): whether
 * the error is that nobody listens, or stopped doing so; then the daemon may come back. */
char *
dms_cli_job_link_exchange (const char *path, const char *line, guint seconds, gboolean *away, GError **error);

G_END_DECLS
