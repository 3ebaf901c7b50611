/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "pnet/dms-p2p-pnet-cipher.h"

#include <sodium.h>
#include <string.h>

/* The keystream comes in blocks of so many bytes (Salsa20 specification, section 10). */
#define DMS_P2P_PNET_BLOCK_SIZE 64

G_STATIC_ASSERT (DMS_P2P_PNET_KEY_SIZE == crypto_stream_xsalsa20_KEYBYTES);
G_STATIC_ASSERT (DMS_P2P_PNET_NONCE_SIZE == crypto_stream_xsalsa20_NONCEBYTES);
G_STATIC_ASSERT (sizeof (((DmsP2pPnetCipher *) NULL)->nonce) == crypto_stream_salsa20_NONCEBYTES);

/* XSalsa20 is Salsa20 under a key that is derived once from the first 16 bytes of the nonce ("Extending the
 * Salsa20 nonce", section 2): so the shared key need not stay with each connection. */
void
dms_p2p_pnet_cipher_init (DmsP2pPnetCipher *self,
                          const guint8 key[DMS_P2P_PNET_KEY_SIZE],
                          const guint8 nonce[DMS_P2P_PNET_NONCE_SIZE])
{
  crypto_core_hsalsa20 (self->key, nonce, key, NULL);
  memcpy (self->nonce, nonce + crypto_core_hsalsa20_INPUTBYTES, sizeof self->nonce);
  self->offset = 0;
}

void
dms_p2p_pnet_cipher_clear (DmsP2pPnetCipher *self)
{
  sodium_memzero (self, sizeof *self);
}

void
dms_p2p_pnet_cipher_apply (const DmsP2pPnetCipher *self, guint8 *to, const guint8 *from, gsize size)
{
  guint64 block = self->offset / DMS_P2P_PNET_BLOCK_SIZE;
  gsize skipped = self->offset % DMS_P2P_PNET_BLOCK_SIZE;
  gsize first = 0;

  if (skipped > 0)
    {
      guint8 part[DMS_P2P_PNET_BLOCK_SIZE] = { 0 };

      first = MIN (size, DMS_P2P_PNET_BLOCK_SIZE - skipped);
      memcpy (part + skipped, from, first);
      crypto_stream_salsa20_xor_ic (part, part, skipped + first, self->nonce, block, self->key);
      memcpy (to, part + skipped, first);
      sodium_memzero (part, sizeof part);
      block++;
    }
  if (size > first)
    crypto_stream_salsa20_xor_ic (to + first, from + first, size - first, self->nonce, block, self->key);
}

void
dms_p2p_pnet_cipher_advance (DmsP2pPnetCipher *self, gsize size)
{
  self->offset += size;
}
