/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

DMS_EXPORT GStrv dms_gpu_devices_list (GPtrArray *gpus, const char *root, GError **error);

G_END_DECLS
