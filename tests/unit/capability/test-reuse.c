/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Tokens that serve for more than one message, and what must not come of it. */

#include "capability/dms-capability-context.h"

#include <string.h>

#define FAR G_GUINT64_CONSTANT (4102444800000000000)
#define CAPS(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* Somebody with a key and a context; an actor of theirs has a key of its own. */
typedef struct
{
  DmsKey *key;
  DmsDid *did;
  DmsCapabilityContext *context;
  DmsKey *actor;
  char *actor_id;
} Party;

static void
party_init (Party *self, guint8 number)
{
  guint8 seed[32] = { number };

  self->key = dms_key_new_from_seed (seed);
  self->did = dms_key_dup_did (self->key);
  self->context = dms_capability_context_new (self->did, self->key);
  self->actor = dms_key_derive (self->key, "actor");
  self->actor_id = dms_key_dup_id_pub (self->actor);
}

static void
party_clear (Party *self)
{
  dms_key_unref (self->key);
  dms_did_unref (self->did);
  g_object_unref (self->context);
  dms_key_unref (self->actor);
  g_free (self->actor_id);
}

typedef struct
{
  Party org;
  Party user;
  Party node;
  Party mallory;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  party_init (&f->org, 1);
  party_init (&f->user, 2);
  party_init (&f->node, 3);
  party_init (&f->mallory, 4);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  party_clear (&f->org);
  party_clear (&f->user);
  party_clear (&f->node);
  party_clear (&f->mallory);
}

static guint64
now (void)
{
  return (guint64) g_get_real_time () * 1000;
}

static DmsTokenList *
grant (Party *from, Party *to, const char *const *topics, const char *const *caps, guint64 expiry,
       guint64 depth)
{
  g_autoptr (GError) error = NULL;
  DmsTokenList *list = dms_capability_context_grant (from->context, to->did, NULL, topics, caps, expiry,
                                                     depth, &error);

  g_assert_no_error (error);
  return list;
}

static void
anchor_require (Party *party, DmsTokenList *tokens)
{
  g_autoptr (GError) error = NULL;

  dms_capability_context_anchor_require (party->context, tokens, &error);
  g_assert_no_error (error);
}

static void
anchor_provide (Party *party, DmsTokenList *tokens)
{
  g_autoptr (GError) error = NULL;

  dms_capability_context_anchor_provide (party->context, tokens, &error);
  g_assert_no_error (error);
}

/* Whether a message of one party's actor with these tokens may use a capability at another's. */
static gboolean
accepts (Party *from, Party *to, GBytes *tokens, const char *cap)
{
  g_autoptr (GError) error = NULL;
  guint64 interaction = dms_capability_context_consume (to->context, from->did, tokens, &error);
  gboolean good;

  g_assert_no_error (error);
  g_assert_cmpuint (interaction, !=, 0);
  good = dms_capability_context_require (to->context, interaction, from->actor_id, to->actor_id, cap, &error);
  if (good)
    g_assert_no_error (error);
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  dms_capability_context_discard (to->context, interaction);
  return good;
}

/* The field's flow: the node trusts an organisation with some capabilities, which passes them to a user. */
static void
set_up_organisation (Fixture *f)
{
  g_autoptr (DmsTokenList) required = grant (&f->node, &f->org, CAPS ("/nunet"),
                                             CAPS ("/dms/deployment", "/broadcast", "/public"), FAR, 0);
  g_autoptr (DmsTokenList) provided = grant (&f->org, &f->user, CAPS ("/nunet"),
                                             CAPS ("/dms/deployment", "/broadcast", "/public"), FAR, 0);

  anchor_require (&f->node, required);
  anchor_provide (&f->user, provided);
}

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
ask (Fixture *f, const char *capability, double seconds)
{
  guint64 expiry = now () + (guint64) (seconds * 1e9);
  GBytes *tokens = dms_capability_context_provide (f->user.context, f->user.actor_id, f->node.actor_id,
                                                   f->node.did, expiry, CAPS (capability), NULL, NULL);

  g_assert_nonnull (tokens);
  return tokens;
}

