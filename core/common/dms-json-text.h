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

/* A check before json-glib sees the text: whether it is JSON as RFC 8259 has it, which nests no deeper than
 * 64 levels, is UTF-8 throughout, has no NUL and no half surrogate pair in its strings, whole numbers of at
 * most 64 bits and no number that is infinite. json-glib itself takes comments, other quotes and more, so it
 * may see as a container what a simpler check saw as text; and it recurses. */
gboolean dms_json_text_check (const char *text, gsize length, GError **error);

G_END_DECLS
