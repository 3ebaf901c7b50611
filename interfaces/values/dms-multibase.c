/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-multibase.h"

#include <string.h>

#include "dms-error.h"
#include "values/dms-base58-private.h"
#include "values/dms-positional-private.h"

typedef struct
{
  DmsMultibase base;
  /* How many bits a character holds; 0 in a base that is no power of two. */
  guint bits;
  gboolean is_padded;
  /* Upper and lower case mean the same. */
  gboolean is_one_case;
  const char *alphabet;
} DmsMultibaseForm;

static const char dms_base16_alphabet[] = "0123456789abcdef";
static const char dms_base16_upper_alphabet[] = "0123456789ABCDEF";
static const char dms_base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char dms_base32_upper_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char dms_base36_alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char dms_base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char dms_base64_url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const DmsMultibaseForm dms_multibase_forms[] = {
  { DMS_MULTIBASE_BASE16, 4, FALSE, TRUE, dms_base16_alphabet },
  { DMS_MULTIBASE_BASE16_UPPER, 4, FALSE, TRUE, dms_base16_upper_alphabet },
  { DMS_MULTIBASE_BASE32, 5, FALSE, TRUE, dms_base32_alphabet },
  { DMS_MULTIBASE_BASE32_UPPER, 5, FALSE, TRUE, dms_base32_upper_alphabet },
  { DMS_MULTIBASE_BASE36, 0, FALSE, TRUE, dms_base36_alphabet },
  { DMS_MULTIBASE_BASE58BTC, 0, FALSE, FALSE, dms_base58_alphabet },
  { DMS_MULTIBASE_BASE64, 6, FALSE, FALSE, dms_base64_alphabet },
  { DMS_MULTIBASE_BASE64_PAD, 6, TRUE, FALSE, dms_base64_alphabet },
  { DMS_MULTIBASE_BASE64_URL, 6, FALSE, FALSE, dms_base64_url_alphabet },
  { DMS_MULTIBASE_BASE64_URL_PAD, 6, TRUE, FALSE, dms_base64_url_alphabet },
};

static const DmsMultibaseForm *
dms_multibase_find_form (char prefix)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dms_multibase_forms); i++)
    if ((char) dms_multibase_forms[i].base == prefix)
      return &dms_multibase_forms[i];
  return NULL;
}

/* Groups of bits, each a character (RFC 4648). */
static char *
dms_multibase_encode_bits (const DmsMultibaseForm *form, const guint8 *bytes, gsize length)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint mask = (1u << form->bits) - 1;
  guint buffer = 0;
  guint bits = 0;

  for (gsize i = 0; i < length; i++)
    {
      buffer = (buffer << 8 | bytes[i]) & 0xffff;
      for (bits += 8; bits >= form->bits; bits -= form->bits)
        g_string_append_c (text, form->alphabet[buffer >> (bits - form->bits) & mask]);
    }
  if (bits > 0)
    g_string_append_c (text, form->alphabet[buffer << (form->bits - bits) & mask]);
  while (form->is_padded && text->len % 4 != 0)
    g_string_append_c (text, '=');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GBytes *
dms_multibase_decode_bits (const DmsMultibaseForm *form, const char *text)
{
  gsize length = strlen (text);
  g_autoptr (GByteArray) bytes = g_byte_array_sized_new (DMS_MULTIBASE_MAX_BYTES);
  guint buffer = 0;
  guint bits = 0;

  if (form->is_padded)
    {
      if (length % 4 != 0)
        return NULL;
      for (guint n = 0; n < 2 && length > 0 && text[length - 1] == '='; n++)
        length--;
    }
  for (gsize i = 0; i < length; i++)
    {
      const char *position = strchr (form->alphabet, text[i]);
      guint8 byte = 0;

      if (position == NULL)
        return NULL;
      buffer = (buffer << form->bits | (guint) (position - form->alphabet)) & 0x3fff;
      bits += form->bits;
      if (bits < 8)
        continue;
      bits -= 8;
      byte = buffer >> bits & 0xff;
      g_byte_array_append (bytes, &byte, 1);
    }
  /* Left-over bits must be zero, or two texts would mean the same bytes. */
  if (bits >= form->bits || (buffer & ((1u << bits) - 1)) != 0 || bytes->len > DMS_MULTIBASE_MAX_BYTES)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/**
 * dms_multibase_encode:
 * @base: in which base
 * @bytes: what to write, at most 192 bytes: identifiers are short
 * @error: return location for %DMS_ERROR_TOO_LARGE
 *
 * Writes bytes as text that says its own base (multiformats/multibase).
 *
 * Returns: (transfer full) (nullable): the text, with its prefix
 */
char *
dms_multibase_encode (DmsMultibase base, GBytes *bytes, GError **error)
{
  const DmsMultibaseForm *form = dms_multibase_find_form ((char) base);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  const char prefix[] = { (char) base, '\0' };
  g_autofree char *text = NULL;

  g_return_val_if_fail (form != NULL, NULL);

  if (size > DMS_MULTIBASE_MAX_BYTES)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "%" G_GSIZE_FORMAT " bytes are too many for a multibase text; at most %d are written",
                   size,
                   DMS_MULTIBASE_MAX_BYTES);
      return NULL;
    }
  if (form->bits == 0)
    text = dms_positional_encode (data, size, form->alphabet);
  else
    text = dms_multibase_encode_bits (form, data, size);
  return g_strconcat (prefix, text, NULL);
}

/**
 * dms_multibase_decode:
 * @text: a text with its prefix
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads the bytes of a multibase text (multiformats/multibase), in any of the bases of #DmsMultibase. In
 * bases of one case, both cases are read. At most 192 bytes are read.
 *
 * Returns: (transfer full) (nullable): the bytes
 */
GBytes *
dms_multibase_decode (const char *text, GError **error)
{
  const DmsMultibaseForm *form = NULL;
  g_autofree char *digits = NULL;
  GBytes *bytes = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (text[0] != '\0' && strnlen (text, DMS_MULTIBASE_MAX_TEXT + 1) <= DMS_MULTIBASE_MAX_TEXT)
    form = dms_multibase_find_form (text[0]);
  if (form != NULL && form->is_one_case)
    digits =
        g_ascii_isupper (form->alphabet[10]) ? g_ascii_strup (text + 1, -1) : g_ascii_strdown (text + 1, -1);
  else if (form != NULL)
    digits = g_strdup (text + 1);
  if (form != NULL && form->bits == 0)
    bytes = dms_positional_decode (digits, form->alphabet);
  else if (form != NULL)
    bytes = dms_multibase_decode_bits (form, digits);
  if (bytes == NULL)
    g_set_error_literal (
        error,
        DMS_ERROR,
        DMS_ERROR_INVALID_DATA,
        "this is not the multibase text of a short identifier: it must begin with the letter of "
        "its base and hold nothing but characters of that base");
  return bytes;
}
