/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/* Bounds on what is read from outside. */
enum
{
  DMS_VALUE_MAX_TEXT = 4096,
  DMS_VALUE_MAX_ITEMS = 4096,
  DMS_VALUE_MAX_DEPTH = 64,
  DMS_VALUE_MAX_BYTES = 16 * 1024 * 1024,
};

/* Reads the members of a JSON object with every check. The first error sticks: later reads answer nothing. */
typedef struct
{
  JsonObject *object;
  const char *what;
  GError *error;
} DmsValueReader;

gboolean dms_value_reader_open (DmsValueReader *self, JsonNode *node, const char *what);
gboolean dms_value_reader_close (DmsValueReader *self, GError **error);
void dms_value_reader_fail (DmsValueReader *self, const char *member, const char *reason);
JsonNode *dms_value_reader_get_member (DmsValueReader *self, const char *member);
const char *dms_value_reader_get_text (DmsValueReader *self, const char *member);
guint64 dms_value_reader_get_uint (DmsValueReader *self, const char *member, guint64 max);
gint64 dms_value_reader_get_int (DmsValueReader *self, const char *member, gint64 min, gint64 max);
double dms_value_reader_get_number (DmsValueReader *self, const char *member, double max);
void dms_value_reader_check_decimal (DmsValueReader *self, const char *member, const char *text);
double dms_value_reader_get_signed (DmsValueReader *self, const char *member);
gboolean dms_value_reader_get_boolean (DmsValueReader *self, const char *member);
JsonObject *dms_value_reader_get_object (DmsValueReader *self, const char *member);
JsonObject *dms_value_reader_copy_object (DmsValueReader *self, const char *member);
JsonArray *dms_value_reader_get_array (DmsValueReader *self, const char *member);
GBytes *dms_value_reader_dup_base64 (DmsValueReader *self, const char *member, gsize max);

/* Members that say nothing (no text, zero) are left out. */
void dms_value_set_text (JsonObject *object, const char *member, const char *text);
void dms_value_set_uint (JsonObject *object, const char *member, guint64 value);
void dms_value_set_number (JsonObject *object, const char *member, double value);
void dms_value_set_true (JsonObject *object, const char *member, gboolean value);
void dms_value_set_base64 (JsonObject *object, const char *member, GBytes *bytes);

JsonNode *dms_value_new_uint_node (guint64 value);
JsonNode *dms_value_new_number_node (double value);
JsonNode *dms_value_take_object (JsonObject *object);

/* A deep copy that nobody can change any more; NULL when it is nested too deeply. */
JsonObject *dms_value_copy_object (JsonObject *object);
gboolean dms_value_object_equal (JsonObject *a, JsonObject *b);
gboolean dms_value_array_equal (GPtrArray *a, GPtrArray *b, GEqualFunc equal);

G_END_DECLS
