/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-signing.h"
#include "cli/dms-cli-verbs.h"
#include "common/dms-file.h"
#include "identity/dms-key-backup.h"
#include "identity/dms-openpgp-cipher.h"

#define MAX_FILE_SIZE (64 * 1024 * 1024)

/* One context on its way back to its files. */
typedef struct
{
  const char *name;
  GBytes *key;
  DmsCapabilityContext *capabilities;
  char *key_path;
} Item;

static void
item_free (Item *item)
{
  g_clear_object (&item->capabilities);
  g_free (item->key_path);
  g_free (item);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Item, item_free)

/* Everything is checked before anything is written. */
static Item *
prepare_item (DmsCliCall *call, DmsKeyBackup *backup, guint index, GError **error)
{
  g_autoptr (Item) item = g_new0 (Item, 1);
  GBytes *capabilities = dms_key_backup_get_capabilities (backup, index);

  item->name = dms_key_backup_get_name (backup, index);
  item->key = dms_key_backup_get_key (backup, index);
  item->key_path = dms_cli_call_dup_key_path (call, item->name, error);
  if (item->key_path == NULL)
    return NULL;
  if (capabilities != NULL)
    {
      item->capabilities
        = dms_capability_context_new_from_data (g_bytes_get_data (capabilities, NULL),
                                                g_bytes_get_size (capabilities), item->name, NULL, error);
      if (item->capabilities == NULL)
        return NULL;
    }
  return g_steal_pointer (&item);
}

static GPtrArray *
prepare (DmsCliCall *call, DmsKeyBackup *backup, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);

  for (guint i = 0; i < dms_key_backup_get_size (backup); i++)
    {
      Item *item = prepare_item (call, backup, i, error);

      if (item == NULL)
        return NULL;
      g_ptr_array_add (items, item);
    }
  return g_steal_pointer (&items);
}

static DmsKeyBackup *
open_backup (const char *path, GError **error)
{
  g_autoptr (GBytes) cipher = dms_file_read (path, MAX_FILE_SIZE, error);
  g_autoptr (GBytes) plain = NULL;
  DmsKeyBackup *backup;

  if (cipher == NULL)
    return NULL;
  dms_cli_signing_prepare_terminal ();
  plain = dms_openpgp_cipher_decrypt (cipher, DMS_KEY_BACKUP_MAX_SIZE, error);
  backup = plain != NULL ? dms_key_backup_new_from_bytes (plain, error) : NULL;
  if (backup == NULL)
    g_prefix_error (error, _ ("cannot restore from “%s”: "), path);
  return backup;
}

/* Shows what would be restored, and of it what would be overwritten. */
static gboolean
confirm (DmsCliCall *call, GPtrArray *items, GError **error)
{
  guint overwritten = 0;
  g_autofree char *question = NULL;

  for (guint i = 0; i < items->len; i++)
    {
      Item *item = g_ptr_array_index (items, i);
      g_autoptr (GPtrArray) roots
        = item->capabilities != NULL ? dms_capability_context_dup_roots (item->capabilities) : NULL;
      g_autofree char *cap_path = dms_cli_call_dup_cap_path (call, item->name, error);

      if (cap_path == NULL)
        return FALSE;
      overwritten += item->key != NULL && g_file_test (item->key_path, G_FILE_TEST_EXISTS);
      overwritten += item->capabilities != NULL && g_file_test (cap_path, G_FILE_TEST_EXISTS);
      dms_cli_call_note (call, _ ("%s: %s%s\n"), item->name,
                         item->capabilities != NULL
                           ? dms_did_get_uri (dms_capability_context_get_did (item->capabilities))
                           : _ ("a key without capabilities"),
                         item->key != NULL ? "" : _ (", without a key file"));
      for (guint j = 0; roots != NULL && j < roots->len; j++)
        dms_cli_call_note (call, _ ("  trusts %s without limit\n"),
                           dms_did_get_uri (g_ptr_array_index (roots, j)));
    }
  if (dms_cli_call_get_bool (call, "yes"))
    return TRUE;
  question = overwritten > 0
               ? g_strdup_printf (_ ("%u files that are there will be OVERWRITTEN. Anybody can have made "
                                     "this "
                                     "backup: is it yours?"),
                                  overwritten)
               : g_strdup (_ ("Anybody can have made this backup: is it yours?"));
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static gboolean
write_item (DmsCliCall *call, Item *item, GError **error)
{
  if (item->key != NULL
      && !dms_file_write_private (item->key_path, g_bytes_get_data (item->key, NULL),
                                  g_bytes_get_size (item->key), error))
    return FALSE;
  if (item->capabilities == NULL)
    {
      dms_cli_call_print (call, "%s\n", item->name);
      return TRUE;
    }
  if (!dms_cli_identity_save_capabilities (call, item->name, item->capabilities, error))
    return FALSE;
  dms_cli_call_print (call, "%s\t%s\n", item->name,
                      dms_did_get_uri (dms_capability_context_get_did (item->capabilities)));
  return TRUE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  g_autoptr (DmsKeyBackup) backup = open_backup (dms_cli_call_get_arg (call, 0), error);
  g_autoptr (GPtrArray) items = backup != NULL ? prepare (call, backup, error) : NULL;

  if (items == NULL || !confirm (call, items, error))
    return FALSE;
  for (guint i = 0; i < items->len; i++)
    if (!write_item (call, g_ptr_array_index (items, i), error))
      return FALSE;
  return TRUE;
}

static const DmsCliFlag flags[] = {
  { "yes", 'y', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, N_ ("do not ask, also before overwriting") },
  { NULL },
};

const DmsCliVerb dms_verb_key_restore = {
  .path = "key restore",
  .arguments = "<file>",
  .summary = N_ ("bring back contexts from a backup"),
  .description
    = N_ ("Opens what “key backup” wrote, shows whose identities are in it and whom they trust, asks, "
                     "and writes their files. A backup is encrypted, not signed: whoever knows your "
                     "OpenPGP key "
                     "can make one, so look at what it says."),
  .examples = "  nunet key restore identities.gpg\n",
  .flags = flags,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
