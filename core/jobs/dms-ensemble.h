/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>
#include "jobs/dms-allocation-config.h"
#include "jobs/dms-contract-ref.h"
#include "jobs/dms-edge.h"
#include "jobs/dms-node-config.h"
#include "jobs/dms-supervision-limits.h"
#include "jobs/dms-supervisor-config.h"

G_BEGIN_DECLS

/* What a job file asks for, checked (ensemble.md 4.1). Immutable. */
typedef struct _DmsEnsemble DmsEnsemble;

#define DMS_TYPE_ENSEMBLE (dms_ensemble_get_type ())

GType dms_ensemble_get_type (void);

/* The wire form `{"v1": {…}}` as other nodes and the command line send it: bytes, Hz, nanoseconds. Checked as
 * strictly as a file; member names in any case; members of later versions are skipped. NULL with
 * DMS_ERROR_INVALID_DATA, one line an error. */
DmsEnsemble *dms_ensemble_new_from_json (JsonNode *node, GError **error);
/* (element-type DmsAllocationConfig): in the order of the file, at least one */
GPtrArray *dms_ensemble_get_allocations (DmsEnsemble *self);
/* (nullable) */
DmsAllocationConfig *dms_ensemble_find_allocation (DmsEnsemble *self, const char *name);
/* (element-type DmsNodeConfig): in the order of the file, at least one */
GPtrArray *dms_ensemble_get_nodes (DmsEnsemble *self);
/* (nullable) */
DmsNodeConfig *dms_ensemble_find_node (DmsEnsemble *self, const char *name);
/* (nullable): the node that has this allocation */
DmsNodeConfig *dms_ensemble_find_node_of (DmsEnsemble *self, const char *allocation);
/* (element-type DmsEdge) */
GPtrArray *dms_ensemble_get_edges (DmsEnsemble *self);
/* (nullable) */
DmsSupervisorConfig *dms_ensemble_get_supervisor (DmsEnsemble *self);
/* How it wants to be watched; never NULL. */
const DmsSupervisionLimits *dms_ensemble_get_supervision (DmsEnsemble *self);
/* (nullable): `redeploy` or `teardown` */
const char *dms_ensemble_get_escalation_strategy (DmsEnsemble *self);
gboolean dms_ensemble_get_subnet_join (DmsEnsemble *self);
/* Peer IDs that must not serve this ensemble. */
const char *const *dms_ensemble_get_exclude_peers (DmsEnsemble *self);
/* (nullable) (transfer none) */
GBytes *dms_ensemble_get_script (DmsEnsemble *self, const char *name);
/* Member values are texts; never NULL. */
JsonObject *dms_ensemble_get_metadata (DmsEnsemble *self);
/* (element-type DmsContractRef) */
GPtrArray *dms_ensemble_get_contracts (DmsEnsemble *self);
/* (nullable): what the reader of the file should know although it is no error, one text a warning. Not part
 * of the JSON form. */
const char *const *dms_ensemble_get_warnings (DmsEnsemble *self);

JsonNode *dms_ensemble_to_json (DmsEnsemble *self);
DmsEnsemble *dms_ensemble_ref (DmsEnsemble *self);
void dms_ensemble_unref (DmsEnsemble *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsEnsemble, dms_ensemble_unref)

G_END_DECLS
