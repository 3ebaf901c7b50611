/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  DMS_P2P_NOISE_KEY = 32,
  DMS_P2P_NOISE_TAG = 16,
  /* Largest message (Noise, revision 34, section 3). */
  DMS_P2P_NOISE_MAX = 65535,
};

/* A CipherState (Noise, revision 34, section 5.1) of ChaChaPoly. In guarded memory of its owner. */
typedef struct
{
  guint8 key[DMS_P2P_NOISE_KEY];
  guint64 nonce;
  gboolean has_key;
} DmsP2pNoiseCipher;

void dms_p2p_noise_cipher_set_key (DmsP2pNoiseCipher *self, const guint8 *key);

/* Writes @size bytes and a tag to @out, which may be @plain. FALSE when the nonces are used up. */
gboolean dms_p2p_noise_cipher_encrypt (DmsP2pNoiseCipher *self,
                                       const guint8 *ad,
                                       gsize ad_size,
                                       const guint8 *plain,
                                       gsize size,
                                       guint8 *out,
                                       GError **error);

/* Writes @size bytes less the tag to @out, which may be @sealed. */
gboolean dms_p2p_noise_cipher_decrypt (DmsP2pNoiseCipher *self,
                                       const guint8 *ad,
                                       gsize ad_size,
                                       const guint8 *sealed,
                                       gsize size,
                                       guint8 *out,
                                       GError **error);

G_END_DECLS
