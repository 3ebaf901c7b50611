/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-keystore.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* Cheap enough for many tests; what is read back takes its cost from the file. */
#define TEST_COST 16

typedef struct
{
  char *directory;
  char *folder;
  DmsKeystore *keystore;
  DmsKey *key;
  char *path;
  char *text;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->directory = g_dir_make_tmp ("dms-keystore-XXXXXX", &error);
  g_assert_no_error (error);
  f->folder = g_build_filename (f->directory, "key", NULL);
  f->keystore = dms_keystore_new (f->folder);
  dms_keystore_set_cost (f->keystore, TEST_COST);
  f->key = dms_key_generate ();
  dms_keystore_save (f->keystore, "dms", f->key, "correct horse", &error);
  g_assert_no_error (error);
  f->path = dms_keystore_dup_path (f->keystore, "dms");
  g_assert_true (g_file_get_contents (f->path, &f->text, NULL, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) names = dms_keystore_list (f->keystore, NULL);

  for (guint i = 0; names[i] != NULL; i++)
    dms_keystore_remove (f->keystore, names[i], NULL);
  g_rmdir (f->folder);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_object_unref (f->keystore);
  dms_key_unref (f->key);
  g_free (f->directory);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->text);
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) loaded = dms_keystore_load (f->keystore, "dms", "correct horse", &error);
  struct stat info;

  g_assert_no_error (error);
  g_assert_true (dms_key_equal (loaded, f->key));
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (g_stat (f->folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
  g_assert_true (dms_keystore_has (f->keystore, "dms"));
  g_assert_false (dms_keystore_has (f->keystore, "other"));
}

static void
test_format (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *root, *crypto, *params;

  json_parser_load_from_data (parser, f->text, -1, &error);
  g_assert_no_error (error);
  root = json_node_get_object (json_parser_get_root (parser));
  crypto = json_object_get_object_member (root, "crypto");
  params = json_object_get_object_member (crypto, "kdfparams");
  g_assert_cmpstr (json_object_get_string_member (root, "id"), ==, "dms");
  g_assert_cmpint (json_object_get_int_member (root, "version"), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (crypto, "cipher"), ==, "aes-256-ctr");
  g_assert_cmpstr (json_object_get_string_member (crypto, "kdf"), ==, "scrypt");
  g_assert_cmpuint (strlen (json_object_get_string_member (crypto, "ciphertext")), ==, 68 * 2);
  g_assert_cmpuint (strlen (json_object_get_string_member (crypto, "mac")), ==, 64);
  g_assert_cmpuint (strlen (json_object_get_string_member (params, "salt")), ==, 128);
  g_assert_cmpint (json_object_get_int_member (params, "n"), ==, TEST_COST);
  g_assert_cmpint (json_object_get_int_member (params, "r"), ==, 8);
  g_assert_cmpint (json_object_get_int_member (params, "p"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (params, "dklen"), ==, 64);
  g_assert_true (g_str_has_prefix (f->text, "{\n  \"id\": \"dms\",\n  \"crypto\": {\n    \"cipher\""));
}

/* A key file computed by another implementation: hashlib's scrypt and sha3_256, and OpenSSL's AES. */
static void
test_foreign_file (Fixture *f, gconstpointer data)
{
  static const char file[]
    = "{\"id\": \"org\", \"crypto\": {\"cipher\": \"aes-256-ctr\", \"ciphertext\": \"3a64c0a22f9c"
      "1a36135ccf410725546c886f47599a49b016f45e2b6c8cf7c0079461599fb48183260411e09e0b0687d628d1e4"
      "519fc3e96738d81bb4a6cf880753da9746\", \"cipherparams\": {\"iv\": \"6465666768696a6b6c6d6e6"
      "f70717273\"}, \"kdf\": \"scrypt\", \"kdfparams\": {\"n\": 1024, \"r\": 8, \"p\": 1, \"dkle"
      "n\": 64, \"salt\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212"
      "2232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\"}, \"mac\": \"34a7d1f41dbcc01"
      "d428322cba2624110041331e1d620c6dee04dc0202083e991\"}, \"version\": 3}";
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) loaded = NULL;

  g_assert_true (g_file_set_contents (f->path, file, -1, NULL));
  loaded = dms_keystore_load (f->keystore, "dms", "passw\xc3\xb6rd", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_did_get_uri (dms_key_get_did (loaded)), ==,
                   "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9");
}

static void
test_wrong_passphrase (Fixture *f, gconstpointer data)
{
  static const char *const wrong[] = { "", "correct hors", "correct horse ", "Correct horse" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_keystore_load (f->keystore, "dms", wrong[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_PASSPHRASE);
      g_assert_nonnull (strstr (error->message, "decryption failed"));
      g_assert_nonnull (strstr (error->message, f->path));
      if (*wrong[i] != '\0')
        g_assert_null (strstr (error->message, wrong[i]));
    }
}

static void
test_missing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_keystore_load (f->keystore, "nobody", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_names (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "../../etc/passwd", "a\\b", "a\nb",
                                     "\xff" };
  g_autofree char *large = g_strnfill (129, 'x');
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (dms_keystore_check_name (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      g_assert_false (dms_keystore_save (f->keystore, bad[i], f->key, "x", NULL));
      g_assert_null (dms_keystore_load (f->keystore, bad[i], "x", NULL));
    }
  g_assert_false (dms_keystore_check_name (large, NULL));
  g_assert_true (dms_keystore_check_name ("node-1_b.c é", NULL));
  g_assert_true (dms_keystore_save (f->keystore, "b", f->key, "x", NULL));
  g_assert_true (dms_keystore_save (f->keystore, "a", f->key, "x", NULL));
  names = dms_keystore_list (f->keystore, NULL);
  g_assert_cmpuint (g_strv_length (names), ==, 3);
  g_assert_cmpstr (names[0], ==, "a");
  g_assert_cmpstr (names[2], ==, "dms");
}

static void
test_empty_passphrase (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_keystore_save (f->keystore, "new", f->key, "", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_assert_false (dms_keystore_has (f->keystore, "new"));
}

/* A file cut off anywhere is called damaged, by name, and never opens. */
static void
test_truncated (Fixture *f, gconstpointer data)
{
  for (gsize size = 0; size < strlen (f->text) - 2; size += 7)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_set_contents (f->path, f->text, (gssize) size, NULL));
      g_assert_null (dms_keystore_load (f->keystore, "dms", "correct horse", &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      g_assert_nonnull (strstr (error->message, f->path));
    }
}

/* With one digit of the ciphertext, the MAC or the salt changed, nothing opens. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  static const char *const members[] = { "\"ciphertext\": \"", "\"mac\": \"", "\"salt\": \"" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *text = g_strdup (f->text);
      char *digit = strstr (text, members[i]) + strlen (members[i]) + 9;
      g_autoptr (GError) error = NULL;

      *digit = *digit == '0' ? '1' : '0';
      g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
      g_assert_null (dms_keystore_load (f->keystore, "dms", "correct horse", &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_PASSPHRASE);
    }
}

/* What a file may ask of the machine is bounded, and what it does not say is not guessed. */
static void
test_hostile (Fixture *f, gconstpointer data)
{
  static const char *const changes[][2] = {
    { "\"n\": 16", "\"n\": 0" },
    { "\"n\": 16", "\"n\": 1" },
    { "\"n\": 16", "\"n\": 17" },
    { "\"n\": 16", "\"n\": 18446744073709551615" },
    { "\"n\": 16", "\"n\": 9223372036854775808" },
    { "\"n\": 16", "\"n\": 1073741824" },
    { "\"n\": 16", "\"n\": 2097152" },
    { "\"n\": 16", "\"n\": -16" },
    { "\"n\": 16", "\"n\": 16.5" },
    { "\"n\": 16", "\"n\": \"16\"" },
    { "\"r\": 8", "\"r\": 0" },
    { "\"r\": 8", "\"r\": 4294967296" },
    { "\"p\": 1", "\"p\": 0" },
    { "\"p\": 1", "\"p\": 1073741824" },
    { "\"dklen\": 64", "\"dklen\": 32" },
    { "\"dklen\": 64", "\"dklen\": 1000000000" },
    { "\"version\": 3", "\"version\": 1" },
    { "aes-256-ctr", "aes-128-ctr" },
    { "\"scrypt\"", "\"pbkdf2\"" },
    { "\"iv\"", "\"vi\"" },
    { "\"mac\"", "\"cam\"" },
    { "\"salt\"", "\"pepper\"" },
    { "\"ciphertext\"", "\"cleartext\"" },
    { "\"iv\": \"", "\"iv\": \"00" },
    { "\"mac\": \"", "\"mac\": \"zz" },
    { "\"version\": 3", "\"version\": 3, \"version\": 3" },
    { "\"crypto\": {", "\"crypto\": [{" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (GString) text = g_string_new (f->text);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", changes[i][1]);
      g_assert_cmpuint (g_string_replace (text, changes[i][0], changes[i][1], 1), ==, 1);
      g_assert_true (g_file_set_contents (f->path, text->str, -1, NULL));
      g_assert_null (dms_keystore_load (f->keystore, "dms", "correct horse", &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      g_assert_nonnull (strstr (error->message, f->path));
    }
}

static void
test_not_a_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (70000, ' ');

  g_assert_true (g_file_set_contents (f->path, large, -1, NULL));
  g_assert_null (dms_keystore_load (f->keystore, "dms", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_unlink (f->path);
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  g_assert_null (dms_keystore_load (f->keystore, "dms", "x", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
}

int
main (int argc, char **argv)
{
  const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/keystore/round-trip", test_round_trip },
    { "/keystore/format", test_format },
    { "/keystore/foreign-file", test_foreign_file },
    { "/keystore/wrong-passphrase", test_wrong_passphrase },
    { "/keystore/missing", test_missing },
    { "/keystore/names", test_names },
    { "/keystore/empty-passphrase", test_empty_passphrase },
    { "/keystore/truncated", test_truncated },
    { "/keystore/damaged", test_damaged },
    { "/keystore/hostile", test_hostile },
    { "/keystore/not-a-file", test_not_a_file },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
