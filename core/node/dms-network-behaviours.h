/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* What the owner of a node may know of its network and do there, for `nunet network`: addresses, peers,
 * connections, limits, dial, ping, all below `/dms/node/network`. Ours: the field has none of it. */
void dms_network_behaviours_install (DmsNode *node);

G_END_DECLS
