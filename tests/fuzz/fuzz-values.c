/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

#include "actor/dms-handle.h"
#include "common/dms-json-object.h"
#include "jobs/dms-ensemble.h"
#include "jobs/dms-manifest.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid.h"
#include "resources/dms-comparator.h"
#include "resources/dms-fit.h"
#include "resources/dms-location.h"
#include "resources/dms-profile.h"
#include "resources/dms-requirement.h"

typedef gpointer (*ReadFunc) (JsonNode *node, GError **error);
typedef JsonNode *(*WriteFunc) (gpointer value);

typedef struct {
  const char *name;
  ReadFunc read;
  WriteFunc write;
  GDestroyNotify unref;
} Kind;

static const Kind kinds[] = {
  { "allocation record", (ReadFunc) dms_allocation_record_new_from_json,
    (WriteFunc) dms_allocation_record_to_json, (GDestroyNotify) dms_allocation_record_unref },
  { "benchmark result", (ReadFunc) dms_benchmark_result_new_from_json,
    (WriteFunc) dms_benchmark_result_to_json, (GDestroyNotify) dms_benchmark_result_unref },
  { "bid", (ReadFunc) dms_bid_new_from_json, (WriteFunc) dms_bid_to_json, (GDestroyNotify) dms_bid_unref },
  { "bid refusal", (ReadFunc) dms_bid_refusal_new_from_json, (WriteFunc) dms_bid_refusal_to_json,
    (GDestroyNotify) dms_bid_refusal_unref },
  { "billing terms", (ReadFunc) dms_billing_terms_new_from_json, (WriteFunc) dms_billing_terms_to_json,
    (GDestroyNotify) dms_billing_terms_unref },
  { "connection info", (ReadFunc) dms_connection_info_new_from_json,
    (WriteFunc) dms_connection_info_to_json, (GDestroyNotify) dms_connection_info_unref },
  { "content record", (ReadFunc) dms_content_record_new_from_json, (WriteFunc) dms_content_record_to_json,
    (GDestroyNotify) dms_content_record_unref },
  { "dial step", (ReadFunc) dms_dial_step_new_from_json, (WriteFunc) dms_dial_step_to_json,
    (GDestroyNotify) dms_dial_step_unref },
  { "ensemble", (ReadFunc) dms_ensemble_new_from_json, (WriteFunc) dms_ensemble_to_json,
    (GDestroyNotify) dms_ensemble_unref },
  { "exec result", (ReadFunc) dms_exec_result_new_from_json, (WriteFunc) dms_exec_result_to_json,
    (GDestroyNotify) dms_exec_result_unref },
  { "execution result", (ReadFunc) dms_execution_result_new_from_json,
    (WriteFunc) dms_execution_result_to_json, (GDestroyNotify) dms_execution_result_unref },
  { "execution spec", (ReadFunc) dms_execution_spec_new_from_json, (WriteFunc) dms_execution_spec_to_json,
    (GDestroyNotify) dms_execution_spec_unref },
  { "executor probe", (ReadFunc) dms_executor_probe_new_from_json, (WriteFunc) dms_executor_probe_to_json,
    (GDestroyNotify) dms_executor_probe_unref },
  { "handle", (ReadFunc) dms_handle_new_from_json, (WriteFunc) dms_handle_to_json,
    (GDestroyNotify) dms_handle_unref },
  { "hardware", (ReadFunc) dms_hardware_new_from_json, (WriteFunc) dms_hardware_to_json,
    (GDestroyNotify) dms_hardware_unref },
  { "health check", (ReadFunc) dms_health_check_new_from_json, (WriteFunc) dms_health_check_to_json,
    (GDestroyNotify) dms_health_check_unref },
  { "limit info", (ReadFunc) dms_limit_info_new_from_json, (WriteFunc) dms_limit_info_to_json,
    (GDestroyNotify) dms_limit_info_unref },
  { "line item", (ReadFunc) dms_line_item_new_from_json, (WriteFunc) dms_line_item_to_json,
    (GDestroyNotify) dms_line_item_unref },
  { "location", (ReadFunc) dms_location_new_from_json, (WriteFunc) dms_location_to_json,
    (GDestroyNotify) dms_location_unref },
  { "manifest", (ReadFunc) dms_manifest_new_from_json, (WriteFunc) dms_manifest_to_json,
    (GDestroyNotify) dms_manifest_unref },
  { "payment quote", (ReadFunc) dms_payment_quote_new_from_json, (WriteFunc) dms_payment_quote_to_json,
    (GDestroyNotify) dms_payment_quote_unref },
  { "payment request", (ReadFunc) dms_payment_request_new_from_json, (WriteFunc) dms_payment_request_to_json,
    (GDestroyNotify) dms_payment_request_unref },
  { "payment status", (ReadFunc) dms_payment_status_new_from_json, (WriteFunc) dms_payment_status_to_json,
    (GDestroyNotify) dms_payment_status_unref },
  { "peer info", (ReadFunc) dms_peer_info_new_from_json, (WriteFunc) dms_peer_info_to_json,
    (GDestroyNotify) dms_peer_info_unref },
  { "peer score", (ReadFunc) dms_peer_score_new_from_json, (WriteFunc) dms_peer_score_to_json,
    (GDestroyNotify) dms_peer_score_unref },
  { "port mapping", (ReadFunc) dms_port_mapping_new_from_json, (WriteFunc) dms_port_mapping_to_json,
    (GDestroyNotify) dms_port_mapping_unref },
  { "profile", (ReadFunc) dms_profile_new_from_json, (WriteFunc) dms_profile_to_json,
    (GDestroyNotify) dms_profile_unref },
  { "requirement", (ReadFunc) dms_requirement_new_from_json, (WriteFunc) dms_requirement_to_json,
    (GDestroyNotify) dms_profile_unref },
  { "resources", (ReadFunc) dms_resources_new_from_json, (WriteFunc) dms_resources_to_json,
    (GDestroyNotify) dms_resources_unref },
  { "script", (ReadFunc) dms_script_new_from_json, (WriteFunc) dms_script_to_json,
    (GDestroyNotify) dms_script_unref },
  { "usage", (ReadFunc) dms_usage_new_from_json, (WriteFunc) dms_usage_to_json,
    (GDestroyNotify) dms_usage_unref },
  { "usage record", (ReadFunc) dms_usage_record_new_from_json, (WriteFunc) dms_usage_record_to_json,
    (GDestroyNotify) dms_usage_record_unref },
  { "volume", (ReadFunc) dms_volume_new_from_json, (WriteFunc) dms_volume_to_json,
    (GDestroyNotify) dms_volume_unref },
};

