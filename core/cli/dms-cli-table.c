/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-table.h"

#include "cli/dms-cli-text.h"

struct _DmsCliTable
{
  const DmsCliColumn *columns;
  guint n_columns;
  /* GStrv of n_columns cells each. */
  GPtrArray *rows;
};

/**
 * dms_cli_table_new:
 * @columns: its columns, ended by one without a title; they must outlive it
 *
 * Returns: (transfer full): an empty table
 */
DmsCliTable *
dms_cli_table_new (const DmsCliColumn *columns)
{
  DmsCliTable *self = g_new0 (DmsCliTable, 1);

  self->columns = columns;
  while (columns[self->n_columns].title != NULL)
    self->n_columns++;
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return self;
}

/**
 * dms_cli_table_free:
 * @self: a table
 */
void
dms_cli_table_free (DmsCliTable *self)
{
  g_ptr_array_unref (self->rows);
  g_free (self);
}

/**
 * dms_cli_table_add_row:
 * @self: a table
 * @cells: a text for each column, each nullable
 *
 * Adds a row below the others.
 */
void
dms_cli_table_add_row (DmsCliTable *self, const char *const *cells)
{
  GStrv row = g_new0 (char *, self->n_columns + 1);

  for (guint i = 0; i < self->n_columns; i++)
    row[i] = cells[i] != NULL && *cells[i] != '\0' ? dms_cli_text_dup_safe (cells[i]) : g_strdup ("-");
  g_ptr_array_add (self->rows, row);
}

static gsize
get_width (DmsCliTable *self, guint column)
{
  gsize width = (gsize) g_utf8_strlen (_ (self->columns[column].title), -1);

  for (guint i = 0; i < self->rows->len; i++)
    {
      GStrv row = g_ptr_array_index (self->rows, i);

      width = MAX (width, (gsize) g_utf8_strlen (row[column], -1));
    }
  return width;
}

/* printf() counts bytes, so the blanks are made here. */
static void
add_cell (GString *line, const char *text, gsize width, gboolean right)
{
  gsize blanks = width - (gsize) g_utf8_strlen (text, -1);
  g_autofree char *padding = g_strnfill (blanks, ' ');

  g_string_append_printf (line, "%s%s%s", right ? padding : "", text, right ? "" : padding);
}

static void
print_line (DmsCliTable *self, DmsCliCall *call, const gsize *widths, const char *const *cells)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint i = 0; i < self->n_columns; i++)
    {
      if (i > 0)
        g_string_append (line, "  ");
      add_cell (
          line, cells != NULL ? cells[i] : _ (self->columns[i].title), widths[i], self->columns[i].right);
    }
  dms_cli_call_print (call, "%s\n", g_strchomp (line->str));
}

/**
 * dms_cli_table_print:
 * @self: a table
 * @call: where to write
 *
 * Writes it for people.
 */
void
dms_cli_table_print (DmsCliTable *self, DmsCliCall *call)
{
  g_autofree gsize *widths = g_new (gsize, self->n_columns);

  for (guint i = 0; i < self->n_columns; i++)
    widths[i] = get_width (self, i);
  print_line (self, call, widths, NULL);
  for (guint i = 0; i < self->rows->len; i++)
    print_line (self, call, widths, g_ptr_array_index (self->rows, i));
}
