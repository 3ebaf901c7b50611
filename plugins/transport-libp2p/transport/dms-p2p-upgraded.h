/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-public-key.h"
#include "mux/dms-p2p-muxer.h"

G_BEGIN_DECLS

/**
 * DmsP2pUpgraded:
 * @muxer: the connection's streams
 * @key: the key the peer proved to have; its peer ID is dms_p2p_public_key_get_peer_id()
 * @local: the address at this end, as seen from here
 * @remote: the address at the other end, without `/p2p`
 * @is_inbound: whether the other side dialled
 * @security: how it is secured, such as `/tls/1.0.0`, `/noise`, `quic-v1`
 * @muxer_protocol: how it is muxed, such as `/yamux/1.0.0`, `quic-v1`
 * @cookie: (nullable): what the listener's gate gave, see #DmsP2pGate
 *
 * A connection that is ready for use, and what is known of it.
 */
typedef struct
{
  DmsP2pMuxer *muxer;
  DmsP2pPublicKey *key;
  DmsMultiaddr *local;
  DmsMultiaddr *remote;
  gboolean is_inbound;
  const char *security;
  const char *muxer_protocol;
  gpointer cookie;
  GDestroyNotify cookie_free;
} DmsP2pUpgraded;

void dms_p2p_upgraded_free (DmsP2pUpgraded *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pUpgraded, dms_p2p_upgraded_free)

G_END_DECLS
