/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_RESOURCES (dms_resources_get_type ())

DMS_EXPORT GType dms_resources_get_type (void);

DMS_EXPORT DmsResources *dms_resources_new (DmsCpu *cpu, DmsRam *ram, DmsDisk *disk, GPtrArray *gpus);
/* Nothing at all. */
DMS_EXPORT DmsResources *dms_resources_new_empty (void);
DMS_EXPORT DmsCpu *dms_resources_get_cpu (DmsResources *self);
DMS_EXPORT DmsRam *dms_resources_get_ram (DmsResources *self);
DMS_EXPORT DmsDisk *dms_resources_get_disk (DmsResources *self);
/* (element-type DmsGpu): never NULL, may be empty. */
DMS_EXPORT GPtrArray *dms_resources_get_gpus (DmsResources *self);
/* Quantities are added: cores (two decimals), bytes of RAM and disk, VRAM of GPUs of the same index. */
DMS_EXPORT DmsResources *dms_resources_add (DmsResources *a, DmsResources *b);
/* NULL with DMS_ERROR_NO_RESOURCES, naming the quantity, when b does not fit in a. */
DMS_EXPORT DmsResources *dms_resources_subtract (DmsResources *a, DmsResources *b, GError **error);
/* One line for people, such as `2 cores, 4.0 GiB RAM, 10.0 GiB disk, 1 GPU (8.0 GiB)`. */
DMS_EXPORT char *dms_resources_describe (DmsResources *self);

DMS_EXPORT DmsResources *dms_resources_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_resources_to_json (DmsResources *self);
DMS_EXPORT DmsResources *dms_resources_ref (DmsResources *self);
DMS_EXPORT void dms_resources_unref (DmsResources *self);
DMS_EXPORT gboolean dms_resources_equal (DmsResources *a, DmsResources *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsResources, dms_resources_unref)

G_END_DECLS
