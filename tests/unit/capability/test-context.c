/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The algorithm of capability.md, rule by rule, for and against. */

#include "dms-parties.h"

#include <string.h>

#include "capability/dms-chain-cache.h"
#include "capability/dms-token-rules.h"
#include "identity/dms-base32.h"

static GBytes *
provide (DmsParty *from, DmsParty *to, const char *cap)
{
  g_autoptr (GError) error = NULL;
  GBytes *tokens =
      dms_capability_context_provide (from->context,
                                      from->actor_id,
                                      to->actor_id,
                                      to->did,
                                      dms_parties_get_now () + 30 * G_GUINT64_CONSTANT (1000000000),
                                      CAPS (cap),
                                      NULL,
                                      &error);

  g_assert_no_error (error);
  return tokens;
}

static gboolean
can_use (DmsParty *from, DmsParty *to, const char *cap)
{
  g_autoptr (GBytes) tokens = provide (from, to, cap);

  return dms_party_accepts (from, to, tokens, cap);
}

static void
test_implies (void)
{
  g_assert_true (dms_capability_implies ("/", "/a"));
  g_assert_true (dms_capability_implies ("/a", "/a"));
  g_assert_true (dms_capability_implies ("/a", "/a/b"));
  g_assert_false (dms_capability_implies ("/a", "/ab"));
  g_assert_false (dms_capability_implies ("/a/b", "/a"));
  g_assert_false (dms_capability_implies ("", "/a"));
  g_assert_false (dms_capability_implies ("/a/", "/a"));
  g_assert_false (dms_capability_implies ("/A", "/a"));
}

static void
test_default_deny (DmsParties *f, gconstpointer data)
{
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment"));
  g_assert_false (dms_party_accepts (&f->user, &f->node, NULL, "/public/hello"));
}

static void
test_own_did (DmsParties *f, gconstpointer data)
{
  DmsParty cli = f->node;
  guint8 seed[32] = { 77 };

  cli.actor = dms_key_new_from_seed (seed);
  cli.actor_id = dms_key_dup_id_pub (cli.actor);
  g_assert_true (can_use (&cli, &f->node, "/dms/node/deployment/new"));
  g_free (cli.actor_id);
  dms_key_unref (cli.actor);
}

static void
test_to_itself (DmsParties *f, gconstpointer data)
{
  g_assert_true (dms_party_accepts (&f->node, &f->node, NULL, "/dms/anything"));
}

static void
test_root (DmsParties *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_capability_context_anchor_root (f->node.context, f->user.did, &error));
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment"));
  g_assert_false (can_use (&f->mallory, &f->node, "/dms/deployment"));
  g_assert_true (dms_capability_context_remove_root (f->node.context, f->user.did, &error));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment"));
  g_assert_false (dms_capability_context_remove_root (f->node.context, f->user.did, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_require_anchor (DmsParties *f, gconstpointer data)
{
  dms_parties_set_up_organisation (f);
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment"));
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment/request"));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deploymentx"));
  g_assert_false (can_use (&f->user, &f->node, "/dms"));
  g_assert_false (can_use (&f->user, &f->node, "/dms/node"));
  g_assert_false (can_use (&f->mallory, &f->node, "/dms/deployment"));
}

static void
test_stolen_tokens (DmsParties *f, gconstpointer data)
{
  g_autoptr (GBytes) tokens = NULL;

  dms_parties_set_up_organisation (f);
  tokens = provide (&f->user, &f->node, "/dms/deployment");
  g_assert_true (dms_party_accepts (&f->user, &f->node, tokens, "/dms/deployment"));
  /* Another sender. */
  g_assert_false (dms_party_accepts (&f->mallory, &f->node, tokens, "/dms/deployment"));
  /* Another target: the audience is the node's actor. */
  {
    g_autoptr (DmsTokenList) required =
        dms_party_grant (&f->mallory, &f->org, NULL, CAPS ("/dms/deployment"), FAR, 0);

    dms_party_anchor_require (&f->mallory, required);
    g_assert_false (dms_party_accepts (&f->user, &f->mallory, tokens, "/dms/deployment"));
    g_assert_true (can_use (&f->user, &f->mallory, "/dms/deployment"));
  }
}

