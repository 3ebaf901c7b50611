/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Lets this process and its children only read and execute, but for the writable paths, /dev and /proc; and
 * keeps signals and abstract sockets within the job. False only when the kernel has Landlock but refused. */
bool dms_init_landlock_restrict (char *const *writable, size_t n_writable);

/* The ABI version of the kernel's Landlock; 0 without it. */
int dms_init_landlock_get_abi (void);
