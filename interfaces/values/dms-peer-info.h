/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PEER_INFO (dms_peer_info_get_type ())

DMS_EXPORT GType dms_peer_info_get_type (void);

/* What is known of a peer: who, where, since when. */
DMS_EXPORT DmsPeerInfo *dms_peer_info_new (DmsPeerId *id,
                                           GPtrArray *addresses,
                                           gboolean connected,
                                           gint64 last_seen_us);
DMS_EXPORT DmsPeerId *dms_peer_info_get_id (DmsPeerInfo *self);
DMS_EXPORT GPtrArray *dms_peer_info_get_addresses (DmsPeerInfo *self);
DMS_EXPORT gboolean dms_peer_info_get_connected (DmsPeerInfo *self);
DMS_EXPORT gint64 dms_peer_info_get_last_seen_us (DmsPeerInfo *self);

DMS_EXPORT DmsPeerInfo *dms_peer_info_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_peer_info_to_json (DmsPeerInfo *self);
DMS_EXPORT DmsPeerInfo *dms_peer_info_ref (DmsPeerInfo *self);
DMS_EXPORT void dms_peer_info_unref (DmsPeerInfo *self);
DMS_EXPORT gboolean dms_peer_info_equal (DmsPeerInfo *a, DmsPeerInfo *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPeerInfo, dms_peer_info_unref)

G_END_DECLS
