/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "capability/dms-capability-context.h"

static void
use (DmsCapabilityContext *context, DmsTokenList *tokens)
{
  g_autoptr (GBytes) bytes = dms_token_list_to_bytes (tokens);
  guint64 interaction = dms_capability_context_consume (context, NULL, bytes, NULL);

  if (interaction == 0)
    return;
  dms_capability_context_require (context, interaction, "A", "B", "/dms", NULL);
  dms_capability_context_hold (context, interaction, "fuzz");
  dms_capability_context_discard (context, interaction);
  dms_capability_context_release (context, "fuzz");
}

/* What was read is written in the one form, and reads the same again. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsCapabilityContext) context
    = dms_capability_context_new_from_data ((const char *) data, size, "fuzz", NULL, &error);
  g_autoptr (DmsCapabilityContext) again = NULL;
  g_autoptr (DmsTokenList) require = NULL;
  g_autoptr (DmsTokenList) provide = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second = NULL;

  if (context == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      return 0;
    }
  text = dms_capability_context_to_string (context);
  g_assert_true (g_str_has_suffix (text, "}\n"));
  again = dms_capability_context_new_from_data (text, strlen (text), "fuzz", NULL, &error);
  g_assert_no_error (error);
  second = dms_capability_context_to_string (again);
  g_assert_cmpstr (text, ==, second);
  g_assert_true (dms_did_equal (dms_capability_context_get_did (context),
                                dms_capability_context_get_did (again)));
  require = dms_capability_context_dup_require (context);
  provide = dms_capability_context_dup_provide (context);
  use (context, require);
  use (again, provide);
  return 0;
}
