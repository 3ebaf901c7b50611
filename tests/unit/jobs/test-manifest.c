/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "jobs/dms-job-parser.h"
#include "jobs/dms-manifest.h"
#include "jobs/dms-port-config.h"

#include <string.h>

static const char job[] =
    "version: V1\n"
    "metadata: {team: demo}\n"
    "contracts: {main: {did: 'did:key:abc'}}\n"
    "allocations:\n"
    "  web: {executor: 'null', type: service, resources: {cpu: {cores: 1}, ram: {size: 1}, disk: {size: 1}},"
    " execution: {type: 'null'}, dns_name: www,"
    " healthcheck: {type: command, exec: ['true'], interval: 5s}}\n"
    "nodes: {n1: {allocations: [web], ports: [{public: 8080, private: 80, allocation: web}]}}\n";

static DmsManifest *
make_manifest (void)
{
  g_autoptr (GBytes) data = g_bytes_new_static (job, sizeof job - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnsemble) ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);
  g_autoptr (GPtrArray) allocations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_manifest_unref);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_node_manifest_unref);
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsHandle) handle =
      dms_handle_new_for_key (key, dms_key_get_did (key), dms_key_get_peer_id (key), "root");
  g_autoptr (DmsLocation) location = dms_location_new ("EU", "DE", NULL, 0, NULL);
  const char *const keys[] = { "n1.web", NULL };
  DmsNodeConfig *node;

  g_assert_no_error (error);
  node = dms_ensemble_find_node (ensemble, "n1");
  g_ptr_array_add (allocations,
                   dms_allocation_manifest_new ("abc_n1.web",
                                                "n1",
                                                dms_ensemble_find_allocation (ensemble, "web"),
                                                handle,
                                                dms_node_config_get_ports (node),
                                                "running"));
  g_ptr_array_add (nodes, dms_node_manifest_new ("n1", "peer", handle, location, keys));
  return dms_manifest_new ("abc", ensemble, handle, allocations, nodes);
}

static void
test_round_trip (void)
{
  g_autoptr (DmsManifest) manifest = make_manifest ();
  g_autoptr (JsonNode) json = dms_manifest_to_json (manifest);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsManifest) again = dms_manifest_new_from_json (json, &error);
  g_autoptr (JsonNode) json_again = NULL;
  DmsAllocationManifest *web;
  JsonObject *object = json_node_get_object (json);

  g_assert_no_error (error);
  json_again = dms_manifest_to_json (again);
  g_assert_true (json_node_equal (json, json_again));
  g_assert_nonnull (dms_json_object_get_child (dms_json_object_get_child (object, "contracts"), "main"));
  web = dms_manifest_find_allocation (again, "web");
  g_assert_nonnull (web);
  g_assert_true (web == dms_manifest_find_allocation (again, "n1.web"));
  g_assert_true (web == dms_manifest_find_allocation (again, "abc_n1.web"));
  g_assert_null (dms_manifest_find_allocation (again, "n1"));
  g_assert_cmpstr (dms_allocation_manifest_get_dns_name (web), ==, "www.internal");
  g_assert_cmpuint (dms_allocation_manifest_get_ports (web)->len, ==, 1);
  g_assert_cmpuint (dms_port_config_get_private (dms_allocation_manifest_get_ports (web)->pdata[0]), ==, 80);
  g_assert_cmpint (
      dms_health_check_get_interval_ns (dms_allocation_manifest_get_health_check (web)), ==, 5000000000);
  g_assert_cmpstr (dms_node_manifest_get_peer (dms_manifest_find_node (again, "n1")), ==, "peer");
  g_assert_null (dms_manifest_find_node (again, "n2"));
}

static void
test_hostile (void)
{
  static const char *const bad[] = {
    "[]",
    "{}",
    "{\"id\": 5}",
    "{\"id\": \"x\", \"allocations\": {\"a\": 5}}",
    "{\"id\": \"x\", \"allocations\": {\"a\": {\"ports\": {\"99999\": 1}}}}",
    "{\"id\": \"x\", \"allocations\": {\"a\": {\"ports\": {\"80\": \"x\"}}}}",
    "{\"id\": \"x\", \"allocations\": {\"a\": {\"handle\": []}}}",
    "{\"id\": \"x\", \"allocations\": {\"a\": {\"healthcheck\": {\"type\": \"odd\", \"interval\": 1}}}}",
    "{\"id\": \"x\", \"nodes\": {\"n\": null}}",
    "{\"id\": \"x\", \"nodes\": {\"n\": {\"handle\": 3}}}",
    "{\"id\": \"x\", \"orchestrator\": \"me\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (bad[i], NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_manifest_new_from_json (node, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jobs/manifest/round-trip", test_round_trip);
  g_test_add_func ("/jobs/manifest/hostile", test_hostile);
  return g_test_run ();
}
