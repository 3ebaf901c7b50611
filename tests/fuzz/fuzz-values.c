/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

static void
check_resources (JsonNode *node)
{
  g_autoptr (DmsResources) resources = dms_resources_new_from_json (node, NULL);
  g_autoptr (DmsResources) twice = NULL;
  g_autoptr (DmsResources) again = NULL;
  g_autoptr (JsonNode) written = NULL;
  g_autofree char *text = NULL;

  if (resources == NULL)
    return;
  written = dms_resources_to_json (resources);
  again = dms_resources_new_from_json (written, NULL);
  g_assert_nonnull (again);
  g_assert_true (dms_resources_equal (resources, again));
  twice = dms_resources_add (resources, again);
  text = dms_resources_describe (twice);
  g_assert_nonnull (text);
}

static void
check_spec (JsonNode *node)
{
  g_autoptr (DmsExecutionSpec) spec = dms_execution_spec_new_from_json (node, NULL);
  g_autoptr (DmsExecutionSpec) again = NULL;
  g_autoptr (JsonNode) written = NULL;

  if (spec == NULL)
    return;
  written = dms_execution_spec_to_json (spec);
  again = dms_execution_spec_new_from_json (written, NULL);
  g_assert_nonnull (again);
  g_assert_true (dms_execution_spec_equal (spec, again));
}

/* Values come from other nodes as JSON. What is accepted must read back the same from what it writes. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autoptr (DmsUsage) usage = NULL;
  g_autoptr (DmsPaymentRequest) request = NULL;

  if (size > 65536 || !g_utf8_validate (text, -1, NULL))
    return 0;
  node = json_from_string (text, NULL);
  if (node == NULL)
    return 0;
  check_resources (node);
  check_spec (node);
  result = dms_execution_result_new_from_json (node, NULL);
  usage = dms_usage_new_from_json (node, NULL);
  request = dms_payment_request_new_from_json (node, NULL);
  return 0;
}
