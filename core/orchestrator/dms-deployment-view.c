/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"
#include "jobs/dms-port-config.h"

#include <string.h>

/* A deployment as JSON: what is stored, the manifest, what is told about allocations; and back. */

static JsonNode *
take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

/* Manifest */

/* The allocation's ports, those that were left open with what the machine chose. */
static GPtrArray *
list_ports (DeployAllocation *allocation)
{
  const char *name = dms_allocation_config_get_name (allocation->config);
  GPtrArray *configs = dms_node_config_get_ports (allocation->node->config);
  GPtrArray *ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_config_unref);
  guint next = 0;

  for (guint i = 0; i < configs->len; i++)
    {
      guint16 port = dms_port_config_get_public (configs->pdata[i]);

      if (strcmp (dms_port_config_get_allocation (configs->pdata[i]), name) != 0)
        continue;
      if (port == 0 && next < allocation->dynamic_ports->len)
        port = g_array_index (allocation->dynamic_ports, guint16, next++);
      if (port > 0)
        g_ptr_array_add (ports,
                         dms_port_config_new (port, dms_port_config_get_private (configs->pdata[i]), name));
    }
  return ports;
}

static DmsAllocationManifest *
make_allocation_manifest (DeployAllocation *allocation)
{
  g_autoptr (GPtrArray) ports = list_ports (allocation);

  DmsAllocationManifest *manifest = dms_allocation_manifest_new (allocation->id,
                                                                 allocation->node->name,
                                                                 allocation->config,
                                                                 allocation->handle,
                                                                 ports,
                                                                 allocation->status);
  const char *primary = allocation->node->primary;

  if (primary != NULL || dms_node_config_get_redundancy (allocation->node->config) > 0)
    dms_allocation_manifest_set_redundancy (
        manifest, primary != NULL ? primary : allocation->node->name, allocation->node->standby);
  return manifest;
}

static DmsNodeManifest *
make_node_manifest (DeployNode *node)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) standbys = g_strv_builder_new ();
  g_auto (GStrv) allocations = NULL;
  g_auto (GStrv) names = NULL;
  DmsNodeManifest *manifest;

  for (guint i = 0; i < node->allocations->len; i++)
    g_strv_builder_add (keys, ((DeployAllocation *) node->allocations->pdata[i])->key);
  allocations = g_strv_builder_end (keys);
  manifest = dms_node_manifest_new (node->name,
                                    node->bid == NULL ? NULL : dms_bid_get_peer (node->bid),
                                    node->bid == NULL ? NULL : dms_bid_get_handle (node->bid),
                                    node->bid == NULL ? NULL : dms_bid_get_location (node->bid),
                                    (const char *const *) allocations);
  for (guint i = 0; i < node->deployment->nodes->len; i++)
    {
      DeployNode *other = node->deployment->nodes->pdata[i];

      if (g_strcmp0 (other->primary, node->name) == 0)
        g_strv_builder_add (standbys, other->name);
    }
  names = g_strv_builder_end (standbys);
  dms_node_manifest_set_redundancy (manifest,
                                    node->primary,
                                    node->standby_index,
                                    names[0] != NULL ? (const char *const *) names : NULL,
                                    !node->standby);
  return manifest;
}

DmsManifest *
dms_deployment_dup_manifest (DmsDeployment *self)
{
  g_autoptr (GPtrArray) allocations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_manifest_unref);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_node_manifest_unref);

  for (guint i = 0; i < self->allocations->len; i++)
    g_ptr_array_add (allocations, make_allocation_manifest (self->allocations->pdata[i]));
  for (guint i = 0; i < self->nodes->len; i++)
    g_ptr_array_add (nodes, make_node_manifest (self->nodes->pdata[i]));
  return dms_manifest_new (self->id, self->ensemble, dms_actor_get_handle (self->actor), allocations, nodes);
}

/* What is told about allocations */

static char *
format_time (gint64 us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree char *seconds = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%06dZ", seconds, (int) (us % G_USEC_PER_SEC));
}

