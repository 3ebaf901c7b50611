/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-gpu.h"

#include "values/dms-value-private.h"

/**
 * DmsGpu:
 *
 * A GPU, or a requirement of one.
 * Immutable and counted.
 */
struct _DmsGpu
{
  guint index;
  DmsGpuVendor vendor;
  char *model;
  char *pci_address;
  char *uuid;
  guint64 vram_bytes;
};

G_DEFINE_BOXED_TYPE (DmsGpu, dms_gpu, dms_gpu_ref, dms_gpu_unref)

/**
 * dms_gpu_vendor_to_string:
 * @vendor: a maker
 *
 * Returns: (transfer none): its name on the wire
 */
const char *
dms_gpu_vendor_to_string (DmsGpuVendor vendor)
{
  switch (vendor)
    {
    case DMS_GPU_VENDOR_NONE:
      return "None";
    case DMS_GPU_VENDOR_NVIDIA:
      return "NVIDIA";
    case DMS_GPU_VENDOR_AMD:
      return "AMD/ATI";
    case DMS_GPU_VENDOR_INTEL:
      return "Intel";
    case DMS_GPU_VENDOR_UNKNOWN:
    default:
      return "Unknown";
    }
}

/**
 * dms_gpu_vendor_from_string:
 * @text: (nullable): a maker's name in any case; `AMD` and `ATI` alone are understood too
 *
 * Returns: the maker; %DMS_GPU_VENDOR_NONE for no text, %DMS_GPU_VENDOR_UNKNOWN for one that is not known
 */
DmsGpuVendor
dms_gpu_vendor_from_string (const char *text)
{
  if (text == NULL || text[0] == '\0' || g_ascii_strcasecmp (text, "None") == 0)
    return DMS_GPU_VENDOR_NONE;
  if (g_ascii_strcasecmp (text, "NVIDIA") == 0)
    return DMS_GPU_VENDOR_NVIDIA;
  if (g_ascii_strcasecmp (text, "AMD/ATI") == 0 || g_ascii_strcasecmp (text, "AMD") == 0
      || g_ascii_strcasecmp (text, "ATI") == 0)
    return DMS_GPU_VENDOR_AMD;
  if (g_ascii_strcasecmp (text, "Intel") == 0)
    return DMS_GPU_VENDOR_INTEL;
  return DMS_GPU_VENDOR_UNKNOWN;
}

static DmsGpuVendor
dms_gpu_read_vendor (DmsValueReader *reader, const char *member)
{
  return dms_gpu_vendor_from_string (dms_value_reader_get_text (reader, member));
}

/**
 * dms_gpu_new:
 * @index: number on its machine
 * @vendor: maker
 * @model: (nullable): model
 * @pci_address: (nullable): PCI address, such as `0000:02:00.0`
 * @uuid: (nullable): UUID the driver gives
 * @vram_bytes: memory in bytes
 *
 * Makes a GPU.
 *
 * Returns: (transfer full): the value
 */
DmsGpu *
dms_gpu_new (guint index,
             DmsGpuVendor vendor,
             const char *model,
             const char *pci_address,
             const char *uuid,
             guint64 vram_bytes)
{
  DmsGpu *self = g_atomic_rc_box_new0 (DmsGpu);

  self->index = index;
  self->vendor = vendor;
  self->model = g_strdup (model != NULL && model[0] != '\0' ? model : NULL);
  self->pci_address = g_strdup (pci_address != NULL && pci_address[0] != '\0' ? pci_address : NULL);
  self->uuid = g_strdup (uuid != NULL && uuid[0] != '\0' ? uuid : NULL);
  self->vram_bytes = vram_bytes;
  return self;
}

/**
 * dms_gpu_get_index:
 * @self: a GPU
 *
 * Returns: number on its machine
 */
guint
dms_gpu_get_index (DmsGpu *self)
{
  return self->index;
}

