/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-cgroup.h"

/* What the processes of a sandbox use now and have used, summed from /proc: for machines where no control
 * group can be made. init_pid is the first process inside. */
void dms_shim_proc_read_usage (pid_t init_pid, DmsShimCgroupUsage *usage);
