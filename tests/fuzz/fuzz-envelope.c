/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "actor/dms-envelope.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_data ((const char *) data, size, NULL);
  g_autoptr (DmsEnvelope) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) second = NULL;

  if (envelope == NULL)
    return 0;
  bytes = dms_envelope_to_bytes (envelope);
  again = dms_envelope_new_from_bytes (bytes, NULL);
  /* Escapes can make the written form longer than what may be read. */
  if (again == NULL)
    {
      g_assert_cmpuint (g_bytes_get_size (bytes), >, DMS_ENVELOPE_MAX_SIZE);
      return 0;
    }
  second = dms_envelope_to_bytes (again);
  g_assert_true (g_bytes_equal (bytes, second));
  g_assert_cmpint (dms_envelope_verify_signature (envelope), ==, dms_envelope_verify_signature (again));
  return 0;
}