/**
 * dms_gpu_get_vendor:
 * @self: a GPU
 *
 * Returns: maker
 */
DmsGpuVendor
dms_gpu_get_vendor (DmsGpu *self)
{
  return self->vendor;
}

/**
 * dms_gpu_get_model:
 * @self: a GPU
 *
 * Returns: (transfer none) (nullable): model
 */
const char *
dms_gpu_get_model (DmsGpu *self)
{
  return self->model;
}

/**
 * dms_gpu_get_pci_address:
 * @self: a GPU
 *
 * Returns: (transfer none) (nullable): PCI address, such as `0000:02:00.0`
 */
const char *
dms_gpu_get_pci_address (DmsGpu *self)
{
  return self->pci_address;
}

/**
 * dms_gpu_get_uuid:
 * @self: a GPU
 *
 * Returns: (transfer none) (nullable): UUID the driver gives
 */
const char *
dms_gpu_get_uuid (DmsGpu *self)
{
  return self->uuid;
}

/**
 * dms_gpu_get_vram_bytes:
 * @self: a GPU
 *
 * Returns: memory in bytes
 */
guint64
dms_gpu_get_vram_bytes (DmsGpu *self)
{
  return self->vram_bytes;
}

/**
 * dms_gpu_new_from_json:
 * @node: (nullable): a GPU (specification, types §3)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsGpu *
dms_gpu_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsGpu) self = g_atomic_rc_box_new0 (DmsGpu);

  dms_value_reader_open (&reader, node, "GPU");
  self->index = dms_value_reader_get_uint (&reader, "index", G_MAXUINT);
  self->vendor = dms_gpu_read_vendor (&reader, "vendor");
  self->model = g_strdup (dms_value_reader_get_text (&reader, "model"));
  self->pci_address = g_strdup (dms_value_reader_get_text (&reader, "pci_address"));
  self->uuid = g_strdup (dms_value_reader_get_text (&reader, "uuid"));
  self->vram_bytes = dms_value_reader_get_uint (&reader, "vram", (guint64) 1 << 60);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_gpu_to_json:
 * @self: a GPU
 *
 * Returns: (transfer full): a GPU (specification, types §3)
 */
JsonNode *
dms_gpu_to_json (DmsGpu *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "index", dms_value_new_uint_node (self->index));
  json_object_set_string_member (object, "vendor", dms_gpu_vendor_to_string (self->vendor));
  json_object_set_string_member (object, "pci_address", self->pci_address != NULL ? self->pci_address : "");
  json_object_set_string_member (object, "model", self->model != NULL ? self->model : "");
  json_object_set_member (object, "vram", dms_value_new_uint_node (self->vram_bytes));
  json_object_set_string_member (object, "uuid", self->uuid != NULL ? self->uuid : "");
  return dms_value_take_object (object);
}

/**
 * dms_gpu_ref:
 * @self: a GPU
 *
 * Returns: (transfer full): @self
 */
DmsGpu *
dms_gpu_ref (DmsGpu *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_gpu_clear (gpointer data)
{
  DmsGpu *self = data;

  g_free (self->model);
  g_free (self->pci_address);
  g_free (self->uuid);
}

/**
 * dms_gpu_unref:
 * @self: (transfer full): a GPU
 *
 * Gives up a reference.
 */
void
dms_gpu_unref (DmsGpu *self)
{
  g_atomic_rc_box_release_full (self, dms_gpu_clear);
}

/**
 * dms_gpu_equal:
 * @a: a GPU
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_gpu_equal (DmsGpu *a, DmsGpu *b)
{
  return a->index == b->index
         && a->vendor == b->vendor
         && g_strcmp0 (a->model, b->model) == 0
         && g_strcmp0 (a->pci_address, b->pci_address) == 0
         && g_strcmp0 (a->uuid, b->uuid) == 0
         && a->vram_bytes == b->vram_bytes;
}
