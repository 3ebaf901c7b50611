/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "io/dms-p2p-pipe.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

/* Makes a connection of a pipe to another host: negotiates a security protocol, secures it, agrees on the
 * muxer (libp2p specs, connections). In a private network it protects the pipe before all that. For TCP, and
 * for relayed connections. Immutable and counted. */
typedef struct _DmsP2pUpgrader DmsP2pUpgrader;

/* How long it may take altogether, from the accepted or connected pipe to the muxer. */
#define DMS_P2P_UPGRADER_TIMEOUT_S 15

/* @securities: the protocols, best first; NULL for TLS, then Noise. NULL with DMS_ERROR_NOT_SUPPORTED for one
 * that there is not. */
DmsP2pUpgrader *
dms_p2p_upgrader_new (DmsP2pIdentity *identity, const char *const *securities, GError **error);
DmsP2pUpgrader *dms_p2p_upgrader_ref (DmsP2pUpgrader *self);
void dms_p2p_upgrader_unref (DmsP2pUpgrader *self);

/* Whether a dialler whose @attempt failed with @error is to make another, on a new pipe: after the first,
 * when that may have been for the security it proposed and there are others. */
gboolean dms_p2p_upgrader_may_retry (DmsP2pUpgrader *self, guint attempt, const GError *error);

/* Upgrades the pipe of a dialler. Attempt 0 proposes the best security together with the first bytes of its
 * handshake, which saves a round trip. It fails with DMS_ERROR_NOT_SUPPORTED when the other side says that it
 * does not speak that, and with DMS_ERROR_UNAVAILABLE when it hangs up without a word, as those do that take
 * the first bytes for another proposal: see dms_p2p_upgrader_may_retry(). Attempt 1 negotiates all securities
 * before it says anything else. @raw is closed when it fails. @expected, @trace and @cancellable may be NULL.
 */
void dms_p2p_upgrader_dial_async (DmsP2pUpgrader *self,
                                  DmsP2pPipe *raw,
                                  guint attempt,
                                  DmsPeerId *expected,
                                  DmsP2pTrace trace,
                                  gpointer trace_data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/* Upgrades the pipe of a listener. */
void dms_p2p_upgrader_accept_async (DmsP2pUpgrader *self,
                                    DmsP2pPipe *raw,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/* For both. The addresses and the cookie of what it gives are the caller's to fill in. */
DmsP2pUpgraded *dms_p2p_upgrader_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pUpgrader, dms_p2p_upgrader_unref)

G_END_DECLS
