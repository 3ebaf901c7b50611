/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/**
 * DmsP2pNoisePayload:
 * @key: the host key, proven
 * @muxers: the muxers its owner speaks, best first; empty when it says nothing of them
 *
 * What the second and the third message of the handshake carry (libp2p specs, noise, "The libp2p Handshake
 * Payload").
 */
typedef struct
{
  DmsP2pPublicKey *key;
  GStrv muxers;
} DmsP2pNoisePayload;

/* @static_key: the Noise key that the payload vouches for. */
GBytes *dms_p2p_noise_payload_write (DmsP2pIdentity *identity,
                                     const guint8 static_key[32],
                                     const char *const *muxers);
/* DMS_ERROR_BAD_SIGNATURE when the host key has not signed @static_key. */
DmsP2pNoisePayload *
dms_p2p_noise_payload_read (const guint8 *data, gsize size, const guint8 static_key[32], GError **error);
void dms_p2p_noise_payload_free (DmsP2pNoisePayload *self);

/* The first of the initiator's that both speak. NULL without an error when either side says nothing of
 * muxers; with one when there is none. */
gboolean dms_p2p_noise_payload_choose (const char *const *initiator,
                                       const char *const *responder,
                                       char **muxer,
                                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pNoisePayload, dms_p2p_noise_payload_free)

G_END_DECLS
