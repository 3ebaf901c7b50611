/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-placeholder.h"

#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_NESTING = 8,
  MAX_FILE = 4 * 1024 * 1024,
  MAX_TOTAL = 16 * 1024 * 1024,
};

typedef struct
{
  const char *base_dir;
  gsize total;
} Resolver;

static char *expand (Resolver *self, const char *text, gsize length, guint depth, GError **error);

/* Finds the brace that closes the placeholder whose content starts at text, or -1. A bare `{` inside means
 * that this is no placeholder. separator gets the place of the first `:-` outside inner placeholders, or -1.
 */
static gssize
find_end (const char *text, gsize length, gssize *separator)
{
  guint depth = 0;

  *separator = -1;
  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '{' && (i == 0 || text[i - 1] != '$'))
        return -1;
      if (text[i] == '{')
        depth++;
      else if (text[i] == '}' && depth == 0)
        return (gssize) i;
      else if (text[i] == '}')
        depth--;
      else if (*separator < 0 && depth == 0 && text[i] == ':' && i + 1 < length && text[i + 1] == '-')
        *separator = (gssize) i;
    }
  return -1;
}

static char *
read_file (Resolver *self, const char *key, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  g_autoptr (GError) local = NULL;
  gsize length = 0;
  struct stat info;

  path = g_path_is_absolute (key) ? g_strdup (key) : g_build_filename (self->base_dir, key, NULL);
  if (stat (path, &info) == 0 && !S_ISREG (info.st_mode))
    g_set_error (&local, DMS_ERROR, DMS_ERROR_IO, "“%s” is not a regular file", path);
  else if (stat (path, &info) == 0 && info.st_size > MAX_FILE)
    g_set_error (&local, DMS_ERROR, DMS_ERROR_TOO_LARGE, "“%s” is larger than 4 MiB", path);
  else if (g_file_get_contents (path, &content, &length, &local) && strlen (content) != length)
    g_set_error (&local, DMS_ERROR, DMS_ERROR_INVALID_DATA, "“%s” is not a text", path);
  else if (local == NULL && !g_utf8_validate (content, -1, NULL))
    g_set_error (&local, DMS_ERROR, DMS_ERROR_INVALID_DATA, "“%s” is not UTF-8 text", path);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&content);
}

/* Value of `source:key|modifier`; NULL when there is none, with *error set when there is more to say. */
static char *
look_up (Resolver *self, const char *reference, GError **error)
{
  g_autofree char *plain = g_strndup (reference, strcspn (reference, "|"));
  char *key = strchr (plain, ':');
  const char *source = "env";
  const char *value;

  if (key != NULL)
    {
      *key++ = '\0';
      source = plain;
    }
  else
    {
      key = plain;
    }
  g_strstrip (key);
  if (strcmp (source, "env") == 0)
    {
      value = g_getenv (key);
      return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
    }
  if (strcmp (source, "file") == 0)
    return read_file (self, key, error);
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "unknown source: '%s'", source);
  return NULL;
}

/* Value of the placeholder with this content, without its braces. */
static char *
resolve_one (Resolver *self, const char *content, gsize length, gssize separator, guint depth, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *reference = NULL;
  g_autofree char *value = NULL;

  reference = expand (self, content, separator < 0 ? length : (gsize) separator, depth + 1, error);
  if (reference == NULL)
    return NULL;
  value = look_up (self, reference, &local);
  if (g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (value != NULL)
    return g_steal_pointer (&value);
  if (separator >= 0)
    return expand (self, content + separator + 2, length - (gsize) separator - 2, depth + 1, error);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_FOUND,
               "failed to resolve expression '%.*s'%s%s",
               (int) length,
               content,
               local == NULL ? "" : ": ",
               local == NULL ? "" : local->message);
  return NULL;
}

static char *
expand (Resolver *self, const char *text, gsize length, guint depth, GError **error)
{
  g_autoptr (GString) out = g_string_sized_new (length);
  gsize i = 0;

  if (depth > MAX_NESTING)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "placeholders are nested more than %d deep", MAX_NESTING);
      return NULL;
    }
  while (i < length)
    {
      g_autofree char *value = NULL;
      gssize separator = -1;
      gssize end = -1;

      if (length - i >= 3 && strncmp (text + i, "$${", 3) == 0)
        {
          g_string_append (out, "${");
          i += 3;
          continue;
        }
      if (length - i >= 2 && text[i] == '$' && text[i + 1] == '{')
        end = find_end (text + i + 2, length - i - 2, &separator);
      if (end < 0)
        {
          g_string_append_c (out, text[i++]);
          continue;
        }
      value = resolve_one (self, text + i + 2, (gsize) end, separator, depth, error);
      if (value == NULL)
        return NULL;
      self->total += strlen (value);
      if (self->total > MAX_TOTAL)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "placeholders bring in more than 16 MiB");
          return NULL;
        }
      g_string_append (out, value);
      i += 2 + (gsize) end + 1;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
walk (Resolver *self, DmsJobNode *node, const char *path, DmsJobReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  const char *old = dms_job_node_get_text (node);

  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      g_autofree char *inner = NULL;

      if (dms_job_node_get_kind (node) == DMS_JOB_NODE_LIST)
        inner = g_strdup_printf ("%s[%u]", path, i);
      else
        inner = g_strdup_printf ("%s%s%s", path, *path == '\0' ? "" : ".", dms_job_node_get_key (node, i));
      walk (self, dms_job_node_get_item (node, i), inner, report);
    }
  if (old == NULL || strstr (old, "${") == NULL)
    return;
  text = expand (self, old, strlen (old), 0, &error);
  if (text != NULL)
    dms_job_node_set_text (node, text);
  else
    dms_job_report_error (report, node, path, "%s", error->message);
}

void
dms_job_placeholder_resolve (DmsJobNode *tree, const char *base_dir, DmsJobReport *report)
{
  Resolver resolver = { base_dir, 0 };

  walk (&resolver, tree, "", report);
}
