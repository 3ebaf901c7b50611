/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "quic/dms-p2p-quic-flow.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_QUIC_STREAM (dms_p2p_quic_stream_get_type ())

G_DECLARE_FINAL_TYPE (DmsP2pQuicStream, dms_p2p_quic_stream, DMS, P2P_QUIC_STREAM, DmsP2pPipe)

/* One for each flow at most. */
DmsP2pPipe *dms_p2p_quic_stream_new (DmsP2pQuicFlow *flow);

G_END_DECLS
