/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-params.h"

#include <string.h>

enum
{
  MAX_WORDS = 4096,
  MAX_TEXT = 128 * 1024,
  DEFAULT_LOG_LIMIT = 64 * 1024 * 1024,
  MAX_LOG_LIMIT = 1024 * 1024 * 1024,
};

struct _DmsProcessParams
{
  GStrv argv;
  GStrv environment;
  char *working_directory;
  char *rootfs;
  gboolean host_network;
  guint64 log_limit;
};

static gboolean
refuse (GError **error, const char *name, const char *expected)
{
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "execution parameter “%s” must be %s", name, expected);
  return FALSE;
}

static const char *
get_text (JsonNode *node)
{
  const char *text = NULL;

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    text = json_node_get_string (node);
  return text != NULL && strlen (text) < MAX_TEXT ? text : NULL;
}

static gboolean
read_words (JsonNode *node, const char *name, GPtrArray *words, GError **error)
{
  JsonArray *array;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) > MAX_WORDS)
    return refuse (error, name, "a list of words, such as [\"echo\", \"hello\"]");
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *word = get_text (json_array_get_element (array, i));

      if (word == NULL)
        return refuse (error, name, "a list of words, such as [\"echo\", \"hello\"]");
      g_ptr_array_add (words, g_strdup (word));
    }
  return TRUE;
}

static gboolean
is_name (const char *text, gsize length)
{
  if (length == 0 || g_ascii_isdigit (text[0]))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '_')
      return FALSE;
  return TRUE;
}

static gboolean
add_variable (GPtrArray *list, char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');

  if (equals != NULL && is_name (assignment, (gsize) (equals - assignment)))
    {
      g_ptr_array_add (list, assignment);
      return TRUE;
    }
  g_free (assignment);
  return refuse (error, "environment", "a list of KEY=VALUE, the keys made of letters, digits and _");
}

static gboolean
read_environment (JsonNode *node, GPtrArray *list, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GList) members = NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = json_node_get_object (node);

      members = json_object_get_members (object);
      for (GList *l = members; l != NULL; l = l->next)
        {
          const char *value = get_text (json_object_get_member (object, l->data));

          if (value == NULL)
            return refuse (error, "environment", "a list of KEY=VALUE");
          if (!add_variable (list, g_strdup_printf ("%s=%s", (const char *) l->data, value), error))
            return FALSE;
        }
      return TRUE;
    }
  if (!read_words (node, "environment", words, error))
    return FALSE;
  for (guint i = 0; i < words->len; i++)
    if (!add_variable (list, g_strdup (g_ptr_array_index (words, i)), error))
      return FALSE;
  return TRUE;
}

static gboolean
read_path (JsonNode *node, const char *name, char **path, GError **error)
{
  const char *text;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  text = get_text (node);
  if (text == NULL || !g_path_is_absolute (text) || *path != NULL)
    return refuse (error, name, "one absolute path");
  *path = g_canonicalize_filename (text, "/");
  return TRUE;
}

static gboolean
read_network (DmsProcessParams *self, JsonNode *node, GError **error)
{
  const char *text = get_text (node);

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (g_strcmp0 (text, "none") != 0 && g_strcmp0 (text, "host") != 0)
    return refuse (error, "network", "“none” or “host”");
  self->host_network = g_str_equal (text, "host");
  return TRUE;
}

static gboolean
read_log_limit (DmsProcessParams *self, JsonNode *node, GError **error)
{
  gint64 limit;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return refuse (error, "log_limit", "a number of bytes");
  limit = json_node_get_int (node);
  if (limit < 1 || limit > MAX_LOG_LIMIT)
    return refuse (error, "log_limit", "a number of bytes from 1 to 1073741824");
  self->log_limit = (guint64) limit;
  return TRUE;
}

