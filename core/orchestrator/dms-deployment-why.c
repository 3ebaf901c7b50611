/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "actor/dms-actor-registry.h"
#include "observability/dms-log.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-refuser.h"
#include "provider/dms-bid-sample.h"

#include <string.h>

/* Why nobody offers. When all have been asked and a node of the ensemble has no offer, the machines are asked
 * once more, this time also for their reasons: as long as offers come, reasons cost nobody anything. Who can
 * offer now does so, and is as good as any other. */

enum
{
  /* For so long answers are waited for. */
  WHY_MS = 1500,
  /* Reasons do not change fast: not asked for more often than this. */
  WHY_AGAIN_MS = 15000,
  /* So many answers tell enough, however many machines there are. */
  ENOUGH_REASONS = 64,
  /* Within so many milliseconds they answer, not all at once. */
  SPREAD_MS = 100,
  /* Of those that were asked by themselves, so many are again: the topic may not reach them. */
  MAX_ASKED = 32,
};

#define DEPLOYMENT_TOPIC  "/nunet/deployment"
#define REQUEST_BEHAVIOUR "/dms/deployment/request"
#define BID_BEHAVIOUR     "/dms/deployment/bid"

static gboolean
is_any_missing (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (dms_deployment_node_is_missing (self->nodes->pdata[i]))
        return TRUE;
    }
  return FALSE;
}

static JsonNode *
make_question (DmsDeployment *self, DeployNode *only)
{
  JsonNode *question = dms_deployment_make_ensemble_request (self, only);

  dms_bid_refusal_want (json_node_get_object (question));
  return question;
}

static const char *
get_own_host (DmsDeployment *self)
{
  return dms_handle_get_host (dms_actor_get_handle (self->root));
}

static void
ask (DmsDeployment *self, const char *peer, JsonNode *question)
{
  g_autoptr (DmsHandle) to = dms_deployment_make_root_handle (self, peer);
  g_autoptr (GError) error = NULL;

  if (to == NULL || g_strv_contains (dms_ensemble_get_exclude_peers (self->ensemble), peer))
    return;
  dms_refusal_book_add_asked (self->why, peer);
  if (!dms_actor_send (self->actor,
                       to,
                       REQUEST_BEHAVIOUR,
                       question,
                       dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                       BID_BEHAVIOUR,
                       &error))
    dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_request_not_sent", NULL, error->message);
}

static gboolean
is_bound (DmsDeployment *self, const char *peer)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (g_strcmp0 (dms_deployment_node_get_peer (self->nodes->pdata[i]), peer) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
broadcast (DmsDeployment *self, JsonNode *question)
{
  DmsTransport *transport = dms_actor_registry_get_transport (dms_actor_get_registry (self->root));
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);
  guint n_peers = MAX (dms_transport_estimate_peers (transport), peers != NULL ? peers->len : 0);
  DmsBidSample sample = { DMS_BID_SAMPLE_ALL, SPREAD_MS };
  g_autoptr (GError) error = NULL;

  if (n_peers > ENOUGH_REASONS)
    sample.per_million = (guint) ((guint64) DMS_BID_SAMPLE_ALL * ENOUGH_REASONS / n_peers) + 1;
  dms_bid_sample_write (&sample, json_node_get_object (question));
  if (!dms_actor_broadcast (self->actor,
                            DEPLOYMENT_TOPIC,
                            REQUEST_BEHAVIOUR,
                            question,
                            dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                            BID_BEHAVIOUR,
                            &error))
    dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_request_not_broadcast", NULL, error->message);
  /* Who is asked by himself is asked. */
  dms_bid_sample_remove (json_node_get_object (question));
}

static void
ask_all (DmsDeployment *self)
{
  g_autoptr (JsonNode) question = NULL;
  GHashTableIter iter;
  gpointer peer;
  guint n = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *pinned = dms_deployment_node_get_peer (node);
      g_autoptr (JsonNode) bound = NULL;

      if (pinned == NULL || node->bids->len > 0 || !dms_deployment_node_is_open (node))
        continue;
      bound = make_question (self, node);
      ask (self, pinned, bound);
    }
  if (!is_any_missing (self))
    return;
  question = make_question (self, NULL);
  broadcast (self, question);
  if (!is_bound (self, get_own_host (self)))
    ask (self, get_own_host (self), question);
  g_hash_table_iter_init (&iter, self->asked);
  while (n < MAX_ASKED && g_hash_table_iter_next (&iter, &peer, NULL))
    {
      if (is_bound (self, peer) || strcmp (peer, get_own_host (self)) == 0)
        continue;
      ask (self, peer, question);
      n++;
    }
}

