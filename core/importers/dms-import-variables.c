/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-variables.h"

#include <dms.h>
#include <string.h>

enum
{
  MAX_NESTING = 8,
  MAX_TOTAL = 4 * 1024 * 1024,
};

typedef struct
{
  GHashTable *more;
  DmsImportReport *report;
  DmsJobNode *node;
  const char *path;
  gsize total;
} Resolver;

static char *expand (Resolver *self, const char *text, gsize length, guint depth, GError **error);

/* A value between quotes, or the rest of the line without a comment. */
static char *
parse_value (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);
  char quote = *text == '"' || *text == '\'' ? *text : '\0';
  const char *p = quote != '\0' ? text + 1 : text;

  for (; *p != '\0' && *p != quote; p++)
    {
      if (quote == '\0' && *p == '#' && (p == text || g_ascii_isspace (p[-1])))
        break;
      if (quote == '"' && *p == '\\' && p[1] != '\0')
        {
          p++;
          g_string_append_c (out, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
          continue;
        }
      g_string_append_c (out, *p);
    }
  return quote != '\0' ? g_string_free (g_steal_pointer (&out), FALSE)
                       : g_strchomp (g_string_free (g_steal_pointer (&out), FALSE));
}

GHashTable *
dms_import_variables_parse (const char *text, GPtrArray *order, gboolean *literal)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *equals;
      char *value;

      if (g_str_has_prefix (line, "export "))
        line = g_strchug (line + strlen ("export "));
      equals = strchr (line, '=');
      if (*line == '#' || equals == NULL || equals == line)
        continue;
      *equals = '\0';
      g_strchomp (line);
      if (order != NULL && !g_hash_table_contains (values, line))
        g_ptr_array_add (order, g_strdup (line));
      value = parse_value (g_strchug (equals + 1));
      if (literal != NULL && equals[1] != '\'' && strchr (value, '$') != NULL)
        *literal = TRUE;
      g_hash_table_replace (values, g_strdup (line), value);
    }
  return values;
}

static void
tell (Resolver *self, DmsImportFate fate, const char *name, const char *what)
{
  g_autofree char *text = g_strdup_printf ("%s %s", name, what);

  dms_import_report_add (self->report,
                         fate,
                         dms_import_report_get_origin (self->report, self->node),
                         dms_job_node_get_line (self->node),
                         dms_job_node_get_column (self->node),
                         self->path,
                         text);
}

static const char *
look_up (Resolver *self, const char *name, gboolean *from_environment)
{
  const char *value = g_getenv (name);

  *from_environment = value != NULL;
  return value != NULL || self->more == NULL ? value : g_hash_table_lookup (self->more, name);
}

/* operation: what stands behind the name, from its `:`, `-`, `?` or `+` on; empty when nothing does. */
static char *
evaluate (Resolver *self, const char *name, const char *operation, guint depth, GError **error)
{
  gboolean from_environment;
  const char *value = look_up (self, name, &from_environment);
  gboolean strict = *operation == ':';
  gboolean is_set = value != NULL && !(strict && *value == '\0');
  const char *rest;
  char kind;

  operation += strict ? 1 : 0;
  kind = *operation;
  rest = kind == '\0' ? operation : operation + 1;
  if (kind == '+' && !is_set)
    return g_strdup ("");
  if (is_set && kind != '+')
    {
      tell (self,
            DMS_IMPORT_TRANSLATED,
            name,
            from_environment ? "is set in the environment, whose value was taken"
                             : "is set in the file .env, whose value was taken");
      return g_strdup (value);
    }
  if (kind == '-' || kind == '+')
    {
      tell (self,
            DMS_IMPORT_TRANSLATED,
            name,
            "is not set, or does not count: the value that the file itself gives was taken");
      return expand (self, rest, strlen (rest), depth + 1, error);
    }
  if (kind == '?')
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "%s:%u: %s: the variable %s must be set%s%s",
                   dms_import_report_get_origin (self->report, self->node),
                   dms_job_node_get_line (self->node),
                   self->path,
                   name,
                   *rest != '\0' ? ": " : "",
                   rest);
      return NULL;
    }
  if (strict || kind != '\0')
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s: ${%.60s…} cannot be read", self->path, name);
      return NULL;
    }
  tell (self, DMS_IMPORT_APPROXIMATED, name, "is not set; nothing was put in its place");
  return g_strdup ("");
}

