/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"

G_BEGIN_DECLS

/* What a token says, but for its expiry and its nonce. */
typedef struct
{
  DmsTokenAction action;
  DmsDid *subject;
  /* NULL: anybody. */
  DmsDid *audience;
  /* NULL: none. */
  const char * const *topics;
  const char * const *capabilities;
  guint64 depth;
  /* NULL: self-signed. */
  DmsToken *parent;
} DmsTokenTerms;

/* The tokens that one key issued for its own messages, so that further messages with the same terms need no
 * new signature. Bounded; what is not used is forgotten. It says nothing of whether a parent is still
 * good. */
typedef struct _DmsTokenWallet DmsTokenWallet;

DmsTokenWallet *dms_token_wallet_new (guint max_tokens, gsize max_bytes);
void dms_token_wallet_free (DmsTokenWallet *self);

/* A token of these terms that lives at least until @expiry_ns; (nullable) (transfer none) until the next
 * change. @text: (out): its JSON. */
DmsToken *dms_token_wallet_lookup (DmsTokenWallet *self, const DmsTokenTerms *terms, guint64 expiry_ns,
                                   const char **text);
/* Keeps a token of these terms, in place of an older one. Takes the text. */
void dms_token_wallet_add (DmsTokenWallet *self, const DmsTokenTerms *terms, DmsToken *token, char *text);
void dms_token_wallet_clear (DmsTokenWallet *self);
guint dms_token_wallet_get_size (DmsTokenWallet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTokenWallet, dms_token_wallet_free)

G_END_DECLS
