/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "resources/dms-inventory.h"

static DmsInventory *
load (const char *machine)
{
  g_autofree char *root = g_build_filename (g_getenv ("DMS_TEST_DATA"), "machines", machine, NULL);
  DmsInventory *inventory = dms_inventory_new ("/", root);

  dms_inventory_set_nvml (inventory, NULL);
  return inventory;
}

static void
test_workstation (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = load ("workstation");
  g_autoptr (DmsHardware) hardware = dms_inventory_dup_hardware (inventory, &error);
  DmsCpu *cpu;

  g_assert_no_error (error);
  cpu = dms_resources_get_cpu (dms_hardware_get_total (hardware));
  g_assert_cmpfloat (dms_cpu_get_cores (cpu), ==, 4);
  g_assert_cmpuint (dms_cpu_get_threads (cpu), ==, 8);
  g_assert_cmpfloat (dms_cpu_get_clock_hz (cpu), ==, 4.2e9);
  g_assert_cmpstr (dms_cpu_get_model (cpu), ==, "Intel(R) Core(TM) i7-7700 CPU @ 3.60GHz");
  g_assert_cmpstr (dms_cpu_get_vendor (cpu), ==, "GenuineIntel");
  g_assert_cmpstr (dms_cpu_get_architecture (cpu), ==, "x86_64");
  g_assert_cmpuint (dms_cpu_get_cache_bytes (cpu), ==, 8192 * 1024);

  /* 3,000 of 10,000 ticks busy. */
  cpu = dms_resources_get_cpu (dms_hardware_get_used (hardware));
  g_assert_cmpfloat_with_epsilon (dms_cpu_get_cores (cpu), 1.2, 0.011);
  g_assert_cmpuint (dms_ram_get_size_bytes (dms_resources_get_ram (dms_hardware_get_total (hardware))),
                    ==,
                    16384000ULL * 1024);
  g_assert_cmpuint (dms_ram_get_size_bytes (dms_resources_get_ram (dms_hardware_get_used (hardware))),
                    ==,
                    4096000ULL * 1024);
  g_assert_cmpuint (
      dms_disk_get_size_bytes (dms_resources_get_disk (dms_hardware_get_total (hardware))), >, 0);
}

static void
assert_gpu (GPtrArray *gpus, guint i, DmsGpuVendor vendor, const char *address, guint64 vram)
{
  DmsGpu *gpu = g_ptr_array_index (gpus, i);

  g_assert_cmpuint (dms_gpu_get_index (gpu), ==, i);
  g_assert_cmpint (dms_gpu_get_vendor (gpu), ==, vendor);
  g_assert_cmpstr (dms_gpu_get_pci_address (gpu), ==, address);
  g_assert_cmpuint (dms_gpu_get_vram_bytes (gpu), ==, vram);
}

static void
test_gpus (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = load ("workstation");
  g_autoptr (DmsHardware) hardware = NULL;
  GPtrArray *gpus;
  GPtrArray *used;

  g_assert_true (dms_inventory_refresh (inventory, &error));
  hardware = dms_inventory_dup_hardware (inventory, &error);
  g_assert_no_error (error);
  gpus = dms_resources_get_gpus (dms_hardware_get_total (hardware));
  used = dms_resources_get_gpus (dms_hardware_get_used (hardware));
  /* NVIDIA's first; the controller of a server's console is no GPU to lend. */
  g_assert_cmpuint (gpus->len, ==, 4);
  assert_gpu (gpus, 0, DMS_GPU_VENDOR_NVIDIA, "0000:01:00.0", 0);
  assert_gpu (gpus, 1, DMS_GPU_VENDOR_INTEL, "0000:00:02.0", 0);
  assert_gpu (gpus, 2, DMS_GPU_VENDOR_AMD, "0000:03:00.0", 17163091968);
  assert_gpu (gpus, 3, DMS_GPU_VENDOR_INTEL, "0000:05:00.0", 17079205888);
  g_assert_cmpstr (dms_gpu_get_uuid (g_ptr_array_index (gpus, 2)), ==, "7f8e2a1c00112233");
  /* As libpci's database has it. */
  g_assert_nonnull (dms_gpu_get_model (g_ptr_array_index (gpus, 3)));
  g_assert_nonnull (strstr (dms_gpu_get_model (g_ptr_array_index (gpus, 3)), "A770"));
  assert_gpu (used, 2, DMS_GPU_VENDOR_AMD, "0000:03:00.0", 1073741824);
  assert_gpu (used, 3, DMS_GPU_VENDOR_INTEL, "0000:05:00.0", 1000000000);
}

