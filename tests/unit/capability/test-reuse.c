/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Tokens that serve for more than one message, and what must not come of it. */

#include "dms-parties.h"

#include <string.h>

#include "capability/dms-chain-texts.h"
#include "capability/dms-token-list-private.h"

/* How many tokens two lists have in common. */
static guint
count_common (GBytes *a, GBytes *b)
{
  g_autoptr (DmsTokenList) first = dms_token_list_new_from_bytes (a, NULL);
  g_autoptr (DmsTokenList) second = dms_token_list_new_from_bytes (b, NULL);
  guint n = 0;

  for (guint i = 0; i < dms_token_list_get_size (first); i++)
    for (guint j = 0; j < dms_token_list_get_size (second); j++)
      n += dms_token_equal (dms_token_list_get (first, i), dms_token_list_get (second, j));
  return n;
}

static GBytes *
ask (DmsParties *f, const char *capability, double seconds)
{
  guint64 expiry = dms_parties_get_now () + (guint64) (seconds * 1e9);
  GBytes *tokens = dms_capability_context_provide (f->user.context,
                                                   f->user.actor_id,
                                                   f->node.actor_id,
                                                   f->node.did,
                                                   expiry,
                                                   CAPS (capability),
                                                   NULL,
                                                   NULL);

  g_assert_nonnull (tokens);
  return tokens;
}

/* Issued tokens serve again, while they outlive the message and what they hang on is still there. */
static void
test_reuse (DmsParties *f, gconstpointer data)
{
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GBytes) other = NULL;
  g_autoptr (GBytes) later = NULL;
  g_autoptr (GBytes) without = NULL;
  g_autoptr (GBytes) exact = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  g_autoptr (GError) error = NULL;

  dms_parties_set_up_organisation (f);
  exact = ask (f, "/dms/deployment/x", 10);
  again = ask (f, "/dms/deployment/x", 10);
  g_assert_cmpuint (count_common (exact, again), ==, 0);
  g_clear_pointer (&again, g_bytes_unref);

  dms_capability_context_keep_issued (f->user.context);
  first = ask (f, "/dms/deployment/x", 10);
  again = ask (f, "/dms/deployment/x", 12);
  g_assert_true (g_bytes_equal (first, again));
  g_assert_true (dms_party_accepts (&f->user, &f->node, again, "/dms/deployment/x"));
  other = ask (f, "/dms/deployment/y", 10);
  g_assert_cmpuint (count_common (first, other), ==, 0);
  g_assert_false (dms_party_accepts (&f->user, &f->node, other, "/dms/deployment/x"));
  later = ask (f, "/dms/deployment/x", 600);
  g_assert_cmpuint (count_common (first, later), ==, 0);

  /* Without the anchor only what is self-signed is left. */
  provide = dms_capability_context_dup_provide (f->user.context);
  for (guint i = 0; i < dms_token_list_get_size (provide); i++)
    dms_capability_context_remove_provide (f->user.context, dms_token_list_get (provide, i), &error);
  g_assert_no_error (error);
  without = ask (f, "/dms/deployment/x", 10);
  g_assert_false (dms_party_accepts (&f->user, &f->node, without, "/dms/deployment/x"));
}

/* A reused token never outlives its parent. */
static void
test_reuse_ends_with_parent (DmsParties *f, gconstpointer data)
{
  guint64 end = dms_parties_get_now () + 20000000000;
  g_autoptr (DmsTokenList) granted = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), end, 0);
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (GBytes) tokens = NULL;
  g_autoptr (GError) error = NULL;
  guint chained = 0;

  dms_capability_context_keep_issued (f->user.context);
  dms_capability_context_anchor_provide (f->user.context, granted, &error);
  g_assert_no_error (error);
  tokens = ask (f, "/dms/deployment/x", 15);
  list = dms_token_list_new_from_bytes (tokens, &error);
  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    {
      DmsToken *token = dms_token_list_get (list, i);

      if (dms_token_get_chain (token) == NULL)
        continue;
      chained++;
      g_assert_cmpuint (dms_token_get_expiry_ns (token), ==, end);
    }
  g_assert_cmpuint (chained, ==, 1);
}

