/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DmsAllocationStatus:
 * @DMS_ALLOCATION_PENDING: allocated, not started
 * @DMS_ALLOCATION_RUNNING: its job runs
 * @DMS_ALLOCATION_RESTARTING: its job is being replaced by a new one
 * @DMS_ALLOCATION_STOPPED: its job was stopped and may be started again
 * @DMS_ALLOCATION_FAILED: its job ended badly
 * @DMS_ALLOCATION_COMPLETED: its job ended well
 * @DMS_ALLOCATION_TERMINATED: it was released
 * @DMS_ALLOCATION_STANDBY: it waits to take over from another
 *
 * Where an allocation stands (types.md §6).
 */
typedef enum {
  DMS_ALLOCATION_PENDING,
  DMS_ALLOCATION_RUNNING,
  DMS_ALLOCATION_RESTARTING,
  DMS_ALLOCATION_STOPPED,
  DMS_ALLOCATION_FAILED,
  DMS_ALLOCATION_COMPLETED,
  DMS_ALLOCATION_TERMINATED,
  DMS_ALLOCATION_STANDBY,
} DmsAllocationStatus;

const char *dms_allocation_status_to_string (DmsAllocationStatus status);
gboolean dms_allocation_status_from_string (const char *text, DmsAllocationStatus *status);
/* It holds no resources any more. */
gboolean dms_allocation_status_is_final (DmsAllocationStatus status);

G_END_DECLS
