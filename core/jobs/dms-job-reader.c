/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-reader.h"

#include "jobs/dms-job-units.h"

#include <math.h>
#include <string.h>

struct _DmsJobReader
{
  DmsJobNode *node;
  char *path;
  DmsJobForm form;
  DmsJobReport *report;
  GPtrArray *known;
};

G_DEFINE_BOXED_TYPE (DmsJobReader, dms_job_reader, dms_job_reader_ref, dms_job_reader_unref)

DmsJobReader *
dms_job_reader_new (DmsJobNode *node, const char *path, DmsJobForm form, DmsJobReport *report)
{
  DmsJobReader *self;

  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_MAP)
    {
      g_autofree char *what = dms_job_node_describe (node);

      dms_job_report_error (report, node, path, "must be a map, got %s", what);
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsJobReader);
  self->node = dms_job_node_ref (node);
  self->path = g_strdup (path);
  self->form = form;
  self->report = dms_job_report_ref (report);
  self->known = g_ptr_array_new_with_free_func (g_free);
  return self;
}

DmsJobReader *
dms_job_reader_open (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *member = dms_job_reader_get (self, key, flags);
  g_autofree char *path = dms_job_reader_dup_path_of (self, key);

  return member == NULL ? NULL : dms_job_reader_new (member, path, self->form, self->report);
}

DmsJobForm
dms_job_reader_get_form (DmsJobReader *self)
{
  return self->form;
}

DmsJobNode *
dms_job_reader_get_node (DmsJobReader *self)
{
  return self->node;
}

const char *
dms_job_reader_get_path (DmsJobReader *self)
{
  return self->path;
}

DmsJobReport *
dms_job_reader_get_report (DmsJobReader *self)
{
  return self->report;
}

char *
dms_job_reader_dup_path_of (DmsJobReader *self, const char *key)
{
  return g_strdup_printf ("%s%s%s", self->path, *self->path == '\0' ? "" : ".", key);
}

void
dms_job_reader_mark_known (DmsJobReader *self, const char *key)
{
  if (!g_ptr_array_find_with_equal_func (self->known, key, g_str_equal, NULL))
    g_ptr_array_add (self->known, g_strdup (key));
}

static DmsJobNode *
find_member (DmsJobReader *self, const char *key)
{
  DmsJobNode *member = self->form == DMS_JOB_FORM_WIRE ? dms_job_node_get_any_case (self->node, key)
                                                       : dms_job_node_get (self->node, key);

  if (member == NULL || dms_job_node_get_kind (member) == DMS_JOB_NODE_NULL)
    return NULL;
  return member;
}

DmsJobNode *
dms_job_reader_get (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *member = find_member (self, key);

  dms_job_reader_mark_known (self, key);
  if (member == NULL && (flags & DMS_JOB_READ_REQUIRED))
    dms_job_reader_error (self, key, "is required");
  return member;
}

void
dms_job_reader_error (DmsJobReader *self, const char *key, const char *format, ...)
{
  g_autofree char *path = key == NULL ? g_strdup (self->path) : dms_job_reader_dup_path_of (self, key);
  g_autofree char *text = NULL;
  DmsJobNode *member = key == NULL ? NULL : find_member (self, key);
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  dms_job_report_error (self->report, member == NULL ? self->node : member, path, "%s", text);
}

static void
wrong_type (DmsJobReader *self, const char *key, DmsJobNode *member, const char *expected)
{
  g_autofree char *what = dms_job_node_describe (member);

  dms_job_reader_error (self, key, "must be %s, got %s", expected, what);
}

DmsJobNode *
dms_job_reader_get_list (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *member = dms_job_reader_get (self, key, flags);

  if (member == NULL)
    return NULL;
  if (dms_job_node_get_kind (member) != DMS_JOB_NODE_LIST)
    {
      wrong_type (self, key, member, "a list");
      return NULL;
    }
  if ((flags & DMS_JOB_READ_NON_EMPTY) && dms_job_node_get_n_items (member) == 0)
    {
      dms_job_reader_error (self, key, "must not be an empty list");
      return NULL;
    }
  return member;
}

char *
dms_job_reader_dup_string (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *member = dms_job_reader_get (self, key, flags);

  if (member == NULL)
    return NULL;
  if (!dms_job_node_is_scalar (member))
    {
      wrong_type (self, key, member, "a text");
      return NULL;
    }
  if (*dms_job_node_get_text (member) == '\0' && (flags & DMS_JOB_READ_NON_EMPTY))
    {
      dms_job_reader_error (self, key, "must not be empty");
      return NULL;
    }
  return g_strdup (dms_job_node_get_text (member));
}