/* Delegations in a third party's name do not keep an answer from its way. */
static void
test_forged_delegation (DmsParties *f, gconstpointer data)
{
  guint64 expiry = dms_parties_get_now () + 30000000000;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) forged = NULL;
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (DmsToken) token = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GString) spliced = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bad;
  guint64 good;

  token = dms_token_new_signed (f->mallory.key,
                                DMS_TOKEN_ACTION_DELEGATE,
                                f->node.did,
                                NULL,
                                NULL,
                                CAPS ("/private/user"),
                                expiry,
                                1,
                                NULL);
  text = dms_token_to_string (token);
  spliced = g_string_new (NULL);
  g_string_printf (spliced, "{\"tok\":[%s]}", text);
  g_string_replace (spliced, dms_did_get_uri (f->mallory.did), dms_did_get_uri (f->user.did), 0);
  forged = g_bytes_new (spliced->str, spliced->len);
  request = dms_capability_context_provide (f->user.context,
                                            f->user.actor_id,
                                            f->node.actor_id,
                                            f->node.did,
                                            expiry,
                                            CAPS ("/public/hello"),
                                            CAPS ("/private/user/7"),
                                            &error);
  bad = dms_capability_context_consume (f->node.context, f->user.did, forged, &error);
  good = dms_capability_context_consume (f->node.context, f->user.did, request, &error);
  g_assert_no_error (error);
  reply = dms_capability_context_provide (f->node.context,
                                          f->node.actor_id,
                                          f->user.actor_id,
                                          f->user.did,
                                          expiry,
                                          CAPS ("/private/user/7"),
                                          NULL,
                                          &error);
  g_assert_no_error (error);
  dms_capability_context_discard (f->node.context, bad);
  dms_capability_context_discard (f->node.context, good);
  g_assert_true (dms_party_accepts (&f->node, &f->user, reply, "/private/user/7"));
}

/* A list that came before is known by its content, and by all of it. */
static void
test_known_list (DmsParties *f, gconstpointer data)
{
  g_autoptr (GBytes) tokens = NULL;
  g_autoptr (GBytes) copy = NULL;
  const char *text;
  const char *signature;
  gsize size;

  dms_parties_set_up_organisation (f);
  tokens = ask (f, "/dms/deployment/x", 10);
  text = g_bytes_get_data (tokens, &size);
  copy = g_bytes_new (text, size);
  g_assert_true (dms_party_accepts (&f->user, &f->node, tokens, "/dms/deployment/x"));
  g_assert_true (dms_party_accepts (&f->user, &f->node, copy, "/dms/deployment/x"));
  signature = g_strrstr_len (text, (gssize) size, "\"sig\":\"");
  g_assert_nonnull (signature);
  signature += strlen ("\"sig\":\"");
  /* The last character before the padding has bits that mean nothing. */
  for (gsize i = 0; i < 85; i++)
    {
      char *changed = g_memdup2 (text, size);
      g_autoptr (GBytes) forged = g_bytes_new_take (changed, size);

      changed[signature - text + (gssize) i] = signature[i] == 'A' ? 'B' : 'A';
      g_assert_false (dms_party_accepts (&f->user, &f->node, forged, "/dms/deployment/x"));
      g_assert_false (dms_party_accepts (&f->user, &f->node, forged, "/dms/deployment/x"));
    }
  g_assert_true (dms_party_accepts (&f->user, &f->node, copy, "/dms/deployment/x"));
}

/* The same is read with known chains as without. */
static void
assert_reads_alike (DmsChainTexts *chains, const char *text, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);
  g_autoptr (DmsTokenList) plain = dms_token_list_new_from_bytes (bytes, NULL);
  g_autoptr (DmsTokenList) knowing = dms_token_list_new_knowing (bytes, chains, NULL);
  g_autofree char *plain_text = plain != NULL ? dms_token_list_to_string (plain) : NULL;
  g_autofree char *knowing_text = knowing != NULL ? dms_token_list_to_string (knowing) : NULL;

  g_assert_cmpstr (plain_text, ==, knowing_text);
}

static void
assert_changes_read_alike (DmsChainTexts *chains, const char *text, gsize size)
{
  for (gsize at = 0; at < size; at++)
    {
      g_autoptr (GString) changed = g_string_new_len (text, (gssize) size);

      changed->str[at] ^= 1;
      assert_reads_alike (chains, changed->str, changed->len);
      changed->str[at] ^= 0x21;
      assert_reads_alike (chains, changed->str, changed->len);
      g_string_assign (changed, text);
      g_string_erase (changed, (gssize) at, 1);
      assert_reads_alike (chains, changed->str, changed->len);
      g_string_insert_c (changed, (gssize) at, ' ');
      assert_reads_alike (chains, changed->str, changed->len);
      g_string_truncate (changed, at);
      assert_reads_alike (chains, changed->str, changed->len);
    }
}

