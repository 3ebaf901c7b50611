/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"
#include "jobs/dms-port-config.h"
#include "observability/dms-log.h"

#include <string.h>

/* The third part of a deployment: the allocations are started, layer by layer, and then watched until they
 * end (orchestration.md 3.6, 8; behaviors.md 5-7). */

enum
{
  GRANT_SECONDS = 3600,
  GRANT_AGAIN_SECONDS = 1800,
  MIN_PROBE_MS = 100,
  MAX_STRIKES = 3,
};

#define START_BEHAVIOUR    "/dms/allocation/start"
#define REGISTER_BEHAVIOUR "/dms/actor/healthcheck/register"
#define PROBE_BEHAVIOUR    "/dms/actor/healthcheck"

static void start_layer (DmsDeployment *self);

/* About an allocation that runs, whatever else happens to the deployment. */
static void
invoke (DmsDeployment *self,
        DeployAllocation *allocation,
        const char *behaviour,
        JsonObject *object,
        guint seconds,
        GAsyncReadyCallback callback)
{
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          allocation->handle,
                          behaviour,
                          payload,
                          dms_deployment_expiry_in (seconds),
                          self->steady,
                          callback,
                          dms_deployment_call_new_steady (self, allocation));
}

/* What the machines may say to us */

static void
grant_to_machines (DmsDeployment *self)
{
  g_autofree char *namespace = g_strdup_printf ("/dms/orchestrator/%s", self->id);
  const char *capabilities[] = { namespace, NULL };

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      g_autoptr (GBytes) tokens = NULL;
      g_autoptr (GError) error = NULL;

      if (node->bid == NULL)
        continue;
      tokens = dms_actor_grant (self->actor,
                                self->id,
                                dms_handle_get_did (dms_bid_get_handle (node->bid)),
                                capabilities,
                                dms_deployment_expiry_in (GRANT_SECONDS),
                                &error);
      if (tokens == NULL)
        dms_deployment_log (self, G_LOG_LEVEL_WARNING, "grant_failed", NULL, error->message);
    }
}

static gboolean
on_grant_timer (gpointer user_data)
{
  grant_to_machines (user_data);
  return G_SOURCE_CONTINUE;
}

void
dms_deployment_grant_all (DmsDeployment *self)
{
  grant_to_machines (self);
  if (self->grant_timer == 0)
    self->grant_timer = g_timeout_add_seconds (GRANT_AGAIN_SECONDS, on_grant_timer, self);
}

/* Starting */

JsonObject *
dms_deployment_make_start (DeployAllocation *allocation)
{
  const char *name = dms_allocation_config_get_name (allocation->config);
  GPtrArray *ports = dms_node_config_get_ports (allocation->node->config);
  JsonObject *object = json_object_new ();
  JsonObject *mapping = json_object_new ();
  guint next = 0;

  for (guint i = 0; i < ports->len; i++)
    {
      guint16 port = dms_port_config_get_public (ports->pdata[i]);
      g_autofree char *text = NULL;

      if (strcmp (dms_port_config_get_allocation (ports->pdata[i]), name) != 0)
        continue;
      if (port == 0 && next < allocation->dynamic_ports->len)
        port = g_array_index (allocation->dynamic_ports, guint16, next++);
      if (port == 0)
        continue;
      text = g_strdup_printf ("%u", port);
      json_object_set_int_member (mapping, text, dms_port_config_get_private (ports->pdata[i]));
    }
  json_object_set_string_member (object, "SubnetIP", "");
  json_object_set_string_member (object, "GatewayIP", "");
  json_object_set_object_member (object, "PortMapping", mapping);
  json_object_set_int_member (object, "Nonce", (gint64) allocation->deployment->round);
  return object;
}

static gboolean
is_waited_for (DmsDeployment *self, DeployAllocation *allocation)
{
  return dms_allocation_config_get_health_check (allocation->config) != NULL &&
         dms_deployment_has_dependants (self, allocation);
}

void
dms_deployment_start_settled (DeployAllocation *allocation, const char *error)
{
  DmsDeployment *self = allocation->deployment;
  g_autofree char *text = NULL;

  if (error != NULL)
    dms_deployment_note_error (self, allocation->key, error);
  if (--self->n_pending > 0)
    return;
  if (self->step_error == NULL)
    {
      self->layer++;
      start_layer (self);
      return;
    }
  text = g_strdup_printf ("starting %s", self->step_error);
  dms_deployment_retry (self, text);
}

