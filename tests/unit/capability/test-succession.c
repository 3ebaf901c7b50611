/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A key takes the place of another: what it may do, and what it lets others do, before and after. */

#include "capability/dms-capability-succession.h"

#define FAR G_GUINT64_CONSTANT (4102444800000000000)
#define HOUR_NS (G_GUINT64_CONSTANT (3600) * 1000000000)
#define CAPS(...) ((const char * const[]) { __VA_ARGS__, NULL })

typedef struct
{
  DmsKey *key;
  DmsKey *actor;
  DmsDid *did;
  DmsCapabilityContext *context;
} Party;

typedef struct
{
  Party node;
  Party user;
  Party friend;
} Fixture;

static void
party_init (Party *self)
{
  self->key = dms_key_generate ();
  self->actor = dms_key_generate ();
  self->did = dms_key_get_did (self->key);
  self->context = dms_capability_context_new (self->did, self->key);
}

static void
party_clear (Party *self)
{
  g_assert_finalize_object (self->context);
  dms_key_unref (self->key);
  dms_key_unref (self->actor);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  party_init (&f->node);
  party_init (&f->user);
  party_init (&f->friend);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  party_clear (&f->node);
  party_clear (&f->user);
  party_clear (&f->friend);
}

static DmsToken *
grant (Party *from, DmsDid *to, const char *capability, guint64 expiry_ns, guint64 depth)
{
  return dms_token_new_signed (from->key, DMS_TOKEN_ACTION_DELEGATE, to, NULL, NULL, CAPS (capability),
                               expiry_ns,
                               depth, NULL);
}

static void
anchor (DmsCapabilityContext *context, DmsToken *token,
        gboolean (*to) (DmsCapabilityContext *context, DmsTokenList *tokens, GError **error))
{
  g_autoptr (DmsTokenList) list = dms_token_list_new_single (token);
  g_autoptr (GError) error = NULL;

  g_assert_true (to (context, list, &error));
  g_assert_no_error (error);
}

/* Whether the node lets the owner of a context do this, with what the context attaches. */
static gboolean
may (Fixture *f, DmsCapabilityContext *node, DmsCapabilityContext *context, const char *capability)
{
  g_autofree char *from = dms_key_dup_id_pub (f->user.actor);
  g_autofree char *to = dms_key_dup_id_pub (f->node.actor);
  guint64 expiry_ns = (guint64) g_get_real_time () * 1000 + HOUR_NS / 60;
  DmsDid *target = dms_capability_context_get_did (node);
  g_autoptr (GBytes) tokens = dms_capability_context_provide (context, from, to, target, expiry_ns,
                                                              CAPS (capability), NULL, NULL);
  guint64 interaction;
  gboolean allowed;

  g_assert_nonnull (tokens);
  interaction = dms_capability_context_consume (node, dms_capability_context_get_did (context), tokens, NULL);
  allowed = dms_capability_context_require (node, interaction, from, to, capability, NULL);
  dms_capability_context_discard (node, interaction);
  return allowed;
}

static DmsCapabilityContext *
succeed (Party *old, DmsKey *new_key, guint64 overlap_ns, DmsCapabilitySuccession *result)
{
  g_autoptr (GError) error = NULL;
  DmsCapabilityContext *context;

  *result = (DmsCapabilitySuccession) { old->context, old->key, new_key, overlap_ns, 0, 0, 0 };
  context = dms_capability_succession_make (result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_did_equal (dms_capability_context_get_did (context), dms_key_get_did (new_key)));
  return context;
}

static void
test_own_authority (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsKey) next = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) made = NULL;
  g_autoptr (DmsCapabilityContext) stolen = NULL;
  DmsCapabilitySuccession result;

  g_assert_true (dms_capability_context_anchor_root (f->node.context, f->user.did, NULL));
  made = succeed (&f->user, next, HOUR_NS, &result);
  g_assert_cmpuint (result.handed_over, ==, 1);
  g_assert_true (may (f, f->node.context, made, "/dms/anything"));

  stolen = succeed (&f->user, next, 0, &result);
  g_assert_cmpuint (result.handed_over, ==, 0);
  g_assert_false (may (f, f->node.context, stolen, "/dms/anything"));
}

static void
test_given_rights (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) given = grant (&f->node, f->user.did, "/dms", FAR, 0);
  g_autoptr (DmsToken) last = grant (&f->node, f->user.did, "/last", FAR, 1);
  g_autoptr (DmsKey) next = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) made = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  guint64 end_ns = (guint64) g_get_real_time () * 1000 + HOUR_NS;
  DmsCapabilitySuccession result;

  anchor (f->user.context, given, dms_capability_context_anchor_provide);
  anchor (f->user.context, last, dms_capability_context_anchor_provide);
  g_assert_true (may (f, f->node.context, f->user.context, "/last"));
  made = succeed (&f->user, next, HOUR_NS, &result);

  /* What may not be passed on so far is lost, and said to be. */
  g_assert_cmpuint (result.lost, ==, 1);
  g_assert_cmpuint (result.handed_over, ==, 2);
  g_assert_true (may (f, f->node.context, made, "/dms/node"));
  g_assert_false (may (f, f->node.context, made, "/other"));
  g_assert_false (may (f, f->node.context, made, "/last"));

  /* Nothing lasts longer than the overlap, however long it was given for. */
  provide = dms_capability_context_dup_provide (made);
  g_assert_cmpuint (dms_token_list_get_size (provide), ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (dms_token_get_expiry_ns (dms_token_list_get (provide, i)), <=, end_ns + HOUR_NS / 60);
}

