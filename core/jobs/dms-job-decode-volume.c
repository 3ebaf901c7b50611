/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include <string.h>

enum
{
  MAX_VOLUMES = 256,
  MAX_TEMPLATE_MEMBERS = 64
};

/* [A-Za-z0-9][A-Za-z0-9_.-]* */
static gboolean
is_volume_name (const char *text)
{
  if (!g_ascii_isalnum (*text) || strlen (text) > 128)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr ("_.-", *p) == NULL)
        return FALSE;
    }
  return TRUE;
}

static void
check_source (DmsJobReader *volume, const char *source)
{
  if (strchr (source, '/') != NULL)
    {
      if (!g_path_is_absolute (source))
        dms_job_reader_error (volume, "src", "a path must be absolute, got \"%.80s\"", source);
    }
  else if (!is_volume_name (source))
    {
      dms_job_reader_error (volume,
                            "src",
                            "must be an absolute path or a volume name of letters, digits, _ . -, "
                            "got \"%.80s\"",
                            source);
    }
}

static void
check_destination (DmsJobReader *volume, const char *destination)
{
  g_auto (GStrv) parts = g_strsplit (destination, "/", -1);

  if (!g_path_is_absolute (destination))
    dms_job_reader_error (
        volume, "mount_destination", "must be an absolute path, got \"%.80s\"", destination);
  else if (g_strv_contains ((const char *const *) parts, ".."))
    dms_job_reader_error (volume, "mount_destination", "must not contain .., got \"%.80s\"", destination);
  else if (strspn (destination, "/") == strlen (destination))
    dms_job_reader_error (volume, "mount_destination", "must not be the root directory");
}

static void
take_param (DmsJobReader *volume, JsonObject *params, const char *name)
{
  g_autofree char *text = dms_job_reader_dup_string (volume, name, DMS_JOB_READ_OPTIONAL);

  if (text != NULL && *text != '\0')
    json_object_set_string_member (params, name, text);
}