static void
note_started (DeployAllocation *allocation)
{
  DmsDeployment *self = allocation->deployment;

  allocation->started = TRUE;
  if (!allocation->ended)
    allocation->status = "running";
  if (!is_waited_for (self, allocation))
    {
      dms_deployment_start_settled (allocation, NULL);
      return;
    }
  dms_deployment_save (self);
  dms_deployment_await_health (allocation);
}

static void
on_started (DeployAllocation *allocation, JsonObject *reply, const char *text, gpointer user_data)
{
  if (allocation->retired)
    return;
  if (text == NULL)
    note_started (allocation);
  else
    dms_deployment_start_settled (allocation, text);
}

static void
start (DmsDeployment *self, DeployAllocation *allocation)
{
  /* Before a restart of this node. */
  if (allocation->started)
    {
      if (!is_waited_for (self, allocation))
        return;
      self->n_pending++;
      dms_deployment_await_health (allocation);
      return;
    }
  self->n_pending++;
  dms_deployment_ask (allocation,
                      START_BEHAVIOUR,
                      dms_deployment_make_start (allocation),
                      DMS_DEPLOYMENT_START_SECONDS,
                      DEPLOY_ASK_UNTIL_GOOD,
                      self->step_cancellable,
                      on_started,
                      NULL,
                      NULL);
}

static gboolean
is_to_start (DmsDeployment *self, DeployAllocation *allocation)
{
  return allocation->layer == self->layer && !allocation->ended && !allocation->settled &&
         !dms_deployment_workflow_owns (allocation) && dms_deployment_counts (allocation);
}

static gboolean
on_fence_over (gpointer user_data)
{
  DmsDeployment *self = user_data;

  self->timer = 0;
  start_layer (self);
  return G_SOURCE_REMOVE;
}

/* Whether a machine of an earlier attempt may still run what would be started now, and must not run twice. */
static gboolean
waits_for_fence (DmsDeployment *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 until_us = 0;

  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (is_to_start (self, allocation) && !allocation->started)
        until_us = MAX (until_us, dms_deployment_get_fence_us (allocation));
    }
  if (until_us <= now_us)
    return FALSE;
  dms_log_event (G_LOG_LEVEL_INFO, "start_awaits_lease", "orchestratorID", self->id, NULL);
  self->timer = g_timeout_add ((guint) ((until_us - now_us) / 1000 + 1), on_fence_over, self);
  return TRUE;
}

static void
start_layer (DmsDeployment *self)
{
  guint last = 0;

  dms_deployment_next_step (self);
  for (guint i = 0; i < self->allocations->len; i++)
    last = MAX (last, ((DeployAllocation *) self->allocations->pdata[i])->layer);
  /* The change of state before the first layer and after the last is stored with it. */
  if (self->layer > 0 && self->layer <= last)
    dms_deployment_save (self);
  while (self->layer <= last && self->n_pending == 0)
    {
      if (waits_for_fence (self))
        return;
      for (guint i = 0; i < self->allocations->len; i++)
        {
          DeployAllocation *allocation = self->allocations->pdata[i];

          if (is_to_start (self, allocation))
            start (self, allocation);
        }
      if (self->n_pending == 0)
        self->layer++;
    }
  if (self->n_pending == 0)
    dms_deployment_run (self);
}

void
dms_deployment_provision (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (allocation->handle == NULL && !allocation->settled)
        {
          dms_deployment_retry (self, "a machine's answer was lost");
          return;
        }
    }
  self->layer = 0;
  if (self->change == NULL)
    dms_deployment_set_status (self, DMS_DEPLOYMENT_PROVISIONING);
  else
    dms_deployment_save (self);
  start_layer (self);
}

