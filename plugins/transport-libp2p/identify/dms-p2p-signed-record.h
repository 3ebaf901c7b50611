/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

enum
{
  /* go-libp2p, p2p/protocol/identify: signedIDSize. */
  DMS_P2P_SIGNED_RECORD_MAX_SIZE = 8 * 1024,
  /* Ours: more addresses than any honest host has. */
  DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES = 64,
};

/**
 * DmsP2pSignedRecord:
 * @peer: who signed it
 * @seq: later ones have a higher number
 * @addresses: (element-type DmsMultiaddr): where the peer says it is, without `/p2p`; those that cannot be
 * used here are left out
 *
 * Where a peer says it is, signed by it (libp2p RFC 0003), in the envelope of RFC 0002.
 */
typedef struct
{
  DmsPeerId *peer;
  guint64 seq;
  GPtrArray *addresses;
} DmsP2pSignedRecord;

/* Opens a signed envelope. Nobody but @expected may have signed it, and only for itself:
 * DMS_ERROR_BAD_SIGNATURE (CVE-2023-40583). */
DmsP2pSignedRecord *
dms_p2p_signed_record_open (const guint8 *data, gsize size, DmsPeerId *expected, GError **error);
void dms_p2p_signed_record_free (DmsP2pSignedRecord *self);

/* A signed envelope. At most DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES of @addresses get in. */
GBytes *dms_p2p_signed_record_seal (DmsP2pIdentity *identity, guint64 seq, GPtrArray *addresses);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pSignedRecord, dms_p2p_signed_record_free)

G_END_DECLS
