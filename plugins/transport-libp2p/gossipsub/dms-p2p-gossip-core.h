/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "gossipsub/dms-p2p-gossip-score.h"
#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/* Which gossipsub a peer speaks. */
typedef enum
{
  DMS_P2P_GOSSIP_V1_0,
  DMS_P2P_GOSSIP_V1_1,
  DMS_P2P_GOSSIP_V1_2,
} DmsP2pGossipVersion;

/* How much an RPC matters: what matters least is dropped first for a peer that is slow. */
typedef enum
{
  DMS_P2P_GOSSIP_CONTROL,
  DMS_P2P_GOSSIP_MESSAGE,
  DMS_P2P_GOSSIP_GOSSIP,
} DmsP2pGossipUrgency;

/**
 * DmsP2pGossipFuncs:
 * @now_us: a clock that never goes back
 * @random: any number of 32 bits, each as likely
 * @send: an RPC for a peer, without a length before it
 * @validate: judges a message before anybody gets it: %DMS_VALIDATION_LATER when
 * dms_p2p_gossip_core_finish_validation() will be called for @ticket. @from: who published it
 * @deliver: a good message on a topic that was joined
 * @connect: a peer that another one proposes, with its signed record (nullable)
 * @dup_record: (nullable): the signed record of a peer
 * @wake: dms_p2p_gossip_core_work() is to be called, in a turn of its own; asked for once until it is
 * @drained: nothing of a peer waits any more after some of it did
 *
 * What the protocol needs of the world. None may call back into the core, but for finish_validation() in
 * @validate.
 */
typedef struct
{
  gint64 (*now_us) (gpointer user_data);
  guint32 (*random) (gpointer user_data);
  void (*send) (DmsPeerId *peer, GBytes *rpc, DmsP2pGossipUrgency urgency, gpointer user_data);
  DmsValidation (
      *validate) (const char *topic, DmsPeerId *from, GBytes *data, guint64 ticket, gpointer user_data);
  void (*deliver) (const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data);
  void (*connect) (DmsPeerId *peer, GBytes *record, gpointer user_data);
  GBytes *(*dup_record) (DmsPeerId *peer, gpointer user_data);
  void (*wake) (gpointer user_data);
  void (*drained) (DmsPeerId *peer, gpointer user_data);
} DmsP2pGossipFuncs;

/* What was counted. */
typedef struct
{
  guint64 delivered;
  guint64 duplicates;
  guint64 forged;
  guint64 rejected;
  guint64 ignored;
  guint64 throttled;
  guint64 timed_out;
  guint64 sent;
  guint64 iwant_sent;
  guint64 iwant_answered;
} DmsP2pGossipCounts;

/* How a publication ended: DMS_VALIDATION_ACCEPT when it was sent. */
typedef void (*DmsP2pGossipPublished) (DmsValidation verdict, gpointer user_data);

/* gossipsub v1.1, and v1.2 with those who speak it (libp2p specs, pubsub/gossipsub): the protocol alone, with
 * neither connections nor a clock nor a main loop of its own. */
typedef struct _DmsP2pGossipCore DmsP2pGossipCore;

/* @first_number: what the messages of this node are counted from: higher than in any run before. */
DmsP2pGossipCore *dms_p2p_gossip_core_new (DmsP2pIdentity *identity,
                                           guint64 first_number,
                                           const DmsP2pGossipScoreParams *params,
                                           const DmsP2pGossipFuncs *funcs,
                                           gpointer user_data);
/* Publications that were not judged end as ignored. */
void dms_p2p_gossip_core_free (DmsP2pGossipCore *self);

/* Every DMS_P2P_GOSSIP_HEARTBEAT_MS. */
void dms_p2p_gossip_core_heartbeat (DmsP2pGossipCore *self);

/* @ip: (nullable): what its host counts as; peers of this machine as nothing. */
void dms_p2p_gossip_core_add_peer (DmsP2pGossipCore *self,
                                   DmsPeerId *peer,
                                   DmsP2pGossipVersion version,
                                   gboolean is_outbound,
                                   const char *ip);
/* The peer may have forgotten what we subscribe to: tells it again. */
void dms_p2p_gossip_core_greet_again (DmsP2pGossipCore *self, DmsPeerId *peer);
void dms_p2p_gossip_core_remove_peer (DmsP2pGossipCore *self, DmsPeerId *peer);
gboolean dms_p2p_gossip_core_has_peer (DmsP2pGossipCore *self, DmsPeerId *peer);
void dms_p2p_gossip_core_set_app_score (DmsP2pGossipCore *self, DmsPeerId *peer, double score);

/* An RPC of a peer. FALSE with an error when it broke the protocol, which is held against it already. Only so
 * many messages and signatures are looked at in a turn: what is left waits, and while something does no more
 * of the peer should be read. What is more than one RPC may hold is refused then, with DMS_ERROR_BUSY. */
gboolean dms_p2p_gossip_core_receive (DmsP2pGossipCore *self,
                                      DmsPeerId *peer,
                                      const guint8 *data,
                                      gsize size,
                                      GError **error);
gboolean dms_p2p_gossip_core_is_busy_with (DmsP2pGossipCore *self, DmsPeerId *peer);
/* A new turn: works on what waits, a message of each peer at a time. TRUE when something is left, for which
 * it has asked to be woken. */
gboolean dms_p2p_gossip_core_work (DmsP2pGossipCore *self);

/* DMS_ERROR_INVALID_ARGUMENT for what is no topic, DMS_ERROR_BUSY beyond
 * DMS_P2P_GOSSIP_MAX_OWN_TOPICS. */
gboolean dms_p2p_gossip_core_join (DmsP2pGossipCore *self, const char *topic, GError **error);
void dms_p2p_gossip_core_leave (DmsP2pGossipCore *self, const char *topic);

/* Validates, signs and sends. @published is called once, perhaps from here. */
void dms_p2p_gossip_core_publish (DmsP2pGossipCore *self,
                                  const char *topic,
                                  GBytes *data,
                                  DmsP2pGossipPublished published,
                                  gpointer user_data);
/* FALSE when nothing waits for it (any more). */
gboolean
dms_p2p_gossip_core_finish_validation (DmsP2pGossipCore *self, guint64 ticket, DmsValidation verdict);

/* Ends all that is being judged, as ignored. */
void dms_p2p_gossip_core_end_cases (DmsP2pGossipCore *self);

DmsP2pGossipScore *dms_p2p_gossip_core_get_score (DmsP2pGossipCore *self);
const DmsP2pGossipCounts *dms_p2p_gossip_core_get_counts (DmsP2pGossipCore *self);
/* DmsPeerId: on a topic; in its mesh. */
GPtrArray *dms_p2p_gossip_core_list_topic_peers (DmsP2pGossipCore *self, const char *topic);
GPtrArray *dms_p2p_gossip_core_list_mesh (DmsP2pGossipCore *self, const char *topic);
guint dms_p2p_gossip_core_get_n_topics (DmsP2pGossipCore *self);
guint dms_p2p_gossip_core_get_n_pending (DmsP2pGossipCore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipCore, dms_p2p_gossip_core_free)

G_END_DECLS