/* Tokens that name an issuer who did not sign them, at the end of a chain and inside of it. */
static void
test_forged_tokens (DmsParties *f, gconstpointer data)
{
  DmsDid *actor = dms_key_get_did (f->mallory.actor);
  const char *const *caps = CAPS ("/");
  g_autoptr (DmsToken) leaf =
      dms_token_new_signed (f->mallory.key, DMS_TOKEN_ACTION_INVOKE, actor, NULL, NULL, caps, FAR, 0, NULL);
  g_autoptr (DmsToken) parent = dms_token_new_signed (
      f->mallory.key, DMS_TOKEN_ACTION_DELEGATE, f->mallory.did, NULL, NULL, caps, FAR, 0, NULL);
  g_autofree char *leaf_text = dms_token_to_string (leaf);
  g_autofree char *parent_text = dms_token_to_string (parent);
  g_autoptr (GString) forged_leaf = g_string_new (leaf_text);
  g_autoptr (GString) forged_parent = g_string_new (parent_text);
  g_autofree char *issuer = g_strdup_printf ("\"iss\":{\"uri\":\"%s\"}", dms_did_get_uri (f->mallory.did));
  g_autofree char *node = g_strdup_printf ("\"iss\":{\"uri\":\"%s\"}", dms_did_get_uri (f->node.did));
  g_autoptr (DmsToken) first = NULL;
  g_autoptr (DmsToken) second = NULL;
  g_autoptr (DmsToken) below = NULL;
  DmsToken *tokens[2];

  g_assert_cmpuint (g_string_replace (forged_leaf, issuer, node, 0), ==, 1);
  g_assert_cmpuint (g_string_replace (forged_parent, issuer, node, 0), ==, 1);
  first = dms_token_new_from_data (forged_leaf->str, forged_leaf->len, NULL);
  second = dms_token_new_from_data (forged_parent->str, forged_parent->len, NULL);
  below =
      dms_token_new_signed (f->mallory.key, DMS_TOKEN_ACTION_INVOKE, actor, NULL, NULL, caps, FAR, 0, second);
  tokens[0] = first;
  tokens[1] = below;
  for (guint i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_autoptr (DmsTokenList) list = dms_token_list_new_single (tokens[i]);
      g_autoptr (GBytes) bytes = dms_token_list_to_bytes (list);

      g_assert_false (dms_party_accepts (&f->mallory, &f->node, bytes, "/dms/deployment/x"));
    }
}

/* What a party merely passes on for somebody else's machines gives nothing on machines that trust that
 * party. */
static void
test_anchored_means_first (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) first = dms_party_grant (&f->mallory, &f->org, NULL, CAPS ("/dms"), FAR, 0);
  g_autoptr (DmsTokenList) second = NULL;
  g_autoptr (GError) error = NULL;

  dms_party_anchor_provide (&f->org, first);
  second = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), FAR, 0, DMS_SELF_SIGN_NO, &error);
  g_assert_no_error (error);
  dms_party_anchor_provide (&f->user, second);
  g_assert_true (dms_capability_context_anchor_root (f->node.context, f->org.did, NULL));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment"));
  g_assert_true (can_use (&f->user, &f->mallory, "/dms/deployment"));
}

static void
test_depth (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) first = dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms"), FAR, 1);
  g_autoptr (DmsTokenList) second = NULL;
  g_autoptr (GError) error = NULL;

  dms_party_anchor_provide (&f->org, first);
  g_assert_true (can_use (&f->org, &f->node, "/dms/deployment"));
  second = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), FAR, 0, DMS_SELF_SIGN_NO, &error);
  g_assert_null (second);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
}

