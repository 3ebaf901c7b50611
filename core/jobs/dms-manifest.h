/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-allocation-manifest.h"
#include "jobs/dms-ensemble.h"
#include "jobs/dms-node-manifest.h"

G_BEGIN_DECLS

/* What became of an ensemble: who runs what (types.md 5). Immutable and counted. */
typedef struct _DmsManifest DmsManifest;

#define DMS_TYPE_MANIFEST (dms_manifest_get_type ())

GType dms_manifest_get_type (void);

/* allocations: (element-type DmsAllocationManifest); nodes: (element-type DmsNodeManifest). Metadata, network
 * and contracts are the ensemble's. */
DmsManifest *dms_manifest_new (const char *id,
                               DmsEnsemble *ensemble,
                               DmsHandle *orchestrator,
                               GPtrArray *allocations,
                               GPtrArray *nodes);
const char *dms_manifest_get_id (DmsManifest *self);
DmsHandle *dms_manifest_get_orchestrator (DmsManifest *self);
/* Member values are texts. */
JsonObject *dms_manifest_get_metadata (DmsManifest *self);
/* (element-type DmsAllocationManifest) */
GPtrArray *dms_manifest_get_allocations (DmsManifest *self);
/* (element-type DmsNodeManifest) */
GPtrArray *dms_manifest_get_nodes (DmsManifest *self);
/* (nullable): by its full ID, `node.allocation`, or the bare name. */
DmsAllocationManifest *dms_manifest_find_allocation (DmsManifest *self, const char *name);
/* (nullable) */
DmsNodeManifest *dms_manifest_find_node (DmsManifest *self, const char *name);

/* NULL with DMS_ERROR_INVALID_DATA. Member names count in any case. */
DmsManifest *dms_manifest_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_manifest_to_json (DmsManifest *self);
DmsManifest *dms_manifest_ref (DmsManifest *self);
void dms_manifest_unref (DmsManifest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsManifest, dms_manifest_unref)

G_END_DECLS
