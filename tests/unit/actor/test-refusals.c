/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gstdio.h>

#include "actor/dms-refusals.h"
#include "observability/dms-log.h"

static gboolean
note (DmsRefusals *refusals, DmsRefusal refusal, const char *peer)
{
  return dms_refusals_note (refusals, refusal, NULL, peer, "root", NULL, "because");
}

static void
test_counts (void)
{
  g_autoptr (DmsRefusals) refusals = dms_refusals_new ();
  g_autoptr (JsonObject) object = NULL;
  JsonObject *rules;

  note (refusals, DMS_REFUSAL_EXPIRED, "a");
  note (refusals, DMS_REFUSAL_EXPIRED, NULL);
  dms_refusals_note (refusals, DMS_REFUSAL_NOT_AUTHORIZED, "too-deep", "a", "root", NULL, "because");
  g_assert_cmpuint (dms_refusals_get_count (refusals, DMS_REFUSAL_EXPIRED), ==, 2);
  g_assert_cmpuint (dms_refusals_get_count (refusals, DMS_REFUSAL_NOT_AUTHORIZED), ==, 1);
  g_assert_cmpuint (dms_refusals_get_count (refusals, DMS_REFUSAL_BUSY), ==, 0);
  g_assert_cmpuint (dms_refusals_get_count_of_rule (refusals, "too-deep"), ==, 1);
  g_assert_cmpuint (dms_refusals_get_count_of_rule (refusals, "revoked"), ==, 0);

  object = dms_refusals_to_json (refusals);
  g_assert_cmpint (json_object_get_int_member (object, "expired"), ==, 2);
  g_assert_false (json_object_has_member (object, "busy"));
  rules = json_object_get_object_member (object, "rules");
  g_assert_cmpint (json_object_get_int_member (rules, "too-deep"), ==, 1);
}

/* The first are explained, a flood is one line; others are still heard. */
static void
test_flood (void)
{
  g_autoptr (DmsRefusals) refusals = dms_refusals_new ();
  guint lines = 0;

  for (guint i = 0; i < 10000; i++)
    lines += note (refusals, DMS_REFUSAL_BAD_SIGNATURE, "flood") ? 1 : 0;
  g_assert_cmpuint (lines, ==, DMS_REFUSALS_LINES_PER_SENDER);
  g_assert_true (note (refusals, DMS_REFUSAL_BAD_SIGNATURE, "quiet"));
  g_assert_true (note (refusals, DMS_REFUSAL_EXPIRED, "flood"));
  g_assert_cmpuint (dms_refusals_get_count (refusals, DMS_REFUSAL_BAD_SIGNATURE), ==, 10001);
  g_assert_cmpuint (dms_refusals_sum_up (refusals), ==, 1);
  g_assert_cmpuint (dms_refusals_sum_up (refusals), ==, 0);
  g_assert_true (note (refusals, DMS_REFUSAL_BAD_SIGNATURE, "flood"));
}

/* A new name with each message buys no more lines than one reason gets, nor memory. */
static void
test_many_names (void)
{
  g_autoptr (DmsRefusals) refusals = dms_refusals_new ();
  guint lines = 0;

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *name = g_strdup_printf ("name %u", i);

      lines += note (refusals, DMS_REFUSAL_BAD_SIGNATURE, name) ? 1 : 0;
    }
  g_assert_cmpuint (lines, ==, DMS_REFUSALS_LINES_PER_REASON);
  g_assert_true (note (refusals, DMS_REFUSAL_REPLAYED, "name 1"));
  g_assert_cmpuint (dms_refusals_sum_up (refusals), <=, 258);
}

static void
test_many_rules (void)
{
  g_autoptr (DmsRefusals) refusals = dms_refusals_new ();
  g_autoptr (JsonObject) object = NULL;

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *rule = g_strdup_printf ("rule %u", i);

      dms_refusals_note (refusals, DMS_REFUSAL_NOT_AUTHORIZED, rule, "a", "root", NULL, "because");
    }
  object = dms_refusals_to_json (refusals);
  g_assert_cmpuint (json_object_get_size (json_object_get_object_member (object, "rules")), ==, 64);
}

/* What reaches the log file: reason and rule, and in the end the number of the rest. */
static void
test_log (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dms-refusals-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "log", NULL);
  g_autoptr (DmsLogFile) file = dms_log_file_open (path, 1024 * 1024, 1, 1, &error);
  g_autoptr (DmsLog) log = dms_log_new ();
  DmsRefusals *refusals = dms_refusals_new ();
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  dms_log_set_console (log, FALSE);
  dms_log_set_file (log, file);
  dms_log_install (log);
  for (guint i = 0; i < 105; i++)
    dms_refusals_note (refusals, DMS_REFUSAL_NOT_AUTHORIZED, "revoked", "12D3", "root", NULL, "because");
  dms_refusals_free (refusals);

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "\"not-authorized\""));
  g_assert_nonnull (strstr (text, "\"revoked\""));
  g_assert_nonnull (strstr (text, "\"100\""));
  g_assert_cmpuint (strlen (text), <, 4096);
  dms_log_set_file (log, NULL);
  g_remove (path);
  g_rmdir (folder);
}

static void
test_nicks (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < DMS_N_REFUSALS; i++)
    g_assert_true (g_hash_table_add (seen, (gpointer) dms_refusal_get_nick (i)));
}

static void
test_of_error (void)
{
  g_autoptr (GError) expired = g_error_new_literal (DMS_ERROR, DMS_ERROR_EXPIRED, "old");
  g_autoptr (GError) revoked = g_error_new_literal (DMS_ERROR, DMS_ERROR_REVOKED, "gone");
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "none");

  g_assert_cmpint (dms_refusal_of_error (expired), ==, DMS_REFUSAL_EXPIRED);
  g_assert_cmpint (dms_refusal_of_error (revoked), ==, DMS_REFUSAL_NOT_AUTHORIZED);
  g_assert_cmpint (dms_refusal_of_error (foreign), ==, DMS_REFUSAL_MALFORMED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/refusals/nicks", test_nicks);
  g_test_add_func ("/actor/refusals/of-error", test_of_error);
  g_test_add_func ("/actor/refusals/counts", test_counts);
  g_test_add_func ("/actor/refusals/flood", test_flood);
  g_test_add_func ("/actor/refusals/many-names", test_many_names);
  g_test_add_func ("/actor/refusals/many-rules", test_many_rules);
  g_test_add_func ("/actor/refusals/log", test_log);
  return g_test_run ();
}