void
dms_deployment_run (DmsDeployment *self)
{
  DeployChange *change = dms_deployment_steal_change (self);
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  dms_deployment_next_step (self);
  g_clear_pointer (&self->error, g_free);
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (!allocation->settled)
        g_ptr_array_add (fresh, allocation);
      allocation->settled = TRUE;
    }
  dms_deployment_set_status (self, DMS_DEPLOYMENT_RUNNING);
  for (guint i = 0; i < fresh->len; i++)
    {
      DeployAllocation *allocation = fresh->pdata[i];

      if (allocation->node->standby)
        allocation->status = "standby";
      else if (!allocation->ended)
        dms_deployment_watch (self, allocation);
      else if (!allocation->logs_settled && allocation->fetch == NULL)
        dms_deployment_fetch_logs (self, allocation);
    }
  if (change != NULL)
    dms_deployment_workflow_resume (self);
  for (guint i = 0; change != NULL && i < fresh->len; i++)
    dms_deployment_workflow_give_up (self, fresh->pdata[i], "its machine was given up");
  if (change != NULL)
    dms_deployment_finish_change (self, change);
  dms_deployment_workflow_run (self);
  dms_deployment_supervision_begin (self);
  dms_deployment_check_completion (self);
}

/* Logs */

static void
settle_logs (DeployAllocation *allocation)
{
  allocation->logs_settled = TRUE;
  if (!allocation->deployment->attached)
    return;
  dms_deployment_check_completion (allocation->deployment);
  dms_deployment_logs_settled (allocation->deployment);
}

static void
on_logs_fetched (DmsLogFetch *fetch, gpointer user_data)
{
  DeployAllocation *allocation = user_data;
  g_autoptr (DmsDeployment) kept = g_object_ref (allocation->deployment);

  if (dms_log_fetch_get_state (fetch) == DMS_LOG_FETCH_FAILED)
    dms_deployment_log (allocation->deployment,
                        G_LOG_LEVEL_WARNING,
                        "logs_not_fetched",
                        allocation,
                        dms_log_fetch_get_error (fetch));
  settle_logs (allocation);
}

void
dms_deployment_drop_fetch (DeployAllocation *allocation)
{
  if (allocation->fetch != NULL)
    {
      g_signal_handlers_disconnect_by_data (allocation->fetch, allocation);
      dms_log_fetch_stop (allocation->fetch);
    }
  g_clear_object (&allocation->fetch);
}

void
dms_deployment_fetch_logs (DmsDeployment *self, DeployAllocation *allocation)
{
  g_autofree char *directory =
      g_build_filename (self->work_dir, "deployments", self->id, allocation->key, NULL);
  g_autoptr (GError) error = NULL;

  dms_deployment_drop_fetch (allocation);
  if (allocation->node->bid == NULL)
    {
      allocation->logs_settled = TRUE;
      return;
    }
  allocation->fetch = dms_log_fetch_new (
      self->actor, dms_bid_get_handle (allocation->node->bid), self->id, allocation->id, directory, FALSE, 0);
  g_signal_connect (allocation->fetch, "ended", G_CALLBACK (on_logs_fetched), allocation);
  if (allocation->small_logs != NULL)
    dms_log_fetch_offer (allocation->fetch, allocation->small_logs);
  g_clear_pointer (&allocation->small_logs, json_object_unref);
  if (dms_log_fetch_start (allocation->fetch, &error))
    return;
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "logs_not_fetched", allocation, error->message);
  allocation->logs_settled = TRUE;
}

/* Ends */

void
dms_deployment_check_completion (DmsDeployment *self)
{
  g_autoptr (GString) reasons = g_string_new (NULL);

  if (self->status != DMS_DEPLOYMENT_RUNNING || self->over || dms_deployment_supervision_is_busy (self))
    return;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (!dms_deployment_counts (allocation))
        continue;
      if (!allocation->ended || !allocation->logs_settled)
        return;
      if (strcmp (allocation->status, "failed") == 0)
        g_string_append_printf (reasons,
                                "%s%s: %s",
                                reasons->len > 0 ? "; " : "",
                                allocation->key,
                                allocation->reason != NULL ? allocation->reason : "it failed");
    }
  if (reasons->len > 0)
    {
      g_free (self->error);
      self->error = g_strdup (reasons->str);
    }
  dms_deployment_finish_all (self, reasons->len > 0 ? DMS_DEPLOYMENT_FAILED : DMS_DEPLOYMENT_COMPLETED);
}

