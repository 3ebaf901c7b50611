/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum
{
  MAX_SIZE = 4 * 1024 * 1024,
  MAX_DEPTH = 64,
  MAX_NODES = 200000,
  MAX_TEXT = 16 * 1024 * 1024,
};

typedef struct
{
  yaml_parser_t parser;
  yaml_event_t event;
  gboolean have_event;
  const char *name;
  GHashTable *anchors;
  guint n_nodes;
  gsize n_text;
} Loader;

static DmsJobNode *load_node (Loader *self, guint depth, GError **error);

static void
loader_drop_event (Loader *self)
{
  if (self->have_event)
    yaml_event_delete (&self->event);
  self->have_event = FALSE;
}

static guint
loader_line (Loader *self)
{
  return (guint) self->event.start_mark.line + 1;
}

static guint
loader_column (Loader *self)
{
  return (guint) self->event.start_mark.column + 1;
}

static void
fail_at (Loader *self, guint line, guint column, DmsErrorCode code, GError **error, const char *text)
{
  g_set_error (error, DMS_ERROR, (int) code, "%s:%u:%u: %s", self->name, line, column, text);
}

static gboolean
loader_next (Loader *self, GError **error)
{
  loader_drop_event (self);
  if (yaml_parser_parse (&self->parser, &self->event))
    {
      self->have_event = TRUE;
      return TRUE;
    }
  if (self->parser.error == YAML_READER_ERROR)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_DATA,
                 "%s: byte %" G_GSIZE_FORMAT ": not valid YAML: %s",
                 self->name,
                 self->parser.problem_offset,
                 self->parser.problem);
  else
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_DATA,
                 "%s:%u:%u: not valid YAML: %s",
                 self->name,
                 (guint) self->parser.problem_mark.line + 1,
                 (guint) self->parser.problem_mark.column + 1,
                 self->parser.problem != NULL ? self->parser.problem : "it cannot be read");
  return FALSE;
}

/* Counts what the tree holds after aliases are written out, so that a small file cannot grow without bound.
 */
static gboolean
account (Loader *self, const char *text, GError **error)
{
  self->n_nodes++;
  self->n_text += text == NULL ? 0 : strlen (text);
  if (self->n_nodes <= MAX_NODES && self->n_text <= MAX_TEXT)
    return TRUE;
  fail_at (self,
           loader_line (self),
           loader_column (self),
           DMS_ERROR_TOO_LARGE,
           error,
           "the file has too many values (are its aliases nested?)");
  return FALSE;
}

static DmsJobNode *
copy_node (Loader *self, DmsJobNode *node, guint depth, GError **error)
{
  guint line = dms_job_node_get_line (node);
  guint column = dms_job_node_get_column (node);
  g_autoptr (DmsJobNode) copy = NULL;

  if (depth > MAX_DEPTH)
    {
      fail_at (self,
               loader_line (self),
               loader_column (self),
               DMS_ERROR_TOO_LARGE,
               error,
               "values are nested more than 64 deep");
      return NULL;
    }
  if (!account (self, dms_job_node_get_text (node), error))
    return NULL;
  if (dms_job_node_is_scalar (node))
    return dms_job_node_dup_scalar (node);
  copy = dms_job_node_get_kind (node) == DMS_JOB_NODE_LIST ? dms_job_node_new_list (line, column)
                                                           : dms_job_node_new_map (line, column);
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      DmsJobNode *child = copy_node (self, dms_job_node_get_item (node, i), depth + 1, error);

      if (child == NULL)
        return NULL;
      if (dms_job_node_get_kind (copy) == DMS_JOB_NODE_LIST)
        dms_job_node_append (copy, child);
      else
        dms_job_node_set (copy,
                          dms_job_node_get_key (node, i),
                          dms_job_node_get_key_line (node, i),
                          dms_job_node_get_key_column (node, i),
                          child);
    }
  return g_steal_pointer (&copy);
}

static gboolean
tag_is (const yaml_char_t *tag, const char *wanted)
{
  return tag != NULL && strcmp ((const char *) tag, wanted) == 0;
}

