/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "provider/dms-bid-sample.h"
#include "resources/dms-offer-keys.h"

#include <string.h>

/* Whom a deployment asks for bids (orchestration.md 3.1): machines that the ensemble names; all that hear the
 * topic; and those whose records in the distributed hash table say that they lend what is needed, one by one.
 * Either of the last two is enough by itself, and a machine that hears of a request twice answers once.
 *
 * Where there are many machines, not all are to answer. A round begins with as many as would do, chosen by
 * chance (DmsBidSample); waves that follow ask more, until all are asked (DmsAskingWaves). Whoever is drawn
 * by chance is seldom connected, and has to find and dial this node before it can answer; so a few of those
 * that are connected are asked by themselves at once. */

enum
{
  /* Where only this node itself can answer, silence for this long is a refusal. */
  ALONE_MS = 2000,
  /* As many answers as do, and as many for each node of the ensemble. So many machines are never too many. */
  ENOUGH_ANSWERS = 32,
  ENOUGH_ANSWERS_PER_NODE = 4,
  /* Within so many milliseconds many machines answer, not at once. */
  SPREAD_MS = 60,
  /* Machines that are asked one by one: of those that are connected, at once; with those that have records,
   * at once, in each second after that, and in a round. */
  MAX_FIRST_ASKS = 16,
  /* Before those with records are asked, those that are connected have so long to answer. */
  HEAD_START_MS = 100,
  /* A node that is late itself has offers in its queue: it waits so many times its lateness longer, and no
   * longer than that, before it looks for machines that may have answered already. */
  LATENESS_FACTOR = 4,
  MAX_LATENESS_MS = 1000,
  ASKS_AT_ONCE = 32,
  ASKS_PER_SECOND = 16,
  MAX_ASKS = 96,
};

#define DEPLOYMENT_TOPIC  "/nunet/deployment"
#define REQUEST_BEHAVIOUR "/dms/deployment/request"
#define BID_BEHAVIOUR     "/dms/deployment/bid"
/* What nodes speak (libp2p.md section 1). */
#define ROOT_PROTOCOL "actor/root/messages/0.0.1"

static DmsTransport *
get_transport (DmsDeployment *self)
{
  return dms_actor_registry_get_transport (dms_actor_get_registry (self->root));
}

static const char *
get_own_host (DmsDeployment *self)
{
  return dms_handle_get_host (dms_actor_get_handle (self->root));
}

static guint
count_missing (DmsDeployment *self)
{
  guint n = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    n += dms_deployment_node_is_missing (self->nodes->pdata[i]);
  return n;
}

/* Asking */

static void
ask (DmsDeployment *self, DmsHandle *to, JsonNode *question)
{
  g_autoptr (GError) error = NULL;

  if (!dms_actor_send (self->actor,
                       to,
                       REQUEST_BEHAVIOUR,
                       question,
                       dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                       BID_BEHAVIOUR,
                       &error))
    dms_deployment_log (self, G_LOG_LEVEL_WARNING, "bid_request_not_sent", NULL, error->message);
}

static void
ask_for_node (DmsDeployment *self, DmsHandle *to, DeployNode *only)
{
  g_autoptr (JsonNode) question = dms_deployment_make_ensemble_request (self, only);

  g_hash_table_replace (
      self->asked, g_strdup (dms_handle_get_host (to)), GINT_TO_POINTER (DEPLOY_WAY_DIRECT));
  ask (self, to, question);
}

void
dms_deployment_ask_about (DmsDeployment *self, DeployNode *node, const char *peer)
{
  g_autoptr (JsonNode) question = dms_deployment_make_ensemble_request (self, node);
  g_autoptr (DmsHandle) to = dms_deployment_make_root_handle (self, peer);

  if (to == NULL)
    return;
  /* It has made an offer, and is to make another. */
  json_object_set_array_member (json_node_get_object (question), "PeerExclusion", json_array_new ());
  ask (self, to, question);
}

