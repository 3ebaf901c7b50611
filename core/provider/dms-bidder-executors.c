/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder-private.h"

#include "observability/dms-log.h"

#include <string.h>

/* Which executors can run jobs, as they said when they were asked last. */

enum
{
  PROBE_MS = 3000,
};

/* An engine that hangs does not hold up the node: it is not available, until it answers. */
typedef struct
{
  guint pending;
  GSource *timer;
  gboolean over;
} Probe;

static void
probe_free (gpointer data)
{
  Probe *probe = data;

  g_source_destroy (probe->timer);
  g_source_unref (probe->timer);
  g_free (probe);
}

static void
conclude_probe (GTask *task)
{
  Probe *probe = g_task_get_task_data (task);

  g_source_destroy (probe->timer);
  if (probe->over)
    return;
  probe->over = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gboolean
probed_long_enough (gpointer user_data)
{
  conclude_probe (user_data);
  return G_SOURCE_REMOVE;
}

static void
executor_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsBidder *self = g_task_get_source_object (task);
  Probe *probe = g_task_get_task_data (task);
  const char *id = dms_executor_get_id (DMS_EXECUTOR (source));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecutorProbe) answer = dms_executor_probe_finish (DMS_EXECUTOR (source), result, &error);

  if (answer != NULL && dms_executor_probe_get_available (answer))
    g_hash_table_add (self->executors, g_strdup (id));
  else if (g_hash_table_remove (self->executors, id) || answer == NULL)
    dms_log_event (G_LOG_LEVEL_INFO,
                   "executor_unavailable",
                   "executor",
                   id,
                   "error",
                   answer != NULL ? dms_executor_probe_get_reason (answer) : error->message,
                   NULL);
  if (--probe->pending == 0)
    conclude_probe (task);
}

/**
 * dms_bidder_probe_async:
 * @self: a bidder
 * @cancellable: (nullable): a cancellable
 * @callback: called when all have answered
 * @user_data: for @callback
 *
 * Asks every executor whether jobs can run.
 */
void
dms_bidder_probe_async (DmsBidder *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GPtrArray) executors = NULL;
  g_autoptr (GTask) task = NULL;
  Probe *probe = NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  executors = dms_plugin_manager_list_executors (dms_provider_get_plugins (self->provider));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_bidder_probe_async);
  g_task_set_check_cancellable (task, FALSE);
  probe = g_new0 (Probe, 1);
  probe->pending = executors->len;
  probe->timer = g_timeout_source_new (PROBE_MS);
  g_source_set_callback (probe->timer, probed_long_enough, g_object_ref (task), g_object_unref);
  g_source_attach (probe->timer, g_task_get_context (task));
  g_task_set_task_data (task, probe, probe_free);
  if (executors->len == 0)
    conclude_probe (task);
  for (guint i = 0; i < executors->len; i++)
    dms_executor_probe_async (
        g_ptr_array_index (executors, i), cancellable, executor_probed, g_object_ref (task));
}

gboolean
dms_bidder_probe_finish (DmsBidder *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * dms_bidder_dup_executors:
 * @self: a bidder
 *
 * Returns: (transfer full): the IDs of the executors that could run jobs when they were asked last
 */
GStrv
dms_bidder_dup_executors (DmsBidder *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer id;

  g_return_val_if_fail (DMS_IS_BIDDER (self), NULL);

  g_hash_table_iter_init (&iter, self->executors);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (names, g_strdup (id));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}
