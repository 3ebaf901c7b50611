/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "store/dms-query-private.h"

/* One value bound to a parameter of the SQL; a NULL text means the number. */
typedef struct
{
  char *text;
  gint64 number;
} Value;

/* Conditions as SQL with a `?` for every value: outside texts go into values only, never into the SQL. */
struct _DmsQuery
{
  grefcount refs;
  GPtrArray *conditions;
  GArray *values;
  GString *order;
  guint64 offset;
  guint64 limit;
};

G_DEFINE_BOXED_TYPE (DmsQuery, dms_query, dms_query_ref, dms_query_unref)

static const char *const OPERATORS[] = { "=", "IS NOT", "<", "<=", ">", ">=" };

static void
clear_value (gpointer value)
{
  g_free (((Value *) value)->text);
}

DmsQuery *
dms_query_new (void)
{
  DmsQuery *self = g_new0 (DmsQuery, 1);

  g_ref_count_init (&self->refs);
  self->conditions = g_ptr_array_new_with_free_func (g_free);
  self->values = g_array_new (FALSE, FALSE, sizeof (Value));
  g_array_set_clear_func (self->values, clear_value);
  self->order = g_string_new (NULL);
  return self;
}

DmsQuery *
dms_query_ref (DmsQuery *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
dms_query_unref (DmsQuery *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;

  g_ptr_array_unref (self->conditions);
  g_array_unref (self->values);
  g_string_free (self->order, TRUE);
  g_free (self);
}

/**
 * dms_query_is_path:
 * @path: a text
 *
 * Returns: whether it is a path as a query takes it, which makes it safe inside SQL
 */
gboolean
dms_query_is_path (const char *path)
{
  gboolean starts;

  if (g_str_equal (path, "@id") || g_str_equal (path, "@created_us") || g_str_equal (path, "@updated_us"))
    return TRUE;

  starts = TRUE;
  for (const char *p = path; *p != '\0'; p++)
    {
      gboolean dot = *p == '.';
      if (!g_ascii_isalnum (*p) && *p != '_' && *p != '-' && !dot)
        return FALSE;
      if (dot && starts)
        return FALSE;
      starts = dot;
    }
  return !starts;
}

char *
dms_query_path_to_sql (const char *path)
{
  g_autofree char *joined = NULL;
  g_auto (GStrv) names = NULL;

  if (path[0] == '@')
    return g_strdup (path + 1);

  names = g_strsplit (path, ".", -1);
  joined = g_strjoinv ("\".\"", names);
  return g_strdup_printf ("json_extract(body,'$.\"%s\"')", joined);
}

static void
add_value (DmsQuery *self, const char *text, gint64 number)
{
  Value value = { .text = g_strdup (text), .number = number };

  g_array_append_val (self->values, value);
}

static void
add_comparison (DmsQuery *self, const char *path, DmsQueryOp op)
{
  g_autofree char *expression = dms_query_path_to_sql (path);

  g_ptr_array_add (self->conditions, g_strdup_printf ("%s %s ?", expression, OPERATORS[op]));
}

void
dms_query_where_text (DmsQuery *self, const char *path, DmsQueryOp op, const char *value)
{
  g_return_if_fail (dms_query_is_path (path));
  g_return_if_fail (value != NULL);

  add_comparison (self, path, op);
  add_value (self, value, 0);
}

void
dms_query_where_int (DmsQuery *self, const char *path, DmsQueryOp op, gint64 value)
{
  g_return_if_fail (dms_query_is_path (path));

  add_comparison (self, path, op);
  add_value (self, NULL, value);
}

static void
add_set (DmsQuery *self, const char *path, gsize n)
{
  g_autofree char *expression = dms_query_path_to_sql (path);
  g_autoptr (GString) sql = g_string_new (expression);

  g_string_append (sql, " IN (");
  for (gsize i = 0; i < n; i++)
    g_string_append (sql, i == 0 ? "?" : ",?");
  g_string_append_c (sql, ')');
  g_ptr_array_add (self->conditions, g_strdup (sql->str));
}

void
dms_query_where_int_in (DmsQuery *self, const char *path, const gint64 *values, gsize n_values)
{
  g_return_if_fail (dms_query_is_path (path));

  add_set (self, path, n_values);
  for (gsize i = 0; i < n_values; i++)
    add_value (self, NULL, values[i]);
}

void
dms_query_where_text_in (DmsQuery *self, const char *path, const char *const *values)
{
  gsize n;

  g_return_if_fail (dms_query_is_path (path));

  n = values != NULL ? g_strv_length ((GStrv) values) : 0;
  add_set (self, path, n);
  for (gsize i = 0; i < n; i++)
    add_value (self, values[i], 0);
}

void
dms_query_where_member (DmsQuery *self, const char *path, const char *key, const char *value)
{
  g_autofree char *joined = NULL;
  g_auto (GStrv) names = NULL;

  g_return_if_fail (dms_query_is_path (path) && path[0] != '@');
  g_return_if_fail (key != NULL && value != NULL);

  names = g_strsplit (path, ".", -1);
  joined = g_strjoinv ("\".\"", names);
  g_ptr_array_add (self->conditions,
                   g_strdup_printf ("EXISTS (SELECT 1 FROM json_each(body,'$.\"%s\"') AS member"
                                    " WHERE member.key = ? AND member.value = ?)",
                                    joined));
  add_value (self, key, 0);
  add_value (self, value, 0);
}

void
dms_query_sort (DmsQuery *self, const char *path, gboolean descending)
{
  g_autofree char *expression = NULL;

  g_return_if_fail (dms_query_is_path (path));

  expression = dms_query_path_to_sql (path);
  g_string_append_printf (
      self->order, "%s%s%s", self->order->len > 0 ? ", " : "", expression, descending ? " DESC" : "");
}

void
dms_query_set_range (DmsQuery *self, guint64 offset, guint64 limit)
{
  self->offset = MIN (offset, (guint64) G_MAXINT64);
  self->limit = MIN (limit, (guint64) G_MAXINT64);
}

void
dms_query_append_conditions (DmsQuery *self, GString *sql, int first_parameter)
{
  int parameter = first_parameter;

  for (guint i = 0; i < self->conditions->len; i++)
    {
      const char *condition = g_ptr_array_index (self->conditions, i);
      g_string_append (sql, " AND ");
      for (const char *p = condition; *p != '\0'; p++)
        {
          g_string_append_c (sql, *p);
          if (*p == '?')
            g_string_append_printf (sql, "%d", parameter++);
        }
    }
}

void
dms_query_append_order (DmsQuery *self, GString *sql)
{
  /* The ID last makes the order total, so that pages never overlap. */
  g_string_append_printf (sql, " ORDER BY %s%sid", self->order->str, self->order->len > 0 ? ", " : "");
  if (self->limit > 0 || self->offset > 0)
    g_string_append_printf (sql,
                            " LIMIT %" G_GINT64_FORMAT " OFFSET %" G_GUINT64_FORMAT,
                            self->limit > 0 ? (gint64) self->limit : -1,
                            self->offset);
}

void
dms_query_bind (DmsQuery *self, DmsStatement *statement, int first_parameter)
{
  for (guint i = 0; i < self->values->len; i++)
    {
      const Value *value = &g_array_index (self->values, Value, i);
      if (value->text != NULL)
        dms_statement_bind_text (statement, first_parameter + (int) i, value->text);
      else
        dms_statement_bind_int64 (statement, first_parameter + (int) i, value->number);
    }
}
