/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "p2p-node.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "autonat/dms-p2p-autonat-service.h"
#include "dcutr/dms-p2p-dcutr.h"
#include "identify/dms-p2p-identify.h"
#include "noise/dms-p2p-noise.h"
#include "quic/dms-p2p-quic.h"
#include "relay/dms-p2p-circuit.h"
#include "relay/dms-p2p-relay-service.h"
#include "tcp/dms-p2p-tcp.h"
#include "tls/dms-p2p-tls.h"

#define P2P_NODE_AGENT "dms-interop/1"

enum
{
  P2P_NODE_SEED_SIZE = 32,
  P2P_NODE_DESCRIPTORS = 4096,
};

#define P2P_NODE_MEMORY (1024 * G_GUINT64_CONSTANT (1024) * 1024)

struct _P2pNode
{
  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  DmsP2pPing *ping;
  DmsP2pTransport *quic;
  DmsP2pTransport *tcp;
  DmsP2pAutonatClient *autonat_client;
  DmsP2pAutonatService *autonat_service;
  DmsP2pDcutr *dcutr;
  DmsP2pRelayClient *relay_client;
  DmsP2pRelayService *relay_service;
  DmsP2pDht *dht;
  DmsP2pGossip *gossip;
};

void
p2p_say (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_take_object (node, object);
  text = json_to_string (node, FALSE);
  puts (text);
  fflush (stdout);
}

JsonObject *
p2p_event_new (const char *kind)
{
  JsonObject *event = json_object_new ();

  json_object_set_string_member (event, "event", kind);
  return event;
}

static void
p2p_node_on_connection (DmsP2pSwarm *swarm,
                        DmsP2pConnection *connection,
                        gboolean is_open,
                        gpointer user_data)
{
  JsonObject *event = NULL;

  if (is_open)
    return;
  event = p2p_event_new ("closed");
  json_object_set_string_member (
      event, "peer", dms_peer_id_get_text (dms_p2p_connection_get_peer_id (connection)));
  p2p_say (event);
}

/* 32 bytes. */
static GBytes *
p2p_node_read_hex (const char *text, GError **error)
{
  guint8 bytes[P2P_NODE_SEED_SIZE];
  gsize size = 0;

  if (sodium_hex2bin (bytes, sizeof bytes, text, strlen (text), NULL, &size, NULL) == 0 &&
      size == sizeof bytes)
    return g_bytes_new (bytes, sizeof bytes);
  g_set_error_literal (error,
                       DMS_ERROR,
                       DMS_ERROR_INVALID_ARGUMENT,
                       "the seed or the key is no hexadecimal number of 32 bytes");
  return NULL;
}

static DmsP2pIdentity *
p2p_node_make_identity (const char *seed, const char *psk, GError **error)
{
  guint8 bytes[P2P_NODE_SEED_SIZE];
  g_autoptr (GBytes) secret = NULL;
  g_autoptr (GBytes) network_key = NULL;

  randombytes_buf (bytes, sizeof bytes);
  secret = seed != NULL ? p2p_node_read_hex (seed, error) : g_bytes_new (bytes, sizeof bytes);
  if (secret == NULL)
    return NULL;
  network_key = psk != NULL ? p2p_node_read_hex (psk, error) : NULL;
  if (psk != NULL && network_key == NULL)
    return NULL;
  return dms_p2p_identity_new_private (secret, network_key, error);
}

