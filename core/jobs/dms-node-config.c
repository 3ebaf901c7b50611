/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-node-config-private.h"

#include "jobs/dms-job-json.h"
#include "resources/dms-requirement.h"
#include "jobs/dms-port-config.h"
#include "resources/dms-location.h"

G_DEFINE_BOXED_TYPE (DmsNodeConfig, dms_node_config, dms_node_config_ref, dms_node_config_unref)

const char *
dms_node_config_get_name (DmsNodeConfig *self)
{
  return self->name;
}

const char *const *
dms_node_config_get_allocations (DmsNodeConfig *self)
{
  return (const char *const *) self->allocations;
}

GPtrArray *
dms_node_config_get_ports (DmsNodeConfig *self)
{
  return self->ports;
}

GPtrArray *
dms_node_config_get_accept (DmsNodeConfig *self)
{
  return self->accept;
}

GPtrArray *
dms_node_config_get_reject (DmsNodeConfig *self)
{
  return self->reject;
}

DmsPreferences *
dms_node_config_get_preferences (DmsNodeConfig *self)
{
  return self->preferences;
}

DmsProfile *
dms_node_config_get_required (DmsNodeConfig *self)
{
  return self->required;
}

const char *
dms_node_config_get_peer (DmsNodeConfig *self)
{
  return self->peer;
}

guint
dms_node_config_get_redundancy (DmsNodeConfig *self)
{
  return self->redundancy;
}

const char *
dms_node_config_get_failure_recovery (DmsNodeConfig *self)
{
  return self->failure_recovery;
}

gboolean
dms_node_config_has_allocation (DmsNodeConfig *self, const char *name)
{
  return g_strv_contains ((const char *const *) self->allocations, name);
}

JsonNode *
dms_node_config_location_to_json (DmsNodeConfig *self)
{
  JsonObject *object = json_object_new ();

  dms_job_json_set_array (object, "accept", self->accept, (JsonNode * (*) (gpointer)) dms_location_to_json);
  dms_job_json_set_array (object, "reject", self->reject, (JsonNode * (*) (gpointer)) dms_location_to_json);
  return dms_job_json_take_object (object);
}

DmsNodeConfig *
dms_node_config_new_standby (DmsNodeConfig *self, guint i)
{
  DmsNodeConfig *standby = g_atomic_rc_box_new0 (DmsNodeConfig);

  standby->name = g_strdup_printf ("%s-standby-%u", self->name, i);
  standby->allocations = g_strdupv (self->allocations);
  standby->ports = g_ptr_array_ref (self->ports);
  standby->accept = g_ptr_array_ref (self->accept);
  standby->reject = g_ptr_array_ref (self->reject);
  standby->preferences = self->preferences != NULL ? dms_preferences_ref (self->preferences) : NULL;
  standby->own_required = self->own_required != NULL ? dms_profile_ref (self->own_required) : NULL;
  standby->required = self->required != NULL ? dms_profile_ref (self->required) : NULL;
  standby->failure_recovery = g_strdup (self->failure_recovery);
  return standby;
}

JsonNode *
dms_node_config_to_json (DmsNodeConfig *self)
{
  JsonObject *object = json_object_new ();

  dms_job_json_set_strv (object, "allocations", (const char *const *) self->allocations);
  dms_job_json_set_array (object, "ports", self->ports, (JsonNode * (*) (gpointer)) dms_port_config_to_json);
  if (self->accept->len + self->reject->len > 0)
    json_object_set_member (object, "location", dms_node_config_location_to_json (self));
  if (self->preferences != NULL)
    json_object_set_member (object, "preferences", dms_preferences_to_json (self->preferences));
  if (self->own_required != NULL)
    json_object_set_member (object, "requires", dms_requirement_to_json (self->own_required));
  dms_job_json_set_text (object, "peer", self->peer);
  if (self->redundancy > 0)
    json_object_set_int_member (object, "redundancy", self->redundancy);
  json_object_set_string_member (object, "failure_recovery", self->failure_recovery);
  return dms_job_json_take_object (object);
}

DmsNodeConfig *
dms_node_config_ref (DmsNodeConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
node_config_clear (gpointer data)
{
  DmsNodeConfig *self = data;

  g_free (self->name);
  g_strfreev (self->allocations);
  g_clear_pointer (&self->ports, g_ptr_array_unref);
  g_clear_pointer (&self->accept, g_ptr_array_unref);
  g_clear_pointer (&self->reject, g_ptr_array_unref);
  g_clear_pointer (&self->preferences, dms_preferences_unref);
  g_clear_pointer (&self->own_required, dms_profile_unref);
  g_clear_pointer (&self->required, dms_profile_unref);
  g_free (self->peer);
  g_free (self->failure_recovery);
}

void
dms_node_config_unref (DmsNodeConfig *self)
{
  g_atomic_rc_box_release_full (self, node_config_clear);
}
