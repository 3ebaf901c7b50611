/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-reader.h"

#include <string.h>

/* How far a member has come. */
enum
{
  UNTOUCHED = 0,
  TAKEN,
  NOTED,
  /* Its value cannot be read, so that nothing was made of it. */
  REFUSED,
};

struct _DmsImportReader
{
  DmsImportReport *report;
  DmsJobNode *node;
  char *path;
  /* key → TAKEN, NOTED or REFUSED */
  GHashTable *states;
  /* (nullable): key → its place in the map, plus one; made when it is asked for */
  GHashTable *places;
};

G_DEFINE_BOXED_TYPE (DmsImportReader, dms_import_reader, dms_import_reader_ref, dms_import_reader_unref)

static void
add (DmsImportReader *self,
     DmsJobNode *place,
     guint line,
     guint column,
     const char *path,
     DmsImportFate fate,
     const char *text)
{
  const char *file = dms_import_report_get_origin (self->report, place);

  if (file == NULL)
    file = dms_import_report_get_origin (self->report, self->node);
  dms_import_report_add (self->report, fate, file, line, column, path, text);
}

DmsImportReader *
dms_import_reader_new (DmsImportReport *report, DmsJobNode *node, const char *path)
{
  DmsImportReader *self;

  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_MAP)
    {
      dms_import_report_add (report,
                             DMS_IMPORT_IMPOSSIBLE,
                             dms_import_report_get_origin (report, node),
                             dms_job_node_get_line (node),
                             dms_job_node_get_column (node),
                             path,
                             "must be a map; it was left out");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsImportReader);
  self->report = dms_import_report_ref (report);
  self->node = dms_job_node_ref (node);
  self->path = g_strdup (path);
  self->states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static void
set_state (DmsImportReader *self, const char *key, int state)
{
  if (GPOINTER_TO_INT (g_hash_table_lookup (self->states, key)) < state)
    g_hash_table_insert (self->states, g_strdup (key), GINT_TO_POINTER (state));
}

DmsImportReport *
dms_import_reader_get_report (DmsImportReader *self)
{
  return self->report;
}

DmsJobNode *
dms_import_reader_get_node (DmsImportReader *self)
{
  return self->node;
}

const char *
dms_import_reader_get_path (DmsImportReader *self)
{
  return self->path;
}

char *
dms_import_reader_dup_path_of (DmsImportReader *self, const char *key)
{
  return *self->path == '\0' ? g_strdup (key) : g_strdup_printf ("%s.%s", self->path, key);
}

DmsJobNode *
dms_import_reader_get (DmsImportReader *self, const char *key)
{
  DmsJobNode *node = dms_job_node_get (self->node, key);

  if (node == NULL)
    return NULL;
  set_state (self, key, TAKEN);
  return dms_job_node_get_kind (node) == DMS_JOB_NODE_NULL ? NULL : node;
}

static DmsJobNode *
get_of_kind (DmsImportReader *self, const char *key, DmsJobNodeKind kind, const char *what)
{
  DmsJobNode *node = dms_import_reader_get (self, key);

  if (node == NULL || dms_job_node_get_kind (node) == kind)
    return node;
  dms_import_reader_refuse (self, key, "must be %s; it was left out", what);
  return NULL;
}

DmsJobNode *
dms_import_reader_get_list (DmsImportReader *self, const char *key)
{
  return get_of_kind (self, key, DMS_JOB_NODE_LIST, "a list");
}

DmsJobNode *
dms_import_reader_get_map (DmsImportReader *self, const char *key)
{
  return get_of_kind (self, key, DMS_JOB_NODE_MAP, "a map");
}

DmsImportReader *
dms_import_reader_open (DmsImportReader *self, const char *key)
{
  DmsJobNode *node = dms_import_reader_get_map (self, key);
  g_autofree char *path = NULL;

  if (node == NULL)
    return NULL;
  /* Its own members are told of one by one. */
  set_state (self, key, NOTED);
  path = dms_import_reader_dup_path_of (self, key);
  return dms_import_reader_new (self->report, node, path);
}

DmsImportReader *
dms_import_reader_open_item (DmsImportReader *self, const char *key, DmsJobNode *item, const char *name)
{
  g_autofree char *path = dms_import_reader_dup_path_of (self, key);
  g_autofree char *full = g_strdup_printf ("%s%s%s", path, *name == '[' ? "" : ".", name);

  set_state (self, key, NOTED);
  return dms_import_reader_new (self->report, item, full);
}

char *
dms_import_reader_dup_text (DmsImportReader *self, const char *key)
{
  DmsJobNode *node = dms_import_reader_get (self, key);

  if (node == NULL)
    return NULL;
  if (dms_job_node_is_scalar (node))
    return g_strdup (dms_job_node_get_text (node));
  dms_import_reader_refuse (self, key, "must be a text; it was left out");
  return NULL;
}

GStrv
dms_import_reader_dup_texts (DmsImportReader *self, const char *key)
{
  DmsJobNode *node = dms_import_reader_get (self, key);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (node == NULL)
    return NULL;
  if (dms_job_node_is_scalar (node))
    {
      g_strv_builder_add (builder, dms_job_node_get_text (node));
      return g_strv_builder_end (builder);
    }
  if (dms_job_node_get_kind (node) == DMS_JOB_NODE_MAP)
    {
      dms_import_reader_refuse (self, key, "must be a list of texts; it was left out");
      return NULL;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (node, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);

      if (dms_job_node_is_scalar (item))
        g_strv_builder_add (builder, dms_job_node_get_text (item));
      else
        dms_import_reader_note_item (
            self, key, item, suffix, DMS_IMPORT_IMPOSSIBLE, "must be a text; it was left out");
    }
  return g_strv_builder_end (builder);
}

