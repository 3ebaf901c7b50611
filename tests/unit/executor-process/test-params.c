/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-execution.h"
#include "dms-process-fixture.h"
#include "dms-process-job.h"
#include "dms-process-params.h"
#include "dms-process-status.h"

#include <glib/gstdio.h>
#include <string.h>

static DmsProcessParams *
parse (const char *json, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  g_assert_nonnull (node);
  return dms_process_params_new (json_node_get_object (node), error);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *json;
    const char *text;
  } cases[] = {
    { "{}", "“cmd” is missing" },
    { "{\"cmd\": []}", "“cmd” is missing" },
    { "{\"cmd\": [\"\"]}", "“cmd” is missing" },
    { "{\"cmd\": \"echo hi\"}", "“cmd” must be a list of words" },
    { "{\"cmd\": [1]}", "“cmd” must be a list of words" },
    { "{\"cmd\": [\"a\"], \"entrypoint\": 3}", "“entrypoint” must be a list of words" },
    { "{\"cmd\": [\"a\"], \"environment\": [\"NO\"]}", "“environment” must be a list of KEY=VALUE" },
    { "{\"cmd\": [\"a\"], \"environment\": [\"1A=b\"]}", "“environment” must be a list of KEY=VALUE" },
    { "{\"cmd\": [\"a\"], \"environment\": {\"A\": 1}}", "“environment” must be a list of KEY=VALUE" },
    { "{\"cmd\": [\"a\"], \"working_directory\": \"here\"}",
      "“working_directory” must be one absolute path" },
    { "{\"cmd\": [\"a\"], \"network\": \"bridge\"}", "“network” must be “none” or “host”" },
    { "{\"cmd\": [\"a\"], \"rootfs\": \"/a\", \"root\": \"/b\"}", "“root” must be one absolute path" },
    { "{\"cmd\": [\"a\"], \"log_limit\": 0}", "“log_limit” must be a number of bytes" },
    { "{\"cmd\": [\"a\"], \"user\": 7}", "“user” must be a user name" },
    { "{\"cmd\": [\"a\"], \"image\": \"alpine\"}", "“image” is unknown to the process executor" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsProcessParams) params = parse (cases[i].json, &error);

      g_assert_null (params);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, cases[i].text));
    }
}

static void
test_accepted (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsProcessParams) params =
      parse ("{\"entrypoint\": [\"env\"], \"cmd\": [\"-i\", \"\"], \"environment\": {\"A\": \"b=c\"}, "
             "\"user\": \"me\", "
             "\"network\": \"host\", \"root\": \"/srv/../srv/root\", \"working_directory\": null}",
             &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((GStrv) dms_process_params_get_argv (params)), ==, 3);
  g_assert_cmpstr (dms_process_params_get_argv (params)[0], ==, "env");
  g_assert_cmpstr (dms_process_params_get_argv (params)[2], ==, "");
  g_assert_cmpstr (dms_process_params_get_environment (params)[0], ==, "A=b=c");
  g_assert_cmpstr (dms_process_params_get_rootfs (params), ==, "/srv/root");
  g_assert_null (dms_process_params_get_working_directory (params));
  g_assert_true (dms_process_params_get_host_network (params));
  g_assert_cmpuint (dms_process_params_get_log_limit (params), ==, 64 * 1024 * 1024);
}

