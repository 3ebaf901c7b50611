/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <stdint.h>
#include <sys/types.h>

/* The controllers used. With version 2 all share one directory, with version 1 each has its own; a hybrid
 * machine has version 1 controllers and a version 2 tree that still freezes, kills and counts CPU time. */
typedef enum
{
  DMS_SHIM_CGROUP_UNIFIED,
  DMS_SHIM_CGROUP_MEMORY,
  DMS_SHIM_CGROUP_CPU,
  DMS_SHIM_CGROUP_PIDS,
  DMS_SHIM_CGROUP_FREEZER,
  DMS_SHIM_CGROUP_CPUACCT,
  DMS_SHIM_CGROUP_COUNT,
} DmsShimCgroupKind;

/* Where groups of jobs can be made on this machine: the parent directories, NULL where there is none. */
typedef struct
{
  char *parents[DMS_SHIM_CGROUP_COUNT];
  bool unified_memory;
  bool unified_cpu;
  bool unified_pids;
} DmsShimCgroupLayout;

/* The groups of one job. */
typedef struct
{
  DmsShimCgroupLayout layout;
  char *paths[DMS_SHIM_CGROUP_COUNT];
} DmsShimCgroup;

typedef struct
{
  uint64_t cpu_time_us;
  uint64_t memory_bytes;
  uint64_t memory_peak_bytes;
  uint64_t pids;
  uint64_t oom_kills;
  uint64_t pids_rejected;
} DmsShimCgroupUsage;

/* Finds the parents and makes them. */
void dms_shim_cgroup_layout_find (DmsShimCgroupLayout *self);
void dms_shim_cgroup_layout_clear (DmsShimCgroupLayout *self);
bool dms_shim_cgroup_layout_can_limit_memory (const DmsShimCgroupLayout *self);
bool dms_shim_cgroup_layout_can_limit_cpu (const DmsShimCgroupLayout *self);
bool dms_shim_cgroup_layout_can_limit_pids (const DmsShimCgroupLayout *self);
bool dms_shim_cgroup_layout_can_freeze (const DmsShimCgroupLayout *self);

/* Makes the groups and writes their paths, one a line, into record_path before any exists. */
bool dms_shim_cgroup_create (DmsShimCgroup *self, const char *name, const char *record_path, char **error);
bool dms_shim_cgroup_set_memory (DmsShimCgroup *self, uint64_t bytes, char **error);
bool dms_shim_cgroup_set_cpu (DmsShimCgroup *self, uint64_t quota_us, char **error);
bool dms_shim_cgroup_set_pids (DmsShimCgroup *self, uint64_t count, char **error);
/* Moves the calling process in. */
bool dms_shim_cgroup_join (const DmsShimCgroup *self);
bool dms_shim_cgroup_freeze (const DmsShimCgroup *self, bool frozen);
void dms_shim_cgroup_read_usage (const DmsShimCgroup *self, DmsShimCgroupUsage *usage);
/* Kills what is in it and removes it. */
void dms_shim_cgroup_destroy (DmsShimCgroup *self);
/* The same from the record of a job whose shim is gone. */
void dms_shim_cgroup_destroy_recorded (const char *record_path);
