/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

#include <poll.h>

enum
{
  DMS_SHIM_MAX_CLIENTS = 64,
  DMS_SHIM_MAX_REQUEST = 128 * 1024,
};

/* One connection: its requests, answered in order, or a watcher. */
typedef struct
{
  int fd;
  bool watching;
  /* The command it waits for; 0 without one. */
  unsigned command;
  DmsShimBuffer in;
  DmsShimBuffer out;
} DmsShimClient;

/* A request line without its end, and the bytes that follow an `exec`. */
typedef void (
    *DmsShimRequestFunc) (void *data, DmsShimClient *client, char *line, char *blob, size_t blob_length);
typedef void (*DmsShimGoneFunc) (void *data, DmsShimClient *client);

/* The socket `control` in the state directory. Only the user of the shim, and root, may speak there. */
typedef struct
{
  int listener;
  DmsShimClient *clients[DMS_SHIM_MAX_CLIENTS];
  DmsShimRequestFunc request;
  DmsShimGoneFunc gone;
  void *data;
} DmsShimControl;

bool dms_shim_control_open (DmsShimControl *self, int state_fd, char **error);
/* Fills in what to poll and returns how many; room for all clients and one more. */
size_t dms_shim_control_prepare (const DmsShimControl *self, struct pollfd *polled);
/* Deals with what poll found. */
void dms_shim_control_dispatch (DmsShimControl *self, const struct pollfd *polled, size_t count);
void dms_shim_control_reply (DmsShimClient *client, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
void dms_shim_control_announce (DmsShimControl *self, const char *state);
DmsShimClient *dms_shim_control_find (const DmsShimControl *self, unsigned command);
/* Sends what is left, for a bounded time, and closes all. */
void dms_shim_control_close (DmsShimControl *self);
