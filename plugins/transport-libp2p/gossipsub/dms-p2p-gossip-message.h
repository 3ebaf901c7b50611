/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/**
 * DmsP2pGossipMessage:
 * @id: who published it, followed by its number: what makes it one of a kind
 * @from: who published it
 * @topic: the topic
 * @data: what it says
 * @wire: all of it, as it goes from peer to peer
 *
 * A message on a topic (libp2p specs, pubsub: "The Message", StrictSign). Immutable and counted.
 */
typedef struct
{
  GBytes *id;
  DmsPeerId *from;
  char *topic;
  GBytes *data;
  GBytes *wire;

  /*< private >*/
  guint n_refs;
  gsize signed_size;
  GBytes *signature;
  GBytes *key;
} DmsP2pGossipMessage;

/* Signs a message of our own. */
DmsP2pGossipMessage *
dms_p2p_gossip_message_new (DmsP2pIdentity *identity, guint64 number, const char *topic, GBytes *data);

/* Reads one. NULL when it is none, or lacks what StrictSign asks for. The signature is not checked yet. */
DmsP2pGossipMessage *dms_p2p_gossip_message_decode (const guint8 *data, gsize size);
/* Whether @from signed it. */
gboolean dms_p2p_gossip_message_verify (DmsP2pGossipMessage *self);

DmsP2pGossipMessage *dms_p2p_gossip_message_ref (DmsP2pGossipMessage *self);
void dms_p2p_gossip_message_unref (DmsP2pGossipMessage *self);

/* A topic is UTF-8, neither empty nor longer than DMS_P2P_GOSSIP_MAX_TOPIC. */
gboolean dms_p2p_gossip_is_topic (const char *topic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pGossipMessage, dms_p2p_gossip_message_unref)

G_END_DECLS
