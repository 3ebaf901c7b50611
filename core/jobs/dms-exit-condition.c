/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-exit-condition.h"

enum
{
  MAX_CODE = 255,
  MAX_CODES = 32,
};

typedef enum
{
  KIND_CODES,
  KIND_NONZERO,
  KIND_ANY,
} Kind;

struct _DmsExitCondition
{
  Kind kind;
  GArray *codes;
};

G_DEFINE_BOXED_TYPE (DmsExitCondition, dms_exit_condition, dms_exit_condition_ref, dms_exit_condition_unref)

static DmsExitCondition *
condition_new (Kind kind)
{
  DmsExitCondition *self = g_atomic_rc_box_new0 (DmsExitCondition);

  self->kind = kind;
  self->codes = g_array_new (FALSE, FALSE, sizeof (int));
  return self;
}

static void
add_code (DmsExitCondition *self, int code)
{
  g_array_append_val (self->codes, code);
}

DmsExitCondition *
dms_exit_condition_new_success (void)
{
  DmsExitCondition *self = condition_new (KIND_CODES);

  add_code (self, 0);
  return self;
}

DmsExitCondition *
dms_exit_condition_new_nonzero (void)
{
  return condition_new (KIND_NONZERO);
}

static gboolean
read_code (DmsExitCondition *self, DmsJobNode *node)
{
  gint64 code;

  if (!dms_job_node_is_scalar (node) ||
      !g_ascii_string_to_signed (dms_job_node_get_text (node), 10, 0, MAX_CODE, &code, NULL))
    return FALSE;
  add_code (self, (int) code);
  return TRUE;
}

DmsExitCondition *
dms_exit_condition_new_from_node (DmsJobNode *node, char **why)
{
  const char *text = dms_job_node_get_text (node);
  g_autoptr (DmsExitCondition) self = NULL;
  gboolean good = TRUE;

  if (g_strcmp0 (text, "any") == 0)
    return condition_new (KIND_ANY);
  if (g_strcmp0 (text, "nonzero") == 0)
    return condition_new (KIND_NONZERO);
  self = condition_new (KIND_CODES);
  if (dms_job_node_get_kind (node) == DMS_JOB_NODE_LIST)
    {
      good = dms_job_node_get_n_items (node) > 0 && dms_job_node_get_n_items (node) <= MAX_CODES;
      for (guint i = 0; good && i < dms_job_node_get_n_items (node); i++)
        good = read_code (self, dms_job_node_get_item (node, i));
    }
  else
    {
      good = read_code (self, node);
    }
  if (good)
    return g_steal_pointer (&self);
  *why = g_strdup_printf (
      "must be any, nonzero, an exit code from 0 to %d or a list of at most %d of them", MAX_CODE, MAX_CODES);
  return NULL;
}

gboolean
dms_exit_condition_matches (DmsExitCondition *self, int exit_code)
{
  if (self->kind != KIND_CODES)
    return self->kind == KIND_ANY || exit_code != 0;
  for (guint i = 0; i < self->codes->len; i++)
    {
      if (g_array_index (self->codes, int, i) == exit_code)
        return TRUE;
    }
  return FALSE;
}

gboolean
dms_exit_condition_matches_skipped (DmsExitCondition *self)
{
  return self->kind == KIND_ANY;
}

JsonNode *
dms_exit_condition_to_json (DmsExitCondition *self)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);
  JsonArray *array;

  if (self->kind != KIND_CODES)
    {
      json_node_set_string (node, self->kind == KIND_ANY ? "any" : "nonzero");
      return node;
    }
  if (self->codes->len == 1)
    {
      json_node_set_int (node, g_array_index (self->codes, int, 0));
      return node;
    }
  array = json_array_new ();
  for (guint i = 0; i < self->codes->len; i++)
    json_array_add_int_element (array, g_array_index (self->codes, int, i));
  json_node_init_array (node, array);
  json_array_unref (array);
  return node;
}

DmsExitCondition *
dms_exit_condition_ref (DmsExitCondition *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
condition_clear (gpointer data)
{
  g_array_unref (((DmsExitCondition *) data)->codes);
}

void
dms_exit_condition_unref (DmsExitCondition *self)
{
  g_atomic_rc_box_release_full (self, condition_clear);
}
