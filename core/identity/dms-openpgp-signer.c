/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-signer.h"

#include <string.h>

#include "identity/dms-gnupg.h"
#include "identity/dms-openpgp-key.h"
#include "identity/dms-openpgp-signature.h"

struct _DmsOpenpgpSigner
{
  DmsSigner parent_instance;

  const DmsGnupg *gnupg;
  gpointer key;
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

/* Nothing leaves here that others would not take. */
static GBytes *
sign (DmsSigner *signer, GBytes *bytes, GError **error)
{
  DmsOpenpgpSigner *self = DMS_OPENPGP_SIGNER (signer);
  g_autoptr (DmsOpenpgpSignature) signature = NULL;
  g_autoptr (GBytes) written = NULL;

  if (self->show != NULL && !self->show (self, bytes, self->show_data, error))
    return NULL;
  written = self->gnupg->sign (self->key, DMS_OPENPGP_SIGNATURE_NOTATION, bytes, error);
  if (written == NULL)
    return NULL;
  signature = dms_openpgp_signature_new_from_program (
      g_bytes_get_data (written, NULL), g_bytes_get_size (written), error);
  if (signature == NULL)
    {
      g_prefix_error (error, "gpg signed in a way that is not supported here; look into its gpg.conf: ");
      return NULL;
    }
  if (dms_openpgp_signature_verify (
          signature, self->public_key, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)))
    return dms_openpgp_signature_to_bytes (signature);
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_BAD_SIGNATURE,
               "gpg signed with another key than %s: of several subkeys that can sign it takes the newest; "
               "make a context of that one, or give this identity an OpenPGP key of its own",
               self->fingerprint);
  return NULL;
}

static void
dms_openpgp_signer_finalize (GObject *object)
{
  DmsOpenpgpSigner *self = DMS_OPENPGP_SIGNER (object);

  if (self->key != NULL)
    self->gnupg->free_signer (self->key);
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
  const DmsGnupg *gnupg = dms_gnupg_open (error);
  g_autoptr (DmsOpenpgpSigner) self = NULL;
  g_autoptr (GBytes) exported = NULL;
  g_autofree char *user_id = NULL;

  if (gnupg == NULL)
    return NULL;
  self = g_object_new (DMS_TYPE_OPENPGP_SIGNER, NULL);
  self->gnupg = gnupg;
  self->key = gnupg->find_signer (key, &self->fingerprint, &user_id, &exported, error);
  if (self->key == NULL)
    return NULL;
  self->user_id = dup_printable (user_id);
  if (!dms_openpgp_key_find_ed25519 (g_bytes_get_data (exported, NULL),
                                     g_bytes_get_size (exported),
                                     self->fingerprint,
                                     self->public_key,
                                     error))
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
