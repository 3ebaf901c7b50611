/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <ngtcp2/ngtcp2_crypto.h>

#include "quic/dms-p2p-quic-connection.h"
#include "quic/dms-p2p-quic-memory.h"

G_BEGIN_DECLS

typedef struct
{
  guint8 data[NGTCP2_STATELESS_RESET_TOKENLEN];
} DmsP2pQuicToken;

struct _DmsP2pQuicConnection
{
  DmsP2pMuxer parent_instance;

  DmsP2pQuicEndpoint *endpoint;
  DmsP2pCertificate *certificate;
  DmsP2pQuicMemory memory;
  /* NULL before it begins and after it has ended. */
  ngtcp2_conn *conn;
  ngtcp2_crypto_conn_ref reference;
  gnutls_session_t tls;
  GMainContext *context;
  DmsP2pQuicDeadline deadline;
  /* That packets for us may have as their destination. */
  GArray *ids;
  /* By which the other side may end it, see dms_p2p_quic_endpoint_add_token(). */
  GArray *tokens;
  gboolean is_server;
  gboolean is_counted;
  gboolean is_proven;
  ngtcp2_sockaddr_union visitor;

  DmsPeerId *expected;
  DmsP2pPublicKey *key;
  DmsP2pQuicReady ready;
  gpointer ready_data;
  /* The handshake is done and the peer known; its owner was told. */
  gboolean is_ready;
  gboolean is_announced;
  gboolean is_ended;
  gboolean was_reset;
  GError *failure;
  GSource *farewell;

  guint max_streams;
  GQueue flows;
  GQueue ready_flows;
  GQueue incoming;

  guint64 window;
  guint64 consumed;
  ngtcp2_tstamp consumed_since;
  guint64 credit;
  /* What the muxer's owner was told that we keep, and how much less it will be told. */
  gsize granted;
  gsize owed;
  gboolean is_inside;

  guint64 bytes_in;
  guint64 bytes_out;
};

/* Within ngtcp2's callbacks and the pipes of streams. */
void dms_p2p_quic_connection_schedule (DmsP2pQuicConnection *self);
void dms_p2p_quic_connection_set_timer (DmsP2pQuicConnection *self, gint64 at_us);
void dms_p2p_quic_connection_add_flow (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow);
void dms_p2p_quic_connection_mark_ready (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow);
void dms_p2p_quic_connection_unmark_ready (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow);
/* @size bytes of @flow have been read, or will never be. */
void dms_p2p_quic_connection_consume (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow, gsize size);
/* The user and ngtcp2 are done with it. */
void dms_p2p_quic_connection_release_flow (DmsP2pQuicConnection *self, DmsP2pQuicFlow *flow);
gboolean dms_p2p_quic_connection_grant (DmsP2pQuicConnection *self, gsize more);
void dms_p2p_quic_connection_give_back (DmsP2pQuicConnection *self, gsize less);

void dms_p2p_quic_connection_leave_door (DmsP2pQuicConnection *self);

/* dms-p2p-quic-ending.c. Tells the other side @last_words, which may be NULL, and the owner later. */
void dms_p2p_quic_connection_end_and_tell (DmsP2pQuicConnection *self,
                                           const ngtcp2_connection_close_error *last_words);
/* Not from within ngtcp2: @code is one of its errors. */
void dms_p2p_quic_connection_fail (DmsP2pQuicConnection *self, int code);

/* dms-p2p-quic-callbacks.c */
void dms_p2p_quic_callbacks_init (ngtcp2_callbacks *callbacks, gboolean is_server);

/* dms-p2p-quic-writer.c: sends what can be sent now. */
void dms_p2p_quic_writer_run (DmsP2pQuicConnection *self);

G_END_DECLS
