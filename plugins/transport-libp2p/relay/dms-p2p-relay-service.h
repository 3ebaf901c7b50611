/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"
#include "relay/dms-p2p-reservations.h"

G_BEGIN_DECLS

enum
{
  /* The usual limit of a relay (go-libp2p, p2p/protocol/circuitv2/relay: DefaultResources), and ours. */
  DMS_P2P_RELAY_MAX_RESERVATIONS = 128,
  DMS_P2P_RELAY_MAX_CIRCUITS = 1024,
};

/**
 * DmsP2pRelayPolicy:
 * @max_reservations: how many peers may be reached through this relay
 * @max_per_ip: of those, how many at one IP
 * @reservation_s: how long a reservation holds
 * @max_circuits_per_peer: relayed connections of one peer
 * @max_circuits: relayed connections in all
 * @circuit_s: how long one may last
 * @circuit_bytes: what may go through one, each way
 *
 * What a relay gives away.
 */
typedef struct
{
  guint max_reservations;
  guint max_per_ip;
  guint reservation_s;
  guint max_circuits_per_peer;
  guint max_circuits;
  guint circuit_s;
  guint64 circuit_bytes;
} DmsP2pRelayPolicy;

/* The usual. */
void dms_p2p_relay_policy_init (DmsP2pRelayPolicy *self);

#define DMS_TYPE_P2P_RELAY_SERVICE (dms_p2p_relay_service_get_type ())

/* A relay for others (libp2p specs, relay/circuit-v2, the hop protocol). */
G_DECLARE_FINAL_TYPE (DmsP2pRelayService, dms_p2p_relay_service, DMS, P2P_RELAY_SERVICE, GObject)

/* Close the host before letting go of this. */
DmsP2pRelayService *dms_p2p_relay_service_new (DmsP2pHost *host, const DmsP2pRelayPolicy *policy);

guint dms_p2p_relay_service_get_n_reservations (DmsP2pRelayService *self);
guint dms_p2p_relay_service_get_n_circuits (DmsP2pRelayService *self);
guint64 dms_p2p_relay_service_get_n_refused (DmsP2pRelayService *self);
const DmsP2pRelayPolicy *dms_p2p_relay_service_get_policy (DmsP2pRelayService *self);
DmsP2pHost *dms_p2p_relay_service_get_host (DmsP2pRelayService *self);

G_END_DECLS
