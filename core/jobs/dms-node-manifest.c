/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-node-manifest.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"

struct _DmsNodeManifest
{
  char *id;
  char *peer;
  DmsHandle *handle;
  DmsLocation *location;
  GStrv public_addresses;
  GStrv allocations;
  /* (nullable): whose standby it is */
  char *primary;
  guint standby_index;
  /* (nullable) */
  GStrv standbys;
  gboolean waits;
};

G_DEFINE_BOXED_TYPE (DmsNodeManifest, dms_node_manifest, dms_node_manifest_ref, dms_node_manifest_unref)

DmsNodeManifest *
dms_node_manifest_new (const char *id,
                       const char *peer,
                       DmsHandle *handle,
                       DmsLocation *location,
                       const char *const *allocations)
{
  DmsNodeManifest *self = g_atomic_rc_box_new0 (DmsNodeManifest);

  self->id = g_strdup (id);
  self->peer = g_strdup (peer != NULL ? peer : "");
  self->handle = handle != NULL ? dms_handle_ref (handle) : dms_handle_new_empty ();
  self->location = location != NULL ? dms_location_ref (location) : NULL;
  self->public_addresses = g_new0 (char *, 1);
  self->allocations = g_strdupv ((GStrv) allocations);
  return self;
}

void
dms_node_manifest_set_redundancy (DmsNodeManifest *self,
                                  const char *primary,
                                  guint standby_index,
                                  const char *const *standbys,
                                  gboolean active)
{
  g_free (self->primary);
  g_strfreev (self->standbys);
  self->primary = g_strdup (primary);
  self->standby_index = standby_index;
  self->standbys = standbys != NULL ? g_strdupv ((GStrv) standbys) : NULL;
  self->waits = !active;
}

const char *
dms_node_manifest_get_id (DmsNodeManifest *self)
{
  return self->id;
}

const char *
dms_node_manifest_get_peer (DmsNodeManifest *self)
{
  return self->peer;
}

DmsHandle *
dms_node_manifest_get_handle (DmsNodeManifest *self)
{
  return self->handle;
}

DmsLocation *
dms_node_manifest_get_location (DmsNodeManifest *self)
{
  return self->location;
}

const char *const *
dms_node_manifest_get_allocations (DmsNodeManifest *self)
{
  return (const char *const *) self->allocations;
}

static GStrv
dup_texts (JsonObject *object, const char *name)
{
  GStrv texts = dms_json_object_dup_texts (object, name);

  return texts != NULL ? texts : g_new0 (char *, 1);
}

DmsNodeManifest *
dms_node_manifest_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  JsonNode *handle = dms_json_object_get_member (object, "handle");
  JsonNode *location = dms_json_object_get_member (object, "location");
  g_autoptr (DmsNodeManifest) self = NULL;
  const char *id = dms_json_object_get_text (object, "id");
  const char *peer = dms_json_object_get_text (object, "peer");

  if (object == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the manifest of a node must be an object");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsNodeManifest);
  self->id = g_strdup (id != NULL ? id : "");
  self->peer = g_strdup (peer != NULL ? peer : "");
  self->public_addresses = dup_texts (object, "pub_address");
  self->allocations = dup_texts (object, "allocations");
  if (g_strcmp0 (dms_json_object_get_text (object, "redundancy_role"), "standby") == 0)
    self->primary = g_strdup (dms_json_object_get_text (object, "primary_node"));
  self->standby_index = (guint) dms_json_object_get_whole (object, "standby_index", 0, G_MAXINT32, 0);
  self->standbys = dup_texts (object, "standby_nodes");
  self->waits = g_strcmp0 (dms_json_object_get_text (object, "status"), "standby") == 0;
  self->handle = handle == NULL ? dms_handle_new_empty () : dms_handle_new_from_json (handle, error);
  if (self->handle == NULL)
    return NULL;
  if (location != NULL && JSON_NODE_HOLDS_OBJECT (location))
    {
      self->location = dms_location_new_from_json (location, error);
      if (self->location == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

JsonNode *
dms_node_manifest_to_json (DmsNodeManifest *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  dms_job_json_set_text (object, "peer", self->peer);
  json_object_set_member (object, "handle", dms_handle_to_json (self->handle));
  json_object_set_array_member (object, "pub_address", json_array_new ());
  dms_job_json_set_strv (object, "pub_address", (const char *const *) self->public_addresses);
  if (self->location != NULL)
    json_object_set_member (object, "location", dms_location_to_json (self->location));
  json_object_set_array_member (object, "allocations", json_array_new ());
  dms_job_json_set_strv (object, "allocations", (const char *const *) self->allocations);
  json_object_set_string_member (object, "redundancy_role", self->primary != NULL ? "standby" : "primary");
  if (self->primary != NULL)
    {
      json_object_set_string_member (object, "primary_node", self->primary);
      json_object_set_int_member (object, "standby_index", self->standby_index);
    }
  if (self->standbys != NULL)
    dms_job_json_set_strv (object, "standby_nodes", (const char *const *) self->standbys);
  json_object_set_string_member (object, "status", self->waits ? "standby" : "active");
  return dms_job_json_take_object (object);
}

DmsNodeManifest *
dms_node_manifest_ref (DmsNodeManifest *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
node_manifest_clear (gpointer data)
{
  DmsNodeManifest *self = data;

  g_free (self->id);
  g_free (self->primary);
  g_strfreev (self->standbys);
  g_free (self->peer);
  g_clear_pointer (&self->handle, dms_handle_unref);
  g_clear_pointer (&self->location, dms_location_unref);
  g_strfreev (self->public_addresses);
  g_strfreev (self->allocations);
}

void
dms_node_manifest_unref (DmsNodeManifest *self)
{
  g_atomic_rc_box_release_full (self, node_manifest_clear);
}
