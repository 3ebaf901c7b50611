/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* Connections that ended a moment ago (RFC 9000 section 10.2): what still comes for them is answered with
 * their last packet, ever more seldom, or not at all when the other side closed. Bounded; the oldest go
 * first. */
typedef struct _DmsP2pQuicGraves DmsP2pQuicGraves;

DmsP2pQuicGraves *dms_p2p_quic_graves_new (void);
void dms_p2p_quic_graves_free (DmsP2pQuicGraves *self);

/* @packet may be NULL. */
void dms_p2p_quic_graves_bury (DmsP2pQuicGraves *self,
                               const ngtcp2_cid *ids,
                               gsize n_ids,
                               GBytes *packet,
                               ngtcp2_tstamp until);
/* Whether @id is buried here; then @answer is what shall be sent, or NULL. */
gboolean dms_p2p_quic_graves_visit (DmsP2pQuicGraves *self, const ngtcp2_cid *id, GBytes **answer);

G_END_DECLS
