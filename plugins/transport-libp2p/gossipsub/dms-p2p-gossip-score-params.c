/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-score-params.h"

/* 0.01 ^ (1 / 3600): what is counted is forgotten within an hour at one heartbeat a second (go-libp2p-pubsub,
 * ScoreParameterDecay). */
#define DMS_P2P_GOSSIP_DECAY_HOUR 0.998721612

/* Thresholds, P4 and P5 are those of the nodes in the field; the others of P1 to P3 are left out there and
 * here. go-libp2p-pubsub has no defaults for P6 and P7: P7 is that of the networks that publish theirs, P6
 * lets ten nodes stand behind one address, and no more than twenty-five. */
void
dms_p2p_gossip_score_params_init (DmsP2pGossipScoreParams *self)
{
  *self = (DmsP2pGossipScoreParams){
    .topic = {
      .weight = 1,
      .mesh_time_quantum_us = G_USEC_PER_SEC,
      .first_cap = 1000,
      .mesh_cap = 1000,
      .first_decay = DMS_P2P_GOSSIP_DECAY_HOUR,
      .mesh_decay = DMS_P2P_GOSSIP_DECAY_HOUR,
      .failure_decay = DMS_P2P_GOSSIP_DECAY_HOUR,
      .invalid_weight = -1000,
      .invalid_decay = DMS_P2P_GOSSIP_DECAY_HOUR,
    },
    .app_weight = 1,
    .ip_weight = -10,
    .ip_threshold = 10,
    .behaviour_weight = -10,
    .behaviour_threshold = 6,
    .behaviour_decay = DMS_P2P_GOSSIP_DECAY_HOUR,
    .decay_to_zero = 0.01,
    .decay_interval_us = G_USEC_PER_SEC,
    .retain_us = 6 * 3600 * (gint64) G_USEC_PER_SEC,
    .gossip_threshold = -500,
    .publish_threshold = -1000,
    .graylist_threshold = -2500,
    .px_threshold = 0,
    .opportunistic_threshold = 2.5,
  };
}
