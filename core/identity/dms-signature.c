/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-signature.h"

#include <sodium.h>

/**
 * dms_signature_verify:
 *
 * Ed25519 (RFC 8032) without its loose ends: the scalar must be canonical, and neither the key nor the
 * commitment may be of small order, so a signature has one form and belongs to one message.
 */
gboolean
dms_signature_verify (const guint8 public_key[32], const void *data, gsize size,
                      const guint8 *signature, gsize signature_size)
{
  if (signature == NULL || signature_size != crypto_sign_BYTES || sodium_init () < 0)
    return FALSE;
  return crypto_sign_verify_detached (signature, data, size, public_key) == 0;
}
