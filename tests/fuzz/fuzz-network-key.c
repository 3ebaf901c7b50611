/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

#include "identity/dms-network-key.h"

/* A key file may come from anybody. What is taken reads back the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) text = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) key = dms_network_key_parse (text, &error);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GBytes) again = NULL;

  if (key == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      return 0;
    }
  written = dms_network_key_to_text (key);
  again = dms_network_key_parse (written, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (again, key));
  return 0;
}
