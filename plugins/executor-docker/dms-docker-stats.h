/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

DmsUsage *
dms_docker_stats_read (JsonObject *stats, DmsUsage *previous, gint64 elapsed_us, guint64 disk_bytes);

G_END_DECLS
