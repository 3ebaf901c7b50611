/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-dialer.h"
#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* For tests: timeouts, the resolver. */
DmsP2pDialer *dms_p2p_swarm_get_dialer (DmsP2pSwarm *self);

/* Whether a connection from @remote is let in, besides what the limits say: how a host is made to stand
 * behind a NAT. NULL lets all in. */
typedef gboolean (*DmsP2pSwarmPolicy) (DmsMultiaddr *remote, gpointer user_data);
void dms_p2p_swarm_set_policy (DmsP2pSwarm *self, DmsP2pSwarmPolicy policy, gpointer user_data);

G_END_DECLS
