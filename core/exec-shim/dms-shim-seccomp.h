/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* A descriptor of the compiled filter of system calls, read from its start; -1 on failure. */
int dms_shim_seccomp_open (void);