static gboolean
has_bid (DmsDeployment *self, const char *peer)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      GPtrArray *bids = ((DeployNode *) self->nodes->pdata[i])->bids;

      for (guint j = 0; j < bids->len; j++)
        {
          if (strcmp (dms_bid_get_peer (bids->pdata[j]), peer) == 0)
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
may_ask_more (DmsDeployment *self)
{
  gint64 waited_us = g_get_monotonic_time () - self->round_began_us;
  gint64 allowed = ASKS_AT_ONCE + ASKS_PER_SECOND * waited_us / G_USEC_PER_SEC;

  return self->n_asks < MIN (allowed, MAX_ASKS);
}

/* The same question as the others hear, so that whoever hears it twice can tell. */
static void
ask_peer (DmsDeployment *self, const char *peer, DeployWay way)
{
  g_autoptr (DmsHandle) to = NULL;

  if (self->question == NULL || g_hash_table_contains (self->asked, peer) || has_bid (self, peer) ||
      g_strv_contains (dms_ensemble_get_exclude_peers (self->ensemble), peer))
    return;
  to = dms_deployment_make_root_handle (self, peer);
  if (to == NULL)
    return;
  g_hash_table_insert (self->asked, g_strdup (peer), GINT_TO_POINTER (way));
  self->n_asks++;
  dms_asking_waves_note_direct (&self->waves);
  ask (self, to, self->question);
}

static void
ask_found (gpointer user_data)
{
  DmsDeployment *self = user_data;

  if (g_get_monotonic_time () - self->round_began_us < HEAD_START_MS * 1000)
    return;
  while (self->collecting && self->search != NULL && count_missing (self) > 0 && may_ask_more (self))
    {
      const char *peer = dms_provider_search_take (self->search);

      if (peer == NULL)
        return;
      ask_peer (self, peer, DEPLOY_WAY_RECORD);
    }
}

static gboolean
is_no_node (DmsTransport *transport, DmsPeerId *peer)
{
  g_auto (GStrv) protocols = dms_transport_dup_peer_protocols (transport, peer);

  return protocols != NULL && !g_strv_contains ((const char *const *) protocols, ROOT_PROTOCOL);
}

/* Asks some of those that are connected, chosen by chance. FALSE when there may be others. */
static gboolean
ask_connected (DmsDeployment *self, guint max)
{
  DmsTransport *transport = get_transport (self);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);
  guint until = self->n_asks + max;
  guint n_left = peers != NULL ? peers->len : 0;

  while (n_left > 0 && self->n_asks < until && may_ask_more (self))
    {
      guint pick = (guint) g_random_int_range (0, (gint32) n_left--);
      DmsPeerId *peer = dms_peer_info_get_id (g_ptr_array_index (peers, pick));

      if (!is_no_node (transport, peer))
        ask_peer (self, dms_peer_id_get_text (peer), DEPLOY_WAY_DIRECT);
      /* The last one stands where this one was. */
      g_ptr_array_remove_index_fast (peers, pick);
    }
  return n_left == 0;
}

static void
search (DmsDeployment *self)
{
  self->searched = TRUE;
  if (self->search == NULL)
    self->search = dms_provider_search_new (get_transport (self), ask_found, self);
  dms_provider_search_renew (self->search);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      g_autoptr (DmsResources) required = NULL;
      g_auto (GStrv) executors = NULL;
      g_auto (GStrv) names = NULL;

      if (!dms_deployment_node_is_missing (node))
        continue;
      required = dms_deployment_sum_resources (node);
      executors = dms_deployment_list_executors (node);
      names = dms_offer_keys_list_wanted (required, (const char *const *) executors);
      dms_provider_search_add (self->search, (const char *const *) names);
    }
  ask_found (self);
}

/* Waves */

static guint
get_enough (DmsDeployment *self)
{
  return MAX (ENOUGH_ANSWERS, ENOUGH_ANSWERS_PER_NODE * count_missing (self));
}

