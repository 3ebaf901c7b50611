/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Whether the Docker executor keeps the contract of executors, on an engine that tests/fixtures/engines.py
 * starts. */

#include <dms.h>
#include <testing/dms-executor-conformance.h>

#include "dms-docker-executor.h"

static DmsExecutor *
make_executor (gpointer user_data)
{
  return g_object_new (DMS_TYPE_DOCKER_EXECUTOR, NULL);
}

static char *
dup_script (const DmsConformanceRequest *request)
{
  g_autofree char *out = g_shell_quote (request->out != NULL ? request->out : "");
  g_autofree char *err = g_shell_quote (request->err != NULL ? request->err : "");

  switch (request->job)
    {
    case DMS_CONFORMANCE_JOB_PRINT:
      return g_strdup_printf ("printf %%s %s; printf %%s %s >&2; exit %d", out, err, request->exit_code);
    case DMS_CONFORMANCE_JOB_LATE:
      return g_strdup_printf ("printf %%s %s; sleep 1; printf %%s %s", out, err);
    case DMS_CONFORMANCE_JOB_SLEEP:
      return g_strdup ("trap 'exit 0' TERM; for i in $(seq 1000); do sleep 0.1; done");
    case DMS_CONFORMANCE_JOB_STUBBORN:
      return g_strdup ("trap '' TERM; for i in $(seq 1000); do sleep 0.1; done");
    case DMS_CONFORMANCE_JOB_ALLOCATE:
      return g_strdup ("exec dd if=/dev/zero of=/dev/null bs=200M count=1");
    case DMS_CONFORMANCE_JOB_FILES:
      return g_strdup_printf ("mkdir folder && printf %%s %s >note && printf %%s %s >folder/note && "
                              "ln -s %s link && head -c 20971520 /dev/zero >large && printf %%s %s >>large",
                              out,
                              err,
                              request->secret,
                              err);
    case DMS_CONFORMANCE_JOB_INVALID:
    default:
      return NULL;
    }
}

static DmsExecutionSpec *
make_spec (const DmsConformanceRequest *request, gpointer user_data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_execution_spec_builder_new (request->job_id, request->execution_id, "docker");
  g_autoptr (JsonObject) params = json_object_new ();
  g_autofree char *script = dup_script (request);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 * 1024 * 1024, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 * 1024 * 1024);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  JsonArray *cmd = json_array_new ();

  json_array_add_string_element (cmd, "sh");
  json_array_add_string_element (cmd, "-c");
  json_array_add_string_element (cmd, script != NULL ? script : "");
  json_object_set_array_member (params, "cmd", cmd);
  /* A job without an image is none. */
  if (script != NULL)
    json_object_set_string_member (params, "image", g_getenv ("DMS_TEST_IMAGE"));
  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, request->state_dir);
  return dms_execution_spec_builder_end (builder);
}

int
main (int argc, char *argv[])
{
  g_autofree char *prefix = g_strdup_printf ("/executor-docker/%s", g_getenv ("DMS_TEST_ENGINE"));

  if (g_getenv ("DMS_TEST_ENGINE") == NULL)
    {
      g_print ("1..0 # SKIP run by tests/fixtures/engines.py\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  dms_executor_conformance_add_tests (prefix, make_executor, make_spec, NULL);
  return g_test_run ();
}
