/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gnupg/dms-gnupg-context.h"

#include <locale.h>
#include <sodium.h>
#include <string.h>

/* More keys than a name can mean; looking further would not make it clearer. */
#define MAX_MATCHES 16

gpgme_ctx_t
dms_gnupg_context_new (GError **error)
{
  g_auto (gpgme_ctx_t) context = NULL;
  gpgme_error_t code;

  gpgme_check_version (NULL);
  code = gpgme_engine_check_version (GPGME_PROTOCOL_OpenPGP);
  if (code == 0)
    code = gpgme_new (&context);
  if (code != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_UNAVAILABLE,
                   "cannot use OpenPGP keys: GnuPG (gpg) is missing or too old: %s; install the package "
                   "gnupg",
                   gpgme_strerror (code));
      return NULL;
    }
  gpgme_set_armor (context, 0);
  gpgme_set_textmode (context, 0);
  /* In what language the passphrase or PIN is asked for. */
  gpgme_set_locale (context, LC_CTYPE, setlocale (LC_CTYPE, NULL));
  gpgme_set_locale (context, LC_MESSAGES, setlocale (LC_MESSAGES, NULL));
  return g_steal_pointer (&context);
}

static int
find_code (gpgme_error_t code)
{
  switch (gpgme_err_code (code))
    {
    case GPG_ERR_CANCELED:
    case GPG_ERR_FULLY_CANCELED:
      return DMS_ERROR_CANCELLED;
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_BAD_PIN:
      return DMS_ERROR_WRONG_PASSPHRASE;
    case GPG_ERR_NO_SECKEY:
    case GPG_ERR_UNUSABLE_SECKEY:
    case GPG_ERR_NO_PUBKEY:
      return DMS_ERROR_NOT_FOUND;
    case GPG_ERR_CARD_NOT_PRESENT:
    case GPG_ERR_CARD_REMOVED:
    case GPG_ERR_NO_AGENT:
    case GPG_ERR_NO_PIN_ENTRY:
      return DMS_ERROR_UNAVAILABLE;
    default:
      return DMS_ERROR_FAILED;
    }
}

gboolean
dms_gnupg_context_report (gpgme_error_t code, const char *what, GError **error)
{
  if (code == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, find_code (code), "cannot %s: gpg says “%s”", what, gpgme_strerror (code));
  return FALSE;
}

static gboolean
is_hex (const char *text)
{
  return strspn (text, "0123456789abcdefABCDEF") == strlen (text);
}

/* How gpg is asked for a key, so that a name means one thing; NULL when it is none of what is allowed. */
static char *
make_pattern (const char *name)
{
  const char *digits = g_str_has_prefix (name, "0x") ? name + 2 : name;
  gsize length = strlen (digits);

  if ((length == 40 || length == 16 || length == 8) && is_hex (digits))
    return g_strdup (digits);
  /* The whole address and not a part of one. */
  if (strchr (name, '@') != NULL && strpbrk (name, "<> \t\r\n") == NULL && strlen (name) <= 254)
    return g_strdup_printf ("<%s>", name);
  return NULL;
}

static gboolean
is_usable (gpgme_key_t key, gboolean secret)
{
  return !key->revoked && !key->expired && !key->disabled && !key->invalid &&
         (secret ? key->secret : key->can_encrypt);
}

static gpgme_error_t
list_keys (gpgme_ctx_t context, const char *pattern, gboolean secret, GPtrArray *keys)
{
  gpgme_error_t code = gpgme_op_keylist_start (context, pattern, secret);
  gpgme_key_t key = NULL;

  while (code == 0 && keys->len < MAX_MATCHES)
    {
      code = gpgme_op_keylist_next (context, &key);
      if (code == 0 && is_usable (key, secret))
        g_ptr_array_add (keys, key);
      else if (code == 0)
        gpgme_key_unref (key);
    }
  gpgme_op_keylist_end (context);
  return gpgme_err_code (code) == GPG_ERR_EOF ? 0 : code;
}

gpgme_key_t
dms_gnupg_context_find_key (gpgme_ctx_t context, const char *name, gboolean secret, GError **error)
{
  g_autofree char *pattern = make_pattern (name);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) gpgme_key_unref);

  if (pattern == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "“%.64s” names no OpenPGP key: give its fingerprint, its key ID or an e-mail "
                   "address",
                   name);
      return NULL;
    }
  if (!dms_gnupg_context_report (list_keys (context, pattern, secret, keys), "list the OpenPGP keys", error))
    return NULL;
  if (keys->len == 1)
    return g_ptr_array_steal_index (keys, 0);
  if (keys->len == 0)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_NOT_FOUND,
                 secret ? "gpg knows no usable secret key “%s”: see gpg --list-secret-keys; for a card, see "
                          "gpg --card-status"
                        : "gpg knows no usable key “%s” to encrypt to: see gpg --list-keys",
                 name);
  else
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_INVALID_ARGUMENT,
                 "“%s” means %u OpenPGP keys: name the one by its fingerprint, as gpg --list-keys shows "
                 "it",
                 name,
                 keys->len);
  return NULL;
}

GBytes *
dms_gnupg_context_take_bytes (gpgme_data_t data, gsize max, gboolean secret, GError **error)
{
  off_t size = gpgme_data_seek (data, 0, SEEK_END);
  guint8 *copy = NULL;

  if (size < 0 || (gsize) size > max)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "what gpg answered is larger than the %" G_GSIZE_FORMAT " bytes expected",
                   max);
      return NULL;
    }
  if (!secret)
    copy = g_malloc ((gsize) size + 1);
  else if (sodium_init () >= 0)
    copy = sodium_malloc ((gsize) size + 1);
  if (copy == NULL || gpgme_data_seek (data, 0, SEEK_SET) != 0 ||
      gpgme_data_read (data, copy, (gsize) size) != (gssize) size)
    {
      (secret ? sodium_free : g_free) (copy);
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "what gpg answered cannot be read");
      return NULL;
    }
  return secret ? g_bytes_new_with_free_func (copy, (gsize) size, sodium_free, copy)
                : g_bytes_new_take (copy, (gsize) size);
}
