/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "executor/dms-gpu-devices.h"

#include <string.h>

#include "dms-error.h"
#include "values/dms-gpu.h"

/* What is found, with no file twice. */
typedef struct
{
  const char *root;
  GPtrArray *paths;
} DmsGpuDevices;

static gboolean
dms_gpu_devices_add (DmsGpuDevices *self, const char *path)
{
  g_autofree char *real = g_build_filename (self->root, path, NULL);

  if (!g_file_test (real, G_FILE_TEST_EXISTS))
    return FALSE;
  if (!g_ptr_array_find_with_equal_func (self->paths, path, g_str_equal, NULL))
    g_ptr_array_add (self->paths, g_strdup (path));
  return TRUE;
}

/* (element-type utf8): what is in a folder and begins so. */
static GPtrArray *
dms_gpu_devices_find (DmsGpuDevices *self, const char *folder, const char *prefix)
{
  g_autofree char *real = g_build_filename (self->root, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (real, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix))
      g_ptr_array_add (names, g_strdup (name));
  return names;
}

static gboolean
dms_gpu_devices_add_below (DmsGpuDevices *self, const char *folder, GPtrArray *names)
{
  gboolean any = FALSE;

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, g_ptr_array_index (names, i), NULL);

      any = dms_gpu_devices_add (self, path) || any;
    }
  return any;
}

static gboolean
dms_gpu_devices_add_nvidia (DmsGpuDevices *self, DmsGpu *gpu)
{
  static const char *const shared[] = {
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"
  };
  g_autofree char *own = g_strdup_printf ("/dev/nvidia%u", dms_gpu_get_index (gpu));
  g_autoptr (GPtrArray) caps = NULL;

  if (!dms_gpu_devices_add (self, own))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (shared); i++)
    dms_gpu_devices_add (self, shared[i]);
  caps = dms_gpu_devices_find (self, "/dev/nvidia-caps", "nvidia-cap");
  dms_gpu_devices_add_below (self, "/dev/nvidia-caps", caps);
  return TRUE;
}

/* Such as 0000:03:00.0, and never a way to another folder. */
static gboolean
dms_gpu_devices_is_address (const char *text)
{
  return text != NULL && strchr (text, ':') != NULL &&
         text[strspn (text, "0123456789abcdefABCDEF:.")] == '\0';
}

/* What there is, where it can only be one card's. */
static gboolean
dms_gpu_devices_add_only (DmsGpuDevices *self)
{
  g_autoptr (GPtrArray) cards = dms_gpu_devices_find (self, "/dev/dri", "card");
  g_autoptr (GPtrArray) renders = dms_gpu_devices_find (self, "/dev/dri", "renderD");
  gboolean any;

  if (cards->len > 1 || renders->len > 1)
    return FALSE;
  any = dms_gpu_devices_add_below (self, "/dev/dri", cards);
  return dms_gpu_devices_add_below (self, "/dev/dri", renders) || any;
}

/* The kernel says which nodes are those of a device. */
static gboolean
dms_gpu_devices_add_dri (DmsGpuDevices *self, DmsGpu *gpu)
{
  const char *address = dms_gpu_get_pci_address (gpu);
  g_autofree char *device = NULL;
  g_autofree char *real = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (GPtrArray) cards = NULL;
  g_autoptr (GPtrArray) renders = NULL;
  gboolean any;

  if (!dms_gpu_devices_is_address (address))
    return dms_gpu_devices_add_only (self);
  device = g_build_filename ("/sys/bus/pci/devices", address, NULL);
  real = g_build_filename (self->root, device, NULL);
  if (!g_file_test (real, G_FILE_TEST_EXISTS))
    return dms_gpu_devices_add_only (self);
  folder = g_build_filename (device, "drm", NULL);
  cards = dms_gpu_devices_find (self, folder, "card");
  renders = dms_gpu_devices_find (self, folder, "renderD");
  any = dms_gpu_devices_add_below (self, "/dev/dri", cards);
  return dms_gpu_devices_add_below (self, "/dev/dri", renders) || any;
}

static gboolean
dms_gpu_devices_add_gpu (DmsGpuDevices *self, DmsGpu *gpu)
{
  const DmsGpuVendor vendor = dms_gpu_get_vendor (gpu);
  const gboolean unknown = vendor == DMS_GPU_VENDOR_NONE || vendor == DMS_GPU_VENDOR_UNKNOWN;
  gboolean any = FALSE;

  if (vendor == DMS_GPU_VENDOR_NVIDIA || unknown)
    any = dms_gpu_devices_add_nvidia (self, gpu);
  if (vendor != DMS_GPU_VENDOR_NVIDIA)
    any = dms_gpu_devices_add_dri (self, gpu) || any;
  if (any && (vendor == DMS_GPU_VENDOR_AMD || unknown))
    dms_gpu_devices_add (self, "/dev/kfd");
  return any;
}

static int
dms_gpu_devices_compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * dms_gpu_devices_list:
 * @gpus: (nullable) (element-type DmsGpu): the GPUs that a job was given, of this machine
 * @root: where `dev` and `sys` are, normally `/`
 * @error: return location for an error
 *
 * Finds the device files that a job with these GPUs needs: those of each GPU's own, which for all makers but
 * NVIDIA are found by the PCI address, and those that all GPUs of its maker share, such as `/dev/kfd`. Those
 * of GPUs that the job was not given are never among them.
 *
 * Errors: %DMS_ERROR_UNAVAILABLE when a GPU has no device file, or it cannot be told which are its own.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): paths below @root, in alphabetical order and
 *   beginning with `/dev/`; %NULL on error
 */
GStrv
dms_gpu_devices_list (GPtrArray *gpus, const char *root, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  DmsGpuDevices self = { .root = root, .paths = paths };

  g_return_val_if_fail (root != NULL, NULL);

  for (guint i = 0; gpus != NULL && i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      const char *address = dms_gpu_get_pci_address (gpu);

      if (dms_gpu_devices_add_gpu (&self, gpu))
        continue;
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "no device files of GPU %u (%s, %s) are found: is its driver loaded?",
                   dms_gpu_get_index (gpu),
                   dms_gpu_vendor_to_string (dms_gpu_get_vendor (gpu)),
                   address != NULL && *address != '\0' ? address : "no PCI address");
      return NULL;
    }
  g_ptr_array_sort (paths, dms_gpu_devices_compare);
  g_ptr_array_add (paths, NULL);
  return (GStrv) g_ptr_array_steal (paths, NULL);
}