static DmsJobNode *
load_scalar (Loader *self, GError **error)
{
  const yaml_char_t *tag = self->event.data.scalar.tag;
  const char *text = (const char *) self->event.data.scalar.value;
  guint line = loader_line (self);
  guint column = loader_column (self);

  if (strlen (text) != self->event.data.scalar.length)
    {
      fail_at (self, line, column, DMS_ERROR_INVALID_DATA, error, "a text holds a NUL character");
      return NULL;
    }
  if (!account (self, text, error))
    return NULL;
  if (tag_is (tag, YAML_STR_TAG) || tag_is (tag, "!"))
    return dms_job_node_new_scalar (DMS_JOB_NODE_STRING, text, line, column);
  if (tag != NULL && !tag_is (tag, YAML_INT_TAG) && !tag_is (tag, YAML_FLOAT_TAG) &&
      !tag_is (tag, YAML_BOOL_TAG) && !tag_is (tag, YAML_NULL_TAG))
    {
      g_autofree char *why = g_strdup_printf ("tag %s is not supported", (const char *) tag);

      fail_at (self, line, column, DMS_ERROR_INVALID_DATA, error, why);
      return NULL;
    }
  if (tag != NULL || self->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
    return dms_job_node_new_plain (text, line, column);
  return dms_job_node_new_scalar (DMS_JOB_NODE_STRING, text, line, column);
}

static DmsJobNode *
load_list (Loader *self, guint depth, GError **error)
{
  g_autoptr (DmsJobNode) list = dms_job_node_new_list (loader_line (self), loader_column (self));

  if (!account (self, NULL, error))
    return NULL;
  while (loader_next (self, error))
    {
      DmsJobNode *child;

      if (self->event.type == YAML_SEQUENCE_END_EVENT)
        return g_steal_pointer (&list);
      child = load_node (self, depth + 1, error);
      if (child == NULL)
        return NULL;
      dms_job_node_append (list, child);
    }
  return NULL;
}

/* The merge key of YAML 1.1: members of another map, or of several, which the map itself may override. */
static gboolean
merge_into (Loader *self, DmsJobNode *map, DmsJobNode *source, GError **error)
{
  if (dms_job_node_get_kind (source) == DMS_JOB_NODE_LIST)
    {
      for (guint i = 0; i < dms_job_node_get_n_items (source); i++)
        {
          DmsJobNode *item = dms_job_node_get_item (source, i);

          if (dms_job_node_get_kind (item) == DMS_JOB_NODE_LIST || !merge_into (self, map, item, error))
            return FALSE;
        }
      return TRUE;
    }
  if (dms_job_node_get_kind (source) != DMS_JOB_NODE_MAP)
    {
      fail_at (self,
               dms_job_node_get_line (source),
               dms_job_node_get_column (source),
               DMS_ERROR_INVALID_DATA,
               error,
               "\"<<\" merges a map or a list of maps");
      return FALSE;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (source); i++)
    {
      const char *key = dms_job_node_get_key (source, i);

      if (dms_job_node_get (map, key) == NULL)
        dms_job_node_set (map,
                          key,
                          dms_job_node_get_key_line (source, i),
                          dms_job_node_get_key_column (source, i),
                          dms_job_node_ref (dms_job_node_get_item (source, i)));
    }
  return TRUE;
}

static gboolean
check_key (Loader *self, DmsJobNode *map, GError **error)
{
  guint line = loader_line (self);
  guint column = loader_column (self);
  const char *key;

  if (self->event.type != YAML_SCALAR_EVENT)
    {
      fail_at (self, line, column, DMS_ERROR_INVALID_DATA, error, "a key must be a plain text");
      return FALSE;
    }
  key = (const char *) self->event.data.scalar.value;
  if (strlen (key) != self->event.data.scalar.length)
    {
      fail_at (self, line, column, DMS_ERROR_INVALID_DATA, error, "a key holds a NUL character");
      return FALSE;
    }
  for (guint i = 0; dms_job_node_get (map, key) != NULL && i < dms_job_node_get_n_items (map); i++)
    {
      if (strcmp (dms_job_node_get_key (map, i), key) == 0)
        {
          g_autofree char *why = g_strdup_printf (
              "key \"%s\" is given twice; the first is on line %u", key, dms_job_node_get_key_line (map, i));

          fail_at (self, line, column, DMS_ERROR_INVALID_DATA, error, why);
          return FALSE;
        }
    }
  return account (self, key, error);
}

static DmsJobNode *
load_map (Loader *self, guint depth, GError **error)
{
  g_autoptr (DmsJobNode) map = dms_job_node_new_map (loader_line (self), loader_column (self));
  g_autoptr (DmsJobNode) merged = NULL;

  if (!account (self, NULL, error))
    return NULL;
  while (loader_next (self, error))
    {
      g_autofree char *key = NULL;
      guint line = loader_line (self);
      guint column = loader_column (self);
      gboolean is_merge;
      DmsJobNode *value;

      if (self->event.type == YAML_MAPPING_END_EVENT)
        {
          if (merged != NULL && !merge_into (self, map, merged, error))
            return NULL;
          return g_steal_pointer (&map);
        }
      if (!check_key (self, map, error))
        return NULL;
      key = g_strdup ((const char *) self->event.data.scalar.value);
      is_merge = strcmp (key, "<<") == 0 && self->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      if (!loader_next (self, error))
        return NULL;
      value = load_node (self, depth + 1, error);
      if (value == NULL)
        return NULL;
      if (is_merge && merged == NULL)
        merged = value;
      else
        dms_job_node_set (map, key, line, column, value);
    }
  return NULL;
}

static DmsJobNode *
load_alias (Loader *self, guint depth, GError **error)
{
  const char *name = (const char *) self->event.data.alias.anchor;
  DmsJobNode *target = g_hash_table_lookup (self->anchors, name);

  if (target == NULL)
    {
      g_autofree char *why = g_strdup_printf ("alias *%s refers to no finished anchor before it", name);

      fail_at (self, loader_line (self), loader_column (self), DMS_ERROR_INVALID_DATA, error, why);
      return NULL;
    }
  return copy_node (self, target, depth, error);
}

/* Reads the value whose first event is the current one. */
static DmsJobNode *
load_node (Loader *self, guint depth, GError **error)
{
  g_autofree char *anchor = NULL;
  DmsJobNode *node;

  if (depth > MAX_DEPTH)
    {
      fail_at (self,
               loader_line (self),
               loader_column (self),
               DMS_ERROR_TOO_LARGE,
               error,
               "values are nested more than 64 deep");
      return NULL;
    }
  switch ((int) self->event.type)
    {
    case YAML_ALIAS_EVENT:
      return load_alias (self, depth, error);
    case YAML_SCALAR_EVENT:
      anchor = g_strdup ((const char *) self->event.data.scalar.anchor);
      node = load_scalar (self, error);
      break;
    case YAML_SEQUENCE_START_EVENT:
      anchor = g_strdup ((const char *) self->event.data.sequence_start.anchor);
      node = load_list (self, depth, error);
      break;
    default:
      anchor = g_strdup ((const char *) self->event.data.mapping_start.anchor);
      node = load_map (self, depth, error);
      break;
    }
  if (node != NULL && anchor != NULL)
    g_hash_table_insert (self->anchors, g_steal_pointer (&anchor), dms_job_node_ref (node));
  return node;
}

static DmsJobNode *
load_document (Loader *self, GError **error)
{
  g_autoptr (DmsJobNode) root = NULL;

  if (!loader_next (self, error) || !loader_next (self, error))
    return NULL;
  if (self->event.type == YAML_STREAM_END_EVENT)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s: the file is empty", self->name);
      return NULL;
    }
  if (!loader_next (self, error))
    return NULL;
  root = load_node (self, 0, error);
  if (root == NULL || !loader_next (self, error) || !loader_next (self, error))
    return NULL;
  if (self->event.type != YAML_STREAM_END_EVENT)
    {
      fail_at (self,
               loader_line (self),
               loader_column (self),
               DMS_ERROR_INVALID_DATA,
               error,
               "a second document begins here; a job file holds one");
      return NULL;
    }
  return g_steal_pointer (&root);
}

