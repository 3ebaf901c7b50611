/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Measures the process executor: from asking for a launch until the job runs. Takes a scratch directory;
 * prints
 * {"runs": [milliseconds…]}. */

#include <dms.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "plugins/dms-plugin-manager.h"

#define N_LAUNCHES 50
#define MIB        ((guint64) 1024 * 1024)

typedef struct
{
  GMainLoop *loop;
  DmsExecution *execution;
} Bench;

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (GError) error = NULL;

  bench->execution = dms_executor_launch_finish (DMS_EXECUTOR (source), result, &error);
  g_assert_no_error (error);
  g_main_loop_quit (bench->loop);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (GError) error = NULL;

  dms_execution_remove_finish (DMS_EXECUTION (source), result, &error);
  g_assert_no_error (error);
  g_main_loop_quit (bench->loop);
}

static DmsExecutionSpec *
build_spec (const char *scratch, guint number)
{
  g_autofree char *id = g_strdup_printf ("bench-%u", number);
  g_autofree char *state_dir = g_build_filename (scratch, id, NULL);
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new (id, id, "process");
  g_autoptr (DmsCpu) cpu = dms_cpu_new (0.5, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 * MIB, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (64 * MIB);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);
  JsonObject *params = json_object_new ();
  JsonArray *cmd = json_array_new ();

  json_array_add_string_element (cmd, "sleep");
  json_array_add_string_element (cmd, "60");
  json_object_set_array_member (params, "cmd", cmd);

  g_assert_cmpint (g_mkdir_with_parents (state_dir, 0700), ==, 0);
  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, state_dir);
  json_object_unref (params);
  return dms_execution_spec_builder_end (builder);
}

int
main (int argc, char *argv[])
{
  g_auto (GStrv) directories = dms_plugin_manager_dup_default_directories ();
  g_autoptr (DmsPluginManager) plugins = dms_plugin_manager_new ((const char *const *) directories, NULL);
  Bench bench = { .loop = g_main_loop_new (NULL, FALSE) };
  DmsExecutor *executor;

  if (argc != 2)
    {
      fprintf (stderr, "usage: %s SCRATCH-DIRECTORY\n", argv[0]);
      return 1;
    }

  dms_plugin_manager_load_all (plugins);
  executor = dms_plugin_manager_get_executor (plugins, "process");
  g_assert_nonnull (executor);

  printf ("{\"runs\": [");
  for (guint i = 0; i < N_LAUNCHES; i++)
    {
      g_autoptr (DmsExecutionSpec) spec = build_spec (argv[1], i);
      gint64 begin = g_get_monotonic_time ();

      dms_executor_launch_async (executor, spec, NULL, on_launched, &bench);
      g_main_loop_run (bench.loop);
      printf ("%s%.3f", i > 0 ? ", " : "", (double) (g_get_monotonic_time () - begin) / 1000);

      dms_execution_remove_async (bench.execution, NULL, on_removed, &bench);
      g_main_loop_run (bench.loop);
      g_clear_object (&bench.execution);
    }
  printf ("]}\n");

  g_main_loop_unref (bench.loop);
  return 0;
}
