/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "identity/dms-base32.h"
#include "jobs/dms-port-config.h"
#include "provider/dms-bid-sample.h"
#include "resources/dms-offer-keys.h"

#include <string.h>

/* Whom a deployment asks for bids (orchestration.md 3.1): machines that the ensemble names; all that hear the
 * topic; and those whose records in the distributed hash table say that they lend what is needed, one by one.
 * Either of the last two is enough by itself, and a machine that hears of a request twice answers once.
 *
 * Where there are many machines, not all are to answer. A round begins with as many as would do, chosen by
 * chance (DmsBidSample), and asks eight times as many in each wave that follows, until all are asked. */

enum
{
  /* Where only this node itself can answer, silence for this long is a refusal. */
  ALONE_MS = 2000,
  /* As many answers as do, and as many for each node of the ensemble. So many machines are never too many. */
  ENOUGH_ANSWERS = 32,
  ENOUGH_ANSWERS_PER_NODE = 4,
  /* What strangers make us believe of the size of the network costs four waves at most. */
  MAX_AUDIENCE = 100000,
  WIDEN_BY = 8,
  /* The first wave, and each that follows half as long again. */
  WAVE_MS = 1000,
  /* Within so many milliseconds many machines answer, not at once. */
  SPREAD_MS = 60,
  /* Machines that are asked one by one: a second, and in a round. */
  ASKS_PER_SECOND = 16,
  MAX_ASKS = 96,
  /* Peers that have bid and need not do so again. */
  MAX_EXCLUDED = 256,
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

static DmsResources *
sum_resources (DeployNode *node)
{
  g_autoptr (DmsResources) sum = dms_resources_new_empty ();
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  double clock = 0;
  const char *architecture = NULL;
  DmsCpu *cpu;
  g_autoptr (DmsCpu) full = NULL;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      DmsResources *wanted = dms_allocation_config_get_resources (allocation->config);
      DmsResources *added;

      if (allocation->settled)
        continue;
      added = dms_resources_add (sum, wanted);
      clock = MAX (clock, dms_cpu_get_clock_hz (dms_resources_get_cpu (wanted)));
      if (dms_cpu_get_architecture (dms_resources_get_cpu (wanted)) != NULL)
        architecture = dms_cpu_get_architecture (dms_resources_get_cpu (wanted));
      dms_resources_unref (sum);
      sum = added;
      /* Each asks for a GPU of its own, also where several leave the index open. */
      for (guint j = 0; j < dms_resources_get_gpus (wanted)->len; j++)
        g_ptr_array_add (gpus, dms_gpu_ref (dms_resources_get_gpus (wanted)->pdata[j]));
    }
  cpu = dms_resources_get_cpu (sum);
  full = dms_cpu_new_full (dms_cpu_get_cores (cpu), clock, NULL, NULL, architecture, 0, 0);
  return dms_resources_new (full, dms_resources_get_ram (sum), dms_resources_get_disk (sum), gpus);
}

/* (transfer full): each once. */
static GStrv
list_executors (DeployNode *node)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];
      const char *executor = dms_allocation_config_get_executor (allocation->config);

      if (!allocation->settled && !g_ptr_array_find_with_equal_func (names, executor, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (executor));
    }
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

/* Its ports are taken already. */
static gboolean
is_settled (DeployNode *node, const char *name)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      if (strcmp (dms_allocation_config_get_name (allocation->config), name) == 0)
        return allocation->settled;
    }
  return FALSE;
}

