/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-key.h"

#include <sodium.h>
#include <string.h>

G_STATIC_ASSERT (DMS_P2P_KAD_KEY_SIZE == crypto_hash_sha256_BYTES);

void
dms_p2p_kad_key_init (DmsP2pKadKey *self, const void *data, gsize size)
{
  crypto_hash_sha256 (self->bytes, data, size);
}

void
dms_p2p_kad_key_init_bytes (DmsP2pKadKey *self, GBytes *bytes)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);

  dms_p2p_kad_key_init (self, data, size);
}

gboolean
dms_p2p_kad_key_equal (const DmsP2pKadKey *a, const DmsP2pKadKey *b)
{
  return memcmp (a->bytes, b->bytes, sizeof a->bytes) == 0;
}

guint
dms_p2p_kad_key_common_prefix (const DmsP2pKadKey *a, const DmsP2pKadKey *b)
{
  for (guint i = 0; i < sizeof a->bytes; i++)
    {
      guint8 differs = a->bytes[i] ^ b->bytes[i];

      if (differs != 0)
        return 8 * i + 8 - g_bit_storage (differs);
    }
  return DMS_P2P_KAD_KEY_BITS;
}

int
dms_p2p_kad_key_compare (const DmsP2pKadKey *target, const DmsP2pKadKey *a, const DmsP2pKadKey *b)
{
  for (guint i = 0; i < sizeof target->bytes; i++)
    {
      guint8 to_a = target->bytes[i] ^ a->bytes[i];
      guint8 to_b = target->bytes[i] ^ b->bytes[i];

      if (to_a != to_b)
        return to_a < to_b ? -1 : 1;
    }
  return 0;
}
