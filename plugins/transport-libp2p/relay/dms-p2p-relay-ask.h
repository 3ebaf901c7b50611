/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"
#include "relay/dms-p2p-relay-message.h"

G_BEGIN_DECLS

/* Sends one message and waits for the other side's status. An error when that is not DMS_P2P_RELAY_OK. What
 * follows on @pipe is not touched. */
void dms_p2p_relay_ask_async (DmsP2pPipe *pipe,
                              DmsP2pRelayKind kind,
                              const DmsP2pRelayMessage *question,
                              guint timeout_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
DmsP2pRelayMessage *dms_p2p_relay_ask_finish (GAsyncResult *result, GError **error);

G_END_DECLS
