/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Tokens of a person whose key is in a GnuPG: a real one, in a home of its own that goes with the test. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "capability/dms-capability-context.h"
#include "identity/dms-openpgp-cipher.h"
#include "identity/dms-openpgp-signature.h"
#include "identity/dms-openpgp-signer.h"

#define FAR G_GUINT64_CONSTANT (4102444800000000000)
#define CAPS(...) ((const char * const[]) { __VA_ARGS__, NULL })

typedef struct
{
  char *home;
  /* Whether there is a gpg to test with. */
  gboolean usable;
} Fixture;

static gboolean
run_program (const char * const *argv, char **output)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *complaints = NULL;
  int status = 0;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDIN_FROM_DEV_NULL, NULL,
                     NULL,
                     output, &complaints, &status, &error)
      || !g_spawn_check_wait_status (status, &error))
    {
      g_test_message ("%s: %s: %s", argv[0], error->message, complaints);
      return FALSE;
    }
  return TRUE;
}

static gboolean
make_key (const char *user_id, const char *algorithm, const char *usage)
{
  const char *argv[] = { "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", user_id,
                         algorithm, usage, "never", NULL };

  return run_program (argv, NULL);
}

/* The fingerprints of a key and of its subkeys, in the order of gpg. */
static char **
list_fingerprints (const char *user_id)
{
  const char *argv[] = { "gpg", "--batch", "--with-colons", "--list-secret-keys", user_id, NULL };
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  g_assert_true (run_program (argv, &output));
  lines = g_strsplit (output, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "fpr:"))
      {
        g_auto (GStrv) fields = g_strsplit (lines[i], ":", -1);

        g_ptr_array_add (found, g_strdup (fields[9]));
      }
  g_ptr_array_add (found, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&found), FALSE);
}

static void
add_subkey (const char *fingerprint, const char *algorithm, const char *usage)
{
  const char *argv[] = { "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-add-key", fingerprint,
                         algorithm,
                         usage, "never", NULL };

  g_assert_true (run_program (argv, NULL));
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *program = g_find_program_in_path ("gpg");

  f->home = g_dir_make_tmp ("dms-gpg-XXXXXX", NULL);
  g_assert_nonnull (f->home);
  g_setenv ("GNUPGHOME", f->home, TRUE);
  f->usable = program != NULL;
  if (!f->usable)
    g_test_skip ("gpg is not installed");
  else
    g_assert_true (make_key ("Ada <ada@example.org>", "ed25519", "sign,cert"));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "gpgconf", "--kill", "all", NULL };

  run_program (argv, NULL);
  g_unsetenv ("GNUPGHOME");
  remove_tree (f->home);
  g_free (f->home);
}

static DmsSigner *
open_signer (const char *name)
{
  g_autoptr (GError) error = NULL;
  DmsSigner *signer = dms_openpgp_signer_new (name, &error);

  g_assert_no_error (error);
  return signer;
}

