/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A node of the supervision tree as a job file declares it (ensemble.md 4.9). */
typedef struct _DmsSupervisorConfig DmsSupervisorConfig;

#define DMS_TYPE_SUPERVISOR_CONFIG (dms_supervisor_config_get_type ())

GType dms_supervisor_config_get_type (void);

/* children: (element-type DmsSupervisorConfig) */
DmsSupervisorConfig *
dms_supervisor_config_new (const char *strategy, const char *const *allocations, GPtrArray *children);
/* `OneForOne`, `AllForOne` or `RestForOne`; empty when not given. */
const char *dms_supervisor_config_get_strategy (DmsSupervisorConfig *self);
const char *const *dms_supervisor_config_get_allocations (DmsSupervisorConfig *self);
/* (element-type DmsSupervisorConfig) */
GPtrArray *dms_supervisor_config_get_children (DmsSupervisorConfig *self);

JsonNode *dms_supervisor_config_to_json (DmsSupervisorConfig *self);
DmsSupervisorConfig *dms_supervisor_config_ref (DmsSupervisorConfig *self);
void dms_supervisor_config_unref (DmsSupervisorConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSupervisorConfig, dms_supervisor_config_unref)

G_END_DECLS
