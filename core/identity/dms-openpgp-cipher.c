/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-cipher.h"

#include "identity/dms-gnupg.h"

/**
 * dms_openpgp_cipher_encrypt:
 *
 * Returns: (transfer full): the OpenPGP message in binary form; NULL with DMS_ERROR_NOT_FOUND,
 *   DMS_ERROR_INVALID_ARGUMENT or DMS_ERROR_UNAVAILABLE
 */
GBytes *
dms_openpgp_cipher_encrypt (GBytes *plain, const char *const *recipients, GError **error)
{
  const DmsGnupg *gnupg = dms_gnupg_open (error);

  return gnupg != NULL ? gnupg->encrypt (plain, recipients, error) : NULL;
}

/**
 * dms_openpgp_cipher_decrypt:
 *
 * Whoever has the public key can have made the message: what it says is not known to come from anybody.
 *
 * Returns: (transfer full): the content; NULL with DMS_ERROR_NOT_FOUND when the secret key is not here,
 *   DMS_ERROR_TOO_LARGE, DMS_ERROR_CANCELLED, DMS_ERROR_UNAVAILABLE or DMS_ERROR_FAILED
 */
GBytes *
dms_openpgp_cipher_decrypt (GBytes *cipher, gsize max, GError **error)
{
  const DmsGnupg *gnupg = dms_gnupg_open (error);

  return gnupg != NULL ? gnupg->decrypt (cipher, max, error) : NULL;
}
