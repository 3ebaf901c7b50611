/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-units.h"

#include <string.h>

/* Reads an allocation's `workflow` (docs/workflows.md). */

enum
{
  MAX_NAME = 64,
  MAX_PREFIX = 256,
};

#define MAX_DURATION_US (G_GINT64_CONSTANT (30) * 24 * 3600 * G_USEC_PER_SEC)
#define MAX_FACTOR      100.0

static gboolean
is_identifier (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > MAX_NAME || g_ascii_isdigit (text[0]))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && text[i] != '_')
        return FALSE;
    }
  return TRUE;
}

/* (transfer full) (nullable) */
static DmsExitCondition *
decode_exit (DmsJobReader *reader, const char *key)
{
  DmsJobNode *node = dms_job_reader_get (reader, key, DMS_JOB_READ_OPTIONAL);
  g_autofree char *why = NULL;
  DmsExitCondition *exit = NULL;

  if (node != NULL)
    exit = dms_exit_condition_new_from_node (node, &why);
  if (why != NULL)
    dms_job_reader_error (reader, key, "%s", why);
  return exit;
}

/* `task.output`. FALSE, and an error reported, when it is not that. */
static gboolean
split_reference (DmsJobReader *reader, const char *key, DmsJobNode *node, char **task, char **output)
{
  const char *text = dms_job_node_get_text (node);
  const char *dot = text == NULL ? NULL : strchr (text, '.');

  if (dot != NULL && dot > text && is_identifier (dot + 1))
    {
      g_autofree char *name = g_strndup (text, (gsize) (dot - text));

      if (dms_job_is_dns_name (name, FALSE))
        {
          *task = g_steal_pointer (&name);
          *output = g_strdup (dot + 1);
          return TRUE;
        }
    }
  dms_job_reader_error (
      reader, key, "must be <task>.<output>, such as split.parts, got \"%.80s\"", text != NULL ? text : "");
  return FALSE;
}

