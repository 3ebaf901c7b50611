/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_MESSAGE_SENDER (dms_p2p_message_sender_get_type ())

/* Sends messages, one a stream, to each peer in order: the stream of one is opened when the one before it has
 * been written. How many may be on their way or wait is bounded for each peer and in all. */
G_DECLARE_FINAL_TYPE (DmsP2pMessageSender, dms_p2p_message_sender, DMS, P2P_MESSAGE_SENDER, GObject)

DmsP2pMessageSender *dms_p2p_message_sender_new (DmsP2pHost *host);

/* Done when the peer has taken the message, as it says by ending the stream; a peer that says nothing for a
 * while after all was written counts as one that took it. DMS_ERROR_BUSY: the peer, or this side, has no room
 * for it now. DMS_ERROR_TOO_LARGE; DMS_ERROR_NOT_FOUND: there is no such inbox. */
void dms_p2p_message_sender_send_async (DmsP2pMessageSender *self,
                                        DmsPeerId *peer,
                                        const char *inbox,
                                        GBytes *bytes,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean dms_p2p_message_sender_send_finish (DmsP2pMessageSender *self, GAsyncResult *result, GError **error);

/* Gives up what is on its way. */
void dms_p2p_message_sender_close (DmsP2pMessageSender *self);

G_END_DECLS
