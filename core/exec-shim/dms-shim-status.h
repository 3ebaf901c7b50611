/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <stdint.h>
#include <sys/types.h>

typedef enum
{
  DMS_SHIM_PHASE_STARTING,
  DMS_SHIM_PHASE_RUNNING,
  DMS_SHIM_PHASE_PAUSED,
  DMS_SHIM_PHASE_ENDED,
} DmsShimPhase;

/* What `status.json` says. Every change replaces the file, so that a reader sees one state or the next. */
typedef struct
{
  DmsShimPhase phase;
  const char *execution_id;
  const char *job_id;
  pid_t init_pid;
  int64_t started_us;
  int64_t ended_us;
  /* How it ended; NULL before. */
  const char *reason;
  int exit_code;
  char *message;
  uint64_t cpu_time_us;
  double cpu_percent;
  uint64_t memory_bytes;
  uint64_t memory_peak_bytes;
  uint64_t memory_limit_bytes;
  uint64_t disk_bytes;
  uint64_t pids;
} DmsShimStatus;

const char *dms_shim_phase_get_name (DmsShimPhase phase);
bool dms_shim_status_write (const DmsShimStatus *self, int state_fd);
/* Start time of a process in ticks since boot, field 22 of proc(5) stat; 0 when there is none. */
unsigned long long dms_shim_status_read_start_time (pid_t pid);
