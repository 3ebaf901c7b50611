/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* The hash functions that are known (multiformats/multicodec, table.csv, tag multihash). */
typedef enum
{
  DMS_P2P_HASH_IDENTITY = 0x00,
  DMS_P2P_HASH_SHA2_256 = 0x12,
  DMS_P2P_HASH_SHA2_512 = 0x13,
} DmsP2pHash;

enum
{
  /* What the identity "hash" may hold (go-multihash, MaxIdentity). */
  DMS_P2P_MULTIHASH_MAX_IDENTITY = 128,
};

/* A multihash (multiformats/multihash): the function as a varint, the length, the digest. */

/* DMS_ERROR_TOO_LARGE when @hash is the identity and @size more than it may hold. */
GBytes *dms_p2p_multihash_new (DmsP2pHash hash, const void *data, gsize size, GError **error);

/* Whether these bytes are one multihash and nothing else, of a known function and with a digest as long as
 * that makes it. The out parameters may be NULL; @digest is borrowed. */
gboolean dms_p2p_multihash_parse (const guint8 *data,
                                  gsize size,
                                  DmsP2pHash *hash,
                                  const guint8 **digest,
                                  gsize *digest_size,
                                  GError **error);

/* Whether @multihash is the one of these bytes. */
gboolean dms_p2p_multihash_matches (GBytes *multihash, const void *data, gsize size);

G_END_DECLS
