/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-gpus.h"

#include "resources/dms-inventory.h"

/**
 * dms_cli_gpus_find:
 * @call: a call
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the machine with its GPUs
 */
DmsHardware *
dms_cli_gpus_find (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsInventory) inventory = dms_inventory_new ("/", NULL);
  g_autoptr (DmsHardware) hardware = NULL;

  if (!dms_inventory_refresh (inventory, error))
    return NULL;
  hardware = dms_inventory_dup_hardware (inventory, error);
  if (hardware == NULL)
    return NULL;

  if (dms_resources_get_gpus (dms_hardware_get_total (hardware))->len == 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "no gpus found");
      return NULL;
    }

  return g_steal_pointer (&hardware);
}
