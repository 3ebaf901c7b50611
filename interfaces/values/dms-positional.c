/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-positional-private.h"

#include <string.h>

#include "values/dms-base58-private.h"

enum
{
  /* No base is below 36 or above 64, so that a digit is 5 to 6 bits, and a limb at least 4 digits. */
  DMS_POSITIONAL_MIN_BASE = 36,
  DMS_POSITIONAL_MAX_LIMBS = DMS_MULTIBASE_MAX_BYTES * 8 / 5 / 4 + 1,
  DMS_POSITIONAL_MAX_WORDS = DMS_MULTIBASE_MAX_TEXT * 6 / 32 + 1,
};

/* The numbers are kept in limbs of so many digits, or words of so many bytes, as 32 bits hold: dividing by a
 * limb is dividing by several digits at once. */
static guint64
dms_positional_limb (guint base, guint *n_digits)
{
  guint64 limb = base;

  for (*n_digits = 1; limb * base <= G_MAXUINT32; (*n_digits)++)
    limb *= base;
  return limb;
}

static guint64
dms_positional_power (guint base, gsize n)
{
  guint64 power = 1;

  for (gsize i = 0; i < n; i++)
    power *= base;
  return power;
}

/* Writes the digits of limbs, the lowest of which is the first; without zeros before the first digit. */
static void
dms_positional_append_limbs (GString *text,
                             const guint32 *limbs,
                             gsize n_limbs,
                             guint n_digits,
                             const char *alphabet)
{
  guint base = (guint) strlen (alphabet);
  gsize begin = text->len;

  for (gsize i = n_limbs; i-- > 0;)
    {
      char digits[8];
      guint32 limb = limbs[i];

      for (guint j = n_digits; j-- > 0; limb /= base)
        digits[j] = alphabet[limb % base];
      g_string_append_len (text, digits, n_digits);
    }
  while (n_limbs > 0 && text->str[begin] == alphabet[0])
    g_string_erase (text, (gssize) begin, 1);
}

char *
dms_positional_encode (const guint8 *bytes, gsize length, const char *alphabet)
{
  guint base = (guint) strlen (alphabet);
  guint n_digits = 0;
  guint64 limb = dms_positional_limb (base, &n_digits);
  guint32 limbs[DMS_POSITIONAL_MAX_LIMBS] = { 0 };
  g_autoptr (GString) text = g_string_sized_new (2 * length);
  gsize n_limbs = 0;
  gsize n_zeros = 0;

  if (length > DMS_MULTIBASE_MAX_BYTES || base < DMS_POSITIONAL_MIN_BASE)
    return NULL;
  while (n_zeros < length && bytes[n_zeros] == 0)
    n_zeros++;
  for (gsize i = n_zeros; i < length;)
    {
      gsize n = (length - i) % 4 == 0 ? 4 : (length - i) % 4;
      guint64 carry = 0;

      for (gsize j = 0; j < n; j++)
        carry = carry << 8 | bytes[i + j];
      for (gsize j = 0; j < n_limbs || carry != 0; j++)
        {
          carry += (guint64) limbs[j] << (8 * n);
          limbs[j] = (guint32) (carry % limb);
          carry /= limb;
          n_limbs = MAX (n_limbs, j + 1);
        }
      i += n;
    }
  for (gsize i = 0; i < n_zeros; i++)
    g_string_append_c (text, alphabet[0]);
  dms_positional_append_limbs (text, limbs, n_limbs, n_digits, alphabet);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Of each character, one more than the digit it is; 0 when it is none. */
static void
dms_positional_fill_digits (const char *alphabet, guint8 digits[256])
{
  memset (digits, 0, 256);
  for (guint i = 0; alphabet[i] != '\0'; i++)
    digits[(guchar) alphabet[i]] = (guint8) (i + 1);
}

/* The value of so many digits; FALSE when one of them is none. */
static gboolean
dms_positional_take (const char *text, gsize n, guint base, const guint8 digits[256], guint64 *value)
{
  *value = 0;
  for (gsize i = 0; i < n; i++)
    {
      guint digit = digits[(guchar) text[i]];

      if (digit == 0)
        return FALSE;
      *value = *value * base + digit - 1;
    }
  return TRUE;
}

/* The bytes of words, the lowest of which is the first; without zeros before the first byte but @n_zeros. */
static GBytes *
dms_positional_bytes_of (const guint32 *words, gsize n_words, gsize n_zeros)
{
  gsize n_bytes = n_words * 4;
  g_autofree guint8 *bytes = NULL;

  while (n_bytes > 0 && (words[(n_bytes - 1) / 4] >> (8 * ((n_bytes - 1) % 4)) & 0xff) == 0)
    n_bytes--;
  if (n_zeros + n_bytes > DMS_MULTIBASE_MAX_BYTES)
    return NULL;
  bytes = g_malloc0 (n_zeros + n_bytes + 1);
  for (gsize i = 0; i < n_bytes; i++)
    bytes[n_zeros + n_bytes - 1 - i] = words[i / 4] >> (8 * (i % 4)) & 0xff;
  return g_bytes_new_take (g_steal_pointer (&bytes), n_zeros + n_bytes);
}

GBytes *
dms_positional_decode (const char *text, const char *alphabet)
{
  guint base = (guint) strlen (alphabet);
  guint8 digits[256];
  guint n_digits = 0;
  gsize length = strnlen (text, DMS_MULTIBASE_MAX_TEXT + 1);
  guint32 words[DMS_POSITIONAL_MAX_WORDS] = { 0 };
  gsize n_words = 0;
  gsize n_zeros = 0;

  if (length > DMS_MULTIBASE_MAX_TEXT || base < DMS_POSITIONAL_MIN_BASE)
    return NULL;
  dms_positional_limb (base, &n_digits);
  dms_positional_fill_digits (alphabet, digits);
  while (text[n_zeros] != '\0' && text[n_zeros] == alphabet[0])
    n_zeros++;
  for (gsize i = n_zeros; i < length;)
    {
      gsize n = (length - i) % n_digits == 0 ? n_digits : (length - i) % n_digits;
      guint64 power = dms_positional_power (base, n);
      guint64 carry = 0;

      if (!dms_positional_take (text + i, n, base, digits, &carry))
        return NULL;
      for (gsize j = 0; j < n_words || carry != 0; j++)
        {
          carry += words[j] * power;
          words[j] = (guint32) carry;
          carry >>= 32;
          n_words = MAX (n_words, j + 1);
        }
      i += n;
    }
  return dms_positional_bytes_of (words, n_words, n_zeros);
}
