/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-record.h"

#include "common/dms-json-object.h"

enum
{
  MAX_ENSEMBLE_ID = 64,
  MAX_KEY = 180,
  MAX_ITEMS = 256,
  MAX_SCRIPT_BYTES = 1024 * 1024,
};

G_DEFINE_BOXED_TYPE (DmsAllocationRecord,
                     dms_allocation_record,
                     dms_allocation_record_ref,
                     dms_allocation_record_unref)

static DmsAllocationRecord *
record_new (void)
{
  DmsAllocationRecord *self = g_new0 (DmsAllocationRecord, 1);

  g_ref_count_init (&self->refs);
  self->scripts = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_script_unref);
  self->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_script_unref);
  self->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_volume_unref);
  self->ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_mapping_unref);
  return self;
}

DmsAllocationRecord *
dms_allocation_record_ref (DmsAllocationRecord *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

void
dms_allocation_record_unref (DmsAllocationRecord *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;

  g_free (self->id);
  g_free (self->ensemble_id);
  g_free (self->node_id);
  g_clear_pointer (&self->orchestrator, dms_handle_unref);
  g_clear_pointer (&self->orchestrator_did, dms_did_unref);
  g_clear_pointer (&self->owner_did, dms_did_unref);
  g_clear_pointer (&self->on_behalf_of, dms_did_unref);
  g_clear_pointer (&self->roll, dms_roll_unref);
  g_free (self->executor);
  g_clear_pointer (&self->resources, dms_resources_unref);
  g_clear_pointer (&self->params, json_object_unref);
  g_ptr_array_unref (self->scripts);
  g_ptr_array_unref (self->keys);
  g_ptr_array_unref (self->volumes);
  g_ptr_array_unref (self->ports);
  g_clear_pointer (&self->health_check, dms_health_check_unref);
  g_free (self->subnet_ip);
  g_free (self->gateway_ip);
  g_free (self->execution_id);
  g_free (self->handle);
  g_clear_pointer (&self->result, dms_execution_result_unref);
  g_clear_pointer (&self->run, dms_allocation_run_unref);
  g_free (self->captured_stdout);
  g_free (self->captured_stderr);
  g_clear_pointer (&self->captured_files, json_object_unref);
  g_free (self);
}

static gboolean
is_safe (const char *text, gsize max)
{
  gsize length = strlen (text);

  return length > 0 && length <= max && g_ascii_isalnum (text[0]) &&
         strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == length;
}

/**
 * dms_allocation_record_check_id:
 * @id: (nullable): an ID from outside
 * @ensemble_id: (nullable): the ensemble it is said to belong to
 * @error: return location
 *
 * The ID becomes the name of a folder, so nothing but letters, digits, `-`, `_` and `.` may be in it.
 *
 * Returns: whether it is one
 */
gboolean
dms_allocation_record_check_id (const char *id, const char *ensemble_id, GError **error)
{
  gsize n = ensemble_id != NULL ? strlen (ensemble_id) : 0;

  if (id != NULL && ensemble_id != NULL && is_safe (ensemble_id, MAX_ENSEMBLE_ID) &&
      strchr (ensemble_id, '_') == NULL && g_str_has_prefix (id, ensemble_id) && id[n] == '_' &&
      is_safe (id + n + 1, MAX_KEY))
    return TRUE;
  g_set_error_literal (
      error,
      DMS_ERROR,
      DMS_ERROR_INVALID_DATA,
      "an allocation's ID must be <ensemble ID>_<node>.<allocation>, of letters, digits, “-”, “_” "
      "and “.”");
  return FALSE;
}

const char *
dms_allocation_record_get_key (DmsAllocationRecord *self)
{
  return self->id + strlen (self->ensemble_id) + 1;
}

static gboolean
fail (GError **error, const char *what, const char *expected)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "%s must be %s", what, expected);
  return FALSE;
}

