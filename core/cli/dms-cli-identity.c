/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"

#include <dms.h>

#include "identity/dms-keystore.h"

/**
 * dms_cli_identity_load_key:
 * @call: a call
 * @context: the name of a context
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): its key
 */
DmsKey *
dms_cli_identity_load_key (DmsCliCall *call, const char *context, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_key_path (call, context, error);
  g_autofree char *directory = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autoptr (DmsKeystore) keystore = NULL;
  char *passphrase;
  DmsKey *key;

  if (path == NULL)
    return NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
                   _ ("there is no key “%s”; make it with: nunet key new %s"), path, context);
      return NULL;
    }

  passphrase = dms_cli_call_read_passphrase (call, FALSE, error);
  if (passphrase == NULL)
    return NULL;

  keystore = dms_keystore_new (directory);
  key = dms_keystore_load (keystore, context, passphrase, error);
  dms_cli_passphrase_free (passphrase);

  return key;
}
