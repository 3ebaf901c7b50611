/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "workflow/dms-workflow-private.h"

#include "common/dms-json-object.h"

#include <string.h>

/* What tasks hand on: from what they wrote to what others get. All of it comes from jobs on other people's
 * machines: it is data, and nothing is ever looked for in it but lines and one JSON list. */

#define MAX_ENVIRONMENT_BYTES ((gsize) 128 * 1024)

static gboolean
is_blank (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isspace (text[i]))
        return FALSE;
    }
  return TRUE;
}

static char *
dup_trimmed (const char *text, gsize length)
{
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;
  return g_strndup (text, length);
}

/* The last line that is not blank; with a prefix, the rest of the last line that begins with it. */
static char *
dup_last_line (const char *text, const char *prefix)
{
  char *found = NULL;

  for (const char *at = text; *at != '\0';)
    {
      gsize length = strcspn (at, "\n");
      gsize skipped = prefix != NULL ? strlen (prefix) : 0;
      gboolean wanted =
          prefix != NULL ? skipped <= length && g_str_has_prefix (at, prefix) : !is_blank (at, length);

      if (wanted)
        {
          g_free (found);
          found = dup_trimmed (at + skipped, length - skipped);
        }
      at += length + (at[length] == '\n' ? 1 : 0);
    }
  return found;
}

/* What it is taken from; NULL with *why. */
static const char *
find_text (DmsTaskOutput *output, const DmsWorkflowLeft *left, char **why)
{
  const char *stream = output->from_stderr ? left->err : left->out;
  JsonObject *file = NULL;
  const char *text;
  const char *error;
  g_autofree char *told = NULL;

  if (output->file == NULL)
    return stream != NULL ? stream : "";
  if (left->files != NULL && json_object_has_member (left->files, output->file))
    file = dms_json_node_get_child (json_object_get_member (left->files, output->file));
  text = file != NULL ? dms_json_object_get_text (file, "text") : NULL;
  error = file != NULL ? dms_json_object_get_text (file, "error") : NULL;
  if (error != NULL)
    told = g_utf8_make_valid (error, (gssize) strnlen (error, DMS_TASK_FLOW_MAX_ERROR_BYTES));
  if (text == NULL)
    *why = g_strdup_printf ("it did not hand on “%s” from the file “%s”: %s",
                            output->name,
                            output->file,
                            told != NULL ? told : "its machine does not know how");
  return text;
}

static char *
take_output (DmsTaskOutput *output, const DmsWorkflowLeft *left, char **why)
{
  const char *text = find_text (output, left, why);
  char *value;

  if (text == NULL)
    return NULL;

  if (output->prefix != NULL)
    value = dup_last_line (text, output->prefix);
  else if (output->last_line)
    value = dup_last_line (text, NULL);
  else
    value = dup_trimmed (text, strlen (text));
  if (value == NULL && output->prefix == NULL)
    value = g_strdup ("");
  if (value == NULL)
    *why = g_strdup_printf ("it did not hand on “%s”: no line of its %s begins with “%s”",
                            output->name,
                            output->file != NULL  ? output->file
                            : output->from_stderr ? "stderr"
                                                  : "stdout",
                            output->prefix);
  else if (strlen (value) > DMS_TASK_FLOW_MAX_OUTPUT_BYTES)
    *why = g_strdup_printf ("its output “%s” is larger than the %d bytes that can be handed on",
                            output->name,
                            DMS_TASK_FLOW_MAX_OUTPUT_BYTES);
  if (*why != NULL)
    g_clear_pointer (&value, g_free);
  return value;
}

JsonObject *
dms_workflow_take_outputs (DmsTaskFlow *flow, const DmsWorkflowLeft *left, gsize *size, char **why)
{
  g_autoptr (JsonObject) outputs = json_object_new ();

  *size = 0;
  for (guint i = 0; i < flow->outputs->len; i++)
    {
      DmsTaskOutput *output = flow->outputs->pdata[i];
      g_autofree char *value = take_output (output, left, why);

      if (value == NULL)
        return NULL;
      *size += strlen (value);
      json_object_set_string_member (outputs, output->name, value);
    }
  return g_steal_pointer (&outputs);
}

static void
add_json_item (GStrvBuilder *builder, JsonNode *node)
{
  g_autofree char *text = NULL;

  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    {
      g_strv_builder_add (builder, json_node_get_string (node));
      return;
    }
  text = json_to_string (node, FALSE);
  g_strv_builder_add (builder, text);
}

