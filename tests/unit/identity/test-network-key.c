/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "identity/dms-network-key.h"

#define HEAD "/key/swarm/psk/1.0.0/\n"
#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static GBytes *
parse (const char *text, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);

  return dms_network_key_parse (bytes, error);
}

static void
check_good (const char *text, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = parse (text, size, &error);
  const guint8 *data = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (key), ==, DMS_NETWORK_KEY_SIZE);
  data = g_bytes_get_data (key, NULL);
  for (guint i = 0; i < DMS_NETWORK_KEY_SIZE; i++)
    g_assert_cmpuint (data[i], ==, i);
}

static void
check_bad (const char *text, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = parse (text, size, &error);

  g_assert_null (key);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_encodings (void)
{
  static const char *const good[] = {
    HEAD "/base16/\n" HEX "\n",
    HEAD "/base16/\n" HEX,
    "/key/swarm/psk/1.0.0/\r\n/base16/\r\n" HEX "\r\n",
    HEAD "/base16/\n000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n",
    HEAD "/base64/\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    HEAD "/base64/\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  };
  g_autoptr (GByteArray) binary = g_byte_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    check_good (good[i], strlen (good[i]));
  g_byte_array_append (binary, (const guint8 *) HEAD "/bin/\n", strlen (HEAD "/bin/\n"));
  for (guint8 i = 0; i < DMS_NETWORK_KEY_SIZE; i++)
    g_byte_array_append (binary, &i, 1);
  check_good ((const char *) binary->data, binary->len);
  check_bad ((const char *) binary->data, binary->len - 1);
  g_byte_array_append (binary, (const guint8 *) "\n", 1);
  check_good ((const char *) binary->data, binary->len);
  g_byte_array_append (binary, (const guint8 *) "\n", 1);
  check_bad ((const char *) binary->data, binary->len);
}

static void
test_damage (void)
{
  static const char *const bad[] = {
    "",
    "\n",
    HEX,
    "/key/swarm/psk/1.0.0/",
    HEAD,
    HEAD "/base16/",
    HEAD "/base16/\n",
    HEAD "/base16/\n" HEX "00\n",
    HEAD "/base16/\n" HEX "\n\n",
    HEAD "/base16/\n" HEX " \n",
    HEAD "/base16/\n00:01" HEX "\n",
    HEAD "/base32/\n" HEX "\n",
    HEAD "/base16/ \n" HEX "\n",
    "/key/swarm/psk/2.0.0/\n/base16/\n" HEX "\n",
    " " HEAD "/base16/\n" HEX "\n",
    HEAD "/base64/\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
    HEAD "/base64/\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=AA\n",
    HEAD "/base64/\nAAECAwQF\n",
    HEAD "/base16/\n0000000000000000000000000000000000000000000000000000000000000000\n",
  };
  const char *whole = HEAD "/base16/\n" HEX;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    check_bad (bad[i], strlen (bad[i]));
  for (gsize i = 0; i < strlen (whole); i++)
    check_bad (whole, i);
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("dms-network-key-XXXXXX", &error);
  g_autofree char *path = g_build_filename (directory, "below", "swarm.key", NULL);
  g_autofree char *below = g_path_get_dirname (path);
  g_autoptr (GBytes) key = dms_network_key_generate ();
  g_autoptr (GBytes) other = dms_network_key_generate ();
  g_autoptr (GBytes) read = NULL;
  GStatBuf info;

  g_assert_false (g_bytes_equal (key, other));
  g_assert_null (dms_network_key_read (path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (dms_network_key_write (path, key, &error));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  read = dms_network_key_read (path, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (read, key));

  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_null (dms_network_key_read (path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  g_assert_true (g_file_set_contents_full (path, "damaged", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_null (dms_network_key_read (path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, path));
  g_unlink (path);
  g_rmdir (below);
  g_rmdir (directory);
}

static void
test_fingerprint (void)
{
  g_autoptr (GBytes) key = parse (HEAD "/base16/\n" HEX, strlen (HEAD "/base16/\n" HEX), NULL);
  g_autoptr (GBytes) other = dms_network_key_generate ();
  g_autofree char *one = dms_network_key_dup_fingerprint (key);
  g_autofree char *again = dms_network_key_dup_fingerprint (key);
  g_autofree char *another = dms_network_key_dup_fingerprint (other);

  g_assert_cmpuint (strlen (one), ==, 32);
  g_assert_cmpstr (one, ==, again);
  g_assert_cmpstr (one, !=, another);
  g_assert_null (strstr (HEX, one));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/identity/network-key/encodings", test_encodings);
  g_test_add_func ("/identity/network-key/damage", test_damage);
  g_test_add_func ("/identity/network-key/file", test_file);
  g_test_add_func ("/identity/network-key/fingerprint", test_fingerprint);
  return g_test_run ();
}
