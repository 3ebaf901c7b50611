/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "gossipsub/dms-p2p-gossip-score-params.h"

G_BEGIN_DECLS

/* What is thought of peers (libp2p specs, gossipsub v1.1, "Peer Scoring"). Remembers those that went while
 * their score is bad, so that coming back helps nobody. */
typedef struct _DmsP2pGossipScore DmsP2pGossipScore;

/* What is counted of one peer, of all topics together. */
typedef struct
{
  double score;
  double app;
  double behaviour;
  double first;
  double invalid;
  double ip;
} DmsP2pGossipStanding;

DmsP2pGossipScore *dms_p2p_gossip_score_new (const DmsP2pGossipScoreParams *params);
void dms_p2p_gossip_score_free (DmsP2pGossipScore *self);
const DmsP2pGossipScoreParams *dms_p2p_gossip_score_get_params (DmsP2pGossipScore *self);

/* @ip: (nullable): where it comes from, as far as that counts against it. */
void dms_p2p_gossip_score_add_peer (DmsP2pGossipScore *self, DmsPeerId *peer, const char *ip, gint64 now_us);
void dms_p2p_gossip_score_remove_peer (DmsP2pGossipScore *self, DmsPeerId *peer, gint64 now_us);

void dms_p2p_gossip_score_graft (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic, gint64 now_us);
void dms_p2p_gossip_score_prune (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic);
/* It brought a good message first; or as one more, within the window. */
void dms_p2p_gossip_score_first (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic);
void dms_p2p_gossip_score_duplicate (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic);
void dms_p2p_gossip_score_invalid (DmsP2pGossipScore *self, DmsPeerId *peer, const char *topic);
/* It broke the protocol so many times. */
void dms_p2p_gossip_score_penalize (DmsP2pGossipScore *self, DmsPeerId *peer, guint n);
void dms_p2p_gossip_score_set_app (DmsP2pGossipScore *self, DmsPeerId *peer, double value);

/* Lets what was counted fade. */
void dms_p2p_gossip_score_refresh (DmsP2pGossipScore *self, gint64 now_us);

/* 0 for those who are not known. */
double dms_p2p_gossip_score_get (DmsP2pGossipScore *self, DmsPeerId *peer);
void dms_p2p_gossip_score_describe (DmsP2pGossipScore *self, DmsPeerId *peer, DmsP2pGossipStanding *standing);
/* How many peers are known, gone or not. */
guint dms_p2p_gossip_score_get_n_peers (DmsP2pGossipScore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipScore, dms_p2p_gossip_score_free)

G_END_DECLS
