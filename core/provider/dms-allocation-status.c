/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-status.h"

static const char *const NAMES[] = {
  "pending", "running", "restarting", "stopped", "failed", "completed", "terminated", "standby",
};

const char *
dms_allocation_status_to_string (DmsAllocationStatus status)
{
  g_return_val_if_fail ((gsize) status < G_N_ELEMENTS (NAMES), "failed");

  return NAMES[status];
}

/**
 * dms_allocation_status_from_string:
 * @text: (nullable): a name
 * @status: (out): what it names
 *
 * Returns: whether it names a status
 */
gboolean
dms_allocation_status_from_string (const char *text, DmsAllocationStatus *status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (NAMES); i++)
    {
      if (g_strcmp0 (text, NAMES[i]) == 0)
        {
          *status = (DmsAllocationStatus) i;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
dms_allocation_status_is_final (DmsAllocationStatus status)
{
  return status == DMS_ALLOCATION_FAILED || status == DMS_ALLOCATION_COMPLETED ||
         status == DMS_ALLOCATION_TERMINATED;
}
