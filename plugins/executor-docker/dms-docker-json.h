/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Getters that look at the type first: what an engine or a job file sends may be of any shape. Names are
 * matched ignoring case. Everything returned is borrowed. */

JsonNode *dms_docker_json_get (JsonObject *object, const char *name);
JsonObject *dms_docker_json_get_object (JsonObject *object, const char *name);
JsonArray *dms_docker_json_get_array (JsonObject *object, const char *name);
const char *dms_docker_json_get_string (JsonObject *object, const char *name);
gint64 dms_docker_json_get_int (JsonObject *object, const char *name);
guint64 dms_docker_json_get_uint (JsonObject *object, const char *name);
gboolean dms_docker_json_get_boolean (JsonObject *object, const char *name);
GStrv dms_docker_json_dup_strv (JsonObject *object, const char *name);

JsonNode *dms_docker_json_parse (GBytes *bytes, GError **error);
GBytes *dms_docker_json_to_bytes (JsonNode *node);

G_END_DECLS
