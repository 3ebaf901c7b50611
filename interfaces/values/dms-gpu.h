/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

/**
 * DmsGpuVendor:
 * @DMS_GPU_VENDOR_NONE: not given; as a requirement it matches any (`None`)
 * @DMS_GPU_VENDOR_NVIDIA: `NVIDIA`
 * @DMS_GPU_VENDOR_AMD: `AMD/ATI`
 * @DMS_GPU_VENDOR_INTEL: `Intel`
 * @DMS_GPU_VENDOR_UNKNOWN: `Unknown`
 *
 * Makers of GPUs as the wire format names them.
 */
typedef enum {
  DMS_GPU_VENDOR_NONE,
  DMS_GPU_VENDOR_NVIDIA,
  DMS_GPU_VENDOR_AMD,
  DMS_GPU_VENDOR_INTEL,
  DMS_GPU_VENDOR_UNKNOWN,
} DmsGpuVendor;

#define DMS_TYPE_GPU (dms_gpu_get_type ())

DMS_EXPORT GType dms_gpu_get_type (void);

DMS_EXPORT DmsGpu *dms_gpu_new (guint index,
                         DmsGpuVendor vendor,
                         const char *model,
                         const char *pci_address,
                         const char *uuid,
                         guint64 vram_bytes);
DMS_EXPORT guint dms_gpu_get_index (DmsGpu *self);
DMS_EXPORT DmsGpuVendor dms_gpu_get_vendor (DmsGpu *self);
DMS_EXPORT const char *dms_gpu_get_model (DmsGpu *self);
DMS_EXPORT const char *dms_gpu_get_pci_address (DmsGpu *self);
DMS_EXPORT const char *dms_gpu_get_uuid (DmsGpu *self);
DMS_EXPORT guint64 dms_gpu_get_vram_bytes (DmsGpu *self);
DMS_EXPORT const char *dms_gpu_vendor_to_string (DmsGpuVendor vendor);
DMS_EXPORT DmsGpuVendor dms_gpu_vendor_from_string (const char *text);

DMS_EXPORT DmsGpu *dms_gpu_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_gpu_to_json (DmsGpu *self);
DMS_EXPORT DmsGpu *dms_gpu_ref (DmsGpu *self);
DMS_EXPORT void dms_gpu_unref (DmsGpu *self);
DMS_EXPORT gboolean dms_gpu_equal (DmsGpu *a, DmsGpu *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsGpu, dms_gpu_unref)

G_END_DECLS
