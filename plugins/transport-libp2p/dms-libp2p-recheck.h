/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "ping/dms-p2p-ping.h"
#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* A peer that connects once more may have been started anew, after a crash that its other connections do not
 * know of: over QUIC nothing tells. So these are asked whether they are still good, and closed when they are
 * not. */
typedef struct _DmsLibp2pRecheck DmsLibp2pRecheck;

DmsLibp2pRecheck *dms_libp2p_recheck_new (DmsP2pSwarm *swarm, DmsP2pPing *ping);
/* After the host was closed. */
void dms_libp2p_recheck_free (DmsLibp2pRecheck *self);

G_END_DECLS
