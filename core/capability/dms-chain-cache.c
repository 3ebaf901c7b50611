/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-chain-cache.h"

#include "capability/dms-token-private.h"
#include "common/dms-segmented-cache.h"

/* More than an item takes. */
#define BYTES_PER_LINK 512

typedef enum
{
  LINK_UNKNOWN,
  LINK_GOOD,
  LINK_BAD,
} LinkState;

/* Link states by the digest of a link, which covers its whole chain with all signatures. */
struct _DmsChainCache
{
  DmsSegmentedCache *known;
  /* No other cache has it: above the state in the marks of tokens. */
  gsize number;
  guint64 checks;
};

DmsChainCache *
dms_chain_cache_new (guint limit)
{
  static gsize last_number;
  DmsChainCache *self = g_new0 (DmsChainCache, 1);

  self->number = (gsize) g_atomic_pointer_add (&last_number, 1) + 1;
  self->known = dms_segmented_cache_new (limit, (gsize) limit * BYTES_PER_LINK, NULL);
  return self;
}

void
dms_chain_cache_free (DmsChainCache *self)
{
  if (self == NULL)
    return;
  dms_segmented_cache_free (self->known);
  g_free (self);
}

static void
mark (DmsChainCache *self, DmsToken *link, LinkState state)
{
  dms_token_set_mark (link, self->number << 2 | (gsize) state);
}

/* A token that is at hand itself, such as one of a list that is kept, is not looked up again: it does not
 * change, and neither does what was found of its signature. */
static LinkState
get_state (DmsChainCache *self, DmsToken *link)
{
  gsize found_mark = dms_token_get_mark (link);
  gpointer state = GINT_TO_POINTER (LINK_UNKNOWN);

  if (found_mark >> 2 == self->number)
    return (LinkState) (found_mark & 3);
  if (dms_segmented_cache_lookup (self->known, dms_token_get_digest (link), DMS_TOKEN_DIGEST_SIZE, &state))
    mark (self, link, (LinkState) GPOINTER_TO_INT (state));
  return (LinkState) GPOINTER_TO_INT (state);
}

/* The next link whose signature matters. */
static DmsToken *
get_next (DmsToken *link)
{
  return dms_token_get_action (link) != DMS_TOKEN_ACTION_REVOKE ? dms_token_get_chain (link) : NULL;
}

gboolean
dms_chain_cache_knows (DmsChainCache *self, DmsToken *token)
{
  for (DmsToken *link = token; link != NULL; link = get_next (link))
    if (get_state (self, link) != LINK_GOOD)
      return FALSE;
  return TRUE;
}

void
dms_chain_cache_list_unknown (DmsChainCache *self, DmsToken *token, GPtrArray *links)
{
  guint first = links->len;

  for (DmsToken *link = token; link != NULL; link = get_next (link))
    if (get_state (self, link) == LINK_UNKNOWN)
      g_ptr_array_insert (links, (int) first, dms_token_ref (link));
}

/* A forged link is usually the first, so the chain is checked from there. */
gboolean
dms_chain_cache_check (DmsChainCache *self, DmsToken *token)
{
  DmsToken *parent = get_next (token);
  gboolean is_good;
  LinkState state;

  if (parent != NULL && !dms_chain_cache_check (self, parent))
    return FALSE;
  state = get_state (self, token);
  if (state != LINK_UNKNOWN)
    return state == LINK_GOOD;
  self->checks++;
  is_good = dms_token_check_signature (token);
  dms_chain_cache_note (self, token, is_good);
  return is_good;
}

void
dms_chain_cache_note (DmsChainCache *self, DmsToken *link, gboolean is_good)
{
  LinkState state = is_good ? LINK_GOOD : LINK_BAD;

  mark (self, link, state);
  dms_segmented_cache_insert (self->known, dms_token_get_digest (link), DMS_TOKEN_DIGEST_SIZE,
                              GINT_TO_POINTER (state), 0);
}

void
dms_chain_cache_keep (DmsChainCache *self, DmsToken *token)
{
  for (DmsToken *link = token; link != NULL; link = get_next (link))
    dms_segmented_cache_keep (self->known, dms_token_get_digest (link), DMS_TOKEN_DIGEST_SIZE);
}

guint64
dms_chain_cache_get_checks (DmsChainCache *self)
{
  return self->checks;
}