/* A chain made by somebody who ignores the depth is refused all the same. */
static void
test_depth_forced (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) first = dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms"), FAR, 1);
  g_autoptr (DmsToken) second = dms_token_new_signed (f->org.key,
                                                      DMS_TOKEN_ACTION_DELEGATE,
                                                      f->user.did,
                                                      NULL,
                                                      NULL,
                                                      CAPS ("/dms"),
                                                      FAR,
                                                      0,
                                                      dms_token_list_get (first, 0));
  g_autoptr (DmsToken) leaf = dms_token_new_signed (f->user.key,
                                                    DMS_TOKEN_ACTION_INVOKE,
                                                    dms_key_get_did (f->user.actor),
                                                    NULL,
                                                    NULL,
                                                    CAPS ("/dms"),
                                                    FAR,
                                                    0,
                                                    second);
  g_autoptr (DmsToken) direct = dms_token_new_signed (f->org.key,
                                                      DMS_TOKEN_ACTION_INVOKE,
                                                      dms_key_get_did (f->org.actor),
                                                      NULL,
                                                      NULL,
                                                      CAPS ("/dms"),
                                                      FAR,
                                                      0,
                                                      dms_token_list_get (first, 0));
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_capability_context_verify (f->node.context, direct, dms_parties_get_now (), NULL));
  g_assert_false (dms_capability_context_verify (f->node.context, leaf, dms_parties_get_now (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
}

static void
test_require_depth (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) required = dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms"), FAR, 1);
  g_autoptr (DmsTokenList) provided = dms_party_grant (&f->org, &f->user, NULL, CAPS ("/dms"), FAR, 0);

  dms_party_anchor_require (&f->node, required);
  dms_party_anchor_provide (&f->user, provided);
  /* The organisation itself is one link away, its user two. */
  g_assert_true (can_use (&f->org, &f->node, "/dms/deployment"));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment"));
}

static gboolean
verifies (DmsParties *f, DmsToken *token, DmsErrorCode code)
{
  g_autoptr (GError) error = NULL;
  gboolean good = dms_capability_context_verify (f->node.context, token, dms_parties_get_now (), &error);

  if (!good)
    g_assert_error (error, DMS_ERROR, (int) code);
  return good;
}

/* One token of the user's chained on a delegation of the organisation's, each with its own properties. */
static DmsToken *
chain (DmsParties *f,
       DmsTokenAction parent_action,
       DmsDid *parent_audience,
       const char *const *parent_topics,
       const char *const *parent_caps,
       guint64 parent_expiry,
       DmsDid *audience,
       const char *const *topics,
       const char *const *caps,
       guint64 expiry)
{
  g_autoptr (DmsToken) parent = dms_token_new_signed (f->org.key,
                                                      parent_action,
                                                      f->user.did,
                                                      parent_audience,
                                                      parent_topics,
                                                      parent_caps,
                                                      parent_expiry,
                                                      0,
                                                      NULL);

  return dms_token_new_signed (f->user.key,
                               DMS_TOKEN_ACTION_INVOKE,
                               dms_key_get_did (f->user.actor),
                               audience,
                               topics,
                               caps,
                               expiry,
                               0,
                               parent);
}

static void
check_chain (DmsParties *f, DmsToken *token, gboolean good)
{
  g_autoptr (DmsToken) taken = token;

  g_assert_cmpint (verifies (f, taken, DMS_ERROR_NOT_AUTHORIZED), ==, good);
}

static void
test_chain_rules (DmsParties *f, gconstpointer data)
{
  const char *const *one = CAPS ("/a");
  const char *const *below = CAPS ("/a/b");
  const char *const *wide = CAPS ("/a", "/c");
  DmsTokenAction delegate = DMS_TOKEN_ACTION_DELEGATE;
  DmsDid *node = f->node.did;
  DmsDid *other = f->mallory.did;

  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, NULL, NULL, one, FAR), TRUE);
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, NULL, NULL, below, FAR), TRUE);
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, NULL, NULL, wide, FAR), FALSE);
  check_chain (f, chain (f, delegate, NULL, NULL, below, FAR, NULL, NULL, one, FAR), FALSE);
  /* Only delegations are passed on. */
  check_chain (f, chain (f, DMS_TOKEN_ACTION_INVOKE, NULL, NULL, one, FAR, NULL, NULL, one, FAR), FALSE);
  check_chain (f, chain (f, DMS_TOKEN_ACTION_BROADCAST, NULL, NULL, one, FAR, NULL, NULL, one, FAR), FALSE);
  check_chain (f, chain (f, DMS_TOKEN_ACTION_REVOKE, NULL, NULL, one, FAR, NULL, NULL, one, FAR), FALSE);
  /* No child outlives its parent. */
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR - 1, NULL, NULL, one, FAR), FALSE);
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, NULL, NULL, one, FAR - 1), TRUE);
  /* Audience. */
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, node, NULL, one, FAR), TRUE);
  check_chain (f, chain (f, delegate, node, NULL, one, FAR, node, NULL, one, FAR), TRUE);
  check_chain (f, chain (f, delegate, node, NULL, one, FAR, other, NULL, one, FAR), FALSE);
  check_chain (f, chain (f, delegate, node, NULL, one, FAR, NULL, NULL, one, FAR), FALSE);
  /* Topics. */
  check_chain (f, chain (f, delegate, NULL, CAPS ("/t"), one, FAR, NULL, CAPS ("/t/u"), one, FAR), TRUE);
  check_chain (f, chain (f, delegate, NULL, CAPS ("/t"), one, FAR, NULL, CAPS ("/v"), one, FAR), FALSE);
  check_chain (f, chain (f, delegate, NULL, NULL, one, FAR, NULL, CAPS ("/t"), one, FAR), FALSE);
}

