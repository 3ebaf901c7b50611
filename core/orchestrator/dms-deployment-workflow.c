/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

#include <string.h>

/* Drives the workflow of a running deployment (docs/workflows.md): what the workflow decides is stored, then
 * asked of the machines; what they say goes back into it. The allocations of its tasks are slots, each of
 * which executes one run after another and is released when its task has ended. */

enum
{
  RELEASE_SECONDS = 30,
  MIN_WAKEUP_MS = 10,
  MAX_WAKEUP_MS = 3600 * 1000,
  MAX_REASON = 1000,
};

#define START_BEHAVIOUR "/dms/allocation/start"

/* A question about the release of a slot, which is looked up again when the answer comes. */
typedef struct
{
  DmsDeployment *deployment;
  char *slot;
  /* Whoever gives up waiting for the answer does not want to hear of it either. */
  GCancellable *cancellable;
} FlowCall;

static void advance (DmsDeployment *self);

static FlowCall *
flow_call_new (DmsDeployment *self, DeployAllocation *slot)
{
  FlowCall *call = g_new0 (FlowCall, 1);

  call->deployment = g_object_ref (self);
  call->slot = g_strdup (slot->key);
  call->cancellable = g_object_ref (self->workflow_cancellable);
  return call;
}

static void
flow_call_free (FlowCall *call)
{
  g_object_unref (call->deployment);
  g_free (call->slot);
  g_object_unref (call->cancellable);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FlowCall, flow_call_free)

static DeployAllocation *
find_slot (DmsDeployment *self, const char *key)
{
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (strcmp (allocation->key, key) == 0)
        return allocation;
    }
  return NULL;
}

static gboolean
is_driven (DmsDeployment *self)
{
  return self->workflow != NULL && self->status == DMS_DEPLOYMENT_RUNNING && self->attached && !self->over;
}

static const char *
task_of (DeployAllocation *slot)
{
  return dms_allocation_config_get_name (slot->config);
}

void
dms_deployment_workflow_prepare (DmsDeployment *self)
{
  self->workflow = dms_workflow_new (self->ensemble);
  for (guint i = 0; self->workflow != NULL && i < self->allocations->len; i++)
    {
      DeployAllocation *allocation = self->allocations->pdata[i];

      if (dms_workflow_has_task (self->workflow, task_of (allocation)))
        dms_workflow_add_slot (self->workflow, task_of (allocation), allocation->key);
    }
  g_clear_object (&self->workflow_cancellable);
  self->workflow_cancellable = g_cancellable_new ();
}

void
dms_deployment_workflow_stop (DmsDeployment *self)
{
  g_clear_handle_id (&self->workflow_timer, g_source_remove);
  if (self->workflow_cancellable != NULL)
    g_cancellable_cancel (self->workflow_cancellable);
}

void
dms_deployment_workflow_resume (DmsDeployment *self)
{
  if (self->workflow == NULL)
    return;
  g_clear_object (&self->workflow_cancellable);
  self->workflow_cancellable = g_cancellable_new ();
  dms_workflow_ask_again (self->workflow);
  for (guint i = 0; i < self->allocations->len; i++)
    ((DeployAllocation *) self->allocations->pdata[i])->releasing = FALSE;
}

void
dms_deployment_workflow_renew (DmsDeployment *self, JsonObject *gone)
{
  g_autoptr (DmsWorkflow) earlier = g_steal_pointer (&self->workflow);
  g_autoptr (GError) error = NULL;

  dms_deployment_workflow_prepare (self);
  if (self->workflow == NULL)
    return;
  if (earlier != NULL)
    dms_workflow_adopt (self->workflow, earlier, g_get_real_time ());
  if (gone != NULL && !dms_workflow_load (self->workflow, gone, &error))
    dms_deployment_log (self, G_LOG_LEVEL_WARNING, "workflow_state_damaged", NULL, error->message);
}

