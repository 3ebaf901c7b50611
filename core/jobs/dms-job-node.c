/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-node.h"

#include <string.h>

/* A message is read into memory in full before it gets here; this bounds what the tree adds to it. */
enum
{
  MAX_JSON_DEPTH = 64,
  MAX_JSON_NODES = 200000
};

typedef struct
{
  char *name;
  guint line;
  guint column;
} MapKey;

struct _DmsJobNode
{
  DmsJobNodeKind kind;
  gboolean plain;
  guint line;
  guint column;
  char *text;
  GPtrArray *items;
  GArray *keys;
  GHashTable *index;
};

G_DEFINE_BOXED_TYPE (DmsJobNode, dms_job_node, dms_job_node_ref, dms_job_node_unref)

static DmsJobNode *
node_new (DmsJobNodeKind kind, guint line, guint column)
{
  DmsJobNode *self = g_atomic_rc_box_new0 (DmsJobNode);

  self->kind = kind;
  self->line = line;
  self->column = column;
  return self;
}

static void
map_key_clear (gpointer data)
{
  MapKey *key = data;

  g_free (key->name);
}

DmsJobNode *
dms_job_node_new_scalar (DmsJobNodeKind kind, const char *text, guint line, guint column)
{
  DmsJobNode *self = node_new (kind, line, column);

  self->text = g_strdup (text);
  return self;
}

