/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, &error);
  g_autoptr (DmsMultiaddr) again = NULL;
  g_autoptr (DmsMultiaddr) from_bytes = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (address == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_true (g_str_is_ascii (dms_multiaddr_get_text (address)));
  g_assert_cmpuint (strlen (dms_multiaddr_get_text (address)), <=, 1024);
  node = dms_multiaddr_to_json (address);
  again = dms_multiaddr_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_true (dms_multiaddr_equal (address, again));
  bytes = dms_multiaddr_dup_bytes (address);
  if (bytes == NULL)
    {
      g_assert_true (dms_multiaddr_has_part (address, "memory"));
      return 0;
    }
  from_bytes = dms_multiaddr_new_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_true (dms_multiaddr_equal (address, from_bytes));
  return 0;
}
