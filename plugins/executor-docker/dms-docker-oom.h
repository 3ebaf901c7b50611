/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Some engines report a job that the kernel killed at its memory limit like any other killed one. The
 * kernel's count of such kills on this machine, taken before the start and after the end, tells them apart.
 */

gint64 dms_docker_oom_get_kills (void);
char *dms_docker_oom_dup_boot_id (void);

G_END_DECLS
