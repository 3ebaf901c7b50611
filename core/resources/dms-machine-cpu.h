/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Reads processors and memory from a tree with `proc/` and `sys/`; "" is this machine's own. All are
 * quick. */

/* (transfer full) (nullable) */
DmsCpu *dms_machine_cpu_read (const char *root, GError **error);
/* Ticks that all processors together were busy and counted since the start; FALSE when unknown. */
gboolean dms_machine_cpu_read_ticks (const char *root, guint64 *busy, guint64 *all);
/* Bytes. */
gboolean dms_machine_cpu_read_memory (const char *root, guint64 *total, guint64 *available, GError **error);

G_END_DECLS
