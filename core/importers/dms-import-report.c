/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-report.h"

#include <string.h>

/* More than a person reads; what is beyond is counted. Bounds what a hostile file can make us keep. */
enum
{
  MAX_ENTRIES = 20000,
  MAX_PATH_BYTES = 400,
};

typedef struct
{
  DmsImportFate fate;
  char *file;
  guint line;
  guint column;
  char *path;
  char *text;
} Entry;

struct _DmsImportReport
{
  GPtrArray *entries;
  guint n_of[DMS_IMPORT_N_FATES];
  /* DmsJobNode → file name; the trees, which keep the nodes alive; and the names */
  GHashTable *origins;
  GPtrArray *trees;
  GPtrArray *names;
};

G_DEFINE_BOXED_TYPE (DmsImportReport, dms_import_report, dms_import_report_ref, dms_import_report_unref)

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->file);
  g_free (entry->path);
  g_free (entry->text);
  g_free (entry);
}

static int
entry_compare (gconstpointer a, gconstpointer b)
{
  const Entry *one = *(const Entry *const *) a;
  const Entry *other = *(const Entry *const *) b;
  int files = g_strcmp0 (one->file, other->file);

  if (files != 0)
    return files;
  if (one->line != other->line)
    return one->line < other->line ? -1 : 1;
  if (one->column != other->column)
    return one->column < other->column ? -1 : 1;
  return g_strcmp0 (one->path, other->path);
}

DmsImportReport *
dms_import_report_new (void)
{
  DmsImportReport *self = g_atomic_rc_box_new0 (DmsImportReport);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->origins = g_hash_table_new (NULL, NULL);
  self->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_job_node_unref);
  self->names = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static void
mark_origin (DmsImportReport *self, DmsJobNode *node, const char *name)
{
  if (!g_hash_table_contains (self->origins, node))
    g_hash_table_insert (self->origins, node, (gpointer) name);
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    mark_origin (self, dms_job_node_get_item (node, i), name);
}

void
dms_import_report_set_origin (DmsImportReport *self, DmsJobNode *tree, const char *file)
{
  char *name = g_strdup (file);

  g_ptr_array_add (self->trees, dms_job_node_ref (tree));
  g_ptr_array_add (self->names, name);
  mark_origin (self, tree, name);
}

const char *
dms_import_report_get_origin (DmsImportReport *self, DmsJobNode *node)
{
  return node == NULL ? NULL : g_hash_table_lookup (self->origins, node);
}

void
dms_import_report_add (DmsImportReport *self,
                       DmsImportFate fate,
                       const char *file,
                       guint line,
                       guint column,
                       const char *path,
                       const char *text)
{
  Entry *entry;

  self->n_of[fate]++;
  if (self->entries->len >= MAX_ENTRIES)
    return;
  entry = g_new0 (Entry, 1);
  entry->fate = fate;
  entry->file = g_strdup (file);
  entry->line = line;
  entry->column = column;
  entry->path = g_utf8_make_valid (path, (gssize) MIN (strlen (path), MAX_PATH_BYTES));
  entry->text = text == NULL ? NULL : g_utf8_make_valid (text, -1);
  g_ptr_array_add (self->entries, entry);
}

guint
dms_import_report_count (DmsImportReport *self, DmsImportFate fate)
{
  return self->n_of[fate];
}

void
dms_import_report_sort (DmsImportReport *self)
{
  g_ptr_array_sort (self->entries, entry_compare);
}

const char *
dms_import_fate_to_string (DmsImportFate fate)
{
  static const char *const names[DMS_IMPORT_N_FATES] = {
    [DMS_IMPORT_TRANSLATED] = "translated",
    [DMS_IMPORT_APPROXIMATED] = "approximated",
    [DMS_IMPORT_IMPOSSIBLE] = "impossible",
  };

  return names[fate];
}

char *
dms_import_report_to_text (DmsImportReport *self, DmsImportFate least)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (int fate = DMS_IMPORT_N_FATES - 1; fate >= (int) least; fate--)
    {
      for (guint i = 0; i < self->entries->len; i++)
        {
          const Entry *entry = self->entries->pdata[i];

          if ((int) entry->fate != fate)
            continue;
          if (entry->file != NULL && entry->line > 0)
            g_string_append_printf (out, "%s:%u: ", entry->file, entry->line);
          else if (entry->file != NULL)
            g_string_append_printf (out, "%s: ", entry->file);
          g_string_append_printf (out, "%s: %s", dms_import_fate_to_string (entry->fate), entry->path);
          if (entry->text != NULL)
            g_string_append_printf (out, ": %s", entry->text);
          g_string_append_c (out, '\n');
        }
    }
  if (self->entries->len == MAX_ENTRIES)
    g_string_append_printf (out, "… and more: only the first %d are listed\n", MAX_ENTRIES);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

JsonNode *
dms_import_report_to_json (DmsImportReport *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonArray) list = json_array_new ();
  JsonNode *node;

  for (int fate = 0; fate < DMS_IMPORT_N_FATES; fate++)
    json_object_set_int_member (object, dms_import_fate_to_string ((DmsImportFate) fate), self->n_of[fate]);
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = self->entries->pdata[i];
      JsonObject *item = json_object_new ();

      json_object_set_string_member (item, "fate", dms_import_fate_to_string (entry->fate));
      json_object_set_string_member (item, "file", entry->file != NULL ? entry->file : "");
      json_object_set_int_member (item, "line", entry->line);
      json_object_set_int_member (item, "column", entry->column);
      json_object_set_string_member (item, "path", entry->path);
      json_object_set_string_member (item, "text", entry->text != NULL ? entry->text : "");
      json_array_add_object_element (list, item);
    }
  json_object_set_array_member (object, "entries", g_steal_pointer (&list));
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  return node;
}

DmsImportReport *
dms_import_report_ref (DmsImportReport *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
report_clear (gpointer data)
{
  DmsImportReport *self = data;

  g_ptr_array_unref (self->entries);
  g_hash_table_unref (self->origins);
  g_ptr_array_unref (self->trees);
  g_ptr_array_unref (self->names);
}

void
dms_import_report_unref (DmsImportReport *self)
{
  g_atomic_rc_box_release_full (self, report_clear);
}
