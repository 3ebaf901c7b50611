/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "host/dms-p2p-host.h"

G_BEGIN_DECLS

/* FALSE when there is no room for it now: the sender learns that it was not taken. */
typedef gboolean (*DmsP2pMessageHandler) (const char *inbox,
                                          DmsPeerId *from,
                                          GBytes *bytes,
                                          gpointer user_data);

#define DMS_TYPE_P2P_MESSAGE_RECEIVER (dms_p2p_message_receiver_get_type ())

/* Reads the messages that peers send, one a stream, and hands them on in the order of the streams of each
 * connection. A message that was taken is answered by ending the stream in good order, one that was not by
 * resetting it. */
G_DECLARE_FINAL_TYPE (DmsP2pMessageReceiver, dms_p2p_message_receiver, DMS, P2P_MESSAGE_RECEIVER, GObject)

DmsP2pMessageReceiver *
dms_p2p_message_receiver_new (DmsP2pHost *host, DmsP2pMessageHandler handler, gpointer user_data);

/* A stream that brings a message to @inbox. */
void dms_p2p_message_receiver_take (DmsP2pMessageReceiver *self,
                                    DmsP2pConnection *connection,
                                    DmsP2pStream *stream,
                                    const char *inbox);

/* Nothing is handed on afterwards. */
void dms_p2p_message_receiver_close (DmsP2pMessageReceiver *self);

G_END_DECLS
