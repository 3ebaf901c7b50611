/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-handle.h"
#include "resources/dms-location.h"

G_BEGIN_DECLS

/* Which machine a node of an ensemble is (types.md 5). Immutable and counted. */
typedef struct _DmsNodeManifest DmsNodeManifest;

#define DMS_TYPE_NODE_MANIFEST (dms_node_manifest_get_type ())

GType dms_node_manifest_get_type (void);

/* peer, handle, location: (nullable): NULL before a machine is chosen. allocations: their keys. */
DmsNodeManifest *dms_node_manifest_new (const char *id,
                                        const char *peer,
                                        DmsHandle *handle,
                                        DmsLocation *location,
                                        const char *const *allocations);
/* Says which part it has among nodes that can take over from each other, before it is shown to anybody.
 * primary: (nullable): whose standby it is, with its number from 1; standbys: (nullable): names of its
 * own. */
void dms_node_manifest_set_redundancy (DmsNodeManifest *self,
                                       const char *primary,
                                       guint standby_index,
                                       const char *const *standbys,
                                       gboolean active);
const char *dms_node_manifest_get_id (DmsNodeManifest *self);
/* Empty when no machine is chosen. */
const char *dms_node_manifest_get_peer (DmsNodeManifest *self);
/* The machine's root actor; the empty handle when none is chosen. */
DmsHandle *dms_node_manifest_get_handle (DmsNodeManifest *self);
/* (nullable) */
DmsLocation *dms_node_manifest_get_location (DmsNodeManifest *self);
const char *const *dms_node_manifest_get_allocations (DmsNodeManifest *self);

/* NULL with DMS_ERROR_INVALID_DATA. Member names count in any case. */
DmsNodeManifest *dms_node_manifest_new_from_json (JsonNode *node, GError **error);
JsonNode *dms_node_manifest_to_json (DmsNodeManifest *self);
DmsNodeManifest *dms_node_manifest_ref (DmsNodeManifest *self);
void dms_node_manifest_unref (DmsNodeManifest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsNodeManifest, dms_node_manifest_unref)

G_END_DECLS
