/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-ensemble-private.h"

#include "jobs/dms-job-decode-private.h"
#include "jobs/dms-job-json.h"
#include "resources/dms-requirement.h"

#include <string.h>

G_DEFINE_BOXED_TYPE (DmsEnsemble, dms_ensemble, dms_ensemble_ref, dms_ensemble_unref)

DmsEnsemble *
dms_ensemble_new_from_json (JsonNode *node, GError **error)
{
  g_autoptr (DmsJobReport) report = NULL;
  g_autoptr (DmsEnsemble) self = NULL;
  g_autoptr (DmsJobNode) tree = NULL;
  DmsJobNode *body;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "empty ensemble config");
      return NULL;
    }
  tree = dms_job_node_new_from_json (node, error);
  if (tree == NULL)
    return NULL;
  body = dms_job_node_get_any_case (tree, "v1");
  if (body == NULL || dms_job_node_get_kind (body) == DMS_JOB_NODE_NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "empty ensemble config");
      return NULL;
    }
  report = dms_job_report_new (NULL);
  self = dms_job_decode_ensemble (body, DMS_JOB_FORM_WIRE, report);
  if (dms_job_report_has_errors (report))
    {
      dms_job_report_propagate (report, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

GPtrArray *
dms_ensemble_get_allocations (DmsEnsemble *self)
{
  return self->allocations;
}

GPtrArray *
dms_ensemble_get_nodes (DmsEnsemble *self)
{
  return self->nodes;
}

GPtrArray *
dms_ensemble_get_edges (DmsEnsemble *self)
{
  return self->edges;
}

DmsSupervisorConfig *
dms_ensemble_get_supervisor (DmsEnsemble *self)
{
  return self->supervisor;
}

const DmsSupervisionLimits *
dms_ensemble_get_supervision (DmsEnsemble *self)
{
  return &self->supervision;
}

const char *
dms_ensemble_get_escalation_strategy (DmsEnsemble *self)
{
  return self->escalation_strategy;
}

gboolean
dms_ensemble_get_subnet_join (DmsEnsemble *self)
{
  return self->subnet_join;
}

const char *const *
dms_ensemble_get_standby_orchestrators (DmsEnsemble *self)
{
  return (const char *const *) self->standby_orchestrators;
}

const char *const *
dms_ensemble_get_exclude_peers (DmsEnsemble *self)
{
  return (const char *const *) self->exclude_peers;
}

JsonObject *
dms_ensemble_get_metadata (DmsEnsemble *self)
{
  return self->metadata;
}

GPtrArray *
dms_ensemble_get_contracts (DmsEnsemble *self)
{
  return self->contracts;
}

const char *const *
dms_ensemble_get_warnings (DmsEnsemble *self)
{
  return (const char *const *) self->warnings;
}

DmsAllocationConfig *
dms_ensemble_find_allocation (DmsEnsemble *self, const char *name)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      if (strcmp (dms_allocation_config_get_name (self->allocations->pdata[i]), name) == 0)
        return self->allocations->pdata[i];
    }
  return NULL;
}

DmsNodeConfig *
dms_ensemble_find_node (DmsEnsemble *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (strcmp (dms_node_config_get_name (self->nodes->pdata[i]), name) == 0)
        return self->nodes->pdata[i];
    }
  return NULL;
}

DmsNodeConfig *
dms_ensemble_find_node_of (DmsEnsemble *self, const char *allocation)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (dms_node_config_has_allocation (self->nodes->pdata[i], allocation))
        return self->nodes->pdata[i];
    }
  return NULL;
}

GBytes *
dms_ensemble_get_script (DmsEnsemble *self, const char *name)
{
  return g_hash_table_lookup (self->scripts, name);
}

static void
scripts_to_json (DmsEnsemble *self, JsonObject *body)
{
  JsonObject *scripts;

  if (self->script_names->len == 0)
    return;
  scripts = json_object_new ();
  for (guint i = 0; i < self->script_names->len; i++)
    {
      GBytes *content = g_hash_table_lookup (self->scripts, self->script_names->pdata[i]);
      gsize size;
      const guint8 *data = g_bytes_get_data (content, &size);
      g_autofree char *base64 = g_base64_encode (size > 0 ? data : (const guint8 *) "", size);

      json_object_set_string_member (scripts, self->script_names->pdata[i], base64);
    }
  json_object_set_object_member (body, "scripts", scripts);
}

