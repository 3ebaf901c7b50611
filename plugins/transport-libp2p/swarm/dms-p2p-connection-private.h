/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-connection.h"

G_BEGIN_DECLS

/* Told once when it has ended, from the main loop. */
typedef void (*DmsP2pConnectionClosed) (DmsP2pConnection *self, const GError *error, gpointer user_data);

/* @upgraded: (transfer full): its cookie is the reservation, already the peer's. */
DmsP2pConnection *dms_p2p_connection_new (DmsP2pUpgraded *upgraded, DmsP2pLimits *limits);
/* NULL and NULL: nobody is told any more, and streams that come are reset. */
void dms_p2p_connection_set_handlers (DmsP2pConnection *self,
                                      DmsP2pConnectionAccept accept,
                                      DmsP2pConnectionClosed closed,
                                      gpointer user_data);

/* Which of two connections with one peer both ends keep: below 0 for @a, above 0 for @b. @own: this host. */
int dms_p2p_connection_compare (DmsP2pConnection *a, DmsP2pConnection *b, DmsPeerId *own);

G_END_DECLS
