/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes compact JSON byte for byte as Go's encoding/json does (types.md section 1). A member's @name is NULL
 * inside an array and for the outermost value. */
typedef struct _DmsWireWriter DmsWireWriter;

DmsWireWriter *dms_wire_writer_new (void);
/* With room for a text of about this size. */
DmsWireWriter *dms_wire_writer_new_sized (gsize size);
void dms_wire_writer_free (DmsWireWriter *self);

void dms_wire_writer_begin_object (DmsWireWriter *self, const char *name);
void dms_wire_writer_end_object (DmsWireWriter *self);
/* Takes back the end of the object that was just ended, for more members. */
void dms_wire_writer_reopen_object (DmsWireWriter *self);
void dms_wire_writer_begin_array (DmsWireWriter *self, const char *name);
void dms_wire_writer_end_array (DmsWireWriter *self);
void dms_wire_writer_add_string (DmsWireWriter *self, const char *name, const char *value);
void dms_wire_writer_add_uint64 (DmsWireWriter *self, const char *name, guint64 value);
void dms_wire_writer_add_boolean (DmsWireWriter *self, const char *name, gboolean value);
void dms_wire_writer_add_null (DmsWireWriter *self, const char *name);
/* A byte string: padded standard base64, "" when empty, null when NULL. */
void dms_wire_writer_add_bytes (DmsWireWriter *self, const char *name, GBytes *value);
/* The same for what is encoded already, and only for that. */
void dms_wire_writer_add_base64 (DmsWireWriter *self, const char *name, const char *text, gsize length);
/* A value that another writer wrote. */
void dms_wire_writer_add_json (DmsWireWriter *self, const char *name, GBytes *value);

/* Bytes in front of the text, such as a signature's domain. Only before anything else. */
void dms_wire_writer_add_prefix (DmsWireWriter *self, const char *prefix);
/* What was written so far; borrowed, ends in a NUL that is not counted. */
const char *dms_wire_writer_get_data (DmsWireWriter *self, gsize *size);
GBytes *dms_wire_writer_end (DmsWireWriter *self);
char *dms_wire_writer_end_string (DmsWireWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsWireWriter, dms_wire_writer_free)

G_END_DECLS
