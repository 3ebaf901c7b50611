/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "identity/dms-openpgp-key.h"
#include "identity/dms-openpgp-signature.h"

/* OpenPGP from others: signature packets out of tokens, and exported keys. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const guint8 public_key[32] = { 1 };
  g_autoptr (DmsOpenpgpSignature) strict = dms_openpgp_signature_new_from_data (data, size, NULL);
  g_autoptr (DmsOpenpgpSignature) loose = dms_openpgp_signature_new_from_program (data, size, NULL);
  guint8 found[32];

  g_assert_true (strict == NULL || loose != NULL);
  if (loose != NULL)
    {
      g_autoptr (GBytes) bytes = dms_openpgp_signature_to_bytes (loose);
      g_autoptr (DmsOpenpgpSignature) again
        = dms_openpgp_signature_new_from_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                               NULL);

      g_assert_nonnull (again);
      g_assert_true (strict == NULL
                     || (g_bytes_get_size (bytes) == size
                         && memcmp (g_bytes_get_data (bytes, NULL), data, size) == 0));
      g_assert_false (dms_openpgp_signature_verify (again, public_key, data, size));
    }
  dms_openpgp_key_find_ed25519 (data, size, "26F5AD6E70E60446DEEDBEBEF015DA4542B63B56", found, NULL);
  return 0;
}
