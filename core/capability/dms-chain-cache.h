/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"

G_BEGIN_DECLS

/* Remembers which chains have good signatures, so that each is computed once. It says nothing of expiry or
 * revocation, which are looked at every time. */
typedef struct _DmsChainCache DmsChainCache;

/* @limit: at least how many chains to remember. */
DmsChainCache *dms_chain_cache_new (guint limit);
void dms_chain_cache_free (DmsChainCache *self);

/* Whether every link of the chain is signed by its issuer; of a revocation, whether this one is. */
gboolean dms_chain_cache_check (DmsChainCache *self, DmsToken *token);
/* How many signatures were computed so far. */
guint64 dms_chain_cache_get_checks (DmsChainCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsChainCache, dms_chain_cache_free)

G_END_DECLS