/* YAML has no surrogate pairs, but JSON files write characters beyond the BMP as two escapes. Such a pair
 * becomes the one escape that YAML has for it. (transfer full) (nullable): NULL when there is nothing to do
 */
static GString *
join_surrogates (const char *bytes, gsize size)
{
  gsize start = 0;
  GString *joined;

  while (start < size && g_ascii_isspace (bytes[start]))
    start++;
  if (start == size || bytes[start] != '{' || g_strstr_len (bytes, (gssize) size, "\\u") == NULL)
    return NULL;
  joined = g_string_sized_new (size);
  for (gsize i = 0; i < size;)
    {
      guint high = 0;
      guint low = 0;
      gsize length = 1;

      if (bytes[i] == '\\' && i + 1 < size)
        {
          char pair[13] = { 0 };

          memcpy (pair, bytes + i, MIN (size - i, 12));
          if (sscanf (pair, "\\u%4x\\u%4x", &high, &low) == 2 && high >= 0xd800 && high < 0xdc00 &&
              low >= 0xdc00 && low < 0xe000)
            {
              g_string_append_printf (joined, "\\U%08x", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
              i += 12;
              continue;
            }
          length = 2;
        }
      g_string_append_len (joined, bytes + i, (gssize) length);
      i += length;
    }
  return joined;
}

static gboolean
loader_open (Loader *self, const char *name, GBytes *data, GString **joined, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  if (size > MAX_SIZE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "%s: the file is larger than 4 MiB", name);
      return FALSE;
    }
  if (!yaml_parser_initialize (&self->parser))
    g_error ("out of memory");
  self->name = name;
  self->anchors =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_job_node_unref);
  *joined = size > 0 ? join_surrogates ((const char *) bytes, size) : NULL;
  if (*joined != NULL)
    yaml_parser_set_input_string (&self->parser, (const guint8 *) (*joined)->str, (*joined)->len);
  else
    yaml_parser_set_input_string (&self->parser, size > 0 ? bytes : (const guint8 *) "", size);
  return TRUE;
}

