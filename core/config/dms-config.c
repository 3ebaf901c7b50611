/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config/dms-config.h"

#include <dms.h>
#include <errno.h>
#include <string.h>

#include "common/dms-json-text.h"
#include "config/dms-config-file.h"
#include "config/dms-config-schema.h"

/**
 * DmsConfig:
 *
 * The effective configuration: a flag beats the environment, that beats the file, and that beats the default.
 * Used from the main context only.
 */
struct _DmsConfig {
  GObject parent_instance;

  char *path;
  /* All three map a key's canonical name to a JsonNode. */
  GHashTable *overrides;
  GHashTable *environment;
  GHashTable *file;
  /* Canonical name to JsonNode, complete. */
  GHashTable *effective;
  /* Canonical name to GStrv, for the lists among them. */
  GHashTable *lists;
};

G_DEFINE_FINAL_TYPE (DmsConfig, dms_config, G_TYPE_OBJECT)

static GHashTable *
make_layer (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) json_node_unref);
}

static const char *
canonical (const DmsConfigSchema *schema)
{
  return schema->replacement != NULL ? schema->replacement : schema->key;
}

static const char *
get_directory (DmsConfig *self, const char *key)
{
  return json_node_get_string (g_hash_table_lookup (self->effective, key));
}

static JsonNode *
make_default (DmsConfig *self, const DmsConfigSchema *schema)
{
  g_autoptr (GString) text = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  if (schema->fallback == NULL)
    return json_node_init_null (json_node_alloc ());

  /* The directories come before everything that is built on them. */
  text = g_string_new (schema->fallback);
  if (strstr (text->str, "@home@") != NULL)
    g_string_replace (text, "@home@", g_get_home_dir (), 0);
  if (strstr (text->str, "@user_dir@") != NULL)
    g_string_replace (text, "@user_dir@", get_directory (self, "general.user_dir"), 0);
  if (strstr (text->str, "@work_dir@") != NULL)
    g_string_replace (text, "@work_dir@", get_directory (self, "general.work_dir"), 0);

  node = dms_config_schema_parse (schema, text->str, &error);
  if (node == NULL)
    g_error ("the default of %s", error->message);

  return node;
}

static GStrv
make_list (JsonNode *node)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = json_node_get_array (node);
  guint i;

  for (i = 0; i < json_array_get_length (array); i++)
    g_strv_builder_add (builder, json_array_get_string_element (array, i));

  return g_strv_builder_end (builder);
}

static void
rebuild (DmsConfig *self)
{
  const DmsConfigSchema *schema;

  g_hash_table_remove_all (self->effective);
  g_hash_table_remove_all (self->lists);
  for (schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
    {
      JsonNode *node;

      if (schema->replacement != NULL)
        continue;

      node = g_hash_table_lookup (self->overrides, schema->key);
      if (node == NULL)
        node = g_hash_table_lookup (self->environment, schema->key);
      if (node == NULL)
        node = g_hash_table_lookup (self->file, schema->key);
      node = node != NULL ? json_node_ref (node) : make_default (self, schema);

      g_hash_table_insert (self->effective, (gpointer) schema->key, node);
      if (schema->type == DMS_CONFIG_STRV)
        g_hash_table_insert (self->lists, (gpointer) schema->key, make_list (node));
    }
}

static void
dms_config_finalize (GObject *object)
{
  DmsConfig *self = DMS_CONFIG (object);

  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->overrides, g_hash_table_unref);
  g_clear_pointer (&self->environment, g_hash_table_unref);
  g_clear_pointer (&self->file, g_hash_table_unref);
  g_clear_pointer (&self->effective, g_hash_table_unref);
  g_clear_pointer (&self->lists, g_hash_table_unref);

  G_OBJECT_CLASS (dms_config_parent_class)->finalize (object);
}

static void
dms_config_class_init (DmsConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_config_finalize;
}

static void
dms_config_init (DmsConfig *self)
{
  self->overrides = make_layer ();
  self->environment = make_layer ();
  self->file = make_layer ();
  self->effective = make_layer ();
  self->lists = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_strfreev);
  rebuild (self);
}

