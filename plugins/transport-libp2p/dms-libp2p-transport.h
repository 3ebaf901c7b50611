/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_LIBP2P_TRANSPORT (dms_libp2p_transport_get_type ())

/* A libp2p host as the transport of a node. The parameters of its configuration are those of DmsLibp2pParams.
 * Lives in the main context that started it. */
G_DECLARE_FINAL_TYPE (DmsLibp2pTransport, dms_libp2p_transport, DMS, LIBP2P_TRANSPORT, GObject)

DmsTransport *dms_libp2p_transport_new (void);

G_END_DECLS