DeployAllocation *
dms_deployment_find_reporter (DmsDeployment *self, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);
  const char *id = dms_json_object_get_text (payload, "allocation_id");
  DmsDid *sender = dms_message_get_sender_did (message);

  if (id == NULL)
    id = dms_json_object_get_text (payload, "AllocationID");
  for (guint i = 0; id != NULL && i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (strcmp (allocation->id, id) != 0 && strcmp (allocation->key, id) != 0)
        continue;
      /* A machine of this ensemble may speak for its own allocations only. */
      if (allocation->node->bid == NULL ||
          !dms_did_equal (dms_handle_get_did (dms_bid_get_handle (allocation->node->bid)), sender))
        return NULL;
      dms_deployment_supervision_heard (self, allocation->node);
      return allocation;
    }
  return NULL;
}

static void
acknowledge (DmsMessage *message, const char *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, reply);
}

static const char *
known_status (const char *text)
{
  static const char *const known[] = { "pending", "running",   "restarting", "stopped",
                                       "failed",  "completed", "terminated", "standby" };

  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (known); i++)
    {
      if (strcmp (text, known[i]) == 0)
        return known[i];
    }
  return NULL;
}

static gboolean
is_final (const char *status)
{
  return strcmp (status, "failed") == 0 || strcmp (status, "completed") == 0 ||
         strcmp (status, "terminated") == 0;
}

/* What a person needs to know about a failure, in one line. */
static char *
describe_failure (JsonObject *payload)
{
  JsonObject *result = dms_json_object_get_child (payload, "result");
  JsonObject *error = dms_json_object_get_child (payload, "error");
  const char *message = dms_json_object_get_text (result, "message");
  const char *text = dms_json_object_get_text (error, "err");
  gint64 exit_code = dms_json_object_get_whole (result, "exit_code", G_MININT32, G_MAXINT32, 0);

  if (exit_code == 0)
    exit_code = dms_json_object_get_whole (error, "exit_code", G_MININT32, G_MAXINT32, 0);
  if (message != NULL && *message != '\0')
    return g_utf8_make_valid (message, (gssize) strnlen (message, 1000));
  if (text != NULL && *text != '\0')
    return g_utf8_make_valid (text, (gssize) strnlen (text, 1000));
  if (dms_json_object_get_flag (error, "killed"))
    return g_strdup ("it was killed");
  return g_strdup_printf ("it ended with exit code %" G_GINT64_FORMAT, exit_code);
}

/* Only what is of use later: full logs do not belong into the record. */
static JsonNode *
keep_termination (JsonObject *payload)
{
  static const char *const kept[] = { "status", "error", "result" };
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      JsonNode *member = dms_json_object_get_member (payload, kept[i]);
      g_autofree char *text = member == NULL ? NULL : dms_json_node_to_text (member);

      if (text != NULL && strlen (text) < 64 * 1024)
        json_object_set_member (object, kept[i], json_node_copy (member));
    }
  json_node_take_object (node, object);
  return node;
}

static void
take_end (DmsDeployment *self, DeployAllocation *allocation, const char *status, JsonObject *payload)
{
  allocation->ended = TRUE;
  allocation->started = TRUE;
  allocation->logs_settled = FALSE;
  allocation->status = status;
  g_clear_pointer (&allocation->termination, json_node_unref);
  allocation->termination = keep_termination (payload);
  g_clear_pointer (&allocation->small_logs, json_object_unref);
  allocation->small_logs = dms_json_object_get_child (payload, "logs");
  if (allocation->small_logs != NULL)
    json_object_ref (allocation->small_logs);
  g_clear_pointer (&allocation->reason, g_free);
  if (strcmp (status, "failed") == 0)
    allocation->reason = describe_failure (payload);
  dms_deployment_unwatch (allocation);
  dms_deployment_log (self, G_LOG_LEVEL_INFO, "allocation_ended", allocation, allocation->reason);
}

