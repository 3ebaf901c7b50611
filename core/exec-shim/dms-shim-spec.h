/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <stdint.h>

/* A pair of a path outside and a path inside the sandbox. */
typedef struct
{
  char *source;
  char *destination;
  bool read_only;
} DmsShimBind;

/* A named piece of bytes: a script by its name, a file by its path inside. */
typedef struct
{
  char *name;
  char *bytes;
  size_t length;
} DmsShimBlob;

/* What to run, as the launching program wrote it (docs/executor-process.md). */
typedef struct
{
  char *state_dir;
  char *execution_id;
  char *job_id;
  char *bwrap;
  char *cwd;
  char *rootfs;
  char *hostname;
  /* NULL when the job may run without the daemon. */
  char *lease;
  bool host_network;
  char **args;
  size_t n_args;
  char **env;
  size_t n_env;
  DmsShimBind *binds;
  size_t n_binds;
  char **devices;
  size_t n_devices;
  DmsShimBlob *scripts;
  size_t n_scripts;
  DmsShimBlob *files;
  size_t n_files;
  DmsShimBuffer ssh_keys;
  /* CPU time in each 100 ms; 0 is no limit, as with all the others. */
  uint64_t cpu_quota_us;
  uint64_t memory_bytes;
  uint64_t disk_bytes;
  uint64_t pids;
  uint64_t log_bytes;
} DmsShimSpec;

/* Reads the records; NULL with a text for people in *error (owned by the caller). */
DmsShimSpec *dms_shim_spec_parse (const char *bytes, size_t length, char **error);
void dms_shim_spec_free (DmsShimSpec *self);
