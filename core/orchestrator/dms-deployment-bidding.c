/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "identity/dms-base32.h"
#include "jobs/dms-port-config.h"
#include "resources/dms-location.h"

#include <string.h>

/* The first part of a deployment: who would run each node of the ensemble? (orchestration.md 3.1, 3.2) */

enum
{
  MAX_BIDS_PER_NODE = 8,
  /* Once every node has an offer and others could still come, this long. */
  GRACE_MS = 300,
  /* Where only this node itself can answer, silence for this long is a refusal. */
  ALONE_MS = 2000,
  TICK_MS = 100,
};

#define DEPLOYMENT_TOPIC  "/nunet/deployment"
#define REQUEST_BEHAVIOUR "/dms/deployment/request"
#define BID_BEHAVIOUR     "/dms/deployment/bid"

static const char *
own_host (DmsDeployment *self)
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
      DmsResources *added = dms_resources_add (sum, wanted);

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

static JsonObject *
make_request (DeployNode *node)
{
  g_autoptr (DmsResources) resources = sum_resources (node);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
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
      const char *executor = dms_allocation_config_get_executor (allocation->config);

      if (g_hash_table_add (seen, (gpointer) executor))
        json_array_add_string_element (executors, executor);
      privileged |=
          dms_json_object_get_flag (dms_allocation_config_get_params (allocation->config), "privileged");
    }
  for (guint i = 0; i < ports->len; i++)
    {
      guint16 port = dms_port_config_get_public (ports->pdata[i]);

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

/* only: (nullable): the node to ask for; NULL asks for all that are missing and bound to no machine. */
static JsonNode *
make_ensemble_request (DmsDeployment *self, DeployNode *only)
{
  const char *const *excluded = dms_ensemble_get_exclude_peers (self->ensemble);
  JsonNode *payload = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *requests = json_array_new ();
  JsonArray *exclusion = json_array_new ();

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (only == NULL ? node->bids->len == 0 && dms_node_config_get_peer (node->config) == NULL
                       : node == only)
        json_array_add_object_element (requests, make_request (node));
    }
  for (guint i = 0; excluded[i] != NULL; i++)
    json_array_add_string_element (exclusion, excluded[i]);
  json_object_set_string_member (object, "ID", self->id);
  json_object_set_int_member (object, "Nonce", (gint64) ++self->round);
  json_object_set_array_member (object, "PeerExclusion", exclusion);
  json_object_set_array_member (object, "Request", requests);
  json_node_take_object (payload, object);
  return payload;
}

/* The root actor of a machine, from its peer ID: the key in the peer ID is that of the machine's root actor.
 */
static DmsHandle *
root_handle_of (DmsDeployment *self, const char *peer)
{
  g_autoptr (DmsPeerId) peer_id = NULL;
  g_autoptr (DmsDid) did = NULL;
  g_autofree char *id = NULL;
  guint8 key[32];

  if (strcmp (peer, own_host (self)) == 0)
    return dms_handle_ref (dms_actor_get_handle (self->root));
  peer_id = dms_peer_id_new (peer, NULL);
  if (peer_id == NULL || !dms_peer_id_get_ed25519 (peer_id, key))
    return NULL;
  did = dms_did_new_for_ed25519 (key);
  id = dms_base32_encode_id (key);
  return dms_handle_new (id, did, peer, "root");
}

static void
ask (DmsDeployment *self, DmsHandle *to, DeployNode *only)
{
  g_autoptr (JsonNode) payload = make_ensemble_request (self, only);
  g_autoptr (GError) error = NULL;

  if (!dms_actor_send (self->actor,
                       to,
                       REQUEST_BEHAVIOUR,
                       payload,
                       dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                       BID_BEHAVIOUR,
                       &error))
    dms_deployment_log (self, G_LOG_LEVEL_WARNING, "bid_request_not_sent", NULL, error->message);
}

static void
ask_everybody (DmsDeployment *self)
{
  g_autoptr (JsonNode) payload = make_ensemble_request (self, NULL);
  g_autoptr (GError) error = NULL;

  /* The node leaves out its own broadcasts, so it is asked itself. */
  ask (self, dms_actor_get_handle (self->root), NULL);
  if (!dms_actor_broadcast (self->actor,
                            DEPLOYMENT_TOPIC,
                            REQUEST_BEHAVIOUR,
                            payload,
                            dms_deployment_expiry_in (DMS_DEPLOYMENT_BID_SECONDS),
                            BID_BEHAVIOUR,
                            &error))
    dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_request_not_broadcast", NULL, error->message);
}

static gboolean
others_may_answer (DmsDeployment *self)
{
  DmsTransport *transport = dms_actor_registry_get_transport (dms_actor_get_registry (self->root));
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (transport);

  return peers != NULL && peers->len > 0;
}