static void
begin_book (DmsDeployment *self)
{
  g_autoptr (GPtrArray) needs = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_refusal_need_free);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      if (dms_deployment_node_is_open (self->nodes->pdata[i]))
        g_ptr_array_add (needs, dms_deployment_make_need (self->nodes->pdata[i]));
    }
  dms_refusal_book_begin (self->why, needs);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      for (guint j = 0; j < node->bids->len; j++)
        dms_refusal_book_add_offer (self->why, dms_bid_get_peer (node->bids->pdata[j]), node->name);
    }
}

/* Whether there is something to wait for. */
static gboolean
is_waiting_for_reasons (DmsDeployment *self)
{
  gint64 waited_us = g_get_monotonic_time () - self->why_began_us;

  if (waited_us >= WHY_MS * 1000)
    return FALSE;
  return dms_refusal_book_count_silent (self->why) > 0 || dms_deployment_others_may_answer (self);
}

gboolean
dms_deployment_ask_why (DmsDeployment *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->asking_why)
    return is_waiting_for_reasons (self);
  if (self->why_began_us > 0 && now - self->why_began_us < WHY_AGAIN_MS * 1000)
    return FALSE;
  self->asking_why = TRUE;
  self->why_began_us = now;
  begin_book (self);
  ask_all (self);
  return TRUE;
}

/* Its peer ID is what its key says. */
static gboolean
is_honest (DmsHandle *from)
{
  g_autoptr (DmsPeerId) peer_id = dms_peer_id_new (dms_handle_get_host (from), NULL);
  guint8 key[32];
  guint8 own[32];

  return peer_id != NULL && dms_peer_id_get_ed25519 (peer_id, key) && dms_handle_get_ed25519 (from, own) &&
         memcmp (key, own, sizeof key) == 0;
}

void
dms_deployment_handle_refusal (DmsDeployment *self, DmsMessage *message)
{
  DmsHandle *from = dms_message_get_from (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsBidRefusal) refusal =
      dms_bid_refusal_new_from_json (dms_message_get_payload (message), &error);

  if (refusal == NULL || !self->asking_why || !is_honest (from) ||
      strcmp (dms_bid_refusal_get_ensemble_id (refusal), self->id) != 0 ||
      g_strv_contains (dms_ensemble_get_exclude_peers (self->ensemble), dms_handle_get_host (from)) ||
      !dms_refusal_book_add (self->why, dms_handle_get_host (from), refusal))
    dms_deployment_log (self,
                        G_LOG_LEVEL_DEBUG,
                        "bid_refusal_ignored",
                        NULL,
                        error != NULL ? error->message : "it is late, twice, or not believed");
}

void
dms_deployment_note_unmet (DmsDeployment *self, DeployNode *node, DmsBid *bid)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refusal_new (self->id, -1);
  g_autoptr (DmsProfile) required = dms_deployment_sum_required (node);
  g_autoptr (DmsProfile) offered = dms_bid_offer_dup_profile (dms_bid_get_offer (bid));

  if (!self->asking_why || required == NULL)
    return;
  dms_bid_refuser_note_requirement (refusal, node->name, offered, required);
  dms_refusal_book_add (self->why, dms_bid_get_peer (bid), refusal);
}

void
dms_deployment_note_choice (DmsDeployment *self, DeployNode *node, double cost, const char *terms)
{
  dms_refusal_book_choose (self->why, node->name, dms_bid_get_peer (node->bid), cost, node->bids->len, terms);
}

void
dms_deployment_begin_choice (DmsDeployment *self)
{
  if (!self->asking_why)
    begin_book (self);
  self->asking_why = FALSE;
}

JsonNode *
dms_deployment_dup_why (DmsDeployment *self)
{
  return dms_refusal_book_to_json (self->why);
}
