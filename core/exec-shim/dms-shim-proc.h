/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-cgroup.h"

/* What the processes of a sandbox use now and have used, summed from /proc: for machines where no control
 * group can be made. init_pid is the first process inside. */
void dms_shim_proc_read_usage (pid_t init_pid, DmsShimCgroupUsage *usage);

/* Bytes on a device that deleted files take which processes of the sandbox still have open. The processes are
 * those of the control group, or, without one, those in the process namespace of the first one. */
uint64_t dms_shim_proc_measure_deleted (const DmsShimCgroup *cgroup, pid_t init_pid, dev_t device);