GStrv
dms_job_reader_dup_strv (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *list = dms_job_reader_get_list (self, key, flags);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);
      g_autofree char *path =
          g_strdup_printf ("%s%s%s[%u]", self->path, *self->path == '\0' ? "" : ".", key, i);

      if (!dms_job_node_is_scalar (item))
        {
          g_autofree char *what = dms_job_node_describe (item);

          dms_job_report_error (self->report, item, path, "must be a text, got %s", what);
          continue;
        }
      g_strv_builder_add (builder, dms_job_node_get_text (item));
    }
  return g_strv_builder_end (builder);
}

char *
dms_job_reader_dup_choice (DmsJobReader *self,
                           const char *key,
                           const char *const *choices,
                           const char *fallback,
                           DmsJobReadFlags flags)
{
  g_autofree char *text = dms_job_reader_dup_string (self, key, flags);
  g_autofree char *all = NULL;

  if (text == NULL)
    return g_strdup (fallback);
  if (*text == '\0' && self->form == DMS_JOB_FORM_WIRE && !(flags & DMS_JOB_READ_REQUIRED))
    return g_strdup (fallback);
  if (g_strv_contains (choices, text))
    return g_steal_pointer (&text);
  all = g_strjoinv (", ", (char **) choices);
  dms_job_reader_error (self, key, "must be one of %s, got \"%.40s\"", all, text);
  return g_strdup (fallback);
}

gboolean
dms_job_reader_get_bool (DmsJobReader *self, const char *key, gboolean fallback)
{
  DmsJobNode *member = dms_job_reader_get (self, key, DMS_JOB_READ_OPTIONAL);

  if (member == NULL)
    return fallback;
  if (dms_job_node_get_kind (member) == DMS_JOB_NODE_BOOL)
    return g_ascii_strcasecmp (dms_job_node_get_text (member), "true") == 0;
  wrong_type (self, key, member, "true or false");
  return fallback;
}

gint64
dms_job_reader_get_int (DmsJobReader *self, const char *key, gint64 min, gint64 max, gint64 fallback)
{
  DmsJobNode *member = dms_job_reader_get (self, key, DMS_JOB_READ_OPTIONAL);
  g_autofree char *expected = NULL;
  gint64 value;

  if (member == NULL)
    return fallback;
  if (dms_job_node_is_scalar (member) &&
      g_ascii_string_to_signed (dms_job_node_get_text (member), 10, min, max, &value, NULL))
    return value;
  if (max >= G_MAXUINT32)
    expected = g_strdup_printf ("a whole number of at least %" G_GINT64_FORMAT, min);
  else
    expected = g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
  wrong_type (self, key, member, expected);
  return fallback;
}

double
dms_job_reader_get_positive (DmsJobReader *self, const char *key, double max, DmsJobReadFlags flags)
{
  DmsJobNode *member = dms_job_reader_get (self, key, flags);
  g_autoptr (DmsJobNode) plain = NULL;
  double value = 0;

  if (member == NULL)
    return 0;
  if (dms_job_node_is_scalar (member))
    plain = dms_job_node_new_plain (dms_job_node_get_text (member), 0, 0);
  if (plain != NULL && (dms_job_node_get_kind (plain) == DMS_JOB_NODE_INT ||
                        dms_job_node_get_kind (plain) == DMS_JOB_NODE_FLOAT))
    value = g_ascii_strtod (dms_job_node_get_text (plain), NULL);
  if (value > 0 && value <= max)
    return value;
  if (value > max)
    dms_job_reader_error (self, key, "must be at most %.0f, got %s", max, dms_job_node_get_text (member));
  else
    wrong_type (self, key, member, "a positive number");
  return 0;
}

static void
wrong_quantity (DmsJobReader *self, const char *key, DmsJobNode *member, const char *why)
{
  if (strstr (why, "must") != NULL)
    {
      g_autofree char *what = dms_job_node_describe (member);

      dms_job_reader_error (self, key, "%s, got %s", why, what);
      return;
    }
  dms_job_reader_error (self, key, "%s", why);
}

guint64
dms_job_reader_get_bytes (DmsJobReader *self, const char *key, DmsJobReadFlags flags)
{
  DmsJobNode *member = dms_job_reader_get (self, key, flags);
  g_autofree char *why = NULL;
  guint64 unit = self->form == DMS_JOB_FORM_FILE ? G_GUINT64_CONSTANT (1) << 30 : 1;
  guint64 bytes = 0;

  if (member == NULL)
    return 0;
  if (!dms_job_node_is_scalar (member))
    wrong_type (self, key, member, "a positive size such as 512MiB");
  else if (!dms_job_units_parse_bytes (dms_job_node_get_text (member), unit, &bytes, &why))
    wrong_quantity (self, key, member, why);
  else
    return bytes;
  return 0;
}