static JsonObject *
make_request (DeployNode *node)
{
  g_autoptr (DmsResources) resources = sum_resources (node);
  g_auto (GStrv) names = list_executors (node);
  GPtrArray *ports = dms_node_config_get_ports (node->config);
  JsonObject *request = json_object_new ();
  JsonObject *body = json_object_new ();
  JsonArray *executors = json_array_new ();
  JsonArray *static_ports = json_array_new ();
  JsonObject *public_ports = json_object_new ();
  JsonObject *general = json_object_new ();
  gboolean privileged = FALSE;
  guint n_dynamic = 0;

  for (guint i = 0; i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      privileged |=
          !allocation->settled &&
          dms_json_object_get_flag (dms_allocation_config_get_params (allocation->config), "privileged");
    }
  for (guint i = 0; names[i] != NULL; i++)
    json_array_add_string_element (executors, names[i]);
  for (guint i = 0; i < ports->len; i++)
    {
      guint16 port = dms_port_config_get_public (ports->pdata[i]);

      if (is_settled (node, dms_port_config_get_allocation (ports->pdata[i])))
        continue;
      if (port == 0)
        n_dynamic++;
      else
        json_array_add_int_element (static_ports, port);
    }
  json_object_set_array_member (public_ports, "Static", static_ports);
  json_object_set_int_member (public_ports, "Dynamic", n_dynamic);
  json_object_set_boolean_member (general, "PrivilegedDocker", privileged);
  json_object_set_string_member (body, "NodeID", node->name);
  json_object_set_array_member (body, "Executors", executors);
  json_object_set_member (body, "Resources", dms_resources_to_json (resources));
  json_object_set_member (body, "Location", dms_node_config_location_to_json (node->config));
  json_object_set_object_member (body, "PublicPorts", public_ports);
  json_object_set_object_member (body, "GeneralRequirements", general);
  json_object_set_object_member (request, "V1", body);
  return request;
}

static gboolean
is_missing (DeployNode *node)
{
  return dms_deployment_node_is_open (node) && node->bids->len == 0 &&
         dms_deployment_node_get_peer (node) == NULL;
}

static guint
count_missing (DmsDeployment *self)
{
  guint n = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    n += is_missing (self->nodes->pdata[i]);
  return n;
}

/* Excluded by the ensemble, and those whose offers are kept. */
static JsonArray *
make_exclusion (DmsDeployment *self)
{
  const char *const *excluded = dms_ensemble_get_exclude_peers (self->ensemble);
  JsonArray *exclusion = json_array_new ();

  for (guint i = 0; excluded[i] != NULL; i++)
    json_array_add_string_element (exclusion, excluded[i]);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      GPtrArray *bids = node->bids;

      if (!dms_deployment_node_is_open (node) && node->bid != NULL)
        json_array_add_string_element (exclusion, dms_bid_get_peer (node->bid));
      for (guint j = 0; j < bids->len && json_array_get_length (exclusion) < MAX_EXCLUDED; j++)
        json_array_add_string_element (exclusion, dms_bid_get_peer (bids->pdata[j]));
    }
  return exclusion;
}

/* only: (nullable): the node to ask for; NULL asks for all that are missing and bound to no machine. */
static JsonNode *
make_ensemble_request (DmsDeployment *self, DeployNode *only)
{
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *requests = json_array_new ();

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (only == NULL ? is_missing (node) : node == only)
        json_array_add_object_element (requests, make_request (node));
    }
  json_object_set_string_member (object, "ID", self->id);
  json_object_set_int_member (object, "Nonce", (gint64) ++self->round);
  json_object_set_array_member (object, "PeerExclusion", make_exclusion (self));
  json_object_set_array_member (object, "Request", requests);
  json_node_take_object (payload, object);
  return payload;
}

/* The root actor of a machine, from its peer ID: the key in the peer ID is that of the machine's root actor.
 */
static DmsHandle *
make_root_handle (DmsDeployment *self, const char *peer)
{
  g_autoptr (DmsPeerId) peer_id = NULL;
  g_autoptr (DmsDid) did = NULL;
  g_autofree char *id = NULL;
  guint8 key[32];

  if (strcmp (peer, get_own_host (self)) == 0)
    return dms_handle_ref (dms_actor_get_handle (self->root));
  peer_id = dms_peer_id_new (peer, NULL);
  if (peer_id == NULL || !dms_peer_id_get_ed25519 (peer_id, key))
    return NULL;
  did = dms_did_new_for_ed25519 (key);
  id = dms_base32_encode_id (key);
  return dms_handle_new (id, did, peer, "root");
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
  g_autoptr (JsonNode) question = make_ensemble_request (self, only);

  g_hash_table_replace (
      self->asked, g_strdup (dms_handle_get_host (to)), GINT_TO_POINTER (DEPLOY_WAY_DIRECT));
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
  gint64 allowed = ASKS_PER_SECOND * (1 + waited_us / G_USEC_PER_SEC);

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
  to = make_root_handle (self, peer);
  if (to == NULL)
    return;
  g_hash_table_insert (self->asked, g_strdup (peer), GINT_TO_POINTER (way));
  self->n_asks++;
  ask (self, to, self->question);
}

