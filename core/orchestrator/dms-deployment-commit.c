/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "common/dms-json-object.h"
#include "jobs/dms-contract-ref.h"
#include "jobs/dms-port-config.h"
#include "observability/dms-log.h"

#include <string.h>

/* The second part of a deployment: what the chosen machines offered is reserved, then turned into allocations
 * (orchestration.md 3.4). Both are taken back together when one machine cannot (3.4, 5). */

#define COMMIT_BEHAVIOUR   "/dms/deployment/commit"
#define ALLOCATE_BEHAVIOUR "/dms/deployment/allocate"
#define REVERT_BEHAVIOUR   "/dms/deployment/revert"

static void allocate (DmsDeployment *self);

static void
invoke (DmsDeployment *self,
        DeployNode *node,
        DeployAllocation *allocation,
        const char *behaviour,
        JsonObject *object,
        guint seconds,
        GAsyncReadyCallback callback)
{
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (payload, object);
  self->n_pending++;
  dms_actor_invoke_async (self->actor,
                          dms_bid_get_handle (node->bid),
                          behaviour,
                          payload,
                          dms_deployment_expiry_in (seconds),
                          self->step_cancellable,
                          callback,
                          dms_deployment_call_new (self, node, allocation));
}

static JsonObject *
make_commit (DmsDeployment *self, DeployAllocation *allocation)
{
  g_autoptr (JsonNode) resources =
      dms_resources_to_json (dms_allocation_config_get_resources (allocation->config));
  const char *name = dms_allocation_config_get_name (allocation->config);
  GPtrArray *ports = dms_node_config_get_ports (allocation->node->config);
  JsonObject *object = json_object_new ();
  JsonObject *mapping = json_object_new ();
  guint n_dynamic = 0;

  for (guint i = 0; i < ports->len; i++)
    {
      DmsPortConfig *port = ports->pdata[i];
      g_autofree char *public_port = g_strdup_printf ("%u", dms_port_config_get_public (port));

      if (strcmp (dms_port_config_get_allocation (port), name) != 0)
        continue;
      if (dms_port_config_get_public (port) == 0)
        n_dynamic++;
      else
        json_object_set_int_member (mapping, public_port, dms_port_config_get_private (port));
    }
  json_object_set_string_member (json_node_get_object (resources), "allocationID", allocation->id);
  json_object_set_string_member (object, "EnsembleID", self->id);
  json_object_set_string_member (object, "AllocationName", allocation->id);
  json_object_set_string_member (object, "NodeID", allocation->node->name);
  json_object_set_member (object, "Resources", g_steal_pointer (&resources));
  json_object_set_object_member (object, "PortMapping", mapping);
  json_object_set_int_member (object, "NumDynamicPorts", n_dynamic);
  json_object_set_int_member (object, "Nonce", (gint64) self->round);
  return object;
}

/* One for each `public: 0` of the allocation, in their order. */
static void
take_ports (DeployAllocation *allocation, JsonObject *reply)
{
  JsonArray *list = dms_json_object_get_list (reply, "DynamicPorts");

  g_array_set_size (allocation->dynamic_ports, 0);
  for (guint i = 0; list != NULL && i < MIN (json_array_get_length (list), 1024); i++)
    {
      JsonNode *item = json_array_get_element (list, i);
      gint64 number = json_node_get_value_type (item) == G_TYPE_INT64 ? json_node_get_int (item) : 0;
      guint16 port = number > 0 && number <= G_MAXUINT16 ? (guint16) number : 0;

      if (port > 0)
        g_array_append_val (allocation->dynamic_ports, port);
    }
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_call_is_current (call))
    return;
  if (dms_deployment_reply_is_ok (reply, &text))
    take_ports (call->allocation, reply);
  else
    dms_deployment_note_error (self, call->allocation->key, text);
  if (--self->n_pending > 0)
    return;
  if (self->step_error == NULL)
    {
      allocate (self);
      return;
    }
  g_free (text);
  text = g_strdup_printf ("reserving resources for %s", self->step_error);
  dms_deployment_retry (self, text);
}

static void
reserve (DmsDeployment *self)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (allocation->settled)
        continue;
      invoke (self,
              allocation->node,
              allocation,
              COMMIT_BEHAVIOUR,
              make_commit (self, allocation),
              MAX (DMS_DEPLOYMENT_COMMIT_SECONDS * self->allocations->len, 5),
              on_committed);
    }
}

