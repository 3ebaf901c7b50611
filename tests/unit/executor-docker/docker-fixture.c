/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "docker-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dms-docker-executor.h"

void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Runs the main context until a call has answered. */
GAsyncResult *
await (GAsyncResult **slot)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (*slot == NULL && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (*slot);
  return g_steal_pointer (slot);
}

void
sleep_ms (guint ms)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) ms * 1000;

  while (g_get_monotonic_time () < deadline)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (5000);
    }
}

void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->executor = g_object_new (DMS_TYPE_DOCKER_EXECUTOR, NULL);
  fixture->directory = g_dir_make_tmp ("dms-docker-XXXXXX", NULL);
  g_assert_nonnull (fixture->directory);
}

void
remove_execution (DmsExecution *execution)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dms_execution_remove_async (execution, NULL, on_ready, &slot);
  result = await (&slot);
  dms_execution_remove_finish (execution, result, &error);
  g_assert_no_error (error);
}

GStrv
list_handles (Fixture *fixture)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GStrv handles;

  dms_executor_list_async (fixture->executor, NULL, on_ready, &slot);
  result = await (&slot);
  handles = dms_executor_list_finish (fixture->executor, result, &error);
  g_assert_no_error (error);
  return handles;
}

/* Every test leaves the engine and the directory as they were. */
void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) handles = NULL;
  g_autoptr (GDir) directory = NULL;

  if (fixture->execution != NULL)
    remove_execution (fixture->execution);
  g_clear_object (&fixture->execution);
  handles = list_handles (fixture);
  g_assert_cmpuint (g_strv_length (handles), ==, 0);
  directory = g_dir_open (fixture->directory, 0, NULL);
  g_assert_null (g_dir_read_name (directory));
  g_clear_object (&fixture->executor);
  g_rmdir (fixture->directory);
  g_free (fixture->directory);
}

/* A builder for a job of the test image; json is the rest of the parameters. */
DmsExecutionSpecBuilder *
build_image (Fixture *fixture, const char *image, const char *json, guint64 memory, double cores)
{
  g_autofree char *id = g_uuid_string_random ();
  DmsExecutionSpecBuilder *builder = dms_execution_spec_builder_new ("0123abcd_node.job", id, "docker");
  g_autofree char *text = g_strdup_printf ("{\"image\":\"%s\"%s%s}", image, *json != '\0' ? "," : "", json);
  g_autoptr (JsonNode) params = json_from_string (text, NULL);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (cores, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (memory, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (1024 * MIB);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, NULL);

  g_assert_nonnull (params);
  dms_execution_spec_builder_set_params (builder, json_node_get_object (params));
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, fixture->directory);
  return builder;
}

DmsExecutionSpecBuilder *
build_shell (Fixture *fixture, const char *script)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), script);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autofree char *json = g_strdup_printf ("\"cmd\":[\"sh\",\"-c\",%s]", text);

  return build_image (fixture, g_getenv ("DMS_TEST_IMAGE"), json, 64 * MIB, 1);
}

DmsExecution *
try_launch (Fixture *fixture, DmsExecutionSpecBuilder *builder, GError **error)
{
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_builder_end (builder);
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *handle = dms_executor_dup_handle (fixture->executor, spec);
  DmsExecution *execution;

  dms_executor_launch_async (fixture->executor, spec, NULL, on_ready, &slot);
  result = await (&slot);
  execution = dms_executor_launch_finish (fixture->executor, result, error);
  if (execution != NULL)
    g_assert_cmpstr (dms_execution_get_handle (execution), ==, handle);
  return execution;
}

void
launch (Fixture *fixture, DmsExecutionSpecBuilder *builder)
{
  g_autoptr (GError) error = NULL;

  fixture->execution = try_launch (fixture, builder, &error);
  g_assert_no_error (error);
}

void
launch_shell (Fixture *fixture, const char *script)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = build_shell (fixture, script);

  launch (fixture, builder);
}

DmsExecutionResult *
wait_end (DmsExecution *execution)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsExecutionResult *end;

  dms_execution_wait_async (execution, NULL, on_ready, &slot);
  result = await (&slot);
  end = dms_execution_wait_finish (execution, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  return end;
}

DmsLogChunk *
read_chunk (DmsExecution *execution, DmsLogStream stream, guint64 offset, gsize max_bytes, gboolean follow)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsLogChunk *chunk;

  dms_execution_read_log_async (execution, stream, offset, max_bytes, follow, NULL, on_ready, &slot);
  result = await (&slot);
  chunk = dms_execution_read_log_finish (execution, result, &error);
  g_assert_no_error (error);
  return chunk;
}

char *
dup_log (DmsExecution *execution, DmsLogStream stream)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean eof = FALSE;

  while (!eof)
    {
      g_autoptr (DmsLogChunk) chunk = read_chunk (execution, stream, text->len, 0, TRUE);
      gsize size;
      const char *data = g_bytes_get_data (dms_log_chunk_get_data (chunk), &size);

      if (size > 0)
        g_string_append_len (text, data, (gssize) size);
      eof = dms_log_chunk_get_eof (chunk);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
wait_for_output (DmsExecution *execution, const char *wanted)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (strstr (text->str, wanted) == NULL)
    {
      g_autoptr (DmsLogChunk) chunk = read_chunk (execution, DMS_LOG_STDOUT, text->len, 0, TRUE);
      gsize size;
      const char *data = g_bytes_get_data (dms_log_chunk_get_data (chunk), &size);

      g_assert_false (dms_log_chunk_get_eof (chunk));
      g_string_append_len (text, data, (gssize) size);
    }
}

void
assert_log (DmsExecution *execution, DmsLogStream stream, const char *expected)
{
  g_autofree char *text = dup_log (execution, stream);

  g_assert_cmpstr (text, ==, expected);
}