/* The place of the brace that closes what begins at text; -1 when none does. */
static gssize
find_end (const char *text, gsize length)
{
  guint depth = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '{')
        depth++;
      else if (text[i] == '}' && depth == 0)
        return (gssize) i;
      else if (text[i] == '}')
        depth--;
    }
  return -1;
}

static gsize
name_length (const char *text, gsize length)
{
  gsize i = 0;

  while (i < length && (g_ascii_isalpha (text[i]) || text[i] == '_' || (i > 0 && g_ascii_isdigit (text[i]))))
    i++;
  return i;
}

/* What begins with the dollar at text; *used gets how much of it was read. */
static char *
expand_one (Resolver *self, const char *text, gsize length, gsize *used, guint depth, GError **error)
{
  g_autofree char *name = NULL;
  g_autofree char *operation = NULL;
  gssize end;
  gsize n;

  if (length >= 2 && text[1] == '$')
    {
      *used = 2;
      return g_strdup ("$");
    }
  if (length >= 2 && text[1] == '{')
    {
      end = find_end (text + 2, length - 2);
      n = end < 0 ? 0 : name_length (text + 2, (gsize) end);
      if (n == 0)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_DATA,
                       "%s:%u: %s: a text with ${ is no variable that can be read; write $$ for a dollar",
                       dms_import_report_get_origin (self->report, self->node),
                       dms_job_node_get_line (self->node),
                       self->path);
          return NULL;
        }
      *used = (gsize) end + 3;
      name = g_strndup (text + 2, n);
      operation = g_strndup (text + 2 + n, (gsize) end - n);
      return evaluate (self, name, operation, depth, error);
    }
  n = name_length (text + 1, length - 1);
  *used = n + 1;
  if (n == 0)
    return g_strdup ("$");
  name = g_strndup (text + 1, n);
  return evaluate (self, name, "", depth, error);
}

static char *
expand (Resolver *self, const char *text, gsize length, guint depth, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (depth > MAX_NESTING)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "%s: variables are nested more than %d deep",
                   self->path,
                   MAX_NESTING);
      return NULL;
    }
  for (gsize i = 0; i < length;)
    {
      g_autofree char *value = NULL;
      gsize used = 0;

      if (text[i] != '$')
        {
          g_string_append_c (out, text[i++]);
          continue;
        }
      value = expand_one (self, text + i, length - i, &used, depth, error);
      if (value == NULL)
        return NULL;
      self->total += strlen (value);
      if (self->total > MAX_TOTAL)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "variables bring in more than 4 MiB");
          return NULL;
        }
      g_string_append (out, value);
      i += used;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static gboolean
walk (Resolver *self, DmsJobNode *node, const char *path, GError **error)
{
  const char *old = dms_job_node_get_text (node);
  g_autofree char *text = NULL;

  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      g_autofree char *inner = NULL;

      if (dms_job_node_get_kind (node) == DMS_JOB_NODE_LIST)
        inner = g_strdup_printf ("%s[%u]", path, i);
      else
        inner = g_strdup_printf ("%s%s%s", path, *path == '\0' ? "" : ".", dms_job_node_get_key (node, i));
      if (!walk (self, dms_job_node_get_item (node, i), inner, error))
        return FALSE;
    }
  if (old == NULL || strchr (old, '$') == NULL)
    return TRUE;
  self->node = node;
  self->path = path;
  text = expand (self, old, strlen (old), 0, error);
  if (text == NULL)
    return FALSE;
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s: a variable's value is not UTF-8 text", path);
      return FALSE;
    }
  dms_job_node_set_text (node, text);
  return TRUE;
}

gboolean
dms_import_variables_resolve (DmsJobNode *tree, GHashTable *more, DmsImportReport *report, GError **error)
{
  Resolver resolver = { more, report, NULL, NULL, 0 };

  return walk (&resolver, tree, "", error);
}
