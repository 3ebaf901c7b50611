/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-peer-store.h"

G_BEGIN_DECLS

/* For tests: the time of g_get_real_time() from here on; 0 for the real one. */
void dms_p2p_peer_store_set_now_us (DmsP2pPeerStore *self, gint64 now_us);

G_END_DECLS