static void
loader_close (Loader *self, GString *joined)
{
  loader_drop_event (self);
  yaml_parser_delete (&self->parser);
  if (joined != NULL)
    g_string_free (joined, TRUE);
  g_hash_table_unref (self->anchors);
}

DmsJobNode *
dms_job_yaml_load (const char *name, GBytes *data, GError **error)
{
  Loader loader = { 0 };
  DmsJobNode *root;
  GString *joined = NULL;

  if (!loader_open (&loader, name, data, &joined, error))
    return NULL;
  root = load_document (&loader, error);
  loader_close (&loader, joined);
  return root;
}

/* FALSE at an error. */
static gboolean
load_documents (Loader *self, GPtrArray *documents, GError **error)
{
  if (!loader_next (self, error) || !loader_next (self, error))
    return FALSE;
  while (self->event.type != YAML_STREAM_END_EVENT)
    {
      DmsJobNode *root;

      /* The current event is a document's start; an anchor is known within its document only. */
      g_hash_table_remove_all (self->anchors);
      if (!loader_next (self, error))
        return FALSE;
      root = load_node (self, 0, error);
      if (root == NULL)
        return FALSE;
      g_ptr_array_add (documents, root);
      if (!loader_next (self, error) || !loader_next (self, error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
dms_job_yaml_load_all (const char *name, GBytes *data, GError **error)
{
  Loader loader = { 0 };
  g_autoptr (GPtrArray) documents = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  GString *joined = NULL;
  gboolean ok;

  if (!loader_open (&loader, name, data, &joined, error))
    return NULL;
  ok = load_documents (&loader, documents, error);
  loader_close (&loader, joined);
  return ok ? g_steal_pointer (&documents) : NULL;
}
