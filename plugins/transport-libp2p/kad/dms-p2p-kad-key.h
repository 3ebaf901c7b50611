/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  DMS_P2P_KAD_KEY_SIZE = 32,
  DMS_P2P_KAD_KEY_BITS = 256,
};

/* A place in the keyspace: SHA-256 of a peer ID, of the key of a record, of a multihash (libp2p specs,
 * kad-dht, "Distance"). */
typedef struct
{
  guint8 bytes[DMS_P2P_KAD_KEY_SIZE];
} DmsP2pKadKey;

void dms_p2p_kad_key_init (DmsP2pKadKey *self, const void *data, gsize size);
void dms_p2p_kad_key_init_bytes (DmsP2pKadKey *self, GBytes *bytes);

gboolean dms_p2p_kad_key_equal (const DmsP2pKadKey *a, const DmsP2pKadKey *b);
/* How many leading bits are the same: 256 when all are. */
guint dms_p2p_kad_key_common_prefix (const DmsP2pKadKey *a, const DmsP2pKadKey *b);
/* Below 0 when @a is closer to @target than @b. */
int dms_p2p_kad_key_compare (const DmsP2pKadKey *target, const DmsP2pKadKey *a, const DmsP2pKadKey *b);

G_END_DECLS
