/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-stream.h"
#include "multistream/dms-p2p-multistream.h"
#include "swarm/dms-p2p-connection.h"

G_BEGIN_DECLS

/* @stream: (nullable): the stream for the protocol that was agreed on; NULL when nothing came of it, and then
 * it has been reset. @sequence: of its pipe. */
typedef void (*DmsP2pNegotiated) (DmsP2pConnection *connection,
                                  DmsP2pStream *stream,
                                  gint64 sequence,
                                  gpointer user_data);

/* Finds out what a stream that a peer opened is for. @owner is what @knows and @negotiated get; it is kept
 * alive until then. @reservation belongs to the negotiation, then to the stream. */
void dms_p2p_negotiation_start (gpointer owner,
                                DmsP2pConnection *connection,
                                DmsP2pPipe *pipe,
                                DmsP2pReservation *reservation,
                                DmsP2pMultistreamKnows knows,
                                DmsP2pNegotiated negotiated,
                                GCancellable *cancellable);

G_END_DECLS
