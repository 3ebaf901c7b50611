/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "node/dms-node.h"

G_BEGIN_DECLS

/* Behaviours of the root actor for the node's place in the network (behaviors.md §1): `/dms/node/peers/…`. */
void dms_peer_behaviours_install (DmsNode *node);

G_END_DECLS
