/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "transport/dms-p2p-upgraded.h"

G_BEGIN_DECLS

/**
 * DmsP2pTrace:
 * @step: the step that ended: `resolve`, `connect`, `secure`, `mux`, `identify`
 * @detail: what came out of it, for people: `198.51.100.7:9000`, `/tls/1.0.0`, …
 * @duration_us: how long it took
 * @error: (nullable): why it failed
 * @user_data: (closure): the owner's data
 *
 * Told of each step of a dial.
 */
typedef void (*DmsP2pTrace) (const char *step,
                             const char *detail,
                             gint64 duration_us,
                             const GError *error,
                             gpointer user_data);

/**
 * DmsP2pGate:
 * @remote: who connects: an address
 * @cookie: (out): what goes with the connection from here on: the reservation of the limits
 * @cookie_free: (out): frees it
 * @user_data: (closure): the owner's data
 * @error: return location for why it is refused
 *
 * Asked about each inbound connection before anything is spent on it.
 *
 * Returns: whether to go on
 */
typedef gboolean (*DmsP2pGate) (DmsMultiaddr *remote,
                                gpointer *cookie,
                                GDestroyNotify *cookie_free,
                                gpointer user_data,
                                GError **error);

/**
 * DmsP2pAccepted:
 * @upgraded: (transfer full): an inbound connection, ready
 * @user_data: (closure): the owner's data
 */
typedef void (*DmsP2pAccepted) (DmsP2pUpgraded *upgraded, gpointer user_data);

#define DMS_TYPE_P2P_TRANSPORT (dms_p2p_transport_get_type ())

G_DECLARE_DERIVABLE_TYPE (DmsP2pTransport, dms_p2p_transport, DMS, P2P_TRANSPORT, GObject)

/* TCP, QUIC: how to reach an address. Addresses are resolved before they come here: ip4 or ip6. */
struct _DmsP2pTransportClass
{
  GObjectClass parent_class;

  gboolean (*can_dial) (DmsP2pTransport *self, DmsMultiaddr *address);
  /* @expected may be NULL. @trace may be NULL; it is told from the main loop before the callback. */
  void (*dial_async) (DmsP2pTransport *self,
                      DmsMultiaddr *address,
                      DmsPeerId *expected,
                      DmsP2pTrace trace,
                      gpointer trace_data,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  DmsP2pUpgraded *(*dial_finish) (DmsP2pTransport *self, GAsyncResult *result, GError **error);
  /* Binds at once. Returns the address with its real port; several listeners may exist. */
  DmsMultiaddr *(*listen) (DmsP2pTransport *self, DmsMultiaddr *address, GError **error);
  /* Stops listening and gives up handshakes that are under way. Connections that are ready are the swarm's to
   * close. */
  void (*close) (DmsP2pTransport *self);
};

gboolean dms_p2p_transport_can_dial (DmsP2pTransport *self, DmsMultiaddr *address);
void dms_p2p_transport_dial_async (DmsP2pTransport *self,
                                   DmsMultiaddr *address,
                                   DmsPeerId *expected,
                                   DmsP2pTrace trace,
                                   gpointer trace_data,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
DmsP2pUpgraded *dms_p2p_transport_dial_finish (DmsP2pTransport *self, GAsyncResult *result, GError **error);
DmsMultiaddr *dms_p2p_transport_listen (DmsP2pTransport *self, DmsMultiaddr *address, GError **error);
void dms_p2p_transport_close (DmsP2pTransport *self);

/* Set before listening. */
void dms_p2p_transport_set_handlers (DmsP2pTransport *self,
                                     DmsP2pGate gate,
                                     DmsP2pAccepted accepted,
                                     gpointer user_data);

/* For subclasses. */
gboolean dms_p2p_transport_ask_gate (DmsP2pTransport *self,
                                     DmsMultiaddr *remote,
                                     gpointer *cookie,
                                     GDestroyNotify *cookie_free,
                                     GError **error);
void dms_p2p_transport_emit_accepted (DmsP2pTransport *self, DmsP2pUpgraded *upgraded);

G_END_DECLS
