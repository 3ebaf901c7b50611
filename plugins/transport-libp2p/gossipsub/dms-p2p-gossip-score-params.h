/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How a peer is judged on a topic (libp2p specs, gossipsub v1.1, "The Score Function", P1 to P4). A weight of
 * 0 leaves a part out. */
typedef struct
{
  double weight;

  /* P1: for each quantum in the mesh. */
  double mesh_time_weight;
  gint64 mesh_time_quantum_us;
  double mesh_time_cap;

  /* P2: for each message that it brought first. */
  double first_weight;
  double first_decay;
  double first_cap;

  /* P3: for the square of what it brings less than the threshold, once it was in the mesh for so long. */
  double mesh_weight;
  double mesh_decay;
  double mesh_cap;
  double mesh_threshold;
  gint64 mesh_window_us;
  gint64 mesh_activation_us;

  /* P3b: for such lacks at the time it left the mesh. */
  double failure_weight;
  double failure_decay;

  /* P4: for the square of the number of invalid messages. */
  double invalid_weight;
  double invalid_decay;
} DmsP2pGossipTopicParams;

typedef struct
{
  /* Every topic is judged alike. */
  DmsP2pGossipTopicParams topic;
  /* The most that topics give together; 0 for no bound. */
  double topic_cap;

  /* P5: what the program thinks. */
  double app_weight;

  /* P6: for the square of how many peers more than the threshold come from one IP. */
  double ip_weight;
  guint ip_threshold;

  /* P7: for the square of the misdeeds above the threshold. */
  double behaviour_weight;
  double behaviour_threshold;
  double behaviour_decay;

  double decay_to_zero;
  gint64 decay_interval_us;
  /* For how long a peer that went is remembered. */
  gint64 retain_us;

  /* Below: no gossip with it, nothing published to it, nothing heard from it. */
  double gossip_threshold;
  double publish_threshold;
  double graylist_threshold;
  /* From here on the peers it names are believed. */
  double px_threshold;
  /* A mesh whose median is below looks for better peers. */
  double opportunistic_threshold;
} DmsP2pGossipScoreParams;

/* Those of the nodes in the field where they have any. */
void dms_p2p_gossip_score_params_init (DmsP2pGossipScoreParams *self);

G_END_DECLS
