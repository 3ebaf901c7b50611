/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-orchestrator-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "succession/dms-succession-behaviours.h"

#include <string.h>

/* The deployments of this node that others may take over, and those of others that it may take over. A
 * deployment is in memory exactly while this node leads it; what it is then begins with the newest record. */

enum
{
  ID_LENGTH = 64,
  /* Nobody waits for what a witness keeps for too long. */
  WITNESS_ASKS_SECONDS = 20,
};

static const char *
get_own_peer (DmsOrchestrator *self)
{
  return dms_handle_get_host (dms_actor_get_handle (self->root));
}

static void
log_problem (const char *what, const char *id, const GError *error)
{
  dms_log_event (G_LOG_LEVEL_WARNING, what, "orchestratorID", id, "error", error->message, NULL);
}

static DmsDocument *
store_text (DmsOrchestrator *self, const char *id, const char *text, GError **error)
{
  g_autoptr (JsonNode) body = dms_json_node_from_text (text, -1, error);
  JsonObject *object = dms_json_node_get_child (body);

  if (body == NULL)
    return NULL;
  if (g_strcmp0 (dms_json_object_get_text (object, "orchestrator_id"), id) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the state is another deployment's");
      return NULL;
    }
  if (!dms_deployment_records_put (self->records, id, body, error))
    return NULL;
  return dms_deployment_records_get (self->records, id, error);
}

/* Stores what another node, or an earlier run, knew last. */
static DmsDocument *
store_state (DmsOrchestrator *self, DmsSuccession *succession, GError **error)
{
  g_autofree char *text = dms_succession_dup_state (succession, error);

  return text == NULL ? NULL : store_text (self, dms_succession_get_ensemble_id (succession), text, error);
}

static gboolean
is_final (DmsDocument *record)
{
  DmsDeploymentStatus status = dms_deployment_records_get_status (record);

  return status == DMS_DEPLOYMENT_COMPLETED || status == DMS_DEPLOYMENT_FAILED;
}

static void
lead (DmsOrchestrator *self, DmsSuccession *succession)
{
  const char *id = dms_succession_get_ensemble_id (succession);
  g_autoptr (DmsDocument) record = NULL;
  g_autoptr (GError) error = NULL;

  if (dms_orchestrator_find (self, id) != NULL)
    return;
  record = store_state (self, succession, &error);
  if (record != NULL && !is_final (record))
    dms_orchestrator_restore (self, record);
  if (record == NULL)
    log_problem ("deployment_not_taken_over", id, error);
  /* Nothing was stored before it was lost: there is nothing to take over. */
  if (record != NULL ? is_final (record) : g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_FOUND))
    dms_succession_end (succession);
  /* Others may be able to do what this node is not. */
  else if (dms_orchestrator_find (self, id) == NULL)
    dms_succession_resign (succession);
}

static void
on_role_changed (DmsSuccession *succession, gpointer user_data)
{
  if (dms_succession_get_role (succession) == DMS_SUCCESSION_LEADING)
    lead (user_data, succession);
  else
    dms_orchestrator_let_go (user_data, dms_succession_get_ensemble_id (succession));
}

static void
on_refused (DmsSuccession *succession, const char *peer, const char *why, gpointer user_data)
{
  DmsDeployment *deployment = dms_orchestrator_find (user_data, dms_succession_get_ensemble_id (succession));

  if (deployment != NULL)
    dms_deployment_refuse_standby (deployment, peer, why);
}

/* Somebody else ended it, and nobody here knows how. */
static void
store_unknown_end (DmsOrchestrator *self, DmsDocument *known)
{
  g_autoptr (JsonNode) body = json_node_copy (dms_document_get_body (known));
  JsonObject *object = json_node_get_object (body);
  g_autoptr (GError) error = NULL;

  json_object_set_int_member (object, "status", DMS_DEPLOYMENT_FAILED);
  json_object_set_string_member (
      object,
      "error",
      "it was taken over by a standby orchestrator and has ended; this node does not know how");
  json_object_set_int_member (object, "completed_us", g_get_real_time ());
  if (!dms_deployment_records_put (self->records, dms_document_get_id (known), body, &error))
    log_problem ("state_not_stored", dms_document_get_id (known), error);
}

