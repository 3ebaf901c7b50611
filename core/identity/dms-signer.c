/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-signer.h"

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
