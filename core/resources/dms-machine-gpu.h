/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Finds the GPUs of a tree with `sys/` ("" is this machine's own). May take seconds: NVIDIA's library, @nvml
 * (nullable), wakes the devices. Indexes count NVIDIA's devices first, in NVML's own order, so that they are
 * what container engines understand; then the others by PCI address. @used: the same devices with the memory
 * in use. */
GPtrArray *dms_machine_gpu_read (const char *root, const char *nvml, GPtrArray **used);

G_END_DECLS
