/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Which device for which requirement: matchings in a bipartite graph. (element-type DmsGpu) throughout. */

enum
{
  /* More than any machine has; bounds the work for a hostile request. */
  DMS_GPU_MATCHING_MAX = 64,
};

/* Whether vendor, model, address and identity are what is asked for; what the requirement leaves unset is
 * any. */
gboolean dms_gpu_matching_is_kind (DmsGpu *offered, DmsGpu *required);
/* The same, and there is memory enough. */
gboolean dms_gpu_matching_serves (DmsGpu *offered, DmsGpu *required);

/* (nullable) (transfer full): a device of its own for each requirement, in the order of these, small devices
 * preferred; NULL when there is no way to do it. */
GPtrArray *dms_gpu_matching_find (GPtrArray *offered, GPtrArray *required);

/* (transfer full): for each requirement the index of a device, or -1, such that as few requirements as can be
 * are not served by theirs, and those by as little as can be. required: at most MAX of them */
int *dms_gpu_matching_find_nearest (GPtrArray *offered, GPtrArray *required);

G_END_DECLS
