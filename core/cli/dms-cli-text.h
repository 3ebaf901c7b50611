/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/* Texts for people on a terminal. */

/* What others wrote, safe to show: characters that move the cursor, hide text or turn its direction are
 * written as \u{…}. */
char *dms_cli_text_dup_safe (const char *text);

/* Whether letters may be bold or coloured: a terminal that can, and no NO_COLOR. */
gboolean dms_cli_text_is_styled (FILE *out);

/* A time as people read it: `2030-01-31 12:00 UTC (in 3 days)`. Times are ns since the epoch. */
char *dms_cli_text_dup_time (guint64 time_ns, guint64 now_ns);
/* The same in ISO 8601, for programs. */
char *dms_cli_text_dup_iso8601 (guint64 time_ns);

G_END_DECLS