static JsonObject *
make_info (DeployAllocation *allocation)
{
  JsonObject *object = json_object_new ();
  JsonObject *termination = dms_json_node_get_child (allocation->termination);
  JsonNode *result = dms_json_object_get_member (termination, "result");
  g_autofree char *dns_name =
      g_strdup_printf ("%s.internal", dms_allocation_config_get_dns_name (allocation->config));
  g_autofree char *timestamp =
      format_time (allocation->heartbeat_us > 0 ? allocation->heartbeat_us : g_get_real_time ());

  json_object_set_string_member (object, "allocation_id", allocation->id);
  json_object_set_string_member (object, "status", allocation->status);
  json_object_set_int_member (object, "heartbeat_seq", allocation->heartbeat_seq);
  json_object_set_boolean_member (
      object, "has_health_check", dms_allocation_config_get_health_check (allocation->config) != NULL);
  if (allocation->health != NULL)
    json_object_set_member (object, "health", json_node_copy (allocation->health));
  json_object_set_member (object,
                          "resource_limit",
                          dms_resources_to_json (dms_allocation_config_get_resources (allocation->config)));
  if (allocation->usage != NULL)
    json_object_set_member (object, "resource_usage", json_node_copy (allocation->usage));
  json_object_set_string_member (object, "dns_name", dns_name);
  json_object_set_string_member (object, "ip", "");
  json_object_set_string_member (object, "timestamp", timestamp);
  if (result != NULL)
    json_object_set_member (object, "result", json_node_copy (result));
  if (allocation->n_restarts > 0)
    json_object_set_int_member (object, "restarts", allocation->n_restarts);
  if (allocation->reason != NULL)
    json_object_set_string_member (object, "error", allocation->reason);
  if (dms_deployment_workflow_owns (allocation))
    json_object_set_object_member (
        object,
        "workflow",
        dms_workflow_describe_task (allocation->deployment->workflow,
                                    dms_allocation_config_get_name (allocation->config)));
  return object;
}

JsonObject *
dms_deployment_dup_allocation_info (DmsDeployment *self)
{
  JsonObject *all = json_object_new ();

  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      json_object_set_object_member (all, allocation->id, make_info (allocation));
    }
  return all;
}

/* The stored view (orchestration.md 6) */

static JsonObject *
make_state (DeployAllocation *allocation)
{
  JsonObject *object = json_object_new ();
  JsonArray *ports = json_array_new ();

  json_object_set_string_member (object, "status", allocation->status);
  json_object_set_boolean_member (object, "started", allocation->started);
  json_object_set_boolean_member (object, "ended", allocation->ended);
  json_object_set_boolean_member (object, "settled", allocation->settled);
  json_object_set_boolean_member (object, "logs_settled", allocation->logs_settled);
  json_object_set_boolean_member (object, "given_up", allocation->given_up);
  json_object_set_int_member (object, "restarts", allocation->n_restarts);
  if (allocation->handle != NULL)
    json_object_set_member (object, "handle", dms_handle_to_json (allocation->handle));
  for (guint i = 0; i < allocation->dynamic_ports->len; i++)
    json_array_add_int_element (ports, g_array_index (allocation->dynamic_ports, guint16, i));
  json_object_set_array_member (object, "dynamic_ports", ports);
  if (allocation->termination != NULL)
    json_object_set_member (object, "termination", json_node_copy (allocation->termination));
  if (allocation->reason != NULL)
    json_object_set_string_member (object, "reason", allocation->reason);
  return object;
}