void
dms_deployment_commit (DmsDeployment *self)
{
  if (self->planning)
    {
      dms_deployment_end_plan (self, NULL);
      return;
    }
  dms_deployment_next_step (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      node->touched = node->touched || dms_deployment_node_is_open (node);
    }
  /* Stored with the candidates before any of them is asked: a restart knows whom to tell. */
  if (self->change == NULL)
    dms_deployment_set_status (self, DMS_DEPLOYMENT_COMMITTING);
  else
    dms_deployment_save (self);
  dms_deployment_grant_all (self);
  dms_deployment_choose_witness (self);
  dms_deployment_when_safe (self, reserve);
}

static JsonObject *
make_contracts (DmsDeployment *self)
{
  GPtrArray *contracts = dms_ensemble_get_contracts (self->ensemble);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < contracts->len; i++)
    json_object_set_member (object,
                            dms_contract_ref_get_name (contracts->pdata[i]),
                            dms_contract_ref_to_json (contracts->pdata[i]));
  return object;
}

static void
add_scripts (DmsDeployment *self, DeployAllocation *allocation, JsonObject *config)
{
  const char *const *names = dms_allocation_config_get_provision (allocation->config);
  JsonObject *scripts = json_object_new ();
  JsonArray *order = json_array_new ();

  for (guint i = 0; names[i] != NULL; i++)
    {
      GBytes *content = dms_ensemble_get_script (self->ensemble, names[i]);
      gsize size = 0;
      const guint8 *data = content == NULL ? NULL : g_bytes_get_data (content, &size);
      g_autofree char *base64 = g_base64_encode (size > 0 ? data : (const guint8 *) "", size);

      json_object_set_string_member (scripts, names[i], base64);
      json_array_add_string_element (order, names[i]);
    }
  json_object_set_object_member (config, "ProvisionScripts", scripts);
  json_object_set_array_member (config, "Provision", order);
}

static JsonObject *
make_allocation_config (DmsDeployment *self, DeployAllocation *allocation)
{
  JsonObject *config = json_object_new ();
  g_autofree char *founder = dms_deployment_dup_founder (self);

  if (founder != NULL)
    json_object_set_string_member (config, "OnBehalfOf", founder);
  json_object_set_string_member (config, "Type", dms_allocation_config_get_type_name (allocation->config));
  json_object_set_string_member (config, "Executor", dms_allocation_config_get_executor (allocation->config));
  json_object_set_member (
      config, "Resources", dms_resources_to_json (dms_allocation_config_get_resources (allocation->config)));
  json_object_set_member (config, "Execution", dms_allocation_config_execution_to_json (allocation->config));
  add_scripts (self, allocation, config);
  json_object_set_member (config, "Keys", dms_allocation_config_keys_to_json (allocation->config));
  json_object_set_member (config, "Volume", dms_allocation_config_volumes_to_json (allocation->config));
  json_object_set_object_member (config, "Contracts", make_contracts (self));
  if (dms_deployment_workflow_owns (allocation))
    json_object_set_boolean_member (config, "Workflow", TRUE);
  if (dms_allocation_config_get_children (allocation->config) != NULL)
    json_object_set_boolean_member (config, "Children", TRUE);
  return config;
}

static gboolean
take_handles (DeployNode *node, JsonObject *reply, char **text)
{
  JsonObject *handles = dms_json_object_get_child (reply, "Allocations");

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      JsonNode *json = handles == NULL ? NULL : json_object_get_member (handles, allocation->id);
      g_autoptr (GError) error = NULL;
      DmsHandle *handle;

      if (allocation->settled)
        continue;
      if (json == NULL && handles != NULL)
        json = json_object_get_member (handles, allocation->key);
      handle = json == NULL ? NULL : dms_handle_new_from_json (json, &error);
      if (handle == NULL)
        {
          *text = g_strdup_printf ("the machine gave no handle for %s", allocation->key);
          return FALSE;
        }
      g_clear_pointer (&allocation->handle, dms_handle_unref);
      allocation->handle = handle;
    }
  return TRUE;
}

