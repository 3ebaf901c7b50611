/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* How to see that an allocation is well (ensemble.md 4.7). The JSON form is the wire's, interval in ns. */
typedef struct _DmsHealthCheck DmsHealthCheck;

#define DMS_TYPE_HEALTH_CHECK (dms_health_check_get_type ())

GType dms_health_check_get_type (void);

/* exec and endpoint: (nullable) */
DmsHealthCheck *dms_health_check_new (const char *type,
                                      const char *const *exec,
                                      const char *endpoint,
                                      const char *response_type,
                                      const char *response_value,
                                      gint64 interval_ns);
/* NULL with DMS_ERROR_INVALID_DATA, or DMS_ERROR_NOT_FOUND for an empty one, which stands for none. */
DmsHealthCheck *dms_health_check_new_from_json (JsonNode *node, GError **error);
/* `command` or `http` */
const char *dms_health_check_get_type_name (DmsHealthCheck *self);
/* (nullable): the command of type `command` */
const char *const *dms_health_check_get_exec (DmsHealthCheck *self);
/* (nullable): the URL of type `http` */
const char *dms_health_check_get_endpoint (DmsHealthCheck *self);
/* What the answer must contain (command) or be (http); empty when anything will do. */
const char *dms_health_check_get_response_value (DmsHealthCheck *self);
const char *dms_health_check_get_response_type (DmsHealthCheck *self);
/* Nanoseconds between two checks; always positive. */
gint64 dms_health_check_get_interval_ns (DmsHealthCheck *self);

JsonNode *dms_health_check_to_json (DmsHealthCheck *self);
DmsHealthCheck *dms_health_check_ref (DmsHealthCheck *self);
void dms_health_check_unref (DmsHealthCheck *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsHealthCheck, dms_health_check_unref)

G_END_DECLS
