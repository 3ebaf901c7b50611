/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-chain-cache.h"

#include <sodium.h>
#include <string.h>

/* Two generations: what is used moves to the young one, and the old one is dropped when that is full. */
struct _DmsChainCache
{
  GHashTable *young;
  GHashTable *old;
  guint limit;
  guint64 checks;
};

DmsChainCache *
dms_chain_cache_new (guint limit)
{
  DmsChainCache *self = g_new0 (DmsChainCache, 1);

  self->young = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  self->old = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  self->limit = limit;
  return self;
}

void
dms_chain_cache_free (DmsChainCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->young);
  g_hash_table_unref (self->old);
  g_free (self);
}

/* The digest of the whole chain with its signatures. */
static GBytes *
compute_digest (DmsToken *token)
{
  g_autofree char *text = dms_token_to_string (token);
  guint8 digest[crypto_generichash_BYTES];

  crypto_generichash (digest, sizeof digest, (const guint8 *) text, strlen (text), NULL, 0);
  return g_bytes_new (digest, sizeof digest);
}

static void
remember (DmsChainCache *self, GBytes *digest)
{
  if (g_hash_table_size (self->young) >= self->limit)
    {
      GHashTable *full = g_steal_pointer (&self->young);

      self->young = g_steal_pointer (&self->old);
      self->old = full;
      g_hash_table_remove_all (self->young);
    }
  g_hash_table_add (self->young, g_bytes_ref (digest));
}

gboolean
dms_chain_cache_check (DmsChainCache *self, DmsToken *token)
{
  g_autoptr (GBytes) digest = compute_digest (token);
  DmsToken *parent = dms_token_get_chain (token);

  if (g_hash_table_contains (self->young, digest))
    return TRUE;
  if (g_hash_table_contains (self->old, digest))
    {
      remember (self, digest);
      return TRUE;
    }
  if (parent != NULL && dms_token_get_action (token) != DMS_TOKEN_ACTION_REVOKE
      && !dms_chain_cache_check (self, parent))
    return FALSE;
  self->checks++;
  if (!dms_token_check_signature (token))
    return FALSE;
  remember (self, digest);
  return TRUE;
}

guint64
dms_chain_cache_get_checks (DmsChainCache *self)
{
  return self->checks;
}