/* It must not be taken up again at the next start. */
static void
store_end (DmsOrchestrator *self, DmsSuccession *succession)
{
  const char *id = dms_succession_get_ensemble_id (succession);
  const char *text = dms_succession_get_end (succession);
  g_autoptr (DmsDocument) known = dms_deployment_records_get (self->records, id, NULL);
  g_autoptr (DmsDocument) stored = NULL;

  if (known == NULL || is_final (known))
    return;
  stored = text == NULL ? NULL : store_text (self, id, text, NULL);
  if (stored == NULL || !is_final (stored))
    store_unknown_end (self, known);
}

static void
on_ended (DmsSuccession *succession, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autofree char *id = g_strdup (dms_succession_get_ensemble_id (succession));

  store_end (self, succession);
  g_signal_handlers_disconnect_by_data (succession, self);
  g_hash_table_remove (self->successions, id);
}

static void
keep (DmsOrchestrator *self, DmsSuccession *succession)
{
  g_signal_connect (succession, "role-changed", G_CALLBACK (on_role_changed), self);
  g_signal_connect (succession, "refused", G_CALLBACK (on_refused), self);
  g_signal_connect (succession, "ended", G_CALLBACK (on_ended), self);
  g_hash_table_replace (
      self->successions, g_strdup (dms_succession_get_ensemble_id (succession)), succession);
}

/* Whoever deployed it here is told what becomes of it, though another leads. */
static void
refresh_record (DmsOrchestrator *self, DmsSuccession *succession)
{
  const char *id = dms_succession_get_ensemble_id (succession);
  g_autoptr (DmsDocument) known = dms_deployment_records_get (self->records, id, NULL);
  g_autoptr (DmsDocument) stored = NULL;
  g_autoptr (GError) error = NULL;

  if (known == NULL || strcmp (dms_succession_get_leader (succession), get_own_peer (self)) == 0 ||
      !dms_succession_take_news (succession))
    return;
  stored = store_state (self, succession, &error);
  if (stored == NULL)
    log_problem ("state_not_stored", id, error);
}

static void
on_heard (DmsVoter *voter, const char *id, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  DmsSuccession *succession = g_hash_table_lookup (self->successions, id);
  DmsBallot *ballot = dms_voter_find (voter, id);

  if (ballot == NULL && succession != NULL)
    {
      dms_succession_stop (succession);
      on_ended (succession, self);
    }
  else if (succession != NULL)
    refresh_record (self, succession);
  else if (ballot != NULL && dms_roll_get_rank (ballot->roll, get_own_peer (self)) >= 0)
    keep (self, dms_succession_join (self->root, voter, id));
}

static gboolean
is_id (const char *id)
{
  return strlen (id) == ID_LENGTH && strspn (id, "0123456789abcdef") == ID_LENGTH;
}

static gboolean
may_join (DmsRoll *roll, gboolean as_witness, gpointer user_data, GError **error)
{
  DmsOrchestrator *self = user_data;
  const char *id = dms_roll_get_ensemble_id (roll);
  g_autoptr (DmsDocument) own = dms_deployment_records_get (self->records, id, NULL);

  if (!is_id (id) || own != NULL || dms_orchestrator_find (self, id) != NULL)
    g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "this node cannot take over that deployment");
  else if (!as_witness && !dms_config_get_bool (self->config, "job.allow_standby"))
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_NOT_SUPPORTED,
                 "this node takes over nothing of others; its owner can set job.allow_standby");
  else
    return TRUE;
  return FALSE;
}

static char *
dup_end (const char *id, const char *peer, gpointer user_data)
{
  DmsOrchestrator *self = user_data;
  g_autoptr (DmsDocument) record = dms_deployment_records_get (self->records, id, NULL);
  JsonNode *body = record == NULL ? NULL : dms_document_get_body (record);
  g_autoptr (DmsRoll) roll = NULL;

  if (record == NULL || !is_final (record))
    return NULL;
  roll = dms_roll_new_from_json (dms_json_object_get_member (dms_json_node_get_child (body), "roll"), NULL);
  if (roll == NULL || dms_roll_get_rank (roll, peer) < 0)
    return NULL;
  return dms_json_node_to_text (body);
}

