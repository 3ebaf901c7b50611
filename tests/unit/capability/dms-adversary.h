/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "capability/dms-capability-fault.h"

G_BEGIN_DECLS

/* Makes what an adversary would send, out of one line.
 *
 * Everybody has a letter: N the node and its context, T its actor that is invoked, R a root of N, O the
 * subject of N's only require anchor (/dms, /public and /broadcast on /nunet), U a user, A the user's
 * actor, B and M others, V another node, E nobody (the empty DID); and DIDs that cannot be checked or
 * should not be: K secp256k1, P P-256, X RSA, W did:web, Z an all-zero Ed25519 key, I one of order 1, C a
 * non-canonical one.
 *
 * A list of tokens is `chain + chain`, a chain is `link | link`, from the first to the leaf, a link is
 *     issuer action subject capabilities [name=value …]
 * with the action d(elegate), i(nvoke), b(roadcast) or r(evoke), capabilities with commas, `-` for none and
 * `''` for the empty one. Names: t topics, a audience, x expiry in hours from now (`max`: the greatest; 2
 * by default), d depth, by who signs, sig how:
 *     none zero short long bit scalar (S + L) high (S with its top bits) small-r (R of order 1) identity (R
 * of     order 1, S = 0) msg (with the prefix of messages) bare (without prefix) orphan (as if there were
 * no parent)     swap (with another parent) signed (over the token with its signature). */
typedef struct _DmsAdversary DmsAdversary;

DmsAdversary *dms_adversary_new (void);
void dms_adversary_free (DmsAdversary *self);

DmsDid *dms_adversary_get_did (DmsAdversary *self, char who);
/* The actor ID of somebody; of those without an Ed25519 key something of its form. */
char *dms_adversary_dup_actor_id (DmsAdversary *self, char who);
guint64 dms_adversary_get_now (DmsAdversary *self);

/* The token list of a line, compact. */
char *dms_adversary_make_list (DmsAdversary *self, const char *line);
/* The context of N.
 * @words: (nullable): `roots=RK` who are the roots, R by default; `revoke=1` a revocation of the link of that
 *   number, from the first, which is 0, of the first chain of @line; `forged=1` one that M signed in the
 * name of   the issuer; `strange=1` one that M signed for itself; `anchor=revoke` a revocation of the anchor
 * @anchor: (nullable): the chain of the require anchor instead of the usual one; "" for none */
DmsCapabilityContext *dms_adversary_make_context (DmsAdversary *self, const char *words, const char *anchor,
                                                  const char *line);

/* An empty context of somebody, with the key. */
DmsCapabilityContext *dms_adversary_make_owner (DmsAdversary *self, char who);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsAdversary, dms_adversary_free)

G_END_DECLS
