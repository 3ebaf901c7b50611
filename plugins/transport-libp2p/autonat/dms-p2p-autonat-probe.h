/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "autonat/dms-p2p-autonat-message.h"
#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* Asks one peer, in one of the two versions: pays what it demands, and gives its answer, as it stands. */
void dms_p2p_autonat_probe_async (DmsP2pHost *host,
                                  DmsP2pConnection *connection,
                                  DmsP2pAutonatVersion version,
                                  const DmsP2pAutonatMessage *question,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
DmsP2pAutonatMessage *dms_p2p_autonat_probe_finish (GAsyncResult *result, GError **error);

G_END_DECLS
