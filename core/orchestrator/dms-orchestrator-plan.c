/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"

/* /dms/node/deployment/{plan,ensemble}: what would become of a job file, and what a deployment was made of.
 */

/* A question that is answered when the plan is made. */
typedef struct
{
  DmsOrchestrator *orchestrator;
  DmsMessage *message;
} PlanReply;

static void
plan_reply_free (gpointer data, GClosure *closure)
{
  PlanReply *pending = data;

  dms_message_unref (pending->message);
  g_free (pending);
}

static void
reply_error (DmsMessage *message, const char *text)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "possible", FALSE);
  json_object_set_string_member (reply, "error", text);
  json_object_set_array_member (reply, "nodes", json_array_new ());
  dms_message_reply_object (message, reply);
}

static void
on_planned (DmsDeployment *deployment, gpointer user_data)
{
  PlanReply *pending = user_data;
  g_autoptr (DmsDeployment) kept = g_object_ref (deployment);
  JsonNode *plan = dms_deployment_get_plan (deployment);

  if (plan != NULL)
    dms_message_reply (pending->message, plan, NULL);
  else
    reply_error (pending->message, dms_deployment_get_error (deployment));
  g_hash_table_remove (pending->orchestrator->plans, deployment);
}

static void
handle_plan (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  g_autoptr (DmsDeployment) deployment = NULL;
  PlanReply *pending;

  ensemble = dms_ensemble_new_from_json (
      dms_json_object_get_member (dms_message_get_object (message), "Ensemble"), &error);
  if (ensemble != NULL)
    deployment = dms_orchestrator_new_plan (self, ensemble, dms_message_get_expiry_ns (message), &error);
  if (deployment == NULL)
    {
      reply_error (message, error->message);
      return;
    }
  pending = g_new0 (PlanReply, 1);
  pending->orchestrator = self;
  pending->message = dms_message_ref (message);
  g_hash_table_add (self->plans, g_object_ref (deployment));
  g_signal_connect_data (deployment, "over", G_CALLBACK (on_planned), pending, plan_reply_free, 0);
  if (dms_deployment_start (deployment, &error))
    return;
  reply_error (message, error->message);
  g_hash_table_remove (self->plans, deployment);
}

static void
handle_ensemble (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_orchestrator_get_id (message, "id", "EnsembleID");
  DmsDeployment *deployment = dms_orchestrator_find (self, id);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDocument) record = NULL;
  JsonObject *reply = json_object_new ();
  JsonNode *stored = NULL;

  json_object_set_string_member (reply, "id", id != NULL ? id : "");
  if (deployment != NULL)
    {
      json_object_set_member (
          reply, "ensemble", dms_ensemble_to_json (dms_deployment_get_ensemble (deployment)));
      dms_message_reply_object (message, reply);
      return;
    }
  if (self->records != NULL && id != NULL)
    record = dms_deployment_records_get (self->records, id, &error);
  if (record != NULL)
    stored = dms_json_object_get_member (dms_deployment_records_get_data (record), "Cfg");
  if (stored != NULL)
    json_object_set_member (reply, "ensemble", json_node_copy (stored));
  else
    json_object_set_string_member (reply, "error", DMS_ORCHESTRATOR_UNKNOWN);
  dms_message_reply_object (message, reply);
}

void
dms_orchestrator_install_plan_behaviours (DmsOrchestrator *self, DmsActor *root)
{
  dms_actor_add_behaviour (root, "/dms/node/deployment/plan", DMS_BEHAVIOUR_REQUIRE, handle_plan, self, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/deployment/ensemble", DMS_BEHAVIOUR_REQUIRE, handle_ensemble, self, NULL);
}
