/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "noise/dms-p2p-noise-cipher.h"

G_BEGIN_DECLS

#define DMS_P2P_NOISE_NAME "Noise_XX_25519_ChaChaPoly_SHA256"

/* A HandshakeState of the pattern XX (Noise, revision 34, sections 5.3 and 7.5), in guarded memory. Only the
 * cryptography: what the messages say to libp2p, and how they travel, is not in here. */
typedef struct _DmsP2pNoiseState DmsP2pNoiseState;

/* @ephemeral is for test vectors; NULL otherwise. */
DmsP2pNoiseState *dms_p2p_noise_state_new (gboolean is_initiator,
                                           const guint8 static_key[32],
                                           const guint8 *ephemeral,
                                           const void *prologue,
                                           gsize prologue_size);
void dms_p2p_noise_state_free (DmsP2pNoiseState *self);

gboolean dms_p2p_noise_state_is_finished (DmsP2pNoiseState *self);
gboolean dms_p2p_noise_state_is_my_turn (DmsP2pNoiseState *self);

/* Appends the next message, carrying @payload, to @out. */
gboolean dms_p2p_noise_state_write (DmsP2pNoiseState *self,
                                    const guint8 *payload,
                                    gsize size,
                                    GByteArray *out,
                                    GError **error);
/* Takes the next message and appends its payload to @payload. After an error the state is of no more use. */
gboolean dms_p2p_noise_state_read (DmsP2pNoiseState *self,
                                   const guint8 *message,
                                   gsize size,
                                   GByteArray *payload,
                                   GError **error);

const guint8 *dms_p2p_noise_state_get_static (DmsP2pNoiseState *self);
/* NULL until it has come. */
const guint8 *dms_p2p_noise_state_get_remote_static (DmsP2pNoiseState *self);
const guint8 *dms_p2p_noise_state_get_hash (DmsP2pNoiseState *self);

/* When it is finished: the keys of the connection. */
void dms_p2p_noise_state_split (DmsP2pNoiseState *self, DmsP2pNoiseCipher *send, DmsP2pNoiseCipher *receive);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pNoiseState, dms_p2p_noise_state_free)

G_END_DECLS
