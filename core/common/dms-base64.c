/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-base64.h"

#include <string.h>

#include "common/dms-base64-wide.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What no character is has a negative value. */
static const gint8 values[256] = {
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63, 52, 53, 54, 55,
  56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
  13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31, 32,
  33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

gsize
dms_base64_get_encoded_size (gsize size)
{
  return (size + 2) / 3 * 4;
}

void
dms_base64_encode (const guint8 *data, gsize size, char *text)
{
  gsize at = dms_base64_wide_encode (data, size, text);

  text += at / 3 * 4;
  for (; at + 3 <= size; at += 3)
    {
      guint group = (guint) data[at] << 16 | (guint) data[at + 1] << 8 | data[at + 2];

      text[0] = alphabet[group >> 18];
      text[1] = alphabet[group >> 12 & 63];
      text[2] = alphabet[group >> 6 & 63];
      text[3] = alphabet[group & 63];
      text += 4;
    }
  if (at < size)
    {
      guint group = (guint) data[at] << 16 | (at + 1 < size ? (guint) data[at + 1] << 8 : 0);

      text[0] = alphabet[group >> 18];
      text[1] = alphabet[group >> 12 & 63];
      text[2] = at + 1 < size ? alphabet[group >> 6 & 63] : '=';
      text[3] = '=';
    }
}

/* The last four characters, which may be padded; so many bytes, 0 when they are no group. */
static gsize
decode_last (const guint8 *text, guint8 bytes[3])
{
  gsize n = text[3] != '=' ? 3 : text[2] != '=' ? 2 : 1;
  gint8 third = n >= 2 ? values[text[2]] : 0;
  gint8 fourth = n == 3 ? values[text[3]] : 0;
  guint group;

  if ((values[text[0]] | values[text[1]] | third | fourth) < 0)
    return 0;
  group = (guint) values[text[0]] << 18 | (guint) values[text[1]] << 12 | (guint) third << 6 | (guint) fourth;
  bytes[0] = (guint8) (group >> 16);
  bytes[1] = (guint8) (group >> 8);
  bytes[2] = (guint8) group;
  /* What padding stands for is nothing. */
  if ((n < 3 && bytes[2] != 0) || (n < 2 && bytes[1] != 0))
    return 0;
  return n;
}

guint8 *
dms_base64_decode (const char *text, gsize length, gsize *size)
{
  const guint8 *from = (const guint8 *) text;
  g_autofree guint8 *data = NULL;
  guint8 *to;
  guint8 last[3];
  gint32 seen = 0;
  gsize at;
  gsize n;

  *size = 0;
  if (length == 0 || length % 4 != 0)
    return length == 0 ? g_malloc (1) : NULL;
  n = decode_last (from + length - 4, last);
  if (n == 0)
    return NULL;
  /* The wide steps write four bytes more than they decode, the others one. */
  data = g_malloc (length / 4 * 3 + 4);
  at = dms_base64_wide_decode (from, length, data);
  to = data + at / 4 * 3;
  for (; at + 4 < length; at += 4)
    {
      gint32 group = values[from[at]] * (1 << 18) | values[from[at + 1]] * (1 << 12) |
                     values[from[at + 2]] * (1 << 6) | values[from[at + 3]];
      guint32 written = GUINT32_TO_BE ((guint32) group << 8);

      seen |= group;
      memcpy (to, &written, sizeof written);
      to += 3;
    }
  if (seen < 0)
    return NULL;
  memcpy (to, last, n);
  *size = (gsize) (to - data) + n;
  return g_steal_pointer (&data);
}
