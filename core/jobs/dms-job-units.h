/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Quantities of job files (ensemble.md 3, Units). Each returns FALSE for a text that is not a positive
 * quantity and then sets *why (transfer full) to what was expected. */

/* bare_unit: what a number without unit is multiplied by, such as 1 GiB */
gboolean dms_job_units_parse_bytes (const char *text, guint64 bare_unit, guint64 *bytes, char **why);
gboolean dms_job_units_parse_hertz (const char *text, double bare_unit, double *hertz, char **why);
/* A duration as Go writes it, such as `1m30s`. Result in nanoseconds. */
gboolean dms_job_units_parse_duration (const char *text, gint64 *ns, char **why);
/* The reverse of the last: `10s`, `1m30s`, `250ms`. */
char *dms_job_units_format_duration (gint64 ns);

G_END_DECLS
