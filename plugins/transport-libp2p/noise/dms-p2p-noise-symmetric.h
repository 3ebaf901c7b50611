/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "noise/dms-p2p-noise-cipher.h"

G_BEGIN_DECLS

/* A SymmetricState (Noise, revision 34, section 5.2) of SHA256. In guarded memory of its owner. */
typedef struct
{
  DmsP2pNoiseCipher cipher;
  guint8 chaining_key[32];
  guint8 hash[32];
} DmsP2pNoiseSymmetric;

void dms_p2p_noise_symmetric_init (DmsP2pNoiseSymmetric *self, const char *protocol_name);
void dms_p2p_noise_symmetric_mix_key (DmsP2pNoiseSymmetric *self, const guint8 material[32]);
void dms_p2p_noise_symmetric_mix_hash (DmsP2pNoiseSymmetric *self, const void *data, gsize size);

/* Seals @data, once there is a key, and appends it to @out. */
gboolean dms_p2p_noise_symmetric_encrypt (DmsP2pNoiseSymmetric *self,
                                          const guint8 *data,
                                          gsize size,
                                          GByteArray *out,
                                          GError **error);
/* Opens @data, once there is a key, and appends what it says to @out. */
gboolean dms_p2p_noise_symmetric_decrypt (DmsP2pNoiseSymmetric *self,
                                          const guint8 *data,
                                          gsize size,
                                          GByteArray *out,
                                          GError **error);

void dms_p2p_noise_symmetric_split (DmsP2pNoiseSymmetric *self,
                                    DmsP2pNoiseCipher *first,
                                    DmsP2pNoiseCipher *second);

G_END_DECLS
