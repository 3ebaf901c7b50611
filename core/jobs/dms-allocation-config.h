/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>
#include "jobs/dms-child-budget.h"
#include "jobs/dms-health-check.h"
#include "jobs/dms-preferences.h"
#include "resources/dms-profile.h"
#include "jobs/dms-task-flow.h"

G_BEGIN_DECLS

/* One job of an ensemble (ensemble.md 4.2). */
typedef struct _DmsAllocationConfig DmsAllocationConfig;

#define DMS_TYPE_ALLOCATION_CONFIG (dms_allocation_config_get_type ())

GType dms_allocation_config_get_type (void);

const char *dms_allocation_config_get_name (DmsAllocationConfig *self);
/* The executor, such as `docker`. */
const char *dms_allocation_config_get_executor (DmsAllocationConfig *self);
/* TRUE for `task`, FALSE for `service`. */
gboolean dms_allocation_config_is_task (DmsAllocationConfig *self);
/* `task` or `service` */
const char *dms_allocation_config_get_type_name (DmsAllocationConfig *self);
DmsResources *dms_allocation_config_get_resources (DmsAllocationConfig *self);
/* The parameters of the executor, never NULL. */
JsonObject *dms_allocation_config_get_params (DmsAllocationConfig *self);
/* (transfer full): `{type, params}` */
JsonNode *dms_allocation_config_execution_to_json (DmsAllocationConfig *self);
/* (transfer full): a list of volumes in the wire form; empty without any */
JsonNode *dms_allocation_config_volumes_to_json (DmsAllocationConfig *self);
/* (transfer full): a list of keys in the wire form; empty without any */
JsonNode *dms_allocation_config_keys_to_json (DmsAllocationConfig *self);
const char *dms_allocation_config_get_dns_name (DmsAllocationConfig *self);
/* Names of allocations of the same node that start before this one; may be empty. */
const char *const *dms_allocation_config_get_depends_on (DmsAllocationConfig *self);
/* (element-type DmsJobKey) */
GPtrArray *dms_allocation_config_get_keys (DmsAllocationConfig *self);
/* Names of the ensemble's scripts, in the order they run. */
const char *const *dms_allocation_config_get_provision (DmsAllocationConfig *self);
/* (element-type DmsVolume) */
GPtrArray *dms_allocation_config_get_volumes (DmsAllocationConfig *self);
/* (nullable) */
DmsHealthCheck *dms_allocation_config_get_health_check (DmsAllocationConfig *self);
/* (nullable): what is better of several machines that would do */
DmsPreferences *dms_allocation_config_get_preferences (DmsAllocationConfig *self);
/* (nullable): what its machine must have besides resources */
DmsProfile *dms_allocation_config_get_required (DmsAllocationConfig *self);
/* `stay_down`, `one_for_one`, `one_for_all` or `rest_for_one` */
const char *dms_allocation_config_get_failure_recovery (DmsAllocationConfig *self);
/* (nullable): what makes it a task of the ensemble's workflow */
DmsTaskFlow *dms_allocation_config_get_flow (DmsAllocationConfig *self);
/* (nullable): what the job may deploy itself */
DmsChildBudget *dms_allocation_config_get_children (DmsAllocationConfig *self);
/* `single`, an extension: it must never run twice at the same time, not even where one machine cannot know
 * of the other. */
gboolean dms_allocation_config_is_single (DmsAllocationConfig *self);

JsonNode *dms_allocation_config_to_json (DmsAllocationConfig *self);
DmsAllocationConfig *dms_allocation_config_ref (DmsAllocationConfig *self);
void dms_allocation_config_unref (DmsAllocationConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAllocationConfig, dms_allocation_config_unref)

G_END_DECLS
