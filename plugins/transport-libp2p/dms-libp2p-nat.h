/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-autonat-service.h"
#include "autonat/dms-p2p-autonat.h"
#include "dcutr/dms-p2p-dcutr.h"
#include "dms-libp2p-params.h"
#include "identify/dms-p2p-identify.h"
#include "kad/dms-p2p-dht.h"
#include "relay/dms-p2p-auto-relay.h"
#include "relay/dms-p2p-relay-service.h"

G_BEGIN_DECLS

typedef void (*DmsLibp2pNatMoved) (gpointer user_data);

/* What a host does about NATs: its own, and those of others. */
typedef struct
{
  DmsP2pHost *host;
  DmsP2pIdentify *identify;
  DmsP2pDht *dht;
  DmsP2pRelayClient *relay_client;
  DmsP2pAutoRelay *auto_relay;
  /* NULL as long as it is not offered. */
  DmsP2pRelayService *relay_service;
  /* NULL when it is known whether others can connect. */
  DmsP2pAutonat *autonat;
  DmsP2pAutonatService *autonat_service;
  DmsP2pDcutr *dcutr;
  /* What is believed: found out, or told by the configuration. */
  DmsP2pReachability reachability;

  /*< private >*/
  gboolean may_relay;
  DmsP2pRelayPolicy policy;
  DmsLibp2pNatMoved moved;
  gpointer moved_data;
} DmsLibp2pNat;

DmsLibp2pNat *dms_libp2p_nat_new (DmsP2pHost *host,
                                  DmsP2pIdentify *identify,
                                  DmsP2pDht *dht,
                                  DmsP2pTransport *quic,
                                  DmsP2pTcp *tcp,
                                  const DmsLibp2pParams *params);
/* Is told when this host can be reached elsewhere than before. */
void dms_libp2p_nat_set_moved (DmsLibp2pNat *self, DmsLibp2pNatMoved moved, gpointer user_data);
/* Before the host is closed: nothing begins any more. */
void dms_libp2p_nat_close (DmsLibp2pNat *self);
/* After it. */
void dms_libp2p_nat_free (DmsLibp2pNat *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pNat, dms_libp2p_nat_free)

G_END_DECLS
