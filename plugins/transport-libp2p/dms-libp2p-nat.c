/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-nat.h"

#include "relay/dms-p2p-circuit.h"

/* Others are to know where this host is now. */
static void
dms_libp2p_nat_tell (DmsLibp2pNat *self)
{
  dms_p2p_identify_note_changed (self->identify);
  if (self->moved != NULL)
    self->moved (self->moved_data);
}

static void
dms_libp2p_nat_on_relays_changed (DmsP2pRelayClient *client, gpointer user_data)
{
  DmsLibp2pNat *self = user_data;
  g_autoptr (GPtrArray) addresses = dms_p2p_relay_client_dup_addresses (client);

  g_message ("Relays that let others reach this host: %u.", dms_p2p_relay_client_get_n (client));
  dms_p2p_swarm_set_relay_addresses (dms_p2p_host_get_swarm (self->host), addresses);
  dms_libp2p_nat_tell (self);
}

/* A relay that cannot be reached is none. Once it is one, it stays one: others count on it. */
static void
dms_libp2p_nat_apply (DmsLibp2pNat *self, gboolean is_public, gboolean is_private)
{
  dms_p2p_auto_relay_set_wanted (self->auto_relay, is_private);
  if (is_public || is_private)
    dms_p2p_dht_note_reachable (self->dht, is_public);
  if (is_public && self->may_relay && self->relay_service == NULL)
    self->relay_service = dms_p2p_relay_service_new (self->host, &self->policy);
}

static void
dms_libp2p_nat_on_reachability (DmsP2pReachability reachability, gpointer user_data)
{
  DmsLibp2pNat *self = user_data;

  if (reachability != self->reachability)
    g_message ("Others %s connect to this host.",
               reachability == DMS_P2P_REACHABILITY_PUBLIC ? "can" : "cannot");
  self->reachability = reachability;
  dms_p2p_swarm_set_confirmed_addresses (dms_p2p_host_get_swarm (self->host),
                                         dms_p2p_autonat_get_reachable (self->autonat));
  dms_libp2p_nat_apply (
      self, reachability == DMS_P2P_REACHABILITY_PUBLIC, reachability == DMS_P2P_REACHABILITY_PRIVATE);
  dms_libp2p_nat_tell (self);
}

DmsLibp2pNat *
dms_libp2p_nat_new (DmsP2pHost *host,
                    DmsP2pIdentify *identify,
                    DmsP2pDht *dht,
                    DmsP2pTransport *quic,
                    DmsP2pTcp *tcp,
                    const DmsLibp2pParams *params)
{
  DmsLibp2pNat *self = g_new0 (DmsLibp2pNat, 1);
  g_autoptr (DmsP2pTransport) circuit = NULL;

  self->host = g_object_ref (host);
  self->identify = g_object_ref (identify);
  self->dht = g_object_ref (dht);
  self->may_relay = params->relay_service;
  dms_p2p_relay_policy_init (&self->policy);
  self->policy.max_reservations = params->relay_reservations;
  self->policy.max_circuits = params->relay_circuits;
  self->policy.circuit_s = params->relay_circuit_s;
  self->policy.circuit_bytes = (guint64) params->relay_circuit_kib * 1024;
  self->relay_client = dms_p2p_relay_client_new (host);
  dms_p2p_relay_client_set_changed (self->relay_client, dms_libp2p_nat_on_relays_changed, self);
  circuit = dms_p2p_circuit_new (host, self->relay_client);
  dms_p2p_swarm_add_transport (dms_p2p_host_get_swarm (host), circuit);
  self->auto_relay = dms_p2p_auto_relay_new (host, self->relay_client, params->relays);
  dms_p2p_auto_relay_set_timing (self->auto_relay, params->relay_delay_ms, DMS_P2P_AUTO_RELAY_LOOK_MS);
  self->dcutr = dms_p2p_dcutr_new (host, identify, quic, tcp);
  self->autonat_service = dms_p2p_autonat_service_new (host, identify);
  if (params->reachability == DMS_LIBP2P_REACHABILITY_AUTO)
    {
      self->autonat = dms_p2p_autonat_new (host, identify, dms_libp2p_nat_on_reachability, self);
      dms_p2p_autonat_set_boot_ms (self->autonat, params->probe_delay_ms);
    }
  else
    self->reachability = params->reachability == DMS_LIBP2P_REACHABILITY_PUBLIC
                             ? DMS_P2P_REACHABILITY_PUBLIC
                             : DMS_P2P_REACHABILITY_PRIVATE;
  dms_libp2p_nat_apply (self,
                        self->reachability == DMS_P2P_REACHABILITY_PUBLIC,
                        self->reachability == DMS_P2P_REACHABILITY_PRIVATE);
  return self;
}

void
dms_libp2p_nat_set_moved (DmsLibp2pNat *self, DmsLibp2pNatMoved moved, gpointer user_data)
{
  self->moved = moved;
  self->moved_data = user_data;
}

void
dms_libp2p_nat_close (DmsLibp2pNat *self)
{
  g_clear_pointer (&self->autonat, dms_p2p_autonat_free);
  dms_p2p_autonat_service_close (self->autonat_service);
  dms_p2p_dcutr_close (self->dcutr);
  g_clear_pointer (&self->auto_relay, dms_p2p_auto_relay_free);
  dms_p2p_relay_client_close (self->relay_client);
}

void
dms_libp2p_nat_free (DmsLibp2pNat *self)
{
  g_clear_pointer (&self->auto_relay, dms_p2p_auto_relay_free);
  g_clear_pointer (&self->autonat, dms_p2p_autonat_free);
  g_clear_object (&self->autonat_service);
  g_clear_object (&self->dcutr);
  g_clear_object (&self->relay_service);
  g_clear_object (&self->relay_client);
  g_clear_object (&self->dht);
  g_clear_object (&self->identify);
  g_clear_object (&self->host);
  g_free (self);
}
