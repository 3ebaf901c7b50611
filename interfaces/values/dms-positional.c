/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-positional-private.h"

#include <string.h>

#include "values/dms-base58-private.h"

char *
dms_positional_encode (const guint8 *bytes, gsize length, const char *alphabet)
{
  guint base = (guint) strlen (alphabet);
  /* log 256 / log 36 < 1.55; larger bases need fewer digits. */
  guint8 digits[DMS_MULTIBASE_MAX_BYTES * 155 / 100 + 1] = { 0 };
  gsize n_digits = 0;
  gsize n_zeros = 0;
  char *text = NULL;

  if (length > DMS_MULTIBASE_MAX_BYTES || base < 36)
    return NULL;
  while (n_zeros < length && bytes[n_zeros] == 0)
    n_zeros++;
  for (gsize i = n_zeros; i < length; i++)
    {
      guint carry = bytes[i];

      for (gsize j = 0; j < n_digits || carry != 0; j++)
        {
          carry += (guint) digits[j] << 8;
          digits[j] = carry % base;
          carry /= base;
          n_digits = MAX (n_digits, j + 1);
        }
    }
  text = g_malloc (n_zeros + n_digits + 1);
  memset (text, alphabet[0], n_zeros);
  for (gsize i = 0; i < n_digits; i++)
    text[n_zeros + i] = alphabet[digits[n_digits - 1 - i]];
  text[n_zeros + n_digits] = '\0';
  return text;
}

GBytes *
dms_positional_decode (const char *text, const char *alphabet)
{
  guint base = (guint) strlen (alphabet);
  gsize length = strnlen (text, DMS_MULTIBASE_MAX_TEXT + 1);
  guint8 bytes[DMS_MULTIBASE_MAX_TEXT] = { 0 };
  gsize n_bytes = 0;
  gsize n_zeros = 0;
  guint8 *result = NULL;

  if (length > DMS_MULTIBASE_MAX_TEXT)
    return NULL;
  while (text[n_zeros] != '\0' && text[n_zeros] == alphabet[0])
    n_zeros++;
  for (gsize i = n_zeros; i < length; i++)
    {
      const char *position = strchr (alphabet, text[i]);
      guint carry = 0;

      if (position == NULL)
        return NULL;
      carry = (guint) (position - alphabet);
      for (gsize j = 0; j < n_bytes || carry != 0; j++)
        {
          carry += bytes[j] * base;
          bytes[j] = carry & 0xff;
          carry >>= 8;
          n_bytes = MAX (n_bytes, j + 1);
        }
    }
  if (n_zeros + n_bytes > DMS_MULTIBASE_MAX_BYTES)
    return NULL;
  result = g_malloc0 (n_zeros + n_bytes + 1);
  for (gsize i = 0; i < n_bytes; i++)
    result[n_zeros + i] = bytes[n_bytes - 1 - i];
  return g_bytes_new_take (result, n_zeros + n_bytes);
}
