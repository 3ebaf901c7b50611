/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gnupg/dms-gnupg-signing.h"

#include <string.h>

#include "gnupg/dms-gnupg-context.h"
#include "identity/dms-openpgp-key.h"

/* A hundred times what an Ed25519 signature takes; what is in it is checked by who asked. */
#define MAX_SIGNATURE_SIZE 65536

static gboolean
can_sign (gpgme_subkey_t subkey)
{
  return subkey->can_sign && subkey->secret && !subkey->revoked && !subkey->expired && !subkey->disabled &&
         !subkey->invalid && subkey->fpr != NULL;
}

/* Which of a key's halves signs: the one that is named, else, as gpg chooses, the newest subkey that can,
 * and the primary key when there is none. */
static gpgme_subkey_t
choose_subkey (gpgme_key_t key, const char *name)
{
  const char *digits = g_str_has_prefix (name, "0x") ? name + 2 : name;
  gsize length = strlen (digits);
  gpgme_subkey_t newest = NULL;

  for (gpgme_subkey_t subkey = key->subkeys->next; subkey != NULL; subkey = subkey->next)
    {
      gsize size = subkey->fpr != NULL ? strlen (subkey->fpr) : 0;

      if (!can_sign (subkey))
        continue;
      if (length >= 8 && length <= size && g_ascii_strcasecmp (subkey->fpr + size - length, digits) == 0)
        return subkey;
      if (newest == NULL || subkey->timestamp >= newest->timestamp)
        newest = subkey;
    }
  if (newest != NULL)
    return newest;
  return can_sign (key->subkeys) ? key->subkeys : NULL;
}

static gboolean
check_subkey (gpgme_subkey_t subkey, const char *name, GError **error)
{
  if (subkey == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "the OpenPGP key “%s” has no usable half that can sign: it may have expired, or its "
                   "secret half "
                   "is elsewhere",
                   name);
      return FALSE;
    }
  if (subkey->pubkey_algo == GPGME_PK_EDDSA && subkey->curve != NULL &&
      g_ascii_strcasecmp (subkey->curve, "ed25519") == 0)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_SUPPORTED,
               "the OpenPGP key “%s” would sign with %s; only Ed25519 keys (EdDSA, algorithm 22), primary "
               "or subkey, "
               "in a file or on a card, can be an identity here",
               name,
               subkey->curve != NULL ? subkey->curve : gpgme_pubkey_algo_name (subkey->pubkey_algo));
  return FALSE;
}

static GBytes *
export_public_key (gpgme_ctx_t context, gpgme_key_t key, GError **error)
{
  gpgme_key_t keys[] = { key, NULL };
  g_auto (gpgme_data_t) data = NULL;
  gpgme_error_t code = gpgme_data_new (&data);

  if (code == 0)
    code = gpgme_op_export_keys (context, keys, GPGME_EXPORT_MODE_MINIMAL, data);
  if (!dms_gnupg_context_report (code, "export the public half of the OpenPGP key", error))
    return NULL;
  return dms_gnupg_context_take_bytes (data, DMS_OPENPGP_KEY_MAX_SIZE, FALSE, error);
}

gpointer
dms_gnupg_signing_find (const char *name,
                        char **fingerprint,
                        char **user_id,
                        GBytes **exported,
                        GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_gnupg_context_new (error);
  g_auto (gpgme_key_t) key = NULL;
  gpgme_subkey_t subkey;

  if (context == NULL)
    return NULL;
  key = dms_gnupg_context_find_key (context, name, TRUE, error);
  if (key == NULL)
    return NULL;
  subkey = choose_subkey (key, name);
  if (!check_subkey (subkey, name, error))
    return NULL;
  *exported = export_public_key (context, key, error);
  if (*exported == NULL)
    return NULL;
  *fingerprint = g_ascii_strup (subkey->fpr, -1);
  *user_id = g_strdup (key->uids != NULL ? key->uids->uid : NULL);
  return g_steal_pointer (&key);
}

void
dms_gnupg_signing_free (gpointer signer)
{
  gpgme_key_unref (signer);
}

GBytes *
dms_gnupg_signing_sign (gpointer signer, const char *notation, GBytes *bytes, GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_gnupg_context_new (error);
  g_auto (gpgme_data_t) plain = NULL;
  g_auto (gpgme_data_t) signature = NULL;
  gpgme_error_t code;

  if (context == NULL)
    return NULL;
  code = gpgme_signers_add (context, signer);
  if (code == 0)
    code = gpgme_sig_notation_add (context, notation, "1", GPGME_SIG_NOTATION_HUMAN_READABLE);
  if (code == 0)
    code = gpgme_data_new_from_mem (&plain, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0);
  if (code == 0)
    code = gpgme_data_new (&signature);
  if (code == 0)
    code = gpgme_op_sign (context, plain, signature, GPGME_SIG_MODE_DETACH);
  if (!dms_gnupg_context_report (code, "sign with the OpenPGP key", error))
    return NULL;
  return dms_gnupg_context_take_bytes (signature, MAX_SIGNATURE_SIZE, FALSE, error);
}
