/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-leftovers.h"

#include <string.h>

#include "observability/dms-log.h"

typedef struct
{
  char *prefix;
  GObject *owner;
  DmsLeftoversKnownFunc is_known;
} Search;

static void
search_free (Search *search)
{
  g_free (search->prefix);
  g_object_unref (search->owner);
  g_free (search);
}

static void
removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  const char *handle = dms_execution_get_handle (DMS_EXECUTION (source));

  if (dms_execution_remove_finish (DMS_EXECUTION (source), result, &error))
    dms_log_event (G_LOG_LEVEL_INFO, "leftover_removed", "handle", handle, NULL);
  else
    dms_log_event (
        G_LOG_LEVEL_WARNING, "allocation_failed_to_cleanup", "handle", handle, "error", error->message, NULL);
}

static void
adopted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecution) execution = dms_executor_adopt_finish (DMS_EXECUTOR (source), result, &error);

  if (execution != NULL)
    dms_execution_remove_async (execution, NULL, removed, NULL);
  else if (!g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    dms_log_event (G_LOG_LEVEL_WARNING, "allocation_failed_to_cleanup", "error", error->message, NULL);
}

static void
listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Search *search = user_data;
  DmsExecutor *executor = DMS_EXECUTOR (source);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) handles = dms_executor_list_finish (executor, result, &error);

  for (gsize i = 0; handles != NULL && handles[i] != NULL; i++)
    {
      /* Asked only now: what was launched since the list was made is known, and not a leftover. */
      if (strstr (handles[i], search->prefix) != NULL && !search->is_known (search->owner, handles[i]))
        dms_executor_adopt_async (executor, handles[i], NULL, adopted, NULL);
    }
  search_free (search);
}

/**
 * dms_leftovers_remove:
 * @plugins: the executors
 * @jobs_dir: where this node keeps the state of jobs
 * @owner: kept until the executors have answered
 * @is_known: whether somebody still answers for a handle
 *
 * Clears away what a crash left in the engines. An engine may still be busy with what the last daemon asked
 * of it, so that a container appears after the first look: look again later.
 */
void
dms_leftovers_remove (DmsPluginManager *plugins,
                      const char *jobs_dir,
                      GObject *owner,
                      DmsLeftoversKnownFunc is_known)
{
  g_autoptr (GPtrArray) executors = dms_plugin_manager_list_executors (plugins);

  for (guint i = 0; i < executors->len; i++)
    {
      Search *search = g_new0 (Search, 1);

      search->prefix = g_strconcat (jobs_dir, "/", NULL);
      search->owner = g_object_ref (owner);
      search->is_known = is_known;
      dms_executor_list_async (g_ptr_array_index (executors, i), NULL, listed, search);
    }
}
