/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-base32.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* libp2p's protobuf of an Ed25519 public key: type 1, 32 bytes. */
static const guint8 id_prefix[] = { 0x08, 0x01, 0x12, 0x20 };

/* Characters that carry data in a last group of so many bytes. */
static const guint8 group_lengths[] = { 0, 2, 4, 5, 7, 8 };

char *
dms_base32_encode (const guint8 *data, gsize size)
{
  GString *text = g_string_sized_new ((size + 4) / 5 * 8 + 1);

  for (gsize at = 0; at < size; at += 5)
    {
      gsize count = MIN (size - at, 5);
      guint64 group = 0;

      for (gsize i = 0; i < 5; i++)
        group = group << 8 | (i < count ? data[at + i] : 0);
      for (guint i = 0; i < 8; i++)
        g_string_append_c (text, i < group_lengths[count] ? alphabet[group >> (35 - 5 * i) & 31] : '=');
    }
  return g_string_free (text, FALSE);
}

/* -1: none of the alphabet. */
static int
get_value (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* How many bytes a group of eight characters holds; 0 when it is not a group. */
static gsize
decode_group (const char *text, guint8 bytes[5])
{
  guint64 group = 0;
  guint used = 0;

  for (guint i = 0; i < 8; i++)
    {
      int value = get_value (text[i]);

      if (value >= 0 && used == i)
        used = i + 1;
      else if (value >= 0 || text[i] != '=')
        return 0;
      group = group << 5 | (value >= 0 ? (guint64) value : 0);
    }
  for (guint i = 0; i < 5; i++)
    bytes[i] = (guint8) (group >> (32 - 8 * i));
  for (gsize count = 1; count <= 5; count++)
    if (group_lengths[count] == used)
      return count == 5 || (group << (24 + 8 * count)) == 0 ? count : 0;
  return 0;
}

/**
 * dms_base32_decode:
 * @size: (out): the number of bytes
 *
 * Returns: (nullable) (transfer full): the bytes; NULL when dms_base32_encode() would not write this text
 */
guint8 *
dms_base32_decode (const char *text, gsize *size)
{
  gsize length = strlen (text);
  g_autofree guint8 *data = NULL;

  *size = 0;
  if (length % 8 != 0)
    return NULL;
  data = g_malloc (length / 8 * 5 + 1);
  for (gsize at = 0; at < length; at += 8)
    {
      guint8 bytes[5];
      gsize count = decode_group (text + at, bytes);

      if (count == 0 || (count < 5 && at + 8 < length))
        return NULL;
      memcpy (data + *size, bytes, count);
      *size += count;
    }
  return g_steal_pointer (&data);
}

char *
dms_base32_encode_id (const guint8 public_key[32])
{
  guint8 data[sizeof id_prefix + 32];

  memcpy (data, id_prefix, sizeof id_prefix);
  memcpy (data + sizeof id_prefix, public_key, 32);
  return dms_base32_encode (data, sizeof data);
}

/**
 * dms_base32_decode_id:
 * @text: an actor ID
 *
 * Returns: whether this is the ID of an Ed25519 key, which is in @public_key then
 */
gboolean
dms_base32_decode_id (const char *text, guint8 public_key[32])
{
  g_autofree guint8 *data = NULL;
  gsize size;

  if (strlen (text) != (sizeof id_prefix + 32 + 4) / 5 * 8)
    return FALSE;
  data = dms_base32_decode (text, &size);
  if (data == NULL || size != sizeof id_prefix + 32 || memcmp (data, id_prefix, sizeof id_prefix) != 0)
    return FALSE;
  memcpy (public_key, data + sizeof id_prefix, 32);
  return TRUE;
}
