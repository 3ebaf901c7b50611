/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "capability/dms-invitation.h"
#include "identity/dms-key-signer.h"

#define NS_PER_HOUR (G_GUINT64_CONSTANT (3600) * 1000000000)

static const char *const usual[] = { "/dms/deployment", "/broadcast", "/public", NULL };
static const char *const topics[] = { "/nunet", NULL };

/* An organisation, somebody who is to join, and somebody who is not. */
typedef struct
{
  DmsKey *organisation;
  DmsSigner *signer;
  DmsKey *joiner;
  DmsKey *stranger;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->organisation = dms_key_generate ();
  fixture->signer = dms_key_signer_new (fixture->organisation);
  fixture->joiner = dms_key_generate ();
  fixture->stranger = dms_key_generate ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->signer);
  dms_key_unref (fixture->organisation);
  dms_key_unref (fixture->joiner);
  dms_key_unref (fixture->stranger);
}

static guint64
now (void)
{
  return (guint64) g_get_real_time () * 1000;
}

static DmsInvitationTerms
usual_terms (GPtrArray *joiners)
{
  return (DmsInvitationTerms){
    .name = "Our lab",
    .joiners = joiners,
    .get_capabilities = usual,
    .get_topics = topics,
    .ask_capabilities = usual,
    .ask_topics = topics,
    .until_ns = now () + 24 * NS_PER_HOUR,
    .accept_ns = now () + NS_PER_HOUR,
  };
}

/* Open for joiner NULL. */
static DmsInvitation *
make_invitation (Fixture *fixture, DmsKey *joiner)
{
  g_autoptr (GPtrArray) joiners = g_ptr_array_new ();
  DmsInvitationTerms terms = usual_terms (joiners);
  g_autoptr (GError) error = NULL;
  DmsInvitation *invitation;

  if (joiner != NULL)
    {
      g_ptr_array_add (joiners, dms_key_get_did (fixture->stranger));
      g_ptr_array_add (joiners, dms_key_get_did (joiner));
    }
  invitation = dms_invitation_new (fixture->signer, &terms, &error);
  g_assert_no_error (error);
  return invitation;
}

static DmsCapabilityContext *
new_context (DmsKey *key)
{
  return dms_capability_context_new (dms_key_get_did (key), key);
}

static DmsInvitation *
read_text (const char *text, GError **error)
{
  return dms_invitation_new_from_text (text, strlen (text), error);
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint i = 0; i < G_N_ELEMENTS (joiners); i++)
    {
      g_autoptr (DmsInvitation) made = make_invitation (fixture, joiners[i]);
      g_autofree char *text = dms_invitation_to_text (made);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsInvitation) read = read_text (text, &error);
      g_autofree char *again = NULL;

      g_assert_no_error (error);
      again = dms_invitation_to_text (read);
      g_assert_cmpstr (text, ==, again);
      g_assert_true (dms_invitation_verify (read, now (), &error));
      g_assert_no_error (error);
      g_assert_cmpstr (dms_invitation_get_name (read), ==, "Our lab");
      g_assert_cmpint (dms_invitation_is_open (read), ==, joiners[i] == NULL);
      g_assert_cmpint (dms_invitation_has_secret (read), ==, joiners[i] == NULL);
      g_assert_true (g_strv_equal (dms_invitation_get_get_capabilities (read), usual));
      g_assert_true (g_strv_equal (dms_invitation_get_ask_topics (read), topics));
    }
}

/* What has joined has both anchors, exactly as said, and no root. */
static void
assert_member (DmsCapabilityContext *context, DmsInvitation *invitation)
{
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  DmsToken *grant = dms_token_list_get (require, 0);
  DmsToken *got = dms_token_list_get (provide, 0);

  g_assert_cmpuint (roots->len, ==, 0);
  g_assert_cmpuint (dms_token_list_get_size (require), ==, 1);
  g_assert_cmpuint (dms_token_list_get_size (provide), ==, 1);
  g_assert_true (dms_did_equal (dms_token_get_issuer (grant), dms_capability_context_get_did (context)));
  g_assert_true (dms_did_equal (dms_token_get_subject (grant), dms_invitation_get_organisation (invitation)));
  g_assert_true (g_strv_equal (dms_token_get_capabilities (grant), usual));
  g_assert_true (g_strv_equal (dms_token_get_topics (grant), topics));
  g_assert_cmpuint (dms_token_get_expiry_ns (grant), ==, dms_invitation_get_until_ns (invitation));
  g_assert_cmpuint (dms_token_get_depth (grant), ==, DMS_INVITATION_GRANT_DEPTH);
  g_assert_true (dms_did_equal (dms_token_get_subject (got), dms_capability_context_get_did (context)));
  g_assert_true (dms_did_equal (dms_token_get_issuer (dms_token_get_anchor (got)),
                                dms_invitation_get_organisation (invitation)));
  g_assert_true (g_strv_equal (dms_token_get_capabilities (got), usual));
  g_assert_cmpuint (dms_token_get_expiry_ns (got), ==, dms_invitation_get_until_ns (invitation));
  g_assert_cmpuint (dms_token_get_links (got), ==, dms_invitation_is_open (invitation) ? 2 : 1);
}