/* Of the token that has one. */
static DmsToken *
find_chain (DmsTokenList *list)
{
  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    if (dms_token_get_chain (dms_token_list_get (list, i)) != NULL)
      return dms_token_get_chain (dms_token_list_get (list, i));
  return NULL;
}

/* A chain that is known by its text is the chain that would be read there, and is read but once. */
static void
test_known_chain (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsChainTexts) chains = dms_chain_texts_new ();
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (DmsTokenList) again = NULL;
  DmsToken *chain;
  const char *text;
  gsize size;

  dms_parties_set_up_organisation (f);
  first = ask (f, "/dms/deployment/x", 10);
  second = ask (f, "/dms/deployment/x", 10);
  g_assert_cmpuint (count_common (first, second), ==, 0);
  list = dms_token_list_new_knowing (first, chains, NULL);
  chain = find_chain (list);
  g_assert_nonnull (chain);
  dms_chain_texts_keep (chains, chain);
  again = dms_token_list_new_knowing (second, chains, NULL);
  g_assert_true (find_chain (again) == chain);
  text = g_bytes_get_data (second, &size);
  assert_reads_alike (chains, text, size);
  assert_changes_read_alike (chains, text, size);
}

/* That a chain is known makes nobody else's token good, and does not outlive its revocation. */
static void
test_known_chain_of_others (DmsParties *f, gconstpointer data)
{
  g_autoptr (GBytes) good = NULL;
  g_autoptr (GBytes) next = NULL;
  g_autoptr (GBytes) late = NULL;
  g_autoptr (GBytes) spliced = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (DmsToken) stolen = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) revocations = NULL;
  g_autoptr (DmsTokenList) stolen_list = NULL;
  g_autoptr (DmsDid) actor = dms_key_dup_did (f->mallory.actor);
  g_autoptr (GError) error = NULL;
  DmsToken *chain;

  dms_parties_set_up_organisation (f);
  good = ask (f, "/dms/deployment/x", 10);
  next = ask (f, "/dms/deployment/x", 10);
  late = ask (f, "/dms/deployment/x", 10);
  g_assert_true (dms_party_accepts (&f->user, &f->node, good, "/dms/deployment/x"));
  g_assert_true (dms_party_accepts (&f->user, &f->node, next, "/dms/deployment/x"));
  list = dms_token_list_new_from_bytes (good, &error);
  chain = find_chain (list);
  stolen = dms_token_new_signed (f->mallory.key, DMS_TOKEN_ACTION_INVOKE, actor, NULL, NULL,
                                 CAPS ("/dms/deployment/x"), dms_parties_get_now () + 10000000000, 0, chain);
  stolen_list = dms_token_list_new_single (stolen);
  spliced = dms_token_list_to_bytes (stolen_list);
  g_assert_false (dms_party_accepts (&f->mallory, &f->node, spliced, "/dms/deployment/x"));

  revocation = dms_capability_context_revoke (f->org.context, chain, &error);
  g_assert_no_error (error);
  revocations = dms_token_list_new_single (revocation);
  g_assert_true (dms_capability_context_anchor_revoke (f->node.context, revocations, &error));
  g_assert_false (dms_party_accepts (&f->user, &f->node, late, "/dms/deployment/x"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add (
      "/capability-reuse/reuse", DmsParties, NULL, dms_parties_set_up, test_reuse, dms_parties_tear_down);
  g_test_add ("/capability-reuse/ends-with-parent",
              DmsParties,
              NULL,
              dms_parties_set_up,
              test_reuse_ends_with_parent,
              dms_parties_tear_down);
  g_test_add ("/capability-reuse/forged-delegation",
              DmsParties,
              NULL,
              dms_parties_set_up,
              test_forged_delegation,
              dms_parties_tear_down);
  g_test_add ("/capability-reuse/known-list",
              DmsParties,
              NULL,
              dms_parties_set_up,
              test_known_list,
              dms_parties_tear_down);
  g_test_add ("/capability-reuse/known-chain",
              DmsParties,
              NULL,
              dms_parties_set_up,
              test_known_chain,
              dms_parties_tear_down);
  g_test_add ("/capability-reuse/known-chain-of-others",
              DmsParties,
              NULL,
              dms_parties_set_up,
              test_known_chain_of_others,
              dms_parties_tear_down);
  return g_test_run ();
}
