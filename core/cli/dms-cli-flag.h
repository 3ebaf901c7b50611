/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* `-i, --id` or `--id`. */
char *dms_cli_flag_dup_label (const DmsCliFlag *self);

/* What its value is called in the help; NULL for a flag without one. */
const char *dms_cli_flag_get_value_name (const DmsCliFlag *self);

/* Whether it takes no separate value. */
gboolean dms_cli_flag_is_switch (const DmsCliFlag *self);

/* Whether the text is a value for it; the error is the whole line that people see. */
gboolean dms_cli_flag_check (const DmsCliFlag *self, const char *text, GError **error);

/* (nullable): the flag of that name or letter in a table. */
const DmsCliFlag *dms_cli_flag_find (const DmsCliFlag *table, const char *name);
const DmsCliFlag *dms_cli_flag_find_shorthand (const DmsCliFlag *table, char letter);

/* Go's reading of a Boolean: 1, t, T, TRUE, true, True and their opposites. */
gboolean dms_cli_flag_parse_bool (const char *text, gboolean *value);

/* A time span as Go writes it, such as `1h30m`, `1.5s` or `-2ms`, in nanoseconds. */
gboolean dms_cli_flag_parse_duration (const char *text, gint64 *nanoseconds, GError **error);

G_END_DECLS
