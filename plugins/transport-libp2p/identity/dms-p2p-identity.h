/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-public-key.h"

G_BEGIN_DECLS

/* Who this host is: an Ed25519 key in guarded memory, and the key of the private network it is in, if it is
 * in one. Immutable and counted. */
typedef struct _DmsP2pIdentity DmsP2pIdentity;

/* @seed: the 32 bytes of the private key (RFC 8032). */
DmsP2pIdentity *dms_p2p_identity_new (GBytes *seed, GError **error);
/* The same, in the private network of @network_key: 32 bytes. NULL for the open network. */
DmsP2pIdentity *dms_p2p_identity_new_private (GBytes *seed, GBytes *network_key, GError **error);
DmsP2pIdentity *dms_p2p_identity_new_random (void);
DmsP2pIdentity *dms_p2p_identity_ref (DmsP2pIdentity *self);
void dms_p2p_identity_unref (DmsP2pIdentity *self);

DmsPeerId *dms_p2p_identity_get_peer_id (DmsP2pIdentity *self);
DmsP2pPublicKey *dms_p2p_identity_get_public_key (DmsP2pIdentity *self);
/* 32 bytes in guarded memory. NULL in the open network. Whatever makes connections must protect them with it
 * (pnet), or make none. */
GBytes *dms_p2p_identity_get_network_key (DmsP2pIdentity *self);
void dms_p2p_identity_sign (DmsP2pIdentity *self, const void *message, gsize size, guint8 signature[64]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pIdentity, dms_p2p_identity_unref)

G_END_DECLS
