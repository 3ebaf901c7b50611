/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-gpus.h"

#include <sys/stat.h>

static gboolean
is_nvidia (DmsGpu *gpu)
{
  return dms_gpu_get_vendor (gpu) == DMS_GPU_VENDOR_NVIDIA;
}

/* The device files of those GPUs that are passed as such; the engine's own runtime knows those of NVIDIA. */
GStrv
dms_docker_gpus_list_devices (GPtrArray *gpus, const char *root, GError **error)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      const DmsGpuVendor vendor = dms_gpu_get_vendor (gpu);

      if (vendor == DMS_GPU_VENDOR_AMD || vendor == DMS_GPU_VENDOR_INTEL)
        g_ptr_array_add (others, gpu);
    }
  return dms_gpu_devices_list (others, root, error);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_nvidia (JsonBuilder *builder, GPtrArray *gpus)
{
  json_builder_set_member_name (builder, "DeviceRequests");
  json_builder_begin_array (builder);
  json_builder_begin_object (builder);
  add_string (builder, "Driver", "nvidia");
  json_builder_set_member_name (builder, "DeviceIDs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < gpus->len; i++)
    {
      DmsGpu *gpu = g_ptr_array_index (gpus, i);
      g_autofree char *index = g_strdup_printf ("%u", dms_gpu_get_index (gpu));

      if (is_nvidia (gpu))
        json_builder_add_string_value (builder, index);
    }
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "Capabilities");
  json_builder_begin_array (builder);
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, "gpu");
  json_builder_end_array (builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  json_builder_end_array (builder);
}

static void
add_devices (JsonBuilder *builder, const char *const *devices)
{
  json_builder_set_member_name (builder, "Devices");
  json_builder_begin_array (builder);
  for (gsize i = 0; devices[i] != NULL; i++)
    {
      json_builder_begin_object (builder);
      add_string (builder, "PathOnHost", devices[i]);
      add_string (builder, "PathInContainer", devices[i]);
      add_string (builder, "CgroupPermissions", "rwm");
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

/* Groups are given by number: the image need not know the host's names. That of root opens other files, too.
 */
static void
add_groups (JsonBuilder *builder, const char *const *devices)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  json_builder_set_member_name (builder, "GroupAdd");
  json_builder_begin_array (builder);
  for (gsize i = 0; devices[i] != NULL; i++)
    {
      struct stat info;
      g_autofree char *gid = NULL;

      if (stat (devices[i], &info) != 0 || info.st_gid == 0 ||
          !g_hash_table_add (seen, GUINT_TO_POINTER ((guint) info.st_gid)))
        continue;
      gid = g_strdup_printf ("%u", (guint) info.st_gid);
      json_builder_add_string_value (builder, gid);
    }
  if (g_hash_table_size (seen) == 0)
    json_builder_add_string_value (builder, "video");
  json_builder_end_array (builder);
}

/* What a container's HostConfig says of the GPUs of a job: nothing but those that it was given. */
void
dms_docker_gpus_add (JsonBuilder *builder, GPtrArray *gpus, const char *const *devices)
{
  gboolean nvidia = FALSE;

  for (guint i = 0; i < gpus->len && !nvidia; i++)
    nvidia = is_nvidia (g_ptr_array_index (gpus, i));
  if (nvidia)
    add_nvidia (builder, gpus);
  if (devices[0] == NULL)
    return;
  add_devices (builder, devices);
  add_groups (builder, devices);
}
