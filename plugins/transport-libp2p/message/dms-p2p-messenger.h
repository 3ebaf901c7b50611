/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"
#include "message/dms-p2p-message-receiver.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_MESSENGER (dms_p2p_messenger_get_type ())

/* The messages of actors, to and from inboxes of peers and of this host itself (spec, section 1). */
G_DECLARE_FINAL_TYPE (DmsP2pMessenger, dms_p2p_messenger, DMS, P2P_MESSENGER, GObject)

/* @handler gets each message to any inbox, never from inside a call. Close the host before letting go of
 * this. */
DmsP2pMessenger *dms_p2p_messenger_new (DmsP2pHost *host, DmsP2pMessageHandler handler, gpointer user_data);

/* See dms_p2p_message_sender_send_async(). */
void dms_p2p_messenger_send_async (DmsP2pMessenger *self,
                                   DmsPeerId *peer,
                                   const char *inbox,
                                   GBytes *bytes,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dms_p2p_messenger_send_finish (DmsP2pMessenger *self, GAsyncResult *result, GError **error);

void dms_p2p_messenger_close (DmsP2pMessenger *self);

G_END_DECLS