JsonNode *
dms_deployment_dup_view (DmsDeployment *self)
{
  JsonObject *view = json_object_new ();
  JsonObject *snapshot = json_object_new ();
  JsonObject *candidates = json_object_new ();
  JsonObject *states = json_object_new ();
  JsonArray *touched = json_array_new ();
  JsonArray *replaced = json_array_new ();
  JsonArray *promoted = json_array_new ();
  JsonArray *answered = json_array_new ();
  JsonArray *unreleased = json_array_new ();
  JsonNode *change = dms_deployment_dup_change (self);
  g_autoptr (DmsManifest) manifest = dms_deployment_dup_manifest (self);

  json_object_set_string_member (view, "OrchestratorID", self->id);
  json_object_set_member (view, "Cfg", json_node_ref (self->ensemble_json));
  json_object_set_member (view, "Manifest", dms_manifest_to_json (manifest));
  json_object_set_int_member (view, "Status", (gint64) self->status);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->bid != NULL)
        json_object_set_member (candidates, node->name, dms_bid_to_json (node->bid));
      if (node->touched)
        json_array_add_string_element (touched, node->name);
      if (node->replaced)
        json_array_add_string_element (replaced, node->name);
      if (node->primary != NULL && !node->standby)
        json_array_add_string_element (promoted, node->name);
      if (node->answered || (node->watch != 0 && dms_heartbeats_does_answer (self->heartbeats, node->watch)))
        json_array_add_string_element (answered, node->name);
      if (node->unreleased)
        json_array_add_string_element (unreleased, node->name);
    }
  json_object_set_object_member (snapshot, "Candidates", candidates);
  json_object_set_int_member (snapshot, "Expiry", (gint64) self->expiry_ns);
  json_object_set_int_member (snapshot, "Round", (gint64) self->round);
  json_object_set_int_member (snapshot, "Number", (gint64) self->number);
  json_object_set_int_member (snapshot, "LeaseEndUs", dms_deployment_get_last_lease_end_us (self));
  json_object_set_boolean_member (snapshot, "Failing", self->failing);
  json_object_set_array_member (snapshot, "Touched", touched);
  json_object_set_array_member (snapshot, "Retired", replaced);
  json_object_set_array_member (snapshot, "Promoted", promoted);
  json_object_set_array_member (snapshot, "Answered", answered);
  json_object_set_array_member (snapshot, "Unreleased", unreleased);
  json_object_set_object_member (view, "DeploymentSnapshot", snapshot);
  if (change != NULL)
    json_object_set_member (view, "Update", change);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      json_object_set_object_member (states, allocation->key, make_state (allocation));
    }
  json_object_set_object_member (view, "Allocations", states);
  if (self->workflow != NULL)
    json_object_set_member (view, "Workflow", dms_workflow_to_json (self->workflow));
  json_object_set_object_member (view, "AllocationInfo", dms_deployment_dup_allocation_info (self));
  json_object_set_member (view, "Why", dms_deployment_dup_why (self));
  return take_object (view);
}

static const char *
intern_status (const char *text)
{
  static const char *const known[] = { "running",   "restarting", "stopped", "failed",
                                       "completed", "terminated", "standby" };

  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (known); i++)
    {
      if (strcmp (known[i], text) == 0)
        return known[i];
    }
  return "pending";
}

static gboolean
read_state (DeployAllocation *allocation, JsonObject *state, GError **error)
{
  JsonNode *handle = dms_json_object_get_member (state, "handle");
  JsonNode *termination = dms_json_object_get_member (state, "termination");
  JsonArray *ports = dms_json_object_get_list (state, "dynamic_ports");

  allocation->status = intern_status (dms_json_object_get_text (state, "status"));
  allocation->started = dms_json_object_get_flag (state, "started");
  allocation->ended = dms_json_object_get_flag (state, "ended");
  allocation->settled = dms_json_object_get_flag (state, "settled");
  allocation->logs_settled = dms_json_object_get_flag (state, "logs_settled");
  allocation->given_up = dms_json_object_get_flag (state, "given_up");
  allocation->n_restarts = (guint) dms_json_object_get_whole (state, "restarts", 0, G_MAXINT32, 0);
  allocation->reason = g_strdup (dms_json_object_get_text (state, "reason"));
  if (termination != NULL)
    allocation->termination = json_node_copy (termination);
  for (guint i = 0; ports != NULL && i < json_array_get_length (ports); i++)
    {
      JsonNode *item = json_array_get_element (ports, i);
      guint16 port = json_node_get_value_type (item) == G_TYPE_INT64 ? (guint16) json_node_get_int (item) : 0;

      g_array_append_val (allocation->dynamic_ports, port);
    }
  if (handle == NULL)
    return TRUE;
  allocation->handle = dms_handle_new_from_json (handle, error);
  return allocation->handle != NULL;
}

static gboolean
is_listed (JsonObject *snapshot, const char *list, const char *name)
{
  g_auto (GStrv) names = dms_json_object_dup_texts (snapshot, list);

  return names != NULL && g_strv_contains ((const char *const *) names, name);
}

static gboolean
read_node (DeployNode *node, JsonObject *snapshot, GError **error)
{
  JsonObject *candidates = dms_json_object_get_child (snapshot, "Candidates");
  JsonNode *bid = candidates == NULL ? NULL : json_object_get_member (candidates, node->name);

  node->touched = is_listed (snapshot, "Touched", node->name);
  node->replaced = is_listed (snapshot, "Retired", node->name);
  node->answered = is_listed (snapshot, "Answered", node->name);
  node->unreleased = is_listed (snapshot, "Unreleased", node->name);
  node->standby = node->standby && !is_listed (snapshot, "Promoted", node->name);
  if (bid == NULL)
    return TRUE;
  node->bid = dms_bid_new_from_json (bid, error);
  return node->bid != NULL;
}

