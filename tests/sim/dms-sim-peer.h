/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-sim-network.h"
#include "gossipsub/dms-p2p-gossip-core.h"
#include "kad/dms-p2p-kad-core.h"
#include "kad/dms-p2p-kad-message.h"

G_BEGIN_DECLS

/**
 * DmsSimPeerFuncs:
 * @validate: judges a message on a topic
 * @deliver: a message on a topic that was joined
 * @noticed: another peer has been identified, or has gone
 * @message: a message to an inbox; FALSE when there is no room for it
 *
 * Who uses a peer. All may be %NULL.
 */
typedef struct
{
  DmsValidation (*validate) (DmsSimPeer *peer,
                             const char *topic,
                             DmsPeerId *from,
                             GBytes *data,
                             guint64 ticket,
                             gpointer user_data);
  void (*deliver) (DmsSimPeer *peer, const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data);
  void (*noticed) (DmsSimPeer *peer, DmsSimPeer *other, gboolean is_there, gpointer user_data);
  gboolean (
      *message) (DmsSimPeer *peer, DmsSimPeer *from, const char *inbox, GBytes *bytes, gpointer user_data);
} DmsSimPeerFuncs;

/* What one that lies answers instead of its Kademlia: NULL for nothing. */
typedef GBytes *(*DmsSimRespond) (DmsSimPeer *peer, DmsSimPeer *from, DmsP2pKadMessage *request);
/* And what it does with what it is told by gossip. */
typedef void (*DmsSimHeckle) (DmsSimPeer *peer, DmsSimPeer *from, GBytes *rpc);

/* A host of the simulated network: the Kademlia and the gossipsub of the libp2p transport, and in place of
 * its swarm a table of links. Lives as long as the network; it may be up or down. */
struct _DmsSimPeer
{
  DmsSimNetwork *network;
  guint index;
  DmsP2pIdentity *identity;
  DmsPeerId *id;
  DmsMultiaddr *address;
  char *ip;
  guint region;
  DmsSimRandom random;

  gboolean is_up;
  /* How many times it has come up: what belongs to an earlier time is void. */
  guint run;
  /* Which side of a partition. */
  guint side;
  gint64 up_since_us;
  /* Its own line is busy until then. */
  gint64 line_out_us;
  gint64 line_in_us;

  /* NULL while it is down. */
  DmsP2pKadCore *kad;
  DmsP2pGossipCore *gossip;
  gint64 kad_wake_us;
  guint64 next_request;
  /* Topics it joins when it comes up. */
  GPtrArray *topics;
  DmsSimRespond respond;
  DmsSimHeckle heckle;

  /* Index of the other to DmsSimLink. */
  GHashTable *links;
  /* Index of the other to Dial. */
  GHashTable *dials;
  /* Index of those whose address it was told. */
  GHashTable *known;
  GBytes *record;
  guint n_proposed_dials;
  /* Not before then. */
  gint64 trim_us;

  const DmsSimPeerFuncs *funcs;
  gpointer user_data;
  /* Of whoever runs the scenario. */
  gpointer tag;

  guint64 bytes_in;
  guint64 bytes_out;
  guint64 n_received[DMS_SIM_N_KINDS];
  guint n_peak_links;
};

/* Makes a peer that is down. @ip: (nullable): NULL for one in a network (/16) of its own. */
DmsSimPeer *dms_sim_peer_new (DmsSimNetwork *network, const char *ip);
void dms_sim_peer_free (DmsSimPeer *self);
void dms_sim_peer_set_funcs (DmsSimPeer *self, const DmsSimPeerFuncs *funcs, gpointer user_data);

/* Comes up, dials whom newcomers dial, and looks for others by their common name, as the transport does. */
void dms_sim_peer_start (DmsSimPeer *self);
/* Vanishes without a word. */
void dms_sim_peer_stop (DmsSimPeer *self);
void dms_sim_peer_join (DmsSimPeer *self, const char *topic);

/* Calls @func then, if it is up and has not been down meanwhile. */
typedef void (*DmsSimPeerFunc) (DmsSimPeer *self);
void dms_sim_peer_plan (DmsSimPeer *self, gint64 delay_us, DmsSimPeerFunc func);

/* Links. */

/* @link: (nullable): NULL when there is no way. Never from inside the call. */
typedef void (*DmsSimConnected) (DmsSimPeer *self, DmsSimLink *link, gpointer user_data);
void dms_sim_peer_connect (DmsSimPeer *self, DmsSimPeer *other, DmsSimConnected done, gpointer user_data);
/* (nullable) */
DmsSimLink *dms_sim_peer_get_link (DmsSimPeer *self, DmsSimPeer *other);
void dms_sim_peer_disconnect (DmsSimPeer *self, DmsSimPeer *other);
/* A link that is identified and costs nothing: for networks that exist already when the world begins. */
void dms_sim_peer_tie (DmsSimPeer *self, DmsSimPeer *other);
/* It broke. */
void dms_sim_peer_drop_link (DmsSimPeer *self, DmsSimLink *link);
void dms_sim_peer_doubt_links (DmsSimPeer *self);
void dms_sim_peer_resume_links (DmsSimPeer *self);
void dms_sim_peer_trim (DmsSimPeer *self);
/* It was told where another one is. */
gboolean dms_sim_peer_learn (DmsSimPeer *self, DmsSimPeer *other, GPtrArray *addresses);
gboolean dms_sim_peer_knows (DmsSimPeer *self, DmsSimPeer *other);

/* Kademlia (dms-sim-peer-kad.c). */
void dms_sim_peer_start_kad (DmsSimPeer *self);
void dms_sim_peer_stop_kad (DmsSimPeer *self);
/* After anything was asked of it. */
void dms_sim_peer_arm_kad (DmsSimPeer *self);

/* gossipsub (dms-sim-peer-gossip.c). */
void dms_sim_peer_start_gossip (DmsSimPeer *self);
void dms_sim_peer_stop_gossip (DmsSimPeer *self);
void dms_sim_peer_send_rpc (DmsSimPeer *self, DmsSimPeer *to, GBytes *rpc);
void dms_sim_peer_publish (DmsSimPeer *self, const char *topic, GBytes *data);

/* How nodes find others by their common name (dms-sim-peer-discovery.c). */
void dms_sim_peer_start_discovery (DmsSimPeer *self);

/* A message to an inbox: NULL when it was taken. Never from inside the call. */
typedef void (*DmsSimSent) (DmsSimPeer *self, const GError *error, gpointer user_data);
void dms_sim_peer_send_message (DmsSimPeer *self,
                                DmsSimPeer *to,
                                const char *inbox,
                                GBytes *bytes,
                                DmsSimSent sent,
                                gpointer user_data);

G_END_DECLS
