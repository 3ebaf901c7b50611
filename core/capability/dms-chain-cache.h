/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"

G_BEGIN_DECLS

/* Remembers which links have good signatures and which have bad ones, so that each is computed once. It says
 * nothing of expiry or revocation, which are looked at every time. What nobody keeps is soon forgotten. */
typedef struct _DmsChainCache DmsChainCache;

/* @limit: how many links to remember. */
DmsChainCache *dms_chain_cache_new (guint limit);
void dms_chain_cache_free (DmsChainCache *self);

/* Whether every link of the chain is signed by its issuer; of a revocation, whether this one is. */
gboolean dms_chain_cache_check (DmsChainCache *self, DmsToken *token);
/* The same, as far as it is known without computing anything. */
gboolean dms_chain_cache_knows (DmsChainCache *self, DmsToken *token);
/* The links of the chain whose signatures are not known yet, first the one that has no parent; of a
 * revocation at most this one. They are added to @links, as references. */
void dms_chain_cache_list_unknown (DmsChainCache *self, DmsToken *token, GPtrArray *links);
/* Takes the word of somebody who has checked this link's own signature, or made it. */
void dms_chain_cache_note (DmsChainCache *self, DmsToken *link, gboolean is_good);
/* Keeps a chain that proved useful. */
void dms_chain_cache_keep (DmsChainCache *self, DmsToken *token);
/* How many signatures were computed here so far. */
guint64 dms_chain_cache_get_checks (DmsChainCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsChainCache, dms_chain_cache_free)

G_END_DECLS
