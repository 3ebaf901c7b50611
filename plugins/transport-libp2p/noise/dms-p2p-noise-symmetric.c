/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise-symmetric.h"

#include <sodium.h>
#include <string.h>

G_STATIC_ASSERT (crypto_auth_hmacsha256_BYTES == 32);
G_STATIC_ASSERT (crypto_hash_sha256_BYTES == 32);

/* HKDF with two outputs (Noise, revision 34, section 4.3). */
static void
dms_p2p_noise_hkdf (const guint8 chaining_key[32],
                    const guint8 *material,
                    gsize size,
                    guint8 first[32],
                    guint8 second[32])
{
  static const guint8 one[] = { 1 };
  static const guint8 two[] = { 2 };
  crypto_auth_hmacsha256_state state;
  guint8 key[32];
  guint8 output[32];

  crypto_auth_hmacsha256_init (&state, chaining_key, 32);
  crypto_auth_hmacsha256_update (&state, material, size);
  crypto_auth_hmacsha256_final (&state, key);

  crypto_auth_hmacsha256_init (&state, key, sizeof key);
  crypto_auth_hmacsha256_update (&state, one, sizeof one);
  crypto_auth_hmacsha256_final (&state, output);

  crypto_auth_hmacsha256_init (&state, key, sizeof key);
  crypto_auth_hmacsha256_update (&state, output, sizeof output);
  crypto_auth_hmacsha256_update (&state, two, sizeof two);
  crypto_auth_hmacsha256_final (&state, second);
  memcpy (first, output, sizeof output);

  sodium_memzero (&state, sizeof state);
  sodium_memzero (key, sizeof key);
  sodium_memzero (output, sizeof output);
}

void
dms_p2p_noise_symmetric_init (DmsP2pNoiseSymmetric *self, const char *protocol_name)
{
  gsize size = strlen (protocol_name);

  memset (self, 0, sizeof *self);
  if (size <= sizeof self->hash)
    memcpy (self->hash, protocol_name, size);
  else
    crypto_hash_sha256 (self->hash, (const guint8 *) protocol_name, size);
  memcpy (self->chaining_key, self->hash, sizeof self->chaining_key);
}

void
dms_p2p_noise_symmetric_mix_key (DmsP2pNoiseSymmetric *self, const guint8 material[32])
{
  guint8 key[32];

  dms_p2p_noise_hkdf (self->chaining_key, material, 32, self->chaining_key, key);
  dms_p2p_noise_cipher_set_key (&self->cipher, key);
  sodium_memzero (key, sizeof key);
}

void
dms_p2p_noise_symmetric_mix_hash (DmsP2pNoiseSymmetric *self, const void *data, gsize size)
{
  crypto_hash_sha256_state state;

  crypto_hash_sha256_init (&state);
  crypto_hash_sha256_update (&state, self->hash, sizeof self->hash);
  crypto_hash_sha256_update (&state, data, size);
  crypto_hash_sha256_final (&state, self->hash);
}

/* Room for @size bytes more at the end of @out; an empty array has no memory to point into. */
static guint8 *
dms_p2p_noise_symmetric_extend (GByteArray *out, gsize size)
{
  static guint8 nothing[1];
  guint begin = out->len;

  g_byte_array_set_size (out, (guint) (begin + size));
  return size > 0 ? out->data + begin : nothing;
}

gboolean
dms_p2p_noise_symmetric_encrypt (DmsP2pNoiseSymmetric *self,
                                 const guint8 *data,
                                 gsize size,
                                 GByteArray *out,
                                 GError **error)
{
  gsize sealed = size + (self->cipher.has_key ? (gsize) DMS_P2P_NOISE_TAG : 0);
  guint8 *to = dms_p2p_noise_symmetric_extend (out, sealed);

  if (!self->cipher.has_key)
    {
      if (size > 0)
        memcpy (to, data, size);
    }
  else if (!dms_p2p_noise_cipher_encrypt (
               &self->cipher, self->hash, sizeof self->hash, data, size, to, error))
    return FALSE;
  dms_p2p_noise_symmetric_mix_hash (self, to, sealed);
  return TRUE;
}

gboolean
dms_p2p_noise_symmetric_decrypt (DmsP2pNoiseSymmetric *self,
                                 const guint8 *data,
                                 gsize size,
                                 GByteArray *out,
                                 GError **error)
{
  guint begin = out->len;
  gsize plain = size;
  guint8 *to = NULL;

  if (self->cipher.has_key)
    plain = size >= DMS_P2P_NOISE_TAG ? size - DMS_P2P_NOISE_TAG : 0;
  to = dms_p2p_noise_symmetric_extend (out, plain);
  if (!self->cipher.has_key)
    {
      if (size > 0)
        memcpy (to, data, size);
    }
  else if (!dms_p2p_noise_cipher_decrypt (
               &self->cipher, self->hash, sizeof self->hash, data, size, to, error))
    {
      g_byte_array_set_size (out, begin);
      return FALSE;
    }
  dms_p2p_noise_symmetric_mix_hash (self, data, size);
  return TRUE;
}

void
dms_p2p_noise_symmetric_split (DmsP2pNoiseSymmetric *self,
                               DmsP2pNoiseCipher *first,
                               DmsP2pNoiseCipher *second)
{
  guint8 keys[2][32];

  dms_p2p_noise_hkdf (self->chaining_key, NULL, 0, keys[0], keys[1]);
  dms_p2p_noise_cipher_set_key (first, keys[0]);
  dms_p2p_noise_cipher_set_key (second, keys[1]);
  sodium_memzero (keys, sizeof keys);
}
