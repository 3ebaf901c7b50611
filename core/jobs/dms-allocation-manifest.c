/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-allocation-manifest.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"
#include "jobs/dms-port-config.h"

struct _DmsAllocationManifest
{
  char *id;
  char *node_id;
  char *type;
  DmsHandle *handle;
  char *dns_name;
  char *private_address;
  GPtrArray *ports;
  DmsHealthCheck *health_check;
  char *status;
  char *redundancy_group;
  gboolean is_standby;
};

G_DEFINE_BOXED_TYPE (DmsAllocationManifest,
                     dms_allocation_manifest,
                     dms_allocation_manifest_ref,
                     dms_allocation_manifest_unref)

DmsAllocationManifest *
dms_allocation_manifest_new (const char *id,
                             const char *node_id,
                             DmsAllocationConfig *config,
                             DmsHandle *handle,
                             GPtrArray *ports,
                             const char *status)
{
  DmsAllocationManifest *self = g_atomic_rc_box_new0 (DmsAllocationManifest);
  DmsHealthCheck *check = dms_allocation_config_get_health_check (config);

  self->id = g_strdup (id);
  self->node_id = g_strdup (node_id);
  self->type = g_strdup (dms_allocation_config_get_type_name (config));
  self->handle = handle != NULL ? dms_handle_ref (handle) : dms_handle_new_empty ();
  self->dns_name = g_strconcat (dms_allocation_config_get_dns_name (config), ".internal", NULL);
  self->private_address = g_strdup ("");
  self->ports = g_ptr_array_ref (ports);
  self->health_check = check != NULL ? dms_health_check_ref (check) : NULL;
  self->status = g_strdup (status);
  return self;
}

const char *
dms_allocation_manifest_get_id (DmsAllocationManifest *self)
{
  return self->id;
}

const char *
dms_allocation_manifest_get_node_id (DmsAllocationManifest *self)
{
  return self->node_id;
}

const char *
dms_allocation_manifest_get_type_name (DmsAllocationManifest *self)
{
  return self->type;
}

DmsHandle *
dms_allocation_manifest_get_handle (DmsAllocationManifest *self)
{
  return self->handle;
}

const char *
dms_allocation_manifest_get_dns_name (DmsAllocationManifest *self)
{
  return self->dns_name;
}

const char *
dms_allocation_manifest_get_private_address (DmsAllocationManifest *self)
{
  return self->private_address;
}

GPtrArray *
dms_allocation_manifest_get_ports (DmsAllocationManifest *self)
{
  return self->ports;
}

DmsHealthCheck *
dms_allocation_manifest_get_health_check (DmsAllocationManifest *self)
{
  return self->health_check;
}

const char *
dms_allocation_manifest_get_status (DmsAllocationManifest *self)
{
  return self->status;
}

void
dms_allocation_manifest_set_redundancy (DmsAllocationManifest *self, const char *group, gboolean standby)
{
  g_free (self->redundancy_group);
  self->redundancy_group = g_strdup (group);
  self->is_standby = standby;
}

gboolean
dms_allocation_manifest_get_is_standby (DmsAllocationManifest *self)
{
  return self->is_standby;
}

static char *
dup_text (JsonObject *object, const char *name)
{
  const char *text = dms_json_object_get_text (object, name);

  return g_strdup (text != NULL ? text : "");
}

static gboolean
read_ports (DmsAllocationManifest *self, JsonObject *ports, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (ports == NULL)
    return TRUE;
  json_object_iter_init_ordered (&iter, ports);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      guint64 public_port;
      gint64 private_port = json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : 0;

      if (!g_ascii_string_to_unsigned (name, 10, 0, 65535, &public_port, NULL) || private_port < 1 ||
          private_port > 65535)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_DATA,
                       "the manifest of allocation “%s” has a port that is none",
                       self->id);
          return FALSE;
        }
      g_ptr_array_add (self->ports,
                       dms_port_config_new ((guint16) public_port, (guint16) private_port, self->id));
    }
  return TRUE;
}

DmsAllocationManifest *
dms_allocation_manifest_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  JsonNode *handle = dms_json_object_get_member (object, "handle");
  JsonNode *check = dms_json_object_get_member (object, "healthcheck");
  g_autoptr (DmsAllocationManifest) self = NULL;
  g_autoptr (GError) local = NULL;

  if (object == NULL)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the manifest of an allocation must be an object");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsAllocationManifest);
  self->id = dup_text (object, "id");
  self->node_id = dup_text (object, "node_id");
  self->type = dup_text (object, "type");
  self->dns_name = dup_text (object, "dns_name");
  self->private_address = dup_text (object, "priv_addr");
  self->status = dup_text (object, "status");
  self->redundancy_group = dup_text (object, "redundancy_group");
  self->is_standby = dms_json_object_get_flag (object, "is_standby");
  self->ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_config_unref);
  self->handle = handle == NULL ? dms_handle_new_empty () : dms_handle_new_from_json (handle, error);
  if (self->handle == NULL || !read_ports (self, dms_json_object_get_child (object, "ports"), error))
    return NULL;
  if (check != NULL && JSON_NODE_HOLDS_OBJECT (check))
    self->health_check = dms_health_check_new_from_json (check, &local);
  if (local != NULL && !g_error_matches (local, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&self);
}

JsonNode *
dms_allocation_manifest_to_json (DmsAllocationManifest *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *ports;

  json_object_set_string_member (object, "id", self->id);
  json_object_set_string_member (object, "node_id", self->node_id);
  json_object_set_string_member (object, "type", self->type);
  json_object_set_member (object, "handle", dms_handle_to_json (self->handle));
  json_object_set_string_member (object, "dns_name", self->dns_name);
  json_object_set_string_member (object, "priv_addr", self->private_address);
  if (self->ports->len > 0)
    {
      ports = json_object_new ();
      for (guint i = 0; i < self->ports->len; i++)
        {
          g_autofree char *name = g_strdup_printf ("%u", dms_port_config_get_public (self->ports->pdata[i]));

          json_object_set_int_member (ports, name, dms_port_config_get_private (self->ports->pdata[i]));
        }
      json_object_set_object_member (object, "ports", ports);
    }
  if (self->health_check != NULL)
    json_object_set_member (object, "healthcheck", dms_health_check_to_json (self->health_check));
  json_object_set_string_member (object, "status", self->status);
  dms_job_json_set_text (object, "redundancy_group", self->redundancy_group);
  json_object_set_boolean_member (object, "is_standby", self->is_standby);
  return dms_job_json_take_object (object);
}

DmsAllocationManifest *
dms_allocation_manifest_ref (DmsAllocationManifest *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
allocation_manifest_clear (gpointer data)
{
  DmsAllocationManifest *self = data;

  g_free (self->id);
  g_free (self->node_id);
  g_free (self->type);
  g_clear_pointer (&self->handle, dms_handle_unref);
  g_free (self->dns_name);
  g_free (self->private_address);
  g_clear_pointer (&self->ports, g_ptr_array_unref);
  g_clear_pointer (&self->health_check, dms_health_check_unref);
  g_free (self->status);
  g_free (self->redundancy_group);
}

void
dms_allocation_manifest_unref (DmsAllocationManifest *self)
{
  g_atomic_rc_box_release_full (self, allocation_manifest_clear);
}
