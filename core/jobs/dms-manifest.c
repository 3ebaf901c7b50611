/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-manifest.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"

#include <string.h>

struct _DmsManifest
{
  char *id;
  DmsHandle *orchestrator;
  JsonObject *metadata;
  GPtrArray *allocations;
  GPtrArray *nodes;
  gboolean subnet_join;
  JsonObject *contracts;
};

G_DEFINE_BOXED_TYPE (DmsManifest, dms_manifest, dms_manifest_ref, dms_manifest_unref)

static JsonObject *
contracts_to_json (DmsEnsemble *ensemble)
{
  GPtrArray *contracts = dms_ensemble_get_contracts (ensemble);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < contracts->len; i++)
    {
      const char *name = dms_contract_ref_get_name (contracts->pdata[i]);
      const char *host = dms_contract_ref_get_host (contracts->pdata[i]);
      JsonObject *item = json_object_new ();

      json_object_set_string_member (item, "id", name);
      json_object_set_string_member (item, "did", dms_contract_ref_get_did (contracts->pdata[i]));
      json_object_set_string_member (item, "host", host != NULL ? host : "");
      json_object_set_object_member (object, name, item);
    }
  return object;
}

DmsManifest *
dms_manifest_new (const char *id,
                  DmsEnsemble *ensemble,
                  DmsHandle *orchestrator,
                  GPtrArray *allocations,
                  GPtrArray *nodes)
{
  DmsManifest *self = g_atomic_rc_box_new0 (DmsManifest);

  self->id = g_strdup (id);
  self->orchestrator = dms_handle_ref (orchestrator);
  self->metadata = json_object_ref (dms_ensemble_get_metadata (ensemble));
  self->allocations = g_ptr_array_ref (allocations);
  self->nodes = g_ptr_array_ref (nodes);
  self->subnet_join = dms_ensemble_get_subnet_join (ensemble);
  self->contracts = contracts_to_json (ensemble);
  return self;
}

const char *
dms_manifest_get_id (DmsManifest *self)
{
  return self->id;
}

DmsHandle *
dms_manifest_get_orchestrator (DmsManifest *self)
{
  return self->orchestrator;
}

JsonObject *
dms_manifest_get_metadata (DmsManifest *self)
{
  return self->metadata;
}

GPtrArray *
dms_manifest_get_allocations (DmsManifest *self)
{
  return self->allocations;
}

GPtrArray *
dms_manifest_get_nodes (DmsManifest *self)
{
  return self->nodes;
}

/* `<node>.<allocation>`: what follows the first `_` of the ID. */
static const char *
key_of (DmsAllocationManifest *allocation)
{
  const char *id = dms_allocation_manifest_get_id (allocation);
  const char *separator = strchr (id, '_');

  return separator != NULL ? separator + 1 : id;
}

DmsAllocationManifest *
dms_manifest_find_allocation (DmsManifest *self, const char *name)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DmsAllocationManifest *allocation = self->allocations->pdata[i];
      const char *key = key_of (allocation);
      const char *bare = strchr (key, '.');

      if (strcmp (dms_allocation_manifest_get_id (allocation), name) == 0 || strcmp (key, name) == 0 ||
          (bare != NULL && strcmp (bare + 1, name) == 0))
        return allocation;
    }
  return NULL;
}

DmsNodeManifest *
dms_manifest_find_node (DmsManifest *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (strcmp (dms_node_manifest_get_id (self->nodes->pdata[i]), name) == 0)
        return self->nodes->pdata[i];
    }
  return NULL;
}

static gboolean
read_parts (JsonObject *map, GPtrArray *parts, gpointer (*from_json) (JsonNode *, GError **), GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (map == NULL)
    return TRUE;
  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      gpointer part = from_json (node, error);

      if (part == NULL)
        return FALSE;
      g_ptr_array_add (parts, part);
    }
  return TRUE;
}

DmsManifest *
dms_manifest_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  JsonObject *metadata = dms_json_object_get_child (object, "metadata");
  JsonObject *contracts = dms_json_object_get_child (object, "contracts");
  JsonNode *orchestrator = dms_json_object_get_member (object, "orchestrator");
  const char *id = dms_json_object_get_text (object, "id");
  g_autoptr (DmsManifest) self = NULL;

  if (id == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a manifest must be an object with an id");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (DmsManifest);
  self->id = g_strdup (id);
  self->metadata = metadata != NULL ? json_object_ref (metadata) : json_object_new ();
  self->contracts = contracts != NULL ? json_object_ref (contracts) : json_object_new ();
  self->subnet_join = dms_json_object_get_flag (dms_json_object_get_child (object, "subnet"), "join");
  self->allocations = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_manifest_unref);
  self->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_node_manifest_unref);
  self->orchestrator =
      orchestrator == NULL ? dms_handle_new_empty () : dms_handle_new_from_json (orchestrator, error);
  if (self->orchestrator == NULL ||
      !read_parts (dms_json_object_get_child (object, "allocations"),
                   self->allocations,
                   (gpointer (*) (JsonNode *, GError **)) dms_allocation_manifest_new_from_json,
                   error) ||
      !read_parts (dms_json_object_get_child (object, "nodes"),
                   self->nodes,
                   (gpointer (*) (JsonNode *, GError **)) dms_node_manifest_new_from_json,
                   error))
    return NULL;
  return g_steal_pointer (&self);
}

JsonNode *
dms_manifest_to_json (DmsManifest *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *allocations = json_object_new ();
  JsonObject *nodes = json_object_new ();
  JsonObject *subnet = json_object_new ();

  json_object_set_string_member (object, "id", self->id);
  if (json_object_get_size (self->metadata) > 0)
    json_object_set_object_member (object, "metadata", json_object_ref (self->metadata));
  json_object_set_member (object, "orchestrator", dms_handle_to_json (self->orchestrator));
  for (guint i = 0; i < self->allocations->len; i++)
    json_object_set_member (allocations,
                            key_of (self->allocations->pdata[i]),
                            dms_allocation_manifest_to_json (self->allocations->pdata[i]));
  json_object_set_object_member (object, "allocations", allocations);
  for (guint i = 0; i < self->nodes->len; i++)
    json_object_set_member (nodes,
                            dms_node_manifest_get_id (self->nodes->pdata[i]),
                            dms_node_manifest_to_json (self->nodes->pdata[i]));
  json_object_set_object_member (object, "nodes", nodes);
  if (self->subnet_join)
    json_object_set_boolean_member (subnet, "join", TRUE);
  json_object_set_object_member (object, "subnet", subnet);
  json_object_set_object_member (object, "contracts", json_object_ref (self->contracts));
  return dms_job_json_take_object (object);
}

DmsManifest *
dms_manifest_ref (DmsManifest *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
manifest_clear (gpointer data)
{
  DmsManifest *self = data;

  g_free (self->id);
  g_clear_pointer (&self->orchestrator, dms_handle_unref);
  g_clear_pointer (&self->metadata, json_object_unref);
  g_clear_pointer (&self->allocations, g_ptr_array_unref);
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  g_clear_pointer (&self->contracts, json_object_unref);
}

void
dms_manifest_unref (DmsManifest *self)
{
  g_atomic_rc_box_release_full (self, manifest_clear);
}
