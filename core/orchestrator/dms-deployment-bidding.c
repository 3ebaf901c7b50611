/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "observability/dms-log.h"
#include "orchestrator/dms-deployment-placing.h"
#include "resources/dms-comparator.h"
#include "resources/dms-fit.h"
#include "resources/dms-location.h"
#include "resources/dms-requirement.h"

#include <string.h>

/* The first part of a deployment: who would run each node of the ensemble? (orchestration.md 3.1, 3.2) */

enum
{
  MAX_BIDS_PER_NODE = 8,
  /* Where those that made an offer for one node are asked for others, for each node. */
  MAX_OTHER_BIDS_PER_NODE = 64,
  /* Once every node has an offer and others could still come: until so much of the round is over; where
   * offers take long to come, half as long again as the first one took, so that there is a choice. */
  GRACE_MS = 300,
  LAST_GRACE_MS = 2000,
  TICK_MS = 100,
};

static DeployNode *
find_node (DmsDeployment *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (strcmp (node->name, name) == 0)
        return node;
    }
  return NULL;
}

static gboolean
had_grace (DmsDeployment *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 took_us;
  gint64 grace_us;

  if (self->enough_us == 0)
    self->enough_us = now_us;
  took_us = self->enough_us - self->round_began_us;
  grace_us = MAX (GRACE_MS * 1000 - took_us, (self->first_bid_us - self->round_began_us) / 2);
  grace_us = MIN (grace_us, LAST_GRACE_MS * 1000);
  grace_us = MIN (grace_us, (gint64) DMS_DEPLOYMENT_BID_SECONDS * G_USEC_PER_SEC - took_us);
  return now_us - self->enough_us >= grace_us;
}

/* Whether waiting longer could bring a better choice. */
static gboolean
is_settled (DmsDeployment *self)
{
  gboolean any_free = FALSE;
  gboolean all_full = TRUE;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (!dms_deployment_node_is_open (node))
        continue;
      if (node->bids->len == 0)
        return FALSE;
      if (dms_deployment_node_get_peer (node) != NULL)
        continue;
      any_free = TRUE;
      all_full = all_full && node->bids->len >= MAX_BIDS_PER_NODE;
    }
  return !any_free || all_full || !dms_deployment_others_may_answer (self) || had_grace (self);
}

static char *
describe_missing (DmsDeployment *self)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *asked = dms_deployment_describe_asking (self);
  g_autofree char *why = dms_refusal_book_describe (self->why);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (dms_deployment_node_is_open (node) && node->bids->len == 0)
        g_string_append_printf (names, "%s“%s”", names->len > 0 ? ", " : "", node->name);
    }
  return g_strdup_printf (
      "no machine offered to run node %s: none that was reached has what it asks for (resources free, "
      "executor, ports, location, requires). %s. Why: %s",
      names->str,
      asked,
      why);
}

void
dms_deployment_set_knowledge (DmsDeployment *self, DmsTrackRecord *track, DmsLocation *here)
{
  g_set_object (&self->track, track);
  g_clear_pointer (&self->here, dms_location_unref);
  self->here = here != NULL ? dms_location_ref (here) : NULL;
}

DmsBidRanking *
dms_deployment_rank_bids (DmsDeployment *self, DeployNode *node)
{
  DmsPreferences *own = dms_node_config_get_preferences (node->config);
  g_autoptr (DmsPreferences) all = dms_preferences_add (own, NULL);
  DmsBidRanking *ranking;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      DmsPreferences *sum =
          dms_preferences_add (all, dms_allocation_config_get_preferences (allocation->config));

      dms_preferences_unref (all);
      all = sum;
    }
  ranking = dms_bid_ranking_new (node->bids, all, self->here, self->track);
  /* Machines of other makes say where they are, and not in degrees. */
  for (guint i = 0; dms_preferences_get_distances (all)->len > 0 && i < node->bids->len; i++)
    dms_bid_ranking_place (ranking, i, dms_deployment_find_place (self, node->bids->pdata[i]));
  return ranking;
}

