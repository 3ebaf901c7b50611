/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-peer-store.h"

G_BEGIN_DECLS

enum
{
  /* Of all that is known of all peers, as the heap has it: 4 KiB a peer, where a hostile one may say some
   * 27 KiB of itself. Ours. */
  DMS_P2P_PEER_STORE_MAX_BYTES = 16 * 1024 * 1024,
};

/* For tests: the time of g_get_real_time() from here on; 0 for the real one. */
void dms_p2p_peer_store_set_now_us (DmsP2pPeerStore *self, gint64 now_us);
gsize dms_p2p_peer_store_get_bytes (DmsP2pPeerStore *self);

G_END_DECLS
