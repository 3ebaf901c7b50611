/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads JSON from outside, member by member, with bounds and without building a tree. The first error stops
 * everything: later calls return empty values, and dms_wire_reader_finish() reports it. */
typedef struct _DmsWireReader DmsWireReader;

/* @data is borrowed. @what names it in messages, such as "token list". */
DmsWireReader *dms_wire_reader_new (const char *data, gsize size, gsize max_size, const char *what);
void dms_wire_reader_free (DmsWireReader *self);

/* TRUE when the value is an object; FALSE for null, which is skipped, and on an error. */
gboolean dms_wire_reader_enter_object (DmsWireReader *self);
/* The index in @names, the same for all of an object, of the next member, whatever its case; members not
 * named are skipped, and a named one may come once. -1 after the last, or on an error. */
int dms_wire_reader_next_member (DmsWireReader *self, const char * const *names);
/* The same for arrays: TRUE while there is another element to read. */
gboolean dms_wire_reader_enter_array (DmsWireReader *self);
gboolean dms_wire_reader_next_element (DmsWireReader *self);

gboolean dms_wire_reader_is_null (DmsWireReader *self);
gboolean dms_wire_reader_skip (DmsWireReader *self);
/* Owned; "" for null. Invalid UTF-8 becomes U+FFFD, as the field does; a NUL character is refused. */
char *dms_wire_reader_read_string (DmsWireReader *self);
guint64 dms_wire_reader_read_uint64 (DmsWireReader *self);
/* Owned; NULL for null. Strict padded base64. */
GBytes *dms_wire_reader_read_bytes (DmsWireReader *self);
/* The same, and where in the data its base64 stands just as an encoder writes it; length 0 if it does not. */
GBytes *dms_wire_reader_read_bytes_at (DmsWireReader *self, gsize *at, gsize *length);
/* Owned; NULL for null. At most @max_items. */
char **dms_wire_reader_read_strv (DmsWireReader *self, guint max_items);

/* What is left, from the next value on; borrowed. Nothing after an error. */
const char *dms_wire_reader_get_rest (DmsWireReader *self, gsize *size);
/* Passes over so much of it: a value that the caller knows. */
void dms_wire_reader_pass (DmsWireReader *self, gsize length);

/* Stops with an error of the caller's: what is wrong at this place. */
void dms_wire_reader_fail (DmsWireReader *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
gboolean dms_wire_reader_has_failed (DmsWireReader *self);
/* TRUE when all went well and nothing is left but white space. */
gboolean dms_wire_reader_finish (DmsWireReader *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsWireReader, dms_wire_reader_free)

G_END_DECLS