/* Go's byte strings are base64 on the wire. */
static GBytes *
decode (const char *text, GError **error)
{
  gsize size;
  guint8 *data = NULL;

  if (text == NULL || strlen (text) > MAX_SCRIPT_BYTES / 3 * 4 + 8)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "ProvisionScripts must be base64 of at most %d bytes each",
                   MAX_SCRIPT_BYTES);
      return NULL;
    }
  data = g_base64_decode (text, &size);
  return g_bytes_new_take (data, size);
}

static gboolean
add_script (DmsAllocationRecord *self, JsonObject *scripts, const char *name, GError **error)
{
  const char *text = dms_json_object_get_text (scripts, name);
  g_autoptr (GBytes) content = decode (text, error);

  if (content == NULL)
    return FALSE;
  g_ptr_array_add (self->scripts, dms_script_new (name, content));
  return TRUE;
}

/* `Provision` says the order; the field's orchestrators do not send it, so theirs run in the order of names.
 */
static gboolean
read_scripts (DmsAllocationRecord *self, JsonObject *config, GError **error)
{
  JsonObject *scripts = dms_json_object_get_child (config, "ProvisionScripts");
  g_auto (GStrv) order = dms_json_object_dup_texts (config, "Provision");
  g_autoptr (GList) names =
      scripts != NULL ? g_list_sort (json_object_get_members (scripts), (GCompareFunc) strcmp) : NULL;

  if (g_list_length (names) > MAX_ITEMS || (order != NULL && g_strv_length (order) > MAX_ITEMS))
    return fail (error, "ProvisionScripts", "at most 256 scripts");
  if (order == NULL)
    {
      for (GList *l = names; l != NULL; l = l->next)
        {
          if (!add_script (self, scripts, l->data, error))
            return FALSE;
        }
      return TRUE;
    }
  for (gsize i = 0; order[i] != NULL; i++)
    {
      if (dms_json_object_get_member (scripts, order[i]) == NULL)
        return fail (error, "Provision", "names of ProvisionScripts");
      if (!add_script (self, scripts, order[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_key (DmsAllocationRecord *self, JsonObject *key, GError **error)
{
  const char *type = dms_json_object_get_text (key, "type");
  const char *file = dms_json_object_get_text (key, "file");
  const char *destination = dms_json_object_get_text (key, "dest");
  const char *user = dms_json_object_get_text (self->params, "user");
  g_autoptr (GBytes) content = NULL;
  g_autofree char *name = NULL;

  if (type == NULL || file == NULL || strlen (file) > MAX_SCRIPT_BYTES)
    return fail (error, "Keys", "a list of objects {type, file, dest}");
  if (g_str_equal (type, "ssh") && (destination == NULL || destination[0] == '\0'))
    name = g_strconcat ("ssh:", user != NULL && user[0] != '\0' ? user : "root", NULL);
  else if (destination != NULL && g_path_is_absolute (destination))
    name = g_strdup (destination);
  else
    return fail (error, "dest of a key", "an absolute path");
  content = g_bytes_new (file, strlen (file));
  g_ptr_array_add (self->keys, dms_script_new (name, content));
  return TRUE;
}

static gboolean
read_keys (DmsAllocationRecord *self, JsonObject *config, GError **error)
{
  JsonArray *keys = dms_json_object_get_list (config, "Keys");
  guint n = keys != NULL ? json_array_get_length (keys) : 0;

  if (n > MAX_ITEMS)
    return fail (error, "Keys", "at most 256");
  for (guint i = 0; i < n; i++)
    {
      if (!add_key (self, dms_json_node_get_child (json_array_get_element (keys, i)), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_volume (DmsAllocationRecord *self, JsonObject *volume, GError **error)
{
  const char *type = dms_json_object_get_text (volume, "type");
  const char *name = dms_json_object_get_text (volume, "name");
  const char *source = dms_json_object_get_text (volume, "src");
  const char *destination = dms_json_object_get_text (volume, "mount_destination");
  g_autofree char *fallback = NULL;

  if (type == NULL)
    return fail (error, "Volume", "a list of objects with a type");
  if (source == NULL || source[0] == '\0')
    source = dms_json_object_get_text (volume, "source");
  if (source == NULL || source[0] == '\0')
    source = name;
  if ((destination == NULL || destination[0] == '\0') && name != NULL)
    destination = fallback = g_strconcat ("/", name, NULL);
  if (source == NULL || destination == NULL || !g_path_is_absolute (destination))
    return fail (error, "a volume", "given by src and an absolute mount_destination");
  g_ptr_array_add (
      self->volumes,
      dms_volume_new (
          type, name, source, destination, dms_json_object_get_flag (volume, "read_only"), volume));
  return TRUE;
}

static gboolean
read_volumes (DmsAllocationRecord *self, JsonObject *config, GError **error)
{
  static const char *const NAMES[] = { "Volume", "Volumes" };

  for (gsize k = 0; k < G_N_ELEMENTS (NAMES); k++)
    {
      JsonArray *volumes = dms_json_object_get_list (config, NAMES[k]);
      guint n = volumes != NULL ? json_array_get_length (volumes) : 0;

      if (n > MAX_ITEMS)
        return fail (error, "Volume", "at most 256");
      for (guint i = 0; i < n; i++)
        {
          if (!add_volume (self, dms_json_node_get_child (json_array_get_element (volumes, i)), error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_kind (DmsAllocationRecord *self, JsonObject *config, GError **error)
{
  const char *type = dms_json_object_get_text (config, "Type");
  const char *executor = dms_json_object_get_text (config, "Executor");
  JsonObject *execution = dms_json_object_get_child (config, "Execution");
  JsonObject *params = dms_json_object_get_child (execution, "params");

  if (g_strcmp0 (type, "task") != 0 && g_strcmp0 (type, "service") != 0)
    return fail (error, "Type", "“task” or “service”");
  if (executor == NULL || executor[0] == '\0')
    executor = dms_json_object_get_text (execution, "type");
  if (executor == NULL || !is_safe (executor, 64))
    return fail (error, "Executor", "the name of an executor");
  self->is_task = g_str_equal (type, "task");
  self->executor = g_strdup (executor);
  self->params = params != NULL ? json_object_ref (params) : json_object_new ();
  return TRUE;
}

static gboolean
read_health_check (DmsAllocationRecord *self, JsonObject *object, const char *name, GError **error)
{
  JsonNode *node = dms_json_object_get_member (object, name);
  g_autoptr (GError) local = NULL;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  self->health_check = dms_health_check_new_from_json (node, &local);
  if (self->health_check != NULL || g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * dms_allocation_record_new_from_wire:
 * @id: the allocation's ID, checked
 * @ensemble_id: its ensemble
 * @node_id: its node of the ensemble
 * @orchestrator: who is told what becomes of it
 * @orchestrator_did: whose right it is
 * @resources: what it has been given
 * @config: (nullable): what the orchestrator says it is
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the record of a pending allocation
 */
DmsAllocationRecord *
dms_allocation_record_new_from_wire (const char *id,
                                     const char *ensemble_id,
                                     const char *node_id,
                                     DmsHandle *orchestrator,
                                     DmsDid *orchestrator_did,
                                     DmsResources *resources,
                                     JsonObject *config,
                                     GError **error)
{
  g_autoptr (DmsAllocationRecord) self = record_new ();
  const char *behalf = dms_json_object_get_text (config, "OnBehalfOf");

  self->id = g_strdup (id);
  self->ensemble_id = g_strdup (ensemble_id);
  self->node_id = g_strdup (node_id);
  self->orchestrator = dms_handle_ref (orchestrator);
  self->orchestrator_did = dms_did_ref (orchestrator_did);
  self->owner_did = dms_did_ref (orchestrator_did);
  self->resources = dms_resources_ref (resources);
  self->created_us = g_get_real_time ();
  self->nonce = -1;
  self->status = DMS_ALLOCATION_PENDING;
  self->is_reusable = dms_json_object_get_flag (config, "Workflow");
  self->has_socket = dms_json_object_get_flag (config, "Children");
  if (behalf != NULL)
    {
      self->on_behalf_of = dms_did_new (behalf, error);
      if (self->on_behalf_of == NULL)
        return NULL;
    }
  if (!read_kind (self, config, error) || !read_scripts (self, config, error) ||
      !read_keys (self, config, error) || !read_volumes (self, config, error) ||
      !read_health_check (self, config, "HealthCheck", error))
    {
      g_prefix_error (error, "cannot allocate “%s”: ", id);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static void
add_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

static JsonArray *
to_list (GPtrArray *values, JsonNode *(*to_json) (gpointer value))
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < values->len; i++)
    json_array_add_element (list, to_json (g_ptr_array_index (values, i)));
  return list;
}

static JsonNode *
script_to_json (gpointer value)
{
  return dms_script_to_json (value);
}

static JsonNode *
volume_to_json (gpointer value)
{
  return dms_volume_to_json (value);
}

static JsonNode *
port_to_json (gpointer value)
{
  return dms_port_mapping_to_json (value);
}

/**
 * dms_allocation_record_to_json:
 * @self: a record
 *
 * Returns: (transfer full): the form the database keeps
 */
JsonNode *
dms_allocation_record_to_json (DmsAllocationRecord *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "ensemble_id", self->ensemble_id);
  json_object_set_string_member (object, "node_id", self->node_id);
  json_object_set_member (object, "orchestrator", dms_handle_to_json (self->orchestrator));
  json_object_set_member (object, "orchestrator_did", dms_did_to_json (self->orchestrator_did));
  json_object_set_member (object, "owner_did", dms_did_to_json (self->owner_did));
  if (self->on_behalf_of != NULL)
    json_object_set_member (object, "on_behalf_of", dms_did_to_json (self->on_behalf_of));
  json_object_set_boolean_member (object, "is_task", self->is_task);
  json_object_set_string_member (object, "executor", self->executor);
  json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  json_object_set_object_member (object, "params", json_object_ref (self->params));
  json_object_set_array_member (object, "scripts", to_list (self->scripts, script_to_json));
  json_object_set_array_member (object, "keys", to_list (self->keys, script_to_json));
  json_object_set_array_member (object, "volumes", to_list (self->volumes, volume_to_json));
  json_object_set_array_member (object, "ports", to_list (self->ports, port_to_json));
  json_object_set_int_member (object, "created_us", self->created_us);
  json_object_set_int_member (object, "nonce", self->nonce);
  json_object_set_string_member (object, "status", dms_allocation_status_to_string (self->status));
  if (self->health_check != NULL)
    json_object_set_member (object, "health_check", dms_health_check_to_json (self->health_check));
  add_text (object, "subnet_ip", self->subnet_ip);
  add_text (object, "gateway_ip", self->gateway_ip);
  add_text (object, "execution_id", self->execution_id);
  add_text (object, "handle", self->handle);
  json_object_set_boolean_member (object, "launched", self->launched);
  json_object_set_boolean_member (object, "is_leased", self->is_leased);
  json_object_set_int_member (object, "started_us", self->started_us);
  json_object_set_int_member (object, "ended_us", self->ended_us);
  if (self->result != NULL)
    json_object_set_member (object, "result", dms_execution_result_to_json (self->result));
  json_object_set_boolean_member (object, "acknowledged", self->acknowledged);
  json_object_set_int_member (object, "number", self->number);
  json_object_set_boolean_member (object, "is_refused", self->is_refused);
  json_object_set_boolean_member (object, "is_reusable", self->is_reusable);
  json_object_set_boolean_member (object, "has_socket", self->has_socket);
  if (self->roll != NULL)
    {
      json_object_set_member (object, "roll", dms_roll_to_json (self->roll));
      json_object_set_int_member (object, "term", (gint64) self->term);
    }
  if (self->run != NULL)
    json_object_set_member (object, "run", dms_allocation_run_to_json (self->run));
  add_text (object, "captured_stdout", self->captured_stdout);
  add_text (object, "captured_stderr", self->captured_stderr);
  if (self->captured_files != NULL)
    json_object_set_object_member (object, "captured_files", json_object_ref (self->captured_files));
  json_node_take_object (node, object);
  return node;
}

typedef gpointer (*ReadFunc) (JsonNode *node, GError **error);

static gpointer
script_from_json (JsonNode *node, GError **error)
{
  return dms_script_new_from_json (node, error);
}

static gpointer
volume_from_json (JsonNode *node, GError **error)
{
  return dms_volume_new_from_json (node, error);
}

static gpointer
port_from_json (JsonNode *node, GError **error)
{
  return dms_port_mapping_new_from_json (node, error);
}

static gboolean
from_list (JsonObject *object, const char *name, GPtrArray *values, ReadFunc read, GError **error)
{
  JsonArray *list = dms_json_object_get_list (object, name);
  guint n = list != NULL ? json_array_get_length (list) : 0;

  for (guint i = 0; i < n; i++)
    {
      gpointer value = read (json_array_get_element (list, i), error);
      if (value == NULL)
        return FALSE;
      g_ptr_array_add (values, value);
    }
  return TRUE;
}

/* A record of an earlier version has no owner of its own. */
static gboolean
read_owner (DmsAllocationRecord *self, JsonObject *object, GError **error)
{
  JsonNode *owner = dms_json_object_get_member (object, "owner_did");
  JsonNode *behalf = dms_json_object_get_member (object, "on_behalf_of");

  self->owner_did =
      owner == NULL ? dms_did_ref (self->orchestrator_did) : dms_did_new_from_json (owner, error);
  if (self->owner_did == NULL)
    return FALSE;
  if (behalf != NULL)
    self->on_behalf_of = dms_did_new_from_json (behalf, error);
  return behalf == NULL || self->on_behalf_of != NULL;
}

static gboolean
read_identity (DmsAllocationRecord *self, JsonObject *object, GError **error)
{
  self->id = g_strdup (dms_json_object_get_text (object, "id"));
  self->ensemble_id = g_strdup (dms_json_object_get_text (object, "ensemble_id"));
  self->node_id = g_strdup (dms_json_object_get_text (object, "node_id"));
  self->executor = g_strdup (dms_json_object_get_text (object, "executor"));
  if (!dms_allocation_record_check_id (self->id, self->ensemble_id, error))
    return FALSE;
  if (self->node_id == NULL || self->executor == NULL ||
      !dms_allocation_status_from_string (dms_json_object_get_text (object, "status"), &self->status))
    return fail (error, "a stored allocation", "complete");

  self->orchestrator = dms_handle_new_from_json (dms_json_object_get_member (object, "orchestrator"), error);
  if (self->orchestrator == NULL)
    return FALSE;
  self->orchestrator_did =
      dms_did_new_from_json (dms_json_object_get_member (object, "orchestrator_did"), error);
  if (self->orchestrator_did == NULL)
    return FALSE;
  if (!read_owner (self, object, error))
    return FALSE;
  if (dms_json_object_get_member (object, "roll") != NULL)
    {
      self->roll = dms_roll_new_from_json (dms_json_object_get_member (object, "roll"), error);
      if (self->roll == NULL)
        return FALSE;
      self->term = (guint64) dms_json_object_get_whole (object, "term", 1, G_MAXINT32, 1);
    }
  self->resources = dms_resources_new_from_json (dms_json_object_get_member (object, "resources"), error);
  return self->resources != NULL;
}

static JsonObject *
dup_child (JsonObject *object, const char *name)
{
  JsonObject *child = dms_json_object_get_child (object, name);

  return child != NULL ? json_object_ref (child) : NULL;
}

static void
read_state (DmsAllocationRecord *self, JsonObject *object)
{
  JsonObject *params = dms_json_object_get_child (object, "params");

  self->params = params != NULL ? json_object_ref (params) : json_object_new ();
  self->is_task = dms_json_object_get_flag (object, "is_task");
  self->created_us = dms_json_object_get_whole (object, "created_us", 0, G_MAXINT64, 0);
  self->nonce = dms_json_object_get_whole (object, "nonce", 0, G_MAXINT64, -1);
  self->started_us = dms_json_object_get_whole (object, "started_us", 0, G_MAXINT64, 0);
  self->ended_us = dms_json_object_get_whole (object, "ended_us", 0, G_MAXINT64, 0);
  self->launched = dms_json_object_get_flag (object, "launched");
  self->is_leased = dms_json_object_get_flag (object, "is_leased");
  self->number = dms_json_object_get_whole (object, "number", 0, G_MAXINT64, 0);
  self->is_refused = dms_json_object_get_flag (object, "is_refused");
  self->acknowledged = dms_json_object_get_flag (object, "acknowledged");
  self->is_reusable = dms_json_object_get_flag (object, "is_reusable");
  self->has_socket = dms_json_object_get_flag (object, "has_socket");
  self->captured_stdout = g_strdup (dms_json_object_get_text (object, "captured_stdout"));
  self->captured_stderr = g_strdup (dms_json_object_get_text (object, "captured_stderr"));
  self->captured_files = dup_child (object, "captured_files");
  self->subnet_ip = g_strdup (dms_json_object_get_text (object, "subnet_ip"));
  self->gateway_ip = g_strdup (dms_json_object_get_text (object, "gateway_ip"));
  self->execution_id = g_strdup (dms_json_object_get_text (object, "execution_id"));
  self->handle = g_strdup (dms_json_object_get_text (object, "handle"));
}

static gboolean
read_run (DmsAllocationRecord *self, JsonObject *object, GError **error)
{
  JsonObject *run = dms_json_object_get_child (object, "run");
  g_autoptr (GError) local = NULL;

  if (run == NULL)
    return TRUE;
  self->run = dms_allocation_run_new_from_json (run, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * dms_allocation_record_new_from_json:
 * @node: what the database kept
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the record
 */
DmsAllocationRecord *
dms_allocation_record_new_from_json (JsonNode *node, GError **error)
{
  g_autoptr (DmsAllocationRecord) self = record_new ();
  JsonObject *object = dms_json_node_get_child (node);
  JsonNode *result = dms_json_object_get_member (object, "result");

  if (!read_identity (self, object, error) ||
      !from_list (object, "scripts", self->scripts, script_from_json, error) ||
      !from_list (object, "keys", self->keys, script_from_json, error) ||
      !from_list (object, "volumes", self->volumes, volume_from_json, error) ||
      !from_list (object, "ports", self->ports, port_from_json, error) ||
      !read_health_check (self, object, "health_check", error))
    return NULL;
  read_state (self, object);
  if (!read_run (self, object, error))
    return NULL;
  if (result != NULL)
    {
      self->result = dms_execution_result_new_from_json (result, error);
      if (self->result == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

static void
add_time (JsonObject *object, const char *name, gint64 us)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree char *day = NULL;
  g_autofree char *text = NULL;

  if (us == 0)
    return;
  day = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  text = g_strdup_printf ("%s.%06dZ", day, (int) (us % G_USEC_PER_SEC));
  json_object_set_string_member (object, name, text);
}

/**
 * dms_allocation_record_to_list_item:
 * @self: a record
 *
 * Returns: (transfer full): the item of the list of allocations (node-and-executors.md §4.1)
 */
JsonObject *
dms_allocation_record_to_list_item (DmsAllocationRecord *self)
{
  JsonObject *item = json_object_new ();
  JsonObject *ports = json_object_new ();

  for (guint i = 0; i < self->ports->len; i++)
    {
      DmsPortMapping *mapping = g_ptr_array_index (self->ports, i);
      g_autofree char *name = g_strdup_printf ("%u", dms_port_mapping_get_host_port (mapping));
      json_object_set_int_member (ports, name, dms_port_mapping_get_job_port (mapping));
    }
  json_object_set_string_member (item, "id", self->id);
  json_object_set_string_member (item, "type", self->is_task ? "task" : "service");
  json_object_set_member (item, "resources", dms_resources_to_json (self->resources));
  json_object_set_member (item, "orchestrator", dms_handle_to_json (self->orchestrator));
  json_object_set_string_member (item, "status", dms_allocation_status_to_string (self->status));
  json_object_set_string_member (item, "executor", self->executor);
  json_object_set_string_member (item, "execution_id", self->execution_id != NULL ? self->execution_id : "");
  json_object_set_object_member (item, "using_ports", ports);
  add_time (item, "created_at", self->created_us);
  add_time (item, "started_at", self->started_us);
  return item;
}
