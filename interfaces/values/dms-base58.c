/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-base58-private.h"

#include "values/dms-positional-private.h"

const char dms_base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

char *
dms_base58_encode (const guint8 *bytes, gsize length)
{
  g_return_val_if_fail (length <= DMS_MULTIBASE_MAX_BYTES, NULL);

  return dms_positional_encode (bytes, length, dms_base58_alphabet);
}

GBytes *
dms_base58_decode (const char *text)
{
  return dms_positional_decode (text, dms_base58_alphabet);
}
