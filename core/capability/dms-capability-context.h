/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token-list.h"

G_BEGIN_DECLS

#define DMS_TYPE_CAPABILITY_CONTEXT (dms_capability_context_get_type ())

/* What one DID trusts, demands and can present (capability.md). Not thread safe: one main context. */
G_DECLARE_FINAL_TYPE (DmsCapabilityContext, dms_capability_context, DMS, CAPABILITY_CONTEXT, GObject)

/* The most revocations that are kept, and that may be learned from others: the rest is for the owner's. An
 * issuer who is named in an anchor has a share; the others have a smaller one each, and one together. When
 * a share is full, a revocation takes the place of that which expires last, if that expires later. */
#define DMS_REVOCATIONS_MAX 4096
#define DMS_REVOCATIONS_LEARNED 3072
#define DMS_REVOCATIONS_PER_KNOWN_ISSUER 1024
#define DMS_REVOCATIONS_PER_ISSUER 64
#define DMS_REVOCATIONS_OF_OTHERS 1024

typedef enum {
  DMS_SELF_SIGN_NO,
  DMS_SELF_SIGN_ALSO,
  DMS_SELF_SIGN_ONLY,
} DmsSelfSign;

/* @key: (nullable): the key of @did; without it the context can check and keep, but not issue. */
DmsCapabilityContext *dms_capability_context_new (DmsDid *did, DmsKey *key);
/* The same for what signs without its key being here. */
DmsCapabilityContext *dms_capability_context_new_for_signer (DmsSigner *signer);
/* Reads <user_dir>/cap/<name>.cap. With a key, the file must belong to that key's DID. */
DmsCapabilityContext *dms_capability_context_load (const char *path, DmsKey *key, GError **error);
/* The same with what has expired in it, for showing; it allows nothing more for that. */
DmsCapabilityContext *dms_capability_context_load_whole (const char *path, GError **error);
/* The same for content at hand; @where names it in messages. */
DmsCapabilityContext *dms_capability_context_new_from_data (const char *data, gsize size, const char *where,
                                                            DmsKey *key, GError **error);
/* The content of the file: one line of JSON, with its end. */
char *dms_capability_context_to_string (DmsCapabilityContext *self);
/* Writes the file (0600) atomically; what was there is kept as <path>.<unix seconds>. */
gboolean dms_capability_context_save (DmsCapabilityContext *self, const char *path, GError **error);
/* One change of what a file holds. FALSE with an error: nothing is written. */
typedef gboolean (*DmsCapabilityEdit) (DmsCapabilityContext *context, gpointer user_data, GError **error);
/* Changes a file that other programs change too: waits for its lock, up to ten seconds, reads it again, lets
 * @edit change what it holds, and replaces it. @key: as for dms_capability_context_load(). Blocks: for the
 * command line; a service has a #DmsCapabilityKeeper. */
gboolean dms_capability_context_edit (const char *path, DmsKey *key, DmsCapabilityEdit edit,
                                      gpointer user_data, GError **error);
/* Reads the file again; on an error nothing changes. Held and consumed tokens stay. */
gboolean dms_capability_context_reload (DmsCapabilityContext *self, const char *path, GError **error);

/* From now on what is made for a message serves further ones to the same actor for a while: for actors that
 * send many. */
void dms_capability_context_keep_issued (DmsCapabilityContext *self);

DmsDid *dms_capability_context_get_did (DmsCapabilityContext *self);
/* (nullable): what issues tokens here; a DmsKeySigner for a key file. */
DmsSigner *dms_capability_context_get_signer (DmsCapabilityContext *self);
/* Lets a context that was loaded without a key issue tokens. DMS_ERROR_WRONG_STATE for another DID's. */
gboolean dms_capability_context_set_signer (DmsCapabilityContext *self, DmsSigner *signer, GError **error);
/* Roots: an array of DmsDid. */
GPtrArray *dms_capability_context_dup_roots (DmsCapabilityContext *self);
DmsTokenList *dms_capability_context_dup_require (DmsCapabilityContext *self);
DmsTokenList *dms_capability_context_dup_provide (DmsCapabilityContext *self);
DmsTokenList *dms_capability_context_dup_revoke (DmsCapabilityContext *self);

/* Anchors. Tokens are verified first; all of the list is anchored or none. */
gboolean dms_capability_context_anchor_root (DmsCapabilityContext *self, DmsDid *root, GError **error);
gboolean dms_capability_context_anchor_require (DmsCapabilityContext *self, DmsTokenList *tokens,
                                                GError **error);
gboolean dms_capability_context_anchor_provide (DmsCapabilityContext *self, DmsTokenList *tokens,
                                                GError **error);
gboolean dms_capability_context_anchor_revoke (DmsCapabilityContext *self, DmsTokenList *tokens,
                                               GError **error);
/* What others say was revoked: takes those that their issuers signed and that are news, each for itself,
 * within the bounds below. Returns how many; they count at once. */
guint dms_capability_context_learn_revocations (DmsCapabilityContext *self, DmsTokenList *tokens);
/* How many of these it would take. */
guint dms_capability_context_count_news (DmsCapabilityContext *self, DmsTokenList *tokens);
/* A part of what is known to be revoked here, in an order that stays. @after: (nullable): what an earlier
 * call wrote to @next; @next: (out) (transfer full) (nullable): NULL when this was the last part. */
