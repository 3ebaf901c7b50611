/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-machine-gpu.h"

#include <dlfcn.h>
#include <pci/pci.h>
#include <string.h>

#include "resources/dms-nvml.h"

#define LIBPCI "libpci.so.3"

enum
{
  VENDOR_NVIDIA = 0x10de,
  VENDOR_AMD = 0x1002,
  VENDOR_INTEL = 0x8086,
  CLASS_DISPLAY = 0x03,
  MAX_GPUS = 64,
};

static gboolean
read_number (const char *folder, const char *name, guint64 *number)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  g_strstrip (text);
  return g_ascii_string_to_unsigned (g_str_has_prefix (text, "0x") ? text + 2 : text,
                                     g_str_has_prefix (text, "0x") ? 16 : 10,
                                     0,
                                     G_MAXUINT64,
                                     number,
                                     NULL);
}

/* Of libpci, which is loaded when there is a GPU to name: with what it brings it is 170 KiB of each process.
 */
typedef struct
{
  void *library;
  struct pci_access *(*alloc) (void);
  char *(*lookup_name) (struct pci_access *access, char *buffer, int size, int flags, ...);
  void (*cleanup) (struct pci_access *access);
} Pci;

static gboolean
find (Pci *self, const char *name, void *function)
{
  void *symbol = dlsym (self->library, name);

  /* ISO C has no conversion from object to function pointers; POSIX promises that they look the same. */
  memcpy (function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static char *
lookup_name_in (const Pci *pci, guint64 vendor, guint64 device)
{
  struct pci_access *access = pci->alloc ();
  char buffer[256];
  const char *name = pci->lookup_name (
      access, buffer, sizeof buffer, PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS, (int) vendor, (int) device);
  char *copy = name != NULL ? g_utf8_make_valid (name, -1) : NULL;

  pci->cleanup (access);
  return copy;
}

/* (nullable): the name in the PCI ID database, when that is installed. */
static char *
lookup_name (guint64 vendor, guint64 device)
{
  Pci pci = { dlopen (LIBPCI, RTLD_NOW | RTLD_LOCAL), NULL, NULL, NULL };
  char *name = NULL;

  if (pci.library == NULL)
    return NULL;
  if (find (&pci, "pci_alloc", &pci.alloc) && find (&pci, "pci_lookup_name", &pci.lookup_name) &&
      find (&pci, "pci_cleanup", &pci.cleanup))
    name = lookup_name_in (&pci, vendor, device);
  dlclose (pci.library);
  return name;
}

/* Intel's drivers tell the memory of their own only for devices that have some: i915 beside the card, xe by
 * tile. */
static void
read_intel_memory (const char *folder, guint64 *total, guint64 *in_use)
{
  g_autofree char *drm = g_build_filename (folder, "drm", NULL);
  g_autoptr (GDir) dir = g_dir_open (drm, 0, NULL);
  const char *name;
  guint64 available;

  for (guint tile = 0; tile < 4; tile++)
    {
      g_autofree char *file = g_strdup_printf ("tile%u/physical_vram_size_bytes", tile);
      guint64 size;
      if (read_number (folder, file, &size))
        *total += size;
    }
  while (dir != NULL && *total == 0 && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *card = g_build_filename (drm, name, NULL);
      if (!g_str_has_prefix (name, "card") || !read_number (card, "lmem_total_bytes", total))
        continue;
      if (read_number (card, "lmem_avail_bytes", &available))
        *in_use = *total - MIN (*total, available);
    }
}

static void
read_sysfs_gpu (const char *folder, const char *address, guint64 vendor, GPtrArray *gpus, GPtrArray *used)
{
  DmsGpuVendor kind = vendor == VENDOR_AMD ? DMS_GPU_VENDOR_AMD : DMS_GPU_VENDOR_INTEL;
  g_autofree char *id_path = g_build_filename (folder, "unique_id", NULL);
  g_autofree char *uuid = NULL;
  g_autofree char *model = NULL;
  guint64 device = 0;
  guint64 total = 0;
  guint64 in_use = 0;
  guint index = gpus->len;

  if (read_number (folder, "device", &device))
    model = lookup_name (vendor, device);
  if (g_file_get_contents (id_path, &uuid, NULL, NULL))
    g_strstrip (uuid);
  if (vendor == VENDOR_AMD)
    {
      (void) read_number (folder, "mem_info_vram_total", &total);
      (void) read_number (folder, "mem_info_vram_used", &in_use);
    }
  else
    {
      read_intel_memory (folder, &total, &in_use);
    }
  g_ptr_array_add (gpus, dms_gpu_new (index, kind, model, address, uuid, total));
  g_ptr_array_add (used, dms_gpu_new (index, kind, model, address, uuid, MIN (in_use, total)));
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (element-type utf8): PCI addresses of all display controllers, in order. */
static GPtrArray *
list_displays (const char *devices)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (devices, 0, NULL);
  const char *name;

  while (dir != NULL && found->len < MAX_GPUS && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (devices, name, NULL);
      guint64 class;
      if (read_number (folder, "class", &class) && class >> 16 == CLASS_DISPLAY)
        g_ptr_array_add (found, g_strdup (name));
    }
  g_ptr_array_sort (found, compare_text);
  return g_steal_pointer (&found);
}

/* A device without its maker's driver is shown, with no memory, so that its owner sees why it cannot be lent.
 */
static void
read_nvidia (const char *nvml, const char *devices, GPtrArray *addresses, GPtrArray *gpus, GPtrArray *used)
{
  g_autoptr (GError) error = NULL;

  if (addresses->len == 0)
    return;
  if (nvml != NULL && dms_nvml_read (nvml, gpus, used, &error))
    {
      if (gpus->len != addresses->len)
        g_warning (
            "there are %u NVIDIA GPUs on the PCI bus, and the driver knows %u", addresses->len, gpus->len);
      return;
    }
  if (error != NULL)
    g_warning ("NVIDIA GPUs cannot be lent: %s", error->message);
  for (guint i = 0; i < addresses->len; i++)
    {
      const char *address = g_ptr_array_index (addresses, i);
      g_autofree char *folder = g_build_filename (devices, address, NULL);
      g_autofree char *model = NULL;
      guint64 device = 0;

      if (read_number (folder, "device", &device))
        model = lookup_name (VENDOR_NVIDIA, device);
      g_ptr_array_add (gpus, dms_gpu_new (gpus->len, DMS_GPU_VENDOR_NVIDIA, model, address, NULL, 0));
      g_ptr_array_add (used, dms_gpu_new (used->len, DMS_GPU_VENDOR_NVIDIA, model, address, NULL, 0));
    }
}

/**
 * dms_machine_gpu_read:
 * @root: where `sys` is
 * @nvml: (nullable): NVIDIA's management library
 * @used: (out) (transfer full) (element-type DmsGpu): the devices with the memory in use
 *
 * Returns: (transfer full) (element-type DmsGpu): the devices with all their memory
 */
GPtrArray *
dms_machine_gpu_read (const char *root, const char *nvml, GPtrArray **used)
{
  g_autofree char *devices = g_strconcat (root, "/sys/bus/pci/devices", NULL);
  g_autoptr (GPtrArray) displays = list_displays (devices);
  g_autoptr (GPtrArray) nvidia = g_ptr_array_new ();
  GPtrArray *gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);

  *used = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  for (guint i = 0; i < displays->len; i++)
    {
      g_autofree char *folder = g_build_filename (devices, g_ptr_array_index (displays, i), NULL);
      guint64 vendor;
      if (read_number (folder, "vendor", &vendor) && vendor == VENDOR_NVIDIA)
        g_ptr_array_add (nvidia, g_ptr_array_index (displays, i));
    }
  read_nvidia (nvml, devices, nvidia, gpus, *used);

  for (guint i = 0; i < displays->len; i++)
    {
      const char *address = g_ptr_array_index (displays, i);
      g_autofree char *folder = g_build_filename (devices, address, NULL);
      guint64 vendor;
      if (read_number (folder, "vendor", &vendor) && (vendor == VENDOR_AMD || vendor == VENDOR_INTEL))
        read_sysfs_gpu (folder, address, vendor, gpus, *used);
    }
  return gpus;
}