/* A sandbox has one user, whatever a job calls it. */
static gboolean
check_user (JsonNode *node, GError **error)
{
  if (node == NULL || JSON_NODE_HOLDS_NULL (node) || get_text (node) != NULL)
    return TRUE;
  return refuse (error, "user", "a user name");
}

static gboolean
check_names (JsonObject *object, GError **error)
{
  static const char *const known[] = { "cmd",  "entrypoint", "environment", "log_limit",         "network",
                                       "root", "rootfs",     "user",        "working_directory", NULL };
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList *l = members; l != NULL; l = l->next)
    if (!g_strv_contains (known, l->data))
      {
        g_set_error (error,
                     DMS_ERROR,
                     DMS_ERROR_INVALID_ARGUMENT,
                     "execution parameter “%s” is unknown to the process executor; it knows cmd, entrypoint, "
                     "environment, log_limit, network, rootfs, user and working_directory",
                     (const char *) l->data);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_argv (DmsProcessParams *self, JsonObject *object, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  if (!read_words (json_object_get_member (object, "entrypoint"), "entrypoint", words, error) ||
      !read_words (json_object_get_member (object, "cmd"), "cmd", words, error))
    return FALSE;
  if (words->len == 0 || *(const char *) g_ptr_array_index (words, 0) == '\0')
    {
      g_set_error_literal (
          error,
          DMS_ERROR,
          DMS_ERROR_INVALID_ARGUMENT,
          "execution parameter “cmd” is missing: give the program and its arguments as a list, "
          "such as [\"echo\", \"hello\"]");
      return FALSE;
    }
  g_ptr_array_add (words, NULL);
  self->argv = (GStrv) g_ptr_array_steal (words, NULL);
  return TRUE;
}

static void
dms_process_params_clear (DmsProcessParams *self)
{
  g_strfreev (self->argv);
  g_strfreev (self->environment);
  g_free (self->working_directory);
  g_free (self->rootfs);
}

DmsProcessParams *
dms_process_params_ref (DmsProcessParams *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
dms_process_params_unref (DmsProcessParams *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) dms_process_params_clear);
}

DmsProcessParams *
dms_process_params_new (JsonObject *object, GError **error)
{
  g_autoptr (DmsProcessParams) self = g_atomic_rc_box_new0 (DmsProcessParams);
  g_autoptr (GPtrArray) environment = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (JsonObject) empty = json_object_new ();

  self->log_limit = DEFAULT_LOG_LIMIT;
  if (object == NULL)
    object = empty;
  if (!check_names (object, error) || !read_argv (self, object, error) ||
      !read_environment (json_object_get_member (object, "environment"), environment, error) ||
      !read_path (json_object_get_member (object, "working_directory"),
                  "working_directory",
                  &self->working_directory,
                  error) ||
      !read_path (json_object_get_member (object, "rootfs"), "rootfs", &self->rootfs, error) ||
      !read_path (json_object_get_member (object, "root"), "root", &self->rootfs, error) ||
      !read_network (self, json_object_get_member (object, "network"), error) ||
      !read_log_limit (self, json_object_get_member (object, "log_limit"), error) ||
      !check_user (json_object_get_member (object, "user"), error))
    return NULL;
  g_ptr_array_add (environment, NULL);
  self->environment = (GStrv) g_ptr_array_steal (environment, NULL);
  return g_steal_pointer (&self);
}

const char *const *
dms_process_params_get_argv (DmsProcessParams *self)
{
  return (const char *const *) self->argv;
}

const char *const *
dms_process_params_get_environment (DmsProcessParams *self)
{
  return (const char *const *) self->environment;
}

const char *
dms_process_params_get_working_directory (DmsProcessParams *self)
{
  return self->working_directory;
}

const char *
dms_process_params_get_rootfs (DmsProcessParams *self)
{
  return self->rootfs;
}

gboolean
dms_process_params_get_host_network (DmsProcessParams *self)
{
  return self->host_network;
}

guint64
dms_process_params_get_log_limit (DmsProcessParams *self)
{
  return self->log_limit;
}
