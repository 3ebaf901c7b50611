/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_PEER_SCORE (dms_peer_score_get_type ())

DMS_EXPORT GType dms_peer_score_get_type (void);

/* What publish/subscribe thinks of a peer (GossipSub v1.1, peer scoring). */
DMS_EXPORT DmsPeerScore *dms_peer_score_new (DmsPeerId *id,
                                             double score,
                                             double app_specific,
                                             double ip_colocation,
                                             double behaviour_penalty);
DMS_EXPORT DmsPeerId *dms_peer_score_get_id (DmsPeerScore *self);
DMS_EXPORT double dms_peer_score_get_score (DmsPeerScore *self);
DMS_EXPORT double dms_peer_score_get_app_specific (DmsPeerScore *self);
DMS_EXPORT double dms_peer_score_get_ip_colocation (DmsPeerScore *self);
DMS_EXPORT double dms_peer_score_get_behaviour_penalty (DmsPeerScore *self);

DMS_EXPORT DmsPeerScore *dms_peer_score_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_peer_score_to_json (DmsPeerScore *self);
DMS_EXPORT DmsPeerScore *dms_peer_score_ref (DmsPeerScore *self);
DMS_EXPORT void dms_peer_score_unref (DmsPeerScore *self);
DMS_EXPORT gboolean dms_peer_score_equal (DmsPeerScore *a, DmsPeerScore *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPeerScore, dms_peer_score_unref)

G_END_DECLS