static gboolean
is_int (const char *text)
{
  gsize digits;

  if (*text == '-' || *text == '+')
    text++;
  digits = strspn (text, "0123456789");
  return digits > 0 && text[digits] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static gboolean
is_float (const char *text)
{
  gsize whole;
  gsize fraction = 0;

  if (*text == '-' || *text == '+')
    text++;
  whole = strspn (text, "0123456789");
  text += whole;
  if (*text == '.')
    {
      text++;
      fraction = strspn (text, "0123456789");
      text += fraction;
    }
  if (whole + fraction == 0)
    return FALSE;
  if (*text == 'e' || *text == 'E')
    return is_int (text + 1);
  return *text == '\0';
}

static DmsJobNodeKind
kind_of_plain (const char *text)
{
  static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
  static const char *const bools[] = { "true", "True", "TRUE", "false", "False", "FALSE", NULL };

  if (g_strv_contains (nulls, text))
    return DMS_JOB_NODE_NULL;
  if (g_strv_contains (bools, text))
    return DMS_JOB_NODE_BOOL;
  if (is_int (text))
    return DMS_JOB_NODE_INT;
  if (is_float (text))
    return DMS_JOB_NODE_FLOAT;
  return DMS_JOB_NODE_STRING;
}

DmsJobNode *
dms_job_node_new_plain (const char *text, guint line, guint column)
{
  DmsJobNode *self = dms_job_node_new_scalar (kind_of_plain (text), text, line, column);

  self->plain = TRUE;
  return self;
}

DmsJobNode *
dms_job_node_dup_scalar (DmsJobNode *self)
{
  DmsJobNode *copy = dms_job_node_new_scalar (self->kind, self->text, self->line, self->column);

  copy->plain = self->plain;
  return copy;
}

DmsJobNode *
dms_job_node_new_list (guint line, guint column)
{
  DmsJobNode *self = node_new (DMS_JOB_NODE_LIST, line, column);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  return self;
}

DmsJobNode *
dms_job_node_new_map (guint line, guint column)
{
  DmsJobNode *self = node_new (DMS_JOB_NODE_MAP, line, column);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  self->keys = g_array_new (FALSE, FALSE, sizeof (MapKey));
  g_array_set_clear_func (self->keys, map_key_clear);
  self->index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
dms_job_node_append (DmsJobNode *self, DmsJobNode *child)
{
  g_return_if_fail (self->kind == DMS_JOB_NODE_LIST);

  g_ptr_array_add (self->items, child);
}

void
dms_job_node_set (DmsJobNode *self, const char *key, guint line, guint column, DmsJobNode *child)
{
  guint place;
  MapKey entry = { NULL, line, column };

  g_return_if_fail (self->kind == DMS_JOB_NODE_MAP);

  place = GPOINTER_TO_UINT (g_hash_table_lookup (self->index, key));
  if (place > 0)
    {
      dms_job_node_unref (self->items->pdata[place - 1]);
      self->items->pdata[place - 1] = child;
      return;
    }
  entry.name = g_strdup (key);
  g_array_append_val (self->keys, entry);
  g_ptr_array_add (self->items, child);
  g_hash_table_insert (self->index, g_strdup (key), GUINT_TO_POINTER (self->items->len));
}

void
dms_job_node_set_text (DmsJobNode *self, const char *text)
{
  g_return_if_fail (dms_job_node_is_scalar (self));

  g_free (self->text);
  self->text = g_strdup (text);
  if (self->plain)
    self->kind = kind_of_plain (text);
}

DmsJobNodeKind
dms_job_node_get_kind (DmsJobNode *self)
{
  return self->kind;
}

gboolean
dms_job_node_is_scalar (DmsJobNode *self)
{
  return self->kind != DMS_JOB_NODE_LIST && self->kind != DMS_JOB_NODE_MAP;
}

guint
dms_job_node_get_line (DmsJobNode *self)
{
  return self->line;
}

guint
dms_job_node_get_column (DmsJobNode *self)
{
  return self->column;
}

const char *
dms_job_node_get_text (DmsJobNode *self)
{
  return self->text;
}

guint
dms_job_node_get_n_items (DmsJobNode *self)
{
  return self->items == NULL ? 0 : self->items->len;
}

DmsJobNode *
dms_job_node_get_item (DmsJobNode *self, guint index)
{
  return self->items->pdata[index];
}

const char *
dms_job_node_get_key (DmsJobNode *self, guint index)
{
  return g_array_index (self->keys, MapKey, index).name;
}

guint
dms_job_node_get_key_line (DmsJobNode *self, guint index)
{
  return g_array_index (self->keys, MapKey, index).line;
}

guint
dms_job_node_get_key_column (DmsJobNode *self, guint index)
{
  return g_array_index (self->keys, MapKey, index).column;
}

DmsJobNode *
dms_job_node_get (DmsJobNode *self, const char *key)
{
  guint place;

  if (self == NULL || self->kind != DMS_JOB_NODE_MAP)
    return NULL;
  place = GPOINTER_TO_UINT (g_hash_table_lookup (self->index, key));
  return place == 0 ? NULL : self->items->pdata[place - 1];
}

DmsJobNode *
dms_job_node_get_any_case (DmsJobNode *self, const char *key)
{
  DmsJobNode *exact = dms_job_node_get (self, key);

  if (exact != NULL || self == NULL || self->kind != DMS_JOB_NODE_MAP)
    return exact;
  for (guint i = 0; i < self->items->len; i++)
    {
      if (g_ascii_strcasecmp (dms_job_node_get_key (self, i), key) == 0)
        return self->items->pdata[i];
    }
  return NULL;
}

static DmsJobNode *
scalar_from_json (JsonNode *json)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GType type = json_node_get_value_type (json);

  if (JSON_NODE_HOLDS_NULL (json))
    return dms_job_node_new_scalar (DMS_JOB_NODE_NULL, "null", 0, 0);
  if (type == G_TYPE_BOOLEAN)
    return dms_job_node_new_scalar (DMS_JOB_NODE_BOOL, json_node_get_boolean (json) ? "true" : "false", 0, 0);
  if (type == G_TYPE_INT64)
    {
      g_snprintf (number, sizeof number, "%" G_GINT64_FORMAT, json_node_get_int (json));
      return dms_job_node_new_scalar (DMS_JOB_NODE_INT, number, 0, 0);
    }
  if (type == G_TYPE_DOUBLE)
    {
      g_ascii_dtostr (number, sizeof number, json_node_get_double (json));
      return dms_job_node_new_scalar (DMS_JOB_NODE_FLOAT, number, 0, 0);
    }
  return dms_job_node_new_scalar (DMS_JOB_NODE_STRING, json_node_get_string (json), 0, 0);
}

static DmsJobNode *
node_from_json (JsonNode *json, guint depth, guint *count, GError **error)
{
  g_autoptr (DmsJobNode) self = NULL;

  if (depth > MAX_JSON_DEPTH || ++*count > MAX_JSON_NODES)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "the ensemble is nested too deep or has too many members");
      return NULL;
    }
  if (JSON_NODE_HOLDS_ARRAY (json))
    {
      JsonArray *array = json_node_get_array (json);

      self = dms_job_node_new_list (0, 0);
      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          DmsJobNode *child = node_from_json (json_array_get_element (array, i), depth + 1, count, error);

          if (child == NULL)
            return NULL;
          dms_job_node_append (self, child);
        }
      return g_steal_pointer (&self);
    }
  if (JSON_NODE_HOLDS_OBJECT (json))
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      self = dms_job_node_new_map (0, 0);
      json_object_iter_init_ordered (&iter, json_node_get_object (json));
      while (json_object_iter_next_ordered (&iter, &name, &member))
        {
          DmsJobNode *child = node_from_json (member, depth + 1, count, error);

          if (child == NULL)
            return NULL;
          dms_job_node_set (self, name, 0, 0, child);
        }
      return g_steal_pointer (&self);
    }
  return scalar_from_json (json);
}

DmsJobNode *
dms_job_node_new_from_json (JsonNode *json, GError **error)
{
  guint count = 0;

  return node_from_json (json, 0, &count, error);
}

