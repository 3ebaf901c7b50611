/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "relay/dms-p2p-relay-message.h"
#include "relay/dms-p2p-relay-service.h"

G_BEGIN_DECLS

/* One connection that this relay relays, from the moment it is asked for. */
typedef struct _DmsP2pRelayed DmsP2pRelayed;

/* It is over, whatever came of it. */
typedef void (*DmsP2pRelayedOver) (DmsP2pRelayed *self, gpointer user_data);

/* @source: the pipe of who asked, who is told what becomes of it. @destination: where the other end is. */
DmsP2pRelayed *dms_p2p_relayed_new (DmsP2pRelayService *service,
                                    DmsPeerId *from,
                                    DmsP2pPipe *source,
                                    DmsP2pConnection *destination,
                                    DmsP2pRelayedOver over,
                                    gpointer user_data);
DmsPeerId *dms_p2p_relayed_get_from (DmsP2pRelayed *self);
DmsPeerId *dms_p2p_relayed_get_to (DmsP2pRelayed *self);
void dms_p2p_relayed_unref (DmsP2pRelayed *self);
/* Ends it at once; @over is not told. */
void dms_p2p_relayed_drop (DmsP2pRelayed *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pRelayed, dms_p2p_relayed_unref)

G_END_DECLS
