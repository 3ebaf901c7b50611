/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-dht.h"

G_BEGIN_DECLS

/* `auto`, `public`, `private`. */
typedef enum
{
  DMS_LIBP2P_REACHABILITY_AUTO,
  DMS_LIBP2P_REACHABILITY_PUBLIC,
  DMS_LIBP2P_REACHABILITY_PRIVATE,
} DmsLibp2pReachability;

/**
 * DmsLibp2pParams:
 * @memory_mib: the most memory it may use
 * @descriptors: the most file descriptors it may use
 * @peer_store: (nullable): the file where it keeps what it knows of peers
 * @perf: whether the perf protocol is served, which gives away bandwidth
 * @mdns: whether hosts of the local network are looked for, and may find this one
 * @port_mapping: whether routers are asked to pass ports on to this machine
 * @low_water: to how many connections it goes back
 * @high_water: when it has more than so many
 * @grace_s: connections younger than this are left alone
 * @reachability: whether others can connect: found out, or known
 * @relay_service: whether it relays for others when they can reach it
 * @relay_reservations: how many nodes may be reached through it
 * @relay_circuits: how many connections it relays at a time
 * @relay_circuit_s: how long it relays one connection
 * @relay_circuit_kib: how much it relays of one, each way
 * @probe_delay_ms: when peers are first asked whether they can connect to this host
 * @relay_delay_ms: how long after the start it takes any relay, when none are given
 * @relays: (element-type DmsMultiaddr): the relays it takes when it cannot be reached; empty for any
 * @dht_prefix: what the protocol of the distributed hash table begins with
 * @dht_mode: whether it keeps a part of it for others
 * @rendezvous: (nullable): the name under which nodes of one network find each other; %NULL for none
 * @discovery_interval_s: after how many seconds it looks for them again
 *
 * What a configuration may say besides: the members of its parameters, under these names.
 */
typedef struct
{
  guint memory_mib;
  guint descriptors;
  char *peer_store;
  gboolean perf;
  gboolean mdns;
  gboolean port_mapping;
  guint low_water;
  guint high_water;
  guint grace_s;
  DmsLibp2pReachability reachability;
  gboolean relay_service;
  guint relay_reservations;
  guint relay_circuits;
  guint relay_circuit_s;
  guint relay_circuit_kib;
  guint probe_delay_ms;
  guint relay_delay_ms;
  GPtrArray *relays;
  char *dht_prefix;
  DmsP2pDhtMode dht_mode;
  char *rendezvous;
  guint discovery_interval_s;
} DmsLibp2pParams;

/* Members that are not there have their usual values; others than these are nothing to it. */
DmsLibp2pParams *dms_libp2p_params_new (JsonObject *object, GError **error);
void dms_libp2p_params_free (DmsLibp2pParams *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pParams, dms_libp2p_params_free)

G_END_DECLS