static void
on_allocated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_call_is_current (call))
    return;
  if (!dms_deployment_reply_is_ok (reply, &text) || !take_handles (call->node, reply, &text))
    dms_deployment_note_error (self, call->node->name, text);
  if (--self->n_pending > 0)
    return;
  if (self->step_error == NULL)
    {
      dms_deployment_tell_roll (self, dms_deployment_provision);
      return;
    }
  g_free (text);
  text = g_strdup_printf ("making the allocations of node %s", self->step_error);
  dms_deployment_retry (self, text);
}

static void
allocate (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      JsonObject *object;
      JsonObject *configs;

      if (!dms_deployment_node_is_open (node))
        continue;
      object = json_object_new ();
      configs = json_object_new ();
      for (guint j = 0; j < node->allocations->len; j++)
        {
          DeployAllocation *allocation = node->allocations->pdata[j];

          if (allocation->settled)
            continue;
          json_object_set_object_member (configs, allocation->id, make_allocation_config (self, allocation));
        }
      json_object_set_string_member (object, "EnsembleID", self->id);
      json_object_set_string_member (object, "NodeID", node->name);
      json_object_set_object_member (object, "Allocations", configs);
      json_object_set_int_member (object, "Nonce", (gint64) self->round);
      dms_deployment_add_roll (self, object);
      invoke (self,
              node,
              NULL,
              ALLOCATE_BEHAVIOUR,
              object,
              MAX (DMS_DEPLOYMENT_ALLOCATE_SECONDS * self->allocations->len, 10),
              on_allocated);
    }
}

/* Taking back */

typedef struct
{
  DeployCall *call;
  void (*done) (DmsDeployment *self);
} Revert;

void
dms_deployment_forget_node (DeployNode *node)
{
  node->touched = FALSE;
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (allocation->settled)
        {
          node->touched = node->touched || !allocation->ended;
          continue;
        }
      dms_deployment_unwatch (allocation);
      allocation->repairing = FALSE;
      allocation->given_up = FALSE;
      g_clear_pointer (&allocation->handle, dms_handle_unref);
      g_clear_pointer (&allocation->termination, json_node_unref);
      g_clear_pointer (&allocation->reason, g_free);
      g_array_set_size (allocation->dynamic_ports, 0);
      allocation->started = FALSE;
      allocation->ended = FALSE;
      allocation->releasing = FALSE;
      allocation->logs_settled = FALSE;
      dms_deployment_drop_fetch (allocation);
      allocation->status = "pending";
    }
}

static void
on_reverted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Revert *revert = user_data;
  g_autoptr (DeployCall) call = revert->call;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_call_is_current (call))
    return;
  if (!dms_deployment_reply_is_ok (reply, &text))
    {
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "revert_failed",
                     "orchestratorID",
                     self->id,
                     "node",
                     call->node->name,
                     "error",
                     text,
                     NULL);
      dms_deployment_leave_behind (self, call->node);
    }
  dms_deployment_forget_node (call->node);
  if (--self->n_pending == 0)
    revert->done (self);
}

JsonNode *
dms_deployment_make_revert (DeployNode *node)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *names = json_array_new ();

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (!allocation->settled)
        json_array_add_string_element (names, allocation->id);
    }
  json_object_set_string_member (object, "EnsembleID", node->deployment->id);
  json_object_set_array_member (object, "AllocsByName", names);
  json_object_set_int_member (object, "Nonce", (gint64) node->deployment->round);
  json_node_take_object (payload, object);
  return payload;
}

void
dms_deployment_revert (DmsDeployment *self, void (*done) (DmsDeployment *self))
{
  dms_deployment_next_step (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      g_autoptr (JsonNode) payload = NULL;
      Revert *revert;

      if (!node->touched || node->bid == NULL || !dms_deployment_node_is_open (node))
        continue;
      if (node->is_lost)
        {
          dms_deployment_leave_behind (self, node);
          dms_deployment_forget_node (node);
          continue;
        }
      payload = dms_deployment_make_revert (node);
      revert = g_new0 (Revert, 1);
      revert->call = dms_deployment_call_new (self, node, NULL);
      revert->done = done;
      self->n_pending++;
      dms_actor_invoke_async (self->actor,
                              dms_bid_get_handle (node->bid),
                              REVERT_BEHAVIOUR,
                              payload,
                              dms_deployment_expiry_in (DMS_DEPLOYMENT_REVERT_SECONDS),
                              self->step_cancellable,
                              on_reverted,
                              revert);
    }
  if (self->n_pending == 0)
    done (self);
}
