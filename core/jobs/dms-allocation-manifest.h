/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-handle.h"
#include "jobs/dms-allocation-config.h"

G_BEGIN_DECLS

/* What became of an allocation: where it is and how it is reached (types.md 5). Immutable and counted. */
typedef struct _DmsAllocationManifest DmsAllocationManifest;

#define DMS_TYPE_ALLOCATION_MANIFEST (dms_allocation_manifest_get_type ())

GType dms_allocation_manifest_get_type (void);

/* id: the full ID. handle: (nullable): NULL before it is allocated. ports: (element-type DmsPortConfig): with
 * their public ports known. */
DmsAllocationManifest *dms_allocation_manifest_new (const char *id,
                                                    const char *node_id,
                                                    DmsAllocationConfig *config,
                                                    DmsHandle *handle,
                                                    GPtrArray *ports,
                                                    const char *status);
const char *dms_allocation_manifest_get_id (DmsAllocationManifest *self);
/* The ensemble's node it is on. */
const char *dms_allocation_manifest_get_node_id (DmsAllocationManifest *self);
const char *dms_allocation_manifest_get_type_name (DmsAllocationManifest *self);
/* Its actor; the empty handle when it has none. */
DmsHandle *dms_allocation_manifest_get_handle (DmsAllocationManifest *self);
/* `<name>.internal` */
const char *dms_allocation_manifest_get_dns_name (DmsAllocationManifest *self);
/* Address in the ensemble's network; empty without one. */
const char *dms_allocation_manifest_get_private_address (DmsAllocationManifest *self);
/* (element-type DmsPortConfig) */
GPtrArray *dms_allocation_manifest_get_ports (DmsAllocationManifest *self);
/* (nullable) */
DmsHealthCheck *dms_allocation_manifest_get_health_check (DmsAllocationManifest *self);
const char *dms_allocation_manifest_get_status (DmsAllocationManifest *self);
/* Says that it belongs to a group that can take over from each other, before it is shown to anybody. */
void dms_allocation_manifest_set_redundancy (DmsAllocationManifest *self,
                                             const char *group,
                                             gboolean standby);
gboolean dms_allocation_manifest_get_is_standby (DmsAllocationManifest *self);

/* NULL with DMS_ERROR_INVALID_DATA. Member names count in any case. */
DmsAllocationManifest *dms_allocation_manifest_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_allocation_manifest_to_json (DmsAllocationManifest *self);
DmsAllocationManifest *dms_allocation_manifest_ref (DmsAllocationManifest *self);
void dms_allocation_manifest_unref (DmsAllocationManifest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAllocationManifest, dms_allocation_manifest_unref)

G_END_DECLS
