/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Adds every device that NVIDIA's management library knows to @gpus and, with the memory in use, to @used;
 * indexes start where @gpus ends. UNAVAILABLE when there is no library or no driver. */
gboolean dms_nvml_read (const char *library, GPtrArray *gpus, GPtrArray *used, GError **error);

G_END_DECLS