void
dms_deployment_blame (DmsDeployment *self, const char *about)
{
  g_autofree char *name = g_strndup (about, strcspn (about, "."));
  DeployNode *node = find_node (self, name);

  /* What goes wrong later may be the job's own fault. */
  if (self->track != NULL && node != NULL && node->bid != NULL && self->status == DMS_DEPLOYMENT_COMMITTING)
    dms_track_record_add (self->track, dms_bid_get_peer (node->bid), FALSE);
}

void
dms_deployment_praise (DmsDeployment *self)
{
  for (guint i = 0; self->track != NULL && i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->bid != NULL)
        dms_track_record_add (self->track, dms_bid_get_peer (node->bid), TRUE);
    }
}

static void
choose (DmsDeployment *self)
{
  g_autofree char *asked = dms_deployment_describe_asking (self);

  dms_log_event (G_LOG_LEVEL_INFO, "bids_collected", "orchestratorID", self->id, "asked", asked, NULL);
  dms_deployment_stop_asking (self);
  dms_deployment_place (self);
}

static void
note_lateness (DmsDeployment *self)
{
  gint64 now_us = g_get_monotonic_time ();

  self->late_us = MAX (self->late_us, now_us - self->looked_us - TICK_MS * 1000);
  self->looked_us = now_us;
}

static gboolean
on_tick (gpointer user_data)
{
  DmsDeployment *self = user_data;
  g_autofree char *missing = NULL;

  note_lateness (self);
  if (is_settled (self))
    {
      self->timer = 0;
      choose (self);
      return G_SOURCE_REMOVE;
    }
  if (!self->asking_why && dms_deployment_go_on_asking (self))
    return G_SOURCE_CONTINUE;
  if (dms_deployment_ask_why (self))
    return G_SOURCE_CONTINUE;
  self->asking_why = FALSE;
  self->timer = 0;
  missing = describe_missing (self);
  /* Machines may become free while there is time: the same answer is no reason to give up. */
  self->n_same_error = 0;
  dms_deployment_retry (self, missing);
  return G_SOURCE_REMOVE;
}

void
dms_deployment_collect_bids (DmsDeployment *self)
{
  dms_deployment_next_step (self);
  if (self->change == NULL && self->status != DMS_DEPLOYMENT_PREPARING)
    dms_deployment_set_status (self, DMS_DEPLOYMENT_PREPARING);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      g_ptr_array_set_size (node->bids, 0);
      /* A machine that runs a part of the node keeps it. */
      if (dms_deployment_node_is_open (node) && !node->touched)
        g_clear_pointer (&node->bid, dms_bid_unref);
    }
  self->round_began_us = g_get_monotonic_time ();
  self->looked_us = self->round_began_us;
  self->late_us = 0;
  self->first_bid_us = 0;
  self->enough_us = 0;
  self->collecting = TRUE;
  self->asking_why = FALSE;
  dms_deployment_begin_asking (self);
  self->timer = g_timeout_add (TICK_MS, on_tick, self);
}

/* A machine serves one node of an ensemble, or those that are bound to it. */
static gboolean
peer_is_taken (DmsDeployment *self, DeployNode *wanted, const char *peer)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *pinned = dms_deployment_node_get_peer (node);

      /* Which of several offers of a machine is taken is decided when all are there. */
      if (node != wanted && dms_deployment_is_filling (self))
        continue;
      if (node != wanted && g_strcmp0 (pinned, peer) == 0 && dms_deployment_node_get_peer (wanted) == NULL)
        return TRUE;
      for (guint j = 0; j < node->bids->len; j++)
        {
          if (strcmp (dms_bid_get_peer (node->bids->pdata[j]), peer) == 0 &&
              (node == wanted || dms_deployment_node_get_peer (wanted) == NULL))
            return TRUE;
        }
    }
  return FALSE;
}

