/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-task-flow.h"

#include "jobs/dms-job-json.h"
#include "jobs/dms-job-units.h"

#include <string.h>

G_DEFINE_BOXED_TYPE (DmsTaskFlow, dms_task_flow, dms_task_flow_ref, dms_task_flow_unref)

static void
dependency_free (gpointer data)
{
  DmsTaskDependency *dependency = data;

  g_free (dependency->task);
  dms_exit_condition_unref (dependency->exit);
  g_free (dependency);
}

static void
output_free (gpointer data)
{
  DmsTaskOutput *output = data;

  g_free (output->name);
  g_free (output->file);
  g_free (output->prefix);
  g_free (output);
}

static void
input_free (gpointer data)
{
  DmsTaskInput *input = data;

  g_free (input->variable);
  g_free (input->task);
  g_free (input->output);
  g_free (input);
}

DmsTaskFlow *
dms_task_flow_new (void)
{
  DmsTaskFlow *self = g_atomic_rc_box_new0 (DmsTaskFlow);

  self->after = g_ptr_array_new_with_free_func (dependency_free);
  self->outputs = g_ptr_array_new_with_free_func (output_free);
  self->inputs = g_ptr_array_new_with_free_func (input_free);
  self->retry_delay_us = G_USEC_PER_SEC;
  self->retry_factor = 2;
  self->retry_max_delay_us = 300 * G_USEC_PER_SEC;
  self->retry_on = dms_exit_condition_new_nonzero ();
  self->slots = 1;
  return self;
}

const char *
dms_task_flow_check_path (const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);

  if (*path == '\0' || strlen (path) > DMS_TASK_FLOW_MAX_PATH || !g_utf8_validate (path, -1, NULL))
    return "must be a path of 1 to 255 bytes in UTF-8";
  for (const char *at = path; *at != '\0'; at++)
    {
      if (g_ascii_iscntrl (*at))
        return "must have no control characters";
    }
  if (*path == '/')
    return "must be relative: it begins in the folder in which the job starts";
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (*names[i] == '\0' || strcmp (names[i], ".") == 0 || strcmp (names[i], "..") == 0)
        return "must have no part that is empty, “.” or “..”";
    }
  return NULL;
}

gboolean
dms_task_flow_is_fan_out (DmsTaskFlow *self)
{
  return self->items != NULL || self->items_task != NULL;
}

DmsTaskDependency *
dms_task_flow_find_dependency (DmsTaskFlow *self, const char *task)
{
  for (guint i = 0; i < self->after->len; i++)
    {
      DmsTaskDependency *dependency = self->after->pdata[i];

      if (strcmp (dependency->task, task) == 0)
        return dependency;
    }
  return NULL;
}

DmsTaskOutput *
dms_task_flow_find_output (DmsTaskFlow *self, const char *name)
{
  for (guint i = 0; i < self->outputs->len; i++)
    {
      DmsTaskOutput *output = self->outputs->pdata[i];

      if (strcmp (output->name, name) == 0)
        return output;
    }
  return NULL;
}

void
dms_task_flow_add_dependency (DmsTaskFlow *self, const char *task, DmsExitCondition *exit)
{
  DmsTaskDependency *dependency = g_new0 (DmsTaskDependency, 1);

  dependency->task = g_strdup (task);
  dependency->exit = exit;
  g_ptr_array_add (self->after, dependency);
}

gint64
dms_task_flow_get_backoff_us (DmsTaskFlow *self, guint n_attempts)
{
  double delay = (double) self->retry_delay_us;

  for (guint i = 1; i < n_attempts && delay < (double) self->retry_max_delay_us; i++)
    delay *= self->retry_factor;
  return (gint64) MIN (delay, (double) self->retry_max_delay_us);
}

/* In the form the decoder reads, which is that of the file. */

