/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-dht.h"

G_BEGIN_DECLS

/* Finds out where peers are before they are dialled: asks the distributed hash table about those that no
 * address is known of. */
typedef struct _DmsLibp2pRouter DmsLibp2pRouter;

DmsLibp2pRouter *dms_libp2p_router_new (DmsP2pDht *dht, DmsP2pSwarm *swarm);
/* After the table has been closed. */
void dms_libp2p_router_free (DmsLibp2pRouter *self);

/* Whether nothing need be asked: it is connected, or somewhere. */
gboolean dms_libp2p_router_knows (DmsLibp2pRouter *self, DmsPeerId *peer);
/* Until it is known where @peer is, or that nobody knows: that is no error here, the dial will say so. Those
 * who ask for one peer are told in their order. @source: whose call it is. */
void dms_libp2p_router_find_async (DmsLibp2pRouter *self,
                                   gpointer source,
                                   DmsPeerId *peer,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/* FALSE when it was cancelled, or too many ask. */
gboolean dms_libp2p_router_find_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pRouter, dms_libp2p_router_free)

G_END_DECLS
