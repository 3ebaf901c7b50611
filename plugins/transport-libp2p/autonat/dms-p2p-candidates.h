/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "autonat/dms-p2p-reachability.h"

G_BEGIN_DECLS

/* What is known of the addresses at which others might reach this host. A router may let one through and not
 * the other, so each has its own score; addresses of one kind (IPv4 or IPv6, TCP or QUIC) stand for each
 * other: where the router gives every peer another port, each is seen at another address. */
typedef struct _DmsP2pCandidates DmsP2pCandidates;

DmsP2pCandidates *dms_p2p_candidates_new (void);
void dms_p2p_candidates_free (DmsP2pCandidates *self);

/* @addresses: (element-type DmsMultiaddr) all that there are now; what was known of others is forgotten. */
void dms_p2p_candidates_set (DmsP2pCandidates *self, GPtrArray *addresses);

/* DmsMultiaddr, one of each kind: those to ask about next. Kinds of which something is not known yet; when
 * all is known, one that an answer speaks against, or the one that was asked about longest ago. */
GPtrArray *dms_p2p_candidates_dup_next (DmsP2pCandidates *self);

/* Whom was asked about it last; (nullable). */
DmsPeerId *dms_p2p_candidates_get_asked (DmsP2pCandidates *self, DmsMultiaddr *address);
void dms_p2p_candidates_note_asked (DmsP2pCandidates *self, DmsMultiaddr *address, DmsPeerId *peer);

/* An answer about one of them; of others nothing is noted. */
void dms_p2p_candidates_note (DmsP2pCandidates *self, DmsMultiaddr *address, gboolean is_public);

/* Public when one of them is, private when of each kind one is not and none is; else unknown. */
DmsP2pReachability dms_p2p_candidates_get_verdict (DmsP2pCandidates *self);
/* Whether something is known of each kind, and no answer speaks against it. */
gboolean dms_p2p_candidates_is_settled (DmsP2pCandidates *self);
/* DmsMultiaddr: at these this host can be reached. */
GPtrArray *dms_p2p_candidates_dup_public (DmsP2pCandidates *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pCandidates, dms_p2p_candidates_free)

G_END_DECLS
