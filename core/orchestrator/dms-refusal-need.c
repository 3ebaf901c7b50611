/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-refusal-need.h"

DmsRefusalNeed *
dms_refusal_need_new (const char *node, DmsResources *required)
{
  DmsRefusalNeed *self = g_new0 (DmsRefusalNeed, 1);
  GPtrArray *gpus = dms_resources_get_gpus (required);

  self->node = g_strdup (node);
  self->amounts[DMS_BID_REFUSAL_CPU] = dms_cpu_get_cores (dms_resources_get_cpu (required));
  self->amounts[DMS_BID_REFUSAL_RAM] = (double) dms_ram_get_size_bytes (dms_resources_get_ram (required));
  self->amounts[DMS_BID_REFUSAL_DISK] = (double) dms_disk_get_size_bytes (dms_resources_get_disk (required));
  self->n_gpus = gpus->len;
  for (guint i = 0; i < gpus->len; i++)
    self->amounts[DMS_BID_REFUSAL_GPU] =
        MAX (self->amounts[DMS_BID_REFUSAL_GPU], (double) dms_gpu_get_vram_bytes (gpus->pdata[i]));
  return self;
}

void
dms_refusal_need_free (DmsRefusalNeed *self)
{
  g_free (self->node);
  g_free (self);
}

gboolean
dms_refusal_need_believes (const DmsRefusalNeed *self, DmsBidRefusalCode code, double offered)
{
  switch (code)
    {
    case DMS_BID_REFUSAL_CPU:
    case DMS_BID_REFUSAL_RAM:
    case DMS_BID_REFUSAL_DISK:
      return offered < self->amounts[code];

    case DMS_BID_REFUSAL_GPU:
      return self->n_gpus > 0 && (offered <= 0 || offered < self->amounts[code]);

    case DMS_BID_REFUSAL_LOCATION:
      return self->located;

    case DMS_BID_REFUSAL_PRIVILEGED:
      return self->privileged;

    case DMS_BID_REFUSAL_PORTS:
      return self->n_ports > 0;

    case DMS_BID_REFUSAL_NOT_GRANTED:
    case DMS_BID_REFUSAL_NOT_READY:
    case DMS_BID_REFUSAL_NOT_ONBOARDED:
    case DMS_BID_REFUSAL_CONTRACT:
    case DMS_BID_REFUSAL_EXECUTOR:
    case DMS_BID_REFUSAL_ARCHITECTURE:
    case DMS_BID_REFUSAL_HARDWARE:
    case DMS_BID_REFUSAL_BUSY:
    case DMS_BID_REFUSAL_BAD_REQUEST:
      return TRUE;

    case DMS_BID_REFUSAL_N_CODES:
    default:
      return FALSE;
    }
}