/* NULL when the text is no list. */
static GStrv
split_json (const char *text)
{
  g_autoptr (JsonNode) node = dms_json_node_from_text (text, -1, NULL);
  g_autoptr (GStrvBuilder) builder = NULL;
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  builder = g_strv_builder_new ();
  array = json_node_get_array (node);
  for (guint i = 0; i < MIN (json_array_get_length (array), DMS_TASK_FLOW_MAX_ITEMS + 1); i++)
    add_json_item (builder, json_array_get_element (array, i));
  return g_strv_builder_end (builder);
}

static GStrv
split_lines (const char *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint n = 0;

  for (const char *at = text; *at != '\0' && n <= DMS_TASK_FLOW_MAX_ITEMS;)
    {
      gsize length = strcspn (at, "\n");
      g_autofree char *line = dup_trimmed (at, length);

      if (!is_blank (line, strlen (line)))
        {
          g_strv_builder_add (builder, line);
          n++;
        }
      at += length + (at[length] == '\n' ? 1 : 0);
    }
  return g_strv_builder_end (builder);
}

GStrv
dms_workflow_split_items (const char *text, char **why)
{
  const char *begin = text + strspn (text, " \t\r\n");
  g_auto (GStrv) items = *begin == '[' ? split_json (begin) : NULL;

  if (items == NULL)
    items = split_lines (text);
  if (g_strv_length (items) > DMS_TASK_FLOW_MAX_ITEMS)
    {
      *why = g_strdup_printf ("the list has more than %d items", DMS_TASK_FLOW_MAX_ITEMS);
      return NULL;
    }
  for (guint i = 0; items[i] != NULL; i++)
    {
      if (strlen (items[i]) > DMS_TASK_FLOW_MAX_ITEM_BYTES)
        {
          *why = g_strdup_printf (
              "item %u of the list is longer than %d bytes", i, DMS_TASK_FLOW_MAX_ITEM_BYTES);
          return NULL;
        }
    }
  return g_steal_pointer (&items);
}

static const char *
get_output (Run *run, const char *name)
{
  return run->outputs == NULL ? NULL : dms_json_object_get_text (run->outputs, name);
}

char *
dms_workflow_dup_output (Task *task, const char *output)
{
  g_autoptr (JsonNode) node = NULL;
  JsonArray *array;

  if (!dms_task_flow_is_fan_out (task->flow))
    {
      const char *text = task->runs->len > 0 ? get_output (task->runs->pdata[0], output) : NULL;

      return g_strdup (text != NULL ? text : "");
    }
  node = json_node_new (JSON_NODE_ARRAY);
  array = json_array_new ();
  json_node_take_array (node, array);
  for (guint i = 0; i < task->runs->len; i++)
    {
      const char *text = get_output (task->runs->pdata[i], output);

      if (text != NULL)
        json_array_add_string_element (array, text);
      else
        json_array_add_null_element (array);
    }
  return json_to_string (node, FALSE);
}

static void
add_variable (GStrvBuilder *builder, const char *name, const char *value, gsize *total)
{
  g_autofree char *text = g_strdup_printf ("%s=%s", name, value);

  *total += strlen (text);
  g_strv_builder_add (builder, text);
}

static void
add_number (GStrvBuilder *builder, const char *name, guint value, gsize *total)
{
  g_autofree char *text = g_strdup_printf ("%u", value);

  add_variable (builder, name, text, total);
}

GStrv
dms_workflow_make_environment (DmsWorkflow *self, Task *task, guint index, char **why)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  Run *run = task->runs->pdata[index];
  gsize total = 0;

  add_variable (builder, "DMS_TASK", task->name, &total);
  add_number (builder, "DMS_ATTEMPT", run->n_failures + 1, &total);
  if (task->items != NULL)
    {
      add_number (builder, "DMS_INDEX", index, &total);
      add_number (builder, "DMS_COUNT", task->runs->len, &total);
      add_variable (builder, "DMS_ITEM", task->items[index], &total);
    }
  for (guint i = 0; i < task->flow->inputs->len; i++)
    {
      DmsTaskInput *input = task->flow->inputs->pdata[i];
      g_autofree char *text =
          dms_workflow_dup_output (dms_workflow_find_task (self, input->task), input->output);

      if (strlen (text) > DMS_TASK_FLOW_MAX_INPUT_BYTES)
        {
          *why = g_strdup_printf ("its input %s is larger than %d bytes; that is too much for an environment",
                                  input->variable,
                                  DMS_TASK_FLOW_MAX_INPUT_BYTES);
          return NULL;
        }
      add_variable (builder, input->variable, text, &total);
    }
  if (total > MAX_ENVIRONMENT_BYTES)
    {
      *why = g_strdup_printf ("its inputs are larger than %d bytes together", (int) MAX_ENVIRONMENT_BYTES);
      return NULL;
    }
  return g_strv_builder_end (builder);
}