DmsTokenList *dms_capability_context_list_revocations (DmsCapabilityContext *self, const char *after,
                                                       guint max, char **next);
/* DMS_ERROR_NOT_FOUND when there is no such anchor. */
gboolean dms_capability_context_remove_root (DmsCapabilityContext *self, DmsDid *root, GError **error);
gboolean dms_capability_context_remove_require (DmsCapabilityContext *self, DmsToken *token, GError **error);
gboolean dms_capability_context_remove_provide (DmsCapabilityContext *self, DmsToken *token, GError **error);
gboolean dms_capability_context_remove_revoke (DmsCapabilityContext *self, DmsToken *token, GError **error);

/* A fresh authority over what is ours: self-signed, no chain. @audience, @topics: (nullable). */
DmsTokenList *dms_capability_context_grant (DmsCapabilityContext *self, DmsDid *subject, DmsDid *audience,
                                            const char * const *topics, const char * const *capabilities,
                                            guint64 expiry_ns, guint64 depth, GError **error);
/* Passes on what the provide anchors allow. @expiry_ns: 0 inherits each anchor's. */
DmsTokenList *dms_capability_context_delegate (DmsCapabilityContext *self, DmsDid *subject, DmsDid *audience,
                                               const char * const *topics, const char * const *capabilities,
                                               guint64 expiry_ns, guint64 depth, DmsSelfSign self_sign,
                                               GError **error);
/* The revocation of a token we issued; it is not anchored here by this. */
DmsToken *dms_capability_context_revoke (DmsCapabilityContext *self, DmsToken *token, GError **error);

/* Verifies a token's whole chain at this time, with the revocations known here (capability.md, Verify). */
gboolean dms_capability_context_verify (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns,
                                        GError **error);

/* For a caller that wants signatures computed elsewhere before a message is consumed: which ones, and what
 * came of it. */
GPtrArray *dms_capability_context_dup_unchecked (DmsCapabilityContext *self, GBytes *capability,
                                                 const char *from_id, const char *to_id, const char *topic,
                                                 const char *asked);
void dms_capability_context_note_checked (DmsCapabilityContext *self, DmsToken *link, gboolean is_good);
/* The did:key of an actor ID; NULL when that is no Ed25519 key. */
DmsDid *dms_capability_context_dup_owner (DmsCapabilityContext *self, const char *id);
/* Reads the token list of a message, from memory if it came before. */
DmsTokenList *dms_capability_context_read_list (DmsCapabilityContext *self, GBytes *bytes, GError **error);
/* Whether the signatures of a token are known to be good, without computing any. */
gboolean dms_capability_context_knows (DmsCapabilityContext *self, DmsToken *token);
/* Takes the tokens that came with a message from @sender_did for one interaction. @capability: (nullable):
 * the bytes of the token list. Returns a number to ask and to discard with; 0 only on an error (a malformed
 * or too large list). Tokens that do not concern us or break a rule are left out silently; signatures are
 * computed when something depends on them. */
guint64 dms_capability_context_consume (DmsCapabilityContext *self, DmsDid *sender_did, GBytes *capability,
                                        GError **error);
void dms_capability_context_discard (DmsCapabilityContext *self, guint64 interaction);
/* Keeps the delegations to us out of an interaction until they expire or @owner releases them, so that
 * later invocations can be chained on them. A renewed grant replaces what it subsumes. */
void dms_capability_context_hold (DmsCapabilityContext *self, guint64 interaction, const char *owner);
/* Allows like require anchors, but in memory only, never in the file, and over reloads: what this node grants
 * while it runs, until it expires or @owner releases it. */
gboolean dms_capability_context_hold_require (DmsCapabilityContext *self, DmsTokenList *tokens,
                                              const char *owner,
                                              GError **error);
void dms_capability_context_release (DmsCapabilityContext *self, const char *owner);

/* Whether the tokens of this interaction let the actor @from_id use @capability on the actor @to_id. The
 * ids are base32 actor IDs. DMS_ERROR_NOT_AUTHORIZED otherwise. */
gboolean dms_capability_context_require (DmsCapabilityContext *self, guint64 interaction, const char *from_id,
                                         const char *to_id, const char *capability, GError **error);
gboolean dms_capability_context_require_broadcast (DmsCapabilityContext *self, guint64 interaction,
                                                   const char *from_id, const char *topic,
                                                   const char *capability, GError **error);

/* What to attach when the actor @from_id invokes @capabilities on the actor @to_id of @to_did until
 * @expiry_ns. @reply_behaviours: (nullable): what the other may call back, delegated to it. */
GBytes *dms_capability_context_provide (DmsCapabilityContext *self, const char *from_id, const char *to_id,
                                        DmsDid *to_did, guint64 expiry_ns,
                                        const char * const *capabilities,
                                        const char * const *reply_behaviours, GError **error);
GBytes *dms_capability_context_provide_answer (DmsCapabilityContext *self, guint64 interaction,
                                               const char *from_id, const char *to_id, DmsDid *to_did,
                                               guint64 expiry_ns, const char *behaviour, GError **error);
GBytes *dms_capability_context_provide_broadcast (DmsCapabilityContext *self, const char *from_id,
                                                  const char *topic, guint64 expiry_ns,
                                                  const char * const *capabilities, GError **error);

/* Drops what has expired; also done at every look. */
void dms_capability_context_sweep (DmsCapabilityContext *self);

G_END_DECLS
