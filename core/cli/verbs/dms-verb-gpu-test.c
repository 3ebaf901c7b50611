/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "cli/dms-cli-gpus.h"
#include "cli/dms-cli-verbs.h"

#define IMAGE "ubuntu:20.04"

static gboolean
has_vendor (DmsHardware *hardware, DmsGpuVendor vendor)
{
  GPtrArray *gpus = dms_resources_get_gpus (dms_hardware_get_total (hardware));
  guint i;

  for (i = 0; i < gpus->len; i++)
    {
      if (dms_gpu_get_vendor (g_ptr_array_index (gpus, i)) == vendor)
        return TRUE;
    }

  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  static const char *const nvidia[] = {
    "docker", "run", "--rm", "--name", "nunet-gpu-test", "--gpus", "all", IMAGE, "nvidia-smi", NULL,
  };
  static const char *const other[] = {
    "docker", "run", "--rm", "--name", "nunet-gpu-test", "--device", "/dev/dri", IMAGE, "ls",
    "-l",     "/dev/dri", NULL,
  };
  g_autoptr (DmsHardware) hardware = dms_cli_gpus_find (call, error);
  const char *const *argv;
  int status;

  if (hardware == NULL)
    return FALSE;

  argv = has_vendor (hardware, DMS_GPU_VENDOR_NVIDIA) ? nvidia : other;
  fflush (dms_cli_call_get_out (call));
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, error)
      || !g_spawn_check_wait_status (status, error))
    {
      dms_error_adopt (error, _ ("the test container (docker run %s)"), IMAGE);
      return FALSE;
    }

  return TRUE;
}

const DmsCliVerb dms_verb_gpu_test = {
  .path = "gpu test",
  .summary = N_ ("run a container that uses the GPUs"),
  .description = N_ ("Runs a container named nunet-gpu-test with Docker and shows what it sees of the GPUs. "
                     "With GPUs of "
                     "NVIDIA, their container toolkit must be installed."),
  .examples = "  nunet gpu test\n",
  .run = run,
};
