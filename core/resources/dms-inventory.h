/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_INVENTORY (dms_inventory_get_type ())

G_DECLARE_FINAL_TYPE (DmsInventory, dms_inventory, DMS, INVENTORY, GObject)

/* What this machine is made of. @disk_path: a folder on the disk that jobs use (it need not exist yet).
 * @root: (nullable): a recorded tree with `proc/` and `sys/` to read instead of this machine's. */
DmsInventory *dms_inventory_new (const char *disk_path, const char *root);

/* Another file for NVIDIA's library than the system's (NULL: none), for tests. */
void dms_inventory_set_nvml (DmsInventory *self, const char *library);

/* Reads everything, also what may take long (GPU libraries), in a thread; then remembers it. */
void dms_inventory_refresh_async (DmsInventory *self,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_inventory_refresh_finish (DmsInventory *self, GAsyncResult *result, GError **error);
/* The same, waiting; for programs without a main loop. */
gboolean dms_inventory_refresh (DmsInventory *self, GError **error);

/* (transfer full): the machine now: CPU, RAM and disk read anew (quick), GPUs as of the last refresh.
 * NULL when /proc cannot be read. */
DmsHardware *dms_inventory_dup_hardware (DmsInventory *self, GError **error);

G_END_DECLS
