/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The file of a capability context, and token lists as they come. */

#include "capability/dms-capability-context.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define FAR G_GUINT64_CONSTANT (4102444800000000000)

typedef struct
{
  char *directory;
  char *path;
  DmsKey *key;
  DmsKey *other;
  DmsCapabilityContext *context;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("dms-capability-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "cap", "dms.cap", NULL);
  f->key = dms_key_generate ();
  f->other = dms_key_generate ();
  f->context = dms_capability_context_new (dms_key_get_did (f->key), f->key);
}

static void
remove_all (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_all (path);
      else
        g_unlink (path);
    }
  g_rmdir (directory);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_all (f->directory);
  g_free (f->directory);
  g_free (f->path);
  dms_key_unref (f->key);
  dms_key_unref (f->other);
  g_object_unref (f->context);
}

static DmsToken *
make_token (DmsKey *from, DmsKey *to, guint64 expiry_ns)
{
  const char *const caps[] = { "/dms", NULL };

  return dms_token_new_signed (from, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (to), NULL, NULL, caps,
                               expiry_ns, 0,
                               NULL);
}

static void
fill (Fixture *f)
{
  g_autoptr (DmsToken) require = make_token (f->key, f->other, FAR);
  g_autoptr (DmsToken) provide = make_token (f->other, f->key, FAR);
  g_autoptr (DmsToken) revoke = dms_token_new_revocation (f->key, require, NULL);
  g_autoptr (DmsTokenList) requires = dms_token_list_new_single (require);
  g_autoptr (DmsTokenList) provides = dms_token_list_new_single (provide);
  g_autoptr (DmsTokenList) revokes = dms_token_list_new_single (revoke);

  g_assert_true (dms_capability_context_anchor_root (f->context, dms_key_get_did (f->other), NULL));
  g_assert_true (dms_capability_context_anchor_require (f->context, requires, NULL));
  g_assert_true (dms_capability_context_anchor_provide (f->context, provides, NULL));
  g_assert_true (dms_capability_context_anchor_revoke (f->context, revokes, NULL));
}

static guint
count (DmsTokenList *list)
{
  guint size = dms_token_list_get_size (list);

  dms_token_list_unref (list);
  return size;
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCapabilityContext) loaded = NULL;
  g_autoptr (GPtrArray) roots = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again = NULL;
  struct stat info;

  fill (f);
  g_assert_true (dms_capability_context_save (f->context, f->path, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  loaded = dms_capability_context_load (f->path, f->key, &error);
  g_assert_no_error (error);
  roots = dms_capability_context_dup_roots (loaded);
  g_assert_cmpuint (roots->len, ==, 1);
  g_assert_cmpuint (count (dms_capability_context_dup_require (loaded)), ==, 1);
  g_assert_cmpuint (count (dms_capability_context_dup_provide (loaded)), ==, 1);
  g_assert_cmpuint (count (dms_capability_context_dup_revoke (loaded)), ==, 1);
  text = dms_capability_context_to_string (f->context);
  again = dms_capability_context_to_string (loaded);
  g_assert_cmpstr (text, ==, again);
  g_assert_true (g_str_has_suffix (text, "}\n"));
  g_assert_null (strchr (text, ' '));
  g_assert_true (strchr (text, '\n') == text + strlen (text) - 1);
}

static guint
count_versions (Fixture *f)
{
  g_autofree char *directory = g_path_get_dirname (f->path);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  guint found = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "dms.cap."))
      {
        found++;
        g_assert_cmpuint (strspn (name + strlen ("dms.cap."), "0123456789"), ==,
                          strlen (name) - strlen ("dms.cap."));
      }
  return found;
}