JsonObject *
dms_deployment_workflow_leave (DmsDeployment *self, DmsEnsemble *to)
{
  g_autoptr (JsonNode) all = NULL;
  g_autoptr (JsonObject) gone = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *state;

  if (self->workflow == NULL)
    return NULL;
  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *slot = self->allocations->pdata[i];

      if (dms_deployment_workflow_owns (slot) && dms_ensemble_find_allocation (to, task_of (slot)) == NULL)
        dms_workflow_take_lost (self->workflow, slot->key, "an update removed it", g_get_real_time ());
    }
  all = dms_workflow_to_json (self->workflow);
  gone = json_object_new ();
  json_object_iter_init (&iter, json_node_get_object (all));
  while (json_object_iter_next (&iter, &name, &state))
    {
      if (dms_ensemble_find_allocation (to, name) == NULL)
        json_object_set_member (gone, name, json_node_copy (state));
    }
  return g_steal_pointer (&gone);
}

gboolean
dms_deployment_workflow_owns (DeployAllocation *allocation)
{
  return dms_allocation_config_get_flow (allocation->config) != NULL;
}

/* Releasing */

static JsonObject *
make_no_logs (void)
{
  JsonObject *logs = json_object_new ();

  json_object_set_string_member (logs, "stdout", "");
  json_object_set_string_member (logs, "stderr", "");
  return logs;
}

/* What the slot shows of its task from now on. */
static void
settle_slot (DmsDeployment *self, DeployAllocation *slot)
{
  const char *task = task_of (slot);
  DmsWorkflowTaskState state = dms_workflow_get_task_state (self->workflow, task);

  slot->started = TRUE;
  slot->ended = TRUE;
  if (dms_workflow_task_is_fatal (self->workflow, task))
    slot->status = "failed";
  else
    slot->status = state == DMS_WORKFLOW_SKIPPED ? "terminated" : "completed";
  g_free (slot->reason);
  slot->reason = g_strdup (dms_workflow_get_task_reason (self->workflow, task));
  dms_deployment_supervision_done (self, slot);
  /* What never ran wrote nothing: its machine need not be asked. */
  if (state == DMS_WORKFLOW_SKIPPED && slot->small_logs == NULL)
    slot->small_logs = make_no_logs ();
  dms_deployment_fetch_logs (self, slot);
}

/* Its machine is told at the end, or when it is back. */
static void
settle_unreleased (DmsDeployment *self, DeployAllocation *slot, const char *why)
{
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "workflow_slot_not_released", slot, why);
  slot->node->unreleased = TRUE;
  settle_slot (self, slot);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FlowCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DmsDeployment *self = call->deployment;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  DeployAllocation *slot = find_slot (self, call->slot);

  if (g_cancellable_is_cancelled (call->cancellable) || !is_driven (self) || slot == NULL || slot->ended)
    return;
  if (dms_deployment_reply_is_ok (reply, &text))
    settle_slot (self, slot);
  else
    settle_unreleased (self, slot, text);
  dms_deployment_save (self);
  dms_deployment_check_completion (self);
}

static void
release (DmsDeployment *self, DeployAllocation *slot)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/ensemble/%s/allocation/shutdown", self->id);
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  slot->releasing = TRUE;
  json_object_set_string_member (object, "AllocationID", slot->id);
  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          dms_bid_get_handle (slot->node->bid),
                          behaviour,
                          payload,
                          dms_deployment_expiry_in (RELEASE_SECONDS),
                          self->workflow_cancellable,
                          on_released,
                          flow_call_new (self, slot));
}

/* Whether something was settled at once. A machine that is known to be silent is not waited for. */
static gboolean
release_ended (DmsDeployment *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *slot = self->allocations->pdata[i];

      if (!dms_deployment_workflow_owns (slot) || slot->ended || slot->releasing || slot->node->bid == NULL ||
          dms_workflow_get_task_state (self->workflow, task_of (slot)) <= DMS_WORKFLOW_RUNNING)
        continue;
      if (slot->node->silent)
        settle_unreleased (self, slot, "its machine does not answer");
      else
        release (self, slot);
      any = any || slot->node->silent;
    }
  return any;
}

