/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-tool.h"

#include <dlfcn.h>
#include <sys/auxv.h>

/* In a build tree the shim lies at a fixed place from this plugin. */
static char *
dup_shim_of_build (void)
{
  Dl_info info = { 0 };
  g_autofree char *directory = NULL;

  if (dladdr (dup_shim_of_build, &info) == 0 || info.dli_fname == NULL ||
      !g_path_is_absolute (info.dli_fname))
    return NULL;
  directory = g_path_get_dirname (info.dli_fname);
  return g_build_filename (directory, "..", "..", "core", "exec-shim", "dms-exec-shim", NULL);
}

char *
dms_process_tool_dup_shim (GError **error)
{
  const char *given = getauxval (AT_SECURE) == 0 ? g_getenv ("DMS_EXEC_SHIM") : NULL;
  g_autofree char *build = dup_shim_of_build ();
  const char *const places[] = { given,
                                 given == NULL ? DMS_EXEC_SHIM_PATH : NULL,
                                 given == NULL ? build : NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (places[i] != NULL && g_path_is_absolute (places[i]) &&
        g_file_test (places[i], G_FILE_TEST_IS_EXECUTABLE))
      return g_strdup (places[i]);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_UNAVAILABLE,
               "the program “%s” is missing: install this package again",
               given != NULL ? given : DMS_EXEC_SHIM_PATH);
  return NULL;
}

char *
dms_process_tool_dup_bwrap (GError **error)
{
  char *path = g_find_program_in_path ("bwrap");

  if (path == NULL)
    g_set_error_literal (
        error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "bubblewrap is not installed: apt install bubblewrap");
  return path;
}

static void
on_output (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GSubprocess *process = G_SUBPROCESS (source);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  GError *error = NULL;

  if (!g_subprocess_communicate_utf8_finish (process, result, &out, &err, &error))
    {
      dms_error_adopt (&error, "cannot run the job supervisor");
      g_task_return_error (task, error);
    }
  else if (!g_subprocess_get_successful (process))
    g_task_return_new_error (task,
                             DMS_ERROR,
                             g_subprocess_get_if_exited (process) &&
                                     g_subprocess_get_exit_status (process) == 75
                                 ? DMS_ERROR_BUSY
                                 : DMS_ERROR_FAILED,
                             "the job supervisor failed: %s",
                             err != NULL ? g_strstrip (err) : "");
  else
    g_task_return_pointer (task, g_steal_pointer (&out), g_free);
}

void
dms_process_tool_run_async (const char *errand,
                            const char *argument,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  g_autofree char *shim = dms_process_tool_dup_shim (&error);
  g_autoptr (GSubprocess) process = NULL;

  g_task_set_source_tag (task, dms_process_tool_run_async);
  if (shim != NULL)
    {
      process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                                  &error,
                                  shim,
                                  errand,
                                  argument,
                                  NULL);
      if (process == NULL)
        dms_error_adopt (&error, "cannot start “%s”", shim);
    }
  if (process == NULL)
    g_task_return_error (task, error);
  else
    g_subprocess_communicate_utf8_async (process, NULL, cancellable, on_output, g_object_ref (task));
}

char *
dms_process_tool_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
