/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-types.h"

G_BEGIN_DECLS

#define DMS_TYPE_TRANSPORT_CONFIG (dms_transport_config_get_type ())

DMS_EXPORT GType dms_transport_config_get_type (void);

/* What a transport starts with. It holds secrets, so it has no JSON form and is never written anywhere. The
 * bytes are referenced, not copied: make them with g_bytes_new_with_free_func() over guarded memory. */
DMS_EXPORT DmsTransportConfig *dms_transport_config_new (GBytes *identity_seed,
                                                         const char *const *listen_addresses,
                                                         const char *const *bootstrap_peers,
                                                         GBytes *private_network_key,
                                                         JsonObject *params);
DMS_EXPORT GBytes *dms_transport_config_get_identity_seed (DmsTransportConfig *self);
DMS_EXPORT const char *const *dms_transport_config_get_listen_addresses (DmsTransportConfig *self);
DMS_EXPORT const char *const *dms_transport_config_get_bootstrap_peers (DmsTransportConfig *self);
DMS_EXPORT GBytes *dms_transport_config_get_private_network_key (DmsTransportConfig *self);
DMS_EXPORT JsonObject *dms_transport_config_get_params (DmsTransportConfig *self);

DMS_EXPORT DmsTransportConfig *dms_transport_config_ref (DmsTransportConfig *self);
DMS_EXPORT void dms_transport_config_unref (DmsTransportConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTransportConfig, dms_transport_config_unref)

G_END_DECLS
