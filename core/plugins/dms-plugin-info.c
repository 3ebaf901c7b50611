/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "plugins/dms-plugin-info.h"

#include <string.h>

struct _DmsPluginInfo
{
  char *id;
  char *name;
  char *description;
  char *version;
  char *website;
  GStrv authors;
  char *loader;
  char *abi;
  char *path;
  GStrv contracts;
  DmsPluginStatus status;
  char *reason;
};

G_DEFINE_BOXED_TYPE (DmsPluginInfo, dms_plugin_info, dms_plugin_info_ref, dms_plugin_info_unref)

/**
 * dms_plugin_status_to_string:
 * @status: a status
 *
 * Returns: (transfer none): the word for it in tables and JSON
 */
const char *
dms_plugin_status_to_string (DmsPluginStatus status)
{
  switch (status)
    {
    case DMS_PLUGIN_LOADED:
      return "loaded";
    case DMS_PLUGIN_DISABLED:
      return "disabled";
    case DMS_PLUGIN_INCOMPATIBLE:
      return "incompatible";
    case DMS_PLUGIN_DUPLICATE:
      return "duplicate";
    case DMS_PLUGIN_FAILED:
    default:
      return "failed";
    }
}

static char *
dms_plugin_info_read (GKeyFile *file, const char *key)
{
  g_autofree char *text = g_key_file_get_string (file, "Plugin", key, NULL);

  return text != NULL && text[0] != '\0' ? g_steal_pointer (&text) : NULL;
}

/* A module name becomes part of a path: letters, digits, - and _ only. */
static gboolean
dms_plugin_info_is_module_name (const char *name)
{
  if (name == NULL || name[0] == '\0' || strlen (name) > 128)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return FALSE;
  return TRUE;
}

/**
 * dms_plugin_info_new_from_file:
 * @path: a `.plugin` file
 *
 * Reads what a plugin says of itself. A file that cannot be read, or names no module, has the status
 * %DMS_PLUGIN_FAILED and a reason; any other is %DMS_PLUGIN_LOADED, for the manager to decide.
 *
 * Returns: (transfer full): the description
 */
DmsPluginInfo *
dms_plugin_info_new_from_file (const char *path)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  DmsPluginInfo *self = g_atomic_rc_box_new0 (DmsPluginInfo);
  g_autofree char *module = NULL;

  self->path = g_strdup (path);
  self->contracts = g_new0 (char *, 1);
  self->status = DMS_PLUGIN_LOADED;
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      module = dms_plugin_info_read (file, "Module");
      self->name = g_key_file_get_locale_string (file, "Plugin", "Name", NULL, NULL);
      self->description = g_key_file_get_locale_string (file, "Plugin", "Description", NULL, NULL);
      self->version = dms_plugin_info_read (file, "Version");
      self->website = dms_plugin_info_read (file, "Website");
      self->authors = g_key_file_get_string_list (file, "Plugin", "Authors", NULL, NULL);
      self->loader = dms_plugin_info_read (file, "Loader");
      self->abi = dms_plugin_info_read (file, "X-Dms-Abi");
      if (!dms_plugin_info_is_module_name (module))
        {
          self->status = DMS_PLUGIN_FAILED;
          self->reason = g_strdup ("the file names no module: it needs Module=<name> under [Plugin]");
          g_clear_pointer (&module, g_free);
        }
    }
  else
    {
      self->status = DMS_PLUGIN_FAILED;
      self->reason = g_strdup_printf ("the file cannot be read: %s", error->message);
    }
  self->id = module != NULL ? g_steal_pointer (&module) : g_path_get_basename (path);
  if (self->name == NULL)
    self->name = g_strdup (self->id);
  if (self->authors == NULL)
    self->authors = g_new0 (char *, 1);
  return self;
}

/**
 * dms_plugin_info_with_status:
 * @self: a description
 * @status: what became of the plugin
 * @reason: (nullable): why
 * @contracts: (nullable): the contracts it implements; %NULL for none
 *
 * Returns: (transfer full): a copy with that status
 */