/* Machines that could not be told are told later. */
void
dms_deployment_workflow_finish (DmsDeployment *self)
{
  dms_deployment_workflow_stop (self);
  /* All has ended, and yet a machine may hold it. */
  if (self->workflow != NULL)
    dms_deployment_unsettle (self);
  for (guint i = 0; self->workflow != NULL && i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->unreleased && node->bid != NULL)
        dms_deployment_leave_behind (self, node);
    }
}

/* Starting */

static void
log_run (DmsDeployment *self, GLogLevelFlags level, const char *event, const char *run, const char *error)
{
  dms_log_event (level, event, "orchestratorID", self->id, "run", run, "error", error, NULL);
}

static void
on_started (DeployAllocation *slot, JsonObject *reply, const char *text, gpointer user_data)
{
  DmsDeployment *self = slot->deployment;
  const char *run = user_data;
  gint64 now_us = g_get_real_time ();

  if (!is_driven (self))
    return;
  if (reply == NULL)
    {
      log_run (self, G_LOG_LEVEL_WARNING, "workflow_start_unanswered", run, text);
      dms_workflow_take_unanswered (self->workflow, run, now_us);
    }
  else if (text != NULL)
    {
      g_autofree char *reason = g_utf8_make_valid (text, (gssize) strnlen (text, MAX_REASON));

      log_run (self, G_LOG_LEVEL_WARNING, "workflow_start_refused", run, reason);
      dms_workflow_take_refused (
          self->workflow, run, reason, dms_json_object_get_flag (reply, "Busy"), now_us);
    }
  else if (dms_workflow_take_started (self->workflow, run, now_us))
    {
      slot->status = "running";
    }
  advance (self);
}

static void
start (DmsDeployment *self, DmsWorkflowStart *wanted)
{
  DeployAllocation *slot = find_slot (self, wanted->slot);
  JsonObject *object;
  JsonArray *environment;

  if (slot == NULL || slot->handle == NULL)
    {
      dms_workflow_take_unanswered (self->workflow, wanted->run, g_get_real_time ());
      return;
    }
  object = dms_deployment_make_start (slot);
  environment = json_array_new ();
  for (guint i = 0; wanted->environment[i] != NULL; i++)
    json_array_add_string_element (environment, wanted->environment[i]);
  json_object_set_string_member (object, "Run", wanted->run);
  json_object_set_array_member (object, "Environment", environment);
  json_object_set_int_member (object, "TimeoutMs", (wanted->timeout_us + 999) / 1000);
  json_object_set_boolean_member (object, "WantsStdout", wanted->wants_stdout);
  json_object_set_boolean_member (object, "WantsStderr", wanted->wants_stderr);
  if (wanted->wants_files->len > 0)
    {
      JsonArray *files = json_array_new ();

      for (guint i = 0; i < wanted->wants_files->len; i++)
        json_array_add_string_element (files, wanted->wants_files->pdata[i]);
      json_object_set_array_member (object, "WantsFiles", files);
    }
  log_run (self, G_LOG_LEVEL_INFO, "workflow_start", wanted->run, NULL);
  dms_deployment_ask (slot,
                      START_BEHAVIOUR,
                      object,
                      DMS_DEPLOYMENT_START_SECONDS,
                      DEPLOY_ASK_UNTIL_ANSWERED,
                      self->workflow_cancellable,
                      on_started,
                      g_strdup (wanted->run),
                      g_free);
}

static gboolean
on_wakeup (gpointer user_data)
{
  g_autoptr (DmsDeployment) self = g_object_ref (user_data);

  self->workflow_timer = 0;
  advance (self);
  dms_deployment_check_completion (self);
  return G_SOURCE_REMOVE;
}

static void
set_wakeup (DmsDeployment *self)
{
  gint64 at_us = dms_workflow_get_wakeup_us (self->workflow);
  gint64 left_ms = (at_us - g_get_real_time ()) / 1000 + 1;

  g_clear_handle_id (&self->workflow_timer, g_source_remove);
  if (at_us > 0)
    self->workflow_timer =
        g_timeout_add ((guint) CLAMP (left_ms, MIN_WAKEUP_MS, MAX_WAKEUP_MS), on_wakeup, self);
}

/* Decides, stores, and then does what was decided. FALSE when it could not be stored: then nothing was begun.
 */