static void
test_previous_version (Fixture *f, gconstpointer data)
{
  g_autofree char *first = dms_capability_context_to_string (f->context);
  g_autofree char *kept_path = NULL;
  g_autofree char *kept = NULL;
  gint64 before, after;

  g_assert_true (dms_capability_context_save (f->context, f->path, NULL));
  g_assert_cmpuint (count_versions (f), ==, 0);
  fill (f);
  do
    {
      before = g_get_real_time () / G_USEC_PER_SEC;
      g_assert_true (dms_capability_context_save (f->context, f->path, NULL));
      after = g_get_real_time () / G_USEC_PER_SEC;
    }
  while (before != after && count_versions (f) < 1);
  g_assert_cmpuint (count_versions (f), ==, 1);
  kept_path = g_strdup_printf ("%s.%" G_GINT64_FORMAT, f->path, after);
  if (before == after)
    {
      g_assert_true (g_file_get_contents (kept_path, &kept, NULL, NULL));
      g_assert_cmpstr (kept, ==, first);
    }
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCapabilityContext) loaded = NULL;

  g_assert_true (dms_capability_context_save (f->context, f->path, NULL));
  loaded = dms_capability_context_load (f->path, f->key, NULL);
  fill (f);
  g_assert_true (dms_capability_context_save (f->context, f->path, NULL));
  g_assert_true (dms_capability_context_reload (loaded, f->path, &error));
  g_assert_cmpuint (count (dms_capability_context_dup_require (loaded)), ==, 1);
  /* A damaged file changes nothing. */
  g_assert_true (g_file_set_contents (f->path, "{\"did\":", -1, NULL));
  g_assert_false (dms_capability_context_reload (loaded, f->path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  g_assert_cmpuint (count (dms_capability_context_dup_require (loaded)), ==, 1);
}

static void
test_owner (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_capability_context_save (f->context, f->path, NULL));
  g_assert_null (dms_capability_context_load (f->path, f->other, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
}

static void
test_expired_dropped (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) old = make_token (f->key, f->other, 1);
  g_autoptr (DmsToken) current = make_token (f->key, f->other, FAR);
  g_autofree char *old_text = dms_token_to_string (old);
  g_autofree char *current_text = dms_token_to_string (current);
  g_autofree char *text
    = g_strdup_printf ("{\"did\":{\"uri\":\"%s\"},\"require\":{\"tok\":[%s,%s]}}",
                       dms_did_get_uri (dms_key_get_did (f->key)), old_text, current_text);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCapabilityContext) loaded
    = dms_capability_context_new_from_data (text, strlen (text), "here", f->key, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (count (dms_capability_context_dup_require (loaded)), ==, 1);
}

/* A token that somebody wrote into the file without its issuer's signature gives nothing. */
static void
test_forged_anchor (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsToken) token = make_token (f->key, f->other, FAR);
  g_autofree char *token_text = dms_token_to_string (token);
  g_autoptr (GString) forged = g_string_new (token_text);
  g_autofree char *text = NULL;
  g_autoptr (DmsCapabilityContext) loaded = NULL;
  g_autofree char *id = dms_key_dup_id_pub (f->other);
  g_autofree char *own_id = dms_key_dup_id_pub (f->key);
  g_autoptr (DmsCapabilityContext) user = dms_capability_context_new (dms_key_get_did (f->other), f->other);
  const char *const caps[] = { "/", NULL };
  g_autoptr (GBytes) tokens = NULL;
  guint64 interaction;

  g_string_replace (forged, "\"/dms\"", "\"/\"", 1);
  text = g_strdup_printf ("{\"did\":{\"uri\":\"%s\"},\"require\":{\"tok\":[%s]}}",
                          dms_did_get_uri (dms_key_get_did (f->key)), forged->str);
  loaded = dms_capability_context_new_from_data (text, strlen (text), "here", f->key, NULL);
  tokens = dms_capability_context_provide (user, id, own_id, dms_key_get_did (f->key), FAR, caps, NULL, NULL);
  interaction = dms_capability_context_consume (loaded, dms_key_get_did (f->other), tokens, NULL);
  g_assert_false (dms_capability_context_require (loaded, interaction, id, own_id, "/x", NULL));
}