static JsonObject *
decode_gluster (DmsJobReader *volume)
{
  JsonObject *params = json_object_new ();
  g_auto (GStrv) servers =
      dms_job_reader_dup_strv (volume, "servers", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  JsonArray *array = json_array_new ();

  for (guint i = 0; servers[i] != NULL; i++)
    {
      if (*servers[i] == '\0')
        dms_job_reader_error (volume, "servers", "must not hold an empty name");
      json_array_add_string_element (array, servers[i]);
    }
  json_object_set_array_member (params, "servers", array);
  take_param (volume, params, "client_private_key");
  take_param (volume, params, "client_pem");
  take_param (volume, params, "client_ca");
  return params;
}

static DmsVolume *
decode_volume (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  static const char *const types[] = { "local", "glusterfs", NULL };
  static const char *const remote_keys[] = {
    "servers", "client_private_key", "client_pem", "client_ca", NULL
  };
  g_autoptr (DmsJobReader) volume = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autoptr (JsonObject) params = NULL;
  g_autofree char *type = NULL;
  g_autofree char *name = NULL;
  g_autofree char *source = NULL;
  g_autofree char *destination = NULL;
  gboolean read_only;

  if (volume == NULL)
    return NULL;
  type =
      dms_job_reader_dup_choice (volume, "type", types, NULL, DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  name = dms_job_reader_dup_string (volume, "name", DMS_JOB_READ_OPTIONAL);
  source = dms_job_reader_dup_string (volume, "src", DMS_JOB_READ_OPTIONAL);
  destination =
      dms_job_reader_dup_string (volume, "mount_destination", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  read_only = dms_job_reader_get_bool (volume, "read_only", FALSE);
  for (guint i = 0; remote_keys[i] != NULL; i++)
    dms_job_reader_mark_known (volume, remote_keys[i]);
  if (g_strcmp0 (type, "glusterfs") == 0)
    {
      params = decode_gluster (volume);
      if (name == NULL || *name == '\0')
        dms_job_reader_error (volume, "name", "is required: the name of the GlusterFS volume");
    }
  else if (source == NULL || *source == '\0')
    {
      g_free (source);
      source = g_strdup (name);
      if (source == NULL || *source == '\0')
        dms_job_reader_error (volume, "src", "is required: an absolute path or the name of a volume");
    }
  if (g_strcmp0 (type, "local") == 0 && source != NULL && *source != '\0')
    check_source (volume, source);
  if (destination != NULL && *destination != '\0')
    check_destination (volume, destination);
  dms_job_reader_finish (volume);
  return dms_volume_new (type, name, source, destination, read_only, params);
}

/* The short form `name:mountpoint` of a volume that the top level describes. */
static DmsJobNode *
expand_short (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_auto (GStrv) parts = g_strsplit (dms_job_node_get_text (node), ":", -1);
  guint line = dms_job_node_get_line (node);
  guint column = dms_job_node_get_column (node);
  DmsJobNode *map;

  if (g_strv_length (parts) != 2 || *parts[0] == '\0' || *parts[1] == '\0')
    {
      g_autofree char *what = dms_job_node_describe (node);

      dms_job_report_error (scope->report, node, path, "must be a map or \"name:mountpoint\", got %s", what);
      return NULL;
    }
  map = dms_job_node_new_map (line, column);
  dms_job_node_set (
      map, "name", line, column, dms_job_node_new_scalar (DMS_JOB_NODE_STRING, parts[0], line, column));
  dms_job_node_set (map,
                    "mount_destination",
                    line,
                    column,
                    dms_job_node_new_scalar (DMS_JOB_NODE_STRING, parts[1], line, column));
  return map;
}

/* Earlier files put what describes a remote volume into a map `remote`. */
static DmsJobNode *
flatten_remote (DmsJobNode *map)
{
  DmsJobNode *remote = dms_job_node_get (map, "remote");
  g_autoptr (DmsJobNode) flat = NULL;

  if (remote == NULL || dms_job_node_get_kind (remote) != DMS_JOB_NODE_MAP)
    return dms_job_node_ref (map);
  flat = dms_job_node_new_map (dms_job_node_get_line (map), dms_job_node_get_column (map));
  for (guint i = 0; i < dms_job_node_get_n_items (map); i++)
    {
      if (strcmp (dms_job_node_get_key (map, i), "remote") != 0)
        dms_job_node_set (flat,
                          dms_job_node_get_key (map, i),
                          dms_job_node_get_key_line (map, i),
                          dms_job_node_get_key_column (map, i),
                          dms_job_node_ref (dms_job_node_get_item (map, i)));
    }
  return dms_job_node_merge (remote, flat);
}

/* The volume with its short form and its template written out; NULL when that is impossible, or with nothing
 * left to do when the node is no map. */
static DmsJobNode *
write_out (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobNode) map = NULL;
  DmsJobNode *name;
  DmsJobNode *template;
  gboolean is_short = dms_job_node_is_scalar (node) && scope->form == DMS_JOB_FORM_FILE;

  map = is_short ? expand_short (node, path, scope) : dms_job_node_ref (node);
  if (map == NULL || dms_job_node_get_kind (map) != DMS_JOB_NODE_MAP || scope->form == DMS_JOB_FORM_WIRE)
    return g_steal_pointer (&map);
  name = dms_job_node_get (map, "name");
  template = name == NULL || dms_job_node_get_text (name) == NULL
                 ? NULL
                 : dms_job_node_get (scope->volumes, dms_job_node_get_text (name));
  if (template != NULL && dms_job_node_get_kind (template) == DMS_JOB_NODE_MAP &&
      dms_job_node_get_n_items (template) <= MAX_TEMPLATE_MEMBERS)
    {
      g_autoptr (DmsJobNode) merged = dms_job_node_merge (template, map);

      return flatten_remote (merged);
    }
  if (is_short)
    {
      dms_job_report_error (scope->report,
                            node,
                            path,
                            "no volume \"%.40s\" under the top-level volumes",
                            dms_job_node_get_text (name));
      return NULL;
    }
  return flatten_remote (map);
}

static void
add_volume (GPtrArray *volumes, DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobNode) map = write_out (node, path, scope);
  DmsVolume *volume = map == NULL ? NULL : decode_volume (map, path, scope);

  if (volume != NULL)
    g_ptr_array_add (volumes, volume);
}

/* A map of volumes by name: the key is the name of each. */
static void
add_named (GPtrArray *volumes, DmsJobNode *map, guint index, const char *path, const DmsJobScope *scope)
{
  const char *key = dms_job_node_get_key (map, index);
  DmsJobNode *item = dms_job_node_get_item (map, index);
  g_autofree char *item_path = g_strdup_printf ("%s.%s", path, key);
  guint line = dms_job_node_get_key_line (map, index);
  guint column = dms_job_node_get_key_column (map, index);
  g_autoptr (DmsJobNode) name = NULL;
  g_autoptr (DmsJobNode) named = NULL;

  if (dms_job_node_get_kind (item) != DMS_JOB_NODE_MAP)
    {
      add_volume (volumes, item, item_path, scope);
      return;
    }
  name = dms_job_node_new_map (line, column);
  dms_job_node_set (
      name, "name", line, column, dms_job_node_new_scalar (DMS_JOB_NODE_STRING, key, line, column));
  named = dms_job_node_merge (name, item);
  add_volume (volumes, named, item_path, scope);
}

GPtrArray *
dms_job_decode_volumes (DmsJobReader *allocation, const DmsJobScope *scope)
{
  g_autoptr (GPtrArray) volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_volume_unref);
  DmsJobNode *plural = dms_job_reader_get (allocation, "volumes", DMS_JOB_READ_OPTIONAL);
  const char *key = plural != NULL ? "volumes" : "volume";
  DmsJobNode *node = dms_job_reader_get (allocation, "volume", DMS_JOB_READ_OPTIONAL);
  g_autofree char *path = dms_job_reader_dup_path_of (allocation, key);

  if (plural != NULL && node != NULL)
    dms_job_reader_error (allocation, "volume", "give either volume or volumes, not both");
  node = plural != NULL ? plural : node;
  if (node == NULL)
    return g_steal_pointer (&volumes);
  if (dms_job_node_is_scalar (node))
    {
      dms_job_reader_error (allocation, key, "must be a list or a map of volumes");
      return g_steal_pointer (&volumes);
    }
  if (dms_job_node_get_n_items (node) > MAX_VOLUMES)
    {
      dms_job_reader_error (allocation, key, "must have at most %d items", MAX_VOLUMES);
      return g_steal_pointer (&volumes);
    }
  if (dms_job_node_get_n_items (node) == 0 && scope->form == DMS_JOB_FORM_FILE)
    dms_job_reader_error (allocation, key, "must not be empty");
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      g_autofree char *item_path = g_strdup_printf ("%s[%u]", path, i);

      if (dms_job_node_get_kind (node) == DMS_JOB_NODE_MAP)
        add_named (volumes, node, i, path, scope);
      else
        add_volume (volumes, dms_job_node_get_item (node, i), item_path, scope);
    }
  return g_steal_pointer (&volumes);
}
