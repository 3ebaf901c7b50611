/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-signer.h"

#include <string.h>

#include "identity/dms-openpgp-context.h"
#include "identity/dms-openpgp-key.h"
#include "identity/dms-openpgp-signature.h"

struct _DmsOpenpgpSigner
{
  DmsSigner parent_instance;

  gpgme_key_t key;
  char *fingerprint;
  char *user_id;
  DmsDid *did;
  guint8 public_key[32];
  DmsOpenpgpShow show;
  gpointer show_data;
};

G_DEFINE_FINAL_TYPE (DmsOpenpgpSigner, dms_openpgp_signer, DMS_TYPE_SIGNER)

static DmsDid *
get_did (DmsSigner *signer)
{
  return DMS_OPENPGP_SIGNER (signer)->did;
}

/* The packet that gpg makes over the bytes. */
static GBytes *
run_gpg (DmsOpenpgpSigner *self, GBytes *bytes, GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_openpgp_context_new (error);
  g_auto (gpgme_data_t) plain = NULL;
  g_auto (gpgme_data_t) signature = NULL;
  gpgme_error_t code;

  if (context == NULL)
    return NULL;
  code = gpgme_signers_add (context, self->key);
  if (code == 0)
    code = gpgme_sig_notation_add (context, DMS_OPENPGP_SIGNATURE_NOTATION, "1",
                                   GPGME_SIG_NOTATION_HUMAN_READABLE);
  if (code == 0)
    code = gpgme_data_new_from_mem (&plain, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0);
  if (code == 0)
    code = gpgme_data_new (&signature);
  if (code == 0)
    code = gpgme_op_sign (context, plain, signature, GPGME_SIG_MODE_DETACH);
  if (!dms_openpgp_context_report (code, "sign with the OpenPGP key", error))
    return NULL;
  return dms_openpgp_context_take_bytes (signature, 65536, FALSE, error);
}

/* Nothing leaves here that others would not take. */
static GBytes *
sign (DmsSigner *signer, GBytes *bytes, GError **error)
{
  DmsOpenpgpSigner *self = DMS_OPENPGP_SIGNER (signer);
  g_autoptr (DmsOpenpgpSignature) signature = NULL;
  g_autoptr (GBytes) written = NULL;

  if (self->show != NULL && !self->show (self, bytes, self->show_data, error))
    return NULL;
  written = run_gpg (self, bytes, error);
  if (written == NULL)
    return NULL;
  signature = dms_openpgp_signature_new_from_program (g_bytes_get_data (written, NULL),
                                                      g_bytes_get_size (written), error);
  if (signature == NULL)
    {
      g_prefix_error (error, "gpg signed in a way that is not supported here; look into its gpg.conf: ");
      return NULL;
    }
  if (dms_openpgp_signature_verify (signature, self->public_key, g_bytes_get_data (bytes, NULL),
                                    g_bytes_get_size (bytes)))
    return dms_openpgp_signature_to_bytes (signature);
  g_set_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE,
               "gpg signed with another key than %s: of several subkeys that can sign it takes the newest; "
               "make a context of that one, or give this identity an OpenPGP key of its own",
               self->fingerprint);
  return NULL;
}

static void
dms_openpgp_signer_finalize (GObject *object)
{
  DmsOpenpgpSigner *self = DMS_OPENPGP_SIGNER (object);

  g_clear_pointer (&self->key, gpgme_key_unref);
  g_free (self->fingerprint);
  g_free (self->user_id);
  g_clear_pointer (&self->did, dms_did_unref);
  G_OBJECT_CLASS (dms_openpgp_signer_parent_class)->finalize (object);
}

static void
dms_openpgp_signer_class_init (DmsOpenpgpSignerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_openpgp_signer_finalize;
  DMS_SIGNER_CLASS (klass)->get_did = get_did;
  DMS_SIGNER_CLASS (klass)->sign = sign;
}

static void
dms_openpgp_signer_init (DmsOpenpgpSigner *self)
{
}

