/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <stdbool.h>

/* Ends and removes what a shim that is gone left in a state directory and in the kernel. With keep_files the
 * state and the logs stay. The exit status: 0, 75 when a shim still lives there, 1 when something is left. */
int dms_shim_clean (const char *state_dir, bool keep_files);