static void
broadcast (DmsDeployment *self)
{
  JsonObject *object = json_node_get_object (self->question);
  DmsBidSample sample = { .spread_ms = SPREAD_MS };
  g_autoptr (GError) error = NULL;

  if (!self->waves.is_everybody)
    {
      sample.per_million = dms_asking_waves_get_per_million (&self->waves);
      dms_bid_sample_write (&sample, object);
    }
  if (!dms_actor_broadcast (self->actor,
                            DEPLOYMENT_TOPIC,
                            REQUEST_BEHAVIOUR,
                            self->question,
                            dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                            BID_BEHAVIOUR,
                            &error))
    dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_request_not_broadcast", NULL, error->message);
  /* Who is asked by himself is asked. */
  dms_bid_sample_remove (object);
}

static void
begin_wave (DmsDeployment *self)
{
  dms_asking_waves_begin (&self->waves, get_enough (self), g_get_monotonic_time ());
  g_clear_pointer (&self->question, json_node_unref);
  if (count_missing (self) == 0)
    {
      self->waves.is_everybody = TRUE;
      return;
    }
  self->question = dms_deployment_make_ensemble_request (self, NULL);
  broadcast (self);
  ask_found (self);
}

static guint
guess_audience (DmsDeployment *self)
{
  DmsTransport *transport = get_transport (self);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);
  guint n_connected = peers != NULL ? peers->len : 0;

  return MAX (dms_transport_estimate_peers (transport), n_connected);
}

void
dms_deployment_begin_asking (DmsDeployment *self)
{
  gboolean any_free = FALSE;

  dms_asking_waves_begin_round (&self->waves, guess_audience (self));
  g_hash_table_remove_all (self->asked);
  memset (self->n_bids, 0, sizeof self->n_bids);
  self->n_heard = 0;
  self->n_asks = 0;
  self->searched = FALSE;
  self->asked_connected = FALSE;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *peer = dms_deployment_node_get_peer (node);
      g_autoptr (DmsHandle) to = peer == NULL ? NULL : dms_deployment_make_root_handle (self, peer);

      if (!dms_deployment_node_is_open (node))
        continue;
      if (to != NULL)
        ask_for_node (self, to, node);
      any_free = any_free || peer == NULL;
    }
  /* The node leaves out its own broadcasts, so it is asked itself. */
  if (any_free)
    ask_for_node (self, dms_actor_get_handle (self->root), NULL);
  begin_wave (self);
  if (self->waves.is_everybody)
    return;
  ask_connected (self, MAX_FIRST_ASKS);
  search (self);
}

gboolean
dms_deployment_others_may_answer (DmsDeployment *self)
{
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (get_transport (self));

  return peers != NULL && peers->len > 0;
}

/* For how long the last wave waits for nodes without an offer. */
static gint64
get_patience_us (DmsDeployment *self)
{
  gboolean alone = !dms_deployment_others_may_answer (self);

  for (guint i = 0; alone && i < self->nodes->len; i++)
    {
      const char *peer = dms_deployment_node_get_peer (self->nodes->pdata[i]);

      alone = peer == NULL || strcmp (peer, get_own_host (self)) == 0;
    }
  return alone ? ALONE_MS * 1000 : (gint64) DMS_DEPLOYMENT_BID_SECONDS * G_USEC_PER_SEC;
}

/* A machine that was asked and is free again. */
typedef struct
{
  char *peer;
  DeployWay way;
} Freed;

static void
freed_free (gpointer data)
{
  Freed *freed = data;

  g_free (freed->peer);
  g_free (freed);
}

/* (transfer full): half of what some nodes have too much of, chosen by chance: where machines are few, others
 * wait for just these (orchestration.md 3.2, residual round). */
static GPtrArray *
drop_surplus (DmsDeployment *self)
{
  GPtrArray *freed = g_ptr_array_new_with_free_func (freed_free);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      guint n_kept = node->bids->len - node->bids->len / 2;

      while (dms_deployment_node_get_peer (node) == NULL && node->bids->len > n_kept)
        {
          guint pick = (guint) g_random_int_range (0, (gint32) node->bids->len);
          Freed *item = g_new0 (Freed, 1);

          item->peer = g_strdup (dms_bid_get_peer (node->bids->pdata[pick]));
          item->way = dms_deployment_get_way (self, item->peer);
          g_ptr_array_add (freed, item);
          g_ptr_array_remove_index_fast (node->bids, pick);
        }
    }
  return freed;
}

