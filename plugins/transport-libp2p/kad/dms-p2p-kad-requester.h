/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"
#include "kad/dms-p2p-kad-peer.h"

G_BEGIN_DECLS

/* Requests to peers over libp2p: one at a time on a stream, which is kept for the next one for a while. */
typedef struct _DmsP2pKadRequester DmsP2pKadRequester;

/* @answer: (nullable): NULL when it failed (@is_good is FALSE) or no answer was wanted. @remote: (nullable):
 * where the peer is. */
typedef void (*DmsP2pKadAnswered) (guint64 request,
                                   gboolean is_good,
                                   GBytes *answer,
                                   DmsMultiaddr *remote,
                                   gpointer user_data);

DmsP2pKadRequester *dms_p2p_kad_requester_new (DmsP2pHost *host,
                                               const char *protocol,
                                               DmsP2pKadAnswered answered,
                                               gpointer user_data);
/* Gives up everything; nothing is told afterwards. */
void dms_p2p_kad_requester_free (DmsP2pKadRequester *self);

/* Never tells from inside. */
void dms_p2p_kad_requester_send (DmsP2pKadRequester *self,
                                 guint64 request,
                                 DmsPeerId *peer,
                                 GBytes *message,
                                 gboolean wants_answer);
void dms_p2p_kad_requester_give_up (DmsP2pKadRequester *self, guint64 request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadRequester, dms_p2p_kad_requester_free)

G_END_DECLS
