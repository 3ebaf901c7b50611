/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-fixture.h"

#include "dms-process-executor.h"
#include "dms-process-execution.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  PATIENCE_S = 60,
};

void
dms_process_fixture_set_up (DmsProcessFixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *registry = NULL;

  self->directory = g_dir_make_tmp ("dms-process-XXXXXX", &error);
  g_assert_no_error (error);
  registry = g_build_filename (self->directory, "registry", NULL);
  g_setenv ("DMS_EXEC_REGISTRY", registry, TRUE);
  self->executor = dms_process_executor_new ();
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  (void) g_remove (path);
}

/* Nothing that a test launched outlives it. */
void
dms_process_fixture_tear_down (DmsProcessFixture *self, gconstpointer data)
{
  g_auto (GStrv) handles = dms_process_fixture_list (self);

  for (gsize i = 0; handles[i] != NULL; i++)
    {
      g_autoptr (DmsExecution) execution = dms_process_fixture_adopt (self, handles[i], NULL);

      if (execution != NULL)
        dms_process_fixture_remove (execution);
    }
  g_clear_object (&self->executor);
  remove_tree (self->directory);
  g_clear_pointer (&self->directory, g_free);
}

void
dms_process_fixture_add (const char *path, void (*function) (DmsProcessFixture *, gconstpointer))
{
  g_test_add (
      path, DmsProcessFixture, NULL, dms_process_fixture_set_up, function, dms_process_fixture_tear_down);
}

DmsExecutionSpecBuilder *
dms_process_fixture_build (DmsProcessFixture *self, const char *params)
{
  g_autofree char *id = g_uuid_string_random ();
  DmsExecutionSpecBuilder *builder = dms_execution_spec_builder_new ("0123_node.alloc", id, "process");
  g_autofree char *state_dir = g_strdup_printf ("%s/job%u", self->directory, self->count++);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (params, &error);

  g_assert_no_error (error);
  dms_execution_spec_builder_set_params (builder, json_node_get_object (node));
  dms_execution_spec_builder_set_state_dir (builder, state_dir);
  return builder;
}

DmsExecutionSpecBuilder *
dms_process_fixture_build_shell (DmsProcessFixture *self, const char *script)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (json);
  json_builder_set_member_name (json, "cmd");
  json_builder_begin_array (json);
  json_builder_add_string_value (json, "/bin/sh");
  json_builder_add_string_value (json, "-c");
  json_builder_add_string_value (json, script);
  json_builder_end_array (json);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  text = json_to_string (root, FALSE);
  return dms_process_fixture_build (self, text);
}

DmsResources *
dms_process_fixture_build_resources (double cores, guint64 memory, guint64 disk)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (cores, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (memory, 0, NULL);
  g_autoptr (DmsDisk) storage = dms_disk_new (disk);

  return dms_resources_new (cpu, ram, storage, NULL);
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
await (GAsyncResult **result)
{
  const gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;

  while (*result == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, TRUE);
    }
  return *result;
}

/* Wakes the loop now and then, so that a deadline is seen. */
static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static GAsyncResult *
await_with_deadline (GAsyncResult **result)
{
  const guint tick = g_timeout_add (250, on_tick, NULL);

  await (result);
  g_source_remove (tick);
  return *result;
}

DmsExecution *
dms_process_fixture_launch (DmsProcessFixture *self, DmsExecutionSpecBuilder *builder, GError **error)
{
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_builder_end (builder);
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_launch_async (self->executor, spec, NULL, on_ready, &result);
  return dms_executor_launch_finish (self->executor, await_with_deadline (&result), error);
}

DmsExecution *
dms_process_fixture_start (DmsProcessFixture *self, DmsExecutionSpecBuilder *builder)
{
  g_autoptr (GError) error = NULL;
  DmsExecution *execution = dms_process_fixture_launch (self, builder, &error);

  g_assert_no_error (error);
  g_assert_nonnull (execution);
  return execution;
}

DmsExecution *
dms_process_fixture_start_shell (DmsProcessFixture *self, const char *script)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (self, script);

  return dms_process_fixture_start (self, builder);
}