static void
decode_dependency (DmsJobReader *flow, DmsTaskFlow *self, DmsJobNode *node, guint index)
{
  g_autofree char *path = g_strdup_printf ("%s.after[%u]", dms_job_reader_get_path (flow), index);
  g_autofree char *task = NULL;
  g_autoptr (DmsExitCondition) exit = NULL;

  if (dms_job_node_is_scalar (node))
    {
      task = g_strdup (dms_job_node_get_text (node));
    }
  else
    {
      g_autoptr (DmsJobReader) reader =
          dms_job_reader_new (node, path, dms_job_reader_get_form (flow), dms_job_reader_get_report (flow));

      if (reader == NULL)
        return;
      task = dms_job_reader_dup_string (reader, "task", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
      exit = decode_exit (reader, "exit");
      dms_job_reader_finish (reader);
    }
  if (task == NULL)
    return;
  if (dms_task_flow_find_dependency (self, task) != NULL)
    {
      dms_job_report_error (
          dms_job_reader_get_report (flow), node, path, "task \"%.80s\" is listed twice", task);
      return;
    }
  if (exit == NULL)
    exit = dms_exit_condition_new_success ();
  dms_task_flow_add_dependency (self, task, g_steal_pointer (&exit));
}

static void
decode_after (DmsJobReader *flow, DmsTaskFlow *self)
{
  DmsJobNode *list = dms_job_reader_get_list (flow, "after", DMS_JOB_READ_OPTIONAL);

  if (list == NULL)
    return;
  if (dms_job_node_get_n_items (list) > DMS_TASK_FLOW_MAX_DEPENDENCIES)
    {
      dms_job_reader_error (flow, "after", "must have at most %d items", DMS_TASK_FLOW_MAX_DEPENDENCIES);
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    decode_dependency (flow, self, dms_job_node_get_item (list, i), i);
}

/* (transfer full) (nullable) */
static char *
decode_file (DmsJobReader *output)
{
  g_autofree char *file = dms_job_reader_dup_string (output, "file", DMS_JOB_READ_NON_EMPTY);
  const char *why = file != NULL && *file != '\0' ? dms_task_flow_check_path (file) : NULL;

  if (why != NULL)
    dms_job_reader_error (output, "file", "%s", why);
  if (file != NULL && dms_job_reader_get (output, "from", DMS_JOB_READ_OPTIONAL) != NULL)
    dms_job_reader_error (
        output, "file", "an output is taken from a file or from a stream: leave out one of file and from");
  return g_steal_pointer (&file);
}

static void
decode_output (DmsJobReader *outputs, DmsTaskFlow *self, const char *name)
{
  static const char *const streams[] = { "stdout", "stderr", NULL };
  static const char *const takes[] = { "all", "last_line", NULL };
  DmsJobNode *node = dms_job_node_get (dms_job_reader_get_node (outputs), name);
  g_autofree char *from = NULL;
  g_autofree char *file = NULL;
  g_autofree char *take = NULL;
  g_autofree char *prefix = NULL;
  DmsTaskOutput *output;

  dms_job_reader_mark_known (outputs, name);
  if (!is_identifier (name))
    dms_job_reader_error (outputs, name, "a name must be letters, digits and _, with no digit first");
  if (dms_job_node_is_scalar (node))
    {
      from = dms_job_reader_dup_choice (outputs, name, streams, "stdout", DMS_JOB_READ_REQUIRED);
    }
  else
    {
      g_autoptr (DmsJobReader) reader = dms_job_reader_open (outputs, name, DMS_JOB_READ_REQUIRED);

      if (reader == NULL)
        return;
      from = dms_job_reader_dup_choice (reader, "from", streams, "stdout", DMS_JOB_READ_OPTIONAL);
      file = decode_file (reader);
      take = dms_job_reader_dup_choice (reader, "take", takes, "all", DMS_JOB_READ_OPTIONAL);
      prefix = dms_job_reader_dup_string (reader, "prefix", DMS_JOB_READ_NON_EMPTY);
      if (prefix != NULL && strlen (prefix) > MAX_PREFIX)
        dms_job_reader_error (reader, "prefix", "must be at most %d bytes", MAX_PREFIX);
      if (prefix != NULL && strpbrk (prefix, "\r\n") != NULL)
        dms_job_reader_error (reader, "prefix", "must be the beginning of one line, without a line break");
      dms_job_reader_finish (reader);
    }
  output = g_new0 (DmsTaskOutput, 1);
  output->name = g_strdup (name);
  output->file = g_steal_pointer (&file);
  output->from_stderr = g_strcmp0 (from, "stderr") == 0;
  output->last_line = g_strcmp0 (take, "last_line") == 0;
  output->prefix = g_steal_pointer (&prefix);
  g_ptr_array_add (self->outputs, output);
}

static void
decode_outputs (DmsJobReader *flow, DmsTaskFlow *self)
{
  g_autoptr (DmsJobReader) outputs = dms_job_reader_open (flow, "outputs", DMS_JOB_READ_OPTIONAL);
  DmsJobNode *node = outputs == NULL ? NULL : dms_job_reader_get_node (outputs);

  if (node == NULL)
    return;
  if (dms_job_node_get_n_items (node) > DMS_TASK_FLOW_MAX_OUTPUTS)
    {
      dms_job_reader_error (flow, "outputs", "must be at most %d", DMS_TASK_FLOW_MAX_OUTPUTS);
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    decode_output (outputs, self, dms_job_node_get_key (node, i));
}

/* What is taken from a task waits for its success, unless `after` says something else. */
static void
imply_dependency (DmsTaskFlow *self, const char *task)
{
  if (dms_task_flow_find_dependency (self, task) == NULL)
    dms_task_flow_add_dependency (self, task, dms_exit_condition_new_success ());
}

static void
decode_inputs (DmsJobReader *flow, DmsTaskFlow *self)
{
  g_autoptr (DmsJobReader) inputs = dms_job_reader_open (flow, "inputs", DMS_JOB_READ_OPTIONAL);
  DmsJobNode *node = inputs == NULL ? NULL : dms_job_reader_get_node (inputs);

  if (node == NULL)
    return;
  if (dms_job_node_get_n_items (node) > DMS_TASK_FLOW_MAX_INPUTS)
    {
      dms_job_reader_error (flow, "inputs", "must be at most %d", DMS_TASK_FLOW_MAX_INPUTS);
      return;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      const char *variable = dms_job_node_get_key (node, i);
      DmsTaskInput *input;

      dms_job_reader_mark_known (inputs, variable);
      if (!is_identifier (variable) || g_str_has_prefix (variable, "DMS_"))
        {
          dms_job_reader_error (inputs,
                                variable,
                                "is no name for an environment variable: use letters, digits and _, no digit "
                                "first, and not DMS_ at the beginning");
          continue;
        }
      input = g_new0 (DmsTaskInput, 1);
      input->variable = g_strdup (variable);
      if (!split_reference (inputs, variable, dms_job_node_get_item (node, i), &input->task, &input->output))
        {
          g_free (input->variable);
          g_free (input);
          continue;
        }
      g_ptr_array_add (self->inputs, input);
      imply_dependency (self, input->task);
    }
}

static void
decode_for_each (DmsJobReader *flow, DmsTaskFlow *self)
{
  DmsJobNode *node = dms_job_reader_get (flow, "for_each", DMS_JOB_READ_OPTIONAL);

  if (node == NULL)
    return;
  if (dms_job_node_is_scalar (node))
    {
      if (split_reference (flow, "for_each", node, &self->items_task, &self->items_output))
        imply_dependency (self, self->items_task);
      return;
    }
  self->items = dms_job_reader_dup_strv (flow, "for_each", DMS_JOB_READ_OPTIONAL);
  if (g_strv_length (self->items) > DMS_TASK_FLOW_MAX_ITEMS)
    dms_job_reader_error (flow, "for_each", "must have at most %d items", DMS_TASK_FLOW_MAX_ITEMS);
  for (guint i = 0; self->items[i] != NULL; i++)
    {
      if (strlen (self->items[i]) > DMS_TASK_FLOW_MAX_ITEM_BYTES)
        dms_job_reader_error (
            flow, "for_each", "item %u is longer than %d bytes", i, DMS_TASK_FLOW_MAX_ITEM_BYTES);
    }
}

static gint64
decode_duration (DmsJobReader *reader, const char *key, gint64 fallback)
{
  g_autofree char *text = dms_job_reader_dup_string (reader, key, DMS_JOB_READ_NON_EMPTY);
  g_autofree char *why = NULL;
  gint64 ns;

  if (text == NULL || *text == '\0')
    return fallback;
  if (!dms_job_units_parse_duration (text, &ns, &why))
    dms_job_reader_error (reader, key, "%s, got \"%.40s\"", why, text);
  else if (ns / 1000 < 1 || ns / 1000 > MAX_DURATION_US)
    dms_job_reader_error (reader, key, "must be from 1us to 720h, got \"%.40s\"", text);
  else
    return ns / 1000;
  return fallback;
}

static void
decode_retries (DmsJobReader *flow, DmsTaskFlow *self)
{
  DmsJobNode *node = dms_job_reader_get (flow, "retries", DMS_JOB_READ_OPTIONAL);
  g_autoptr (DmsJobReader) retries = NULL;
  DmsExitCondition *exit;

  if (node == NULL)
    return;
  if (dms_job_node_is_scalar (node))
    {
      self->max_retries = (guint) dms_job_reader_get_int (flow, "retries", 0, DMS_TASK_FLOW_MAX_RETRIES, 0);
      return;
    }
  retries = dms_job_reader_open (flow, "retries", DMS_JOB_READ_OPTIONAL);
  if (retries == NULL)
    return;
  self->max_retries = (guint) dms_job_reader_get_int (retries, "max", 0, DMS_TASK_FLOW_MAX_RETRIES, 0);
  if (dms_job_reader_get (retries, "max", DMS_JOB_READ_REQUIRED) == NULL)
    self->max_retries = 0;
  self->retry_delay_us = decode_duration (retries, "delay", self->retry_delay_us);
  self->retry_max_delay_us =
      MAX (decode_duration (retries, "max_delay", self->retry_max_delay_us), self->retry_delay_us);
  if (dms_job_reader_get (retries, "factor", DMS_JOB_READ_OPTIONAL) != NULL)
    {
      double factor = dms_job_reader_get_positive (retries, "factor", MAX_FACTOR, DMS_JOB_READ_OPTIONAL);

      if (factor > 0 && factor < 1)
        dms_job_reader_error (retries, "factor", "must be at least 1");
      self->retry_factor = MAX (factor, 1);
    }
  exit = decode_exit (retries, "on");
  if (exit != NULL)
    {
      dms_exit_condition_unref (self->retry_on);
      self->retry_on = exit;
      if (dms_exit_condition_matches (exit, 0))
        dms_job_reader_error (
            retries, "on", "must not include success: a run that succeeded is not repeated");
    }
  dms_job_reader_finish (retries);
}

DmsTaskFlow *
dms_job_decode_flow (DmsJobReader *allocation)
{
  g_autoptr (DmsJobReader) flow = dms_job_reader_open (allocation, "workflow", DMS_JOB_READ_OPTIONAL);
  g_autoptr (DmsTaskFlow) self = NULL;

  if (flow == NULL)
    return NULL;
  self = dms_task_flow_new ();
  decode_after (flow, self);
  decode_outputs (flow, self);
  decode_inputs (flow, self);
  decode_for_each (flow, self);
  decode_retries (flow, self);
  self->timeout_us = decode_duration (flow, "timeout", 0);
  self->max_parallel = (guint) dms_job_reader_get_int (flow, "max_parallel", 1, DMS_TASK_FLOW_MAX_ITEMS, 0);
  self->slots = (guint) dms_job_reader_get_int (flow, "slots", 1, DMS_TASK_FLOW_MAX_SLOTS, 1);
  self->single = dms_job_reader_get_bool (flow, "single", FALSE);
  self->may_fail = dms_job_reader_get_bool (flow, "may_fail", FALSE);
  if (self->single && self->max_retries > 0)
    dms_job_reader_error (
        flow, "retries", "a task that is single is never started twice: leave one of them out");
  if (!dms_task_flow_is_fan_out (self) && (self->slots > 1 || self->max_parallel > 0))
    dms_job_reader_error (
        flow, self->slots > 1 ? "slots" : "max_parallel", "is of use only together with for_each");
  dms_job_reader_finish (flow);
  return g_steal_pointer (&self);
}
