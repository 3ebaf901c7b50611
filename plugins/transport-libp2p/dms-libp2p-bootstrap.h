/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* Keeps this host connected to the peers that were given to it, in the background: a peer that cannot be
 * reached is tried again, less and less often, and never in anybody's way. */
typedef struct _DmsLibp2pBootstrap DmsLibp2pBootstrap;

/* What is no address of a peer is said in the log and left out. */
DmsLibp2pBootstrap *dms_libp2p_bootstrap_new (DmsP2pSwarm *swarm, const char *const *addresses);
void dms_libp2p_bootstrap_free (DmsLibp2pBootstrap *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pBootstrap, dms_libp2p_bootstrap_free)

G_END_DECLS
