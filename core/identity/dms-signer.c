/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-signer.h"

#include "identity/dms-key.h"
#include "identity/dms-openpgp-signature.h"
#include "identity/dms-signature.h"

G_DEFINE_ABSTRACT_TYPE (DmsSigner, dms_signer, G_TYPE_OBJECT)

static void
dms_signer_class_init (DmsSignerClass *klass)
{
}

static void
dms_signer_init (DmsSigner *self)
{
}

/**
 * dms_signer_get_did:
 *
 * Returns: (transfer none): whose signatures these are
 */
DmsDid *
dms_signer_get_did (DmsSigner *self)
{
  return DMS_SIGNER_GET_CLASS (self)->get_did (self);
}

/**
 * dms_signer_sign:
 * @bytes: what to sign, with the prefix that says what it is
 *
 * Returns: (transfer full): the signature, or NULL with DMS_ERROR_CANCELLED when the person does not want to,
 *   DMS_ERROR_UNAVAILABLE when the key cannot be reached
 */
GBytes *
dms_signer_sign (DmsSigner *self, GBytes *bytes, GError **error)
{
  return DMS_SIGNER_GET_CLASS (self)->sign (self, bytes, error);
}

/* 64 bytes are a plain signature and never anything else; what is longer can only be OpenPGP. */
static gboolean
check_packet (const guint8 *public_key, GBytes *bytes, GBytes *packet)
{
  g_autoptr (DmsOpenpgpSignature) signature
    = dms_openpgp_signature_new_from_data (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), NULL);

  return signature != NULL
         && dms_openpgp_signature_verify (signature, public_key, g_bytes_get_data (bytes, NULL),
                                          g_bytes_get_size (bytes));
}

gboolean
dms_signer_check (DmsDid *did, GBytes *bytes, GBytes *signature)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  if (signature == NULL || !dms_did_get_ed25519 (did, public_key))
    return FALSE;
  if (g_bytes_get_size (signature) > DMS_KEY_SIGNATURE_SIZE)
    return check_packet (public_key, bytes, signature);
  return dms_signature_verify (public_key, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                               g_bytes_get_data (signature, NULL), g_bytes_get_size (signature));
}
