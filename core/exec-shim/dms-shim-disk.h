/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bytes that a directory tree takes on its disk, counted while a job may change it; UINT64_MAX when it cannot
 * be counted, as when directories are nested deeper than any program needs. */
uint64_t dms_shim_disk_measure (int parent_fd, const char *name);

/* Removes a tree of any depth, without following links and with few descriptors. */
bool dms_shim_disk_remove (int parent_fd, const char *name);
