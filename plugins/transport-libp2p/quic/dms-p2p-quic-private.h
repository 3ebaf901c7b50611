/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "quic/dms-p2p-quic-connection.h"
#include "quic/dms-p2p-quic.h"

G_BEGIN_DECLS

/* For tests: what may be changed before the first listening and dialling. */
DmsP2pQuicSettings *dms_p2p_quic_get_settings (DmsP2pQuic *self);
/* The first of those that listen, or NULL. */
DmsP2pQuicEndpoint *dms_p2p_quic_get_listener (DmsP2pQuic *self);
DmsP2pQuicDoor *dms_p2p_quic_get_door (DmsP2pQuic *self);

G_END_DECLS
