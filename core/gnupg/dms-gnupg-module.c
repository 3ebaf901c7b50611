/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <gmodule.h>

#include "gnupg/dms-gnupg-cipher.h"
#include "gnupg/dms-gnupg-signing.h"
#include "identity/dms-gnupg.h"

extern const DmsGnupg dms_gnupg_module;

G_MODULE_EXPORT const DmsGnupg dms_gnupg_module = {
  .size = sizeof (DmsGnupg),
  .version = DMS_VERSION_S,
  .find_signer = dms_gnupg_signing_find,
  .free_signer = dms_gnupg_signing_free,
  .sign = dms_gnupg_signing_sign,
  .encrypt = dms_gnupg_cipher_encrypt,
  .decrypt = dms_gnupg_cipher_decrypt,
};