static JsonNode *
scalar_to_json (DmsJobNode *self)
{
  JsonNode *json = json_node_alloc ();
  gint64 number;

  switch (self->kind)
    {
    case DMS_JOB_NODE_NULL:
      return json_node_init_null (json);
    case DMS_JOB_NODE_BOOL:
      return json_node_init_boolean (json, g_ascii_strcasecmp (self->text, "true") == 0);
    case DMS_JOB_NODE_INT:
      if (g_ascii_string_to_signed (
              self->text[0] == '+' ? self->text + 1 : self->text, 10, G_MININT64, G_MAXINT64, &number, NULL))
        return json_node_init_int (json, number);
      return json_node_init_double (json, g_ascii_strtod (self->text, NULL));
    case DMS_JOB_NODE_FLOAT:
      return json_node_init_double (json, g_ascii_strtod (self->text, NULL));
    case DMS_JOB_NODE_STRING:
    case DMS_JOB_NODE_LIST:
    case DMS_JOB_NODE_MAP:
    default:
      return json_node_init_string (json, self->text);
    }
}

JsonNode *
dms_job_node_to_json (DmsJobNode *self)
{
  JsonNode *json;

  if (self->kind == DMS_JOB_NODE_LIST)
    {
      g_autoptr (JsonArray) array = json_array_new ();

      for (guint i = 0; i < self->items->len; i++)
        json_array_add_element (array, dms_job_node_to_json (self->items->pdata[i]));
      json = json_node_new (JSON_NODE_ARRAY);
      json_node_set_array (json, array);
      return json;
    }
  if (self->kind == DMS_JOB_NODE_MAP)
    {
      g_autoptr (JsonObject) object = json_object_new ();

      for (guint i = 0; i < self->items->len; i++)
        json_object_set_member (
            object, dms_job_node_get_key (self, i), dms_job_node_to_json (self->items->pdata[i]));
      json = json_node_new (JSON_NODE_OBJECT);
      json_node_set_object (json, object);
      return json;
    }
  return scalar_to_json (self);
}

char *
dms_job_node_describe (DmsJobNode *self)
{
  g_autofree char *shown = NULL;

  switch (self->kind)
    {
    case DMS_JOB_NODE_LIST:
      return g_strdup ("a list");
    case DMS_JOB_NODE_MAP:
      return g_strdup ("a map");
    case DMS_JOB_NODE_NULL:
      return g_strdup ("nothing");
    case DMS_JOB_NODE_INT:
    case DMS_JOB_NODE_FLOAT:
    case DMS_JOB_NODE_BOOL:
      return g_strndup (self->text, 40);
    case DMS_JOB_NODE_STRING:
    default:
      shown =
          g_utf8_strlen (self->text, -1) > 40 ? g_utf8_substring (self->text, 0, 40) : g_strdup (self->text);
      for (char *p = shown; *p != '\0'; p++)
        {
          if (g_ascii_iscntrl (*p))
            *p = ' ';
        }
      return g_strdup_printf ("\"%s%s\"", shown, strlen (shown) < strlen (self->text) ? "…" : "");
    }
}

DmsJobNode *
dms_job_node_merge (DmsJobNode *base, DmsJobNode *over)
{
  DmsJobNode *merged;

  g_return_val_if_fail (base->kind == DMS_JOB_NODE_MAP && over->kind == DMS_JOB_NODE_MAP, NULL);

  merged = dms_job_node_new_map (over->line, over->column);
  for (guint i = 0; i < over->items->len; i++)
    {
      MapKey *key = &g_array_index (over->keys, MapKey, i);
      DmsJobNode *mine = over->items->pdata[i];
      DmsJobNode *theirs = dms_job_node_get (base, key->name);
      gboolean both = theirs != NULL && theirs->kind == DMS_JOB_NODE_MAP && mine->kind == DMS_JOB_NODE_MAP;

      dms_job_node_set (merged,
                        key->name,
                        key->line,
                        key->column,
                        both ? dms_job_node_merge (theirs, mine) : dms_job_node_ref (mine));
    }
  for (guint i = 0; i < base->items->len; i++)
    {
      MapKey *key = &g_array_index (base->keys, MapKey, i);

      if (dms_job_node_get (over, key->name) == NULL)
        dms_job_node_set (
            merged, key->name, key->line, key->column, dms_job_node_ref (base->items->pdata[i]));
    }
  return merged;
}

DmsJobNode *
dms_job_node_ref (DmsJobNode *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
node_clear (gpointer data)
{
  DmsJobNode *self = data;

  g_free (self->text);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->keys, g_array_unref);
  g_clear_pointer (&self->index, g_hash_table_unref);
}

void
dms_job_node_unref (DmsJobNode *self)
{
  g_atomic_rc_box_release_full (self, node_clear);
}
