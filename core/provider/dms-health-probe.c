/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-health-probe.h"

#include <string.h>

#include <libsoup/soup.h>

enum
{
  TIMEOUT_SECONDS = 5,
  MAX_BODY_BYTES = 64 * 1024,
};

static gboolean
contains (GBytes *bytes, const char *part)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return part[0] == '\0' || memmem (data, size, part, strlen (part)) != NULL;
}

static void
command_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsHealthCheck *check = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DmsExecResult) outcome = dms_execution_exec_finish (DMS_EXECUTION (source), result, &error);
  const char *expected = dms_health_check_get_response_value (check);

  if (outcome == NULL)
    g_task_return_error (task, error);
  else if (dms_exec_result_get_exit_code (outcome) != 0)
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_FAILED,
                             "the health check's command exited with code %d",
                             dms_exec_result_get_exit_code (outcome));
  else if (!contains (dms_exec_result_get_stdout (outcome), expected) &&
           !contains (dms_exec_result_get_stderr (outcome), expected))
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_FAILED, "the health check's command did not answer “%.64s”", expected);
  else
    g_task_return_boolean (task, TRUE);
}

static void
body_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsHealthCheck *check = g_task_get_task_data (task);
  const char *expected = dms_health_check_get_response_value (check);
  GError *error = NULL;
  g_autofree char *buffer = g_object_steal_data (G_OBJECT (task), "buffer");
  gsize size;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &size, &error))
    {
      dms_error_adopt (&error, "the health check's endpoint “%s”", dms_health_check_get_endpoint (check));
      g_task_return_error (task, error);
      return;
    }
  /* The body must be the value; nothing expected is met by any answer. */
  if (expected[0] == '\0' || (size == strlen (expected) && memcmp (buffer, expected, size) == 0))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (
        task, DMS_ERROR, DMS_ERROR_FAILED, "the health check's endpoint did not answer “%.64s”", expected);
}

static void
response_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  DmsHealthCheck *check = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GInputStream) stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  char *buffer = NULL;

  if (stream == NULL)
    {
      dms_error_adopt (&error, "the health check's endpoint “%s”", dms_health_check_get_endpoint (check));
      g_task_return_error (task, error);
      return;
    }
  buffer = g_malloc (MAX_BODY_BYTES);
  g_object_set_data_full (G_OBJECT (task), "buffer", buffer, g_free);
  g_input_stream_read_all_async (
      stream, buffer, MAX_BODY_BYTES, G_PRIORITY_DEFAULT, cancellable, body_read, g_steal_pointer (&task));
}

/* The orchestrator is somebody else: it may make this machine ask its own job, and nobody else. */
static gboolean
is_local (GUri *uri, const char *subnet_ip)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);
  g_autoptr (GInetAddress) address = host != NULL ? g_inet_address_new_from_string (host) : NULL;

  if (host == NULL || (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")))
    return FALSE;
  if (g_ascii_strcasecmp (host, "localhost") == 0 || (subnet_ip != NULL && g_str_equal (host, subnet_ip)))
    return TRUE;
  return address != NULL && g_inet_address_get_is_loopback (address);
}

static void
ask_endpoint (GTask *task, DmsHealthCheck *check, const char *subnet_ip)
{
  const char *endpoint = dms_health_check_get_endpoint (check);
  g_autoptr (GUri) uri = endpoint != NULL ? g_uri_parse (endpoint, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  g_autoptr (SoupSession) session = NULL;
  g_autoptr (SoupMessage) message = NULL;

  if (uri == NULL || !is_local (uri, subnet_ip))
    {
      g_task_return_new_error (
          task,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          "the health check's endpoint “%s” must be an http address on localhost or of the job",
          endpoint != NULL ? endpoint : "");
      g_object_unref (task);
      return;
    }
  session = soup_session_new_with_options (
      "timeout", TIMEOUT_SECONDS, "max-conns", 1, "proxy-resolver", NULL, NULL);
  message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);
  g_object_set_data_full (G_OBJECT (task), "session", g_object_ref (session), g_object_unref);
  soup_session_send_async (
      session, message, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), response_ready, task);
}

/* The session's own timeout starts anew with every byte; this one does not. */
static gboolean
out_of_time (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
stop_timer (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/**
 * dms_health_probe_run_async:
 * @check: what to look at
 * @execution: the job
 * @subnet_ip: (nullable): the job's own address
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Asks once, for five seconds at most.
 */
void
dms_health_probe_run_async (DmsHealthCheck *check,
                            DmsExecution *execution,
                            const char *subnet_ip,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GCancellable) limit = g_cancellable_new ();
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (TIMEOUT_SECONDS);
  GTask *task = g_task_new (execution, limit, callback, user_data);
  const char *const *command = dms_health_check_get_exec (check);

  g_task_set_source_tag (task, dms_health_probe_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, dms_health_check_ref (check), (GDestroyNotify) dms_health_check_unref);
  g_source_set_callback (timer, out_of_time, g_object_ref (limit), g_object_unref);
  g_source_attach (timer, g_main_context_get_thread_default ());
  g_object_set_data_full (G_OBJECT (task), "timer", g_source_ref (timer), stop_timer);

  if (g_str_equal (dms_health_check_get_type_name (check), "http"))
    ask_endpoint (task, check, subnet_ip);
  else if (command != NULL && command[0] != NULL)
    dms_execution_exec_async (execution, command, TIMEOUT_SECONDS * 1000, limit, command_done, task);
  else
    {
      g_task_return_new_error (
          task, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "the health check has no command");
      g_object_unref (task);
    }
}

gboolean
dms_health_probe_run_finish (DmsExecution *execution, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
