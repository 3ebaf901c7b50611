/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

/* When the shim is root, bubblewrap runs as an unprivileged user who may not look into the directories that
 * hold the job's home and volumes. They are mounted, in a mount namespace of the sandbox alone, at places it
 * can reach; a mapped one so that its owner appears as the job's user, who then may do there what its owner
 * may. */
typedef struct
{
  char *source;
  char *target;
  bool mapped;
} DmsShimStageMount;

typedef struct
{
  DmsShimStageMount *mounts;
  size_t n_mounts;
} DmsShimStage;

/* The path bubblewrap is to use for a source: the source itself unless this is root. Borrowed. */
const char *dms_shim_stage_add (DmsShimStage *self, const char *source, bool mapped);
/* Makes the mounts for this process and its children only; what failed, or NULL. Root only. */
const char *dms_shim_stage_mount (const DmsShimStage *self);
void dms_shim_stage_clear (DmsShimStage *self);
