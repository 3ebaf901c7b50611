/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Small helpers to write the wire form of jobs. */

JsonNode *dms_job_json_take_object (JsonObject *object);
/* Nothing is set for NULL or an empty text. */
void dms_job_json_set_text (JsonObject *object, const char *name, const char *text);
/* Nothing is set for NULL or an empty list. */
void dms_job_json_set_strv (JsonObject *object, const char *name, const char *const *texts);
/* to_json: makes the JSON of an item. Nothing is set for an empty array. */
void dms_job_json_set_array (JsonObject *object,
                             const char *name,
                             GPtrArray *items,
                             JsonNode *(*to_json) (gpointer));

G_END_DECLS
