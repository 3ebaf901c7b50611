/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <stdint.h>

enum
{
  /* Of each output; what follows is dropped. */
  DMS_SHIM_COMMAND_OUTPUT = 1024 * 1024,
};

/* A command that runs inside the job for a client. */
typedef struct
{
  unsigned id;
  int out;
  int err;
  DmsShimBuffer out_bytes;
  DmsShimBuffer err_bytes;
  uint64_t timeout_ms;
  /* Of the monotonic clock; 0 without one. */
  int64_t deadline_us;
  bool timed_out;
} DmsShimCommand;

/* Asks the first process of the sandbox to run it; NULL with the errno's text in *error. */
DmsShimCommand *
dms_shim_command_start (int socket, unsigned id, const char *blob, size_t length, char **error);
void dms_shim_command_pump (DmsShimCommand *self);
void dms_shim_command_kill (const DmsShimCommand *self, int socket);
void dms_shim_command_free (DmsShimCommand *self);