static void
handle_termination (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (DmsDeployment) self = g_object_ref (user_data);
  JsonObject *payload = dms_message_get_object (message);
  DeployAllocation *allocation = dms_deployment_find_reporter (self, message);
  const char *status = known_status (dms_json_object_get_text (payload, "status"));
  gboolean is_new;

  if (allocation == NULL)
    {
      acknowledge (message, "this deployment has no such allocation on your machine");
      return;
    }
  /* Late news of an attempt that was taken back. */
  if (allocation->handle == NULL)
    {
      acknowledge (message, NULL);
      return;
    }
  if (dms_deployment_workflow_owns (allocation))
    {
      if (dms_deployment_workflow_take_end (self, allocation, payload))
        dms_deployment_acknowledge (self, message);
      return;
    }
  if (status == NULL || !is_final (status))
    status = dms_json_object_get_child (payload, "error") != NULL ? "failed" : "completed";
  /* It is about to be started anew. Should that have ended already, it will be said again. */
  if (allocation->repairing)
    return;
  if (allocation->node->replaced)
    {
      acknowledge (message, NULL);
      return;
    }
  is_new = !allocation->ended;
  if (is_new)
    take_end (self, allocation, status, payload);
  /* Acknowledged only once it is stored: until then the machine says it again. */
  if (!dms_deployment_save (self))
    {
      allocation->ended = allocation->ended && !is_new;
      return;
    }
  dms_deployment_acknowledge (self, message);
  if (is_new)
    {
      dms_deployment_fetch_logs (self, allocation);
      dms_deployment_supervision_ended (self, allocation);
    }
  /* What has ended was started, even if the answer that says so was lost with the machine's daemon. */
  if (dms_deployment_stop_waiting_for_start (allocation))
    dms_deployment_start_settled (allocation, NULL);
  dms_deployment_check_completion (self);
}

static void
handle_liveness (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsDeployment *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  DeployAllocation *allocation = dms_deployment_find_reporter (self, message);
  JsonNode *health;
  JsonNode *usage;
  gint64 sequence;

  if (allocation == NULL || allocation->ended)
    return;
  sequence = dms_json_object_get_whole (payload, "sequence_number", 0, G_MAXINT64, 0);
  if (sequence < allocation->heartbeat_seq)
    return;
  allocation->heartbeat_seq = sequence;
  allocation->heartbeat_us = g_get_real_time ();
  health = dms_json_object_get_member (payload, "health");
  usage = dms_json_object_get_member (payload, "resource_usage");
  g_clear_pointer (&allocation->health, json_node_unref);
  g_clear_pointer (&allocation->usage, json_node_unref);
  allocation->health = health != NULL && JSON_NODE_HOLDS_OBJECT (health) ? json_node_copy (health) : NULL;
  allocation->usage = usage != NULL && JSON_NODE_HOLDS_OBJECT (usage) ? json_node_copy (usage) : NULL;
  acknowledge (message, NULL);
}

static void
handle_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsDeployment *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  DeployAllocation *allocation = dms_deployment_find_reporter (self, message);
  const char *status = known_status (dms_json_object_get_text (payload, "new_status"));

  if (allocation == NULL || status == NULL || allocation->ended || allocation->node->standby)
    return;
  /* An end is taken from the termination message, which says why and is repeated until it is acknowledged. */
  if (!is_final (status) && strcmp (allocation->status, status) != 0)
    {
      allocation->status = status;
      /* The answer to its start is on its way, and what follows it is stored with this; after a restart it is
       * asked to start once more, and says that it runs. */
      if (!dms_deployment_is_starting (allocation))
        dms_deployment_save (self);
    }
  acknowledge (message, NULL);
}

/* Whether this machine is the one that may have the allocation now. */
static gboolean
is_held_by (DmsDeployment *self, const char *name, DmsDid *machine)
{
  const char *id = dms_deployment_find_allocation (self, name);

  for (guint i = 0; id != NULL && i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];
      DeployNode *node = allocation->node;

      if (strcmp (allocation->id, id) == 0)
        return node->touched && node->bid != NULL && !node->replaced &&
               dms_did_equal (dms_handle_get_did (dms_bid_get_handle (node->bid)), machine);
    }
  return FALSE;
}

/* A machine that was restarted asks whether its allocations are still wanted (node-and-executors.md 4.2). */
static void
handle_state (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsDeployment *self = user_data;
  JsonObject *payload = dms_message_get_object (message);
  g_auto (GStrv) names = dms_json_object_dup_texts (payload, "AllocationNamess");
  g_autofree char *unknown = NULL;

  for (guint i = 0; names != NULL && names[i] != NULL && unknown == NULL; i++)
    {
      if (!is_held_by (self, names[i], dms_message_get_sender_did (message)))
        unknown = g_strdup_printf ("the deployment does not have allocation %s on your machine", names[i]);
    }
  acknowledge (message, unknown);
}