static void
check (const Kind *kind, JsonNode *node)
{
  g_autoptr (GError) error = NULL;
  gpointer value = kind->read (node, &error);
  gpointer again = NULL;
  g_autoptr (JsonNode) written = NULL;
  g_autoptr (JsonNode) second = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second_text = NULL;

  if (value == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  g_assert_no_error (error);
  written = kind->write (value);
  again = kind->read (written, &error);
  text = json_to_string (written, FALSE);
  if (again == NULL)
    g_error ("the %s %s does not read back: %s", kind->name, text, error->message);
  second = kind->write (again);
  second_text = json_to_string (second, FALSE);
  if (!g_str_equal (text, second_text))
    g_error ("the %s %s reads back as %s", kind->name, text, second_text);
  kind->unref (value);
  kind->unref (again);
}

static void
check_sums (JsonNode *node)
{
  g_autoptr (DmsResources) resources = dms_resources_new_from_json (node, NULL);
  g_autoptr (DmsResources) twice = NULL;
  g_autofree char *text = NULL;

  if (resources == NULL)
    return;
  twice = dms_resources_add (resources, resources);
  text = dms_resources_describe (twice);
  g_assert_nonnull (text);
}

/* Whatever is asked for is met by what it is relaxed to. */
static void
check_comparison (JsonNode *node)
{
  g_autoptr (DmsProfile) required = dms_profile_new_from_json (node, NULL);
  g_autoptr (DmsProfile) offered = dms_profile_new_empty ();
  g_autoptr (DmsProfile) relaxed = NULL;
  g_autoptr (DmsFit) fit = NULL;
  g_autoptr (DmsFit) then = NULL;
  g_autofree char *text = NULL;

  if (required == NULL)
    return;
  fit = dms_comparator_explain_profiles (offered, required);
  text = dms_fit_describe (fit);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  relaxed = dms_comparator_relax_profile (offered, required);
  then = dms_comparator_explain_profiles (offered, relaxed);
  g_assert_true (dms_fit_suffices (then));
}

/* Who meets a requirement meets it twice. */
static void
check_both (JsonNode *node)
{
  g_autoptr (DmsProfile) required = dms_requirement_new_from_json (node, NULL);
  g_autoptr (DmsProfile) both = NULL;

  if (required == NULL)
    return;
  both = dms_requirement_tighten (required, required, NULL);
  g_assert_nonnull (both);
  g_assert_true (dms_requirement_is_empty (both) == dms_requirement_is_empty (required));
}

/* Values come from other nodes, from plugins and from the database as JSON. What is accepted reads back the
 * same from what it writes. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (JsonNode) node = dms_json_node_from_text ((const char *) data, (gssize) size, NULL);

  if (node == NULL)
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    check (&kinds[i], node);
  check_sums (node);
  check_comparison (node);
  check_both (node);
  return 0;
}
