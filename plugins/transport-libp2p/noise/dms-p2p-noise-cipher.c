/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise-cipher.h"

#include <sodium.h>
#include <string.h>

/* Four zero bytes and the number, little-endian (Noise, revision 34, section 12.3). */
static void
dms_p2p_noise_cipher_write_nonce (const DmsP2pNoiseCipher *self, guint8 nonce[12])
{
  guint64 number = GUINT64_TO_LE (self->nonce);

  memset (nonce, 0, 4);
  memcpy (nonce + 4, &number, sizeof number);
}

/* The last number is reserved (section 5.1); nothing is sealed, or opened, twice by the same. */
static gboolean
dms_p2p_noise_cipher_check_nonce (const DmsP2pNoiseCipher *self, GError **error)
{
  if (self->nonce != G_MAXUINT64)
    return TRUE;
  g_set_error_literal (
      error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE, "the Noise connection is used up; connect anew");
  return FALSE;
}

void
dms_p2p_noise_cipher_set_key (DmsP2pNoiseCipher *self, const guint8 *key)
{
  memcpy (self->key, key, sizeof self->key);
  self->nonce = 0;
  self->has_key = TRUE;
}

gboolean
dms_p2p_noise_cipher_encrypt (DmsP2pNoiseCipher *self,
                              const guint8 *ad,
                              gsize ad_size,
                              const guint8 *plain,
                              gsize size,
                              guint8 *out,
                              GError **error)
{
  guint8 nonce[12];

  if (!dms_p2p_noise_cipher_check_nonce (self, error))
    return FALSE;
  dms_p2p_noise_cipher_write_nonce (self, nonce);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached (
      out, out + size, NULL, plain, size, ad, ad_size, NULL, nonce, self->key);
  self->nonce++;
  return TRUE;
}

gboolean
dms_p2p_noise_cipher_decrypt (DmsP2pNoiseCipher *self,
                              const guint8 *ad,
                              gsize ad_size,
                              const guint8 *sealed,
                              gsize size,
                              guint8 *out,
                              GError **error)
{
  guint8 nonce[12];

  if (!dms_p2p_noise_cipher_check_nonce (self, error))
    return FALSE;
  dms_p2p_noise_cipher_write_nonce (self, nonce);
  if (size < DMS_P2P_NOISE_TAG ||
      crypto_aead_chacha20poly1305_ietf_decrypt_detached (out,
                                                          NULL,
                                                          sealed,
                                                          size - DMS_P2P_NOISE_TAG,
                                                          sealed + size - DMS_P2P_NOISE_TAG,
                                                          ad,
                                                          ad_size,
                                                          nonce,
                                                          self->key) != 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_BAD_SIGNATURE,
                           "a Noise message does not open: it was changed on its way, or is not one");
      return FALSE;
    }
  self->nonce++;
  return TRUE;
}
