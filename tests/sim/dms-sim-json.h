/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Scenarios are checked before they come here (scenario.py); what is not there has a fallback. */

double dms_sim_json_get_number (JsonObject *object, const char *name, double fallback);
guint dms_sim_json_get_count (JsonObject *object, const char *name, guint fallback);
/* Borrowed. */
const char *dms_sim_json_get_text (JsonObject *object, const char *name, const char *fallback);
JsonObject *dms_sim_json_get_object (JsonObject *object, const char *name);

/* A summary of numbers, which are sorted: n, mean, p50, p90, p99, max. */
JsonObject *dms_sim_json_summarize (GArray *doubles);
/* [[x, y], …] */
void dms_sim_json_add_point (JsonArray *points, double x, double y);

G_END_DECLS