/* `scope.resource` and the limit. */
static gboolean
p2p_node_set_limits (DmsP2pLimits *limits, JsonObject *wanted, GError **error)
{
  g_autoptr (GList) names = json_object_get_members (wanted);

  for (GList *link = names; link != NULL; link = link->next)
    {
      g_auto (GStrv) words = g_strsplit (link->data, ".", 2);

      if (!dms_p2p_limits_set (limits,
                               words[0],
                               words[1] != NULL ? words[1] : "",
                               (guint64) json_object_get_int_member (wanted, link->data),
                               error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
p2p_node_wants (const char *const *securities, const char *name)
{
  return securities == NULL || g_strv_contains (securities, name);
}

static void
p2p_node_add_transports (P2pNode *self,
                         DmsP2pSwarm *swarm,
                         DmsP2pIdentity *identity,
                         const char *const *securities)
{
  const char *protocols[3] = { NULL };
  guint n = 0;

  if (p2p_node_wants (securities, "tls"))
    protocols[n++] = DMS_P2P_TLS_PROTOCOL;
  if (p2p_node_wants (securities, "noise"))
    protocols[n++] = DMS_P2P_NOISE_PROTOCOL;
  self->quic = dms_p2p_quic_new (identity);
  self->tcp = dms_p2p_tcp_new (identity, protocols);
  dms_p2p_swarm_add_transport (swarm, self->quic);
  dms_p2p_swarm_add_transport (swarm, self->tcp);
}

P2pNode *
p2p_node_new (const char *seed,
              const char *psk,
              const char *const *securities,
              JsonObject *wanted,
              GError **error)
{
  g_autoptr (DmsP2pIdentity) identity = p2p_node_make_identity (seed, psk, error);
  g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (P2P_NODE_MEMORY, P2P_NODE_DESCRIPTORS);
  g_autoptr (DmsP2pPeerStore) peers = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsP2pSwarm) swarm = NULL;
  P2pNode *self = NULL;

  if (identity == NULL || (wanted != NULL && !p2p_node_set_limits (limits, wanted, error)))
    return NULL;
  swarm = dms_p2p_swarm_new (identity, limits, peers);
  self = g_new0 (P2pNode, 1);
  p2p_node_add_transports (self, swarm, identity, securities);
  self->host = dms_p2p_host_new (swarm);
  self->identify = dms_p2p_identify_new (self->host, P2P_NODE_AGENT);
  self->ping = dms_p2p_ping_new (self->host);
  dms_p2p_swarm_add_notify (swarm, p2p_node_on_connection, NULL);
  p2p_node_serve (self);
  return self;
}

void
p2p_node_free (P2pNode *self)
{
  if (self->autonat_service != NULL)
    dms_p2p_autonat_service_close (self->autonat_service);
  if (self->dcutr != NULL)
    dms_p2p_dcutr_close (self->dcutr);
  if (self->relay_client != NULL)
    dms_p2p_relay_client_close (self->relay_client);
  if (self->dht != NULL)
    dms_p2p_dht_close (self->dht);
  if (self->gossip != NULL)
    dms_p2p_gossip_close (self->gossip);
  dms_p2p_host_close (self->host);
  g_clear_object (&self->autonat_client);
  g_clear_object (&self->autonat_service);
  g_clear_object (&self->dcutr);
  g_clear_object (&self->relay_service);
  g_clear_object (&self->relay_client);
  g_clear_object (&self->dht);
  g_clear_object (&self->gossip);
  g_clear_object (&self->ping);
  g_clear_object (&self->identify);
  g_clear_object (&self->host);
  g_clear_object (&self->quic);
  g_clear_object (&self->tcp);
  g_free (self);
}

DmsP2pHost *
p2p_node_get_host (P2pNode *self)
{
  return self->host;
}

DmsP2pSwarm *
p2p_node_get_swarm (P2pNode *self)
{
  return dms_p2p_host_get_swarm (self->host);
}

DmsP2pPing *
p2p_node_get_ping (P2pNode *self)
{
  return self->ping;
}

void
p2p_node_use_relays (P2pNode *self, gboolean serves)
{
  g_autoptr (DmsP2pTransport) circuit = NULL;
  DmsP2pRelayPolicy policy;

  self->relay_client = dms_p2p_relay_client_new (self->host);
  circuit = dms_p2p_circuit_new (self->host, self->relay_client);
  dms_p2p_swarm_add_transport (p2p_node_get_swarm (self), circuit);
  dms_p2p_relay_policy_init (&policy);
  if (serves)
    self->relay_service = dms_p2p_relay_service_new (self->host, &policy);
}

void
p2p_node_traverse_nats (P2pNode *self)
{
  self->autonat_client = dms_p2p_autonat_client_new (self->host);
  self->autonat_service = dms_p2p_autonat_service_new (self->host, self->identify);
  self->dcutr = dms_p2p_dcutr_new (self->host, self->identify, self->quic, DMS_P2P_TCP (self->tcp));
}

DmsP2pAutonatClient *
p2p_node_get_autonat (P2pNode *self)
{
  return self->autonat_client;
}

DmsP2pRelayClient *
p2p_node_get_relay_client (P2pNode *self)
{
  return self->relay_client;
}

DmsP2pDht *
p2p_node_get_dht (P2pNode *self)
{
  return self->dht;
}

void
p2p_node_join_dht (P2pNode *self)
{
  self->dht = dms_p2p_dht_new (self->host, self->identify, DMS_P2P_DHT_PREFIX, DMS_P2P_DHT_SERVER);
}

/* Every message is good here but those that say they are not. */
static DmsValidation
p2p_node_on_validate (const char *topic, DmsPeerId *from, GBytes *data, guint64 ticket, gpointer user_data)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (data, NULL), g_bytes_get_size (data));

  return g_str_has_prefix (text, "bad") ? DMS_VALIDATION_REJECT : DMS_VALIDATION_ACCEPT;
}

static void
p2p_node_on_gossip (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  JsonObject *event = p2p_event_new ("gossip");
  g_autofree char *text = g_strndup (g_bytes_get_data (data, NULL), g_bytes_get_size (data));

  json_object_set_string_member (event, "topic", topic);
  json_object_set_string_member (event, "from", dms_peer_id_get_text (from));
  json_object_set_string_member (event, "text", text);
  p2p_say (event);
}

DmsP2pGossip *
p2p_node_get_gossip (P2pNode *self)
{
  return self->gossip;
}

void
p2p_node_join_gossip (P2pNode *self)
{
  static const DmsP2pGossipCallbacks callbacks = { p2p_node_on_validate, p2p_node_on_gossip };

  self->gossip = dms_p2p_gossip_new (self->host, &callbacks, self);
}
