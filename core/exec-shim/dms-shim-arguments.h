/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-spec.h"
#include "dms-shim-stage.h"

enum
{
  DMS_SHIM_MAX_FDS = 8192,
};

/* The arguments of bubblewrap, each with its NUL, and the descriptors that it inherits. They go through a
 * file, never the command line, which everybody on the machine can read. */
typedef struct
{
  DmsShimBuffer text;
  int fds[DMS_SHIM_MAX_FDS];
  size_t n_fds;
} DmsShimArguments;

/* The descriptor is closed with the arguments. */
void dms_shim_arguments_add_fd (DmsShimArguments *self, int fd);
bool dms_shim_arguments_compose (DmsShimArguments *self,
                                 const DmsShimSpec *spec,
                                 DmsShimStage *stage,
                                 int filter_fd,
                                 char **error);
void dms_shim_arguments_clear (DmsShimArguments *self);
