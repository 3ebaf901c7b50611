/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-devices.h"

static void
add (GPtrArray *paths, const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS) &&
      !g_ptr_array_find_with_equal_func (paths, path, g_str_equal, NULL))
    g_ptr_array_add (paths, g_steal_pointer (&path));
}

/* Everything in a folder whose name begins so. */
static void
add_all (GPtrArray *paths, const char *directory, const char *folder, const char *prefix)
{
  g_autofree char *path = g_build_filename (directory, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *relative = g_build_filename (folder, name, NULL);

      if (g_str_has_prefix (name, prefix))
        add (paths, directory, relative);
    }
}

static void
add_nvidia (GPtrArray *paths, const char *directory, DmsGpu *gpu)
{
  static const char *const shared[] = { "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset" };
  g_autofree char *own = g_strdup_printf ("nvidia%u", dms_gpu_get_index (gpu));

  add (paths, directory, own);
  for (gsize i = 0; i < G_N_ELEMENTS (shared); i++)
    add (paths, directory, shared[i]);
  add_all (paths, directory, "nvidia-caps", "nvidia-cap");
}

/* The nodes of one card by its PCI address, or all when that leads nowhere. */
static void
add_dri (GPtrArray *paths, const char *directory, DmsGpu *gpu)
{
  static const char *const kinds[] = { "card", "render" };
  const char *address = dms_gpu_get_pci_address (gpu);
  const guint before = paths->len;

  for (gsize i = 0; address != NULL && *address != '\0' && i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *link = g_strdup_printf ("%s/dri/by-path/pci-%s-%s", directory, address, kinds[i]);
      g_autofree char *target = g_file_read_link (link, NULL);
      g_autofree char *base = target != NULL ? g_path_get_basename (target) : NULL;
      g_autofree char *relative = base != NULL ? g_build_filename ("dri", base, NULL) : NULL;

      if (relative != NULL)
        add (paths, directory, relative);
    }
  if (paths->len > before)
    return;
  add_all (paths, directory, "dri", "card");
  add_all (paths, directory, "dri", "renderD");
}

GStrv
dms_process_devices_list (const char *directory, GPtrArray *gpus)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; gpus != NULL && i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      const DmsGpuVendor vendor = dms_gpu_get_vendor (gpu);
      const gboolean any = vendor == DMS_GPU_VENDOR_NONE || vendor == DMS_GPU_VENDOR_UNKNOWN;

      if (vendor == DMS_GPU_VENDOR_NVIDIA || any)
        add_nvidia (paths, directory, gpu);
      if (vendor == DMS_GPU_VENDOR_AMD || any)
        add (paths, directory, "kfd");
      if (vendor != DMS_GPU_VENDOR_NVIDIA)
        add_dri (paths, directory, gpu);
    }
  g_ptr_array_add (paths, NULL);
  return (GStrv) g_ptr_array_steal (paths, NULL);
}
