/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-token-wallet.h"

#include <string.h>

#include "common/dms-segmented-cache.h"

/* What a token takes for each byte of its JSON, which is kept as well, about. */
#define TOKEN_FACTOR 3

typedef struct
{
  DmsToken *token;
  char *text;
} Issued;

struct _DmsTokenWallet
{
  DmsSegmentedCache *issued;
};

static void
issued_free (gpointer data)
{
  Issued *issued = data;

  dms_token_unref (issued->token);
  g_free (issued->text);
  g_free (issued);
}

DmsTokenWallet *
dms_token_wallet_new (guint max_tokens, gsize max_bytes)
{
  DmsTokenWallet *self = g_new0 (DmsTokenWallet, 1);

  self->issued = dms_segmented_cache_new (max_tokens, max_bytes, issued_free);
  return self;
}

void
dms_token_wallet_free (DmsTokenWallet *self)
{
  if (self == NULL)
    return;
  dms_segmented_cache_free (self->issued);
  g_free (self);
}

/* With its length, so that no two lists of texts look the same. */
static void
append_text (GString *key, const char *text)
{
  guint32 size = (guint32) strlen (text);

  g_string_append_len (key, (const char *) &size, sizeof size);
  g_string_append_len (key, text, size);
}

static void
append_texts (GString *key, const char * const *texts)
{
  guint32 n = texts != NULL ? g_strv_length ((char **) texts) : 0;

  g_string_append_len (key, (const char *) &n, sizeof n);
  for (guint i = 0; i < n; i++)
    append_text (key, texts[i]);
}

static GString *
make_key (const DmsTokenTerms *terms)
{
  GString *key = g_string_sized_new (256);

  g_string_append_c (key, (char) terms->action);
  append_text (key, dms_did_get_uri (terms->subject));
  append_text (key, terms->audience != NULL ? dms_did_get_uri (terms->audience) : "");
  append_texts (key, terms->topics);
  append_texts (key, terms->capabilities);
  g_string_append_len (key, (const char *) &terms->depth, sizeof terms->depth);
  if (terms->parent != NULL)
    g_string_append_len (key, (const char *) dms_token_get_digest (terms->parent), DMS_TOKEN_DIGEST_SIZE);
  return key;
}

DmsToken *
dms_token_wallet_lookup (DmsTokenWallet *self, const DmsTokenTerms *terms, guint64 expiry_ns,
                         const char **text)
{
  g_autoptr (GString) key = make_key (terms);
  gpointer found;
  Issued *issued;

  if (!dms_segmented_cache_use (self->issued, key->str, key->len, &found))
    return NULL;
  issued = found;
  if (dms_token_get_expiry_ns (issued->token) < expiry_ns)
    return NULL;
  *text = issued->text;
  return issued->token;
}

void
dms_token_wallet_add (DmsTokenWallet *self, const DmsTokenTerms *terms, DmsToken *token, char *text)
{
  g_autoptr (GString) key = make_key (terms);
  Issued *issued = g_new (Issued, 1);

  *issued = (Issued) { dms_token_ref (token), text };
  dms_segmented_cache_insert (self->issued, key->str, key->len, issued, TOKEN_FACTOR * strlen (text));
}

void
dms_token_wallet_clear (DmsTokenWallet *self)
{
  dms_segmented_cache_clear (self->issued);
}

guint
dms_token_wallet_get_size (DmsTokenWallet *self)
{
  return dms_segmented_cache_get_n_items (self->issued);
}
