/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-stream.h"
#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_HOST (dms_p2p_host_get_type ())

/* Protocols over the swarm: who answers which protocol, and opening streams for a protocol. Identify, ping
 * and the others are objects of their own on top of it. */
G_DECLARE_FINAL_TYPE (DmsP2pHost, dms_p2p_host, DMS, P2P_HOST, GObject)

/* @stream: keep a reference to use it later. */
typedef void (*DmsP2pHostStreamHandler) (DmsP2pHost *self,
                                         DmsP2pConnection *connection,
                                         DmsP2pStream *stream,
                                         gpointer user_data);

/* TRUE when a proposed protocol ID belongs to this handler. */
typedef gboolean (*DmsP2pHostMatch) (const char *protocol, gpointer user_data);

DmsP2pHost *dms_p2p_host_new (DmsP2pSwarm *swarm);
DmsP2pSwarm *dms_p2p_host_get_swarm (DmsP2pHost *self);

/* @handler NULL removes it. Identify tells peers of the change (push). */
void dms_p2p_host_set_handler (DmsP2pHost *self,
                               const char *protocol,
                               DmsP2pHostStreamHandler handler,
                               gpointer user_data,
                               GDestroyNotify destroy);
/* For a family of protocols: `actor/<inbox>/messages/0.0.1`. Not announced by identify, but for @announced.
 */
void dms_p2p_host_set_match_handler (DmsP2pHost *self,
                                     const char *announced,
                                     DmsP2pHostMatch match,
                                     DmsP2pHostStreamHandler handler,
                                     gpointer user_data,
                                     GDestroyNotify destroy);
/* What is announced. */
GStrv dms_p2p_host_dup_protocols (DmsP2pHost *self);

/* Connects when there is no connection. With one protocol, the negotiation is lazy unless the peer is known not
 * to speak it: a refusal is then the error of the first read. A peer that announces the announced one of a
 * family is taken to speak the family. */
void dms_p2p_host_open_stream_async (DmsP2pHost *self,
                                     DmsPeerId *peer,
                                     const char *const *protocols,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
DmsP2pStream *dms_p2p_host_open_stream_finish (DmsP2pHost *self, GAsyncResult *result, GError **error);
/* The same on a certain connection. */
void dms_p2p_host_open_stream_on_async (DmsP2pHost *self,
                                        DmsP2pConnection *connection,
                                        const char *const *protocols,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);

/* Whether a stream that the peer opened before that of @sequence may still be on its way or negotiating: see
 * dms_p2p_pipe_get_sequence(). Those before it are not waited for any more after skip_to(). */
gboolean dms_p2p_host_is_missing_before (DmsP2pHost *self, DmsP2pConnection *connection, gint64 sequence);
void dms_p2p_host_skip_to (DmsP2pHost *self, DmsP2pConnection *connection, gint64 sequence);

/* Told when identify has said, or said anew, what a peer is and speaks. */
typedef void (*DmsP2pHostIdentified) (DmsP2pHost *self, DmsP2pConnection *connection, gpointer user_data);
void dms_p2p_host_add_identified (DmsP2pHost *self, DmsP2pHostIdentified identified, gpointer user_data);
/* For identify. */
void dms_p2p_host_emit_identified (DmsP2pHost *self, DmsP2pConnection *connection);

/* Told when other protocols are announced than before. */
typedef void (*DmsP2pHostChanged) (DmsP2pHost *self, gpointer user_data);
void dms_p2p_host_add_changed (DmsP2pHost *self, DmsP2pHostChanged changed, gpointer user_data);

/* Gives up what is being negotiated, lets go of all handlers, and closes the swarm. Nothing is told
 * afterwards. */
void dms_p2p_host_close (DmsP2pHost *self);

G_END_DECLS
