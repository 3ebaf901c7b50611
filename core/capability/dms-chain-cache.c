/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-chain-cache.h"

#include "capability/dms-token-private.h"
#include "common/dms-segmented-cache.h"

/* More than an item takes. */
#define BYTES_PER_LINK 512

/* Verdicts by the digest of a link, which covers its whole chain with all signatures. */
struct _DmsChainCache
{
  DmsSegmentedCache *known;
  guint64 checks;
};

DmsChainCache *
dms_chain_cache_new (guint limit)
{
  DmsChainCache *self = g_new0 (DmsChainCache, 1);

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

/* A token that is at hand itself, such as one of a list that is kept, is not looked up again. */
static DmsTokenVerdict
get_verdict (DmsChainCache *self, DmsToken *link)
{
  DmsTokenVerdict verdict = dms_token_get_verdict (link);
  gpointer found;

  if (verdict != DMS_TOKEN_VERDICT_NONE
      || !dms_segmented_cache_lookup (self->known, dms_token_get_digest (link), DMS_TOKEN_DIGEST_SIZE, &found))
    return verdict;
  verdict = (DmsTokenVerdict) GPOINTER_TO_INT (found);
  dms_token_set_verdict (link, verdict);
  return verdict;
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
    if (get_verdict (self, link) != DMS_TOKEN_VERDICT_GOOD)
      return FALSE;
  return TRUE;
}

void
dms_chain_cache_list_unknown (DmsChainCache *self, DmsToken *token, GPtrArray *links)
{
  guint first = links->len;

  for (DmsToken *link = token; link != NULL; link = get_next (link))
    if (get_verdict (self, link) == DMS_TOKEN_VERDICT_NONE)
      g_ptr_array_insert (links, (int) first, dms_token_ref (link));
}

/* A forged link is usually the first, so the chain is checked from there. */
gboolean
dms_chain_cache_check (DmsChainCache *self, DmsToken *token)
{
  DmsToken *parent = get_next (token);
  gboolean is_good;
  DmsTokenVerdict verdict;

  if (parent != NULL && !dms_chain_cache_check (self, parent))
    return FALSE;
  verdict = get_verdict (self, token);
  if (verdict != DMS_TOKEN_VERDICT_NONE)
    return verdict == DMS_TOKEN_VERDICT_GOOD;
  self->checks++;
  is_good = dms_token_check_signature (token);
  dms_chain_cache_note (self, token, is_good);
  return is_good;
}

void
dms_chain_cache_note (DmsChainCache *self, DmsToken *link, gboolean is_good)
{
  DmsTokenVerdict verdict = is_good ? DMS_TOKEN_VERDICT_GOOD : DMS_TOKEN_VERDICT_BAD;

  dms_token_set_verdict (link, verdict);
  dms_segmented_cache_insert (self->known, dms_token_get_digest (link), DMS_TOKEN_DIGEST_SIZE,
                              GINT_TO_POINTER ((gint) verdict), 0);
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