static JsonNode *
dependency_to_json (gpointer data)
{
  DmsTaskDependency *dependency = data;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "task", dependency->task);
  json_object_set_member (object, "exit", dms_exit_condition_to_json (dependency->exit));
  return dms_job_json_take_object (object);
}

static JsonObject *
outputs_to_json (DmsTaskFlow *self)
{
  JsonObject *all = json_object_new ();

  for (guint i = 0; i < self->outputs->len; i++)
    {
      DmsTaskOutput *output = self->outputs->pdata[i];
      JsonObject *object = json_object_new ();

      if (output->file != NULL)
        json_object_set_string_member (object, "file", output->file);
      else
        json_object_set_string_member (object, "from", output->from_stderr ? "stderr" : "stdout");
      json_object_set_string_member (object, "take", output->last_line ? "last_line" : "all");
      dms_job_json_set_text (object, "prefix", output->prefix);
      json_object_set_object_member (all, output->name, object);
    }
  return all;
}

static JsonObject *
inputs_to_json (DmsTaskFlow *self)
{
  JsonObject *all = json_object_new ();

  for (guint i = 0; i < self->inputs->len; i++)
    {
      DmsTaskInput *input = self->inputs->pdata[i];
      g_autofree char *reference = g_strdup_printf ("%s.%s", input->task, input->output);

      json_object_set_string_member (all, input->variable, reference);
    }
  return all;
}

static void
set_duration (JsonObject *object, const char *name, gint64 us)
{
  g_autofree char *text = us > 0 ? dms_job_units_format_duration (us * 1000) : NULL;

  dms_job_json_set_text (object, name, text);
}

static JsonObject *
retries_to_json (DmsTaskFlow *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "max", self->max_retries);
  set_duration (object, "delay", self->retry_delay_us);
  json_object_set_double_member (object, "factor", self->retry_factor);
  set_duration (object, "max_delay", self->retry_max_delay_us);
  json_object_set_member (object, "on", dms_exit_condition_to_json (self->retry_on));
  return object;
}

JsonNode *
dms_task_flow_to_json (DmsTaskFlow *self)
{
  JsonObject *object = json_object_new ();

  dms_job_json_set_array (object, "after", self->after, dependency_to_json);
  if (self->outputs->len > 0)
    json_object_set_object_member (object, "outputs", outputs_to_json (self));
  if (self->inputs->len > 0)
    json_object_set_object_member (object, "inputs", inputs_to_json (self));
  if (self->items_task != NULL)
    {
      g_autofree char *reference = g_strdup_printf ("%s.%s", self->items_task, self->items_output);

      json_object_set_string_member (object, "for_each", reference);
    }
  else if (self->items != NULL)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; self->items[i] != NULL; i++)
        json_array_add_string_element (array, self->items[i]);
      json_object_set_array_member (object, "for_each", array);
    }
  if (self->max_retries > 0)
    json_object_set_object_member (object, "retries", retries_to_json (self));
  set_duration (object, "timeout", self->timeout_us);
  if (self->max_parallel > 0)
    json_object_set_int_member (object, "max_parallel", self->max_parallel);
  if (self->slots > 1)
    json_object_set_int_member (object, "slots", self->slots);
  if (self->single)
    json_object_set_boolean_member (object, "single", TRUE);
  if (self->may_fail)
    json_object_set_boolean_member (object, "may_fail", TRUE);
  return dms_job_json_take_object (object);
}

DmsTaskFlow *
dms_task_flow_ref (DmsTaskFlow *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
flow_clear (gpointer data)
{
  DmsTaskFlow *self = data;

  g_ptr_array_unref (self->after);
  g_ptr_array_unref (self->outputs);
  g_ptr_array_unref (self->inputs);
  g_strfreev (self->items);
  g_free (self->items_task);
  g_free (self->items_output);
  dms_exit_condition_unref (self->retry_on);
}

void
dms_task_flow_unref (DmsTaskFlow *self)
{
  g_atomic_rc_box_release_full (self, flow_clear);
}
