/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-executor.h"

#include <glib/gstdio.h>
#include <testing/dms-executor-conformance.h>

enum
{
  MIB = 1024 * 1024,
};

static DmsExecutor *
make_executor (gpointer user_data)
{
  return dms_process_executor_new ();
}

static const char *
get_script (DmsConformanceJob job)
{
  switch (job)
    {
    case DMS_CONFORMANCE_JOB_PRINT:
      return "printf %s \"$OUT\"; printf %s \"$ERR\" >&2; exit $CODE";
    case DMS_CONFORMANCE_JOB_LATE:
      return "printf %s \"$OUT\"; sleep 1; printf %s \"$ERR\"";
    case DMS_CONFORMANCE_JOB_SLEEP:
      return "exec sleep 90";
    case DMS_CONFORMANCE_JOB_STUBBORN:
      return "trap '' TERM; while :; do sleep 1; done";
    case DMS_CONFORMANCE_JOB_ALLOCATE:
      return "exec dd if=/dev/zero of=/dev/null bs=512M count=1";
    case DMS_CONFORMANCE_JOB_FILES:
      return "mkdir folder && printf %s \"$OUT\" >note && printf %s \"$ERR\" >folder/note && "
             "ln -s \"$SECRET\" link && truncate -s 20971520 large && printf %s \"$ERR\" >>large";
    default:
      return NULL;
    }
}

static void
set_variable (JsonObject *environment, const char *name, const char *value)
{
  json_object_set_string_member (environment, name, value != NULL ? value : "");
}

static DmsExecutionSpec *
make_spec (const DmsConformanceRequest *request, gpointer user_data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_execution_spec_builder_new (request->job_id, request->execution_id, "process");
  g_autoptr (JsonObject) params = json_object_new ();
  JsonObject *environment = json_object_new ();
  JsonArray *cmd = json_array_new ();
  g_autofree char *code = g_strdup_printf ("%d", request->exit_code);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 * MIB, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 * MIB);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);

  if (get_script (request->job) != NULL)
    {
      json_array_add_string_element (cmd, "/bin/sh");
      json_array_add_string_element (cmd, "-c");
      json_array_add_string_element (cmd, get_script (request->job));
    }
  set_variable (environment, "OUT", request->out);
  set_variable (environment, "ERR", request->err);
  set_variable (environment, "CODE", code);
  set_variable (environment, "SECRET", request->secret);
  json_object_set_array_member (params, "cmd", cmd);
  json_object_set_object_member (params, "environment", environment);
  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, request->state_dir);
  return dms_execution_spec_builder_end (builder);
}

int
main (int argc, char *argv[])
{
  g_autofree char *directory = g_dir_make_tmp ("dms-process-XXXXXX", NULL);
  g_autofree char *registry = g_build_filename (directory, "registry", NULL);
  int status;

  g_setenv ("DMS_EXEC_REGISTRY", registry, TRUE);
  g_test_init (&argc, &argv, NULL);
  dms_executor_conformance_add_tests ("/executor-process/conformance", make_executor, make_spec, NULL);
  status = g_test_run ();
  (void) g_rmdir (registry);
  (void) g_rmdir (directory);
  return status;
}