/* A right that ends before the overlap does is handed over for as long as it lasts. */
static void
test_short_rights (Fixture *f, gconstpointer data)
{
  guint64 soon_ns = (guint64) g_get_real_time () * 1000 + HOUR_NS;
  g_autoptr (DmsToken) given = grant (&f->node, f->user.did, "/dms", soon_ns, 0);
  g_autoptr (DmsKey) next = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) made = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  DmsCapabilitySuccession result;

  anchor (f->user.context, given, dms_capability_context_anchor_provide);
  made = succeed (&f->user, next, 1000 * HOUR_NS, &result);
  provide = dms_capability_context_dup_provide (made);
  g_assert_cmpuint (dms_token_get_expiry_ns (dms_token_list_get (provide, 0)), ==, soon_ns);
  g_assert_true (may (f, f->node.context, made, "/dms/node"));
}

/* The node changes its key: those whom it let in stay in, whichever of its keys their tokens are of. */
static void
test_promises (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) given = grant (&f->node, f->user.did, "/dms", FAR, 0);
  g_autoptr (DmsToken) promised = grant (&f->node, f->friend.did, "/public", FAR, 0);
  g_autoptr (DmsToken) others = grant (&f->user, f->friend.did, "/other", FAR, 0);
  g_autoptr (DmsKey) next = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) made = NULL;
  g_autoptr (DmsCapabilityContext) stolen = NULL;
  g_autoptr (DmsTokenList) require = NULL;
  g_autoptr (GPtrArray) roots = NULL;
  DmsCapabilitySuccession result;

  anchor (f->user.context, given, dms_capability_context_anchor_provide);
  anchor (f->node.context, promised, dms_capability_context_anchor_require);
  anchor (f->node.context, others, dms_capability_context_anchor_require);
  g_assert_true (dms_capability_context_anchor_root (f->node.context, f->node.did, NULL));
  g_assert_true (may (f, f->node.context, f->friend.context, "/public/hello"));

  made = succeed (&f->node, next, HOUR_NS, &result);
  g_assert_cmpuint (result.renewed, ==, 1);
  g_assert_true (may (f, made, f->friend.context, "/public/hello"));
  g_assert_true (may (f, made, f->friend.context, "/other"));
  g_assert_false (may (f, made, f->friend.context, "/dms"));
  g_assert_true (may (f, made, f->user.context, "/dms/node"));
  /* No root is left of the old key, which would have no end. */
  roots = dms_capability_context_dup_roots (made);
  g_assert_cmpuint (roots->len, ==, 0);

  stolen = succeed (&f->node, next, 0, &result);
  g_assert_true (may (f, stolen, f->friend.context, "/public/hello"));
  g_assert_false (may (f, stolen, f->user.context, "/dms/node"));
  require = dms_capability_context_dup_require (stolen);
  for (guint i = 0; i < dms_token_list_get_size (require); i++)
    g_assert_false (dms_did_equal (dms_token_get_issuer (dms_token_list_get (require, i)), f->node.did));
}

/* What was taken back stays taken back. */
static void
test_revocations (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) promised = grant (&f->node, f->friend.did, "/public", FAR, 0);
  g_autoptr (DmsToken) revocation = dms_token_new_revocation (f->node.key, promised, NULL);
  g_autoptr (DmsToken) given = grant (&f->node, f->user.did, "/dms", FAR, 0);
  g_autoptr (DmsToken) taken = dms_token_new_revocation (f->node.key, given, NULL);
  g_autoptr (DmsKey) next = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) made = NULL;
  DmsCapabilitySuccession result;

  anchor (f->node.context, promised, dms_capability_context_anchor_require);
  anchor (f->user.context, given, dms_capability_context_anchor_provide);
  anchor (f->node.context, revocation, dms_capability_context_anchor_revoke);
  anchor (f->node.context, taken, dms_capability_context_anchor_revoke);
  made = succeed (&f->node, next, HOUR_NS, &result);
  g_assert_cmpuint (result.renewed, ==, 0);
  g_assert_false (may (f, made, f->friend.context, "/public/hello"));
  g_assert_false (may (f, made, f->user.context, "/dms/node"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/succession/own-authority", Fixture, NULL, set_up, test_own_authority, tear_down);
  g_test_add ("/succession/given-rights", Fixture, NULL, set_up, test_given_rights, tear_down);
  g_test_add ("/succession/short-rights", Fixture, NULL, set_up, test_short_rights, tear_down);
  g_test_add ("/succession/promises", Fixture, NULL, set_up, test_promises, tear_down);
  g_test_add ("/succession/revocations", Fixture, NULL, set_up, test_revocations, tear_down);
  return g_test_run ();
}
