/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The device files below a directory, normally `/dev`, that a job with these GPUs needs: those of each GPU's
 * own, and those that all of its vendor share. (element-type DmsGpu) */
GStrv dms_process_devices_list (const char *directory, GPtrArray *gpus);

G_END_DECLS
