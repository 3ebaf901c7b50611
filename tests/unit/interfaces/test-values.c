/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <dms.h>

static const guint64 gib = G_GUINT64_CONSTANT (1) << 30;

static DmsResources *
read_resources (const char *text, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  g_assert_nonnull (node);
  return dms_resources_new_from_json (node, error);
}

static char *
write_resources (DmsResources *resources)
{
  g_autoptr (JsonNode) node = dms_resources_to_json (resources);

  return json_to_string (node, FALSE);
}

static DmsResources *
make_resources (double cores, guint64 ram, guint64 disk, guint64 vram)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (cores, 0);
  g_autoptr (DmsRam) memory = dms_ram_new (ram, 0, NULL);
  g_autoptr (DmsDisk) storage = dms_disk_new (disk);
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);

  if (vram > 0)
    g_ptr_array_add (gpus, dms_gpu_new (0, DMS_GPU_VENDOR_NVIDIA, "M", "0000:02:00.0", "u", vram));
  return dms_resources_new (cpu, memory, storage, gpus);
}

static void
test_resources_wire (void)
{
  g_autoptr (DmsResources) small = make_resources (2, 4 * gib, 10 * gib, 0);
  g_autoptr (DmsResources) large = make_resources (0.25, gib, gib, 8 * gib);
  g_autofree char *small_text = write_resources (small);
  g_autofree char *large_text = write_resources (large);
  g_autoptr (DmsResources) back = read_resources (large_text, NULL);

  g_assert_cmpstr (small_text, ==,
                   "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":4294967296},\"disk\":{\"size\":10737418240}}");
  g_assert_cmpstr (large_text, ==,
                   "{\"cpu\":{\"cores\":0.25},\"gpus\":[{\"index\":0,\"vendor\":\"NVIDIA\",\"pci_address\":"
                   "\"0000:02:00.0\",\"model\":\"M\",\"vram\":8589934592,\"uuid\":\"u\"}],"
                   "\"ram\":{\"size\":1073741824},\"disk\":{\"size\":1073741824}}");
  g_assert_true (dms_resources_equal (large, back));
  g_assert_false (dms_resources_equal (large, small));
}

static void
test_resources_lenient (void)
{
  static const char *const texts[] = {
    "{\"cpu\":{\"cores\":2},\"ram\":{\"size\":4294967296},\"disk\":{\"size\":10737418240},\"gpus\":null}",
    "{\"CPU\":{\"Cores\":2.0},\"RAM\":{\"Size\":4294967296.0},\"Disk\":{\"Size\":10737418240},\"gpus\":[]}",
    "{\"disk\":{\"size\":1.073741824e10},\"ram\":{\"size\":4294967296,\"new\":[1]},\"cpu\":{\"cores\":2},"
    "\"more\":{}}",
  };
  g_autoptr (DmsResources) expected = make_resources (2, 4 * gib, 10 * gib, 0);
  g_autoptr (DmsResources) empty = read_resources ("{}", NULL);
  g_autoptr (DmsResources) nothing = dms_resources_new_empty ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsResources) resources = read_resources (texts[i], &error);

      g_assert_no_error (error);
      g_assert_true (dms_resources_equal (resources, expected));
    }
  g_assert_true (dms_resources_equal (empty, nothing));
}