static void
test_mounts (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const refused[] = {
    "/", "/usr", "/usr/share/x", "/proc/1", "/dev", "relative", "/a/../etc", "/a//b", "/etc", "/run/dms/init"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (DmsExecutionSpecBuilder) builder =
          dms_process_fixture_build (fixture, "{\"cmd\": [\"true\"]}");
      g_autoptr (DmsVolume) volume = dms_volume_new ("local", "v", "/tmp", refused[i], FALSE, NULL);
      g_autoptr (DmsExecutionSpec) spec = NULL;
      g_autoptr (GError) error = NULL;

      dms_execution_spec_builder_add_volume (builder, volume);
      spec = dms_execution_spec_builder_end (builder);
      g_assert_false (dms_executor_validate (fixture->executor, spec, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_ports (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (fixture, "{\"cmd\": [\"true\"]}");
  g_autoptr (DmsPortMapping) port = dms_port_mapping_new (NULL, 18080, 80, DMS_PORT_TCP);
  g_autoptr (DmsExecutionSpec) spec = NULL;
  g_autoptr (GError) error = NULL;

  dms_execution_spec_builder_add_port (builder, port);
  spec = dms_execution_spec_builder_end (builder);
  g_assert_false (dms_executor_validate (fixture->executor, spec, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "network: host"));
}

static void
test_handles (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (fixture, "{\"cmd\": [\"true\"]}");
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_builder_end (builder);
  g_autofree char *handle = dms_executor_dup_handle (fixture->executor, spec);
  g_autofree char *again = dms_executor_dup_handle (fixture->executor, spec);
  g_autofree char *state_dir = dms_process_execution_parse_handle (handle);

  g_assert_cmpstr (handle, ==, again);
  g_assert_cmpstr (state_dir, ==, dms_execution_spec_get_state_dir (spec));
  g_assert_null (dms_process_execution_parse_handle ("docker:1:/x"));
  g_assert_null (dms_process_execution_parse_handle ("process:1:x"));
  g_assert_null (dms_process_execution_parse_handle (NULL));
}

static void
test_names (void)
{
  g_autofree char *plain = dms_process_job_dup_name ("3f0c-1", "/a");
  g_autofree char *other = dms_process_job_dup_name ("3f0c-1", "/b");
  g_autofree char *odd = dms_process_job_dup_name ("../ü/x", "/a");

  g_assert_true (g_str_has_prefix (plain, "3f0c-1-"));
  g_assert_cmpstr (plain, !=, other);
  g_assert_null (strchr (odd, '/'));
  g_assert_null (strchr (odd, '.'));
}

static void
write_status (DmsProcessFixture *fixture, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->directory, "status.json", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* A file that somebody else has written must be read without harm. */
static void
test_status (DmsProcessFixture *fixture, gconstpointer data)
{
  static const char *const damaged[] = { "", "{", "[]", "null", "\"x\"", "{\"phase\":" };
  g_autoptr (DmsProcessStatus) odd = NULL;
  g_autoptr (DmsProcessStatus) ended = NULL;
  g_autoptr (GError) missing = NULL;

  g_assert_null (dms_process_status_load (fixture->directory, &missing));
  g_assert_error (missing, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  for (gsize i = 0; i < G_N_ELEMENTS (damaged); i++)
    {
      g_autoptr (GError) error = NULL;

      write_status (fixture, damaged[i]);
      g_assert_null (dms_process_status_load (fixture->directory, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
    }
  write_status (fixture, "{\"phase\":[],\"started_us\":\"x\",\"shim_pid\":{},\"usage\":7,\"boot_id\":null}");
  odd = dms_process_status_load (fixture->directory, NULL);
  g_assert_cmpint (dms_process_status_get_state (odd), ==, DMS_EXECUTION_PENDING);
  g_assert_null (dms_process_status_get_result (odd));
  g_assert_cmpint (dms_process_status_get_shim_pid (odd), ==, 0);
  write_status (fixture,
                "{\"phase\":\"ended\",\"reason\":\"new\",\"exit_code\":9999,\"message\":5,\"usage\":[]}");
  ended = dms_process_status_load (fixture->directory, NULL);
  g_assert_cmpint (dms_execution_result_get_reason (dms_process_status_get_result (ended)), ==, DMS_END_LOST);
  g_assert_cmpint (dms_execution_result_get_exit_code (dms_process_status_get_result (ended)), ==, 255);
}

static void
test_probe (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutorProbe) probe = dms_process_fixture_probe (fixture);

  g_assert_cmpstr (dms_executor_get_id (fixture->executor), ==, "process");
  if (!dms_executor_probe_get_available (probe))
    g_test_fail_printf ("unavailable: %s", dms_executor_probe_get_reason (probe));
  g_assert_true (dms_executor_probe_get_features (probe) & DMS_EXECUTOR_FEATURE_EXEC);
}

static void
test_no_bubblewrap (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));
  g_autoptr (DmsExecutorProbe) probe = NULL;

  g_setenv ("PATH", fixture->directory, TRUE);
  probe = dms_process_fixture_probe (fixture);
  g_setenv ("PATH", path, TRUE);
  g_assert_false (dms_executor_probe_get_available (probe));
  g_assert_cmpstr (
      dms_executor_probe_get_reason (probe), ==, "bubblewrap is not installed: apt install bubblewrap");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/executor-process/params/refusals", test_refusals);
  g_test_add_func ("/executor-process/params/accepted", test_accepted);
  g_test_add_func ("/executor-process/params/names", test_names);
  dms_process_fixture_add ("/executor-process/params/mounts", test_mounts);
  dms_process_fixture_add ("/executor-process/params/ports", test_ports);
  dms_process_fixture_add ("/executor-process/params/handles", test_handles);
  dms_process_fixture_add ("/executor-process/params/status", test_status);
  dms_process_fixture_add ("/executor-process/probe", test_probe);
  dms_process_fixture_add ("/executor-process/probe/no-bubblewrap", test_no_bubblewrap);
  return g_test_run ();
}
