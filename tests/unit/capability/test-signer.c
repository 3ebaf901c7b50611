/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Contexts whose key is not in this process: it may refuse, and it is asked no more than needed. */

#include "capability/dms-capability-context.h"
#include "identity/dms-key-signer.h"

#define FAR G_GUINT64_CONSTANT (4102444800000000000)
#define CAPS(...) ((const char * const[]) { __VA_ARGS__, NULL })

/* Signs with a key so many times, and refuses after that. */
#define TEST_TYPE_SIGNER (test_signer_get_type ())
G_DECLARE_FINAL_TYPE (TestSigner, test_signer, TEST, SIGNER, DmsSigner)

struct _TestSigner
{
  DmsSigner parent_instance;

  DmsKey *key;
  guint left;
  guint asked;
};

G_DEFINE_FINAL_TYPE (TestSigner, test_signer, DMS_TYPE_SIGNER)

static DmsDid *
get_did (DmsSigner *signer)
{
  return dms_key_get_did (TEST_SIGNER (signer)->key);
}

static GBytes *
sign (DmsSigner *signer, GBytes *bytes, GError **error)
{
  TestSigner *self = TEST_SIGNER (signer);
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];

  self->asked++;
  if (self->left == 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_CANCELLED, "the person does not want to");
      return NULL;
    }
  self->left--;
  dms_key_sign (self->key, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), signature);
  return g_bytes_new (signature, sizeof signature);
}

static void
test_signer_finalize (GObject *object)
{
  dms_key_unref (TEST_SIGNER (object)->key);
  G_OBJECT_CLASS (test_signer_parent_class)->finalize (object);
}

static void
test_signer_class_init (TestSignerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_signer_finalize;
  DMS_SIGNER_CLASS (klass)->get_did = get_did;
  DMS_SIGNER_CLASS (klass)->sign = sign;
}

static void
test_signer_init (TestSigner *self)
{
  self->key = dms_key_generate ();
}

typedef struct
{
  TestSigner *signer;
  DmsCapabilityContext *context;
  DmsKey *other;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->signer = g_object_new (TEST_TYPE_SIGNER, NULL);
  f->signer->left = 100;
  f->context = dms_capability_context_new_for_signer (DMS_SIGNER (f->signer));
  f->other = dms_key_generate ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->context);
  g_assert_finalize_object (f->signer);
  dms_key_unref (f->other);
}

static void
test_issue (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsTokenList) granted = dms_capability_context_grant (f->context, dms_key_get_did (f->other),
                                                                   NULL, NULL, CAPS ("/dms"), FAR, 0, &error);
  g_autoptr (DmsToken) revocation = NULL;

  g_assert_no_error (error);
  g_assert_true (dms_token_check_signature (dms_token_list_get (granted, 0)));
  g_assert_true (dms_did_equal (dms_token_get_issuer (dms_token_list_get (granted, 0)),
                                dms_key_get_did (f->signer->key)));
  revocation = dms_capability_context_revoke (f->context, dms_token_list_get (granted, 0), &error);
  g_assert_no_error (error);
  g_assert_true (dms_token_check_signature (revocation));
  g_assert_cmpuint (f->signer->asked, ==, 2);
}

/* No list comes out with less in it than was asked for, and nobody is asked again after a refusal. */
static void
test_refusal (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) anchor = dms_token_new_signed (f->other, DMS_TOKEN_ACTION_DELEGATE,
                                                      dms_key_get_did (f->signer->key), NULL, NULL,
                                                      CAPS ("/dms"), FAR, 0, NULL);
  g_autoptr (DmsTokenList) anchors = dms_token_list_new_single (anchor);
  g_autoptr (DmsKey) actor = dms_key_generate ();
  g_autoptr (DmsKey) target = dms_key_generate ();
  g_autofree char *from = dms_key_dup_id_pub (actor);
  g_autofree char *to = dms_key_dup_id_pub (target);

  g_assert_true (dms_capability_context_anchor_provide (f->context, anchors, NULL));
  for (guint allowed = 0; allowed < 4; allowed++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) list = NULL;

      f->signer->left = allowed;
      f->signer->asked = 0;
      list = dms_capability_context_provide (f->context, from, to, dms_key_get_did (target), FAR,
                                             CAPS ("/dms/node"), CAPS ("/private/user/1"), &error);
      g_assert_cmpuint (f->signer->asked, ==, MIN (allowed + 1, 3));
      if (allowed == 3)
        g_assert_no_error (error);
      else
        g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
      g_assert_true ((list != NULL) == (allowed == 3));
    }
}

static void
test_refusal_everywhere (Fixture *f, gconstpointer data)
{
  DmsDid *subject = dms_key_get_did (f->other);
  g_autoptr (DmsTokenList) granted = dms_capability_context_grant (f->context, subject, NULL, NULL,
                                                                   CAPS ("/dms"), FAR, 0, NULL);
  g_autofree char *id = dms_key_dup_id_pub (f->other);
  g_autoptr (GError) error = NULL;

  f->signer->left = 0;
  g_assert_null (dms_capability_context_grant (f->context, subject, NULL, NULL, CAPS ("/dms"), FAR, 0,
                                               &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (dms_capability_context_delegate (f->context, subject, NULL, NULL, CAPS ("/dms"), FAR, 0,
                                                  DMS_SELF_SIGN_ONLY, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (dms_capability_context_revoke (f->context, dms_token_list_get (granted, 0), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (dms_capability_context_provide_broadcast (f->context, id, "/nunet", FAR,
                                                           CAPS ("/broadcast/hello"), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
}

static void
test_owner (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsSigner) mine = dms_key_signer_new (f->other);
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_new (dms_key_get_did (f->other), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_capability_context_get_signer (context));
  g_assert_false (dms_capability_context_set_signer (context, DMS_SIGNER (f->signer), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_null (dms_capability_context_get_signer (context));
  g_assert_true (dms_capability_context_set_signer (context, mine, NULL));
  g_assert_true (dms_capability_context_get_signer (context) == mine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/signer/issue", Fixture, NULL, set_up, test_issue, tear_down);
  g_test_add ("/signer/refusal", Fixture, NULL, set_up, test_refusal, tear_down);
  g_test_add ("/signer/refusal-everywhere", Fixture, NULL, set_up, test_refusal_everywhere, tear_down);
  g_test_add ("/signer/owner", Fixture, NULL, set_up, test_owner, tear_down);
  return g_test_run ();
}
