/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_CONNECTION_INFO (dms_connection_info_get_type ())

DMS_EXPORT GType dms_connection_info_get_type (void);

/* One connection to one peer: how it came about, what goes over it, and what the peer said of itself. */
DMS_EXPORT DmsConnectionInfo *dms_connection_info_new (DmsPeerId *peer,
                                                       DmsMultiaddr *local,
                                                       DmsMultiaddr *remote,
                                                       gboolean inbound,
                                                       gboolean limited,
                                                       const char *security,
                                                       const char *muxer,
                                                       gint64 opened_us);
/* Another value with these instead: what goes over it. */
DMS_EXPORT DmsConnectionInfo *dms_connection_info_with_traffic (DmsConnectionInfo *self,
                                                                guint n_streams,
                                                                gint64 rtt_us,
                                                                guint64 bytes_in,
                                                                guint64 bytes_out);
/* Another value with these instead: what the peer said of itself. */
DMS_EXPORT DmsConnectionInfo *
dms_connection_info_with_identity (DmsConnectionInfo *self, const char *agent, const char *const *protocols);

DMS_EXPORT DmsPeerId *dms_connection_info_get_peer (DmsConnectionInfo *self);
/* (nullable): NULL when it is not known. */
DMS_EXPORT DmsMultiaddr *dms_connection_info_get_local (DmsConnectionInfo *self);
/* (nullable): NULL when it is not known. */
DMS_EXPORT DmsMultiaddr *dms_connection_info_get_remote (DmsConnectionInfo *self);
DMS_EXPORT gboolean dms_connection_info_get_inbound (DmsConnectionInfo *self);
/* By way of a relay that limits bytes and time. */
DMS_EXPORT gboolean dms_connection_info_get_limited (DmsConnectionInfo *self);
DMS_EXPORT const char *dms_connection_info_get_security (DmsConnectionInfo *self);
DMS_EXPORT const char *dms_connection_info_get_muxer (DmsConnectionInfo *self);
/* In microseconds since the epoch. */
DMS_EXPORT gint64 dms_connection_info_get_opened_us (DmsConnectionInfo *self);
DMS_EXPORT guint dms_connection_info_get_n_streams (DmsConnectionInfo *self);
/* -1 when it was not measured. */
DMS_EXPORT gint64 dms_connection_info_get_rtt_us (DmsConnectionInfo *self);
DMS_EXPORT guint64 dms_connection_info_get_bytes_in (DmsConnectionInfo *self);
DMS_EXPORT guint64 dms_connection_info_get_bytes_out (DmsConnectionInfo *self);
/* (nullable): NULL when the peer has not said. As hostile as any text. */
DMS_EXPORT const char *dms_connection_info_get_agent (DmsConnectionInfo *self);
DMS_EXPORT const char *const *dms_connection_info_get_protocols (DmsConnectionInfo *self);

DMS_EXPORT DmsConnectionInfo *dms_connection_info_new_from_json (JsonNode *node, GError **error);
DMS_EXPORT JsonNode *dms_connection_info_to_json (DmsConnectionInfo *self);
DMS_EXPORT DmsConnectionInfo *dms_connection_info_ref (DmsConnectionInfo *self);
DMS_EXPORT void dms_connection_info_unref (DmsConnectionInfo *self);
DMS_EXPORT gboolean dms_connection_info_equal (DmsConnectionInfo *a, DmsConnectionInfo *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsConnectionInfo, dms_connection_info_unref)

G_END_DECLS