/**
 * dms_config_new:
 *
 * Returns: (transfer full): a configuration of defaults; the environment counts from the first load on
 */
DmsConfig *
dms_config_new (void)
{
  return g_object_new (DMS_TYPE_CONFIG, NULL);
}

/* A deprecated key yields to the one that took its place, wherever in a layer it stands. */
static void
add_to_layer (GHashTable *layer, const DmsConfigSchema *schema, JsonNode *node)
{
  if (schema->replacement == NULL || !g_hash_table_contains (layer, schema->replacement))
    g_hash_table_insert (layer, (gpointer) canonical (schema), json_node_ref (node));
}

static gboolean
read_environment (DmsConfig *self, GError **error)
{
  g_autoptr (GHashTable) layer = make_layer ();
  const DmsConfigSchema *schema;

  for (schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
    {
      g_autofree char *variable = dms_config_schema_dup_variable (schema);
      const char *text = g_getenv (variable);
      g_autoptr (JsonNode) node = NULL;

      if (text == NULL || text[0] == '\0')
        continue;

      node = dms_config_schema_parse (schema, text, error);
      if (node == NULL)
        {
          g_prefix_error (error, "environment variable %s: ", variable);
          return FALSE;
        }
      add_to_layer (layer, schema, node);
    }

  g_hash_table_unref (self->environment);
  self->environment = g_steal_pointer (&layer);
  return TRUE;
}

static char *
find_file (void)
{
  g_auto (GStrv) places = g_new0 (char *, 5);
  guint i;

  places[0] = g_strdup (DMS_CONFIG_FILE_NAME);
  places[1] = g_build_filename (g_get_home_dir (), ".nunet", DMS_CONFIG_FILE_NAME, NULL);
  places[2] = g_build_filename (g_get_user_config_dir (), "nunet", DMS_CONFIG_FILE_NAME, NULL);
  places[3] = g_build_filename ("/etc", "nunet", DMS_CONFIG_FILE_NAME, NULL);
  for (i = 0; i < 4; i++)
    {
      if (g_file_test (places[i], G_FILE_TEST_EXISTS))
        return g_canonicalize_filename (places[i], NULL);
    }

  return NULL;
}

/**
 * dms_config_load:
 * @self: a configuration
 * @path: (nullable): the one file to read, or %NULL to take the first of `./`, `~/.nunet/`,
 *   `~/.config/nunet/` and `/etc/nunet/` that has one
 * @error: return location for an error
 *
 * Reads the environment and the file (files-and-config.md section 4). Nothing changes when something in them
 * is wrong: an unknown key, a wrong type, a value out of bounds.
 *
 * Returns: whether it was loaded; %TRUE as well when @path is %NULL and there is no file
 */
gboolean
dms_config_load (DmsConfig *self, const char *path, GError **error)
{
  g_autofree char *found = path != NULL ? g_canonicalize_filename (path, NULL) : find_file ();
  g_autoptr (GHashTable) layer = make_layer ();
  const DmsConfigSchema *schema;

  g_return_val_if_fail (DMS_IS_CONFIG (self), FALSE);

  if (found != NULL)
    {
      g_autoptr (GHashTable) members = dms_config_file_read (found, error);

      if (members == NULL)
        return FALSE;
      for (schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
        {
          JsonNode *node = g_hash_table_lookup (members, schema->key);

          if (node != NULL)
            add_to_layer (layer, schema, node);
        }
    }

  if (!read_environment (self, error))
    return FALSE;

  g_hash_table_unref (self->file);
  self->file = g_steal_pointer (&layer);
  g_free (self->path);
  self->path = g_steal_pointer (&found);
  rebuild (self);

  return TRUE;
}

/**
 * dms_config_dup_path:
 * @self: a configuration
 *
 * Returns: (transfer full) (nullable): the absolute path of the file it was loaded from
 */
char *
dms_config_dup_path (DmsConfig *self)
{
  g_return_val_if_fail (DMS_IS_CONFIG (self), NULL);

  return g_strdup (self->path);
}

/**
 * dms_config_set_override:
 * @self: a configuration
 * @key: a known key
 * @value: (nullable): the flag's value, or %NULL to take an earlier one back
 * @error: return location for an error
 *
 * Returns: whether the value is good for the key
 */
gboolean
dms_config_set_override (DmsConfig *self, const char *key, const char *value, GError **error)
{
  const DmsConfigSchema *schema = dms_config_schema_find (key);
  g_autoptr (JsonNode) node = NULL;

  g_return_val_if_fail (DMS_IS_CONFIG (self), FALSE);

  if (schema == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "key \"%s\" not found", key);
      return FALSE;
    }

  if (value == NULL)
    {
      g_hash_table_remove (self->overrides, canonical (schema));
    }
  else
    {
      node = dms_config_schema_parse (schema, value, error);
      if (node == NULL)
        return FALSE;
      g_hash_table_insert (self->overrides, (gpointer) canonical (schema), json_node_ref (node));
    }
  rebuild (self);

  return TRUE;
}

static JsonNode *
get_node (DmsConfig *self, const char *key)
{
  JsonNode *node = g_hash_table_lookup (self->effective, key);

  if (node == NULL)
    g_critical ("there is no configuration key “%s”", key);
  return node;
}

/**
 * dms_config_get_string:
 * @self: a configuration
 * @key: a key whose value is text or a path
 *
 * Returns: (transfer none): its value, until the configuration changes
 */
const char *
dms_config_get_string (DmsConfig *self, const char *key)
{
  JsonNode *node;

  g_return_val_if_fail (DMS_IS_CONFIG (self), NULL);
  node = get_node (self, key);
  g_return_val_if_fail (node != NULL && json_node_get_value_type (node) == G_TYPE_STRING, NULL);

  return json_node_get_string (node);
}

/**
 * dms_config_get_int:
 * @self: a configuration
 * @key: a key whose value is a number
 *
 * Returns: its value
 */
gint64
dms_config_get_int (DmsConfig *self, const char *key)
{
  JsonNode *node;

  g_return_val_if_fail (DMS_IS_CONFIG (self), 0);
  node = get_node (self, key);
  g_return_val_if_fail (node != NULL && json_node_get_value_type (node) == G_TYPE_INT64, 0);

  return json_node_get_int (node);
}

/**
 * dms_config_get_bool:
 * @self: a configuration
 * @key: a key whose value is true or false
 *
 * Returns: its value
 */
gboolean
dms_config_get_bool (DmsConfig *self, const char *key)
{
  JsonNode *node;

  g_return_val_if_fail (DMS_IS_CONFIG (self), FALSE);
  node = get_node (self, key);
  g_return_val_if_fail (node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN, FALSE);

  return json_node_get_boolean (node);
}

/**
 * dms_config_get_strv:
 * @self: a configuration
 * @key: a key whose value is a list of texts
 *
 * Returns: (transfer none): its value, until the configuration changes
 */
const char *const *
dms_config_get_strv (DmsConfig *self, const char *key)
{
  GStrv list;

  g_return_val_if_fail (DMS_IS_CONFIG (self), NULL);
  list = g_hash_table_lookup (self->lists, key);
  g_return_val_if_fail (list != NULL, NULL);

  return (const char *const *) list;
}

/* The object that a dotted name's last part belongs to, making those on the way. */
static JsonObject *
ensure_parent (JsonObject *root, char **parts)
{
  JsonObject *object = root;
  guint i;

  for (i = 0; parts[i + 1] != NULL; i++)
    {
      if (!json_object_has_member (object, parts[i]))
        json_object_set_object_member (object, parts[i], json_object_new ());
      object = json_object_get_object_member (object, parts[i]);
    }

  return object;
}

static JsonNode *
make_section (DmsConfig *self, const char *name)
{
  g_autoptr (JsonObject) root = json_object_new ();
  JsonNode *node = json_node_alloc ();
  gsize skip = name != NULL ? strlen (name) + 1 : 0;
  const DmsConfigSchema *schema;

  for (schema = dms_config_schema_get_all (); schema->key != NULL; schema++)
    {
      g_auto (GStrv) parts = NULL;
      JsonObject *parent;

      if (schema->replacement != NULL)
        continue;
      if (name != NULL
          && (g_ascii_strncasecmp (schema->key, name, skip - 1) != 0 || schema->key[skip - 1] != '.'))
        continue;

      parts = g_strsplit (schema->key + skip, ".", -1);
      parent = ensure_parent (root, parts);
      json_object_set_member (parent, parts[g_strv_length (parts) - 1],
                              json_node_copy (g_hash_table_lookup (self->effective, schema->key)));
    }

  return json_node_init_object (node, root);
}

/**
 * dms_config_dup_json:
 * @self: a configuration
 * @key: (nullable): a key or a section, in any case; %NULL for everything
 *
 * Returns: (transfer full) (nullable): its effective value, or %NULL when there is no such key
 */
JsonNode *
dms_config_dup_json (DmsConfig *self, const char *key)
{
  const DmsConfigSchema *schema;

  g_return_val_if_fail (DMS_IS_CONFIG (self), NULL);

  if (key == NULL || dms_config_schema_is_section (key))
    return make_section (self, key);

  schema = dms_config_schema_find (key);
  if (schema == NULL)
    return NULL;
  return json_node_copy (g_hash_table_lookup (self->effective, canonical (schema)));
}

/**
 * dms_config_json_to_text:
 * @node: a JSON value
 *
 * Returns: (transfer full): its text as configuration files have it, without a line feed at the end
 */
char *
dms_config_json_to_text (JsonNode *node)
{
  g_autofree char *compact = json_to_string (node, FALSE);
  g_autoptr (GError) error = NULL;
  char *text = dms_json_text_indent (compact, strlen (compact), 4, &error);

  if (text == NULL)
    g_error ("a JSON value has no JSON text: %s", error->message);
  return text;
}

/**
 * dms_config_dup_writable_path:
 * @self: a configuration, not necessarily loaded
 * @explicit_path: (nullable): the file a flag names
 * @exists: (out): whether there is a file
 *
 * Returns: (transfer full): where a change is written: the file that loading would take, else
 *   `dms_config.json` in the current directory
 */
char *
dms_config_dup_writable_path (DmsConfig *self, const char *explicit_path, gboolean *exists)
{
  char *path;

  path = explicit_path != NULL ? g_canonicalize_filename (explicit_path, NULL) : find_file ();
  if (path == NULL)
    path = g_canonicalize_filename (DMS_CONFIG_FILE_NAME, NULL);
  *exists = g_file_test (path, G_FILE_TEST_EXISTS);

  return path;
}

/**
 * dms_config_write_key:
 * @path: the file; made when it is missing
 * @key: a known key, in any case; for a deprecated one, the key that took its place is written
 * @value: its value as text
 * @error: return location for an error
 *
 * Returns: whether the file has the value now; it is untouched otherwise
 */
gboolean
dms_config_write_key (const char *path, const char *key, const char *value, GError **error)
{
  const DmsConfigSchema *schema = dms_config_schema_find (key);
  g_autoptr (JsonNode) node = NULL;

  if (schema == NULL && dms_config_schema_is_section (key))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "\"%s\" is a section: name one of its keys",
                   key);
      return FALSE;
    }
  if (schema == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "key \"%s\" not found", key);
      return FALSE;
    }

  node = dms_config_schema_parse (schema, value, error);
  if (node == NULL)
    return FALSE;

  return dms_config_file_write_key (path, canonical (schema), node, error);
}

/**
 * dms_config_write_all:
 * @self: a configuration
 * @path: the file, replaced when it exists
 * @error: return location for an error
 *
 * Returns: whether the effective values are in the file
 */
gboolean
dms_config_write_all (DmsConfig *self, const char *path, GError **error)
{
  g_autoptr (JsonNode) node = NULL;

  g_return_val_if_fail (DMS_IS_CONFIG (self), FALSE);

  node = make_section (self, NULL);
  return dms_config_file_replace (path, node, error);
}
