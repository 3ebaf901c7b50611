/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lays out JSON text for people, each level indented by that many blanks, without a line feed at the end.
 * Members keep their order and numbers their digits; the HTML characters and line separators in strings are
 * escaped as the wire format has them. NULL with DMS_ERROR_INVALID_DATA when the text is no JSON, and with
 * DMS_ERROR_TOO_LARGE when it nests deeper than 64 levels. */
char *dms_json_text_indent (const char *text, gsize length, guint blanks, GError **error);

/* The same without any white space. */
char *dms_json_text_compact (const char *text, gsize length, GError **error);

/* Whether the text is JSON that nests no deeper than 64 levels: a check before a recursive parser sees it. */
gboolean dms_json_text_check (const char *text, gsize length, GError **error);

G_END_DECLS