static gboolean
can_sign (gpgme_subkey_t subkey)
{
  return subkey->can_sign && subkey->secret && !subkey->revoked && !subkey->expired && !subkey->disabled
         && !subkey->invalid && subkey->fpr != NULL;
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
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
                   "the OpenPGP key “%s” has no usable half that can sign: it may have expired, or its "
                   "secret half "
                   "is elsewhere",
                   name);
      return FALSE;
    }
  if (subkey->pubkey_algo == GPGME_PK_EDDSA && subkey->curve != NULL
      && g_ascii_strcasecmp (subkey->curve, "ed25519") == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
               "the OpenPGP key “%s” would sign with %s; only Ed25519 keys (EdDSA, algorithm 22), primary "
               "or subkey, "
               "in a file or on a card, can be an identity here",
               name,
               subkey->curve != NULL ? subkey->curve : gpgme_pubkey_algo_name (subkey->pubkey_algo));
  return FALSE;
}

static gboolean
export_public_key (DmsOpenpgpSigner *self, gpgme_ctx_t context, GError **error)
{
  gpgme_key_t keys[] = { self->key, NULL };
  g_auto (gpgme_data_t) data = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gpgme_error_t code = gpgme_data_new (&data);

  if (code == 0)
    code = gpgme_op_export_keys (context, keys, GPGME_EXPORT_MODE_MINIMAL, data);
  if (!dms_openpgp_context_report (code, "export the public half of the OpenPGP key", error))
    return FALSE;
  bytes = dms_openpgp_context_take_bytes (data, DMS_OPENPGP_KEY_MAX_SIZE, FALSE, error);
  return bytes != NULL
         && dms_openpgp_key_find_ed25519 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                          self->fingerprint, self->public_key, error);
}

/* A user ID is what somebody wrote: it may not steer the terminal. */
static char *
dup_printable (const char *text)
{
  char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  g_autofree char *owned = valid;
  GString *printable = g_string_new (NULL);

  for (const char *p = valid; *p != '\0' && printable->len < 256; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);

      g_string_append_unichar (printable, g_unichar_isprint (character) ? character : '?');
    }
  return g_string_free (printable, FALSE);
}

/**
 * dms_openpgp_signer_new:
 * @key: a fingerprint, a key ID or an e-mail address
 *
 * Asks gpg for the public half only; the secret half is used when something is signed.
 *
 * Returns: (transfer full): the signer, or NULL with DMS_ERROR_UNAVAILABLE without GnuPG,
 * DMS_ERROR_NOT_FOUND,   DMS_ERROR_INVALID_ARGUMENT when the name means several keys,
 * DMS_ERROR_NOT_SUPPORTED for other kinds of keys
 */
DmsSigner *
dms_openpgp_signer_new (const char *key, GError **error)
{
  g_auto (gpgme_ctx_t) context = dms_openpgp_context_new (error);
  g_autoptr (DmsOpenpgpSigner) self = NULL;
  gpgme_subkey_t subkey;

  if (context == NULL)
    return NULL;
  self = g_object_new (DMS_TYPE_OPENPGP_SIGNER, NULL);
  self->key = dms_openpgp_context_find_key (context, key, TRUE, error);
  if (self->key == NULL)
    return NULL;
  subkey = choose_subkey (self->key, key);
  if (!check_subkey (subkey, key, error))
    return NULL;
  self->fingerprint = g_ascii_strup (subkey->fpr, -1);
  self->user_id = dup_printable (self->key->uids != NULL ? self->key->uids->uid : NULL);
  if (!export_public_key (self, context, error))
    return NULL;
  self->did = dms_did_new_for_ed25519 (self->public_key);
  return DMS_SIGNER (g_steal_pointer (&self));
}

void
dms_openpgp_signer_set_show (DmsOpenpgpSigner *self, DmsOpenpgpShow show, gpointer user_data)
{
  self->show = show;
  self->show_data = user_data;
}

const char *
dms_openpgp_signer_get_fingerprint (DmsOpenpgpSigner *self)
{
  return self->fingerprint;
}

const char *
dms_openpgp_signer_get_user_id (DmsOpenpgpSigner *self)
{
  return self->user_id;
}
