/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-nat.h"
#include "dms-libp2p-params.h"
#include "dms-libp2p-recheck.h"
#include "dms-libp2p-router.h"
#include "identify/dms-p2p-identify.h"
#include "kad/dms-p2p-dht-discovery.h"
#include "mdns/dms-p2p-mdns.h"
#include "message/dms-p2p-messenger.h"
#include "ping/dms-p2p-ping.h"
#include "portmap/dms-p2p-port-mapper.h"

G_BEGIN_DECLS

/* All parts of one running host, put together. */
typedef struct
{
  DmsP2pIdentity *identity;
  DmsP2pLimits *limits;
  DmsP2pPeerStore *peers;
  DmsP2pSwarm *swarm;
  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  DmsP2pPing *ping;
  DmsLibp2pRecheck *recheck;
  DmsP2pMessenger *messenger;
  DmsLibp2pNat *nat;
  DmsP2pDht *dht;
  /* NULL for none. */
  DmsP2pDhtDiscovery *discovery;
  DmsLibp2pRouter *router;
  /* NULL when it is not wanted. */
  DmsP2pMdns *mdns;
  DmsP2pPortMapper *port_mapper;

  /*< private >*/
  GSource *save_timer;
} DmsLibp2pStack;

/* Listens nowhere yet. @seed: the 32 bytes of the private key. @network_key: (nullable): 32 bytes that all
 * of a private network share. @handler gets the messages. */
DmsLibp2pStack *dms_libp2p_stack_new (GBytes *seed,
                                      GBytes *network_key,
                                      const DmsLibp2pParams *params,
                                      DmsP2pMessageHandler handler,
                                      gpointer user_data,
                                      GError **error);
/* Gives back what others keep for this host; @done is told soon. Before it is freed. */
void dms_libp2p_stack_give_back (DmsLibp2pStack *self, GSourceFunc done, gpointer user_data);
/* Closes everything. Nothing is told afterwards, but for errors of what was under way. */
void dms_libp2p_stack_free (DmsLibp2pStack *self);
/* Frees it likewise. @done is told when what it knew of peers has been kept, from the main loop. */
void dms_libp2p_stack_end (DmsLibp2pStack *self, GSourceFunc done, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pStack, dms_libp2p_stack_free)

G_END_DECLS
