/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include <testing/dms-executor-conformance.h>

#include "dms-null-executor.h"

static DmsExecutor *
make_executor (gpointer user_data)
{
  return g_object_new (DMS_TYPE_NULL_EXECUTOR, NULL);
}

static DmsExecutionSpec *
make_spec (const DmsConformanceRequest *request, gpointer user_data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = NULL;
  g_autoptr (JsonObject) params = json_object_new ();

  switch (request->job)
    {
    case DMS_CONFORMANCE_JOB_PRINT:
      json_object_set_string_member (params, "stdout", request->out);
      json_object_set_string_member (params, "stderr", request->err);
      json_object_set_int_member (params, "exit_code", request->exit_code);
      break;
    case DMS_CONFORMANCE_JOB_LATE:
      json_object_set_string_member (params, "stdout", request->out);
      json_object_set_string_member (params, "stdout_at_end", request->err);
      json_object_set_int_member (params, "duration_ms", 200);
      break;
    case DMS_CONFORMANCE_JOB_STUBBORN:
      json_object_set_boolean_member (params, "ignore_stop", TRUE);
      json_object_set_int_member (params, "duration_ms", -1);
      break;
    case DMS_CONFORMANCE_JOB_SLEEP:
      json_object_set_int_member (params, "duration_ms", 120 * 1000);
      break;
    case DMS_CONFORMANCE_JOB_ALLOCATE:
      json_object_set_boolean_member (params, "out_of_memory", TRUE);
      break;
    case DMS_CONFORMANCE_JOB_FILES:
      json_object_set_int_member (params, "duration_ms", 0);
      break;
    case DMS_CONFORMANCE_JOB_INVALID:
    default:
      json_object_set_string_member (params, "duration_ms", "long");
      break;
    }
  builder = dms_execution_spec_builder_new (request->job_id, request->execution_id, "null");
  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_state_dir (builder, request->state_dir);
  return dms_execution_spec_builder_end (builder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  dms_executor_conformance_add_tests ("/null-executor", make_executor, make_spec, NULL);
  return g_test_run ();
}
