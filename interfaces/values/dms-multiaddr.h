/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_MULTIADDR (dms_multiaddr_get_type ())

DMS_EXPORT GType dms_multiaddr_get_type (void);

/* A multiaddr (multiformats/multiaddr), syntactically checked. */
DMS_EXPORT DmsMultiaddr *dms_multiaddr_new (const char *text, GError **error);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_new_from_bytes (GBytes *bytes, GError **error);
DMS_EXPORT GBytes *dms_multiaddr_dup_bytes (DmsMultiaddr *self);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_new_for_socket_address (GInetSocketAddress *address,
                                                               const char *transport);
DMS_EXPORT const char *dms_multiaddr_get_text (DmsMultiaddr *self);
DMS_EXPORT guint dms_multiaddr_hash (DmsMultiaddr *self);

DMS_EXPORT guint dms_multiaddr_get_n_parts (DmsMultiaddr *self);
DMS_EXPORT char *dms_multiaddr_dup_part (DmsMultiaddr *self, guint i, char **value);
DMS_EXPORT gboolean dms_multiaddr_has_part (DmsMultiaddr *self, const char *name);
DMS_EXPORT char *dms_multiaddr_dup_value (DmsMultiaddr *self, const char *name);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_append (DmsMultiaddr *self, const char *suffix, GError **error);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_append_peer_id (DmsMultiaddr *self, DmsPeerId *peer);
DMS_EXPORT DmsPeerId *dms_multiaddr_dup_peer_id (DmsMultiaddr *self);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_dup_without_peer_id (DmsMultiaddr *self);
DMS_EXPORT GInetSocketAddress *dms_multiaddr_dup_socket_address (DmsMultiaddr *self);

DMS_EXPORT DmsMultiaddr *dms_multiaddr_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_multiaddr_to_json (DmsMultiaddr *self);
DMS_EXPORT DmsMultiaddr *dms_multiaddr_ref (DmsMultiaddr *self);
DMS_EXPORT void dms_multiaddr_unref (DmsMultiaddr *self);
DMS_EXPORT gboolean dms_multiaddr_equal (DmsMultiaddr *a, DmsMultiaddr *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMultiaddr, dms_multiaddr_unref)

G_END_DECLS
