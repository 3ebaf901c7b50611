/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_QUIC (dms_p2p_quic_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pQuic, dms_p2p_quic, DMS, P2P_QUIC, DmsP2pTransport)

/* QUIC v1 (RFC 9000, libp2p specs, quic). */
DmsP2pTransport *dms_p2p_quic_new (DmsP2pIdentity *identity);

G_END_DECLS
