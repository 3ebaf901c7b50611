/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-job.h"

#include "cli/dms-cli-job-link.h"
#include "cli/dms-cli-network.h"
#include "cli/dms-cli-table.h"
#include "cli/dms-cli-text.h"
#include "common/dms-json-object.h"

#include <dms.h>
#include <string.h>

enum
{
  /* The daemon waits a minute for the orchestrator's answer. */
  ANSWER_SECONDS = 90,
  FIRST_PAUSE_MS = 200,
  LAST_PAUSE_MS = 2000,
};

#define SOCKET_VARIABLE "DMS_JOB_SOCKET"

const DmsCliFlag dms_cli_job_flags[] = {
  { "socket",
    0,
    DMS_CLI_FLAG_STRING,
    FALSE,
    NULL,
    "path",
    N_ ("the job's socket; what DMS_JOB_SOCKET says if not given") },
  { "patience",
    0,
    DMS_CLI_FLAG_DURATION,
    FALSE,
    "5m",
    NULL,
    N_ ("how long to ask again while the daemon is away or has no room now") },
  { "json", 0, DMS_CLI_FLAG_BOOL, FALSE, "false", NULL, N_ ("print JSON, for programs") },
  { NULL },
};

JsonObject *
dms_cli_job_request (const char *operation, const char *key)
{
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "op", operation);
  if (key != NULL)
    json_object_set_string_member (request, "key", key);
  return request;
}

static const char *
find_socket (DmsCliCall *call, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "socket");

  if (path == NULL)
    path = g_getenv (SOCKET_VARIABLE);
  if (path != NULL && *path != '\0')
    return path;
  g_set_error_literal (
      error,
      DMS_ERROR,
      DMS_ERROR_WRONG_STATE,
      _ (SOCKET_VARIABLE
         " is not set: “nunet job” is for use inside a job whose job file has “children:”, on nodes "
         "whose owners set job.allow_children. Outside of jobs, use “nunet deploy”"));
  return NULL;
}

/* Seconds as people read them, of a monotonic time that is to come. */
static int
seconds_until (gint64 at_us)
{
  return (int) MIN ((at_us - g_get_monotonic_time ()) / G_USEC_PER_SEC + 1, G_MAXINT32);
}

static void
pause_until (gint64 at_us, guint *pause_ms)
{
  gint64 left_us = MAX (at_us - g_get_monotonic_time (), 0);

  g_usleep ((gulong) MIN ((gint64) *pause_ms * 1000, left_us));
  *pause_ms = MIN (*pause_ms * 2, LAST_PAUSE_MS);
}

/* One try. NULL with an error; again: (out): whether the same may do later. */
static JsonObject *
try_once (const char *path, const char *line, guint seconds, gboolean *again, GError **error)
{
  g_autofree char *answer = dms_cli_job_link_exchange (path, line, seconds, again, error);
  g_autoptr (JsonNode) node = answer != NULL ? dms_json_node_from_text (answer, -1, NULL) : NULL;
  JsonObject *object = node != NULL ? dms_json_node_get_child (node) : NULL;
  const char *problem;

  if (answer == NULL)
    return NULL;
  if (object == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("what “%s” answers is no JSON object"), path);
      return NULL;
    }
  if (dms_json_object_get_flag (object, "ok"))
    return json_object_ref (object);
  *again = dms_json_object_get_flag (object, "again");
  problem = dms_json_object_get_text (object, "error");
  g_set_error (error,
               DMS_ERROR,
               *again ? DMS_ERROR_UNAVAILABLE : DMS_ERROR_FAILED,
               "%s",
               problem != NULL && *problem != '\0' ? problem : _ ("it was refused without a reason"));
  return NULL;
}

/* Until then it is asked again; no answer is waited for longer than limit_us: 0 for no such time. */
static JsonObject *
ask_patiently (DmsCliCall *call,
               const char *path,
               const char *line,
               gint64 deadline_us,
               gint64 limit_us,
               GError **error)
{
  guint pause_ms = FIRST_PAUSE_MS;
  gboolean told = FALSE;

  while (TRUE)
    {
      g_autoptr (GError) local = NULL;
      gboolean again = FALSE;
      int left = limit_us > 0 ? MAX (seconds_until (limit_us), 1) : ANSWER_SECONDS;
      JsonObject *answer = try_once (path, line, (guint) MIN (left, ANSWER_SECONDS), &again, &local);

      if (answer != NULL)
        return answer;
      if (!again || g_get_monotonic_time () >= deadline_us)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (!told)
        {
          g_autofree char *safe = dms_cli_text_dup_safe (local->message);

          dms_cli_call_note (
              call, _ ("%s; asking again for up to %d s\n"), safe, seconds_until (deadline_us));
          told = TRUE;
        }
      pause_until (deadline_us, &pause_ms);
    }
}

