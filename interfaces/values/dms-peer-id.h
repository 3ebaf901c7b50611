/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PEER_ID (dms_peer_id_get_type ())

DMS_EXPORT GType dms_peer_id_get_type (void);

/* A libp2p peer ID (libp2p specs, peer-ids). Texts are the base58btc form; the CID form is read too. */
DMS_EXPORT DmsPeerId *dms_peer_id_new (const char *text, GError **error);
DMS_EXPORT DmsPeerId *dms_peer_id_new_for_ed25519 (const guint8 public_key[32]);
DMS_EXPORT DmsPeerId *dms_peer_id_new_from_bytes (GBytes *bytes, GError **error);
DMS_EXPORT const char *dms_peer_id_get_text (DmsPeerId *self);
DMS_EXPORT GBytes *dms_peer_id_dup_bytes (DmsPeerId *self);
DMS_EXPORT guint dms_peer_id_hash (DmsPeerId *self);
DMS_EXPORT gboolean dms_peer_id_get_ed25519 (DmsPeerId *self, guint8 public_key[32]);

DMS_EXPORT DmsPeerId *dms_peer_id_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_peer_id_to_json (DmsPeerId *self);
DMS_EXPORT DmsPeerId *dms_peer_id_ref (DmsPeerId *self);
DMS_EXPORT void dms_peer_id_unref (DmsPeerId *self);
DMS_EXPORT gboolean dms_peer_id_equal (DmsPeerId *a, DmsPeerId *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPeerId, dms_peer_id_unref)

G_END_DECLS
