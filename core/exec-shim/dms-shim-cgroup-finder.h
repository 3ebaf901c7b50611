/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-cgroup.h"

/* The directory that holds the groups of all jobs, in every hierarchy. */
#define DMS_SHIM_CGROUP_PARENT "dms-jobs"
