/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-multibase-private.h"

#include <string.h>

static const char dms_base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char dms_base36_alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char dms_base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

char *
dms_base58_encode (const guint8 *bytes, gsize length)
{
  /* log 256 / log 58 < 1.37 */
  guint8 digits[DMS_MULTIBASE_MAX_BYTES * 137 / 100 + 1] = { 0 };
  gsize n_digits = 0;
  gsize n_zeros = 0;
  char *text = NULL;

  g_return_val_if_fail (length <= DMS_MULTIBASE_MAX_BYTES, NULL);

  while (n_zeros < length && bytes[n_zeros] == 0)
    n_zeros++;
  for (gsize i = n_zeros; i < length; i++)
    {
      guint carry = bytes[i];

      for (gsize j = 0; j < n_digits || carry != 0; j++)
        {
          carry += (guint) digits[j] << 8;
          digits[j] = carry % 58;
          carry /= 58;
          n_digits = MAX (n_digits, j + 1);
        }
    }
  text = g_malloc (n_zeros + n_digits + 1);
  memset (text, '1', n_zeros);
  for (gsize i = 0; i < n_digits; i++)
    text[n_zeros + i] = dms_base58_alphabet[digits[n_digits - 1 - i]];
  text[n_zeros + n_digits] = '\0';
  return text;
}

static GBytes *
dms_positional_decode (const char *text, const char *alphabet)
{
  guint base = strlen (alphabet);
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

static GBytes *
dms_base32_decode (const char *text)
{
  gsize length = strnlen (text, DMS_MULTIBASE_MAX_TEXT + 1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint buffer = 0;
  guint bits = 0;

  if (length > DMS_MULTIBASE_MAX_TEXT)
    return NULL;
  for (gsize i = 0; i < length; i++)
    {
      const char *position = strchr (dms_base32_alphabet, text[i]);
      guint8 byte = 0;

      if (position == NULL)
        return NULL;
      buffer = (buffer << 5 | (guint) (position - dms_base32_alphabet)) & 0xfff;
      bits += 5;
      if (bits < 8)
        continue;
      bits -= 8;
      byte = buffer >> bits & 0xff;
      g_byte_array_append (bytes, &byte, 1);
    }
  /* Left-over bits must be zero, or two texts would mean the same bytes. */
  if (bits >= 5 || (buffer & ((1u << bits) - 1)) != 0 || bytes->len > DMS_MULTIBASE_MAX_BYTES)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

GBytes *
dms_base58_decode (const char *text)
{
  return dms_positional_decode (text, dms_base58_alphabet);
}

GBytes *
dms_multibase_decode (const char *text)
{
  switch (text[0])
    {
    case 'z':
      return dms_positional_decode (text + 1, dms_base58_alphabet);
    case 'k':
      return dms_positional_decode (text + 1, dms_base36_alphabet);
    case 'b':
      return dms_base32_decode (text + 1);
    default:
      return NULL;
    }
}
