/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config/dms-config-file.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/dms-json-text.h"
#include "config/dms-config-schema.h"
#include "config/dms-config.h"

#define MAX_SIZE (1024 * 1024)

static JsonNode *
parse (const char *path, const char *data, gsize size, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) local = NULL;

  /* json-glib recurses, and it reports neither NUL bytes nor what follows the value. */
  if (!dms_json_text_check (data, size, &local) || (root = json_from_string (data, &local)) == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "configuration file “%s”: %s", path,
                   local->message);
      return NULL;
    }
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "configuration file “%s”: must hold an object",
                   path);
      return NULL;
    }

  return g_steal_pointer (&root);
}

static JsonNode *
load (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) local = NULL;
  GStatBuf status;
  gsize size;

  if (g_stat (path, &status) == 0 && status.st_size > MAX_SIZE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "configuration file “%s” is larger than 1 MiB",
                   path);
      return NULL;
    }
  if (!g_file_get_contents (path, &data, &size, &local))
    {
      g_set_error (error, DMS_ERROR,
                   g_error_matches (local, G_FILE_ERROR,
                                    G_FILE_ERROR_NOENT) ? DMS_ERROR_NOT_FOUND : DMS_ERROR_IO,
                   "cannot read configuration file “%s”: %s", path, local->message);
      return NULL;
    }

  return parse (path, data, size, error);
}

static gboolean
collect (GHashTable *members, const char *path, const char *prefix, JsonObject *object, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_autofree char *joined = prefix != NULL ? g_strconcat (prefix, ".", name, NULL) : g_strdup (name);
      g_autofree char *key = g_ascii_strdown (joined, -1);
      const DmsConfigSchema *schema = dms_config_schema_find (key);
      JsonNode *checked;

      if (schema == NULL && dms_config_schema_is_section (key))
        {
          /* A section may be null, as files written by programs have it. */
          if (JSON_NODE_HOLDS_NULL (node))
            continue;
          if (!JSON_NODE_HOLDS_OBJECT (node))
            {
              g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                           "configuration file “%s”: %s: must be an object", path, joined);
              return FALSE;
            }
          if (!collect (members, path, key, json_node_get_object (node), error))
            return FALSE;
          continue;
        }

      if (schema == NULL)
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                       "configuration file “%s”: unknown key \"%s\": remove it, or see `nunet config get` "
                       "for the known ones", path, joined);
          return FALSE;
        }
      if (g_hash_table_contains (members, schema->key))
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                       "configuration file “%s”: key \"%s\" is there twice",
                       path, joined);
          return FALSE;
        }

      checked = dms_config_schema_check (schema, node, error);
      if (checked == NULL)
        {
          g_prefix_error (error, "configuration file “%s”: ", path);
          return FALSE;
        }
      g_hash_table_insert (members, (gpointer) schema->key, checked);
    }

  return TRUE;
}

/**
 * dms_config_file_read:
 * @path: a configuration file
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): its values by key, all known and of the right type
 */
GHashTable *
dms_config_file_read (const char *path, GError **error)
{
  g_autoptr (GHashTable) members = NULL;
  g_autoptr (JsonNode) root = load (path, error);

  if (root == NULL)
    return NULL;

  members = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) json_node_unref);
  if (!collect (members, path, NULL, json_node_get_object (root), error))
    return NULL;

  return g_steal_pointer (&members);
}

/* The member's name as the file spells it. */
static char *
find_member (JsonObject *object, const char *name)
{
  JsonObjectIter iter;
  const char *found;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &found, NULL))
    {
      if (g_ascii_strcasecmp (found, name) == 0)
        return g_strdup (found);
    }

  return g_strdup (name);
}

static void
set_member (JsonObject *root, const char *key, JsonNode *value)
{
  g_auto (GStrv) parts = g_strsplit (key, ".", -1);
  JsonObject *object = root;
  guint i;

  for (i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *name = find_member (object, parts[i]);
      JsonNode *node = json_object_get_member (object, name);

      if (parts[i + 1] == NULL)
        {
          json_object_set_member (object, name, json_node_copy (value));
          return;
        }
      if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
        json_object_set_object_member (object, name, json_object_new ());
      object = json_object_get_object_member (object, name);
    }
}

/**
 * dms_config_file_write_key:
 * @path: a configuration file; made when it is missing
 * @key: a known key
 * @value: its checked value
 * @error: return location for an error
 *
 * Returns: whether it is written; a file with anything wrong in it is refused and stays as it is
 */
gboolean
dms_config_file_write_key (const char *path, const char *key, JsonNode *value, GError **error)
{
  g_autoptr (JsonNode) root = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (GHashTable) members = NULL;

      root = load (path, error);
      if (root == NULL)
        return FALSE;
      members = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) json_node_unref);
      if (!collect (members, path, NULL, json_node_get_object (root), error))
        return FALSE;
    }
  else
    {
      g_autoptr (JsonObject) object = json_object_new ();

      root = json_node_init_object (json_node_alloc (), object);
    }

  set_member (json_node_get_object (root), key, value);
  return dms_config_file_replace (path, root, error);
}

static gboolean
write_durably (const char *path, const char *text, GError **error)
{
  int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gsize size = strlen (text);
  gboolean done;
  int saved;

  if (fd >= 0)
    {
      done = TRUE;
      while (size > 0 && done)
        {
          gssize written = write (fd, text, size);

          done = written > 0 || (written < 0 && errno == EINTR);
          if (written > 0)
            {
              text += written;
              size -= written;
            }
        }
      done = done && fsync (fd) == 0;
      saved = errno;
      if (close (fd) == 0 && done)
        return TRUE;
      errno = saved;
    }

  saved = errno;
  g_set_error (error, DMS_ERROR, saved == ENOSPC ? DMS_ERROR_NO_SPACE : DMS_ERROR_IO, "cannot write “%s”: %s",
               path,
               g_strerror (saved));
  return FALSE;
}

/**
 * dms_config_file_replace:
 * @path: where the file is or will be
 * @root: what it shall hold
 * @error: return location for an error
 *
 * Returns: whether the file holds it now
 */
gboolean
dms_config_file_replace (const char *path, JsonNode *root, GError **error)
{
  g_autofree char *text = dms_config_json_to_text (root);
  g_autofree char *lines = g_strconcat (text, "\n", NULL);
  g_autofree char *temporary = g_strconcat (path, ".tmp.json", NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      int saved = errno;

      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot make the directory “%s”: %s", directory,
                   g_strerror (saved));
      return FALSE;
    }
  if (!write_durably (temporary, lines, error))
    {
      g_unlink (temporary);
      return FALSE;
    }
  if (g_rename (temporary, path) != 0)
    {
      int saved = errno;

      g_unlink (temporary);
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot replace “%s”: %s", path, g_strerror (saved));
      return FALSE;
    }

  return TRUE;
}