/* Whether there is anybody to ask again. */
static gboolean
begin_residual_wave (DmsDeployment *self)
{
  g_autoptr (GPtrArray) freed = NULL;

  if (count_missing (self) == 0)
    return FALSE;
  freed = drop_surplus (self);
  if (freed->len == 0)
    return FALSE;
  self->waves.wave++;
  begin_wave (self);
  for (guint i = 0; i < freed->len; i++)
    {
      const Freed *item = freed->pdata[i];

      if (item->way == DEPLOY_WAY_GOSSIP)
        continue;
      g_hash_table_remove (self->asked, item->peer);
      ask_peer (self, item->peer, item->way);
    }
  return TRUE;
}

/* How much longer than usual answers are waited for. */
static gint64
get_lateness_us (DmsDeployment *self)
{
  return MIN (LATENESS_FACTOR * self->late_us, MAX_LATENESS_MS * 1000);
}

/* Nobody else is to be asked by the topic. */
static gboolean
go_on_asking_everybody (DmsDeployment *self, gint64 now_us)
{
  gint64 waited_us = now_us - self->waves.began_us;
  gboolean had_time = waited_us >= dms_asking_waves_get_length_us (&self->waves) + get_lateness_us (self);

  if (had_time && begin_residual_wave (self))
    return TRUE;
  /* Where nothing is heard, the topic may not be passed on, and nobody may have a record. */
  if (had_time && !self->asked_connected)
    self->asked_connected = ask_connected (self, MAX_ASKS);
  return waited_us < get_patience_us (self);
}

gboolean
dms_deployment_go_on_asking (DmsDeployment *self)
{
  gint64 now_us = g_get_monotonic_time ();

  dms_asking_waves_note_heard (&self->waves, self->n_heard, now_us);
  if (!self->searched && now_us - self->round_began_us >= HEAD_START_MS * 1000 + get_lateness_us (self) &&
      count_missing (self) > 0 && dms_deployment_others_may_answer (self))
    search (self);
  ask_found (self);
  if (self->waves.is_everybody)
    return go_on_asking_everybody (self, now_us);
  if (!dms_asking_waves_is_over (&self->waves, now_us))
    return TRUE;
  dms_asking_waves_widen (&self->waves);
  begin_wave (self);
  return TRUE;
}

void
dms_deployment_stop_asking (DmsDeployment *self)
{
  g_clear_pointer (&self->search, dms_provider_search_free);
  g_clear_pointer (&self->question, json_node_unref);
}

/* What is told */

DeployWay
dms_deployment_get_way (DmsDeployment *self, const char *peer)
{
  return (DeployWay) GPOINTER_TO_INT (g_hash_table_lookup (self->asked, peer));
}

const char *
dms_deployment_way_to_string (DeployWay way)
{
  static const char *const names[DEPLOY_N_WAYS] = {
    [DEPLOY_WAY_GOSSIP] = "gossip",
    [DEPLOY_WAY_RECORD] = "record",
    [DEPLOY_WAY_DIRECT] = "direct",
  };

  return names[way];
}

char *
dms_deployment_describe_asking (DmsDeployment *self)
{
  guint n_asked[DEPLOY_N_WAYS] = { 0 };
  GHashTableIter iter;
  gpointer way;

  g_hash_table_iter_init (&iter, self->asked);
  while (g_hash_table_iter_next (&iter, NULL, &way))
    n_asked[GPOINTER_TO_INT (way)]++;
  return g_strdup_printf ("Asked: %u by provider records (%u offered), %u directly (%u offered), and in %u "
                          "%s whoever hears of deployments (%u offered)",
                          n_asked[DEPLOY_WAY_RECORD],
                          self->n_bids[DEPLOY_WAY_RECORD],
                          n_asked[DEPLOY_WAY_DIRECT],
                          self->n_bids[DEPLOY_WAY_DIRECT],
                          self->waves.wave + 1,
                          self->waves.wave == 0 ? "wave" : "waves",
                          self->n_bids[DEPLOY_WAY_GOSSIP]);
}
