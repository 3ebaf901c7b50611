/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identify/dms-p2p-identify.h"
#include "tcp/dms-p2p-tcp.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_DCUTR (dms_p2p_dcutr_get_type ())

/* Makes direct connections of relayed ones: both ends dial each other at the same moment, so that each NAT
 * takes what comes for an answer (libp2p specs, relay/DCUtR). */
G_DECLARE_FINAL_TYPE (DmsP2pDcutr, dms_p2p_dcutr, DMS, P2P_DCUTR, GObject)

/* @quic, @tcp: the transports of the host. Close it before the host. */
DmsP2pDcutr *
dms_p2p_dcutr_new (DmsP2pHost *host, DmsP2pIdentify *identify, DmsP2pTransport *quic, DmsP2pTcp *tcp);
void dms_p2p_dcutr_close (DmsP2pDcutr *self);

/* For tests, which have no public addresses. */
void dms_p2p_dcutr_set_private_allowed (DmsP2pDcutr *self, gboolean is_allowed);
void dms_p2p_dcutr_set_wait_ms (DmsP2pDcutr *self, guint wait_ms);
guint dms_p2p_dcutr_get_n_tries (DmsP2pDcutr *self);

DmsP2pTcp *dms_p2p_dcutr_get_tcp (DmsP2pDcutr *self);

/* For dms-p2p-punch.c. */
DmsP2pHost *dms_p2p_dcutr_get_host (DmsP2pDcutr *self);
/* DmsMultiaddr: those of @addresses that may be dialled. */
GPtrArray *dms_p2p_dcutr_filter (DmsP2pDcutr *self, GPtrArray *addresses);
/* DmsMultiaddr: where this host may be. */
GPtrArray *dms_p2p_dcutr_list_own (DmsP2pDcutr *self);
/* Opens the way for who dials from there; what comes of it goes to the swarm. */
void dms_p2p_dcutr_open_way (DmsP2pDcutr *self, DmsPeerId *peer, GPtrArray *addresses);
guint dms_p2p_dcutr_get_wait_ms (DmsP2pDcutr *self);
void dms_p2p_dcutr_count_try (DmsP2pDcutr *self);
/* Whether this host dials for a peer once more, which it is counted for then: nobody has it dial others
 * without end. */
gboolean dms_p2p_dcutr_may_dial_for (DmsP2pDcutr *self, DmsPeerId *peer);

G_END_DECLS