static void
test_broken_links (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsToken) parent = dms_token_new_signed (
      f->org.key, DMS_TOKEN_ACTION_DELEGATE, f->user.did, NULL, NULL, CAPS ("/a"), FAR, 0, NULL);
  g_autoptr (DmsToken) child = dms_token_new_signed (
      f->mallory.key, DMS_TOKEN_ACTION_INVOKE, f->mallory.did, NULL, NULL, CAPS ("/a"), FAR, 0, parent);
  g_autofree char *text = dms_token_to_string (parent);
  g_autofree char *forged_text = NULL;
  g_autoptr (DmsToken) forged = NULL;
  g_autoptr (DmsToken) below = NULL;
  const char *const pieces[] = { "\"cap\":[\"/a\"]", "\"cap\":[\"/\"]" };
  g_auto (GStrv) parts = g_strsplit (text, pieces[0], 2);

  /* Not issued by the parent's subject. */
  g_assert_false (verifies (f, child, DMS_ERROR_NOT_AUTHORIZED));
  /* A parent changed after it was signed, below a good signature. */
  forged_text = g_strjoinv (pieces[1], parts);
  forged = dms_token_new_from_data (forged_text, strlen (forged_text), NULL);
  g_assert_nonnull (forged);
  g_assert_false (verifies (f, forged, DMS_ERROR_BAD_SIGNATURE));
  below = dms_token_new_signed (
      f->user.key, DMS_TOKEN_ACTION_INVOKE, f->user.did, NULL, NULL, CAPS ("/a"), FAR, 0, forged);
  g_assert_true (dms_token_check_signature (below));
  g_assert_false (verifies (f, below, DMS_ERROR_BAD_SIGNATURE));
}

static void
test_expiry (DmsParties *f, gconstpointer data)
{
  const char *patience = g_getenv ("DMS_TEST_PATIENCE");
  guint64 while_ns = 60000000 * (patience != NULL ? g_ascii_strtoull (patience, NULL, 10) : 1);
  guint64 soon = dms_parties_get_now () + while_ns;
  g_autoptr (DmsTokenList) required = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), soon, 0);
  g_autoptr (DmsToken) leaf = dms_token_new_signed (f->user.key,
                                                    DMS_TOKEN_ACTION_INVOKE,
                                                    dms_key_get_did (f->user.actor),
                                                    NULL,
                                                    NULL,
                                                    CAPS ("/dms"),
                                                    soon,
                                                    0,
                                                    NULL);
  g_autoptr (DmsTokenList) list = dms_token_list_new_single (leaf);
  g_autoptr (GBytes) tokens = dms_token_list_to_bytes (list);
  g_autoptr (DmsTokenList) left = NULL;
  g_autoptr (GError) error = NULL;

  dms_party_anchor_require (&f->node, required);
  g_assert_true (dms_party_accepts (&f->user, &f->node, tokens, "/dms/deployment/x"));
  g_usleep (while_ns / 1000 + 10000);
  g_assert_false (dms_party_accepts (&f->user, &f->node, tokens, "/dms/deployment/x"));
  g_assert_false (dms_capability_context_verify (f->node.context, leaf, dms_parties_get_now (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
  left = dms_capability_context_dup_require (f->node.context);
  g_assert_cmpuint (dms_token_list_get_size (left), ==, 0);
  g_clear_error (&error);
  g_assert_false (dms_capability_context_anchor_require (f->node.context, required, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
}

/* An anchor that ends before the token does not carry it. */
static void
test_require_expires_first (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) required =
      dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), dms_parties_get_now () + 1000000000, 0);

  dms_party_anchor_require (&f->node, required);
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment/x"));
}

static void
test_revocation (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) provided = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (GError) error = NULL;
  DmsToken *granted;

  dms_parties_set_up_organisation (f);
  provided = dms_capability_context_dup_provide (f->user.context);
  granted = dms_token_list_get (provided, 0);
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment"));
  /* Nobody but the issuer. */
  g_assert_null (dms_capability_context_revoke (f->mallory.context, granted, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  revocation = dms_capability_context_revoke (f->org.context, granted, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_token_get_action (revocation), ==, DMS_TOKEN_ACTION_REVOKE);
  g_assert_cmpuint (dms_token_get_expiry_ns (revocation), ==, dms_token_get_expiry_ns (granted));
  list = dms_token_list_new_single (revocation);
  g_assert_true (dms_capability_context_anchor_revoke (f->node.context, list, &error));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment"));
  /* Once removed, it is as before. */
  g_assert_true (dms_capability_context_remove_revoke (f->node.context, revocation, &error));
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment"));
}

/* A revocation that arrives between a message and its use counts. */
static void
test_revoked_meanwhile (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) provided = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (GBytes) tokens = NULL;
  guint64 interaction;

  dms_parties_set_up_organisation (f);
  tokens = provide (&f->user, &f->node, "/dms/deployment");
  interaction = dms_capability_context_consume (f->node.context, f->user.did, tokens, NULL);
  g_assert_true (dms_capability_context_require (
      f->node.context, interaction, f->user.actor_id, f->node.actor_id, "/dms/deployment", NULL));
  provided = dms_capability_context_dup_provide (f->user.context);
  revocation = dms_capability_context_revoke (f->org.context, dms_token_list_get (provided, 0), NULL);
  list = dms_token_list_new_single (revocation);
  g_assert_true (dms_capability_context_anchor_revoke (f->node.context, list, NULL));
  g_assert_false (dms_capability_context_require (
      f->node.context, interaction, f->user.actor_id, f->node.actor_id, "/dms/deployment", NULL));
}

static void
test_forged_revocation (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) provided = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsToken) forged = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GString) changed = NULL;

  dms_parties_set_up_organisation (f);
  provided = dms_capability_context_dup_provide (f->user.context);
  {
    g_autoptr (DmsTokenList) own = dms_party_grant (&f->mallory, &f->user, NULL, CAPS ("/x"), FAR, 0);

    revocation = dms_capability_context_revoke (f->mallory.context, dms_token_list_get (own, 0), NULL);
  }
  text = dms_token_to_string (revocation);
  changed = g_string_new (text);
  g_string_replace (changed, dms_did_get_uri (f->mallory.did), dms_did_get_uri (f->org.did), 0);
  forged = dms_token_new_from_data (changed->str, changed->len, NULL);
  list = dms_token_list_new_single (forged);
  g_assert_false (dms_capability_context_anchor_revoke (f->node.context, list, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
}

/* A grant that is made again after a revocation counts, though the revoked one implies it. */
static void
test_grant_after_revocation (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) first = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), FAR, 0);
  g_autoptr (DmsTokenList) second = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), FAR, 0);
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) list = NULL;

  dms_party_anchor_require (&f->node, first);
  revocation = dms_capability_context_revoke (f->node.context, dms_token_list_get (first, 0), NULL);
  list = dms_token_list_new_single (revocation);
  g_assert_true (dms_capability_context_anchor_revoke (f->node.context, list, NULL));
  g_assert_false (can_use (&f->user, &f->node, "/dms/deployment/x"));
  dms_party_anchor_require (&f->node, second);
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment/x"));
}