double
dms_job_reader_get_hertz (DmsJobReader *self, const char *key)
{
  DmsJobNode *member = dms_job_reader_get (self, key, DMS_JOB_READ_OPTIONAL);
  g_autofree char *why = NULL;
  double unit = self->form == DMS_JOB_FORM_FILE ? 1e9 : 1;
  double hertz = 0;

  if (member == NULL)
    return 0;
  /* Senders write 0 for a clock that does not matter. */
  if (self->form == DMS_JOB_FORM_WIRE && g_strcmp0 (dms_job_node_get_text (member), "0") == 0)
    return 0;
  if (!dms_job_node_is_scalar (member))
    wrong_type (self, key, member, "a positive frequency such as 2.4GHz");
  else if (!dms_job_units_parse_hertz (dms_job_node_get_text (member), unit, &hertz, &why))
    wrong_quantity (self, key, member, why);
  else
    return hertz;
  return 0;
}

void
dms_job_reader_skip_obsolete (DmsJobReader *self, const char *key)
{
  DmsJobNode *member = dms_job_node_get (self->node, key);
  g_autofree char *path = dms_job_reader_dup_path_of (self, key);

  if (member == NULL)
    return;
  dms_job_reader_mark_known (self, key);
  dms_job_report_warning (self->report, member, path, "this key is obsolete and has no effect");
}

/* Edits that turn one word into the other (Levenshtein), at most limit. */
static guint
distance (const char *a, const char *b, guint limit)
{
  gsize width = strlen (b) + 1;
  g_autofree guint *row = NULL;

  if (strlen (a) > 64 || width > 64)
    return limit + 1;
  row = g_new (guint, width);
  for (gsize j = 0; j < width; j++)
    row[j] = (guint) j;
  for (gsize i = 1; a[i - 1] != '\0'; i++)
    {
      guint corner = row[0];

      row[0] = (guint) i;
      for (gsize j = 1; j < width; j++)
        {
          guint same = corner + (g_ascii_tolower (a[i - 1]) == g_ascii_tolower (b[j - 1]) ? 0 : 1);

          corner = row[j];
          row[j] = MIN (same, MIN (row[j], row[j - 1]) + 1);
        }
    }
  return row[width - 1];
}

static void
report_unknown (DmsJobReader *self, guint index)
{
  const char *key = dms_job_node_get_key (self->node, index);
  g_autofree char *path = dms_job_reader_dup_path_of (self, key);
  g_autofree char *text = NULL;
  const char *nearest = NULL;
  guint least = strlen (key) < 5 ? 2 : 3;

  for (guint i = 0; i < self->known->len; i++)
    {
      gboolean begins =
          g_str_has_prefix (self->known->pdata[i], key) || g_str_has_prefix (key, self->known->pdata[i]);
      guint edits = distance (key, self->known->pdata[i], least);

      if (edits < least || (edits == least && begins && nearest != NULL))
        {
          least = edits;
          nearest = self->known->pdata[i];
        }
    }
  if (nearest != NULL)
    {
      text = g_strdup_printf ("unknown key; did you mean \"%s\"?", nearest);
    }
  else
    {
      g_autofree char *all = NULL;

      g_ptr_array_add (self->known, NULL);
      all = g_strjoinv (", ", (char **) self->known->pdata);
      g_ptr_array_remove_index (self->known, self->known->len - 1);
      text = g_strdup_printf ("unknown key; known here: %s", all);
    }
  dms_job_report_error_at (self->report,
                           dms_job_node_get_key_line (self->node, index),
                           dms_job_node_get_key_column (self->node, index),
                           path,
                           text);
}

void
dms_job_reader_finish (DmsJobReader *self)
{
  if (self->form != DMS_JOB_FORM_FILE)
    return;
  for (guint i = 0; i < dms_job_node_get_n_items (self->node); i++)
    {
      if (!g_ptr_array_find_with_equal_func (
              self->known, dms_job_node_get_key (self->node, i), g_str_equal, NULL))
        report_unknown (self, i);
    }
}

DmsJobReader *
dms_job_reader_ref (DmsJobReader *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
reader_clear (gpointer data)
{
  DmsJobReader *self = data;

  dms_job_node_unref (self->node);
  g_free (self->path);
  dms_job_report_unref (self->report);
  g_ptr_array_unref (self->known);
}

void
dms_job_reader_unref (DmsJobReader *self)
{
  g_atomic_rc_box_release_full (self, reader_clear);
}