/* limit_us: 0, or when even patience ends. */
static JsonObject *
ask_until (DmsCliCall *call, JsonObject *request, gint64 limit_us, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  gint64 patience_ns = MAX (dms_cli_call_get_duration (call, "patience"), 0);
  gint64 deadline_us = g_get_monotonic_time () + patience_ns / 1000;
  const char *path;
  g_autofree char *line = NULL;

  json_node_take_object (node, request);
  line = dms_json_node_to_text (node);
  path = find_socket (call, error);
  if (path == NULL)
    return NULL;
  if (strlen (line) > DMS_CLI_JOB_LINK_MAX_LINE)
    {
      g_set_error (
          error,
          DMS_ERROR,
          DMS_ERROR_TOO_LARGE,
          _ ("the request has %" G_GSIZE_FORMAT " bytes; a job may say at most %" G_GSIZE_FORMAT " at once"),
          strlen (line),
          DMS_CLI_JOB_LINK_MAX_LINE);
      return NULL;
    }
  return ask_patiently (
      call, path, line, limit_us > 0 ? MIN (deadline_us, limit_us) : deadline_us, limit_us, error);
}

JsonObject *
dms_cli_job_ask (DmsCliCall *call, JsonObject *request, GError **error)
{
  return ask_until (call, request, 0, error);
}

gboolean
dms_cli_job_read_deadline (DmsCliCall *call, gint64 *deadline_us, GError **error)
{
  gint64 timeout_ns = dms_cli_call_get_duration (call, "timeout");

  *deadline_us = 0;
  if (!dms_cli_call_is_set (call, "timeout"))
    return TRUE;
  if (timeout_ns < 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE, _ ("--timeout: must not be negative"));
      return FALSE;
    }
  *deadline_us = g_get_monotonic_time () + timeout_ns / 1000;
  return TRUE;
}

/* One part of the list, behind the children that are known. FALSE with an error; n_left: (out): how many more
 * there are. */
static gboolean
list_part (DmsCliCall *call, GPtrArray *children, gint64 limit_us, gint64 *n_left, GError **error)
{
  const char *last =
      children->len > 0 ? dms_json_object_get_text (children->pdata[children->len - 1], "key") : NULL;
  JsonObject *request = dms_cli_job_request ("list", NULL);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GPtrArray) part = NULL;

  if (last != NULL)
    json_object_set_string_member (request, "after", last);
  answer = ask_until (call, request, limit_us, error);
  if (answer == NULL)
    return FALSE;
  part = dms_cli_network_list_objects (answer, "children");
  *n_left = dms_json_object_get_whole (answer, "left", 0, G_MAXINT64, 0);
  if (*n_left > 0 &&
      (part->len == 0 || g_strcmp0 (dms_json_object_get_text (part->pdata[part->len - 1], "key"),
                                    last != NULL ? last : "") <= 0))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("the list of children does not go on"));
      return FALSE;
    }
  for (guint i = 0; i < part->len; i++)
    g_ptr_array_add (children, json_object_ref (part->pdata[i]));
  return TRUE;
}

static GPtrArray *
list_until (DmsCliCall *call, gint64 limit_us, GError **error)
{
  g_autoptr (GPtrArray) children = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  gint64 n_left = 1;

  while (n_left > 0)
    {
      if (!list_part (call, children, limit_us, &n_left, error))
        return NULL;
    }
  return g_steal_pointer (&children);
}

GPtrArray *
dms_cli_job_list (DmsCliCall *call, GError **error)
{
  return list_until (call, 0, error);
}

static JsonObject *
find_child (GPtrArray *children, const char *key)
{
  for (guint i = 0; i < children->len; i++)
    {
      if (g_strcmp0 (dms_json_object_get_text (children->pdata[i], "key"), key) == 0)
        return children->pdata[i];
    }
  return NULL;
}