static void
test_join (Fixture *fixture, gconstpointer data)
{
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint i = 0; i < G_N_ELEMENTS (joiners); i++)
    {
      g_autoptr (DmsInvitation) invitation = make_invitation (fixture, joiners[i]);
      g_autoptr (DmsCapabilityContext) context = new_context (fixture->joiner);
      g_autoptr (GError) error = NULL;
      g_autofree char *before = NULL;
      g_autofree char *after = NULL;

      g_assert_false (dms_invitation_is_joined (invitation, context));
      g_assert_true (dms_invitation_accept (invitation, context, &error));
      g_assert_no_error (error);
      assert_member (context, invitation);
      g_assert_true (dms_invitation_is_joined (invitation, context));

      before = dms_capability_context_to_string (context);
      g_assert_true (dms_invitation_accept (invitation, context, &error));
      after = dms_capability_context_to_string (context);
      g_assert_cmpstr (before, ==, after);
    }
}

/* What came by an invitation is for use, not for others. */
static void
test_not_passed_on (Fixture *fixture, gconstpointer data)
{
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint i = 0; i < G_N_ELEMENTS (joiners); i++)
    {
      g_autoptr (DmsInvitation) invitation = make_invitation (fixture, joiners[i]);
      g_autoptr (DmsCapabilityContext) context = new_context (fixture->joiner);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsTokenList) passed = NULL;

      g_assert_true (dms_invitation_accept (invitation, context, NULL));
      passed = dms_capability_context_delegate (
          context, dms_key_get_did (fixture->stranger), NULL, topics, usual, 0, 0, DMS_SELF_SIGN_NO, &error);
      g_assert_null (passed);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
    }
}