static guint
count_require (DmsParty *party)
{
  g_autoptr (DmsTokenList) list = dms_capability_context_dup_require (party->context);

  return dms_token_list_get_size (list);
}

static void
test_subsumption (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) wide =
      dms_party_grant (&f->node, &f->user, CAPS ("/t"), CAPS ("/dms", "/public"), FAR, 0);
  g_autoptr (DmsTokenList) narrow =
      dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms/deployment"), FAR - 1, 0);
  g_autoptr (DmsTokenList) longer = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/dms"), FAR + 1, 0);
  g_autoptr (DmsTokenList) topic = dms_party_grant (&f->node, &f->user, CAPS ("/u"), CAPS ("/dms"), FAR, 0);
  g_autoptr (DmsTokenList) other = dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms"), FAR, 0);

  dms_party_anchor_require (&f->node, narrow);
  g_assert_cmpuint (count_require (&f->node), ==, 1);
  dms_party_anchor_require (&f->node, wide);
  g_assert_cmpuint (count_require (&f->node), ==, 1);
  dms_party_anchor_require (&f->node, narrow);
  g_assert_cmpuint (count_require (&f->node), ==, 1);
  dms_party_anchor_require (&f->node, wide);
  g_assert_cmpuint (count_require (&f->node), ==, 1);
  dms_party_anchor_require (&f->node, longer);
  g_assert_cmpuint (count_require (&f->node), ==, 2);
  dms_party_anchor_require (&f->node, topic);
  g_assert_cmpuint (count_require (&f->node), ==, 3);
  dms_party_anchor_require (&f->node, other);
  g_assert_cmpuint (count_require (&f->node), ==, 4);
}

static void
test_anchor_refusals (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsToken) invoke = dms_token_new_signed (
      f->node.key, DMS_TOKEN_ACTION_INVOKE, f->user.did, NULL, NULL, CAPS ("/"), FAR, 0, NULL);
  g_autoptr (DmsTokenList) invokes = dms_token_list_new_single (invoke);
  g_autoptr (DmsTokenList) empty = dms_token_list_new_empty ();
  g_autoptr (DmsTokenList) foreign = dms_party_grant (&f->node, &f->user, NULL, CAPS ("/"), FAR, 0);
  g_autoptr (DmsTokenList) mixed = dms_token_list_join (foreign, invokes);
  g_autoptr (DmsDid) nobody = dms_did_new_empty ();

  g_assert_false (dms_capability_context_anchor_require (f->node.context, invokes, NULL));
  g_assert_false (dms_capability_context_anchor_require (f->node.context, empty, NULL));
  g_assert_false (dms_capability_context_anchor_require (f->node.context, mixed, NULL));
  g_assert_cmpuint (count_require (&f->node), ==, 0);
  g_assert_false (dms_capability_context_anchor_provide (f->mallory.context, foreign, NULL));
  g_assert_false (dms_capability_context_anchor_revoke (f->node.context, foreign, NULL));
  g_assert_false (dms_capability_context_anchor_root (f->node.context, nobody, NULL));
}

