/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-core.h"
#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-rpc.h"

G_BEGIN_DECLS

/* Many cores in one process under one clock that only moves when everything up to then has been done. The
 * same seed gives the same run. */
typedef struct _DmsTestGossipNet DmsTestGossipNet;

typedef struct
{
  DmsTestGossipNet *net;
  guint index;
  DmsP2pIdentity *identity;
  DmsPeerId *id;
  /* NULL while it is down. */
  DmsP2pGossipCore *core;
  /* Which side of a partition it is on. */
  guint side;
  /* Text of a delivered message to how many times. */
  GHashTable *delivered;
  /* DmsPeerId: proposed by peer exchange. */
  GPtrArray *proposed;
  /* What is said of messages. */
  DmsValidation verdict;
  /* guint64: those to be judged later. */
  GArray *tickets;
  guint n_judged;
  gint64 last_delivery_us;
  guint64 last_seqno;
  guint64 n_runs;
} DmsTestGossipNode;

/* Everything a node sends to another one passes here; NULL passes it on. TRUE: it was taken. */
typedef gboolean (*DmsTestGossipTap) (DmsTestGossipNode *from,
                                      DmsTestGossipNode *to,
                                      GBytes *rpc,
                                      gpointer user_data);

DmsTestGossipNet *dms_test_gossip_net_new (guint n, guint32 seed);
void dms_test_gossip_net_free (DmsTestGossipNet *self);
DmsTestGossipNode *dms_test_gossip_net_get (DmsTestGossipNet *self, guint i);
void dms_test_gossip_net_set_tap (DmsTestGossipNet *self, DmsTestGossipTap tap, gpointer user_data);

gint64 dms_test_gossip_net_now (DmsTestGossipNet *self);
guint32 dms_test_gossip_net_random (DmsTestGossipNet *self);
/* @a dials @b. */
void dms_test_gossip_net_connect (DmsTestGossipNet *self, guint a, guint b);
void dms_test_gossip_net_disconnect (DmsTestGossipNet *self, guint a, guint b);
/* Each node dials so many others. */
void dms_test_gossip_net_connect_any (DmsTestGossipNet *self, guint n_dials);
void dms_test_gossip_net_join_all (DmsTestGossipNet *self, const char *topic);
void dms_test_gossip_net_stop (DmsTestGossipNet *self, guint i);
void dms_test_gossip_net_restart (DmsTestGossipNet *self, guint i, const char *topic);
void dms_test_gossip_net_run (DmsTestGossipNet *self, gint64 ms);
void dms_test_gossip_net_publish (DmsTestGossipNet *self, guint i, const char *topic, const char *text);
/* How many of those that are up have @text, once or more. */
guint dms_test_gossip_net_count (DmsTestGossipNet *self, const char *text);
/* A number that depends on all that was ever sent. */
guint dms_test_gossip_net_get_trace (DmsTestGossipNet *self);
/* Hands an RPC of @peer to a node, and lets it have all the turns that it asks for. */
gboolean dms_test_gossip_node_feed (DmsTestGossipNode *self, DmsPeerId *peer, GBytes *rpc);
/* So many that a validator said nothing of. */
guint dms_test_gossip_node_get_delivered (DmsTestGossipNode *self, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTestGossipNet, dms_test_gossip_net_free)

G_END_DECLS
