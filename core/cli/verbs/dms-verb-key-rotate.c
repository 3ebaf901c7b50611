/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "capability/dms-capability-succession.h"
#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"

#define MAX_KEY_SIZE (64 * 1024)
#define MAX_OLD 100

/* A name for the context of the old key that nothing has yet; NULL with an error when the day has too many.
 * */
static char *
find_old_name (DmsCliCall *call, const char *name, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y%m%d");

  for (guint i = 1; i <= MAX_OLD; i++)
    {
      g_autofree char *old = i == 1 ? g_strdup_printf ("%s.old-%s", name, date)
                                    : g_strdup_printf ("%s.old-%s-%u", name, date, i);
      g_autofree char *key = dms_cli_call_dup_key_path (call, old, error);
      g_autofree char *capabilities = key != NULL ? dms_cli_call_dup_cap_path (call, old, error) : NULL;

      if (capabilities == NULL)
        return NULL;
      if (!g_file_test (key, G_FILE_TEST_EXISTS) && !g_file_test (capabilities, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&old);
    }
  g_set_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS,
               _ ("“%s” was changed %d times today; remove some of its old keys"), name, MAX_OLD);
  return NULL;
}

/* The old key goes on to be usable, with its capabilities, under the other name. */
static gboolean
keep_old (DmsCliCall *call, const char *name, const char *old_name, DmsCapabilityContext *old, GError **error)
{
  g_autofree char *from = dms_cli_call_dup_key_path (call, name, error);
  g_autofree char *to = from != NULL ? dms_cli_call_dup_key_path (call, old_name, error) : NULL;
  g_autoptr (GBytes) content = to != NULL ? dms_file_read (from, MAX_KEY_SIZE, error) : NULL;

  return content != NULL
         && dms_file_write_private (to, g_bytes_get_data (content, NULL), g_bytes_get_size (content), error)
         && dms_cli_identity_save_capabilities (call, old_name, old, error);
}

static gboolean
confirm (DmsCliCall *call, const char *name, DmsKey *key, GError **error)
{
  g_autofree char *question = NULL;

  if (dms_cli_call_get_bool (call, "yes"))
    return TRUE;
  question = g_strdup_printf (_ ("Replace the key “%s”, %s, by a new one?"), name,
                              dms_did_get_uri (dms_key_get_did (key)));
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

/* What the person and others have to do now. */
static void
print_notes (DmsCliCall *call, const char *name, const char *old_name, const DmsCapabilitySuccession *made)
{
  const char *old_did = dms_did_get_uri (dms_key_get_did (made->old_key));
  const char *new_did = dms_did_get_uri (dms_key_get_did (made->new_key));
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) end = g_date_time_add (now, (GTimeSpan) (made->overlap_ns / 1000));
  g_autofree char *date = end != NULL ? g_date_time_format (end, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");

  dms_cli_call_note (call, _ ("The old key is kept as the context “%s”.\n"), old_name);
  dms_cli_call_note (call, _ ("What it let others do here holds: %u tokens are made anew.\n"), made->renewed);
  if (made->overlap_ns > 0)
    dms_cli_call_note (call, _ ("%u rights are handed over until %s; until then, what begins with the old "
                                "key is accepted here.\n"),
                       made->handed_over, date);
  if (made->lost > 0)
    dms_cli_call_note (call, _ ("%u rights that others gave could not be handed over: ask for new ones.\n"),
                       made->lost);
  dms_cli_call_note (call, _ ("Wherever %s is trusted as a root, do%s%s:\n"
                              "  nunet cap anchor --context CONTEXT --root %s\n"
                              "  nunet cap remove --context CONTEXT --root %s\n"
                              "Ask those who gave this key rights to give them to the new one, and give new "
                              "tokens to those who hold some of the old one's. A service that runs as “%s” "
                              "takes the new key when it is started again, and has another peer ID then.\n"),
                     old_did, made->overlap_ns > 0 ? _ (" before ") : "", made->overlap_ns > 0 ? date : "",
                     new_did, old_did, name);
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  gint64 overlap = dms_cli_call_get_duration (call, "overlap");
  g_autoptr (DmsKey) old_key = NULL;
  g_autoptr (DmsKey) new_key = NULL;
  g_autoptr (DmsCapabilityContext) old = NULL;
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autofree char *old_name = NULL;
  DmsCapabilitySuccession succession;

  if (overlap < 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, _ ("--overlap cannot be negative"));
      return FALSE;
    }
  old_key = dms_cli_identity_load_key (call, name, error);
  old = old_key != NULL ? dms_cli_identity_load_capabilities (call, name, old_key, error) : NULL;
  if (old == NULL || !confirm (call, name, old_key, error))
    return FALSE;
  new_key = dms_key_generate ();
  succession = (DmsCapabilitySuccession) { old, old_key, new_key, (guint64) overlap, 0, 0, 0 };
  context = dms_capability_succession_make (&succession, error);
  old_name = context != NULL ? find_old_name (call, name, error) : NULL;
  if (old_name == NULL || !keep_old (call, name, old_name, old, error)
      || !dms_cli_identity_save_key (call, name, new_key, error))
    return FALSE;
  if (!dms_cli_identity_save_capabilities (call, name, context, error))
    {
      g_prefix_error (error, _ ("the new key is in place, but not its capabilities; all that was is in the "
                                "context “%s”: "),
                      old_name);
      return FALSE;
    }
  dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_key_get_did (new_key)));
  print_notes (call, name, old_name, &succession);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "overlap", 0, DMS_CLI_FLAG_DURATION, FALSE, "720h", "time",
    N_ ("how long the new key has the old one's rights; 0s when the old one may be in other hands") },
  { "yes", 'y', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("do not ask") },
  { NULL },
};

const DmsCliVerb dms_verb_key_rotate = {
  .path = "key rotate",
  .arguments = "<name>",
  .summary = N_ ("replace a key by a new one that takes over its rights"),
  .description
    = N_ ("Makes a new key for a context and prints its DID. The old key signs over to it, for the "
                     "time of --overlap, what it was given and what it may do in its own right; its roots "
                     "and "
                     "what it lets others do go on to hold, in tokens of the new key. That gives the others "
                     "time to put the new DID where the old one is. The old key is kept under another "
                     "name.\n\n"
                     "With --overlap 0s nothing is handed over, and the old key counts for nothing here any "
                     "more: that is for a key that was stolen. Tell others to revoke what they gave it."),
  .examples = "  nunet key rotate user\n"
              "  nunet key rotate org --overlap 168h\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
