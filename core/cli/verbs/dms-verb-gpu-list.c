/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-gpus.h"
#include "cli/dms-cli-verbs.h"

/* Only what is in use has another size; the order of the GPUs is the same. */
static guint64
find_used (DmsHardware *hardware, guint index)
{
  GPtrArray *used = dms_resources_get_gpus (dms_hardware_get_used (hardware));
  guint i;

  for (i = 0; i < used->len; i++)
    {
      if (dms_gpu_get_index (g_ptr_array_index (used, i)) == index)
        return dms_gpu_get_vram_bytes (g_ptr_array_index (used, i));
    }

  return 0;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsHardware) hardware = dms_cli_gpus_find (call, error);
  GPtrArray *gpus;
  guint i;

  if (hardware == NULL)
    return FALSE;

  /* Programs look for these words, so they are not translated. */
  dms_cli_call_print (call, "GPU Details:\n");
  gpus = dms_resources_get_gpus (dms_hardware_get_total (hardware));
  for (i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      guint64 total = dms_gpu_get_vram_bytes (gpu);
      guint64 used = MIN (find_used (hardware, dms_gpu_get_index (gpu)), total);

      dms_cli_call_print (call,
                          "Model: %s, Total VRAM: %" G_GUINT64_FORMAT " MB, Free VRAM: %" G_GUINT64_FORMAT
                          " MB, Used VRAM: %" G_GUINT64_FORMAT " MB, Vendor: %s, PCI Address: %s, Index: "
                                                               "%u\n",
                          dms_gpu_get_model (gpu), total / DMS_CLI_GPUS_MB, (total - used) / DMS_CLI_GPUS_MB,
                          used / DMS_CLI_GPUS_MB, dms_gpu_vendor_to_string (dms_gpu_get_vendor (gpu)),
                          dms_gpu_get_pci_address (gpu), dms_gpu_get_index (gpu));
    }

  return TRUE;
}

const DmsCliVerb dms_verb_gpu_list = {
  .path = "gpu list",
  .summary = N_ ("list the GPUs of this machine"),
  .description = N_ ("Looks at the machine itself; no daemon is needed. The index is what onboarding takes: "
                     "--gpus index:GiB."),
  .examples = "  nunet gpu list\n",
  .run = run,
};
