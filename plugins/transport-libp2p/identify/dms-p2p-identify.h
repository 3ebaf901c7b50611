/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"
#include "identify/dms-p2p-observed.h"

G_BEGIN_DECLS

#define DMS_P2P_IDENTIFY_PROTOCOL      "/ipfs/id/1.0.0"
#define DMS_P2P_IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"

#define DMS_TYPE_P2P_IDENTIFY (dms_p2p_identify_get_type ())

/* Asks each peer who it is when a connection to it stands, answers the same question, and tells peers of
 * changes (libp2p specs, identify, identify/push). What peers say goes to the peer store. */
G_DECLARE_FINAL_TYPE (DmsP2pIdentify, dms_p2p_identify, DMS, P2P_IDENTIFY, GObject)

/* Before the swarm has any connection. @agent: the program and its version. Close the host before letting go
 * of this. */
DmsP2pIdentify *dms_p2p_identify_new (DmsP2pHost *host, const char *agent);

/* Peers are to be told of other listen addresses. Changes of the protocols are seen by themselves. */
void dms_p2p_identify_note_changed (DmsP2pIdentify *self);

/* Until the peer of @connection has said who it is. An error when it does not. */
void dms_p2p_identify_wait_async (DmsP2pIdentify *self,
                                  DmsP2pConnection *connection,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dms_p2p_identify_wait_finish (DmsP2pIdentify *self, GAsyncResult *result, GError **error);

DmsP2pObserved *dms_p2p_identify_get_observed (DmsP2pIdentify *self);
/* DmsMultiaddr: where nobody has seen it, but it might be: worth a try, not worth telling. */
GPtrArray *dms_p2p_identify_dup_guesses (DmsP2pIdentify *self);

G_END_DECLS