static gboolean
can_broadcast (DmsParty *from, DmsParty *to, const char *topic, const char *claimed_topic)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_capability_context_provide_broadcast (from->context,
                                                                        from->actor_id,
                                                                        topic,
                                                                        dms_parties_get_now () + 10000000000,
                                                                        CAPS ("/broadcast/hello"),
                                                                        &error);
  guint64 interaction = dms_capability_context_consume (to->context, from->did, tokens, &error);
  gboolean good;

  g_assert_no_error (error);
  good = dms_capability_context_require_broadcast (
      to->context, interaction, from->actor_id, claimed_topic, "/broadcast/hello", NULL);
  /* A right to broadcast is no right to invoke. */
  g_assert_false (dms_capability_context_require (
      to->context, interaction, from->actor_id, to->actor_id, "/broadcast/hello", NULL));
  dms_capability_context_discard (to->context, interaction);
  return good;
}

static void
test_broadcast (DmsParties *f, gconstpointer data)
{
  g_assert_false (can_broadcast (&f->user, &f->node, "/nunet/hello", "/nunet/hello"));
  dms_parties_set_up_organisation (f);
  g_assert_true (can_broadcast (&f->user, &f->node, "/nunet/hello", "/nunet/hello"));
  g_assert_false (can_broadcast (&f->user, &f->node, "/nunet/hello", "/nunet/other"));
  g_assert_false (can_broadcast (&f->user, &f->node, "/elsewhere", "/elsewhere"));
  g_assert_false (can_broadcast (&f->mallory, &f->node, "/nunet/hello", "/nunet/hello"));
}

/* A request carries the right to answer it, and no other. */
static void
test_reply (DmsParties *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (GBytes) other = NULL;
  guint64 expiry = dms_parties_get_now () + 30000000000;
  guint64 interaction;

  request = dms_capability_context_provide (f->user.context,
                                            f->user.actor_id,
                                            f->node.actor_id,
                                            f->node.did,
                                            expiry,
                                            CAPS ("/public/hello"),
                                            CAPS ("/private/user/7"),
                                            &error);
  g_assert_no_error (error);
  interaction = dms_capability_context_consume (f->node.context, f->user.did, request, &error);
  g_assert_no_error (error);
  reply = dms_capability_context_provide (f->node.context,
                                          f->node.actor_id,
                                          f->user.actor_id,
                                          f->user.did,
                                          expiry,
                                          CAPS ("/private/user/7"),
                                          NULL,
                                          &error);
  other = dms_capability_context_provide (f->node.context,
                                          f->node.actor_id,
                                          f->user.actor_id,
                                          f->user.did,
                                          expiry,
                                          CAPS ("/private/user/8"),
                                          NULL,
                                          &error);
  g_assert_no_error (error);
  dms_capability_context_discard (f->node.context, interaction);
  g_assert_true (dms_party_accepts (&f->node, &f->user, reply, "/private/user/7"));
  g_assert_false (dms_party_accepts (&f->node, &f->user, reply, "/private/user/8"));
  g_assert_false (dms_party_accepts (&f->node, &f->user, other, "/private/user/8"));
  /* After the interaction the right is gone. */
  g_clear_pointer (&reply, g_bytes_unref);
  reply = provide (&f->node, &f->user, "/private/user/7");
  g_assert_false (dms_party_accepts (&f->node, &f->user, reply, "/private/user/7"));
}

/* Two nodes: one grants a namespace with its answer, the other uses it from an actor with its own key. */
static void
test_namespace (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) granted = dms_party_grant (
      &f->node, &f->user, NULL, CAPS ("/dms/ensemble/e1"), dms_parties_get_now () + 3600000000000, 0);
  g_autoptr (DmsTokenList) renewed = dms_party_grant (
      &f->node, &f->user, NULL, CAPS ("/dms/ensemble/e1"), dms_parties_get_now () + 7200000000000, 0);
  g_autoptr (GBytes) tokens = dms_token_list_to_bytes (granted);
  g_autoptr (GBytes) tokens_renewed = dms_token_list_to_bytes (renewed);
  g_autoptr (GError) error = NULL;
  guint64 interaction;

  g_assert_true (dms_capability_context_hold_require (f->node.context, granted, "e1", &error));
  interaction = dms_capability_context_consume (f->user.context, f->node.did, tokens, &error);
  g_assert_no_error (error);
  dms_capability_context_hold (f->user.context, interaction, "e1");
  dms_capability_context_discard (f->user.context, interaction);
  g_assert_true (can_use (&f->user, &f->node, "/dms/ensemble/e1/start"));
  g_assert_false (can_use (&f->user, &f->node, "/dms/ensemble/e2/start"));
  g_assert_false (can_use (&f->mallory, &f->node, "/dms/ensemble/e1/start"));
  /* Another node does not care. */
  g_assert_false (can_use (&f->user, &f->org, "/dms/ensemble/e1/start"));

  interaction = dms_capability_context_consume (f->user.context, f->node.did, tokens_renewed, &error);
  dms_capability_context_hold (f->user.context, interaction, "e1");
  dms_capability_context_discard (f->user.context, interaction);
  g_assert_true (can_use (&f->user, &f->node, "/dms/ensemble/e1/start"));
  g_assert_true (dms_capability_context_hold_require (f->node.context, renewed, "e1", &error));

  /* The granting node takes it back. */
  dms_capability_context_release (f->node.context, "e1");
  g_assert_false (can_use (&f->user, &f->node, "/dms/ensemble/e1/start"));
  dms_capability_context_release (f->user.context, "e1");
}