gboolean
dms_orchestrator_start_successions (DmsOrchestrator *self, GError **error)
{
  static const DmsSuccessionHooks hooks = { may_join, dup_end };
  g_auto (GStrv) ids = NULL;

  self->voter = dms_voter_new (self->store, self->key, error);
  if (self->voter == NULL)
    return FALSE;
  ids = dms_voter_list (self->voter);
  for (guint i = 0; ids[i] != NULL; i++)
    keep (self, dms_succession_join (self->root, self->voter, ids[i]));
  g_signal_connect (self->voter, "heard", G_CALLBACK (on_heard), self);
  self->witness = dms_witness_new (self->root, self->voter, WITNESS_ASKS_SECONDS * 1000);
  dms_succession_behaviours_install (self->root, self->voter, &hooks, self);
  return TRUE;
}

void
dms_orchestrator_stop_successions (DmsOrchestrator *self)
{
  GHashTableIter iter;
  gpointer succession;

  if (self->voter == NULL)
    return;
  dms_succession_behaviours_remove (self->root);
  g_signal_handlers_disconnect_by_data (self->voter, self);
  g_hash_table_iter_init (&iter, self->successions);
  while (g_hash_table_iter_next (&iter, NULL, &succession))
    {
      g_signal_handlers_disconnect_by_data (succession, self);
      dms_succession_stop (succession);
    }
  g_hash_table_remove_all (self->successions);
  dms_witness_stop (self->witness);
  g_clear_object (&self->witness);
  g_clear_object (&self->voter);
}

gboolean
dms_orchestrator_found_succession (DmsOrchestrator *self,
                                   const char *id,
                                   DmsEnsemble *ensemble,
                                   GError **error)
{
  const char *const *standbys = dms_ensemble_get_standby_orchestrators (ensemble);
  gint64 lease_ms = dms_ensemble_get_supervision (ensemble)->takeover_ns / 1000000;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) peers = NULL;
  g_autoptr (DmsRoll) roll = NULL;
  DmsSuccession *succession;

  if (standbys[0] == NULL)
    return TRUE;
  if (g_strv_contains (standbys, get_own_peer (self)))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "standby_orchestrators names the node that deploys it, %s: name others",
                   get_own_peer (self));
      return FALSE;
    }
  g_strv_builder_add (builder, get_own_peer (self));
  g_strv_builder_addv (builder, (const char **) standbys);
  peers = g_strv_builder_end (builder);
  roll = dms_roll_new (id, 1, (const char *const *) peers, NULL, lease_ms);
  succession = dms_succession_new (self->root, self->voter, roll, error);
  if (succession == NULL)
    return FALSE;
  keep (self, succession);
  return TRUE;
}

void
dms_orchestrator_end_succession (DmsOrchestrator *self, const char *id)
{
  DmsSuccession *succession = g_hash_table_lookup (self->successions, id);

  if (succession != NULL)
    dms_succession_end (succession);
}

gboolean
dms_orchestrator_may_lead (DmsOrchestrator *self, const char *id)
{
  DmsSuccession *succession = g_hash_table_lookup (self->successions, id);
  g_autoptr (DmsDocument) record = NULL;

  if (succession != NULL)
    return dms_succession_get_role (succession) == DMS_SUCCESSION_LEADING;
  /* Whoever knows nothing of its succession any more cannot know that it leads. */
  record = dms_deployment_records_get (self->records, id, NULL);
  return record == NULL || dms_json_object_get_member (
                               dms_json_node_get_child (dms_document_get_body (record)), "roll") == NULL;
}

const char *
dms_orchestrator_get_other_leader (DmsOrchestrator *self, const char *id)
{
  DmsSuccession *succession = id == NULL ? NULL : g_hash_table_lookup (self->successions, id);

  if (succession == NULL || dms_succession_get_role (succession) == DMS_SUCCESSION_LEADING)
    return NULL;
  return dms_succession_get_leader (succession);
}

char *
dms_orchestrator_explain_absence (DmsOrchestrator *self, const char *id)
{
  const char *leader = dms_orchestrator_get_other_leader (self, id);

  if (leader == NULL)
    return g_strdup ("deployment is not running");
  if (strcmp (leader, get_own_peer (self)) != 0)
    return g_strdup_printf ("the deployment was taken over by %s: ask that node", leader);
  return g_strdup ("this node cannot reach enough of the standby orchestrators to know that none of them has "
                   "taken over; it goes on by itself when it can");
}