DmsExecution *
dms_process_fixture_adopt (DmsProcessFixture *self, const char *handle, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_executor_adopt_async (self->executor, handle, NULL, on_ready, &result);
  return dms_executor_adopt_finish (self->executor, await_with_deadline (&result), error);
}

GStrv
dms_process_fixture_list (DmsProcessFixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GStrv handles;

  dms_executor_list_async (self->executor, NULL, on_ready, &result);
  handles = dms_executor_list_finish (self->executor, await_with_deadline (&result), &error);
  g_assert_no_error (error);
  return handles;
}

DmsExecutorProbe *
dms_process_fixture_probe (DmsProcessFixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsExecutorProbe *probe;

  dms_executor_probe_async (self->executor, NULL, on_ready, &result);
  probe = dms_executor_probe_finish (self->executor, await_with_deadline (&result), &error);
  g_assert_no_error (error);
  return probe;
}

DmsExecutionResult *
dms_process_fixture_wait (DmsExecution *execution)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsExecutionResult *value;

  dms_execution_wait_async (execution, NULL, on_ready, &result);
  value = dms_execution_wait_finish (execution, await_with_deadline (&result), &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_execution_get_state (execution), ==, DMS_EXECUTION_ENDED);
  return value;
}

gboolean
dms_process_fixture_stop (DmsExecution *execution, guint grace_ms, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_stop_async (execution, grace_ms, NULL, on_ready, &result);
  return dms_execution_stop_finish (execution, await_with_deadline (&result), error);
}

gboolean
dms_process_fixture_pause (DmsExecution *execution, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_pause_async (execution, NULL, on_ready, &result);
  return dms_execution_pause_finish (execution, await_with_deadline (&result), error);
}

gboolean
dms_process_fixture_resume (DmsExecution *execution, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_resume_async (execution, NULL, on_ready, &result);
  return dms_execution_resume_finish (execution, await_with_deadline (&result), error);
}

DmsExecResult *
dms_process_fixture_exec (DmsExecution *execution, const char *const *argv, guint timeout_ms, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_exec_async (execution, argv, timeout_ms, NULL, on_ready, &result);
  return dms_execution_exec_finish (execution, await_with_deadline (&result), error);
}

DmsLogChunk *
dms_process_fixture_read (DmsExecution *execution,
                          DmsLogStream stream,
                          guint64 offset,
                          gsize max_bytes,
                          gboolean follow,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_read_log_async (execution, stream, offset, max_bytes, follow, cancellable, on_ready, &result);
  return dms_execution_read_log_finish (execution, await_with_deadline (&result), error);
}

GBytes *
dms_process_fixture_read_file (DmsExecution *execution, const char *path, gsize max_bytes, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dms_execution_read_file_async (execution, path, max_bytes, NULL, on_ready, &result);
  return dms_execution_read_file_finish (execution, await_with_deadline (&result), error);
}

char *
dms_process_fixture_read_all (DmsExecution *execution, DmsLogStream stream)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean more = TRUE;

  while (more)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsLogChunk) chunk =
          dms_process_fixture_read (execution, stream, text->len, 0, FALSE, NULL, &error);
      GBytes *data;

      g_assert_no_error (error);
      data = dms_log_chunk_get_data (chunk);
      g_string_append_len (text, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data));
      more = g_bytes_get_size (data) > 0;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

DmsUsage *
dms_process_fixture_get_usage (DmsExecution *execution)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsUsage *usage;

  dms_execution_get_usage_async (execution, NULL, on_ready, &result);
  usage = dms_execution_get_usage_finish (execution, await_with_deadline (&result), &error);
  g_assert_no_error (error);
  return usage;
}

void
dms_process_fixture_remove (DmsExecution *execution)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  dms_execution_remove_async (execution, NULL, on_ready, &result);
  ok = dms_execution_remove_finish (execution, await_with_deadline (&result), &error);
  g_assert_no_error (error);
  g_assert_true (ok);
}

void
dms_process_fixture_await_output (DmsExecution *execution, const char *text)
{
  const gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  gboolean found = FALSE;

  while (!found)
    {
      g_autofree char *out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);

      found = strstr (out, text) != NULL;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!found)
        dms_process_fixture_sleep (10);
    }
}

static gboolean
on_slept (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
dms_process_fixture_sleep (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_slept, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}
