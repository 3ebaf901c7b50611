/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "wire/dms-p2p-multihash.h"

#include <sodium.h>
#include <string.h>

#include "wire/dms-p2p-varint.h"

enum
{
  DMS_P2P_MULTIHASH_MAX_DIGEST = DMS_P2P_MULTIHASH_MAX_IDENTITY,
};

/* Fills in the digest and answers its size; -1 when it is not to be had. */
static gssize
dms_p2p_multihash_digest (DmsP2pHash hash,
                          const guint8 *data,
                          gsize size,
                          guint8 digest[DMS_P2P_MULTIHASH_MAX_DIGEST])
{
  switch (hash)
    {
    case DMS_P2P_HASH_IDENTITY:
      if (size > DMS_P2P_MULTIHASH_MAX_IDENTITY)
        return -1;
      if (size > 0)
        memcpy (digest, data, size);
      return (gssize) size;
    case DMS_P2P_HASH_SHA2_256:
      crypto_hash_sha256 (digest, data, size);
      return crypto_hash_sha256_BYTES;
    case DMS_P2P_HASH_SHA2_512:
      crypto_hash_sha512 (digest, data, size);
      return crypto_hash_sha512_BYTES;
    default:
      return -1;
    }
}

static gboolean
dms_p2p_multihash_is_size (guint64 hash, guint64 size)
{
  switch (hash)
    {
    case DMS_P2P_HASH_IDENTITY:
      return size <= DMS_P2P_MULTIHASH_MAX_IDENTITY;
    case DMS_P2P_HASH_SHA2_256:
      return size == crypto_hash_sha256_BYTES;
    case DMS_P2P_HASH_SHA2_512:
      return size == crypto_hash_sha512_BYTES;
    default:
      return FALSE;
    }
}

GBytes *
dms_p2p_multihash_new (DmsP2pHash hash, const void *data, gsize size, GError **error)
{
  guint8 bytes[2 * DMS_P2P_VARINT_MAX + DMS_P2P_MULTIHASH_MAX_DIGEST];
  guint8 digest[DMS_P2P_MULTIHASH_MAX_DIGEST];
  gssize digest_size = dms_p2p_multihash_digest (hash, data, size, digest);
  gsize n = 0;

  if (digest_size < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "an identity multihash holds at most %d bytes, not %" G_GSIZE_FORMAT,
                   DMS_P2P_MULTIHASH_MAX_IDENTITY,
                   size);
      return NULL;
    }
  n = dms_p2p_varint_write (bytes, hash);
  n += dms_p2p_varint_write (bytes + n, (guint64) digest_size);
  memcpy (bytes + n, digest, (gsize) digest_size);
  return g_bytes_new (bytes, n + (gsize) digest_size);
}

gboolean
dms_p2p_multihash_parse (const guint8 *data,
                         gsize size,
                         DmsP2pHash *hash,
                         const guint8 **digest,
                         gsize *digest_size,
                         GError **error)
{
  guint64 code = 0;
  guint64 length = 0;
  int n_code = dms_p2p_varint_read (data, size, &code);
  int n_length = n_code > 0 ? dms_p2p_varint_read (data + n_code, size - (gsize) n_code, &length) : 0;

  if (n_length <= 0 || size - (gsize) (n_code + n_length) != length ||
      !dms_p2p_multihash_is_size (code, length))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "these bytes are not a multihash of identity, SHA-256 or SHA-512");
      return FALSE;
    }
  if (hash != NULL)
    *hash = (DmsP2pHash) code;
  if (digest != NULL)
    *digest = data + n_code + n_length;
  if (digest_size != NULL)
    *digest_size = (gsize) length;
  return TRUE;
}

gboolean
dms_p2p_multihash_matches (GBytes *multihash, const void *data, gsize size)
{
  DmsP2pHash hash = DMS_P2P_HASH_IDENTITY;
  g_autoptr (GBytes) expected = NULL;

  if (!dms_p2p_multihash_parse (
          g_bytes_get_data (multihash, NULL), g_bytes_get_size (multihash), &hash, NULL, NULL, NULL))
    return FALSE;
  expected = dms_p2p_multihash_new (hash, data, size, NULL);
  return expected != NULL && g_bytes_equal (expected, multihash);
}
