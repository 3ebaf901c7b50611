/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"

G_BEGIN_DECLS

/* Chains of tokens by how they are spelled. Senders of the field make a new token for every message and put
 * the same chain below it: what is there to the letter is not read again. It says nothing of whether a chain
 * is good, and holds only what somebody found worth keeping. */
typedef struct _DmsChainTexts DmsChainTexts;

DmsChainTexts *dms_chain_texts_new (void);
void dms_chain_texts_free (DmsChainTexts *self);

/* The chain that @text begins with, if it is kept, and how much of @text it is. (transfer full) (nullable) */
DmsToken *dms_chain_texts_find (DmsChainTexts *self, const char *text, gsize size, gsize *length);
/* Keeps a chain for as long as there is room. */
void dms_chain_texts_keep (DmsChainTexts *self, DmsToken *chain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsChainTexts, dms_chain_texts_free)

G_END_DECLS
