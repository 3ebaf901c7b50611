/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "quic/dms-p2p-quic-private.h"

G_BEGIN_DECLS

/* Two hosts: the server listens, the client dials. */
typedef struct
{
  DmsP2pIdentity *server_identity;
  DmsP2pIdentity *client_identity;
  DmsP2pTransport *server;
  DmsP2pTransport *client;
  DmsMultiaddr *address;
  /* Who the server let in, last. */
  DmsP2pUpgraded *inbound;
  guint n_inbound;
  DmsP2pUpgraded *outbound;
  /* Streams the server got, in their order. */
  GPtrArray *streams;
  GError *server_closed;
  GError *client_closed;
  guint n_server_closed;
  guint n_client_closed;
  gssize memory;
  gboolean refuses_memory;
  guint n_refused_memory;
  gboolean closes_for_memory;
  gboolean drops_for_memory;
  gboolean gate_refuses;
  guint n_gate;
  guint n_cookies;
} DmsQuicFixture;

typedef gboolean (*DmsQuicCondition) (gpointer user_data);

void dms_quic_fixture_set_up (DmsQuicFixture *self, gconstpointer listen_address);
void dms_quic_fixture_tear_down (DmsQuicFixture *self, gconstpointer listen_address);
/* Of the main loop, until @condition holds. Fails the test after @seconds. */
void dms_quic_run_until (DmsQuicCondition condition, gpointer user_data, guint seconds);
void dms_quic_run (guint milliseconds);

/* Dials and takes the outcome. */
DmsP2pUpgraded *dms_quic_fixture_dial (DmsQuicFixture *self,
                                       DmsMultiaddr *address,
                                       DmsPeerId *expected,
                                       GCancellable *cancellable,
                                       GError **error);
/* The usual: dials the server, and waits until both sides have the connection. */
void dms_quic_fixture_connect (DmsQuicFixture *self);
/* A stream of the client's and its end at the server, which has read the one byte that was sent along. */
DmsP2pPipe *dms_quic_fixture_open (DmsQuicFixture *self, DmsP2pPipe **other_end);

/* Blocking, by running the main loop. */
void dms_quic_write_all (DmsP2pPipe *pipe, const void *data, gsize size);
/* At most @size bytes; until the end or an error. */
gsize dms_quic_read_all (DmsP2pPipe *pipe, void *data, gsize size, GError **error);

G_END_DECLS
