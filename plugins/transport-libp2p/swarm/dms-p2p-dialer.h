/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dns/dms-p2p-resolver.h"
#include "limits/dms-p2p-limits.h"
#include "swarm/dms-p2p-back-off.h"
#include "swarm/dms-p2p-peer-store.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_DIALER (dms_p2p_dialer_get_type ())

/* What all dials of one host have in common: the transports, the limits, what failed lately, and how many are
 * under way. */
G_DECLARE_FINAL_TYPE (DmsP2pDialer, dms_p2p_dialer, DMS, P2P_DIALER, GObject)

/* Somebody who waits for a place; @self has one more now. */
typedef void (*DmsP2pDialerWake) (gpointer user_data);

DmsP2pDialer *dms_p2p_dialer_new (DmsPeerId *own, DmsP2pLimits *limits, DmsP2pPeerStore *peers);
void dms_p2p_dialer_add_transport (DmsP2pDialer *self, DmsP2pTransport *transport);
/* Who resolves names; the system's resolver unless set. */
void dms_p2p_dialer_set_resolver (DmsP2pDialer *self, DmsP2pResolver *resolver);
/* Where this host itself is; not dialled. */
void dms_p2p_dialer_set_own_addresses (DmsP2pDialer *self, GPtrArray *addresses);
/* How long one address, and one dial, may take. */
void dms_p2p_dialer_set_timeouts (DmsP2pDialer *self, guint address_ms, guint total_ms);

DmsPeerId *dms_p2p_dialer_get_own (DmsP2pDialer *self);
DmsP2pLimits *dms_p2p_dialer_get_limits (DmsP2pDialer *self);
DmsP2pPeerStore *dms_p2p_dialer_get_peers (DmsP2pDialer *self);
DmsP2pResolver *dms_p2p_dialer_get_resolver (DmsP2pDialer *self);
DmsP2pBackOff *dms_p2p_dialer_get_back_off (DmsP2pDialer *self);
guint dms_p2p_dialer_get_address_timeout_ms (DmsP2pDialer *self);
guint dms_p2p_dialer_get_total_timeout_ms (DmsP2pDialer *self);
GPtrArray *dms_p2p_dialer_get_transports (DmsP2pDialer *self);
/* Borrowed; NULL when no transport goes there. */
DmsP2pTransport *dms_p2p_dialer_find_transport (DmsP2pDialer *self, DmsMultiaddr *address);
gboolean dms_p2p_dialer_is_own_address (DmsP2pDialer *self, DmsMultiaddr *address);

/* A place for one address under way. When there is none, @wake is called once there may be, unless forgotten.
 */
gboolean dms_p2p_dialer_acquire (DmsP2pDialer *self, DmsP2pDialerWake wake, gpointer user_data);
void dms_p2p_dialer_release (DmsP2pDialer *self);
void dms_p2p_dialer_forget (DmsP2pDialer *self, gpointer user_data);
guint dms_p2p_dialer_get_n_active (DmsP2pDialer *self);

G_END_DECLS