/* By what it says itself. Who says nothing, as nodes of the field do, meets nothing. */
static gboolean
meets_required (DmsDeployment *self, DeployNode *node, DmsBid *bid)
{
  g_autoptr (DmsProfile) required = dms_deployment_sum_required (node);
  g_autoptr (DmsProfile) offered = NULL;
  g_autoptr (DmsFit) fit = NULL;
  g_autofree char *text = NULL;

  if (required == NULL || dms_requirement_is_empty (required))
    return required != NULL;
  offered = dms_bid_offer_dup_profile (dms_bid_get_offer (bid));
  fit = dms_comparator_explain_profiles (offered, required);
  if (dms_fit_suffices (fit))
    return TRUE;
  text = dms_fit_describe (fit);
  dms_deployment_log (self, G_LOG_LEVEL_DEBUG, "bid_requirement_not_met", NULL, text);
  return FALSE;
}

static const char *
why_not (DmsDeployment *self, DmsBid *bid, DmsMessage *message)
{
  DeployNode *node = find_node (self, dms_bid_get_node_id (bid));
  const char *peer = dms_bid_get_peer (bid);
  const char *pinned;

  if (strcmp (dms_bid_get_ensemble_id (bid), self->id) != 0 || node == NULL)
    return "it is for another ensemble or node";
  if (!dms_deployment_node_is_open (node))
    return "the node has a machine";
  if (strcmp (dms_handle_get_id (dms_bid_get_handle (bid)),
              dms_handle_get_id (dms_message_get_from (message))) != 0)
    return "its sender is not who made it";
  if (g_strv_contains (dms_ensemble_get_exclude_peers (self->ensemble), peer))
    return "its peer is excluded";
  if (g_ptr_array_find_with_equal_func (node->shunned, peer, g_str_equal, NULL))
    return "the node was taken away from its peer";
  if (node->bids->len >= (dms_deployment_is_filling (self) ? MAX_OTHER_BIDS_PER_NODE : MAX_BIDS_PER_NODE))
    return "there are enough bids";
  if (peer_is_taken (self, node, peer))
    return "its peer has bid already";
  pinned = dms_deployment_node_get_peer (node);
  if (pinned != NULL)
    return strcmp (pinned, peer) == 0 ? NULL : "the node is bound to another peer";
  if (!dms_location_satisfies (dms_bid_get_location (bid),
                               dms_node_config_get_accept (node->config),
                               dms_node_config_get_reject (node->config)))
    return "its location does not fit";
  return NULL;
}

void
dms_deployment_handle_bid (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsDeployment *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsBid) bid = NULL;
  const char *refusal;
  DeployNode *node;
  DeployWay way;

  if (!self->collecting && !dms_deployment_is_filling (self))
    return;
  if (dms_bid_refusal_is_one (dms_message_get_payload (message)))
    {
      dms_deployment_handle_refusal (self, message);
      return;
    }
  self->n_heard++;
  bid = dms_bid_new_from_json (dms_message_get_payload (message), &error);
  if (bid == NULL)
    {
      dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_refused", NULL, error->message);
      return;
    }
  refusal = why_not (self, bid, message);
  if (refusal == NULL && !dms_bid_verify (bid, &error))
    refusal = error->message;
  node = find_node (self, dms_bid_get_node_id (bid));
  /* After the signature: nobody is told to lack something by others. */
  if (refusal == NULL && !meets_required (self, node, bid))
    {
      refusal = "it does not say that it meets what is required";
      dms_deployment_note_unmet (self, node, bid);
    }
  if (refusal != NULL)
    {
      dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_refused", NULL, refusal);
      return;
    }
  way = dms_deployment_get_way (self, dms_bid_get_peer (bid));
  self->n_bids[way]++;
  dms_log_event (G_LOG_LEVEL_INFO,
                 "bid_received",
                 "orchestratorID",
                 self->id,
                 "node",
                 node->name,
                 "peer",
                 dms_bid_get_peer (bid),
                 "way",
                 dms_deployment_way_to_string (way),
                 NULL);
  if (self->asking_why)
    dms_refusal_book_add_offer (self->why, dms_bid_get_peer (bid), node->name);
  g_ptr_array_add (node->bids, g_steal_pointer (&bid));
  if (self->first_bid_us == 0)
    self->first_bid_us = g_get_monotonic_time ();
  if (self->collecting && is_settled (self))
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      choose (self);
    }
}
