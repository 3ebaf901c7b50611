/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-cgroup.h"
#include "dms-shim-spec.h"

#include <sys/types.h>

/* A started sandbox: its outer process, and this side of what connects to it. */
typedef struct
{
  pid_t pid;
  int socket;
  int out;
  int err;
} DmsShimSandbox;

/* Composes the command line of bubblewrap and starts it within the groups. state_fd is the state directory.
 */
bool dms_shim_sandbox_start (DmsShimSandbox *self,
                             const DmsShimSpec *spec,
                             const DmsShimCgroup *cgroup,
                             int state_fd,
                             char **error);

/* The user ID, outside, that jobs run with. */
uid_t dms_shim_sandbox_get_job_uid (void);
