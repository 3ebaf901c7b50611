/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "jobs/dms-preferences.h"
#include "resources/dms-profile.h"

G_BEGIN_DECLS

/* One node of an ensemble: a set of allocations that share a machine (ensemble.md 4.3). */
typedef struct _DmsNodeConfig DmsNodeConfig;

#define DMS_TYPE_NODE_CONFIG (dms_node_config_get_type ())

GType dms_node_config_get_type (void);

const char *dms_node_config_get_name (DmsNodeConfig *self);
const char *const *dms_node_config_get_allocations (DmsNodeConfig *self);
gboolean dms_node_config_has_allocation (DmsNodeConfig *self, const char *name);
/* (element-type DmsPortConfig) */
GPtrArray *dms_node_config_get_ports (DmsNodeConfig *self);
/* (element-type DmsLocation): where this node may be; empty means anywhere that is not rejected */
GPtrArray *dms_node_config_get_accept (DmsNodeConfig *self);
/* (element-type DmsLocation): where this node may not be */
GPtrArray *dms_node_config_get_reject (DmsNodeConfig *self);
/* (transfer full): `{accept: [Location], reject: [Location]}` without the empty ones */
JsonNode *dms_node_config_location_to_json (DmsNodeConfig *self);
/* (nullable): what is better of several machines that would do */
DmsPreferences *dms_node_config_get_preferences (DmsNodeConfig *self);
/* (nullable): what its machine must have besides resources, by the node and the ensemble */
DmsProfile *dms_node_config_get_required (DmsNodeConfig *self);
/* (nullable): the peer ID this node is pinned to */
const char *dms_node_config_get_peer (DmsNodeConfig *self);
guint dms_node_config_get_redundancy (DmsNodeConfig *self);
/* `stay_down`, `restart` or `redeploy` */
const char *dms_node_config_get_failure_recovery (DmsNodeConfig *self);

/* (transfer full): its standby number i, from 1: the same in all but name and peer (ensemble.md 4.3) */
DmsNodeConfig *dms_node_config_new_standby (DmsNodeConfig *self, guint i);
JsonNode *dms_node_config_to_json (DmsNodeConfig *self);
DmsNodeConfig *dms_node_config_ref (DmsNodeConfig *self);
void dms_node_config_unref (DmsNodeConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsNodeConfig, dms_node_config_unref)

G_END_DECLS
