/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"

static const DmsCliFlag host_flags[] = {
  { "host", 'H', DMS_CLI_FLAG_STRING, TRUE, NULL, "peer ID", N_ ("the peer to ping") },
  { NULL },
};

static const DmsCliField host_fields[] = {
  { "Host", "host", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag address_flags[] = {
  { "address", 'a', DMS_CLI_FLAG_STRING, TRUE, NULL, "multiaddr",
   N_ ("where the peer is, with /p2p/ and its ID at the end") },
  { NULL },
};

static const DmsCliField address_fields[] = {
  { "Address", "address", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag dial_flags[] = {
  { "address", 'a', DMS_CLI_FLAG_STRING, TRUE, NULL, "multiaddr", N_ ("an address, or a peer ID") },
  { NULL },
};

static const DmsCliField dial_fields[] = {
  { "address", "address", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag peer_flags[] = {
  { "peer", 'p', DMS_CLI_FLAG_STRING, TRUE, NULL, "peer ID", N_ ("the peer") },
  { NULL },
};

static const DmsCliFlag any_peer_flags[] = {
  { "peer", 'p', DMS_CLI_FLAG_STRING, FALSE, NULL, "peer ID", N_ ("only this peer, and what it speaks") },
  { NULL },
};

static const DmsCliField peer_fields[] = {
  { "peer", "peer", FALSE, NULL },
  { NULL },
};

static const DmsCliFlag logger_flags[] = {
  { "url", 'u', DMS_CLI_FLAG_STRING, FALSE, NULL, "url", N_ ("where logs are sent") },
  { "level", 'l', DMS_CLI_FLAG_STRING, FALSE, NULL, "level", N_ ("DEBUG, INFO, WARN or ERROR") },
  { "interval", 'i', DMS_CLI_FLAG_INT, FALSE, NULL, "seconds", N_ ("time between two sendings") },
  { "api-key", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "key", N_ ("access key of the log server") },
  { "apm-url", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "url", N_ ("application performance server") },
  { "enable-elastic", 0, DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("whether logs are sent") },
  { NULL },
};

static const DmsCliField logger_fields[] = {
  { "url", "url", FALSE, NULL },
  { "level", "level", FALSE, NULL },
  { "interval", "interval", FALSE, NULL },
  { "api_key", "api-key", FALSE, NULL },
  { "apm_url", "apm-url", FALSE, NULL },
  { "elastic_enabled", "enable-elastic", FALSE, NULL },
  { NULL },
};

static const char *const logger_groups[] = { "url level interval api-key apm-url enable-elastic", NULL };

const DmsCliVerb dms_behaviours_node[] = {
  {
    .path = "actor cmd /dms/node/peers/ping",
    .summary = N_ ("ping a peer"),
    .examples = "  nunet actor cmd /dms/node/peers/ping --host 12D3KooW…",
    .flags = host_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = host_fields },
  },
  {
    .path = "actor cmd /dms/node/peers/connect",
    .summary = N_ ("connect to a peer"),
    .examples = "  nunet actor cmd /dms/node/peers/connect --address /ip4/192.0.2.1/tcp/9000/p2p/12D3KooW…",
    .flags = address_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = address_fields },
  },
  {
    .path = "actor cmd /dms/node/peers/list",
    .summary = N_ ("list the connected peers"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/peers/self",
    .summary = N_ ("show the node's peer ID and addresses"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/peers/dht",
    .summary = N_ ("list the peers of the routing table"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/peers/score",
    .summary = N_ ("show how well peers behave in pub/sub"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/network/addresses",
    .summary = N_ ("show where the node can be reached"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/network/peers",
    .summary = N_ ("list the connected peers, with what is known of them"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/network/connections",
    .summary = N_ ("list the connections and what goes over them"),
    .flags = any_peer_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = peer_fields },
  },
  {
    .path = "actor cmd /dms/node/network/limits",
    .summary = N_ ("show what the network may cost the node"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/network/dial",
    .summary = N_ ("connect to a peer and tell each step"),
    .examples = "  nunet actor cmd /dms/node/network/dial --address /ip4/192.0.2.1/tcp/9000/p2p/12D3KooW…",
    .flags = dial_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = dial_fields },
  },
  {
    .path = "actor cmd /dms/node/network/ping",
    .summary = N_ ("measure the round trip to a peer"),
    .flags = peer_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = peer_fields },
  },
  {
    .path = "actor cmd /dms/debug/flightrec",
    .summary = N_ ("write a trace of the daemon to its log directory"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /public/hello",
    .summary = N_ ("ask a node for its DID"),
    .examples = "  nunet actor cmd /public/hello --dest did:key:z6Mk…",
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /public/status",
    .summary = N_ ("ask a node for its state and resources"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /broadcast/hello",
    .summary = N_ ("ask all nodes for their DIDs"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .topic = "/nunet/hello" },
  },
  {
    .path = "actor cmd /dms/node/status",
    .summary = N_ ("show the state of this node and of those it knows"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /broadcast/dms/status",
    .summary = N_ ("ask all nodes for their state"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .topic = "/nunet/status" },
  },
  {
    .path = "actor cmd /dms/node/hardware/spec",
    .summary = N_ ("show what the machine has"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/hardware/usage",
    .summary = N_ ("show what is in use on the machine"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/resources/allocated",
    .summary = N_ ("show what jobs hold"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/resources/free",
    .summary = N_ ("show what is left for jobs"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/resources/onboarded",
    .summary = N_ ("show what the machine lends"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/allocations/list",
    .summary = N_ ("list the allocations that run on this node"),
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .path = NULL },
  },
  {
    .path = "actor cmd /dms/node/logger/config",
    .summary = N_ ("change where and what the daemon logs"),
    .examples = "  nunet actor cmd /dms/node/logger/config --level DEBUG",
    .flags = logger_flags,
    .one_required = logger_groups,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = logger_fields },
  },
  { NULL },
};
