/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token-action.h"
#include "identity/dms-key.h"
#include "identity/dms-signer.h"

G_BEGIN_DECLS

#define DMS_TYPE_TOKEN (dms_token_get_type ())
/* The most bytes of a token list that a message may carry (capability.md). */
#define DMS_TOKEN_MAX_LIST_SIZE 16384
#define DMS_TOKEN_DIGEST_SIZE 32

/* A capability token (types.md section 2). Immutable and counted. Times are ns since the epoch. */
typedef struct _DmsToken DmsToken;

GType dms_token_get_type (void);

/* Reads one token, {"dms":{...}}. It is well formed then, not verified. */
DmsToken *dms_token_new_from_data (const char *data, gsize size, GError **error);
DmsToken *dms_token_ref (DmsToken *self);
void dms_token_unref (DmsToken *self);
/* The same bytes. */
gboolean dms_token_equal (DmsToken *a, DmsToken *b);
/* Compact JSON, without a line end. */
char *dms_token_to_string (DmsToken *self);
/* A BLAKE2b digest of the token as written, signatures and chain included; computed once. May be called from
 * any thread. */
const guint8 *dms_token_get_digest (DmsToken *self);
/* What the issuer signs: "dms:token:" and the inner object without its signature. */
GBytes *dms_token_dup_signed_bytes (DmsToken *self);

DmsTokenAction dms_token_get_action (DmsToken *self);
DmsDid *dms_token_get_issuer (DmsToken *self);
DmsDid *dms_token_get_subject (DmsToken *self);
/* The empty DID means any. */
DmsDid *dms_token_get_audience (DmsToken *self);
/* Neither is NULL; both end in NULL. */
const char * const *dms_token_get_topics (DmsToken *self);
const char * const *dms_token_get_capabilities (DmsToken *self);
GBytes *dms_token_get_nonce (DmsToken *self);
guint64 dms_token_get_expiry_ns (DmsToken *self);
guint64 dms_token_get_depth (DmsToken *self);
/* The parent; NULL for a self-signed token. */
DmsToken *dms_token_get_chain (DmsToken *self);
/* The last link, which has no parent: the token itself if it has none. */
DmsToken *dms_token_get_anchor (DmsToken *self);
/* How many tokens the chain has, this one included. */
guint dms_token_get_links (DmsToken *self);
GBytes *dms_token_get_signature (DmsToken *self);

/* Any link of the chain is past its time. */
gboolean dms_token_is_expired (DmsToken *self, guint64 now_ns);
/* Whether the token's own capabilities, or topics, imply this one. */
gboolean dms_token_implies (DmsToken *self, const char *capability);
gboolean dms_token_implies_topic (DmsToken *self, const char *topic);
/* Whether the issuer's signature of this link, and of no other, is right. */
gboolean dms_token_check_signature (DmsToken *self);
/* Whether the issuer is of a kind whose signatures can be checked. */
gboolean dms_token_can_check_signature (DmsToken *self);
/* Issuer, subject and nonce as one text: what a revocation names. */
char *dms_token_dup_revocation_id (DmsToken *self);

/* Whether one path implies another: "/" all, else equal or a prefix by segment. */
gboolean dms_capability_implies (const char *granted, const char *asked);

/* Signs a new token as its issuer. @audience, @topics, @chain: (nullable). The nonce is random. */
DmsToken *dms_token_new_signed (DmsKey *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                                const char * const *topics, const char * const *capabilities,
                                guint64 expiry_ns, guint64 depth, DmsToken *chain);
/* The same by a signer that need not have its key here, and so may fail. */
DmsToken *dms_token_new_by_signer (DmsSigner *issuer, DmsTokenAction action, DmsDid *subject,
                                   DmsDid *audience, const char * const *topics,
                                   const char * const *capabilities, guint64 expiry_ns, guint64 depth,
                                   DmsToken *chain, GError **error);
/* The revocation of a token by its issuer; same subject, nonce, expiry and capabilities. */
DmsToken *dms_token_new_revocation (DmsKey *issuer, DmsToken *token, GError **error);
DmsToken *dms_token_new_revocation_by_signer (DmsSigner *issuer, DmsToken *token, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsToken, dms_token_unref)

G_END_DECLS