static void
test_issue (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) fingerprints = NULL;
  g_autoptr (DmsSigner) signer = NULL;
  g_autoptr (DmsCapabilityContext) person = NULL;
  g_autoptr (DmsKey) user = dms_key_generate ();
  g_autoptr (DmsKey) node_key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) node = dms_capability_context_new (dms_key_get_did (node_key), node_key);
  g_autoptr (DmsTokenList) granted = NULL;
  g_autoptr (DmsToken) revocation = NULL;
  g_autoptr (DmsTokenList) revocations = NULL;
  g_autoptr (DmsToken) read = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  guint8 public_key[32];

  if (!f->usable)
    return;
  fingerprints = list_fingerprints ("ada@example.org");
  signer = open_signer ("ada@example.org");
  g_assert_cmpstr (dms_openpgp_signer_get_fingerprint (DMS_OPENPGP_SIGNER (signer)), ==, fingerprints[0]);
  g_assert_cmpstr (dms_openpgp_signer_get_user_id (DMS_OPENPGP_SIGNER (signer)), ==, "Ada <ada@example.org>");
  g_assert_true (dms_did_get_ed25519 (dms_signer_get_did (signer), public_key));

  person = dms_capability_context_new_for_signer (signer);
  granted = dms_capability_context_grant (person, dms_key_get_did (user), NULL, CAPS ("/nunet"),
                                          CAPS ("/dms"),
                                          FAR, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (dms_token_get_signature (dms_token_list_get (granted, 0))), >, 64);

  /* Whoever reads it needs nothing but the token. */
  text = dms_token_to_string (dms_token_list_get (granted, 0));
  read = dms_token_new_from_data (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_true (dms_token_check_signature (read));
  g_assert_true (dms_capability_context_anchor_require (node, granted, &error));
  g_assert_no_error (error);

  revocation = dms_capability_context_revoke (person, read, &error);
  g_assert_no_error (error);
  revocations = dms_token_list_new_single (revocation);
  g_assert_true (dms_capability_context_anchor_revoke (node, revocations, &error));
  g_assert_no_error (error);
  g_assert_false (dms_capability_context_verify (node, read, 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_REVOKED);
}

/* The token with another signature; NULL when that cannot even be read. */
static DmsToken *
replace_signature (DmsToken *token, const guint8 *signature, gsize size)
{
  g_autofree char *text = dms_token_to_string (token);
  g_autofree char *encoded = g_base64_encode (signature, size);
  char *end = strstr (text, "\"sig\":\"");
  g_autoptr (GString) changed = NULL;

  g_assert_nonnull (end);
  changed = g_string_new_len (text, end - text);
  g_string_append_printf (changed, "\"sig\":\"%s\"}}", encoded);
  return dms_token_new_from_data (changed->str, changed->len, NULL);
}

static void
assert_refused (DmsToken *token, const guint8 *signature, gsize size)
{
  g_autoptr (DmsToken) changed = replace_signature (token, signature, size);

  g_assert_true (changed == NULL || !dms_token_check_signature (changed));
}

/* One kind of signature never passes for another, nor one purpose for another. */
static void
test_crossing (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsSigner) signer = NULL;
  g_autoptr (DmsKey) user = dms_key_generate ();
  g_autoptr (DmsToken) token = NULL;
  g_autoptr (DmsToken) raw = NULL;
  g_autoptr (DmsToken) same = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GByteArray) wrapped = g_byte_array_new ();
  g_autofree char *path = g_build_filename (f->home, "plain", NULL);
  g_autofree char *out = g_build_filename (f->home, "plain.sig", NULL);
  const char *argv[] = { "gpg", "--batch", "--detach-sign", "-o", out, path, NULL };
  g_autofree char *written = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *packet;
  gsize size, written_size;

  if (!f->usable)
    return;
  signer = open_signer ("ada@example.org");
  token = dms_token_new_by_signer (signer, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (user), NULL, NULL,
                                   CAPS ("/dms"), FAR, 0, NULL, &error);
  g_assert_no_error (error);
  packet = g_bytes_get_data (dms_token_get_signature (token), &size);
  same = replace_signature (token, packet, size);
  g_assert_true (dms_token_check_signature (same));

  /* The 64 bytes out of the packet. */
  assert_refused (token, packet + size - 64, 64);
  for (gsize cut = 1; cut < size; cut++)
    assert_refused (token, packet, size - cut);
  g_byte_array_append (wrapped, packet, (guint) size);
  g_byte_array_append (wrapped, (const guint8 *) "x", 1);
  assert_refused (token, wrapped->data, wrapped->len);

  /* A plain signature over the same bytes, in the place of that of the digest. */
  raw = dms_token_new_signed (user, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (user), NULL, NULL,
                              CAPS ("/dms"),
                              FAR, 0, NULL);
  g_assert_true (dms_token_check_signature (raw));
  g_byte_array_set_size (wrapped, 0);
  g_byte_array_append (wrapped, packet, (guint) size);
  memcpy (wrapped->data + size - 32, (const guint8 *) g_bytes_get_data (dms_token_get_signature (raw),
                                                                        NULL) + 32, 32);
  assert_refused (raw, wrapped->data, wrapped->len);
  assert_refused (raw, packet, size);

  /* The very bytes of the token, signed with gpg as any file. */
  bytes = dms_token_dup_signed_bytes (token);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                                      (gssize) g_bytes_get_size (bytes), NULL));
  g_assert_true (run_program (argv, NULL));
  g_assert_true (g_file_get_contents (out, &written, &written_size, NULL));
  assert_refused (token, (const guint8 *) written, written_size);
  g_assert_null (dms_openpgp_signature_new_from_program ((const guint8 *) written, written_size, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static gboolean
refuse (DmsOpenpgpSigner *signer, GBytes *bytes, gpointer user_data, GError **error)
{
  *(GBytes **) user_data = g_bytes_ref (bytes);
  g_set_error (error, DMS_ERROR, DMS_ERROR_CANCELLED, "no");
  return FALSE;
}

static void
test_show (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsSigner) signer = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("what is signed", 14);
  g_autoptr (GBytes) shown = NULL;
  g_autoptr (GError) error = NULL;

  if (!f->usable)
    return;
  signer = open_signer ("ada@example.org");
  dms_openpgp_signer_set_show (DMS_OPENPGP_SIGNER (signer), refuse, &shown);
  g_assert_null (dms_signer_sign (signer, bytes, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_true (g_bytes_equal (shown, bytes));
}

static void
assert_no_signer (const char *name, int code, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsSigner) signer = dms_openpgp_signer_new (name, &error);

  g_assert_null (signer);
  g_test_message ("%s", error->message);
  g_assert_error (error, DMS_ERROR, code);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_choice (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) ada = NULL;
  g_auto (GStrv) eve = NULL;
  g_autoptr (DmsSigner) before = NULL;
  g_autoptr (DmsSigner) by_primary = NULL;
  g_autoptr (DmsSigner) by_subkey = NULL;
  g_autoptr (DmsToken) token = NULL;
  g_autoptr (GError) error = NULL;

  if (!f->usable)
    return;
  before = open_signer ("ada@example.org");
  assert_no_signer ("", DMS_ERROR_INVALID_ARGUMENT, "fingerprint");
  assert_no_signer ("Ada", DMS_ERROR_INVALID_ARGUMENT, "fingerprint");
  assert_no_signer ("--list-keys", DMS_ERROR_INVALID_ARGUMENT, "fingerprint");
  assert_no_signer ("da@example.org", DMS_ERROR_NOT_FOUND, "no usable secret key");
  assert_no_signer ("0000000000000000000000000000000000000000", DMS_ERROR_NOT_FOUND, "no usable secret key");

  g_assert_true (make_key ("Rob <rob@example.org>", "rsa2048", "sign,cert"));
  assert_no_signer ("rob@example.org", DMS_ERROR_NOT_SUPPORTED, "Ed25519");
  g_assert_true (make_key ("Nist <nist@example.org>", "nistp256", "sign,cert"));
  assert_no_signer ("nist@example.org", DMS_ERROR_NOT_SUPPORTED, "nistp256");
  g_assert_true (make_key ("Cert <cert@example.org>", "ed25519", "cert"));
  assert_no_signer ("cert@example.org", DMS_ERROR_NOT_FOUND, "can sign");
  g_assert_true (make_key ("Eve <eve@example.org>", "ed25519", "cert"));
  eve = list_fingerprints ("eve@example.org");
  add_subkey (eve[0], "ed25519", "sign");
  g_strfreev (eve);
  eve = list_fingerprints ("eve@example.org");

  /* The subkey is the identity, whichever of the two names it. */
  by_primary = open_signer (eve[0]);
  by_subkey = open_signer (eve[1]);
  g_assert_cmpstr (dms_openpgp_signer_get_fingerprint (DMS_OPENPGP_SIGNER (by_primary)), ==, eve[1]);
  g_assert_cmpstr (dms_openpgp_signer_get_fingerprint (DMS_OPENPGP_SIGNER (by_subkey)), ==, eve[1]);
  g_assert_true (dms_did_equal (dms_signer_get_did (by_primary), dms_signer_get_did (by_subkey)));
  token = dms_token_new_by_signer (by_primary, DMS_TOKEN_ACTION_DELEGATE, dms_signer_get_did (before), NULL,
                                   NULL,
                                   CAPS ("/dms"), FAR, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dms_token_check_signature (token));

  /* gpg would take a newer subkey: nothing is signed under another identity than asked for. */
  ada = list_fingerprints ("ada@example.org");
  add_subkey (ada[0], "ed25519", "sign");
  g_clear_pointer (&token, dms_token_unref);
  token = dms_token_new_by_signer (before, DMS_TOKEN_ACTION_DELEGATE, dms_signer_get_did (by_primary), NULL,
                                   NULL,
                                   CAPS ("/dms"), FAR, 0, NULL, &error);
  g_assert_null (token);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);

  g_assert_true (make_key ("Other Ada <ada@example.org>", "ed25519", "sign,cert"));
  assert_no_signer ("ada@example.org", DMS_ERROR_INVALID_ARGUMENT, "2 OpenPGP keys");
}

/* A module that is missing, or that is none, is named. */
static void
test_module (void)
{
  g_autofree char *saved = g_strdup (g_getenv ("DMS_MODULE_PATH"));
  g_autofree char *folder = g_dir_make_tmp ("dms-openpgp-module-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "libdms-gnupg.so", NULL);
  g_autoptr (GBytes) plain = g_bytes_new_static ("text", 4);
  g_autoptr (GError) error = NULL;

  g_setenv ("DMS_MODULE_PATH", folder, TRUE);
  assert_no_signer ("ada@example.org", DMS_ERROR_UNAVAILABLE, "there is no such file");
  assert_no_signer ("ada@example.org", DMS_ERROR_UNAVAILABLE, file);
  g_assert_null (dms_openpgp_cipher_encrypt (plain, CAPS ("ada@example.org"), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_null (dms_openpgp_cipher_decrypt (plain, 16, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);

  g_assert_true (g_file_set_contents (file, "no module", -1, NULL));
  assert_no_signer ("ada@example.org", DMS_ERROR_UNAVAILABLE, "cannot be used");

  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_setenv ("DMS_MODULE_PATH", saved != NULL ? saved : "", TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/openpgp/issue", Fixture, NULL, set_up, test_issue, tear_down);
  g_test_add ("/openpgp/crossing", Fixture, NULL, set_up, test_crossing, tear_down);
  g_test_add ("/openpgp/show", Fixture, NULL, set_up, test_show, tear_down);
  g_test_add ("/openpgp/choice", Fixture, NULL, set_up, test_choice, tear_down);
  g_test_add_func ("/openpgp/module", test_module);
  return g_test_run ();
}
