/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* libp2p specs, kad-dht; the numbers that it does not say are those of go-libp2p-kad-dht or our own. */
enum
{
  /* Replication, concurrency, and how many of the closest must have answered (specs, "System parameters"). */
  DMS_P2P_KAD_K = 20,
  DMS_P2P_KAD_ALPHA = 10,
  DMS_P2P_KAD_BETA = 3,

  /* Peers of one IP group in the table, and in one bucket of it (go: peerdiversity). */
  DMS_P2P_KAD_GROUP_TABLE = 3,
  DMS_P2P_KAD_GROUP_BUCKET = 2,
  /* And among those that a lookup relies on. Ours. */
  DMS_P2P_KAD_GROUP_LOOKUP = 3,
  /* Requests that a peer may fail in a row before it leaves the table. Ours. */
  DMS_P2P_KAD_MAX_FAILURES = 2,

  /* A lookup: one request, all of it, how many requests, and how many peers it remembers. go: 10 s, 60 s; the
   * others are ours. */
  DMS_P2P_KAD_REQUEST_S = 10,
  DMS_P2P_KAD_LOOKUP_S = 60,
  DMS_P2P_KAD_MAX_REQUESTS = 250,
  DMS_P2P_KAD_MAX_CANDIDATES = 512,
  /* Lookups of one host at a time, upkeep apart. Ours. */
  DMS_P2P_KAD_MAX_OPERATIONS = 64,
  /* Equal answers after which a value is believed (go: defaultQuorum). */
  DMS_P2P_KAD_QUORUM = 16,

  /* Messages. The first is the specification's; a request is never as large as an answer. */
  DMS_P2P_KAD_MAX_ANSWER_SIZE = 4 * 1024 * 1024,
  DMS_P2P_KAD_MAX_REQUEST_SIZE = 192 * 1024,
  DMS_P2P_KAD_MAX_KEY_SIZE = 1024,
  DMS_P2P_KAD_MAX_VALUE_SIZE = 64 * 1024,
  DMS_P2P_KAD_MAX_ADDRESSES = 64,
  DMS_P2P_KAD_MAX_ADDRESS_SIZE = 256,
  DMS_P2P_KAD_MAX_PROVIDERS = 128,
  DMS_P2P_KAD_MAX_TIME_SIZE = 64,
  /* Addresses of a peer that are told to others. */
  DMS_P2P_KAD_TOLD_ADDRESSES = 16,
  /* A multihash (go: the key of ADD_PROVIDER). */
  DMS_P2P_KAD_MAX_MULTIHASH = 80,

  /* What is kept for others: values, and who provides what. Ours. */
  DMS_P2P_KAD_MAX_RECORDS = 4096,
  DMS_P2P_KAD_MAX_RECORD_BYTES = 32 * 1024 * 1024,
  DMS_P2P_KAD_MAX_RECORDS_OF_PEER = 256,
  DMS_P2P_KAD_MAX_PROVIDED_KEYS = 8192,
  DMS_P2P_KAD_MAX_PROVIDED_OF_PEER = 1024,
  DMS_P2P_KAD_MAX_PROVIDER_RECORDS = 32768,
  DMS_P2P_KAD_MAX_PROVIDER_BYTES = 32 * 1024 * 1024,
  /* What this host itself keeps in the network. */
  DMS_P2P_KAD_MAX_OWN = 1024,

  /* specs, "Content provider advertisement" and "Entry expiration": 48 h, 22 h, 24 h. */
  DMS_P2P_KAD_RECORD_S = 48 * 3600,
  DMS_P2P_KAD_REPUBLISH_S = 22 * 3600,
  DMS_P2P_KAD_PROVIDER_S = 48 * 3600,
  DMS_P2P_KAD_PROVIDER_ADDRESS_S = 24 * 3600,

  /* specs, "Bootstrap process": every 10 minutes. */
  DMS_P2P_KAD_REFRESH_S = 10 * 60,
  /* Soon after the first peers have come. Ours. */
  DMS_P2P_KAD_FIRST_REFRESH_S = 1,
  DMS_P2P_KAD_HURRY_S = 30,
  /* A random key of a bucket farther than this is not looked for (go: maxCplForRefresh is 15). */
  DMS_P2P_KAD_MAX_REFRESHED = 12,
  /* Peers not heard of for so long are asked whether they are there, some at a time. Ours. */
  DMS_P2P_KAD_CHECK_S = 60,
  DMS_P2P_KAD_SILENT_S = 10 * 60,
  DMS_P2P_KAD_CHECKS = 8,
  /* How long the addresses that a lookup found are remembered (go: TempAddrTTL is 2 min). */
  DMS_P2P_KAD_LEARNT_S = 10 * 60,
};

G_END_DECLS
