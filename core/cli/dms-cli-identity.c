/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-identity.h"

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-key-cache.h"
#include "cli/dms-cli-signing.h"
#include "identity/dms-key-signer.h"
#include "identity/dms-keystore.h"
#include "identity/dms-openpgp-signer.h"

/* The most bytes of a token list on the command line. */
#define MAX_ARGUMENT (1024 * 1024)

/* The keystore that a key's path lies in. */
static DmsKeystore *
open_keystore (DmsCliCall *call, const char *name, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_key_path (call, name, error);
  g_autofree char *directory = path != NULL ? g_path_get_dirname (path) : NULL;

  return directory != NULL ? dms_keystore_new (directory) : NULL;
}

DmsKey *
dms_cli_identity_load_key (DmsCliCall *call, const char *name, GError **error)
{
  g_autoptr (DmsKeystore) keystore = open_keystore (call, name, error);
  g_autofree char *path = NULL;
  char *passphrase;
  DmsKey *key;

  if (keystore == NULL)
    return NULL;
  path = dms_keystore_dup_path (keystore, name);
  if (!dms_keystore_has (keystore, name))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
                   _ ("there is no key “%s”; make it with: nunet key new %s"),
                   path, name);
      return NULL;
    }
  passphrase = dms_cli_call_read_passphrase (call, FALSE, error);
  if (passphrase == NULL)
    return NULL;
  key = dms_cli_key_cache_load (path, passphrase);
  if (key == NULL)
    {
      key = dms_keystore_load (keystore, name, passphrase, error);
      if (key != NULL)
        dms_cli_key_cache_save (path, passphrase, key);
    }
  dms_cli_passphrase_free (passphrase);
  return key;
}

static DmsSigner *
open_openpgp_signer (DmsCliCall *call, const char *key, GError **error)
{
  DmsSigner *signer;

  dms_cli_signing_prepare_terminal ();
  signer = dms_openpgp_signer_new (key, error);
  if (signer != NULL)
    dms_openpgp_signer_set_show (DMS_OPENPGP_SIGNER (signer), dms_cli_signing_show, call);
  return signer;
}

DmsSigner *
dms_cli_identity_open_signer (DmsCliCall *call, const char *name, GError **error)
{
  g_autoptr (DmsKey) key = NULL;

  if (dms_cli_call_is_openpgp (name))
    return open_openpgp_signer (call, strchr (name, ':') + 1, error);
  key = dms_cli_identity_load_key (call, name, error);
  return key != NULL ? dms_key_signer_new (key) : NULL;
}

gboolean
dms_cli_identity_save_key (DmsCliCall *call, const char *name, DmsKey *key, GError **error)
{
  g_autoptr (DmsKeystore) keystore = open_keystore (call, name, error);
  char *passphrase;
  gboolean saved;

  if (keystore == NULL)
    return FALSE;
  passphrase = dms_cli_call_read_passphrase (call, TRUE, error);
  if (passphrase == NULL)
    return FALSE;
  saved = dms_keystore_save (keystore, name, key, passphrase, error);
  dms_cli_passphrase_free (passphrase);
  return saved;
}

gboolean
dms_cli_identity_confirm_new_key (DmsCliCall *call, const char *name, GError **error)
{
  g_autoptr (DmsKeystore) keystore = open_keystore (call, name, error);
  g_autofree char *path = NULL;
  g_autofree char *question = NULL;

  if (keystore == NULL)
    return FALSE;
  if (!dms_keystore_has (keystore, name))
    return TRUE;
  path = dms_keystore_dup_path (keystore, name);
  question =
    g_strdup_printf (_ ("There is a key in “%s” already, and it cannot be brought back. Overwrite it?"),
                     path);
  if (dms_cli_call_confirm (call, question))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "operation cancelled by user");
  return FALSE;
}

static char *
find_capabilities (DmsCliCall *call, const char *name, GError **error)
{
  g_autofree char *path = dms_cli_call_dup_cap_path (call, name, error);

  if (path == NULL || g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);

  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
               _ ("there is no capability context “%s”; make it with: nunet cap new %s"), path, name);
  return NULL;
}

DmsCapabilityContext *
dms_cli_identity_load_capabilities (DmsCliCall *call, const char *name, DmsKey *key, GError **error)
{
  g_autofree char *path = find_capabilities (call, name, error);

  return path != NULL ? dms_capability_context_load (path, key, error) : NULL;
}

DmsCapabilityContext *
dms_cli_identity_load_expired (DmsCliCall *call, const char *name, GError **error)
{
  g_autofree char *path = find_capabilities (call, name, error);

  return path != NULL ? dms_capability_context_load_whole (path, error) : NULL;
}

DmsCapabilityContext *
dms_cli_identity_open_capabilities (DmsCliCall *call, const char *name, GError **error)
{
  g_autoptr (DmsSigner) signer = dms_cli_identity_open_signer (call, name, error);
  g_autoptr (DmsCapabilityContext) context
    = signer != NULL ? dms_cli_identity_load_capabilities (call, name, NULL, error) : NULL;

  if (context == NULL || !dms_capability_context_set_signer (context, signer, error))
    return NULL;
  return g_steal_pointer (&context);
}

gboolean
dms_cli_identity_edit_capabilities (DmsCliCall *call, const char *name, DmsKey *key, DmsCapabilityEdit edit,
                                    gpointer user_data, GError **error)
{
  g_autofree char *path = find_capabilities (call, name, error);

  return path != NULL && dms_capability_context_edit (path, key, edit, user_data, error);
}

gboolean
dms_cli_identity_save_capabilities (DmsCliCall *call, const char *name, DmsCapabilityContext *context,
                                    GError **error)
{
  g_autofree char *path = dms_cli_call_dup_cap_path (call, name, error);

  return path != NULL && dms_capability_context_save (context, path, error);
}

DmsTokenList *
dms_cli_identity_parse_tokens (const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  DmsTokenList *list = dms_token_list_new_from_data (text, strlen (text), MAX_ARGUMENT, &local);

  if (list != NULL && dms_token_list_get_size (list) > 0)
    return list;
  g_clear_pointer (&list, dms_token_list_unref);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
               _ ("this is not a token list like {\"tok\":[…]}: %s"),
               local != NULL ? local->message : _ ("there is no token in it"));
  return NULL;
}

DmsToken *
dms_cli_identity_parse_token (const char *text, GError **error)
{
  g_autoptr (DmsTokenList) list = dms_cli_identity_parse_tokens (text, error);

  if (list == NULL)
    return NULL;
  if (dms_token_list_get_size (list) == 1)
    return dms_token_ref (dms_token_list_get (list, 0));
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
               _ ("one token is expected here, and there are %u"),
               dms_token_list_get_size (list));
  return NULL;
}
