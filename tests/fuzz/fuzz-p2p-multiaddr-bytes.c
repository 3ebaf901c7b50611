/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <string.h>

/* Multibase texts of these bytes read back as they are; and bytes that are text, once they are read, too. */
static void
check_multibase (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GBytes) bytes = dms_multibase_decode (text, NULL);
  g_autoptr (GBytes) back = NULL;
  g_autofree char *written = NULL;

  if (bytes == NULL)
    return;
  g_assert_cmpuint (g_bytes_get_size (bytes), <=, strlen (text));
  written = dms_multibase_encode ((DmsMultibase) text[0], bytes, NULL);
  g_assert_cmpint (g_ascii_strcasecmp (written, text), ==, 0);
  back = dms_multibase_decode (written, NULL);
  g_assert_true (g_bytes_equal (bytes, back));
}

/* Peers send addresses as bytes: what is accepted has one form in bytes and one in text. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new_from_bytes (bytes, &error);
  g_autoptr (DmsMultiaddr) from_text = NULL;
  g_autoptr (GBytes) back = NULL;
  g_autofree char *value = NULL;
  g_autofree char *name = NULL;

  check_multibase (data, size);
  if (address == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_true (g_str_is_ascii (dms_multiaddr_get_text (address)));
  back = dms_multiaddr_dup_bytes (address);
  g_assert_nonnull (back);
  g_assert_cmpmem (g_bytes_get_data (back, NULL), g_bytes_get_size (back), data, size);
  from_text = dms_multiaddr_new (dms_multiaddr_get_text (address), &error);
  g_assert_no_error (error);
  g_assert_true (dms_multiaddr_equal (address, from_text));
  name = dms_multiaddr_dup_part (address, dms_multiaddr_get_n_parts (address) - 1, &value);
  g_assert_nonnull (name);
  return 0;
}
