/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A stand-in for NVIDIA's management library with one device of 24 GiB. */

#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__ ((visibility ("default")))

typedef struct
{
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} Memory;

typedef struct
{
  char bus_id_legacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pci_device_id;
  unsigned int pci_subsystem_id;
  char bus_id[32];
} PciInfo;

EXPORT int nvmlInit_v2 (void);
EXPORT int nvmlShutdown (void);
EXPORT int nvmlDeviceGetCount_v2 (unsigned int *count);
EXPORT int nvmlDeviceGetHandleByIndex_v2 (unsigned int index, void **device);
EXPORT int nvmlDeviceGetName (void *device, char *name, unsigned int length);
EXPORT int nvmlDeviceGetUUID (void *device, char *uuid, unsigned int length);
EXPORT int nvmlDeviceGetMemoryInfo (void *device, Memory *memory);
EXPORT int nvmlDeviceGetPciInfo_v3 (void *device, PciInfo *pci);

int
nvmlInit_v2 (void)
{
  return 0;
}

int
nvmlShutdown (void)
{
  return 0;
}

int
nvmlDeviceGetCount_v2 (unsigned int *count)
{
  *count = 1;
  return 0;
}

int
nvmlDeviceGetHandleByIndex_v2 (unsigned int index, void **device)
{
  static int only;

  *device = &only;
  return index == 0 ? 0 : 2;
}

int
nvmlDeviceGetName (void *device, char *name, unsigned int length)
{
  snprintf (name, length, "NVIDIA GeForce RTX 3090");
  return 0;
}

int
nvmlDeviceGetUUID (void *device, char *uuid, unsigned int length)
{
  snprintf (uuid, length, "GPU-00000000-1111-2222-3333-444444444444");
  return 0;
}

int
nvmlDeviceGetMemoryInfo (void *device, Memory *memory)
{
  memory->total = 24ULL << 30;
  memory->used = 2ULL << 30;
  memory->free = memory->total - memory->used;
  return 0;
}

int
nvmlDeviceGetPciInfo_v3 (void *device, PciInfo *pci)
{
  memset (pci, 0, sizeof *pci);
  pci->bus = 1;
  return 0;
}