static void
test_wrong_joiner (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, fixture->joiner);
  g_autoptr (DmsInvitation) open = make_invitation (fixture, NULL);
  g_autoptr (DmsKey) other = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) context = new_context (other);
  g_autoptr (DmsCapabilityContext) own = new_context (fixture->organisation);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_false (dms_invitation_accept (invitation, context, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_false (dms_invitation_accept (open, own, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  text = dms_capability_context_to_string (context);
  g_assert_null (strstr (text, "delegate"));
}

static void
test_expired (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_invitation_verify (invitation, dms_invitation_get_accept_ns (invitation), NULL));
  g_assert_false (dms_invitation_verify (invitation, dms_invitation_get_accept_ns (invitation) + 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
}

/* Revoking what an invitation gives cuts off whoever joined by it. */
static void
test_revoked (Fixture *fixture, gconstpointer data)
{
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint i = 0; i < G_N_ELEMENTS (joiners); i++)
    {
      g_autoptr (DmsInvitation) invitation = make_invitation (fixture, joiners[i]);
      g_autoptr (DmsCapabilityContext) organisation = new_context (fixture->organisation);
      g_autoptr (DmsCapabilityContext) member = new_context (fixture->joiner);
      g_autoptr (DmsCapabilityContext) host = new_context (fixture->stranger);
      g_autoptr (DmsTokenList) got = NULL;
      g_autoptr (GError) error = NULL;
      DmsTokenList *tokens = dms_invitation_get_tokens (invitation);

      g_assert_true (dms_invitation_accept (invitation, member, NULL));
      got = dms_capability_context_dup_provide (member);
      g_assert_true (dms_capability_context_verify (host, dms_token_list_get (got, 0), now (), NULL));
      for (guint j = 0; j < dms_token_list_get_size (tokens); j++)
        {
          g_autoptr (DmsToken) revocation =
              dms_capability_context_revoke (organisation, dms_token_list_get (tokens, j), NULL);
          g_autoptr (DmsTokenList) list = dms_token_list_new_single (revocation);

          g_assert_true (dms_capability_context_anchor_revoke (host, list, NULL));
          g_assert_true (dms_capability_context_anchor_revoke (member, list, NULL));
        }
      g_assert_false (dms_capability_context_verify (host, dms_token_list_get (got, 0), now (), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_REVOKED);
      g_clear_error (&error);
      /* Nor does one join by it again. */
      g_assert_false (dms_invitation_is_joined (invitation, member));
      g_assert_false (dms_invitation_accept (invitation, member, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_REVOKED);
    }
}

static void
test_leave (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, NULL);
  g_autoptr (DmsInvitation) addressed = make_invitation (fixture, fixture->joiner);
  g_autoptr (DmsCapabilityContext) context = new_context (fixture->joiner);
  g_autoptr (DmsTokenList) grant = NULL;
  g_autoptr (DmsTokenList) require = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  g_autoptr (GError) error = NULL;
  guint dropped, revoked;

  g_assert_true (dms_invitation_accept (invitation, context, NULL));
  g_assert_true (dms_invitation_accept (addressed, context, NULL));
  grant = dms_capability_context_dup_require (context);
  g_assert_true (
      dms_invitation_leave (context, dms_key_get_did (fixture->organisation), &dropped, &revoked, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dropped, ==, 2);
  g_assert_cmpuint (revoked, ==, dms_token_list_get_size (grant));
  require = dms_capability_context_dup_require (context);
  provide = dms_capability_context_dup_provide (context);
  g_assert_cmpuint (dms_token_list_get_size (require), ==, 0);
  g_assert_cmpuint (dms_token_list_get_size (provide), ==, 0);
  g_assert_false (dms_capability_context_verify (context, dms_token_list_get (grant, 0), now (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_REVOKED);
  g_clear_error (&error);
  g_assert_false (
      dms_invitation_leave (context, dms_key_get_did (fixture->organisation), &dropped, &revoked, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

/* Hostile texts */

static char *
dup_json (DmsInvitation *invitation)
{
  g_autofree char *text = dms_invitation_to_text (invitation);
  g_autofree char *body = g_strconcat (text + strlen (DMS_INVITATION_PREFIX), "===", NULL);
  gsize size;
  g_autofree char *json = NULL;

  g_strdelimit (body, "-", '+');
  g_strdelimit (body, "_", '/');
  body[(strlen (body) - 3 + 3) / 4 * 4] = '\0';
  json = (char *) g_base64_decode (body, &size);
  return g_strndup (json, size);
}

static char *
wrap (const char *data, gsize size)
{
  g_autofree char *body = g_base64_encode ((const guint8 *) data, size);

  g_strdelimit (body, "+", '-');
  g_strdelimit (body, "/", '_');
  while (g_str_has_suffix (body, "="))
    body[strlen (body) - 1] = '\0';
  return g_strconcat (DMS_INVITATION_PREFIX, body, NULL);
}

/* Replaces once, and signs as the organisation would: the form alone must be what refuses it. */
static char *
change (Fixture *fixture, DmsInvitation *invitation, const char *from, const char *to)
{
  g_autofree char *json = dup_json (invitation);
  char *place = strstr (json, from);
  g_autofree char *head = place != NULL ? g_strndup (json, (gsize) (place - json)) : NULL;
  g_autofree char *changed = place != NULL ? g_strconcat (head, to, place + strlen (from), NULL) : NULL;
  g_autofree char *bytes = NULL;
  g_autofree char *encoded = NULL;
  g_autofree char *final = NULL;
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];
  char *end;

  g_assert_nonnull (place);
  end = g_strrstr (changed, ",\"sig\":\"");
  g_assert_nonnull (end);
  *end = '\0';
  bytes = g_strconcat ("dms:invitation:", changed, "}", NULL);
  dms_key_sign (fixture->organisation, bytes, strlen (bytes), signature);
  encoded = g_base64_encode (signature, sizeof signature);
  final = g_strconcat (changed, ",\"sig\":\"", encoded, "\"}", NULL);
  return wrap (final, strlen (final));
}

static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *from;
    const char *to;
  } changes[] = {
    { "{\"org\":", "{ \"org\":" },
    { "{\"org\":", "{\"new\":1,\"org\":" },
    { "{\"org\":", "{\"ORG\":" },
    { "\"name\":\"Our lab\"", "\"name\":\"Our lab\",\"name\":\"Our lab\"" },
    { "\"name\":\"Our lab\",", "" },
    { "Our lab", "Our\\nlab" },
    { "Our lab", " Our lab" },
    { "Our lab",
      "Our \xe2\x80\xae"
      "bal" },
    { "Our lab", "Our\xe2\x80\x8blab" },
    { "Our lab", "\\u001b[2J" },
    { "Our lab", "Our \xff" },
    { "Our lab", "Our l\\u0061b" },
    { "Our lab", "0123456789012345678901234567890123456789012345678901234567890123456789" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\"", "\"ask\":{\"cap\":[\"dms/deployment\"" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\"", "\"ask\":{\"cap\":[\"/dms/deployment/\"" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\"", "\"ask\":{\"cap\":[\"/dms//deployment\"" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\"", "\"ask\":{\"cap\":[\"/dms deployment\"" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\"", "\"ask\":{\"cap\":[\"\"" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\",\"/broadcast\",\"/public\"]", "\"ask\":{\"cap\":[]" },
    { "\"ask\":{\"cap\":[\"/dms/deployment\",\"/broadcast\",\"/public\"]", "\"ask\":{\"cap\":null" },
    { "\"act\":\"delegate\"", "\"act\":\"invoke\"" },
    { "\"act\":\"delegate\"", "\"act\":\"revoke\"" },
    { "\"aud\":{}", "\"aud\":{\"uri\":\"did:key:z6MkqzKvpgpvnahpHY3DVippbagCnMGaAY4ZBCmjsKvzaipB\"}" },
    { "\"depth\":", "\"depth\":1" },
    { "\"accept\":", "\"accept\":9" },
    { "\"until\":", "\"until\":1" },
    { "\"get\":{\"tok\":[", "\"get\":{\"tok\":[null," },
    { "]},\"nonce\":\"", "]},\"nonce\":\"AAAA" },
    { "\"iss\":{\"uri\":\"did:key:z6Mk", "\"iss\":{\"uri\":\"did:key:z6Mj" },
  };
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint j = 0; j < G_N_ELEMENTS (joiners); j++)
    {
      g_autoptr (DmsInvitation) invitation = make_invitation (fixture, joiners[j]);
      g_autofree char *same = change (fixture, invitation, "Our lab", "Our lab");
      g_autoptr (DmsInvitation) control = read_text (same, NULL);

      /* The change of nothing is accepted, so it is not the test that is refused. */
      g_assert_true (dms_invitation_verify (control, now (), NULL));
      for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
        {
          g_autofree char *text = change (fixture, invitation, changes[i].from, changes[i].to);
          g_autoptr (GError) error = NULL;
          g_autoptr (DmsInvitation) read = read_text (text, &error);

          g_test_message ("change %u of “%s”", i, changes[i].from);
          g_assert_null (read);
          g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
        }
    }
}

/* What is no invitation at all, or is more than one. */
static void
test_texts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, NULL);
  g_autofree char *text = dms_invitation_to_text (invitation);
  g_autofree char *body = g_strdup (text + strlen (DMS_INVITATION_PREFIX));
  g_autofree char *json = dup_json (invitation);
  g_autofree char *twice = g_strconcat (json, json, NULL);
  g_autofree char *large = g_strnfill (DMS_INVITATION_MAX_TEXT + 1, 'A');
  char *texts[] = {
    g_strdup (""),
    g_strdup ("dms-invitation:v1:"),
    g_strdup (DMS_INVITATION_PREFIX "e30"),
    g_strdup (DMS_INVITATION_PREFIX "bnVsbA"),
    g_strdup (DMS_INVITATION_PREFIX "W10"),
    g_strconcat ("dms-invitation:v2:", body, NULL),
    g_strconcat ("DMS-invitation:v1:", body, NULL),
    g_strconcat (text, "=", NULL),
    g_strconcat (text, "A", NULL),
    g_strconcat (text, " ", NULL),
    g_strconcat (text, "\n", NULL),
    g_strconcat (" ", text, NULL),
    wrap (twice, strlen (twice)),
    wrap (json, strlen (json) - 1),
    g_strdup (json),
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_text (texts[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_free (texts[i]);
    }
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (read_text (large, &error));
    g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  }
}

/* No single changed byte gets through. */
static void
test_tampered (Fixture *fixture, gconstpointer data)
{
  DmsKey *joiners[] = { NULL, fixture->joiner };

  for (guint j = 0; j < G_N_ELEMENTS (joiners); j++)
    {
      g_autoptr (DmsInvitation) invitation = make_invitation (fixture, joiners[j]);
      g_autofree char *json = dup_json (invitation);
      gsize size = strlen (json);

      for (gsize i = 0; i < size; i++)
        {
          g_autofree char *text = NULL;
          g_autoptr (DmsInvitation) read = NULL;

          json[i] ^= (char) (1 + i % 7);
          text = wrap (json, size);
          json[i] ^= (char) (1 + i % 7);
          read = read_text (text, NULL);
          g_assert_false (read != NULL && dms_invitation_verify (read, now (), NULL));
        }
    }
}

/* Somebody else's invitation with the organisation's name on it. */
static void
test_forged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, fixture->joiner);
  g_autoptr (DmsSigner) stranger = dms_key_signer_new (fixture->stranger);
  DmsInvitationTerms terms = usual_terms (NULL);
  g_autoptr (DmsInvitation) forged = dms_invitation_new (stranger, &terms, NULL);
  g_autofree char *json = dup_json (forged);
  const char *real = dms_did_get_uri (dms_key_get_did (fixture->organisation));
  const char *own = dms_did_get_uri (dms_key_get_did (fixture->stranger));
  g_auto (GStrv) parts = g_strsplit (json, own, -1);
  g_autofree char *joined = g_strjoinv (real, parts);
  g_autofree char *text = wrap (joined, strlen (joined));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInvitation) read = read_text (text, &error);

  g_assert_no_error (error);
  g_assert_true (
      dms_did_equal (dms_invitation_get_organisation (read), dms_key_get_did (fixture->organisation)));
  g_assert_false (dms_invitation_verify (read, now (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
}

/* A signature of the organisation under one prefix is none under another. */
static void
test_prefixes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, NULL);
  g_autofree char *json = dup_json (invitation);
  char *end = g_strrstr (json, ",\"sig\":\"");
  static const char *const prefixes[] = { "dms:token:", "dms:msg:", "dms-bid-", "" };

  *end = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autofree char *bytes = g_strconcat (prefixes[i], json, "}", NULL);
      guint8 signature[DMS_KEY_SIGNATURE_SIZE];
      g_autofree char *encoded = NULL;
      g_autofree char *full = NULL;
      g_autofree char *text = NULL;
      g_autoptr (DmsInvitation) read = NULL;
      g_autoptr (GError) error = NULL;

      dms_key_sign (fixture->organisation, bytes, strlen (bytes), signature);
      encoded = g_base64_encode (signature, sizeof signature);
      full = g_strconcat (json, ",\"sig\":\"", encoded, "\"}", NULL);
      text = wrap (full, strlen (full));
      read = read_text (text, &error);
      g_assert_no_error (error);
      g_assert_false (dms_invitation_verify (read, now (), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
    }
}

static DmsInvitation *
read_signed (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return dms_invitation_new_from_signed_bytes (bytes, error);
}

/* What a person is shown before signing is read from the very bytes. */
static void
test_signed_bytes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsInvitation) invitation = make_invitation (fixture, fixture->joiner);
  g_autofree char *json = dup_json (invitation);
  char *end = g_strrstr (json, ",\"sig\":\"");
  g_autofree char *signed_whole = g_strconcat (DMS_INVITATION_SIGNED_PREFIX, json, NULL);
  g_autofree char *bytes = NULL;
  g_autofree char *spaced = NULL;
  g_autofree char *renamed = NULL;
  g_autoptr (DmsInvitation) read = NULL;
  g_autoptr (GError) error = NULL;

  *end = '\0';
  bytes = g_strconcat (DMS_INVITATION_SIGNED_PREFIX, json, "}", NULL);
  spaced = g_strconcat (bytes, " ", NULL);
  renamed = g_strconcat ("dms:token:", json, "}", NULL);
  read = read_signed (bytes, &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal (dms_invitation_get_ask_capabilities (read), usual));
  g_assert_false (dms_invitation_verify (read, now (), NULL));

  g_assert_null (read_signed (spaced, NULL));
  g_assert_null (read_signed (renamed, NULL));
  g_assert_null (read_signed (signed_whole, NULL));
  g_assert_null (read_signed ("", NULL));
}

static void
assert_not_made (Fixture *fixture, const DmsInvitationTerms *terms, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_invitation_new (fixture->signer, terms, &error));
  g_assert_error (error, DMS_ERROR, code);
}

static void
test_bad_terms (Fixture *fixture, gconstpointer data)
{
  static const char *const none[] = { NULL };
  static const char *const odd[] = { "dms", NULL };
  g_autoptr (GPtrArray) many = g_ptr_array_new ();
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autofree char *long_path = g_strnfill (129, 'x');
  DmsInvitationTerms terms = usual_terms (NULL);

  terms.until_ns = now () + 31 * 24 * NS_PER_HOUR;
  assert_not_made (fixture, &terms, DMS_ERROR_OUT_OF_RANGE);
  terms = usual_terms (NULL);
  terms.accept_ns = now () - 1;
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  terms = usual_terms (NULL);
  terms.accept_ns = terms.until_ns + 1;
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  terms = usual_terms (NULL);
  terms.ask_capabilities = terms.get_capabilities = none;
  terms.ask_topics = terms.get_topics = none;
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  terms = usual_terms (NULL);
  terms.get_capabilities = odd;
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  for (guint i = 0; i < 33; i++)
    g_ptr_array_add (paths, (gpointer) "/dms/deployment");
  g_ptr_array_add (paths, NULL);
  terms = usual_terms (NULL);
  terms.ask_capabilities = (const char *const *) paths->pdata;
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  long_path[0] = '/';
  terms.ask_capabilities = (const char *const[]){ long_path, NULL };
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  terms = usual_terms (NULL);
  terms.name = "a\tb";
  assert_not_made (fixture, &terms, DMS_ERROR_INVALID_ARGUMENT);
  for (guint i = 0; i <= DMS_INVITATION_MAX_JOINERS; i++)
    g_ptr_array_add (many, dms_key_get_did (fixture->joiner));
  terms = usual_terms (many);
  assert_not_made (fixture, &terms, DMS_ERROR_TOO_LARGE);
}

/* One direction alone; an open one that gives nothing is no secret and may last. */
static void
test_one_direction (Fixture *fixture, gconstpointer data)
{
  DmsInvitationTerms terms = usual_terms (NULL);
  g_autoptr (DmsInvitation) giving = NULL;
  g_autoptr (DmsInvitation) asking = NULL;
  g_autoptr (DmsCapabilityContext) context = new_context (fixture->joiner);
  g_autoptr (DmsCapabilityContext) other = new_context (fixture->joiner);
  g_autoptr (DmsTokenList) require = NULL;
  g_autoptr (DmsTokenList) provide = NULL;

  terms.ask_capabilities = terms.ask_topics = NULL;
  giving = dms_invitation_new (fixture->signer, &terms, NULL);
  g_assert_true (dms_invitation_accept (giving, context, NULL));
  require = dms_capability_context_dup_require (context);
  g_assert_cmpuint (dms_token_list_get_size (require), ==, 0);

  terms = usual_terms (NULL);
  terms.get_capabilities = terms.get_topics = NULL;
  terms.until_ns = now () + 365 * 24 * NS_PER_HOUR;
  asking = dms_invitation_new (fixture->signer, &terms, NULL);
  g_assert_nonnull (asking);
  g_assert_false (dms_invitation_has_secret (asking));
  g_assert_true (dms_invitation_accept (asking, other, NULL));
  provide = dms_capability_context_dup_provide (other);
  g_assert_cmpuint (dms_token_list_get_size (provide), ==, 0);
  g_assert_true (dms_invitation_is_joined (asking, other));
}

static void
add (const char *path, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("/capability/invitation/round-trip", test_round_trip);
  add ("/capability/invitation/join", test_join);
  add ("/capability/invitation/not-passed-on", test_not_passed_on);
  add ("/capability/invitation/wrong-joiner", test_wrong_joiner);
  add ("/capability/invitation/expired", test_expired);
  add ("/capability/invitation/revoked", test_revoked);
  add ("/capability/invitation/leave", test_leave);
  add ("/capability/invitation/malformed", test_malformed);
  add ("/capability/invitation/texts", test_texts);
  add ("/capability/invitation/tampered", test_tampered);
  add ("/capability/invitation/forged", test_forged);
  add ("/capability/invitation/prefixes", test_prefixes);
  add ("/capability/invitation/signed-bytes", test_signed_bytes);
  add ("/capability/invitation/bad-terms", test_bad_terms);
  add ("/capability/invitation/one-direction", test_one_direction);

  return g_test_run ();
}
