/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Revocations that others tell: who is believed, how much room everybody has, and telling them on. */

#include <string.h>

#include "capability/dms-capability-context.h"

#define HOUR (G_GUINT64_CONSTANT (3600) * 1000000000)

static guint64
in_hours (guint64 hours)
{
  return (guint64) g_get_real_time () * 1000 + hours * HOUR;
}

static DmsKey *
make_key (guint number)
{
  guint8 seed[32] = { 0x7e, (guint8) number, (guint8) (number >> 8) };

  return dms_key_new_from_seed (seed);
}

static DmsToken *
make_revocation (DmsKey *issuer, guint64 expiry_ns)
{
  static const char *const capabilities[] = { "/dms", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsToken) token = dms_token_new_signed (issuer, DMS_TOKEN_ACTION_DELEGATE,
                                                     dms_key_get_did (issuer), NULL,
                                                     NULL, capabilities, expiry_ns, 0, NULL);
  DmsToken *revocation = dms_token_new_revocation (issuer, token, &error);

  g_assert_no_error (error);
  return revocation;
}

/* That many revocations of one issuer; the first expires last. */
static DmsTokenList *
make_revocations (guint issuer, guint count)
{
  g_autoptr (DmsKey) key = make_key (issuer);
  g_autoptr (GPtrArray) tokens = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);

  for (guint i = 0; i < count; i++)
    g_ptr_array_add (tokens, make_revocation (key, in_hours (1000 - i)));
  return dms_token_list_new (tokens);
}

static DmsCapabilityContext *
make_context (void)
{
  g_autoptr (DmsKey) key = make_key (0);

  return dms_capability_context_new (dms_key_get_did (key), key);
}

static guint
learn (DmsCapabilityContext *context, guint issuer, guint count)
{
  g_autoptr (DmsTokenList) tokens = make_revocations (issuer, count);

  return dms_capability_context_learn_revocations (context, tokens);
}

static guint
get_size (DmsCapabilityContext *context)
{
  g_autoptr (DmsTokenList) tokens = dms_capability_context_dup_revoke (context);

  return dms_token_list_get_size (tokens);
}

static void
test_learned_once (void)
{
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsTokenList) tokens = make_revocations (1, 3);

  g_assert_cmpuint (dms_capability_context_count_news (context, tokens), ==, 3);
  g_assert_cmpuint (dms_capability_context_learn_revocations (context, tokens), ==, 3);
  g_assert_cmpuint (dms_capability_context_count_news (context, tokens), ==, 0);
  g_assert_cmpuint (dms_capability_context_learn_revocations (context, tokens), ==, 0);
  g_assert_cmpuint (get_size (context), ==, 3);
}

/* A learned revocation counts, for links anywhere. */
static void
test_counts (void)
{
  static const char *const capabilities[] = { "/dms", NULL };
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsKey) issuer = make_key (1);
  g_autoptr (DmsKey) next = make_key (2);
  g_autoptr (DmsToken) parent = dms_token_new_signed (issuer, DMS_TOKEN_ACTION_DELEGATE,
                                                      dms_key_get_did (next), NULL,
                                                      NULL, capabilities, in_hours (2), 0, NULL);
  g_autoptr (DmsToken) leaf = dms_token_new_signed (next, DMS_TOKEN_ACTION_INVOKE, dms_key_get_did (next),
                                                    NULL, NULL,
                                                    capabilities, in_hours (1), 0, parent);
  g_autoptr (DmsToken) revocation = dms_token_new_revocation (issuer, parent, NULL);
  g_autoptr (DmsTokenList) tokens = dms_token_list_new_single (revocation);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_capability_context_verify (context, leaf, in_hours (0), &error));
  g_assert_cmpuint (dms_capability_context_learn_revocations (context, tokens), ==, 1);
  g_assert_false (dms_capability_context_verify (context, leaf, in_hours (0), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_REVOKED);
}

/* What is not signed by the issuer, no revocation, or over is passed by; what is beside it is taken. */
static void
test_not_believed (void)
{
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsKey) issuer = make_key (1);
  g_autoptr (DmsKey) stranger = make_key (2);
  g_autoptr (DmsToken) good = make_revocation (issuer, in_hours (1));
  g_autoptr (DmsToken) over = make_revocation (issuer, in_hours (0) - HOUR);
  g_autofree char *text = dms_token_to_string (good);
  g_autoptr (GString) forged = g_string_new (text);
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *past = dms_token_to_string (over);
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GError) error = NULL;

  g_string_replace (forged, dms_did_get_uri (dms_key_get_did (issuer)),
                    dms_did_get_uri (dms_key_get_did (stranger)),
                    1);
  g_string_printf (list, "{\"tok\":[%s,%s,%s]}", forged->str, past, text);
  tokens = dms_token_list_new_from_data (list->str, list->len, G_MAXSIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_capability_context_learn_revocations (context, tokens), ==, 1);
  g_assert_cmpuint (get_size (context), ==, 1);
}