gboolean
dms_import_reader_get_bool (DmsImportReader *self, const char *key, gboolean fallback)
{
  g_autofree char *text = dms_import_reader_dup_text (self, key);

  if (text == NULL)
    return fallback;
  if (g_ascii_strcasecmp (text, "true") == 0)
    return TRUE;
  if (g_ascii_strcasecmp (text, "false") == 0)
    return FALSE;
  dms_import_reader_refuse (self, key, "must be true or false; it was left out");
  return fallback;
}

gint64
dms_import_reader_get_int (DmsImportReader *self, const char *key, gint64 min, gint64 max, gint64 fallback)
{
  g_autofree char *text = dms_import_reader_dup_text (self, key);
  gint64 number;

  if (text == NULL)
    return fallback;
  if (g_ascii_string_to_signed (text, 10, min, max, &number, NULL))
    return number;
  dms_import_reader_refuse (self,
                            key,
                            "must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                            "; it was left out",
                            min,
                            max);
  return fallback;
}

/* The place of a key, which stands for its value. */
static void
find_place (DmsImportReader *self, const char *key, guint *line, guint *column)
{
  guint index;

  *line = dms_job_node_get_line (self->node);
  *column = dms_job_node_get_column (self->node);
  if (key == NULL)
    return;
  if (self->places == NULL)
    {
      self->places = g_hash_table_new (g_str_hash, g_str_equal);
      for (guint i = 0; i < dms_job_node_get_n_items (self->node); i++)
        g_hash_table_insert (
            self->places, (gpointer) dms_job_node_get_key (self->node, i), GUINT_TO_POINTER (i + 1));
    }
  index = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, key));
  if (index == 0)
    return;
  *line = dms_job_node_get_key_line (self->node, index - 1);
  *column = dms_job_node_get_key_column (self->node, index - 1);
}

/* Of what was refused nothing more is told. */
static void G_GNUC_PRINTF (5, 0) note (DmsImportReader *self,
                                       const char *key,
                                       DmsImportFate fate,
                                       int state,
                                       const char *format,
                                       va_list args)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  guint line;
  guint column;

  if (key != NULL && GPOINTER_TO_INT (g_hash_table_lookup (self->states, key)) == REFUSED)
    return;
  path = key == NULL ? g_strdup (self->path) : dms_import_reader_dup_path_of (self, key);
  text = g_strdup_vprintf (format, args);
  if (key != NULL)
    set_state (self, key, state);
  find_place (self, key, &line, &column);
  add (self, key == NULL ? self->node : dms_job_node_get (self->node, key), line, column, path, fate, text);
}

void
dms_import_reader_refuse (DmsImportReader *self, const char *key, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  note (self, key, DMS_IMPORT_IMPOSSIBLE, REFUSED, format, args);
  va_end (args);
}

void
dms_import_reader_note (DmsImportReader *self, const char *key, DmsImportFate fate, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  note (self, key, fate, NOTED, format, args);
  va_end (args);
}

void
dms_import_reader_note_item (DmsImportReader *self,
                             const char *key,
                             DmsJobNode *item,
                             const char *suffix,
                             DmsImportFate fate,
                             const char *format,
                             ...)
{
  g_autofree char *text = NULL;
  g_autofree char *path = dms_import_reader_dup_path_of (self, key);
  g_autofree char *full = g_strconcat (path, suffix, NULL);
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  set_state (self, key, NOTED);
  add (self,
       item,
       dms_job_node_get_line (item),
       dms_job_node_get_column (item),
       full,
       fate,
       *text == '\0' ? NULL : text);
}

void
dms_import_reader_pass (DmsImportReader *self, const char *key)
{
  set_state (self, key, NOTED);
}

void
dms_import_reader_finish (DmsImportReader *self)
{
  for (guint i = 0; i < dms_job_node_get_n_items (self->node); i++)
    {
      const char *key = dms_job_node_get_key (self->node, i);
      int state = GPOINTER_TO_INT (g_hash_table_lookup (self->states, key));
      g_autofree char *path = NULL;

      if (state >= NOTED || (state == UNTOUCHED && dms_job_node_get_kind (dms_job_node_get_item (
                                                       self->node, i)) == DMS_JOB_NODE_NULL))
        continue;
      path = dms_import_reader_dup_path_of (self, key);
      add (self,
           dms_job_node_get_item (self->node, i),
           dms_job_node_get_key_line (self->node, i),
           dms_job_node_get_key_column (self->node, i),
           path,
           state == TAKEN ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_IMPOSSIBLE,
           state == TAKEN ? NULL : "is not known to this importer and was left out");
      set_state (self, key, NOTED);
    }
}

DmsImportReader *
dms_import_reader_ref (DmsImportReader *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
reader_clear (gpointer data)
{
  DmsImportReader *self = data;

  dms_import_report_unref (self->report);
  dms_job_node_unref (self->node);
  g_free (self->path);
  g_hash_table_unref (self->states);
  g_clear_pointer (&self->places, g_hash_table_unref);
}

void
dms_import_reader_unref (DmsImportReader *self)
{
  g_atomic_rc_box_release_full (self, reader_clear);
}