gboolean
dms_deployment_read_view (DmsDeployment *self, JsonObject *view, GError **error)
{
  JsonObject *snapshot = dms_json_object_get_child (view, "DeploymentSnapshot");
  JsonObject *states = dms_json_object_get_child (view, "Allocations");
  g_autoptr (GError) local = NULL;
  gboolean good = TRUE;

  self->expiry_ns = (guint64) dms_json_object_get_whole (snapshot, "Expiry", 0, G_MAXINT64, 0);
  dms_deployment_restore_leases (self, dms_json_object_get_whole (snapshot, "LeaseEndUs", 0, G_MAXINT64, 0));
  /* Machines do not answer the same question again. */
  self->failing = dms_json_object_get_flag (snapshot, "Failing");
  self->round = MAX (self->round, (guint64) dms_json_object_get_whole (snapshot, "Round", 0, G_MAXINT64, 0));
  self->number =
      MAX (self->number, (guint64) dms_json_object_get_whole (snapshot, "Number", 0, G_MAXINT64, 0));
  dms_refusal_book_read (self->why, dms_json_object_get_member (view, "Why"));
  for (guint i = 0; good && i < self->nodes->len; i++)
    good = read_node (self->nodes->pdata[i], snapshot, &local);
  for (guint i = 0; good && i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];
      JsonNode *state = states == NULL ? NULL : json_object_get_member (states, allocation->key);

      good = read_state (allocation, dms_json_node_get_child (state), &local);
    }
  if (good && self->workflow != NULL)
    good = dms_workflow_load (self->workflow, dms_json_object_get_child (view, "Workflow"), &local);
  good = good && dms_deployment_read_change (self, dms_json_object_get_member (view, "Update"), &local);
  if (!good)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_CORRUPT,
                 "the record of deployment %s is damaged: %s",
                 self->id,
                 local->message);
  return good;
}

/* Statistics */

enum
{
  USAGE_SECONDS = 10
};

typedef struct
{
  JsonObject *all;
  guint n_pending;
} UsageQuery;

typedef struct
{
  GTask *task;
  char *allocation_id;
} UsageCall;

static void
usage_query_free (gpointer data)
{
  UsageQuery *query = data;

  json_object_unref (query->all);
  g_free (query);
}

static void
usage_query_settle (GTask *task)
{
  UsageQuery *query = g_task_get_task_data (task);

  if (query->n_pending == 0)
    g_task_return_pointer (task, json_object_ref (query->all), (GDestroyNotify) json_object_unref);
}

static void
on_usage (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree UsageCall *call = user_data;
  g_autoptr (GTask) task = call->task;
  g_autofree char *id = call->allocation_id;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  JsonNode *stats = dms_json_object_get_member (reply, "stats");
  UsageQuery *query = g_task_get_task_data (task);

  if (stats != NULL)
    json_object_set_member (query->all, id, json_node_copy (stats));
  query->n_pending--;
  usage_query_settle (task);
}

void
dms_deployment_query_usage_async (DmsDeployment *self,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (JsonNode) payload = take_object (json_object_new ());
  UsageQuery *query = g_new0 (UsageQuery, 1);

  g_task_set_source_tag (task, dms_deployment_query_usage_async);
  query->all = json_object_new ();
  g_task_set_task_data (task, query, usage_query_free);
  for (guint i = 0; self->attached && i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];
      UsageCall *call;

      if (allocation->handle == NULL || allocation->ended || !allocation->started)
        continue;
      call = g_new0 (UsageCall, 1);
      call->task = g_object_ref (task);
      call->allocation_id = g_strdup (allocation->id);
      query->n_pending++;
      dms_actor_invoke_async (self->actor,
                              allocation->handle,
                              "/dms/allocation/stats",
                              payload,
                              dms_deployment_expiry_in (USAGE_SECONDS),
                              cancellable,
                              on_usage,
                              call);
    }
  usage_query_settle (task);
}

JsonObject *
dms_deployment_query_usage_finish (DmsDeployment *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
