/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "capability/dms-capability-context.h"
#include "capability/dms-chain-texts.h"
#include "capability/dms-token-list-private.h"

#define BIG_ENOUGH (1024 * 1024)
#define NOW G_GUINT64_CONSTANT (1800000000000000000)

/* A good signature is good for these bytes alone: what is taken under it with a bit changed says the same. */
static void
check_signature (DmsToken *token, const char *text)
{
  gsize length = strlen (text);
  gsize at = g_str_hash (text) % length;
  g_autofree char *changed = g_strdup (text);
  g_autoptr (GBytes) signed_bytes = dms_token_dup_signed_bytes (token);
  g_autoptr (GBytes) other_bytes = NULL;
  g_autoptr (DmsToken) other = NULL;

  changed[at] ^= (char) (1 << length % 8);
  other = dms_token_new_from_data (changed, length, NULL);
  if (other == NULL || !dms_token_check_signature (other))
    return;
  other_bytes = dms_token_dup_signed_bytes (other);
  g_assert_true (g_bytes_equal (signed_bytes, other_bytes));
  g_assert_true (g_bytes_equal (dms_token_get_signature (token), dms_token_get_signature (other)));
}

static void
check_token (DmsToken *token)
{
  g_autofree char *text = dms_token_to_string (token);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsToken) again = dms_token_new_from_data (text, strlen (text), &error);
  g_autofree char *id = dms_token_dup_revocation_id (token);
  g_autofree char *id_again = NULL;
  g_autofree char *second = NULL;
  g_autoptr (GBytes) signed_bytes = dms_token_dup_signed_bytes (token);
  g_autoptr (GBytes) signed_again = NULL;

  /* Escapes can make the written form longer than what may be read. */
  if (again == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
      return;
    }
  second = dms_token_to_string (again);
  g_assert_cmpstr (text, ==, second);
  g_assert_true (dms_token_equal (token, again));
  signed_again = dms_token_dup_signed_bytes (again);
  g_assert_true (g_bytes_equal (signed_bytes, signed_again));
  id_again = dms_token_dup_revocation_id (again);
  g_assert_cmpstr (id, ==, id_again);
  g_assert_cmpuint (dms_token_get_links (token), ==, dms_token_get_links (again));
  g_assert_false (dms_token_is_expired (token, 0));
  g_assert_cmpint (dms_token_check_signature (token), ==, dms_token_check_signature (again));
  if (dms_token_check_signature (token))
    check_signature (token, text);
}

/* Whatever a context takes is signed by every issuer, and nobody passed on more than they had. */
static void
check_verified (DmsCapabilityContext *context, DmsToken *token)
{
  if (!dms_capability_context_verify (context, token, NOW, NULL))
    return;
  g_assert_false (dms_token_is_expired (token, NOW));
  g_assert_true (dms_token_check_signature (token));
  if (dms_token_get_action (token) == DMS_TOKEN_ACTION_REVOKE)
    return;
  for (DmsToken *parent = dms_token_get_chain (token); parent != NULL; parent = dms_token_get_chain (token))
    {
      const char * const *capabilities = dms_token_get_capabilities (token);

      g_assert_true (dms_token_check_signature (parent));
      g_assert_true (dms_did_equal (dms_token_get_subject (parent), dms_token_get_issuer (token)));
      g_assert_cmpuint (dms_token_get_expiry_ns (parent), >=, dms_token_get_expiry_ns (token));
      for (guint i = 0; capabilities[i] != NULL; i++)
        g_assert_true (dms_token_implies (parent, capabilities[i]));
      token = parent;
    }
}

static void
check_list (DmsTokenList *list)
{
  g_autofree char *text = dms_token_list_to_string (list);
  g_autoptr (DmsTokenList) again = dms_token_list_new_from_data (text, strlen (text), G_MAXSIZE, NULL);
  g_autofree char *second = NULL;

  g_assert_nonnull (again);
  g_assert_cmpuint (dms_token_list_get_size (list), ==, dms_token_list_get_size (again));
  second = dms_token_list_to_string (again);
  g_assert_cmpstr (text, ==, second);
}

/* Chains that are known by their texts change nothing of what is read. */
static void
check_known (DmsTokenList *list, GBytes *bytes)
{
  g_autoptr (DmsChainTexts) chains = dms_chain_texts_new ();
  g_autofree char *text = dms_token_list_to_string (list);
  g_autofree char *second = NULL;
  g_autoptr (DmsTokenList) again = NULL;

  if (g_bytes_get_size (bytes) > DMS_TOKEN_MAX_LIST_SIZE)
    return;
  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    {
      DmsToken *chain = dms_token_get_chain (dms_token_list_get (list, i));

      if (chain != NULL)
        dms_chain_texts_keep (chains, chain);
    }
  again = dms_token_list_new_knowing (bytes, chains, NULL);
  g_assert_nonnull (again);
  second = dms_token_list_to_string (again);
  g_assert_cmpstr (text, ==, second);
}

static void
check_consumed (GBytes *bytes, DmsDid *sender)
{
  g_autoptr (DmsDid) did = dms_did_new ("did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9", NULL);
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_new (did, NULL);
  guint64 interaction;

  if (!dms_did_is_empty (sender))
    dms_capability_context_anchor_root (context, sender, NULL);
  interaction = dms_capability_context_consume (context, sender, bytes, NULL);
  dms_capability_context_discard (context, interaction);
}

/* Tokens, alone or in a list. What was read is written in the one form, which reads the same again. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsTokenList) list = dms_token_list_new_from_data ((const char *) data, size, BIG_ENOUGH, NULL);
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsDid) nobody = NULL;

  if (list == NULL || dms_token_list_get_size (list) == 0)
    return 0;
  check_list (list);
  nobody = dms_did_new_empty ();
  context = dms_capability_context_new (nobody, NULL);
  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    {
      check_token (dms_token_list_get (list, i));
      check_verified (context, dms_token_list_get (list, i));
    }
  bytes = g_bytes_new (data, size);
  check_known (list, bytes);
  check_consumed (bytes, dms_token_get_issuer (dms_token_list_get (list, 0)));
  return 0;
}