/* A grant that a node hands out without anchoring it anywhere is enough: it began it. */
static void
test_namespace_released (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) granted = dms_party_grant (
      &f->node, &f->user, NULL, CAPS ("/dms/ensemble/e1"), dms_parties_get_now () + 3600000000000, 0);
  g_autoptr (GBytes) tokens = dms_token_list_to_bytes (granted);
  guint64 interaction = dms_capability_context_consume (f->user.context, f->node.did, tokens, NULL);

  dms_capability_context_hold (f->user.context, interaction, "e1");
  dms_capability_context_discard (f->user.context, interaction);
  g_assert_true (can_use (&f->user, &f->node, "/dms/ensemble/e1/start"));
  dms_capability_context_release (f->user.context, "e1");
  g_assert_false (can_use (&f->user, &f->node, "/dms/ensemble/e1/start"));
}

static void
test_delegate (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsTokenList) first =
      dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms", "/public"), FAR, 0);
  g_autoptr (DmsTokenList) narrow = NULL;
  g_autoptr (DmsTokenList) inherited = NULL;
  g_autoptr (DmsTokenList) also = NULL;
  g_autoptr (DmsTokenList) only = NULL;
  g_autoptr (GError) error = NULL;

  dms_party_anchor_provide (&f->org, first);
  narrow = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms/deployment"), FAR, 0, DMS_SELF_SIGN_NO, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_token_list_get_size (narrow), ==, 1);
  g_assert_cmpuint (dms_token_get_links (dms_token_list_get (narrow, 0)), ==, 2);
  inherited = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), 0, 0, DMS_SELF_SIGN_NO, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_token_get_expiry_ns (dms_token_list_get (inherited, 0)), ==, FAR);
  also = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), FAR, 0, DMS_SELF_SIGN_ALSO, &error);
  g_assert_cmpuint (dms_token_list_get_size (also), ==, 2);
  only = dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/x"), FAR, 0, DMS_SELF_SIGN_ONLY, &error);
  g_assert_cmpuint (dms_token_list_get_size (only), ==, 1);
  g_assert_null (dms_token_get_chain (dms_token_list_get (only, 0)));
  /* Never partly, never wider, never longer. */
  g_assert_null (dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms", "/x"), FAR, 0, DMS_SELF_SIGN_NO, NULL));
  g_assert_null (dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, CAPS ("/t"), CAPS ("/dms"), FAR, 0, DMS_SELF_SIGN_NO, NULL));
  g_assert_null (dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), FAR + 1, 0, DMS_SELF_SIGN_NO, NULL));
  g_assert_null (dms_capability_context_delegate (
      f->org.context, f->user.did, NULL, NULL, CAPS ("/dms"), 0, 0, DMS_SELF_SIGN_ALSO, NULL));
  dms_party_anchor_provide (&f->user, narrow);
  g_assert_true (can_use (&f->user, &f->node, "/dms/deployment/request"));
  g_assert_false (can_use (&f->user, &f->node, "/public/hello"));
}

static void
test_issue_refusals (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsCapabilityContext) closed = dms_capability_context_new (f->org.did, NULL);
  g_autoptr (DmsDid) nobody = dms_did_new_empty ();
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_capability_context_grant (closed, f->user.did, NULL, NULL, CAPS ("/"), FAR, 0, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_null (dms_capability_context_grant (f->org.context, nobody, NULL, NULL, CAPS ("/"), FAR, 0, NULL));
  g_assert_null (dms_capability_context_grant (f->org.context, f->user.did, NULL, NULL, NULL, FAR, 0, NULL));
  g_assert_null (
      dms_capability_context_grant (f->org.context, f->user.did, NULL, NULL, CAPS ("/"), 1, 0, NULL));
  g_assert_null (dms_capability_context_provide (
      f->org.context, "nonsense", f->node.actor_id, f->node.did, FAR, CAPS ("/"), NULL, NULL));
}