static void
refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_inventory_refresh_finish (DMS_INVENTORY (source), result, &error));
  g_assert_no_error (error);
  g_main_loop_quit (user_data);
}

static void
test_nvml (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = load ("workstation");
  g_autoptr (DmsHardware) hardware = NULL;
  GPtrArray *gpus;

  dms_inventory_set_nvml (inventory, g_getenv ("DMS_TEST_NVML"));
  dms_inventory_refresh_async (inventory, NULL, refreshed, loop);
  g_main_loop_run (loop);
  hardware = dms_inventory_dup_hardware (inventory, &error);
  g_assert_no_error (error);
  gpus = dms_resources_get_gpus (dms_hardware_get_total (hardware));
  g_assert_cmpuint (gpus->len, ==, 4);
  assert_gpu (gpus, 0, DMS_GPU_VENDOR_NVIDIA, "0000:01:00.0", 24ULL << 30);
  g_assert_cmpstr (dms_gpu_get_model (g_ptr_array_index (gpus, 0)), ==, "NVIDIA GeForce RTX 3090");
  g_assert_cmpstr (
      dms_gpu_get_uuid (g_ptr_array_index (gpus, 0)), ==, "GPU-00000000-1111-2222-3333-444444444444");
  gpus = dms_resources_get_gpus (dms_hardware_get_used (hardware));
  assert_gpu (gpus, 0, DMS_GPU_VENDOR_NVIDIA, "0000:01:00.0", 2ULL << 30);
}

static void
test_arm (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = load ("arm-board");
  g_autoptr (DmsHardware) hardware = dms_inventory_dup_hardware (inventory, &error);
  DmsCpu *cpu;

  g_assert_no_error (error);
  cpu = dms_resources_get_cpu (dms_hardware_get_total (hardware));
  g_assert_cmpfloat (dms_cpu_get_cores (cpu), ==, 4);
  g_assert_cmpstr (dms_cpu_get_architecture (cpu), ==, "arm64");
  g_assert_cmpstr (dms_cpu_get_model (cpu), ==, "Raspberry Pi 4 Model B Rev 1.4");
}

static void
test_no_proc (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = load ("empty");

  g_assert_null (dms_inventory_dup_hardware (inventory, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "is /proc mounted?"));
}

static void
test_this_machine (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsInventory) inventory = dms_inventory_new ("/nonexistent/folder/on/root", NULL);
  g_autoptr (DmsHardware) hardware = NULL;
  DmsResources *total;

  g_assert_true (dms_inventory_refresh (inventory, &error));
  hardware = dms_inventory_dup_hardware (inventory, &error);
  g_assert_no_error (error);
  total = dms_hardware_get_total (hardware);
  g_assert_cmpfloat (dms_cpu_get_cores (dms_resources_get_cpu (total)), >=, 1);
  g_assert_cmpfloat (dms_cpu_get_cores (dms_resources_get_cpu (total)), <=, g_get_num_processors ());
  g_assert_cmpuint (dms_ram_get_size_bytes (dms_resources_get_ram (total)), >, 64 * 1024 * 1024);
  g_assert_cmpuint (dms_disk_get_size_bytes (dms_resources_get_disk (total)), >, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* A device without its driver is worth a warning, and not the end of the test. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/inventory/workstation", test_workstation);
  g_test_add_func ("/inventory/gpus", test_gpus);
  g_test_add_func ("/inventory/nvml", test_nvml);
  g_test_add_func ("/inventory/arm", test_arm);
  g_test_add_func ("/inventory/no-proc", test_no_proc);
  g_test_add_func ("/inventory/this-machine", test_this_machine);
  return g_test_run ();
}