static void
test_resources_hostile (void)
{
  static const char *const texts[] = {
    "[]",
    "7",
    "\"cpu\"",
    "{\"cpu\":[]}",
    "{\"cpu\":{\"cores\":-1}}",
    "{\"cpu\":{\"cores\":\"two\"}}",
    "{\"cpu\":{\"cores\":1e300}}",
    "{\"cpu\":{\"cores\":true}}",
    "{\"ram\":{\"size\":-1}}",
    "{\"ram\":{\"size\":1e30}}",
    "{\"ram\":{\"size\":{}}}",
    "{\"disk\":{\"size\":\"9\"}}",
    "{\"disk\":7}",
    "{\"gpus\":{}}",
    "{\"gpus\":[7]}",
    "{\"gpus\":[{\"index\":-1}]}",
    "{\"gpus\":[{\"index\":99999999999}]}",
    "{\"gpus\":[{\"vram\":-5}]}",
    "{\"gpus\":[null]}",
    "{\"cpu\":{\"model\":{}}}",
    "{\"cpu\":{\"threads\":1e12}}",
    "{\"ram\":{\"size\":9223372036854775807}}",
  };
  g_autoptr (GString) many = g_string_new ("{\"gpus\":[{}");
  g_autoptr (GError) many_error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_null (read_resources (texts[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  for (guint i = 0; i < 300; i++)
    g_string_append (many, ",{}");
  g_string_append (many, "]}");
  g_assert_null (read_resources (many->str, &many_error));
  g_assert_error (many_error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_null (dms_resources_new_from_json (NULL, NULL));
}

static void
test_resources_arithmetic (void)
{
  g_autoptr (DmsResources) machine = make_resources (4, 8 * gib, 100 * gib, 8 * gib);
  g_autoptr (DmsResources) job = make_resources (0.1, gib, 10 * gib, 2 * gib);
  g_autoptr (DmsResources) nothing = dms_resources_new_empty ();
  g_autoptr (DmsResources) left = dms_resources_ref (machine);
  g_autoptr (DmsResources) sum = NULL;
  g_autoptr (DmsResources) same = dms_resources_add (machine, nothing);
  g_autoptr (DmsResources) also = dms_resources_add (nothing, machine);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_resources_equal (machine, same));
  g_assert_true (dms_resources_equal (machine, also));
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (DmsResources) next = dms_resources_subtract (left, job, &error);

      g_assert_no_error (error);
      dms_resources_unref (left);
      left = g_steal_pointer (&next);
    }
  /* Tenths of cores add up exactly. */
  g_assert_cmpfloat (dms_cpu_get_cores (dms_resources_get_cpu (left)), ==, 3.6);
  g_assert_cmpuint (dms_gpu_get_vram_bytes (g_ptr_array_index (dms_resources_get_gpus (left), 0)), ==, 0);
  g_assert_null (dms_resources_subtract (left, job, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_nonnull (strstr (error->message, "GPU 0"));

  sum = dms_resources_ref (left);
  for (guint i = 0; i < 4; i++)
    {
      DmsResources *next = dms_resources_add (sum, job);

      dms_resources_unref (sum);
      sum = next;
    }
  g_assert_true (dms_resources_equal (sum, machine));
}

static void
check_shortage (double cores, guint64 ram, guint64 disk, guint64 vram, const char *word)
{
  g_autoptr (DmsResources) have = make_resources (2, 4 * gib, 4 * gib, 0);
  g_autoptr (DmsResources) need = make_resources (cores, ram, disk, vram);
  g_autoptr (GError) error = NULL;

  g_assert_null (dms_resources_subtract (have, need, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_resources_shortage (void)
{
  g_autoptr (DmsResources) have = make_resources (2, 4 * gib, 4 * gib, 0);
  g_autoptr (DmsResources) nothing_left = dms_resources_subtract (have, have, NULL);

  g_assert_nonnull (nothing_left);
  check_shortage (2.01, 0, 0, 0, "CPU");
  check_shortage (0, 4 * gib + 1, 0, 0, "RAM");
  check_shortage (0, 0, 5 * gib, 0, "disk");
  check_shortage (0, 0, 0, 1, "GPU 0");
}

static void
test_resources_describe (void)
{
  g_autoptr (DmsResources) resources = make_resources (2, 4 * gib, 10 * gib, 8 * gib);
  g_autofree char *text = dms_resources_describe (resources);
  g_auto (GStrv) parts = NULL;
  g_autofree char *plain = NULL;

  /* GLib puts a no-break space before the unit. */
  parts = g_strsplit (text, "\xc2\xa0", -1);
  plain = g_strjoinv (" ", parts);
  g_assert_cmpstr (plain, ==, "2 cores, 4.0 GiB RAM, 10.0 GiB disk, 1 GPU (8.0 GiB)");
}

static void
test_hardware_free (void)
{
  g_autoptr (DmsResources) total = make_resources (4, 8 * gib, 8 * gib, 8 * gib);
  g_autoptr (DmsResources) used = make_resources (5, 2 * gib, 9 * gib, 3 * gib);
  g_autoptr (DmsHardware) hardware = dms_hardware_new (total, used);
  g_autoptr (DmsResources) left = dms_hardware_dup_free (hardware);
  g_autoptr (DmsResources) expected = make_resources (0, 6 * gib, 0, 5 * gib);
  g_autoptr (JsonNode) node = dms_hardware_to_json (hardware);
  g_autoptr (DmsHardware) back = dms_hardware_new_from_json (node, NULL);

  g_assert_true (dms_resources_equal (left, expected));
  g_assert_true (dms_hardware_equal (hardware, back));
}

static void
test_gpu_vendor (void)
{
  g_assert_cmpint (dms_gpu_vendor_from_string (NULL), ==, DMS_GPU_VENDOR_NONE);
  g_assert_cmpint (dms_gpu_vendor_from_string ("nvidia"), ==, DMS_GPU_VENDOR_NVIDIA);
  g_assert_cmpint (dms_gpu_vendor_from_string ("Matrox"), ==, DMS_GPU_VENDOR_UNKNOWN);
  for (guint vendor = DMS_GPU_VENDOR_NONE; vendor <= DMS_GPU_VENDOR_UNKNOWN; vendor++)
    g_assert_cmpint (dms_gpu_vendor_from_string (dms_gpu_vendor_to_string (vendor)), ==, vendor);
}

static DmsExecutionSpec *
make_spec (JsonObject *params)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new ("e_n.a", "x1", "docker");
  g_autoptr (DmsResources) resources = make_resources (1, gib, gib, 0);
  g_autoptr (DmsVolume) volume = dms_volume_new ("local", NULL, "/data", "/mnt", TRUE, NULL);
  g_autoptr (DmsPortMapping) port = dms_port_mapping_new (NULL, 8080, 80, DMS_PORT_BOTH);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\1\xff", 3);
  g_autoptr (DmsScript) script = dms_script_new ("setup", bytes);

  dms_execution_spec_builder_set_params (builder, params);
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_pids_limit (builder, 64);
  dms_execution_spec_builder_add_volume (builder, volume);
  dms_execution_spec_builder_add_port (builder, port);
  dms_execution_spec_builder_add_script (builder, script);
  dms_execution_spec_builder_add_key (builder, script);
  dms_execution_spec_builder_set_state_dir (builder, "/tmp/x");
  dms_execution_spec_builder_set_network (builder, "10.0.0.2", "10.0.0.1");
  dms_execution_spec_builder_set_allow_privileged (builder, TRUE);
  dms_execution_spec_builder_set_lease_path (builder, "/lease");
  return dms_execution_spec_builder_end (builder);
}

static void
test_spec (void)
{
  g_autoptr (JsonNode) params =
      json_from_string ("{\"image\":\"alpine\",\"environment\":[\"A=1\",{\"b\":null}]}", NULL);
  g_autoptr (DmsExecutionSpec) spec = make_spec (json_node_get_object (params));
  g_autoptr (DmsExecutionSpec) other = make_spec (NULL);
  g_autoptr (JsonNode) node = dms_execution_spec_to_json (spec);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autoptr (JsonNode) again = json_from_string (text, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecutionSpec) back = dms_execution_spec_new_from_json (again, &error);

  g_assert_no_error (error);
  g_assert_true (dms_execution_spec_equal (spec, back));
  g_assert_false (dms_execution_spec_equal (spec, other));
  /* What the caller does to his object later does not show. */
  json_object_remove_member (json_node_get_object (params), "image");
  g_assert_true (json_object_has_member (dms_execution_spec_get_params (spec), "image"));
  g_assert_nonnull (dms_execution_spec_get_params (other));
  g_assert_cmpuint (dms_execution_spec_get_pids_limit (back), ==, 64);
  g_assert_cmpstr (dms_execution_spec_get_gateway_ip (back), ==, "10.0.0.1");
  g_assert_true (dms_execution_spec_get_allow_privileged (back));
  g_assert_cmpstr (dms_execution_spec_get_lease_path (back), ==, "/lease");
}

static void
test_spec_hostile (void)
{
  static const char *const texts[] = {
    "{}",
    "[]",
    "{\"job_id\":\"a\",\"execution_id\":\"b\"}",
    "{\"job_id\":1,\"execution_id\":\"b\",\"engine\":\"c\"}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"params\":[]}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"volumes\":[{}]}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"ports\":[{\"job_port\":70000}]}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"scripts\":[{\"name\":\"s\",\"content\":\"%%%"
    "\"}]}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"allow_privileged\":1}",
    "{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"pids_limit\":-1}",
  };
  g_autoptr (GString) deep =
      g_string_new ("{\"job_id\":\"a\",\"execution_id\":\"b\",\"engine\":\"c\",\"params\":{\"p\":");
  g_autoptr (JsonNode) deep_node = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (texts[i], NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_null (dms_execution_spec_new_from_json (node, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  for (guint i = 0; i < 100; i++)
    g_string_append_c (deep, '[');
  for (guint i = 0; i < 100; i++)
    g_string_append_c (deep, ']');
  g_string_append (deep, "}}");
  deep_node = json_from_string (deep->str, NULL);
  g_assert_nonnull (deep_node);
  g_assert_null (dms_execution_spec_new_from_json (deep_node, NULL));
}

static void
test_results (void)
{
  g_autoptr (DmsUsage) usage = dms_usage_new (12.5, 1, 2, 3, 4, 5, 6, 7, 8);
  g_autoptr (DmsExecutionResult) oom =
      dms_execution_result_new (DMS_END_OUT_OF_MEMORY, 137, "limit", 10, 20, usage);
  g_autoptr (DmsExecutionResult) good = dms_execution_result_new (DMS_END_EXITED, 0, NULL, 10, 20, NULL);
  g_autoptr (JsonNode) node = dms_execution_result_to_json (oom);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autoptr (JsonNode) again = json_from_string (text, NULL);
  g_autoptr (DmsExecutionResult) back = dms_execution_result_new_from_json (again, NULL);
  g_autoptr (JsonNode) silent = json_from_string ("{\"exit_code\":0}", NULL);

  g_assert_nonnull (strstr (text, "\"reason\":\"out-of-memory\""));
  g_assert_true (dms_execution_result_equal (oom, back));
  g_assert_false (dms_execution_result_is_success (oom));
  g_assert_true (dms_execution_result_is_success (good));
  /* What does not say how it ended has not ended well. */
  g_assert_null (dms_execution_result_new_from_json (silent, NULL));
}

static void
test_probe (void)
{
  DmsExecutorFeatures features = DMS_EXECUTOR_FEATURE_PAUSE | DMS_EXECUTOR_FEATURE_LIMIT_MEMORY;
  g_autoptr (DmsExecutorProbe) probe = dms_executor_probe_new (TRUE, NULL, "1.2", features);
  g_autoptr (JsonNode) node = dms_executor_probe_to_json (probe);
  g_autoptr (DmsExecutorProbe) back = dms_executor_probe_new_from_json (node, NULL);
  g_autofree char *text = json_to_string (node, FALSE);

  g_assert_true (dms_executor_probe_equal (probe, back));
  g_assert_cmpstr (
      text, ==, "{\"available\":true,\"version\":\"1.2\",\"features\":[\"pause\",\"limit-memory\"]}");
}

static void
test_amounts (void)
{
  static const char *const good[] = { "0", "1.50000000", "-3", "123456789012345678901234567890.123456789" };
  static const char *const bad[] = { "", "1e9", "NaN", "1.2.3", "--1", "1,5", " 1", "." };
  g_autofree char *form =
      g_strdup ("{\"id\":\"i\",\"to_address\":\"a\",\"amount\":\"%s\",\"currency\":\"NTX\"}");

  for (gsize i = 0; i < G_N_ELEMENTS (good) + G_N_ELEMENTS (bad); i++)
    {
      gboolean is_good = i < G_N_ELEMENTS (good);
      const char *amount = is_good ? good[i] : bad[i - G_N_ELEMENTS (good)];
      g_auto (GStrv) halves = g_strsplit (form, "%s", 2);
      g_autofree char *text = g_strconcat (halves[0], amount, halves[1], NULL);
      g_autoptr (JsonNode) node = json_from_string (text, NULL);
      g_autoptr (DmsPaymentRequest) request = dms_payment_request_new_from_json (node, NULL);

      g_test_message ("%s", amount);
      g_assert_true ((request != NULL) == is_good);
      if (request != NULL)
        g_assert_cmpstr (dms_payment_request_get_amount (request), ==, amount);
    }
}

static void
test_error_adopt (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOSPC, "no space");
  g_autoptr (GError) own = g_error_new_literal (DMS_ERROR, DMS_ERROR_BUSY, "busy");
  GError *none = NULL;

  dms_error_adopt (&error, "cannot write “%s”", "/x");
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==, "cannot write “/x”: no space");
  dms_error_adopt (&own, "later");
  g_assert_error (own, DMS_ERROR, DMS_ERROR_BUSY);
  dms_error_adopt (&none, "nothing");
  g_assert_no_error (none);
  dms_error_adopt (NULL, "nothing");
  g_assert_cmpstr (dms_error_code_get_nick (DMS_ERROR_NOT_FOUND), ==, "not-found");
  g_assert_cmpstr (dms_error_code_get_nick (9999), ==, "failed");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/values/resources/wire", test_resources_wire);
  g_test_add_func ("/values/resources/lenient", test_resources_lenient);
  g_test_add_func ("/values/resources/hostile", test_resources_hostile);
  g_test_add_func ("/values/resources/arithmetic", test_resources_arithmetic);
  g_test_add_func ("/values/resources/shortage", test_resources_shortage);
  g_test_add_func ("/values/resources/describe", test_resources_describe);
  g_test_add_func ("/values/hardware/free", test_hardware_free);
  g_test_add_func ("/values/gpu-vendor", test_gpu_vendor);
  g_test_add_func ("/values/spec", test_spec);
  g_test_add_func ("/values/spec-hostile", test_spec_hostile);
  g_test_add_func ("/values/results", test_results);
  g_test_add_func ("/values/probe", test_probe);
  g_test_add_func ("/values/amounts", test_amounts);
  g_test_add_func ("/values/error-adopt", test_error_adopt);
  return g_test_run ();
}
