/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"

G_BEGIN_DECLS

/* A relay's signed word that a peer has a reservation with it until then (libp2p specs, relay/circuit-v2,
 * "Reservation Vouchers"). */
GBytes *dms_p2p_relay_voucher_seal (DmsP2pIdentity *relay, DmsPeerId *peer, guint64 expire_s);

/* Whether @voucher is the word of @relay for @peer. @expire_s is set then. */
gboolean dms_p2p_relay_voucher_verify (GBytes *voucher,
                                       DmsPeerId *relay,
                                       DmsPeerId *peer,
                                       guint64 *expire_s,
                                       GError **error);

G_END_DECLS