DmsPluginInfo *
dms_plugin_info_with_status (DmsPluginInfo *self,
                             DmsPluginStatus status,
                             const char *reason,
                             const char *const *contracts)
{
  DmsPluginInfo *copy = g_atomic_rc_box_new0 (DmsPluginInfo);

  copy->id = g_strdup (self->id);
  copy->name = g_strdup (self->name);
  copy->description = g_strdup (self->description);
  copy->version = g_strdup (self->version);
  copy->website = g_strdup (self->website);
  copy->authors = g_strdupv (self->authors);
  copy->loader = g_strdup (self->loader);
  copy->abi = g_strdup (self->abi);
  copy->path = g_strdup (self->path);
  copy->contracts = contracts != NULL ? g_strdupv ((GStrv) contracts) : g_new0 (char *, 1);
  copy->status = status;
  copy->reason = g_strdup (reason);
  return copy;
}

/**
 * dms_plugin_info_ref:
 * @self: a description
 *
 * Returns: (transfer full): @self
 */
DmsPluginInfo *
dms_plugin_info_ref (DmsPluginInfo *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_plugin_info_clear (gpointer data)
{
  DmsPluginInfo *self = data;

  g_free (self->id);
  g_free (self->name);
  g_free (self->description);
  g_free (self->version);
  g_free (self->website);
  g_strfreev (self->authors);
  g_free (self->loader);
  g_free (self->abi);
  g_free (self->path);
  g_strfreev (self->contracts);
  g_free (self->reason);
}

/**
 * dms_plugin_info_unref:
 * @self: (transfer full): a description
 *
 * Gives up a reference.
 */
void
dms_plugin_info_unref (DmsPluginInfo *self)
{
  g_atomic_rc_box_release_full (self, dms_plugin_info_clear);
}

/* The module's name; the file's name when it names none. */
const char *
dms_plugin_info_get_id (DmsPluginInfo *self)
{
  return self->id;
}

/* For people; never NULL. */
const char *
dms_plugin_info_get_name (DmsPluginInfo *self)
{
  return self->name;
}

/* (nullable) */
const char *
dms_plugin_info_get_description (DmsPluginInfo *self)
{
  return self->description;
}

/* (nullable) */
const char *
dms_plugin_info_get_version (DmsPluginInfo *self)
{
  return self->version;
}

/* (nullable) */
const char *
dms_plugin_info_get_website (DmsPluginInfo *self)
{
  return self->website;
}

/* Never NULL, perhaps empty. */
const char *const *
dms_plugin_info_get_authors (DmsPluginInfo *self)
{
  return (const char *const *) self->authors;
}

/* (nullable): what loads it; NULL means it is a shared object. */
const char *
dms_plugin_info_get_loader (DmsPluginInfo *self)
{
  return self->loader;
}

/* (nullable): the version of the contracts it was built for. */
const char *
dms_plugin_info_get_abi (DmsPluginInfo *self)
{
  return self->abi;
}

/* Its `.plugin` file. */
const char *
dms_plugin_info_get_path (DmsPluginInfo *self)
{
  return self->path;
}

/* Such as `executor`; never NULL, empty unless loaded. */
const char *const *
dms_plugin_info_get_contracts (DmsPluginInfo *self)
{
  return (const char *const *) self->contracts;
}

/* What became of it. */
DmsPluginStatus
dms_plugin_info_get_status (DmsPluginInfo *self)
{
  return self->status;
}

/* (nullable): why it is not loaded. */
const char *
dms_plugin_info_get_reason (DmsPluginInfo *self)
{
  return self->reason;
}

static JsonArray *
dms_plugin_info_write_list (GStrv list)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; list[i] != NULL; i++)
    json_array_add_string_element (array, list[i]);
  return array;
}

/**
 * dms_plugin_info_to_json:
 * @self: a description
 *
 * Returns: (transfer full): an object whose members are named after the getters
 */
JsonNode *
dms_plugin_info_to_json (DmsPluginInfo *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "name", self->name);
  json_object_set_string_member (object, "description", self->description != NULL ? self->description : "");
  json_object_set_string_member (object, "version", self->version != NULL ? self->version : "");
  json_object_set_array_member (object, "authors", dms_plugin_info_write_list (self->authors));
  json_object_set_string_member (object, "website", self->website != NULL ? self->website : "");
  json_object_set_string_member (object, "abi", self->abi != NULL ? self->abi : "");
  json_object_set_string_member (object, "path", self->path);
  json_object_set_array_member (object, "contracts", dms_plugin_info_write_list (self->contracts));
  json_object_set_string_member (object, "status", dms_plugin_status_to_string (self->status));
  json_object_set_string_member (object, "reason", self->reason != NULL ? self->reason : "");
  json_node_set_object (node, object);
  return node;
}