static gboolean
advance_stored (DmsDeployment *self)
{
  g_autoptr (GPtrArray) starts = NULL;
  gboolean settled = FALSE;
  gboolean stored;

  if (!is_driven (self))
    return TRUE;
  starts = dms_workflow_advance (self->workflow, g_get_real_time ());
  stored = dms_deployment_save (self);
  for (guint i = 0; i < starts->len; i++)
    {
      DmsWorkflowStart *wanted = starts->pdata[i];

      if (stored)
        start (self, wanted);
      else
        dms_workflow_take_unanswered (self->workflow, wanted->run, g_get_real_time ());
    }
  if (stored)
    settled = release_ended (self);
  set_wakeup (self);
  /* It may be over with that, but not before the news that led to it has been answered. */
  if (settled)
    {
      dms_deployment_save (self);
      g_clear_handle_id (&self->workflow_timer, g_source_remove);
      self->workflow_timer = g_timeout_add (MIN_WAKEUP_MS, on_wakeup, self);
    }
  return stored;
}

static void
advance (DmsDeployment *self)
{
  g_autoptr (DmsDeployment) kept = g_object_ref (self);

  (void) advance_stored (kept);
}

void
dms_deployment_workflow_run (DmsDeployment *self)
{
  advance (self);
}

/* News */

static int
get_exit_code (JsonObject *payload)
{
  JsonObject *error = dms_json_object_get_child (payload, "error");
  JsonObject *result = dms_json_object_get_child (payload, "result");
  const char *status = dms_json_object_get_text (payload, "status");
  gint64 code = dms_json_object_get_whole (error, "exit_code", G_MININT32, G_MAXINT32, DMS_EXIT_NONE);

  if (result != NULL)
    code = dms_json_object_get_whole (result, "exit_code", G_MININT32, G_MAXINT32, code);
  if (g_strcmp0 (status, "completed") == 0)
    return 0;
  /* Failed all the same: a limit was exceeded, or it was stopped. */
  return code == 0 ? DMS_EXIT_NONE : (int) code;
}

static char *
dup_reason (JsonObject *payload)
{
  const char *text = dms_json_object_get_text (dms_json_object_get_child (payload, "error"), "err");

  return text == NULL || *text == '\0' ? NULL : g_utf8_make_valid (text, (gssize) strnlen (text, MAX_REASON));
}

gboolean
dms_deployment_workflow_take_end (DmsDeployment *self, DeployAllocation *slot, JsonObject *payload)
{
  const char *run = dms_json_object_get_text (payload, "run");
  DmsWorkflowLeft left = { dms_json_object_get_text (payload, "stdout"),
                           dms_json_object_get_text (payload, "stderr"),
                           dms_json_object_get_child (payload, "files") };
  g_autofree char *reason = dup_reason (payload);
  gsize limit = DMS_TASK_FLOW_MAX_OUTPUT_BYTES * 4;

  if (!is_driven (self))
    return self->over || self->status == DMS_DEPLOYMENT_SHUTTING_DOWN;
  /* An allocation that ends without a run is one its machine has given up. */
  if (run == NULL)
    dms_workflow_take_lost (
        self->workflow, slot->key, reason != NULL ? reason : "its machine released it", g_get_real_time ());
  else if (g_str_has_prefix (run, task_of (slot)) && run[strlen (task_of (slot))] == '.' &&
           (left.out == NULL || strlen (left.out) <= limit) &&
           (left.err == NULL || strlen (left.err) <= limit) &&
           dms_workflow_take_end (
               self->workflow, run, get_exit_code (payload), reason, &left, g_get_real_time ()))
    log_run (self, G_LOG_LEVEL_INFO, "workflow_run_ended", run, reason);
  return advance_stored (self);
}

gboolean
dms_deployment_workflow_give_up (DmsDeployment *self, DeployAllocation *slot, const char *reason)
{
  if (!is_driven (self) || !dms_workflow_take_lost (self->workflow, slot->key, reason, g_get_real_time ()))
    return FALSE;
  dms_deployment_log (self, G_LOG_LEVEL_WARNING, "workflow_run_lost", slot, reason);
  return TRUE;
}
