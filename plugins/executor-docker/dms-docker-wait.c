/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-wait.h"

#include "dms-docker-json.h"

static const guint FIRST_DELAY_MS = 200;
static const guint MAX_DELAY_MS = 10000;

typedef struct
{
  char *name;
  guint delay_ms;
} Wait;

static void
wait_free (gpointer data)
{
  Wait *wait = data;

  g_free (wait->name);
  g_free (wait);
}

static void ask (GTask *task);

gboolean
dms_docker_wait_has_ended (JsonObject *inspect)
{
  static const char *const ended[] = { "exited", "dead", "stopped", NULL };
  JsonObject *state = dms_docker_json_get_object (inspect, "State");
  const char *status = dms_docker_json_get_string (state, "Status");

  return status != NULL && g_strv_contains (ended, status) && !dms_docker_json_get_boolean (state, "Running");
}

static gboolean
on_retry (gpointer user_data)
{
  GTask *task = user_data;

  if (!g_task_return_error_if_cancelled (task))
    ask (g_object_ref (task));
  return G_SOURCE_REMOVE;
}

/* Takes the reference of the task. */
static void
retry_later (GTask *task)
{
  Wait *wait = g_task_get_task_data (task);

  g_timeout_add_full (G_PRIORITY_DEFAULT, wait->delay_ms, on_retry, task, g_object_unref);
  wait->delay_ms = MIN (wait->delay_ms * 2, MAX_DELAY_MS);
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, &error);
  g_autoptr (JsonNode) node = NULL;

  if (reply == NULL && (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND) ||
                        g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED)))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  node = reply != NULL ? dms_docker_json_parse (reply, NULL) : NULL;
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node) &&
      dms_docker_wait_has_ended (json_node_get_object (node)))
    {
      g_task_return_pointer (task, g_steal_pointer (&node), (GDestroyNotify) json_node_unref);
      return;
    }
  retry_later (g_steal_pointer (&task));
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wait *wait = g_task_get_task_data (task);
  g_autofree char *path = g_strdup_printf ("/containers/%s/json", wait->name);
  g_autoptr (GBytes) reply = dms_docker_client_call_finish (DMS_DOCKER_CLIENT (source), result, NULL);

  /* Whatever the answer was, also when the connection broke: the description is what counts. */
  if (reply != NULL)
    wait->delay_ms = FIRST_DELAY_MS;
  if (g_task_return_error_if_cancelled (task))
    return;
  dms_docker_client_call_async (DMS_DOCKER_CLIENT (source),
                                "GET",
                                path,
                                g_task_get_cancellable (task),
                                on_inspected,
                                g_object_ref (task));
}

/* Takes the reference of the task. */
static void
ask (GTask *task)
{
  DmsDockerClient *client = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);
  g_autofree char *path = g_strdup_printf ("/containers/%s/wait", wait->name);

  dms_docker_client_call_async (client, "POST", path, g_task_get_cancellable (task), on_waited, task);
}

/* Waits until a container has ended, and answers its description then. An engine that goes away is waited
 * for: it comes back, and its description says what happened meanwhile. DMS_ERROR_NOT_FOUND when the
 * container is gone. */
void
dms_docker_wait_async (DmsDockerClient *client,
                       const char *name,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  Wait *wait = g_new0 (Wait, 1);

  g_task_set_source_tag (task, dms_docker_wait_async);
  wait->name = g_strdup (name);
  wait->delay_ms = FIRST_DELAY_MS;
  g_task_set_task_data (task, wait, wait_free);
  ask (task);
}

JsonNode *
dms_docker_wait_finish (DmsDockerClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
