/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-chain-texts.h"

#include <string.h>

#include "capability/dms-token-private.h"
#include "common/dms-segmented-cache.h"

#define MAX_CHAINS 512
#define MAX_BYTES (1024 * 1024)
/* What a chain takes for each byte of its text, and with it, about. */
#define CHAIN_FACTOR 4
/* Both DIDs of the last link are within, and mostly its nonce. Of those that begin alike, the one that was
 * kept last is found. */
#define KEY_SIZE 256

struct _DmsChainTexts
{
  DmsSegmentedCache *known;
};

DmsChainTexts *
dms_chain_texts_new (void)
{
  DmsChainTexts *self = g_new0 (DmsChainTexts, 1);

  self->known = dms_segmented_cache_new (MAX_CHAINS, MAX_BYTES, (GDestroyNotify) dms_token_unref);
  return self;
}

void
dms_chain_texts_free (DmsChainTexts *self)
{
  if (self == NULL)
    return;
  dms_segmented_cache_free (self->known);
  g_free (self);
}

/* No value of JSON goes on behind its last bracket: what begins with the text of a chain is that chain. */
DmsToken *
dms_chain_texts_find (DmsChainTexts *self, const char *text, gsize size, gsize *length)
{
  gpointer found;
  const char *known;

  if (size < KEY_SIZE || !dms_segmented_cache_lookup (self->known, text, KEY_SIZE, &found))
    return NULL;
  known = g_bytes_get_data (dms_token_get_text (found), length);
  return *length <= size && memcmp (known, text, *length) == 0 ? dms_token_ref (found) : NULL;
}

void
dms_chain_texts_keep (DmsChainTexts *self, DmsToken *chain)
{
  const char *text;
  gsize size;

  /* It was found here. */
  if (dms_token_get_text (chain) != NULL)
    return;
  dms_token_keep_text (chain);
  text = g_bytes_get_data (dms_token_get_text (chain), &size);
  if (size < KEY_SIZE)
    return;
  dms_segmented_cache_insert (self->known, text, KEY_SIZE, dms_token_ref (chain), size * CHAIN_FACTOR);
  dms_segmented_cache_keep (self->known, text, KEY_SIZE);
}
