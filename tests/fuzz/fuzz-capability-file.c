/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "capability/dms-capability-context.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCapabilityContext) context
    = dms_capability_context_new_from_data ((const char *) data, size, "fuzz", NULL, &error);
  g_autofree char *text = NULL;

  if (context == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      return 0;
    }
  text = dms_capability_context_to_string (context);
  g_assert_true (g_str_has_suffix (text, "}\n"));
  return 0;
}
