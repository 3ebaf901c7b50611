/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "identity/dms-key-backup.h"
#include "identity/dms-key-file.h"

static GBytes *
make_key_file (const char *name)
{
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (GError) error = NULL;
  char *text = dms_key_file_seal (key, name, "passphrase", 2, &error);

  g_assert_no_error (error);
  return g_bytes_new_take (text, strlen (text));
}

static void
test_round_trip (void)
{
  g_autoptr (GBytes) key = make_key_file ("user");
  g_autoptr (GBytes) capabilities = g_bytes_new_static ("{}\n", 3);
  g_autoptr (DmsKeyBackup) made = dms_key_backup_new ();
  g_autoptr (DmsKeyBackup) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_key_backup_add (made, "user", key, capabilities, &error));
  g_assert_true (dms_key_backup_add (made, "gpg-0123", NULL, capabilities, &error));
  g_assert_true (dms_key_backup_add (made, "äöü \" ", key, NULL, &error));
  g_assert_no_error (error);
  bytes = dms_key_backup_to_bytes (made);
  read = dms_key_backup_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dms_key_backup_get_size (read), ==, 3);
  g_assert_cmpstr (dms_key_backup_get_name (read, 2), ==, "äöü \" ");
  g_assert_true (g_bytes_equal (dms_key_backup_get_key (read, 0), key));
  g_assert_true (g_bytes_equal (dms_key_backup_get_capabilities (read, 0), capabilities));
  g_assert_null (dms_key_backup_get_key (read, 1));
  g_assert_null (dms_key_backup_get_capabilities (read, 2));
  again = dms_key_backup_to_bytes (read);
  g_assert_true (g_bytes_equal (bytes, again));
}

static void
test_add (void)
{
  g_autoptr (DmsKeyBackup) backup = dms_key_backup_new ();
  g_autoptr (GBytes) capabilities = g_bytes_new_static ("{}\n", 3);
  g_autoptr (GBytes) large = g_bytes_new_take (g_malloc0 (8 * 1024 * 1024 + 1), 8 * 1024 * 1024 + 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_key_backup_add (backup, "a", NULL, capabilities, NULL));
  g_assert_false (dms_key_backup_add (backup, "a", NULL, capabilities, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_key_backup_add (backup, "b", NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_key_backup_add (backup, "b", NULL, large, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (dms_key_backup_add (backup, "b", capabilities, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  g_clear_error (&error);
  for (guint i = 1; i < 64; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      g_assert_true (dms_key_backup_add (backup, name, NULL, capabilities, NULL));
    }
  g_assert_false (dms_key_backup_add (backup, "one-more", NULL, capabilities, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

static void
test_refusals (void)
{
  static const char *bad[] = {
    "",
    "null",
    "[]",
    "{}",
    "{\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":0,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":2,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":\"1\",\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1}",
    "{\"dms-backup\":1,\"contexts\":null}",
    "{\"dms-backup\":1,\"contexts\":{}}",
    "{\"dms-backup\":1,\"contexts\":[]}",
    "{\"dms-backup\":1,\"contexts\":[null]}",
    "{\"dms-backup\":1,\"contexts\":[{}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"../a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a/b\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\".a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\\u001b[2J\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"name\":\"b\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"key\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"},{\"name\":\"a\",\"cap\":\"e30=\"}]}",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]}x",
    "{\"dms-backup\":1,\"contexts\":[{\"name\":\"a\",\"cap\":\"e30=\"}]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (bad[i], strlen (bad[i]));
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsKeyBackup) backup = dms_key_backup_new_from_bytes (bytes, &error);

      g_test_message ("%s: %s", bad[i], error != NULL ? error->message : "taken");
      g_assert_null (backup);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

static void
test_too_large (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_string_set_size (text, DMS_KEY_BACKUP_MAX_SIZE + 1);
  memset (text->str, ' ', text->len);
  bytes = g_bytes_new (text->str, text->len);
  g_assert_null (dms_key_backup_new_from_bytes (bytes, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/key-backup/round-trip", test_round_trip);
  g_test_add_func ("/key-backup/add", test_add);
  g_test_add_func ("/key-backup/refusals", test_refusals);
  g_test_add_func ("/key-backup/too-large", test_too_large);
  return g_test_run ();
}