/* For how long a round waits for nodes without an offer. */
static gint64
patience_us (DmsDeployment *self)
{
  gboolean alone = !others_may_answer (self);

  for (guint i = 0; alone && i < self->nodes->len; i++)
    {
      const char *peer = dms_node_config_get_peer (((DeployNode *) self->nodes->pdata[i])->config);

      alone = peer == NULL || strcmp (peer, own_host (self)) == 0;
    }
  return alone ? ALONE_MS * 1000 : (gint64) DMS_DEPLOYMENT_BID_SECONDS * G_USEC_PER_SEC;
}

/* Whether waiting longer could bring a better choice. */
static gboolean
is_settled (DmsDeployment *self, gint64 waited_us)
{
  gboolean any_free = FALSE;
  gboolean all_full = TRUE;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->bids->len == 0)
        return FALSE;
      if (dms_node_config_get_peer (node->config) != NULL)
        continue;
      any_free = TRUE;
      all_full = all_full && node->bids->len >= MAX_BIDS_PER_NODE;
    }
  return !any_free || all_full || !others_may_answer (self) || waited_us >= GRACE_MS * 1000;
}

static char *
describe_missing (DmsDeployment *self)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      if (node->bids->len == 0)
        g_string_append_printf (names, "%s“%s”", names->len > 0 ? ", " : "", node->name);
    }
  return g_strdup_printf (
      "no machine offered to run node %s: none that was reached has what it asks for (resources free, "
      "executor, ports, location)",
      names->str);
}

static void
choose (DmsDeployment *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      guint pick = (guint) g_random_int_range (0, (gint32) node->bids->len);

      g_clear_pointer (&node->bid, dms_bid_unref);
      node->bid = dms_bid_ref (node->bids->pdata[pick]);
    }
  dms_deployment_commit (self);
}

static gboolean
on_tick (gpointer user_data)
{
  DmsDeployment *self = user_data;
  gint64 waited = g_get_monotonic_time () - self->round_began_us;
  g_autofree char *missing = NULL;

  if (is_settled (self, waited))
    {
      self->timer = 0;
      choose (self);
      return G_SOURCE_REMOVE;
    }
  if (waited < patience_us (self))
    return G_SOURCE_CONTINUE;
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
  gboolean any_free = FALSE;

  dms_deployment_next_step (self);
  if (self->status != DMS_DEPLOYMENT_PREPARING)
    dms_deployment_set_status (self, DMS_DEPLOYMENT_PREPARING);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];

      g_ptr_array_set_size (node->bids, 0);
      g_clear_pointer (&node->bid, dms_bid_unref);
    }
  self->round_began_us = g_get_monotonic_time ();
  self->collecting = TRUE;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *peer = dms_node_config_get_peer (node->config);
      g_autoptr (DmsHandle) to = peer == NULL ? NULL : root_handle_of (self, peer);

      if (to != NULL)
        ask (self, to, node);
      any_free = any_free || peer == NULL;
    }
  if (any_free)
    ask_everybody (self);
  self->timer = g_timeout_add (TICK_MS, on_tick, self);
}

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

/* A machine serves one node of an ensemble, or those that are bound to it. */
static gboolean
peer_is_taken (DmsDeployment *self, DeployNode *wanted, const char *peer)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      DeployNode *node = self->nodes->pdata[i];
      const char *pinned = dms_node_config_get_peer (node->config);

      if (node != wanted && g_strcmp0 (pinned, peer) == 0 &&
          dms_node_config_get_peer (wanted->config) == NULL)
        return TRUE;
      for (guint j = 0; j < node->bids->len; j++)
        {
          if (strcmp (dms_bid_get_peer (node->bids->pdata[j]), peer) == 0 &&
              (node == wanted || dms_node_config_get_peer (wanted->config) == NULL))
            return TRUE;
        }
    }
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
  if (strcmp (dms_handle_get_id (dms_bid_get_handle (bid)),
              dms_handle_get_id (dms_message_get_from (message))) != 0)
    return "its sender is not who made it";
  if (g_strv_contains (dms_ensemble_get_exclude_peers (self->ensemble), peer))
    return "its peer is excluded";
  if (node->bids->len >= MAX_BIDS_PER_NODE)
    return "there are enough bids";
  if (peer_is_taken (self, node, peer))
    return "its peer has bid already";
  pinned = dms_node_config_get_peer (node->config);
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

  if (!self->collecting)
    return;
  bid = dms_bid_new_from_json (dms_message_get_payload (message), &error);
  if (bid == NULL)
    {
      dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_refused", NULL, error->message);
      return;
    }
  refusal = why_not (self, bid, message);
  if (refusal == NULL && !dms_bid_verify (bid, &error))
    refusal = error->message;
  if (refusal != NULL)
    {
      dms_deployment_log (self, G_LOG_LEVEL_INFO, "bid_refused", NULL, refusal);
      return;
    }
  node = find_node (self, dms_bid_get_node_id (bid));
  g_ptr_array_add (node->bids, g_steal_pointer (&bid));
  if (is_settled (self, g_get_monotonic_time () - self->round_began_us))
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      choose (self);
    }
}
