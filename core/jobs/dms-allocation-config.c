/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-allocation-config-private.h"

#include "jobs/dms-job-json.h"
#include "jobs/dms-job-key.h"
#include "resources/dms-requirement.h"

G_DEFINE_BOXED_TYPE (DmsAllocationConfig,
                     dms_allocation_config,
                     dms_allocation_config_ref,
                     dms_allocation_config_unref)

const char *
dms_allocation_config_get_name (DmsAllocationConfig *self)
{
  return self->name;
}

const char *
dms_allocation_config_get_executor (DmsAllocationConfig *self)
{
  return self->executor;
}

gboolean
dms_allocation_config_is_task (DmsAllocationConfig *self)
{
  return g_str_equal (self->type, "task");
}

const char *
dms_allocation_config_get_type_name (DmsAllocationConfig *self)
{
  return self->type;
}

DmsResources *
dms_allocation_config_get_resources (DmsAllocationConfig *self)
{
  return self->resources;
}

JsonObject *
dms_allocation_config_get_params (DmsAllocationConfig *self)
{
  return self->params;
}

const char *
dms_allocation_config_get_dns_name (DmsAllocationConfig *self)
{
  return self->dns_name;
}

const char *const *
dms_allocation_config_get_depends_on (DmsAllocationConfig *self)
{
  return (const char *const *) self->depends_on;
}

GPtrArray *
dms_allocation_config_get_keys (DmsAllocationConfig *self)
{
  return self->keys;
}

const char *const *
dms_allocation_config_get_provision (DmsAllocationConfig *self)
{
  return (const char *const *) self->provision;
}

GPtrArray *
dms_allocation_config_get_volumes (DmsAllocationConfig *self)
{
  return self->volumes;
}

DmsHealthCheck *
dms_allocation_config_get_health_check (DmsAllocationConfig *self)
{
  return self->health_check;
}

DmsPreferences *
dms_allocation_config_get_preferences (DmsAllocationConfig *self)
{
  return self->preferences;
}

DmsProfile *
dms_allocation_config_get_required (DmsAllocationConfig *self)
{
  return self->required;
}

const char *
dms_allocation_config_get_failure_recovery (DmsAllocationConfig *self)
{
  return self->failure_recovery;
}

DmsTaskFlow *
dms_allocation_config_get_flow (DmsAllocationConfig *self)
{
  return self->flow;
}

DmsChildBudget *
dms_allocation_config_get_children (DmsAllocationConfig *self)
{
  return self->children;
}

JsonNode *
dms_allocation_config_execution_to_json (DmsAllocationConfig *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", self->executor);
  json_object_set_object_member (object, "params", json_object_ref (self->params));
  return dms_job_json_take_object (object);
}

/* The wire names the source `src` and keeps the parameters of remote types beside the other members. */
static JsonNode *
volume_to_json (DmsVolume *volume)
{
  JsonObject *object = json_object_new ();
  JsonObject *params = dms_volume_get_params (volume);

  if (params != NULL)
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_object_iter_init_ordered (&iter, params);
      while (json_object_iter_next_ordered (&iter, &name, &member))
        json_object_set_member (object, name, json_node_copy (member));
    }
  json_object_set_string_member (object, "type", dms_volume_get_type_name (volume));
  dms_job_json_set_text (object, "name", dms_volume_get_name (volume));
  dms_job_json_set_text (object, "src", dms_volume_get_source (volume));
  dms_job_json_set_text (object, "mount_destination", dms_volume_get_destination (volume));
  json_object_set_boolean_member (object, "read_only", dms_volume_get_read_only (volume));
  return dms_job_json_take_object (object);
}

static JsonNode *
list_to_json (GPtrArray *items, JsonNode *(*to_json) (gpointer))
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < items->len; i++)
    json_array_add_element (array, to_json (items->pdata[i]));
  json_node_take_array (node, array);
  return node;
}

JsonNode *
dms_allocation_config_volumes_to_json (DmsAllocationConfig *self)
{
  return list_to_json (self->volumes, (JsonNode * (*) (gpointer)) volume_to_json);
}

JsonNode *
dms_allocation_config_keys_to_json (DmsAllocationConfig *self)
{
  return list_to_json (self->keys, (JsonNode * (*) (gpointer)) dms_job_key_to_json);
}

gboolean
dms_allocation_config_is_single (DmsAllocationConfig *self)
{
  return self->single;
}

JsonNode *
dms_allocation_config_to_json (DmsAllocationConfig *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "executor", self->executor);
  json_object_set_string_member (object, "type", self->type);
  json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  json_object_set_member (object, "execution", dms_allocation_config_execution_to_json (self));
  json_object_set_string_member (object, "dns_name", self->dns_name);
  dms_job_json_set_strv (object, "depends_on", (const char *const *) self->depends_on);
  if (self->keys->len > 0)
    json_object_set_member (object, "keys", dms_allocation_config_keys_to_json (self));
  dms_job_json_set_strv (object, "provision", (const char *const *) self->provision);
  if (self->health_check != NULL)
    json_object_set_member (object, "healthcheck", dms_health_check_to_json (self->health_check));
  if (self->preferences != NULL)
    json_object_set_member (object, "preferences", dms_preferences_to_json (self->preferences));
  if (self->required != NULL)
    json_object_set_member (object, "requires", dms_requirement_to_json (self->required));
  if (self->volumes->len > 0)
    json_object_set_member (object, "volume", dms_allocation_config_volumes_to_json (self));
  json_object_set_string_member (object, "failure_recovery", self->failure_recovery);
  if (self->flow != NULL)
    json_object_set_member (object, "workflow", dms_task_flow_to_json (self->flow));
  if (self->children != NULL)
    json_object_set_member (object, "children", dms_child_budget_to_json (self->children));
  if (self->single)
    json_object_set_boolean_member (object, "single", TRUE);
  return dms_job_json_take_object (object);
}

DmsAllocationConfig *
dms_allocation_config_ref (DmsAllocationConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
allocation_config_clear (gpointer data)
{
  DmsAllocationConfig *self = data;

  g_free (self->name);
  g_free (self->executor);
  g_free (self->type);
  g_clear_pointer (&self->resources, dms_resources_unref);
  g_clear_pointer (&self->params, json_object_unref);
  g_free (self->dns_name);
  g_strfreev (self->depends_on);
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_strfreev (self->provision);
  g_clear_pointer (&self->volumes, g_ptr_array_unref);
  g_clear_pointer (&self->health_check, dms_health_check_unref);
  g_clear_pointer (&self->preferences, dms_preferences_unref);
  g_clear_pointer (&self->required, dms_profile_unref);
  g_free (self->failure_recovery);
  g_clear_pointer (&self->flow, dms_task_flow_unref);
  g_clear_pointer (&self->children, dms_child_budget_unref);
}

void
dms_allocation_config_unref (DmsAllocationConfig *self)
{
  g_atomic_rc_box_release_full (self, allocation_config_clear);
}
