/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* For how long a machine lends itself, or a job runs at most (resources-and-matching.md section 5). Immutable
 * and counted. */
typedef struct _DmsTimeLimit DmsTimeLimit;

#define DMS_TYPE_TIME_LIMIT (dms_time_limit_get_type ())

GType dms_time_limit_get_type (void);

/* Empty texts count as unset. */
DmsTimeLimit *dms_time_limit_new (const char *units, double max_time, double preference);
/* (nullable): `seconds`, `minutes`, `hours` or `days`; NULL is seconds. */
const char *dms_time_limit_get_units (DmsTimeLimit *self);
/* 0 is unset. */
double dms_time_limit_get_max_time (DmsTimeLimit *self);
/* max_time in seconds, whatever its units. */
double dms_time_limit_get_seconds (DmsTimeLimit *self);
/* 0 is unset. */
double dms_time_limit_get_preference (DmsTimeLimit *self);

/* NULL with INVALID_DATA. */
DmsTimeLimit *dms_time_limit_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_time_limit_to_json (DmsTimeLimit *self);
gboolean dms_time_limit_equal (DmsTimeLimit *a, DmsTimeLimit *b);
DmsTimeLimit *dms_time_limit_ref (DmsTimeLimit *self);
void dms_time_limit_unref (DmsTimeLimit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTimeLimit, dms_time_limit_unref)

G_END_DECLS
