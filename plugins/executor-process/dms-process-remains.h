/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

typedef enum
{
  /* The directory of the job is gone. */
  DMS_PROCESS_REMAINS_GONE,
  /* The shim is about to end: a moment later it can be removed. */
  DMS_PROCESS_REMAINS_BUSY,
  /* There is more to do than unlinking a few files; dms-exec-shim does it, in a process of its own. */
  DMS_PROCESS_REMAINS_MORE,
} DmsProcessRemains;

/* Removes what a job left that ended by itself, whose home is empty, and of which the shim left nothing in
 * the kernel. That is how most jobs end, and takes neither a process nor time. */
DmsProcessRemains dms_process_remains_remove (const char *state_dir);

G_END_DECLS