static void
contracts_to_json (DmsEnsemble *self, JsonObject *body)
{
  JsonObject *contracts;

  if (self->contracts->len == 0)
    return;
  contracts = json_object_new ();
  for (guint i = 0; i < self->contracts->len; i++)
    json_object_set_member (contracts,
                            dms_contract_ref_get_name (self->contracts->pdata[i]),
                            dms_contract_ref_to_json (self->contracts->pdata[i]));
  json_object_set_object_member (body, "contracts", contracts);
}

JsonNode *
dms_ensemble_to_json (DmsEnsemble *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *body = json_object_new ();
  JsonObject *allocations = json_object_new ();
  JsonObject *nodes = json_object_new ();
  JsonObject *subnet = json_object_new ();

  dms_job_json_set_text (body, "escalation_strategy", self->escalation_strategy);
  for (guint i = 0; i < self->allocations->len; i++)
    json_object_set_member (allocations,
                            dms_allocation_config_get_name (self->allocations->pdata[i]),
                            dms_allocation_config_to_json (self->allocations->pdata[i]));
  json_object_set_object_member (body, "allocations", allocations);
  for (guint i = 0; i < self->nodes->len; i++)
    json_object_set_member (nodes,
                            dms_node_config_get_name (self->nodes->pdata[i]),
                            dms_node_config_to_json (self->nodes->pdata[i]));
  json_object_set_object_member (body, "nodes", nodes);
  dms_job_json_set_array (body, "edges", self->edges, (JsonNode * (*) (gpointer)) dms_edge_to_json);
  if (self->supervisor != NULL)
    json_object_set_member (body, "supervisor", dms_supervisor_config_to_json (self->supervisor));
  if (self->supervision.given)
    json_object_set_member (body, "supervision", dms_supervision_limits_to_json (&self->supervision));
  if (self->required != NULL)
    json_object_set_member (body, "requires", dms_requirement_to_json (self->required));
  if (json_object_get_size (self->keys) > 0)
    json_object_set_object_member (body, "keys", json_object_ref (self->keys));
  scripts_to_json (self, body);
  if (self->subnet_join)
    json_object_set_boolean_member (subnet, "join", TRUE);
  json_object_set_object_member (body, "subnet", subnet);
  dms_job_json_set_strv (body, "exclude_peers", (const char *const *) self->exclude_peers);
  if (self->standby_orchestrators[0] != NULL)
    dms_job_json_set_strv (body, "standby_orchestrators", (const char *const *) self->standby_orchestrators);
  if (json_object_get_size (self->metadata) > 0)
    json_object_set_object_member (body, "metadata", json_object_ref (self->metadata));
  contracts_to_json (self, body);
  json_object_set_object_member (object, "v1", body);
  return dms_job_json_take_object (object);
}

DmsEnsemble *
dms_ensemble_ref (DmsEnsemble *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
ensemble_clear (gpointer data)
{
  DmsEnsemble *self = data;

  g_free (self->escalation_strategy);
  g_clear_pointer (&self->allocations, g_ptr_array_unref);
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  g_clear_pointer (&self->edges, g_ptr_array_unref);
  g_clear_pointer (&self->supervisor, dms_supervisor_config_unref);
  g_clear_pointer (&self->required, dms_profile_unref);
  g_clear_pointer (&self->keys, json_object_unref);
  g_clear_pointer (&self->scripts, g_hash_table_unref);
  g_clear_pointer (&self->script_names, g_ptr_array_unref);
  g_strfreev (self->exclude_peers);
  g_strfreev (self->standby_orchestrators);
  g_clear_pointer (&self->metadata, json_object_unref);
  g_clear_pointer (&self->contracts, g_ptr_array_unref);
  g_strfreev (self->warnings);
}

void
dms_ensemble_unref (DmsEnsemble *self)
{
  g_atomic_rc_box_release_full (self, ensemble_clear);
}