/* Issued tokens serve again, while they outlive the message and what they hang on is still there. */
static void
test_reuse (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GBytes) other = NULL;
  g_autoptr (GBytes) later = NULL;
  g_autoptr (GBytes) without = NULL;
  g_autoptr (GBytes) exact = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  g_autoptr (GError) error = NULL;

  set_up_organisation (f);
  exact = ask (f, "/dms/deployment/x", 10);
  again = ask (f, "/dms/deployment/x", 10);
  g_assert_cmpuint (count_common (exact, again), ==, 0);
  g_clear_pointer (&again, g_bytes_unref);

  dms_capability_context_keep_issued (f->user.context);
  first = ask (f, "/dms/deployment/x", 10);
  again = ask (f, "/dms/deployment/x", 12);
  g_assert_true (g_bytes_equal (first, again));
  g_assert_true (accepts (&f->user, &f->node, again, "/dms/deployment/x"));
  other = ask (f, "/dms/deployment/y", 10);
  g_assert_cmpuint (count_common (first, other), ==, 0);
  g_assert_false (accepts (&f->user, &f->node, other, "/dms/deployment/x"));
  later = ask (f, "/dms/deployment/x", 600);
  g_assert_cmpuint (count_common (first, later), ==, 0);

  /* Without the anchor only what is self-signed is left. */
  provide = dms_capability_context_dup_provide (f->user.context);
  for (guint i = 0; i < dms_token_list_get_size (provide); i++)
    dms_capability_context_remove_provide (f->user.context, dms_token_list_get (provide, i), &error);
  g_assert_no_error (error);
  without = ask (f, "/dms/deployment/x", 10);
  g_assert_false (accepts (&f->user, &f->node, without, "/dms/deployment/x"));
}

/* A reused token never outlives its parent. */
static void
test_reuse_ends_with_parent (Fixture *f, gconstpointer data)
{
  guint64 end = now () + 20000000000;
  g_autoptr (DmsTokenList) granted = grant (&f->node, &f->user, NULL, CAPS ("/dms"), end, 0);
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
test_forged_delegation (Fixture *f, gconstpointer data)
{
  guint64 expiry = now () + 30000000000;
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

  token = dms_token_new_signed (f->mallory.key, DMS_TOKEN_ACTION_DELEGATE, f->node.did, NULL, NULL,
                                CAPS ("/private/user"), expiry, 1, NULL);
  text = dms_token_to_string (token);
  spliced = g_string_new (NULL);
  g_string_printf (spliced, "{\"tok\":[%s]}", text);
  g_string_replace (spliced, dms_did_get_uri (f->mallory.did), dms_did_get_uri (f->user.did), 0);
  forged = g_bytes_new (spliced->str, spliced->len);
  request = dms_capability_context_provide (f->user.context, f->user.actor_id, f->node.actor_id, f->node.did,
                                            expiry, CAPS ("/public/hello"), CAPS ("/private/user/7"), &error);
  bad = dms_capability_context_consume (f->node.context, f->user.did, forged, &error);
  good = dms_capability_context_consume (f->node.context, f->user.did, request, &error);
  g_assert_no_error (error);
  reply = dms_capability_context_provide (f->node.context, f->node.actor_id, f->user.actor_id, f->user.did,
                                          expiry, CAPS ("/private/user/7"), NULL, &error);
  g_assert_no_error (error);
  dms_capability_context_discard (f->node.context, bad);
  dms_capability_context_discard (f->node.context, good);
  g_assert_true (accepts (&f->node, &f->user, reply, "/private/user/7"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/capability-reuse/reuse", Fixture, NULL, set_up, test_reuse, tear_down);
  g_test_add ("/capability-reuse/ends-with-parent", Fixture, NULL, set_up, test_reuse_ends_with_parent,
              tear_down);
  g_test_add ("/capability-reuse/forged-delegation", Fixture, NULL, set_up, test_forged_delegation,
              tear_down);
  return g_test_run ();
}
