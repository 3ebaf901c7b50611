/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-dialer.h"
#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* For tests: timeouts, the resolver. */
DmsP2pDialer *dms_p2p_swarm_get_dialer (DmsP2pSwarm *self);

G_END_DECLS