/* Those of these keys, in this order; all for none. NULL with an error when one is missing. */
static GPtrArray *
choose (GPtrArray *children, const char *const *keys, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);

  for (guint i = 0; *keys == NULL && i < children->len; i++)
    g_ptr_array_add (chosen, json_object_ref (children->pdata[i]));
  for (guint i = 0; keys[i] != NULL; i++)
    {
      JsonObject *child = find_child (children, keys[i]);

      if (child == NULL)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_NOT_FOUND,
                       _ ("this job has no child “%s”; “nunet job list” shows those it has"),
                       keys[i]);
          return NULL;
        }
      g_ptr_array_add (chosen, json_object_ref (child));
    }
  return g_steal_pointer (&chosen);
}

/* Nothing will become of it any more, unless it is deployed again. */
static gboolean
is_done (JsonObject *child)
{
  return dms_json_object_get_flag (child, "over") ||
         g_strcmp0 (dms_json_object_get_text (child, "status"), "Lost") == 0;
}

GPtrArray *
dms_cli_job_wait (DmsCliCall *call, const char *const *keys, gint64 deadline_us, GError **error)
{
  guint pause_ms = FIRST_PAUSE_MS;
  /* One look is taken whatever the time. */
  gint64 limit_us = deadline_us > g_get_monotonic_time () ? deadline_us : 0;

  while (TRUE)
    {
      g_autoptr (GPtrArray) all = list_until (call, limit_us, error);
      g_autoptr (GPtrArray) chosen = all != NULL ? choose (all, keys, error) : NULL;
      gboolean over = TRUE;

      if (all == NULL && limit_us > 0 && g_get_monotonic_time () >= limit_us)
        dms_cli_call_set_exit_status (call, DMS_CLI_JOB_STATUS_TIME_UP);
      for (guint i = 0; chosen != NULL && i < chosen->len; i++)
        over = over && is_done (chosen->pdata[i]);
      if (chosen == NULL || over || (deadline_us > 0 && g_get_monotonic_time () >= deadline_us))
        return g_steal_pointer (&chosen);
      pause_until (deadline_us > 0 ? deadline_us : G_MAXINT64, &pause_ms);
    }
}

gboolean
dms_cli_job_is_good (JsonObject *child, gboolean *over)
{
  gboolean is_over = is_done (child);

  if (over != NULL)
    *over = is_over;
  return is_over && g_strcmp0 (dms_json_object_get_text (child, "status"), "Completed") == 0;
}

static const DmsCliColumn columns[] = {
  { N_ ("KEY"), FALSE },   { N_ ("STATUS"), FALSE }, { N_ ("DEPLOYMENT"), FALSE },
  { N_ ("ERROR"), FALSE }, { NULL, FALSE },
};

static void
print_table (DmsCliCall *call, GPtrArray *children)
{
  g_autoptr (DmsCliTable) table = dms_cli_table_new (columns);

  for (guint i = 0; i < children->len; i++)
    {
      JsonObject *child = children->pdata[i];
      const char *const cells[] = { dms_json_object_get_text (child, "key"),
                                    dms_json_object_get_text (child, "status"),
                                    dms_json_object_get_text (child, "id"),
                                    dms_json_object_get_text (child, "error") };

      dms_cli_table_add_row (table, cells);
    }
  dms_cli_table_print (table, call);
}

void
dms_cli_job_show (DmsCliCall *call, GPtrArray *children, gboolean judge)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *list = json_array_new ();
  int status = 0;

  for (guint i = 0; i < children->len; i++)
    {
      gboolean over;
      gboolean good = dms_cli_job_is_good (children->pdata[i], &over);

      json_array_add_object_element (list, json_object_ref (children->pdata[i]));
      /* That one failed is to be known also when others are not over yet. */
      if (over && !good)
        status = DMS_CLI_JOB_STATUS_FAILED;
      else if (!over && status == 0)
        status = DMS_CLI_JOB_STATUS_TIME_UP;
    }
  json_object_set_array_member (object, "children", list);
  if (dms_cli_call_get_bool (call, "json"))
    dms_cli_network_print_json (call, object);
  else
    print_table (call, children);
  if (judge)
    dms_cli_call_set_exit_status (call, status);
}
