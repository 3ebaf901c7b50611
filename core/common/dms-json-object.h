/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Reading JSON objects that came from outside: member names count in any case of letters (an exact match
 * first), and a wrong type is never a crash. `get_` borrows from the object; a NULL object has no members. */

/* (nullable) (transfer none) */
JsonNode *dms_json_object_get_member (JsonObject *object, const char *name);
/* (nullable): also NULL when it is no text, JSON null included. */
const char *dms_json_object_get_text (JsonObject *object, const char *name);
gboolean dms_json_object_get_flag (JsonObject *object, const char *name);
/* @fallback when absent, no whole number, or outside @min … @max. */
gint64 dms_json_object_get_whole (JsonObject *object, const char *name, gint64 min, gint64 max,
                                  gint64 fallback);
/* The same for numbers that need not be whole. */
double dms_json_object_get_number (JsonObject *object, const char *name, double min, double max,
                                   double fallback);
/* (nullable) */
JsonObject *dms_json_object_get_child (JsonObject *object, const char *name);
/* (nullable) */
JsonArray *dms_json_object_get_list (JsonObject *object, const char *name);
/* (nullable) (transfer full): the texts of a list; NULL when absent, null, or anything in it is no text. */
GStrv dms_json_object_dup_texts (JsonObject *object, const char *name);

/* (nullable): the object of a node, NULL for anything else. */
JsonObject *dms_json_node_get_child (JsonNode *node);
/* (transfer full): compact JSON text. */
char *dms_json_node_to_text (JsonNode *node);
/* (transfer full): NULL with INVALID_DATA or TOO_LARGE. */
JsonNode *dms_json_node_from_text (const char *text, gssize length, GError **error);

G_END_DECLS
