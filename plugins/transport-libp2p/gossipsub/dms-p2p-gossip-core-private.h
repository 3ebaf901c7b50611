/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-cache.h"
#include "gossipsub/dms-p2p-gossip-core.h"
#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-promises.h"
#include "gossipsub/dms-p2p-gossip-rpc.h"
#include "gossipsub/dms-p2p-gossip-seen.h"

G_BEGIN_DECLS

/* An RPC that is worked off, or waits for that. */
typedef struct
{
  DmsP2pGossipRpc *rpc;
  gsize size;
  /* Its message that is next. */
  guint next;
  gboolean is_begun;
} DmsP2pGossipInbound;

/* A peer that is connected. */
typedef struct
{
  DmsPeerId *id;
  DmsP2pGossipVersion version;
  gboolean is_outbound;
  /* Topics (of DmsP2pGossipTopic, borrowed) that it subscribes. */
  GHashTable *topics;
  /* GBytes to the heartbeat up to which it does not want them. */
  GHashTable *unwanted;
  /* What goes to it at the end of what is being done; NULL for nothing. */
  DmsP2pGossipRpc *control;
  DmsP2pGossipRpc *gossip;
  /* DmsP2pGossipInbound, in the order in which they came. */
  GQueue inbound;
  gsize inbound_bytes;
  guint inbound_messages;

  guint n_pending;
  /* Since the last heartbeat. */
  guint n_ihave;
  guint n_asked;
  guint n_wanted;
  guint n_idontwant;
  guint n_subscriptions;
} DmsP2pGossipPeer;

/* A topic that somebody cares for: this node, or a peer. Lists keep an order, so that the same happens again
 * with the same random numbers. */
typedef struct
{
  char *name;
  gboolean is_joined;
  /* DmsP2pGossipPeer, borrowed: those who subscribe; of those, the mesh; and whom to publish to unjoined. */
  GPtrArray *peers;
  GPtrArray *mesh;
  GPtrArray *fanout;
  gint64 fanout_until_us;
  /* DmsPeerId to gint64*: when it may be grafted again. */
  GHashTable *back_offs;
} DmsP2pGossipTopic;

/* A message that is being judged. */
typedef struct
{
  guint64 ticket;
  /* NULL for one of our own, which is signed afterwards. */
  DmsP2pGossipMessage *message;
  DmsPeerId *bringer;
  char *topic;
  GBytes *data;
  gint64 expires_us;
  DmsP2pGossipPublished published;
  gpointer published_data;
} DmsP2pGossipCase;

struct _DmsP2pGossipCore
{
  DmsP2pIdentity *identity;
  DmsPeerId *self_id;
  DmsP2pGossipFuncs funcs;
  gpointer user_data;
  guint64 next_number;
  guint64 next_ticket;
  guint64 n_heartbeats;

  /* DmsPeerId to DmsP2pGossipPeer; and the same in the order in which they came. */
  GHashTable *peers;
  GPtrArray *peer_list;
  /* char* to DmsP2pGossipTopic. */
  GHashTable *topics;
  guint n_joined;
  /* DmsP2pGossipPeer with something to be sent. */
  GPtrArray *dirty;
  /* DmsP2pGossipPeer of which something waits: whose turn it is comes first. */
  GQueue waiting;
  /* What may still be done in this turn. */
  guint turn_messages;
  guint turn_signatures;
  gboolean is_woken;

  DmsP2pGossipScore *score;
  DmsP2pGossipSeen *seen;
  DmsP2pGossipCache *cache;
  DmsP2pGossipPromises *promises;
  /* guint64* (in the case) to DmsP2pGossipCase. */
  GHashTable *cases;
  gsize case_bytes;
  DmsP2pGossipCounts counts;
};

gint64 dms_p2p_gossip_core_now (DmsP2pGossipCore *self);
/* Below @n, which is not 0. */
guint dms_p2p_gossip_core_random (DmsP2pGossipCore *self, guint n);
void dms_p2p_gossip_core_shuffle (DmsP2pGossipCore *self, GPtrArray *list);
double dms_p2p_gossip_core_score_of (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer);
DmsP2pGossipPeer *dms_p2p_gossip_core_find_peer (DmsP2pGossipCore *self, DmsPeerId *id);
/* Borrowed, so that the table may change meanwhile. */
GPtrArray *dms_p2p_gossip_list_keys (GHashTable *table);
GPtrArray *dms_p2p_gossip_list_values (GHashTable *table);

/* What is to be sent with dms_p2p_gossip_core_flush(). */
DmsP2pGossipRpc *dms_p2p_gossip_core_get_control (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer);
DmsP2pGossipRpc *dms_p2p_gossip_core_get_gossip (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer);
void dms_p2p_gossip_core_flush (DmsP2pGossipCore *self);

/* Topics and meshes: dms-p2p-gossip-core-mesh.c. */
DmsP2pGossipTopic *dms_p2p_gossip_core_ensure_topic (DmsP2pGossipCore *self, const char *name);
/* Nobody cares for it any more? */
void dms_p2p_gossip_core_release_topic (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic);
void dms_p2p_gossip_topic_free (gpointer data);
void dms_p2p_gossip_core_subscribe_peer (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, const char *name);
void dms_p2p_gossip_core_unsubscribe_peer (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, const char *name);
void dms_p2p_gossip_core_graft (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, DmsP2pGossipPeer *peer);
/* Takes it out of the mesh and tells it, with others to ask instead when @exchange. */
void dms_p2p_gossip_core_prune (DmsP2pGossipCore *self,
                                DmsP2pGossipTopic *topic,
                                DmsP2pGossipPeer *peer,
                                gboolean exchange);
void dms_p2p_gossip_core_add_prune (DmsP2pGossipCore *self,
                                    const char *topic,
                                    DmsP2pGossipPeer *peer,
                                    guint back_off_s,
                                    gboolean exchange);
gboolean
dms_p2p_gossip_core_leave_mesh (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic, DmsP2pGossipPeer *peer);
void dms_p2p_gossip_core_back_off (DmsP2pGossipCore *self,
                                   DmsP2pGossipTopic *topic,
                                   DmsPeerId *peer,
                                   guint64 seconds);
/* When it may be grafted again; 0 for any time. */
gint64 dms_p2p_gossip_topic_get_back_off (DmsP2pGossipTopic *topic, DmsPeerId *peer);
/* At most @n of the topic's peers, any, that are not in @but (nullable), and whose score is at least @score.
 */
GPtrArray *dms_p2p_gossip_core_choose (DmsP2pGossipCore *self,
                                       DmsP2pGossipTopic *topic,
                                       GPtrArray *but,
                                       double score,
                                       gboolean for_mesh,
                                       guint n);

/* What peers ask for: dms-p2p-gossip-core-control.c. */
void
dms_p2p_gossip_core_handle_control (DmsP2pGossipCore *self, DmsP2pGossipPeer *peer, DmsP2pGossipRpc *rpc);

/* Messages: dms-p2p-gossip-core-messages.c. */
/* Whoever judges may let go of the peer. */
void dms_p2p_gossip_core_handle_message (DmsP2pGossipCore *self,
                                         DmsP2pGossipPeer *peer,
                                         DmsP2pGossipMessage *message);
void dms_p2p_gossip_core_expire_cases (DmsP2pGossipCore *self);
void dms_p2p_gossip_case_free (gpointer data);

/* What waits of peers: dms-p2p-gossip-core-receive.c. */
void dms_p2p_gossip_inbound_free (gpointer data);

G_END_DECLS
