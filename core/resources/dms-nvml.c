/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-nvml.h"

#include <dlfcn.h>
#include <string.h>

/* The part of NVIDIA's nvml.h that is needed, as its ABI documents it. */

enum
{
  NVML_SUCCESS = 0,
  NVML_TEXT = 96,
  MAX_DEVICES = 64,
};

typedef struct
{
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} NvmlMemory;

typedef struct
{
  char bus_id_legacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pci_device_id;
  unsigned int pci_subsystem_id;
  char bus_id[32];
} NvmlPciInfo;

typedef void *NvmlDevice;

typedef struct
{
  void *library;
  int (*init) (void);
  int (*shutdown) (void);
  int (*get_count) (unsigned int *count);
  int (*get_handle) (unsigned int index, NvmlDevice *device);
  int (*get_name) (NvmlDevice device, char *name, unsigned int length);
  int (*get_uuid) (NvmlDevice device, char *uuid, unsigned int length);
  int (*get_memory) (NvmlDevice device, NvmlMemory *memory);
  int (*get_pci) (NvmlDevice device, NvmlPciInfo *pci);
} Nvml;

static gboolean
find (Nvml *self, const char *name, void *function)
{
  void *symbol = dlsym (self->library, name);

  /* ISO C has no conversion from object to function pointers; POSIX promises that they look the same. */
  memcpy (function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static gboolean
nvml_open (Nvml *self, const char *library, GError **error)
{
  self->library = dlopen (library, RTLD_NOW | RTLD_LOCAL);
  if (self->library == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "NVIDIA's management library cannot be loaded; install NVIDIA's driver (%s)",
                   dlerror ());
      return FALSE;
    }
  if (!find (self, "nvmlInit_v2", &self->init) || !find (self, "nvmlShutdown", &self->shutdown) ||
      !find (self, "nvmlDeviceGetCount_v2", &self->get_count) ||
      !find (self, "nvmlDeviceGetHandleByIndex_v2", &self->get_handle) ||
      !find (self, "nvmlDeviceGetName", &self->get_name) ||
      !find (self, "nvmlDeviceGetUUID", &self->get_uuid) ||
      !find (self, "nvmlDeviceGetMemoryInfo", &self->get_memory) ||
      !find (self, "nvmlDeviceGetPciInfo_v3", &self->get_pci))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "NVIDIA's management library “%s” is too old; install a newer driver",
                   library);
      dlclose (self->library);
      return FALSE;
    }
  return TRUE;
}

/* NVML writes eight digits for the domain, sysfs four, and NVML capital letters. */
static char *
format_address (const NvmlPciInfo *pci)
{
  return g_strdup_printf ("%04x:%02x:%02x.0", pci->domain, pci->bus, pci->device);
}

static void
read_device (Nvml *self, unsigned int number, GPtrArray *gpus, GPtrArray *used)
{
  NvmlDevice device = NULL;
  NvmlMemory memory = { 0 };
  NvmlPciInfo pci = { { 0 } };
  char name[NVML_TEXT] = "";
  char uuid[NVML_TEXT] = "";
  g_autofree char *address = NULL;
  g_autofree char *model = NULL;
  guint index = gpus->len;

  if (self->get_handle (number, &device) != NVML_SUCCESS ||
      self->get_memory (device, &memory) != NVML_SUCCESS)
    {
      g_warning ("GPU %u of NVIDIA's driver does not answer and is left out", number);
      return;
    }
  (void) self->get_name (device, name, sizeof name);
  (void) self->get_uuid (device, uuid, sizeof uuid);
  if (self->get_pci (device, &pci) == NVML_SUCCESS)
    address = format_address (&pci);
  name[NVML_TEXT - 1] = '\0';
  uuid[NVML_TEXT - 1] = '\0';
  model = g_utf8_make_valid (name, -1);
  g_ptr_array_add (gpus, dms_gpu_new (index, DMS_GPU_VENDOR_NVIDIA, model, address, uuid, memory.total));
  g_ptr_array_add (
      used,
      dms_gpu_new (index, DMS_GPU_VENDOR_NVIDIA, model, address, uuid, MIN (memory.used, memory.total)));
}

/**
 * dms_nvml_read:
 * @library: a file name as the dynamic linker takes it
 * @gpus: (element-type DmsGpu): devices are added here
 * @used: (element-type DmsGpu): and here with the memory in use
 * @error: return location
 *
 * Returns: whether the library answered
 */
gboolean
dms_nvml_read (const char *library, GPtrArray *gpus, GPtrArray *used, GError **error)
{
  Nvml nvml = { NULL };
  unsigned int count = 0;
  int code;

  if (!nvml_open (&nvml, library, error))
    return FALSE;

  code = nvml.init ();
  if (code != NVML_SUCCESS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "NVIDIA's driver does not answer (NVML error %d); is its kernel module loaded?",
                   code);
      dlclose (nvml.library);
      return FALSE;
    }
  if (nvml.get_count (&count) == NVML_SUCCESS)
    {
      for (unsigned int i = 0; i < MIN (count, MAX_DEVICES); i++)
        read_device (&nvml, i, gpus, used);
    }
  (void) nvml.shutdown ();
  dlclose (nvml.library);
  return TRUE;
}
