/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "capability/dms-chain-cache.h"
#include "capability/dms-chain-texts.h"
#include "capability/dms-token-rules.h"
#include "capability/dms-token-wallet.h"
#include "common/dms-segmented-cache.h"

G_BEGIN_DECLS

/* A token kept in memory for somebody, such as an ensemble. */
typedef struct
{
  char *owner;
  DmsToken *token;
} DmsHeldToken;

/* Where the first issuer of a chain has its authority here from. */
typedef enum
{
  DMS_AUTHORITY_NONE,
  DMS_AUTHORITY_OWN,
  DMS_AUTHORITY_ROOT,
  DMS_AUTHORITY_ANCHOR,
} DmsAuthority;

/* A token that came with a message and was not kept, and why: for the reason of a refusal. */
typedef struct
{
  DmsToken *token;
  DmsCapabilityFault fault;
} DmsDroppedToken;

enum
{
  DMS_LIST_HASH_SIZE = 16,
};

/* A token list as it was read from these bytes. @proven: a message was allowed because of it. */
typedef struct
{
  grefcount references;
  GBytes *bytes;
  guint8 hash[DMS_LIST_HASH_SIZE];
  DmsTokenList *list;
  gboolean proven;
} DmsKnownList;

/* What came with one message and may matter here. Signatures are computed when they are needed. */
typedef struct
{
  GPtrArray *tokens;
  /* Of DmsDroppedToken; NULL: none. */
  GPtrArray *dropped;
  /* A list that no message was allowed for so far; NULL: one was. */
  DmsKnownList *unproven;
} DmsInteraction;

enum
{
  DMS_READ_LISTS = 64,
};

/* The list of just these bytes, which do not change. */
typedef struct
{
  GBytes *bytes;
  DmsKnownList *known;
} DmsReadList;

struct _DmsCapabilityContext
{
  GObject parent_instance;

  DmsDid *did;
  DmsSigner *signer;

  /* What the file holds. */
  GPtrArray *roots;
  GPtrArray *require;
  GPtrArray *provide;
  GPtrArray *revoke;

  /* What only lives in memory: granted to us, granted by us, and taken back by us. */
  GPtrArray *held;
  GPtrArray *held_require;
  GPtrArray *withdrawn;
  GHashTable *interactions;
  guint64 last_interaction;
  /* What others delegated to us with messages under way, by the URI of the issuer. */
  GHashTable *delegations;

  /* Made from the above: what is revoked, by revocation ID, and when the next token expires. */
  GHashTable *revoked;
  guint64 next_expiry;
  /* Nothing is dropped: the context is only looked at. */
  gboolean keeps_expired;
  DmsChainCache *cache;
  DmsChainTexts *chains;
  /* DmsDid by the actor ID it is the owner of. */
  DmsSegmentedCache *owners;
  /* DmsKnownList by a keyed hash of the bytes they were read from. */
  DmsSegmentedCache *lists;
  guint8 lists_secret[DMS_LIST_HASH_SIZE];
  /* Those read last, by the address of their bytes: one message asks several times, and others come between
   * its questions. */
  DmsReadList read[DMS_READ_LISTS];
  /* By a few characters of their bytes: a sender brings the same again with its next message, and comparing
   * takes less than hashing. */
  DmsKnownList *recent[DMS_READ_LISTS];
  /* NULL: every token is made for one message. */
  DmsTokenWallet *wallet;
};

/* Writes a context's file, under its lock, unless it holds just this already. @keep: whether the version
 * before stays under another name. From any thread. */
gboolean dms_capability_file_replace (const char *path, const char *text, gboolean keep, GError **error);

GPtrArray *dms_capability_context_new_array (void);
void dms_capability_context_free_interaction (DmsInteraction *interaction);
DmsKnownList *dms_known_list_new (GBytes *bytes, const guint8 hash[DMS_LIST_HASH_SIZE], DmsTokenList *list);
DmsKnownList *dms_known_list_ref (DmsKnownList *self);
void dms_known_list_unref (DmsKnownList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsKnownList, dms_known_list_unref)
/* Undoes the entry of an interaction's tokens among the delegations. */
void dms_capability_context_forget_delegation (DmsCapabilityContext *self, DmsToken *token);
/* Drops what has expired, if anything has. Returns the time now. */
guint64 dms_capability_context_look (DmsCapabilityContext *self);
/* To be told of every token that is kept. */
void dms_capability_context_note_expiry (DmsCapabilityContext *self, DmsToken *token);
void dms_capability_context_update_revoked (DmsCapabilityContext *self);
gboolean dms_capability_context_is_root (DmsCapabilityContext *self, DmsDid *did);
/* What a real check and an explanation have in common. Signatures: @link (optional): where it fails. */
DmsCapabilityFault dms_capability_context_find_signature_fault (DmsCapabilityContext *self, DmsToken *token,
                                                                DmsToken **link);
/* What keeps a token that comes with a message from being kept. */
DmsCapabilityFault dms_capability_context_find_arrival_fault (DmsCapabilityContext *self, DmsToken *token,
                                                              DmsDid *sender, guint64 now_ns);
/* What keeps a token that was kept from allowing this use now. @signed_part: (nullable): what of the chain
 * has signatures to be checked: the token itself, but for a leaf that is only assumed. */
DmsCapabilityFault dms_capability_context_find_kept_fault (DmsCapabilityContext *self, DmsToken *token,
                                                           DmsToken *signed_part, const DmsTokenUse *use,
                                                           guint64 now_ns);
DmsAuthority dms_capability_context_find_authority (DmsCapabilityContext *self, DmsToken *token,
                                                    guint64 now_ns);
/* Whether some require anchor that is itself valid allows this token. */
gboolean dms_capability_context_is_allowed (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns);

G_END_DECLS
