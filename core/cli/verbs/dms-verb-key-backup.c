/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"
#include "identity/dms-key-backup.h"
#include "identity/dms-openpgp-cipher.h"

#define MAX_KEY_SIZE (64 * 1024)
#define MAX_CAPABILITIES_SIZE (8 * 1024 * 1024)

/* NULL without an error when there is no such file. */
static GBytes *
read_if_there (const char *path, gsize max, GError **error)
{
  return g_file_test (path, G_FILE_TEST_EXISTS) ? dms_file_read (path, max, error) : NULL;
}

/* An OpenPGP identity has a capability file, and no key file. */
static gboolean
add_context (DmsCliCall *call, DmsKeyBackup *backup, const char *name, GError **error)
{
  g_autofree char *cap_path = dms_cli_call_dup_cap_path (call, name, error);
  g_autofree char *key_path = NULL;
  g_autofree char *file = cap_path != NULL ? g_path_get_basename (cap_path) : NULL;
  g_autoptr (GBytes) key = NULL;
  g_autoptr (GBytes) capabilities = NULL;
  g_autoptr (GError) local = NULL;

  if (file == NULL)
    return FALSE;
  if (!dms_cli_call_is_openpgp (name))
    {
      key_path = dms_cli_call_dup_key_path (call, name, error);
      key = key_path != NULL ? read_if_there (key_path, MAX_KEY_SIZE, &local) : NULL;
    }
  if (local == NULL)
    capabilities = read_if_there (cap_path, MAX_CAPABILITIES_SIZE, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (key == NULL && capabilities == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND, _ ("there is no context “%s” to back up"), name);
      return FALSE;
    }
  /* The name of the files: without “.cap”. */
  file[strlen (file) - strlen (".cap")] = '\0';
  return dms_key_backup_add (backup, file, key, capabilities, error);
}

static gboolean
may_write (DmsCliCall *call, const char *path, GError **error)
{
  g_autofree char *question = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) || dms_cli_call_get_bool (call, "force"))
    return TRUE;
  question = g_strdup_printf (_ ("Overwrite “%s”?"), path);
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "output");
  g_autoptr (DmsKeyBackup) backup = dms_key_backup_new ();
  g_autoptr (GBytes) plain = NULL;
  g_autoptr (GBytes) cipher = NULL;

  for (guint i = 0; i < dms_cli_call_get_n_args (call); i++)
    if (!add_context (call, backup, dms_cli_call_get_arg (call, i), error))
      return FALSE;
  plain = dms_key_backup_to_bytes (backup);
  if (g_bytes_get_size (plain) > DMS_KEY_BACKUP_MAX_SIZE)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                           _ ("these contexts are too large for one backup; make several"));
      return FALSE;
    }
  cipher = dms_openpgp_cipher_encrypt (plain, dms_cli_call_get_strv (call, "to"), error);
  if (cipher == NULL || !may_write (call, path, error)
      || !dms_file_write_private (path, g_bytes_get_data (cipher, NULL), g_bytes_get_size (cipher), error))
    return FALSE;
  dms_cli_call_print (call, _ ("%u contexts are in “%s”; “nunet key restore” brings them back\n"),
                      dms_key_backup_get_size (backup), path);
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "to", 0, DMS_CLI_FLAG_STRING_ARRAY, TRUE, NULL, "OpenPGP key",
    N_ ("who can open it: a fingerprint, key ID or e-mail address; may be repeated") },
  { "output", 'o', DMS_CLI_FLAG_STRING, TRUE, NULL, "file", N_ ("where to write it") },
  { "force", 'f', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("overwrite without asking") },
  { NULL },
};

const DmsCliVerb dms_verb_key_backup = {
  .path = "key backup",
  .arguments = "<name>…",
  .summary = N_ ("write contexts to a file that only an OpenPGP key opens"),
  .description = N_ ("Takes the key files and capability files of contexts into one file, encrypted by gpg. "
                     "Nothing is written in clear on the way. The keys stay under their passphrases as "
                     "well, so "
                     "to use them again takes both the OpenPGP key and the passphrase."),
  .examples = "  nunet key backup dms user --to me@example.org -o identities.gpg\n",
  .flags = flags,
  .min_args = 1,
  .max_args = -1,
  .run = run,
};
