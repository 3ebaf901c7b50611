/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <sodium.h>
#include <string.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"

#define MAX_SIZE 128

static DmsKey *
parse_key (const char *text, GError **error)
{
  guint8 *data = sodium_init () >= 0 ? sodium_malloc (MAX_SIZE) : NULL;
  gsize size = 0;
  DmsKey *key = NULL;

  if (data == NULL || sodium_hex2bin (data, MAX_SIZE, text, strlen (text), NULL, &size, NULL) != 0)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                         _ ("a key to import is written in hexadecimal digits, at most 256 of them"));
  else if (size == DMS_KEY_SEED_SIZE)
    key = dms_key_new_from_seed (data);
  else
    key = dms_key_new_from_protobuf (data, size, error);
  sodium_free (data);
  return key;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *name = dms_cli_call_get_arg (call, 0);
  g_autoptr (DmsKey) key = parse_key (dms_cli_call_get_arg (call, 1), error);

  if (key == NULL || !dms_cli_identity_confirm_new_key (call, name, error)
      || !dms_cli_identity_save_key (call, name, key, error))
    return FALSE;
  dms_cli_call_print (call, "%s\n", dms_did_get_uri (dms_key_get_did (key)));
  return TRUE;
}

const DmsCliVerb dms_verb_key_import = {
  .path = "key import",
  .arguments = "<name> <hex>",
  .summary = N_ ("keep a key that was made elsewhere"),
  .description = N_ ("Takes an Ed25519 key in hexadecimal digits: libp2p's form of a private key, or the "
                     "32 bytes of a seed. Other programs of this machine can see it on the command line "
                     "while this runs; clear it from the shell's history as well."),
  .examples = "  nunet key import org 08011240…\n",
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
