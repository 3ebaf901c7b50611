/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "capability/dms-chain-cache.h"
#include "capability/dms-token-rules.h"

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
  GHashTable *dropped;
  guint64 last_interaction;

  /* Made from the above: revocation IDs, and when the next token expires. */
  GHashTable *revoked;
  guint64 next_expiry;
  /* Nothing is dropped: the context is only looked at. */
  gboolean keeps_expired;
  DmsChainCache *cache;
};

/* Writes a context's file, under its lock, unless it holds just this already. From any thread. */
gboolean dms_capability_file_replace (const char *path, const char *text, GError **error);

GPtrArray *dms_capability_context_new_array (void);
/* Drops what has expired, if anything has. Returns the time now. */
guint64 dms_capability_context_look (DmsCapabilityContext *self);
/* To be told of every token that is kept. */
void dms_capability_context_note_expiry (DmsCapabilityContext *self, DmsToken *token);
void dms_capability_context_update_revoked (DmsCapabilityContext *self);
gboolean dms_capability_context_is_root (DmsCapabilityContext *self, DmsDid *did);
/* What a real check and an explanation have in common. Signatures: @link (optional): where it fails. */
DmsCapabilityFault dms_capability_context_find_signature_fault (DmsCapabilityContext *self, DmsToken *token,
                                                                DmsToken **link);
/* What keeps a token that comes with a message from being kept. @signed_part: (nullable): what of the chain
 * has signatures to be checked: the token itself, but for a leaf that is only assumed. */
DmsCapabilityFault dms_capability_context_find_arrival_fault (DmsCapabilityContext *self, DmsToken *token,
                                                              DmsToken *signed_part, DmsDid *sender,
                                                              guint64 now_ns);
/* What keeps a token that was verified when it came from allowing this use now. */
DmsCapabilityFault dms_capability_context_find_kept_fault (DmsCapabilityContext *self, DmsToken *token,
                                                           const DmsTokenUse *use, guint64 now_ns);
DmsAuthority dms_capability_context_find_authority (DmsCapabilityContext *self, DmsToken *token,
                                                    guint64 now_ns);
/* Whether some require anchor that is itself valid allows this token. */
gboolean dms_capability_context_is_allowed (DmsCapabilityContext *self, DmsToken *token, guint64 now_ns);

G_END_DECLS
