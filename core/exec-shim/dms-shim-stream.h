/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <stdint.h>

enum
{
  DMS_SHIM_STREAM_HEAD = 1024,
};

/* Copies one output of the job into a file of bounded size: the head is kept, a line marks the cut, and the
 * rest is read and dropped, so that the job never waits for its log. */
typedef struct
{
  int in;
  int file;
  uint64_t written;
  uint64_t limit;
  bool truncated;
  /* The first bytes, for the message of a sandbox that could not be set up. */
  char head[DMS_SHIM_STREAM_HEAD];
  size_t head_length;
} DmsShimStream;

/* Takes over the descriptor. */
bool dms_shim_stream_open (DmsShimStream *self, int in, int state_fd, const char *name, uint64_t limit);
/* Moves what is there; false at the end of the stream. */
bool dms_shim_stream_pump (DmsShimStream *self);
void dms_shim_stream_close (DmsShimStream *self);
