/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-tree.h"

#include <math.h>
#include <string.h>

enum
{
  INDENT = 2,
  /* A list of texts that together are not longer than this stands in one line. */
  LINE_BYTES = 80,
};

/* Doubles the dollar of what would be read as a placeholder: `${` is written `$${`. */
static char *
escape_placeholders (const char *text)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    {
      if (p[0] == '$' && p[1] == '{')
        g_string_append_c (out, '$');
      g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static DmsJobNode *
make_text (const char *text)
{
  g_autofree char *escaped = escape_placeholders (text);

  return dms_job_node_new_scalar (DMS_JOB_NODE_STRING, escaped, 0, 0);
}

void
dms_import_tree_set_text (DmsJobNode *map, const char *key, const char *text)
{
  dms_job_node_set (map, key, 0, 0, make_text (text));
}

void
dms_import_tree_set_raw (DmsJobNode *map, const char *key, const char *text)
{
  dms_job_node_set (map, key, 0, 0, dms_job_node_new_scalar (DMS_JOB_NODE_STRING, text, 0, 0));
}

void
dms_import_tree_set_bool (DmsJobNode *map, const char *key, gboolean value)
{
  dms_job_node_set (map, key, 0, 0, dms_job_node_new_plain (value ? "true" : "false", 0, 0));
}

void
dms_import_tree_set_number (DmsJobNode *map, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text, sizeof text, "%.10g", value);
  dms_job_node_set (map, key, 0, 0, dms_job_node_new_plain (text, 0, 0));
}

void
dms_import_tree_set_texts (DmsJobNode *map, const char *key, const char *const *texts)
{
  DmsJobNode *list = dms_import_tree_add_list (map, key);

  for (; *texts != NULL; texts++)
    dms_import_tree_append_text (list, *texts);
}

DmsJobNode *
dms_import_tree_add_map (DmsJobNode *map, const char *key)
{
  DmsJobNode *child = dms_job_node_new_map (0, 0);

  dms_job_node_set (map, key, 0, 0, child);
  return child;
}

DmsJobNode *
dms_import_tree_add_list (DmsJobNode *map, const char *key)
{
  DmsJobNode *child = dms_job_node_new_list (0, 0);

  dms_job_node_set (map, key, 0, 0, child);
  return child;
}

void
dms_import_tree_append_text (DmsJobNode *list, const char *text)
{
  dms_job_node_append (list, make_text (text));
}

/* `512MiB`, `30s`: no number in any reading, for its letters begin with none of a number's. */
static gboolean
is_amount (const char *text)
{
  gsize digits = strspn (text, "0123456789");
  const char *unit = text + digits;

  if (digits == 0 || *text == '0' || *unit == '\0' || *unit == 'e' || *unit == 'E')
    return FALSE;
  for (; *unit != '\0'; unit++)
    {
      if (!g_ascii_isalpha (*unit))
        return FALSE;
    }
  return TRUE;
}

/* Whether the text means itself without quotes, to readers of YAML 1.1 too. */
static gboolean
is_plain (const char *text)
{
  static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false", "null", NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (is_amount (text))
    return TRUE;
  if (!g_ascii_isalpha (*text) && *text != '/')
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr ("_./-", *p) == NULL && !(*p == ':' && g_ascii_isalnum (p[1])))
        return FALSE;
    }
  return !g_strv_contains (words, lower);
}

/* Several lines, each of which can stand as it is below the other. */
static gboolean
is_block (const char *text)
{
  gsize length = strlen (text);

  if (length < 2 || text[length - 1] != '\n' || text[length - 2] == '\n' || g_ascii_isspace (*text))
    return FALSE;
  if (!g_utf8_validate (text, -1, NULL) || strchr (text, '\t') != NULL)
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c != '\n' && !g_unichar_isprint (c))
        return FALSE;
    }
  return TRUE;
}

static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char_validated (p, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        c = 0xfffd;
      if (c == '\n')
        g_string_append (out, "\\n");
      else if (c == '\t')
        g_string_append (out, "\\t");
      else if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char) c);
      else if (g_unichar_isprint (c))
        g_string_append_unichar (out, c);
      else if (c > 0xffff)
        g_string_append_printf (out, "\\U%08x", c);
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
  g_string_append_c (out, '"');
}

static void
append_key (GString *out, const char *key)
{
  if (is_plain (key))
    g_string_append (out, key);
  else
    append_quoted (out, key);
  g_string_append_c (out, ':');
}

static void
append_block (GString *out, const char *text, guint indent)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_string_append_c (out, '|');
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    {
      g_string_append_c (out, '\n');
      if (*lines[i] != '\0')
        g_string_append_printf (out, "%*s%s", (int) indent, "", lines[i]);
    }
}

static void
append_scalar (GString *out, DmsJobNode *node, guint indent)
{
  const char *text = dms_job_node_get_text (node);

  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_STRING || is_plain (text))
    g_string_append (out, text);
  else if (is_block (text))
    append_block (out, text, indent);
  else
    append_quoted (out, text);
}

static gboolean
fits_a_line (DmsJobNode *list)
{
  gsize length = 0;

  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);

      if (!dms_job_node_is_scalar (item) || strchr (dms_job_node_get_text (item), '\n') != NULL)
        return FALSE;
      length += strlen (dms_job_node_get_text (item)) + 4;
    }
  return length <= LINE_BYTES;
}

static void append_members (GString *out, DmsJobNode *node, guint indent, gboolean in_line);

/* The value that stands behind `key:` or `-`. */
static void
append_value (GString *out, DmsJobNode *node, guint indent, gboolean is_item)
{
  DmsJobNodeKind kind = dms_job_node_get_kind (node);

  if (dms_job_node_get_n_items (node) == 0 && !dms_job_node_is_scalar (node))
    {
      g_string_append (out, kind == DMS_JOB_NODE_LIST ? " []\n" : " {}\n");
      return;
    }
  if (dms_job_node_is_scalar (node))
    {
      g_string_append_c (out, ' ');
      append_scalar (out, node, indent);
      g_string_append_c (out, '\n');
      return;
    }
  if (kind == DMS_JOB_NODE_LIST && fits_a_line (node))
    {
      g_string_append (out, " [");
      for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
        {
          DmsJobNode *item = dms_job_node_get_item (node, i);
          const char *text = dms_job_node_get_text (item);

          g_string_append (out, i > 0 ? ", " : "");
          if (dms_job_node_get_kind (item) != DMS_JOB_NODE_STRING || is_plain (text))
            g_string_append (out, text);
          else
            append_quoted (out, text);
        }
      g_string_append (out, "]\n");
      return;
    }
  g_string_append_c (out, is_item ? ' ' : '\n');
  append_members (out, node, indent, is_item);
}

/* in_line: whether the first member goes on in the line of the `-` before it */
static void
append_members (GString *out, DmsJobNode *node, guint indent, gboolean in_line)
{
  gboolean is_list = dms_job_node_get_kind (node) == DMS_JOB_NODE_LIST;

  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      if (i > 0 || !in_line)
        g_string_append_printf (out, "%*s", (int) indent, "");
      if (is_list)
        g_string_append_c (out, '-');
      else
        append_key (out, dms_job_node_get_key (node, i));
      append_value (out, dms_job_node_get_item (node, i), indent + INDENT, is_list);
    }
}

char *
dms_import_tree_to_yaml (DmsJobNode *tree)
{
  g_autoptr (GString) out = g_string_new (NULL);

  append_members (out, tree, 0, FALSE);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