/* What a message may carry is bounded on both sides. */
static void
test_list_limits (DmsParties *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = NULL;
  g_autofree char *large = g_strnfill (DMS_TOKEN_MAX_LIST_SIZE + 1, ' ');
  g_autoptr (GBytes) too_large = g_bytes_new (large, DMS_TOKEN_MAX_LIST_SIZE + 1);
  g_autoptr (GBytes) nonsense = g_bytes_new_static ("{\"tok\":[{]}", 11);

  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *cap = g_strdup_printf ("/c/%u", i);
      g_autoptr (DmsTokenList) one =
          dms_party_grant (&f->node, &f->user, NULL, CAPS ("/shared", cap), FAR, 0);

      dms_party_anchor_provide (&f->user, one);
    }
  tokens = provide (&f->user, &f->node, "/shared");
  g_assert_cmpuint (g_bytes_get_size (tokens), <=, DMS_TOKEN_MAX_LIST_SIZE);
  g_assert_cmpuint (g_bytes_get_size (tokens), >, DMS_TOKEN_MAX_LIST_SIZE / 2);
  g_assert_true (dms_party_accepts (&f->user, &f->node, tokens, "/shared"));
  g_assert_cmpuint (dms_capability_context_consume (f->node.context, NULL, too_large, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_cmpuint (dms_capability_context_consume (f->node.context, NULL, nonsense, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_cache (DmsParties *f, gconstpointer data)
{
  g_autoptr (DmsChainCache) cache = dms_chain_cache_new (8);
  g_autoptr (GPtrArray) unknown = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
  g_autoptr (DmsTokenList) first = dms_party_grant (&f->node, &f->org, NULL, CAPS ("/dms"), FAR, 0);
  DmsToken *parent = dms_token_list_get (first, 0);

  g_assert_true (dms_chain_cache_check (cache, parent));
  g_assert_true (dms_chain_cache_check (cache, parent));
  g_assert_cmpuint (dms_chain_cache_get_checks (cache), ==, 1);
  /* What was kept stays, whatever else comes. */
  dms_chain_cache_keep (cache, parent);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (DmsToken) leaf = dms_token_new_signed (
          f->org.key, DMS_TOKEN_ACTION_INVOKE, f->org.did, NULL, NULL, CAPS ("/dms"), FAR, 0, parent);

      g_ptr_array_set_size (unknown, 0);
      dms_chain_cache_list_unknown (cache, leaf, unknown);
      g_assert_cmpuint (unknown->len, ==, 1);
      g_assert_true (g_ptr_array_index (unknown, 0) == leaf);
      g_assert_true (dms_chain_cache_check (cache, leaf));
      g_assert_cmpuint (dms_chain_cache_get_checks (cache), ==, 2 + i);
    }
}

int
main (int argc, char **argv)
{
  const struct
  {
    const char *path;
    void (*func) (DmsParties *, gconstpointer);
  } tests[] = {
    { "/capability/default-deny", test_default_deny },
    { "/capability/own-did", test_own_did },
    { "/capability/to-itself", test_to_itself },
    { "/capability/root", test_root },
    { "/capability/require-anchor", test_require_anchor },
    { "/capability/stolen-tokens", test_stolen_tokens },
    { "/capability/forged-tokens", test_forged_tokens },
    { "/capability/anchored-means-first", test_anchored_means_first },
    { "/capability/depth", test_depth },
    { "/capability/depth-forced", test_depth_forced },
    { "/capability/require-depth", test_require_depth },
    { "/capability/chain-rules", test_chain_rules },
    { "/capability/broken-links", test_broken_links },
    { "/capability/expiry", test_expiry },
    { "/capability/require-expires-first", test_require_expires_first },
    { "/capability/revocation", test_revocation },
    { "/capability/revoked-meanwhile", test_revoked_meanwhile },
    { "/capability/forged-revocation", test_forged_revocation },
    { "/capability/grant-after-revocation", test_grant_after_revocation },
    { "/capability/subsumption", test_subsumption },
    { "/capability/anchor-refusals", test_anchor_refusals },
    { "/capability/broadcast", test_broadcast },
    { "/capability/reply", test_reply },
    { "/capability/namespace", test_namespace },
    { "/capability/namespace-released", test_namespace_released },
    { "/capability/delegate", test_delegate },
    { "/capability/issue-refusals", test_issue_refusals },
    { "/capability/list-limits", test_list_limits },
    { "/capability/cache", test_cache },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capability/implies", test_implies);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, DmsParties, NULL, dms_parties_set_up, tests[i].func, dms_parties_tear_down);
  return g_test_run ();
}
