/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

#define DMS_P2P_KAD_ADVERTISEMENT_PREFIX "/nunet-dht-1/-"

/**
 * DmsP2pKadAdvertisement:
 * @peer: who says so
 * @timestamp_s: when, in seconds since 1970
 * @data: what
 * @public_key: its key, raw: Ed25519 or secp256k1
 * @signature: over the text of @peer, the lowest byte of @timestamp_s, @data and @public_key
 *
 * What peers say of themselves under a name, as the nodes in the field write it (spec, section 1). The
 * signature covers one byte of the time only, so a stranger can make an advertisement that is not the newest
 * look newer than it is, by steps of 256 seconds; what it says is the peer's word all the same.
 */
typedef struct
{
  DmsPeerId *peer;
  gint64 timestamp_s;
  GBytes *data;
  GBytes *public_key;
  GBytes *signature;
} DmsP2pKadAdvertisement;

/* The key under which @peer advertises @name. */
GBytes *dms_p2p_kad_advertisement_make_key (const char *name, DmsPeerId *peer);
/* The value of @identity under a name. */
GBytes *dms_p2p_kad_advertisement_make (DmsP2pIdentity *identity, GBytes *data, gint64 timestamp_s);

/* Reads one and checks its signature. */
DmsP2pKadAdvertisement *dms_p2p_kad_advertisement_read (GBytes *value, GError **error);
void dms_p2p_kad_advertisement_free (DmsP2pKadAdvertisement *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadAdvertisement, dms_p2p_kad_advertisement_free)

G_END_DECLS
