/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>

typedef struct
{
  char *root;
  GPtrArray *gpus;
} Fixture;

static void
touch (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->root, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = g_dir_make_tmp ("dms-gpu-XXXXXX", NULL);
  self->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_assert_nonnull (self->root);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  remove_tree (self->root);
  g_free (self->root);
  g_ptr_array_unref (self->gpus);
}

static void
give (Fixture *self, guint index, DmsGpuVendor vendor, const char *address)
{
  g_ptr_array_add (self->gpus, dms_gpu_new (index, vendor, NULL, address, NULL, 0));
}

static void
assert_found (Fixture *self, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) found = dms_gpu_devices_list (self->gpus, self->root, &error);
  g_autofree char *text = found != NULL ? g_strjoinv (" ", found) : NULL;

  if (expected == NULL)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  else
    g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
  g_ptr_array_set_size (self->gpus, 0);
}

/* One of each maker, and two of AMD. */
static void
build_machine (Fixture *self)
{
  static const char *const files[] = {
    "dev/dri/card0",
    "dev/dri/card1",
    "dev/dri/card2",
    "dev/dri/card10",
    "dev/dri/renderD128",
    "dev/dri/renderD129",
    "dev/dri/renderD130",
    "dev/dri/renderD131",
    "dev/kfd",
    "dev/nvidia0",
    "dev/nvidia1",
    "dev/nvidiactl",
    "dev/nvidia-caps/nvidia-cap1",
    "sys/bus/pci/devices/0000:00:02.0/drm/card0/dev",
    "sys/bus/pci/devices/0000:00:02.0/drm/renderD128/dev",
    "sys/bus/pci/devices/0000:03:00.0/drm/card1/dev",
    "sys/bus/pci/devices/0000:03:00.0/drm/renderD129/dev",
    "sys/bus/pci/devices/0000:04:00.0/drm/card2/dev",
    "sys/bus/pci/devices/0000:04:00.0/drm/renderD130/dev",
    "sys/bus/pci/devices/0000:05:00.0/drm/card10/dev",
    "sys/bus/pci/devices/0000:05:00.0/drm/renderD131/dev",
    "sys/bus/pci/devices/0000:06:00.0/class",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    touch (self, files[i]);
}

static void
test_own_alone (Fixture *self, gconstpointer data)
{
  build_machine (self);
  assert_found (self, "");
  give (self, 2, DMS_GPU_VENDOR_AMD, "0000:03:00.0");
  assert_found (self, "/dev/dri/card1 /dev/dri/renderD129 /dev/kfd");
  give (self, 4, DMS_GPU_VENDOR_INTEL, "0000:00:02.0");
  assert_found (self, "/dev/dri/card0 /dev/dri/renderD128");
  give (self, 1, DMS_GPU_VENDOR_NVIDIA, "0000:05:00.0");
  assert_found (self, "/dev/nvidia-caps/nvidia-cap1 /dev/nvidia1 /dev/nvidiactl");
  give (self, 2, DMS_GPU_VENDOR_AMD, "0000:03:00.0");
  give (self, 3, DMS_GPU_VENDOR_AMD, "0000:04:00.0");
  assert_found (self, "/dev/dri/card1 /dev/dri/card2 /dev/dri/renderD129 /dev/dri/renderD130 /dev/kfd");
}

/* Nothing of another card's, whatever stands where an address should. */
static void
test_not_found (Fixture *self, gconstpointer data)
{
  static const char *const addresses[] = {
    NULL, "", "..", "../devices/0000:03:00.0", "0000:07:00.0", "0000:06:00.0", "0000:03:00.0/drm/card1",
  };

  build_machine (self);
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      give (self, 2, DMS_GPU_VENDOR_AMD, addresses[i]);
      assert_found (self, NULL);
    }
  give (self, 7, DMS_GPU_VENDOR_NVIDIA, "0000:05:00.0");
  assert_found (self, NULL);
}

static void
test_only_card (Fixture *self, gconstpointer data)
{
  touch (self, "dev/dri/card0");
  touch (self, "dev/dri/renderD128");
  touch (self, "dev/kfd");
  give (self, 0, DMS_GPU_VENDOR_AMD, NULL);
  assert_found (self, "/dev/dri/card0 /dev/dri/renderD128 /dev/kfd");
  give (self, 0, DMS_GPU_VENDOR_AMD, "0000:03:00.0");
  assert_found (self, "/dev/dri/card0 /dev/dri/renderD128 /dev/kfd");
  /* The kernel knows it, and no driver serves it. */
  touch (self, "sys/bus/pci/devices/0000:03:00.0/class");
  give (self, 0, DMS_GPU_VENDOR_AMD, "0000:03:00.0");
  assert_found (self, NULL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gpu-devices/own-alone", Fixture, NULL, set_up, test_own_alone, tear_down);
  g_test_add ("/gpu-devices/not-found", Fixture, NULL, set_up, test_not_found, tear_down);
  g_test_add ("/gpu-devices/only-card", Fixture, NULL, set_up, test_only_card, tear_down);
  return g_test_run ();
}
