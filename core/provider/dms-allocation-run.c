/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-run.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"
#include "jobs/dms-task-flow.h"

#include <string.h>

enum
{
  MAX_ID = 128,
  MAX_VARIABLES = 64,
  MAX_VARIABLE_BYTES = 128 * 1024,
  MAX_ENVIRONMENT_BYTES = 512 * 1024,
};

/* A year. */
#define MAX_TIMEOUT_MS (G_GINT64_CONSTANT (366) * 24 * 3600 * 1000)

struct _DmsAllocationRun
{
  char *id;
  GStrv environment;
  gint64 timeout_ms;
  gboolean wants_stdout;
  gboolean wants_stderr;
  /* (nullable) */
  GStrv files;
};

G_DEFINE_BOXED_TYPE (DmsAllocationRun, dms_allocation_run, dms_allocation_run_ref, dms_allocation_run_unref)

static gboolean
is_id (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= MAX_ID &&
         strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == length;
}

static gsize
get_name_length (const char *variable)
{
  return strcspn (variable, "=");
}

static gboolean
is_variable (const char *text)
{
  gsize length = get_name_length (text);

  if (length == 0 || text[length] != '=' || g_ascii_isdigit (text[0]) || strlen (text) > MAX_VARIABLE_BYTES)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '_')
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_environment (GStrv environment)
{
  gsize total = 0;
  guint n = 0;

  for (; environment != NULL && environment[n] != NULL; n++)
    {
      if (n >= MAX_VARIABLES || !is_variable (environment[n]))
        return FALSE;
      total += strlen (environment[n]);
    }
  return total <= MAX_ENVIRONMENT_BYTES;
}

static gboolean
check_files (GStrv files)
{
  for (guint i = 0; files != NULL && files[i] != NULL; i++)
    {
      if (i >= DMS_TASK_FLOW_MAX_OUTPUTS || dms_task_flow_check_path (files[i]) != NULL)
        return FALSE;
    }
  return TRUE;
}

DmsAllocationRun *
dms_allocation_run_new_from_json (JsonObject *object, GError **error)
{
  const char *id = dms_json_object_get_text (object, "Run");
  g_autoptr (DmsAllocationRun) self = NULL;

  if (id == NULL || *id == '\0')
    return NULL;
  self = g_atomic_rc_box_new0 (DmsAllocationRun);
  self->id = g_strdup (id);
  self->environment = dms_json_object_dup_texts (object, "Environment");
  self->timeout_ms = dms_json_object_get_whole (object, "TimeoutMs", 0, MAX_TIMEOUT_MS, 0);
  self->wants_stdout = dms_json_object_get_flag (object, "WantsStdout");
  self->wants_stderr = dms_json_object_get_flag (object, "WantsStderr");
  self->files = dms_json_object_dup_texts (object, "WantsFiles");
  if (is_id (id) && check_environment (self->environment) && check_files (self->files))
    return g_steal_pointer (&self);
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_DATA,
                       "Run must be letters, digits, “-” and “.”, Environment a list of at most 64 texts "
                       "KEY=VALUE of 512 KiB in all, and WantsFiles at most 16 relative paths");
  return NULL;
}

JsonNode *
dms_allocation_run_to_json (DmsAllocationRun *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *environment = json_array_new ();

  json_object_set_string_member (object, "Run", self->id);
  for (guint i = 0; self->environment != NULL && self->environment[i] != NULL; i++)
    json_array_add_string_element (environment, self->environment[i]);
  json_object_set_array_member (object, "Environment", environment);
  json_object_set_int_member (object, "TimeoutMs", self->timeout_ms);
  json_object_set_boolean_member (object, "WantsStdout", self->wants_stdout);
  json_object_set_boolean_member (object, "WantsStderr", self->wants_stderr);
  dms_job_json_set_strv (object, "WantsFiles", (const char *const *) self->files);
  json_node_take_object (node, object);
  return node;
}

const char *
dms_allocation_run_get_id (DmsAllocationRun *self)
{
  return self->id;
}

gint64
dms_allocation_run_get_timeout_us (DmsAllocationRun *self)
{
  return self->timeout_ms * 1000;
}

gboolean
dms_allocation_run_wants (DmsAllocationRun *self, DmsLogStream stream)
{
  return stream == DMS_LOG_STDERR ? self->wants_stderr : self->wants_stdout;
}

const char *const *
dms_allocation_run_get_files (DmsAllocationRun *self)
{
  static const char *const none[] = { NULL };

  return self->files != NULL ? (const char *const *) self->files : none;
}

static gboolean
is_set_here (const char *const *variables, const char *variable)
{
  gsize length = get_name_length (variable);

  for (guint i = 0; variables[i] != NULL; i++)
    {
      if (get_name_length (variables[i]) == length && strncmp (variables[i], variable, length) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Copies what the job file says, which is a list, or a map where another implementation sent it. */
static void
keep_others (const char *const *variables, JsonNode *node, JsonArray *environment)
{
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonObject *map = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonNode *item = json_array_get_element (list, i);

      if (json_node_get_value_type (item) != G_TYPE_STRING ||
          !is_set_here (variables, json_node_get_string (item)))
        json_array_add_element (environment, json_node_copy (item));
    }
  if (map == NULL)
    return;
  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *text = NULL;

      if (json_node_get_value_type (value) != G_TYPE_STRING)
        continue;
      text = g_strdup_printf ("%s=%s", name, json_node_get_string (value));
      if (!is_set_here (variables, text))
        json_array_add_string_element (environment, text);
    }
}

JsonObject *
dms_allocation_run_add_variables (JsonObject *params, const char *const *variables)
{
  JsonObject *all = json_object_new ();
  JsonArray *environment = json_array_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, params);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (strcmp (name, "environment") != 0)
        json_object_set_member (all, name, json_node_copy (value));
    }
  keep_others (variables, json_object_get_member (params, "environment"), environment);
  for (guint i = 0; variables[i] != NULL; i++)
    json_array_add_string_element (environment, variables[i]);
  json_object_set_array_member (all, "environment", environment);
  return all;
}

JsonObject *
dms_allocation_run_apply (DmsAllocationRun *self, JsonObject *params)
{
  static const char *const none[] = { NULL };

  return dms_allocation_run_add_variables (
      params, self->environment != NULL ? (const char *const *) self->environment : none);
}

DmsAllocationRun *
dms_allocation_run_ref (DmsAllocationRun *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
run_clear (gpointer data)
{
  DmsAllocationRun *self = data;

  g_free (self->id);
  g_strfreev (self->environment);
  g_strfreev (self->files);
}

void
dms_allocation_run_unref (DmsAllocationRun *self)
{
  g_atomic_rc_box_release_full (self, run_clear);
}