static void
test_lenient (Fixture *f, gconstpointer data)
{
  static const char *const tails[] = {
    "", ",\"roots\":null,\"require\":null,\"provide\":{},\"revoke\":{\"tok\":null}",
    ",\"ROOTS\":[],\"new\":{\"a\":[]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *text
        = g_strdup_printf ("{\"did\":{\"uri\":\"%s\"}%s}", dms_did_get_uri (dms_key_get_did (f->key)),
                           tails[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsCapabilityContext) loaded
        = dms_capability_context_new_from_data (text, strlen (text), "here", f->key, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (count (dms_capability_context_dup_revoke (loaded)), ==, 0);
    }
}

static void
test_damaged (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "", "null", "[]", "{}", "{\"did\":{}}", "{\"did\":5}",
                                     "{\"did\":{\"uri\":\"x\"}}",
                                     "{\"did\":null,\"roots\":{}}" };
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_capability_context_new_from_data (bad[i], strlen (bad[i]), "“here”", NULL, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      g_assert_nonnull (strstr (error->message, "“here”"));
    }
  fill (f);
  text = dms_capability_context_to_string (f->context);
  for (gsize size = 0; size < strlen (text) - 1; size += 11)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dms_capability_context_new_from_data (text, size, "here", f->key, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
    }
}

static void
test_lists (void)
{
  static const struct
  {
    const char *text;
    int size;
  } cases[] = {
    { "", 0 },
    { "{}", 0 },
    { "null", 0 },
    { "{\"tok\":null}", 0 },
    { "{\"tok\":[]}", 0 },
    { "{\"tok\":[null]}", 0 },
    { "{\"tok\":[{}]}", 0 },
    { "{\"tok\":[{\"ucan\":{\"x\":1}}]}", 0 },
    { "{\"TOK\":[{\"dms\":{\"act\":\"invoke\"}}]}", 1 },
    { "{\"dms\":{\"act\":\"invoke\"}}", 1 },
    { "[]", -1 },
    { "{\"tok\":{}}", -1 },
    { "{\"tok\":[1]}", -1 },
    { "{\"tok\":[{\"dms\":null}]}", -1 },
    { "{\"tok\":[{\"dms\":{}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"own\"}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"exp\":-1}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"exp\":1e3}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"cap\":\"/a\"}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"cap\":[1]}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"nonce\":\"?\"}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"chain\":{}}}]}", -1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"chain\":null}}]}", 1 },
    { "{\"tok\":[{\"dms\":{\"act\":\"invoke\",\"act\":\"delegate\"}}]}", -1 },
    { "{\"tok\":[]} ]", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsTokenList) list
        = dms_token_list_new_from_data (cases[i].text, strlen (cases[i].text), DMS_TOKEN_MAX_LIST_SIZE,
                                        &error);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (list != NULL ? (int) dms_token_list_get_size (list) : -1, ==, cases[i].size);
      if (list == NULL)
        g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* A chain longer than any message could carry is refused before it is walked. */
static void
test_long_chain (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 50; i++)
    g_string_append (text, "{\"dms\":{\"act\":\"delegate\",\"chain\":");
  g_string_append (text, "null");
  for (guint i = 0; i < 50; i++)
    g_string_append (text, "}}");
  g_assert_null (dms_token_new_from_data (text->str, text->len, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

int
main (int argc, char **argv)
{
  const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/capability-file/round-trip", test_round_trip },
    { "/capability-file/previous-version", test_previous_version },
    { "/capability-file/reload", test_reload },
    { "/capability-file/owner", test_owner },
    { "/capability-file/expired-dropped", test_expired_dropped },
    { "/capability-file/forged-anchor", test_forged_anchor },
    { "/capability-file/lenient", test_lenient },
    { "/capability-file/damaged", test_damaged },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  g_test_add_func ("/token-list/lists", test_lists);
  g_test_add_func ("/token-list/long-chain", test_long_chain);
  return g_test_run ();
}
