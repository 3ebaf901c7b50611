/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-report.h"

#include <string.h>

/* More than a person can use; also bounds what a hostile message can make us keep. */
enum
{
  MAX_ENTRIES = 50
};

typedef struct
{
  guint line;
  guint column;
  char *text;
} Entry;

struct _DmsJobReport
{
  char *name;
  GArray *errors;
  GArray *warnings;
  guint n_left_out;
};

G_DEFINE_BOXED_TYPE (DmsJobReport, dms_job_report, dms_job_report_ref, dms_job_report_unref)

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->text);
}

static int
entry_compare (gconstpointer a, gconstpointer b)
{
  const Entry *one = a;
  const Entry *other = b;

  if (one->line != other->line)
    return one->line < other->line ? -1 : 1;
  if (one->column != other->column)
    return one->column < other->column ? -1 : 1;
  return 0;
}

DmsJobReport *
dms_job_report_new (const char *name)
{
  DmsJobReport *self = g_atomic_rc_box_new0 (DmsJobReport);

  self->name = g_strdup (name);
  self->errors = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->warnings = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (self->errors, entry_clear);
  g_array_set_clear_func (self->warnings, entry_clear);
  return self;
}

/* What a message quotes may be cut off within a character. */
static char *
compose (DmsJobReport *self, guint line, guint column, const char *path, const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (self->name != NULL && line > 0)
    g_string_append_printf (out, "%s:%u:%u: ", self->name, line, column);
  else if (self->name != NULL)
    g_string_append_printf (out, "%s: ", self->name);
  if (path != NULL && *path != '\0')
    g_string_append_printf (out, "%s: ", path);
  g_string_append (out, text);
  return g_utf8_make_valid (out->str, (gssize) out->len);
}

void
dms_job_report_error_at (DmsJobReport *self, guint line, guint column, const char *path, const char *text)
{
  Entry entry = { line, column, NULL };

  if (self->errors->len >= MAX_ENTRIES)
    {
      self->n_left_out++;
      return;
    }
  entry.text = compose (self, line, column, path, text);
  g_array_append_val (self->errors, entry);
}

void
dms_job_report_error (DmsJobReport *self, DmsJobNode *node, const char *path, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  dms_job_report_error_at (self,
                           node == NULL ? 0 : dms_job_node_get_line (node),
                           node == NULL ? 0 : dms_job_node_get_column (node),
                           path,
                           text);
}

void
dms_job_report_warning (DmsJobReport *self, DmsJobNode *node, const char *path, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;
  Entry entry = { 0, 0, NULL };

  if (self->warnings->len >= MAX_ENTRIES)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  entry.line = node == NULL ? 0 : dms_job_node_get_line (node);
  entry.column = node == NULL ? 0 : dms_job_node_get_column (node);
  entry.text = compose (self, entry.line, entry.column, path, text);
  g_array_append_val (self->warnings, entry);
}

gboolean
dms_job_report_has_errors (DmsJobReport *self)
{
  return self->errors->len > 0;
}

void
dms_job_report_propagate (DmsJobReport *self, GError **error)
{
  g_autoptr (GString) all = g_string_new (NULL);

  g_array_sort (self->errors, entry_compare);
  for (guint i = 0; i < self->errors->len; i++)
    {
      if (i > 0)
        g_string_append_c (all, '\n');
      g_string_append (all, g_array_index (self->errors, Entry, i).text);
    }
  if (self->n_left_out > 0)
    g_string_append_printf (all, "\nand %u more", self->n_left_out);
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, all->str);
}

GStrv
dms_job_report_dup_warnings (DmsJobReport *self)
{
  GStrv texts;

  if (self->warnings->len == 0)
    return NULL;
  g_array_sort (self->warnings, entry_compare);
  texts = g_new0 (char *, self->warnings->len + 1);
  for (guint i = 0; i < self->warnings->len; i++)
    texts[i] = g_strdup (g_array_index (self->warnings, Entry, i).text);
  return texts;
}

DmsJobReport *
dms_job_report_ref (DmsJobReport *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
report_clear (gpointer data)
{
  DmsJobReport *self = data;

  g_free (self->name);
  g_array_unref (self->errors);
  g_array_unref (self->warnings);
}

void
dms_job_report_unref (DmsJobReport *self)
{
  g_atomic_rc_box_release_full (self, report_clear);
}