/* One issuer fills its share only, with those that expire first: they are the ones that go by themselves. */
static void
test_share_of_an_issuer (void)
{
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsTokenList) left = NULL;

  g_assert_cmpuint (learn (context, 1, DMS_REVOCATIONS_PER_ISSUER + 10), ==, DMS_REVOCATIONS_PER_ISSUER + 10);
  g_assert_cmpuint (get_size (context), ==, DMS_REVOCATIONS_PER_ISSUER);
  left = dms_capability_context_dup_revoke (context);
  for (guint i = 0; i < dms_token_list_get_size (left); i++)
    g_assert_cmpuint (dms_token_get_expiry_ns (dms_token_list_get (left, i)), <=, in_hours (990));
  /* These would expire later than all that are there. */
  g_assert_cmpuint (learn (context, 1, 5), ==, 0);
  g_assert_cmpuint (learn (context, 2, 5), ==, 5);
}

/* Any number of strangers together leaves room for those who are known here, and for the owner. */
static void
test_share_of_strangers (void)
{
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsKey) known = make_key (9000);
  g_autoptr (DmsTokenList) owners = make_revocations (9001, 200);
  g_autoptr (GError) error = NULL;
  guint strangers = DMS_REVOCATIONS_OF_OTHERS / DMS_REVOCATIONS_PER_ISSUER;

  g_assert_true (dms_capability_context_anchor_root (context, dms_key_get_did (known), &error));
  for (guint i = 1; i <= strangers; i++)
    learn (context, i, DMS_REVOCATIONS_PER_ISSUER);
  g_assert_cmpuint (get_size (context), ==, DMS_REVOCATIONS_OF_OTHERS);
  /* Another stranger's expire later than all of theirs but the first few, which it pushes out. */
  learn (context, strangers + 1, DMS_REVOCATIONS_PER_ISSUER);
  g_assert_cmpuint (get_size (context), ==, DMS_REVOCATIONS_OF_OTHERS);
  g_assert_cmpuint (learn (context, 9000, 200), ==, 200);
  g_assert_cmpuint (get_size (context), ==, DMS_REVOCATIONS_OF_OTHERS + 200);
  g_assert_true (dms_capability_context_anchor_revoke (context, owners, &error));
  g_assert_no_error (error);
}

/* Part by part, everything comes once. */
static void
test_parts (void)
{
  g_autoptr (DmsCapabilityContext) context = make_context ();
  g_autoptr (DmsCapabilityContext) other = make_context ();
  g_autofree char *after = NULL;
  guint parts = 0;

  learn (context, 1, 25);
  do
    {
      g_autofree char *next = NULL;
      g_autoptr (DmsTokenList) part = dms_capability_context_list_revocations (context, after, 10, &next);

      g_assert_cmpuint (dms_capability_context_learn_revocations (other, part), ==,
                        dms_token_list_get_size (part));
      g_free (after);
      after = g_steal_pointer (&next);
      parts++;
    }
  while (after != NULL);
  g_assert_cmpuint (parts, ==, 3);
  g_assert_cmpuint (get_size (other), ==, 25);
}

/* Numbers beyond 63 bits survive the way through a message. */
static void
test_large_numbers (void)
{
  g_autoptr (DmsKey) key = make_key (1);
  g_autoptr (DmsToken) token = make_revocation (key, G_MAXUINT64);
  g_autoptr (DmsTokenList) list = dms_token_list_new_single (token);
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autoptr (GBytes) payload = NULL;
  g_autoptr (DmsTokenList) again = NULL;
  g_autoptr (DmsTokenList) none = NULL;
  g_autoptr (GError) error = NULL;

  dms_wire_writer_begin_object (writer, NULL);
  dms_token_list_write (list, writer, "Token");
  dms_wire_writer_end_object (writer);
  payload = dms_wire_writer_end (writer);
  again = dms_token_list_new_from_member (payload, "Token", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_token_list_get_size (again), ==, 1);
  g_assert_cmpuint (dms_token_get_expiry_ns (dms_token_list_get (again, 0)), ==, G_MAXUINT64);
  g_assert_true (dms_token_check_signature (dms_token_list_get (again, 0)));
  none = dms_token_list_new_from_member (payload, "Other", &error);
  g_assert_cmpuint (dms_token_list_get_size (none), ==, 0);
  g_assert_null (dms_token_list_new_from_member (NULL, "Token", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/revocation/learned-once", test_learned_once);
  g_test_add_func ("/revocation/counts", test_counts);
  g_test_add_func ("/revocation/not-believed", test_not_believed);
  g_test_add_func ("/revocation/share-of-an-issuer", test_share_of_an_issuer);
  g_test_add_func ("/revocation/share-of-strangers", test_share_of_strangers);
  g_test_add_func ("/revocation/parts", test_parts);
  g_test_add_func ("/revocation/large-numbers", test_large_numbers);
  return g_test_run ();
}
