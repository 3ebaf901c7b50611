/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The key types of libp2p (libp2p specs, peer-ids, "Keys"). */
typedef enum
{
  DMS_P2P_KEY_RSA = 0,
  DMS_P2P_KEY_ED25519 = 1,
  DMS_P2P_KEY_SECP256K1 = 2,
  DMS_P2P_KEY_ECDSA = 3,
} DmsP2pKeyType;

/* A public key of a peer. Immutable and counted. */
typedef struct _DmsP2pPublicKey DmsP2pPublicKey;

/* Reads the protobuf { Type = 1, Data = 2 }. RSA keys below 2,048 and above 8,192 bits are refused before
 * anything is computed with them; so is what is not a point or not in its canonical form. */
DmsP2pPublicKey *dms_p2p_public_key_new (const guint8 *data, gsize size, GError **error);
DmsP2pPublicKey *dms_p2p_public_key_new_ed25519 (const guint8 raw[32]);
DmsP2pPublicKey *dms_p2p_public_key_ref (DmsP2pPublicKey *self);
void dms_p2p_public_key_unref (DmsP2pPublicKey *self);

DmsP2pKeyType dms_p2p_public_key_get_key_type (DmsP2pPublicKey *self);
/* The protobuf, canonical: what peer IDs are made of. */
GBytes *dms_p2p_public_key_get_bytes (DmsP2pPublicKey *self);
DmsPeerId *dms_p2p_public_key_get_peer_id (DmsP2pPublicKey *self);
/* FALSE with DMS_ERROR_NOT_AUTHORIZED when it is not the key of @expected; NULL is anybody. */
gboolean dms_p2p_public_key_check_owner (DmsP2pPublicKey *self, DmsPeerId *expected, GError **error);

/* FALSE with DMS_ERROR_BAD_SIGNATURE. */
gboolean dms_p2p_public_key_verify (DmsP2pPublicKey *self,
                                    const void *message,
                                    gsize message_size,
                                    const void *signature,
                                    gsize signature_size,
                                    GError **error);

/* The key that a peer ID embeds; NULL when it is only a hash. */
DmsP2pPublicKey *dms_p2p_public_key_new_from_peer_id (DmsPeerId *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pPublicKey, dms_p2p_public_key_unref)

G_END_DECLS