static void
ask_found (gpointer user_data)
{
  DmsDeployment *self = user_data;

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

/* Where nothing is heard, the topic may not be passed on, and nobody may have a record. */
static void
ask_connected (DmsDeployment *self)
{
  DmsTransport *transport = get_transport (self);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);

  self->asked_connected = TRUE;
  for (guint i = 0; peers != NULL && i < peers->len && may_ask_more (self); i++)
    {
      DmsPeerId *peer = dms_peer_info_get_id (g_ptr_array_index (peers, i));

      if (!is_no_node (transport, peer))
        ask_peer (self, dms_peer_id_get_text (peer), DEPLOY_WAY_DIRECT);
    }
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

      if (!is_missing (node))
        continue;
      required = sum_resources (node);
      executors = list_executors (node);
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

  if (!self->everybody)
    {
      sample.per_million = (guint) ((guint64) DMS_BID_SAMPLE_ALL * get_enough (self) / self->audience) + 1;
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
  self->wave_began_us = g_get_monotonic_time ();
  self->everybody = self->audience <= get_enough (self);
  g_clear_pointer (&self->question, json_node_unref);
  if (count_missing (self) == 0)
    {
      self->everybody = TRUE;
      return;
    }
  self->question = make_ensemble_request (self, NULL);
  broadcast (self);
  ask_found (self);
}

static guint
guess_audience (DmsDeployment *self)
{
  DmsTransport *transport = get_transport (self);
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);
  guint n_connected = peers != NULL ? peers->len : 0;

  return CLAMP (MAX (dms_transport_estimate_peers (transport), n_connected), 1, MAX_AUDIENCE);
}

void
dms_deployment_begin_asking (DmsDeployment *self)
{
  gboolean any_free = FALSE;

  /* When few answered although all were asked, all may be asked at once. */
  if (self->n_heard > 2 * get_enough (self))
    self->audience = 0;
  g_hash_table_remove_all (self->asked);
  memset (self->n_bids, 0, sizeof self->n_bids);
  self->n_heard = 0;
  self->n_asks = 0;
  self->wave = 0;
  self->searched = FALSE;
  self->asked_connected = FALSE;
  if (self->audience == 0)
    self->audience = guess_audience (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *peer = dms_deployment_node_get_peer (node);
      g_autoptr (DmsHandle) to = peer == NULL ? NULL : make_root_handle (self, peer);

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

static gint64
get_wave_us (DmsDeployment *self)
{
  gint64 wave_us = WAVE_MS * 1000;

  for (guint i = 0; i < self->wave; i++)
    wave_us += wave_us / 2;
  return wave_us;
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
  self->wave++;
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

gboolean
dms_deployment_go_on_asking (DmsDeployment *self)
{
  gint64 waited_us = g_get_monotonic_time () - self->wave_began_us;

  if (!self->searched && count_missing (self) > 0 && dms_deployment_others_may_answer (self))
    search (self);
  ask_found (self);
  if (self->everybody)
    {
      if (waited_us >= WAVE_MS * 1000 && begin_residual_wave (self))
        return TRUE;
      if (!self->asked_connected && waited_us >= WAVE_MS * 1000)
        ask_connected (self);
      return waited_us < get_patience_us (self);
    }
  if (waited_us < get_wave_us (self))
    return TRUE;
  self->audience = MAX (self->audience / WIDEN_BY, 1);
  self->wave++;
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
                          self->wave + 1,
                          self->wave == 0 ? "wave" : "waves",
                          self->n_bids[DEPLOY_WAY_GOSSIP]);
}