void
dms_deployment_install_behaviours (DmsDeployment *self)
{
  static const struct
  {
    const char *suffix;
    DmsBehaviourFunc func;
  } notifications[] = {
    { "task-termination", handle_termination },
    { "allocation/liveness", handle_liveness },
    { "allocation/status", handle_status },
    { "deployment/state", handle_state },
  };

  /* A bid carries a signature of its own, and nothing happens on it but that it may be chosen. */
  dms_actor_add_behaviour (
      self->actor, "/dms/deployment/bid", DMS_BEHAVIOUR_OPEN, dms_deployment_handle_bid, self, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (notifications); i++)
    {
      g_autofree char *path = g_strdup_printf ("/dms/orchestrator/%s/%s", self->id, notifications[i].suffix);

      dms_actor_add_behaviour (self->actor, path, DMS_BEHAVIOUR_REQUIRE, notifications[i].func, self, NULL);
    }
  dms_deployment_install_children (self);
}

/* Health */

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DeployAllocation *allocation = call->allocation;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  allocation->probing = FALSE;
  if (!dms_deployment_call_is_current (call) || allocation->ended || allocation->repairing)
    return;
  if (reply != NULL)
    dms_deployment_supervision_heard (call->deployment, allocation->node);
  if (dms_deployment_reply_is_ok (reply, &text))
    {
      allocation->strikes = 0;
      dms_deployment_supervision_well (call->deployment, allocation);
      return;
    }
  allocation->strikes++;
  dms_deployment_log (call->deployment, G_LOG_LEVEL_INFO, "health_check_failed", allocation, text);
  if (allocation->strikes < MAX_STRIKES)
    return;
  allocation->strikes = 0;
  dms_deployment_supervision_unwell (call->deployment, allocation, text);
}

static gboolean
on_probe_timer (gpointer user_data)
{
  DeployAllocation *allocation = user_data;

  if (allocation->probing || allocation->repairing || allocation->handle == NULL || allocation->node->silent)
    return G_SOURCE_CONTINUE;
  allocation->probing = TRUE;
  invoke (allocation->deployment,
          allocation,
          PROBE_BEHAVIOUR,
          json_object_new (),
          DMS_DEPLOYMENT_PROBE_SECONDS,
          on_probed);
  return G_SOURCE_CONTINUE;
}

static void
on_registered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DeployAllocation *allocation = call->allocation;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  gint64 interval_ns;

  if (!dms_deployment_call_is_current (call) || allocation->ended || allocation->probe_timer != 0)
    return;
  if (!dms_deployment_reply_is_ok (reply, &text))
    dms_deployment_log (
        call->deployment, G_LOG_LEVEL_WARNING, "health_check_not_registered", allocation, text);
  interval_ns =
      dms_health_check_get_interval_ns (dms_allocation_config_get_health_check (allocation->config));
  allocation->probe_timer = g_timeout_add (
      (guint) CLAMP (interval_ns / 1000000, MIN_PROBE_MS, G_MAXINT32), on_probe_timer, allocation);
}

void
dms_deployment_watch (DmsDeployment *self, DeployAllocation *allocation)
{
  DmsHealthCheck *check = dms_allocation_config_get_health_check (allocation->config);
  JsonObject *object;

  if (check == NULL || allocation->handle == NULL)
    return;
  object = json_object_new ();
  json_object_set_string_member (object, "EnsembleID", self->id);
  json_object_set_member (object, "HealthCheck", dms_health_check_to_json (check));
  invoke (self, allocation, REGISTER_BEHAVIOUR, object, DMS_DEPLOYMENT_PROBE_SECONDS, on_registered);
}

void
dms_deployment_unwatch (DeployAllocation *allocation)
{
  dms_deployment_ask_no_more (allocation);
  g_clear_handle_id (&allocation->probe_timer, g_source_remove);
  allocation->strikes = 0;
  allocation->probing = FALSE;
}
