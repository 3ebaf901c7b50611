/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "wire/dms-p2p-multihash.h"

G_BEGIN_DECLS

/* What content is written in (multiformats/multicodec, table.csv). Others are read too. */
enum
{
  DMS_P2P_CODEC_RAW = 0x55,
  DMS_P2P_CODEC_DAG_PB = 0x70,
  DMS_P2P_CODEC_LIBP2P_KEY = 0x72,
};

/* The name of content (multiformats/cid): a codec, and the multihash of the content. Immutable and counted.
 */
typedef struct _DmsP2pCid DmsP2pCid;

/* Version 1. @codec is below 2^63. */
DmsP2pCid *dms_p2p_cid_new (guint64 codec, GBytes *multihash, GError **error);
/* Version 1, raw, SHA-256: what content is called that is announced by a key. */
DmsP2pCid *dms_p2p_cid_new_for_data (const void *data, gsize size);
DmsP2pCid *dms_p2p_cid_new_from_bytes (const guint8 *data, gsize size, GError **error);
/* Version 0 in base58btc (`Qm…`), version 1 in any base. */
DmsP2pCid *dms_p2p_cid_new_from_text (const char *text, GError **error);
DmsP2pCid *dms_p2p_cid_ref (DmsP2pCid *self);
void dms_p2p_cid_unref (DmsP2pCid *self);

guint dms_p2p_cid_get_version (DmsP2pCid *self);
guint64 dms_p2p_cid_get_codec (DmsP2pCid *self);
GBytes *dms_p2p_cid_get_multihash (DmsP2pCid *self);
GBytes *dms_p2p_cid_dup_bytes (DmsP2pCid *self);
/* Version 1 in base32. */
char *dms_p2p_cid_dup_text (DmsP2pCid *self);

/* Version 0 and the same in version 1 differ. */
gboolean dms_p2p_cid_equal (DmsP2pCid *a, DmsP2pCid *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCid, dms_p2p_cid_unref)

G_END_DECLS
