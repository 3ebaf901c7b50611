/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include <string.h>

enum
{
  MAX_GPUS = 256,
  MAX_TEMPLATE_MEMBERS = 64
};

/* Bounds that no machine reaches; they keep sums over an ensemble from overflowing. */
static const double max_cores = 65536;

static DmsCpu *
decode_cpu (DmsJobReader *resources)
{
  g_autoptr (DmsJobReader) cpu = dms_job_reader_open (resources, "cpu", DMS_JOB_READ_REQUIRED);
  g_autofree char *model = NULL;
  g_autofree char *vendor = NULL;
  g_autofree char *architecture = NULL;
  double cores;
  double clock;
  guint threads;
  guint64 cache;

  if (cpu == NULL)
    return dms_cpu_new (0, 0);
  cores = dms_job_reader_get_positive (cpu, "cores", max_cores, DMS_JOB_READ_REQUIRED);
  if (cores > 0 && cores < 0.01)
    dms_job_reader_error (cpu, "cores", "must be at least 0.01");
  clock = dms_job_reader_get_hertz (cpu, "clock_speed");
  model = dms_job_reader_dup_string (cpu, "model", DMS_JOB_READ_OPTIONAL);
  vendor = dms_job_reader_dup_string (cpu, "vendor", DMS_JOB_READ_OPTIONAL);
  architecture = dms_job_reader_dup_string (
      cpu,
      "architecture",
      dms_job_reader_get_form (cpu) == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  threads = (guint) dms_job_reader_get_int (cpu, "threads", 0, 65536, 0);
  cache = (guint64) dms_job_reader_get_int (cpu, "cache_size", 0, G_MAXINT64, 0);
  dms_job_reader_skip_obsolete (cpu, "cachesize");
  dms_job_reader_finish (cpu);
  return dms_cpu_new_full (cores, clock, model, vendor, architecture, threads, cache);
}

static DmsRam *
decode_ram (DmsJobReader *resources)
{
  g_autoptr (DmsJobReader) ram = dms_job_reader_open (resources, "ram", DMS_JOB_READ_REQUIRED);
  g_autofree char *type = NULL;
  guint64 size;
  double clock;

  if (ram == NULL)
    return dms_ram_new (0, 0, NULL);
  size = dms_job_reader_get_bytes (ram, "size", DMS_JOB_READ_REQUIRED);
  clock = dms_job_reader_get_hertz (ram, "clock_speed");
  type = dms_job_reader_dup_string (ram, "type", DMS_JOB_READ_OPTIONAL);
  dms_job_reader_finish (ram);
  return dms_ram_new (size, clock, type);
}

static DmsDisk *
decode_disk (DmsJobReader *resources)
{
  g_autoptr (DmsJobReader) disk = dms_job_reader_open (resources, "disk", DMS_JOB_READ_REQUIRED);
  g_autofree char *model = NULL;
  g_autofree char *vendor = NULL;
  g_autofree char *type = NULL;
  g_autofree char *interface_name = NULL;
  guint64 size;
  guint64 read_speed;
  guint64 write_speed;

  if (disk == NULL)
    return dms_disk_new (0);
  size = dms_job_reader_get_bytes (disk, "size", DMS_JOB_READ_REQUIRED);
  model = dms_job_reader_dup_string (disk, "model", DMS_JOB_READ_OPTIONAL);
  vendor = dms_job_reader_dup_string (disk, "vendor", DMS_JOB_READ_OPTIONAL);
  type = dms_job_reader_dup_string (
      disk,
      "type",
      dms_job_reader_get_form (disk) == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  interface_name = dms_job_reader_dup_string (disk, "interface", DMS_JOB_READ_OPTIONAL);
  read_speed = (guint64) dms_job_reader_get_int (disk, "read_speed", 0, G_MAXINT64, 0);
  write_speed = (guint64) dms_job_reader_get_int (disk, "write_speed", 0, G_MAXINT64, 0);
  dms_job_reader_skip_obsolete (disk, "readspeed");
  dms_job_reader_skip_obsolete (disk, "writespeed");
  dms_job_reader_finish (disk);
  return dms_disk_new_full (size, model, vendor, type, interface_name, read_speed, write_speed);
}

static DmsGpuVendor
decode_vendor (DmsJobReader *gpu)
{
  g_autofree char *text = dms_job_reader_dup_string (
      gpu,
      "vendor",
      dms_job_reader_get_form (gpu) == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  static const DmsGpuVendor vendors[] = { DMS_GPU_VENDOR_NVIDIA,
                                          DMS_GPU_VENDOR_AMD,
                                          DMS_GPU_VENDOR_INTEL,
                                          DMS_GPU_VENDOR_UNKNOWN,
                                          DMS_GPU_VENDOR_NONE };

  if (text == NULL || *text == '\0')
    return DMS_GPU_VENDOR_NONE;
  for (guint i = 0; i < G_N_ELEMENTS (vendors); i++)
    {
      if (g_ascii_strcasecmp (text, dms_gpu_vendor_to_string (vendors[i])) == 0)
        return vendors[i];
    }
  if (g_ascii_strcasecmp (text, "AMD") == 0 || g_ascii_strcasecmp (text, "ATI") == 0)
    return DMS_GPU_VENDOR_AMD;
  dms_job_reader_error (
      gpu, "vendor", "must be one of NVIDIA, AMD/ATI, Intel, Unknown, None, got \"%.40s\"", text);
  return DMS_GPU_VENDOR_NONE;
}

static DmsGpu *
decode_gpu (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) gpu = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autofree char *model = NULL;
  g_autofree char *pci_address = NULL;
  g_autofree char *uuid = NULL;
  DmsGpuVendor vendor;
  guint index;
  guint64 vram = 0;
  DmsJobNode *size;

  if (gpu == NULL)
    return NULL;
  index = (guint) dms_job_reader_get_int (gpu, "index", 0, 1024, 0);
  vendor = decode_vendor (gpu);
  model = dms_job_reader_dup_string (
      gpu, "model", scope->form == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  pci_address = dms_job_reader_dup_string (gpu, "pci_address", DMS_JOB_READ_OPTIONAL);
  uuid = dms_job_reader_dup_string (gpu, "uuid", DMS_JOB_READ_OPTIONAL);
  size = dms_job_reader_get (gpu, "vram", DMS_JOB_READ_OPTIONAL);
  /* Zero is how both forms say that any amount will do. */
  if (size != NULL && g_strcmp0 (dms_job_node_get_text (size), "0") != 0)
    vram = dms_job_reader_get_bytes (gpu, "vram", DMS_JOB_READ_OPTIONAL);
  dms_job_reader_finish (gpu);
  return dms_gpu_new (index, vendor, model, pci_address, uuid, vram);
}

/* Files exist that write one GPU as several items of one attribute each. */
static void
warn_of_split_gpu (DmsJobNode *list, const char *path, const DmsJobScope *scope)
{
  guint n_single = 0;

  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    n_single += dms_job_node_get_n_items (dms_job_node_get_item (list, i)) == 1 ? 1 : 0;
  if (n_single < 2 || n_single != dms_job_node_get_n_items (list))
    return;
  for (guint i = 1; i < n_single; i++)
    {
      if (strcmp (dms_job_node_get_key (dms_job_node_get_item (list, 0), 0),
                  dms_job_node_get_key (dms_job_node_get_item (list, i), 0)) == 0)
        return;
    }
  dms_job_report_warning (
      scope->report,
      list,
      path,
      "each item asks for one GPU, so this asks for %u; to describe one GPU put its attributes "
      "into one item",
      n_single);
}

static GPtrArray *
decode_gpus (DmsJobReader *resources, const DmsJobScope *scope)
{
  GPtrArray *gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  DmsJobNode *list = dms_job_reader_get_list (resources, "gpus", DMS_JOB_READ_OPTIONAL);
  g_autofree char *path = dms_job_reader_dup_path_of (resources, "gpus");

  if (list == NULL)
    return gpus;
  if (dms_job_node_get_n_items (list) > MAX_GPUS)
    {
      dms_job_reader_error (resources, "gpus", "must have at most %d items", MAX_GPUS);
      return gpus;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *item_path = g_strdup_printf ("%s[%u]", path, i);
      DmsGpu *gpu = decode_gpu (dms_job_node_get_item (list, i), item_path, scope);

      if (gpu != NULL)
        g_ptr_array_add (gpus, gpu);
    }
  if (!dms_job_report_has_errors (scope->report) && scope->form == DMS_JOB_FORM_FILE)
    warn_of_split_gpu (list, path, scope);
  return gpus;
}

/* A name of a template, or a map that may name one in its member `name` and overrides its values. */
static DmsJobNode *
find_resources (DmsJobReader *allocation, const DmsJobScope *scope)
{
  DmsJobNode *node = dms_job_reader_get (allocation, "resources", DMS_JOB_READ_REQUIRED);
  DmsJobNode *name;
  DmsJobNode *template;

  if (node == NULL)
    return NULL;
  name = dms_job_node_is_scalar (node) ? node : dms_job_node_get (node, "name");
  if (name == NULL || scope->form == DMS_JOB_FORM_WIRE || dms_job_node_get_text (name) == NULL)
    return dms_job_node_ref (node);
  template = dms_job_node_get (scope->resources, dms_job_node_get_text (name));
  if (template == NULL || dms_job_node_get_kind (template) != DMS_JOB_NODE_MAP)
    {
      dms_job_reader_error (allocation,
                            "resources",
                            "no resources \"%.40s\" under the top-level resources",
                            dms_job_node_get_text (name));
      return NULL;
    }
  if (name == node)
    return dms_job_node_ref (template);
  if (dms_job_node_get_n_items (template) > MAX_TEMPLATE_MEMBERS)
    {
      dms_job_reader_error (allocation, "resources", "the template has too many members");
      return NULL;
    }
  return dms_job_node_merge (template, node);
}

DmsResources *
dms_job_decode_resources (DmsJobReader *allocation, const DmsJobScope *scope)
{
  g_autoptr (DmsJobNode) node = find_resources (allocation, scope);
  g_autofree char *path = dms_job_reader_dup_path_of (allocation, "resources");
  g_autoptr (DmsJobReader) resources = NULL;
  g_autoptr (DmsCpu) cpu = NULL;
  g_autoptr (DmsRam) ram = NULL;
  g_autoptr (DmsDisk) disk = NULL;
  g_autoptr (GPtrArray) gpus = NULL;

  if (node != NULL)
    resources = dms_job_reader_new (node, path, scope->form, scope->report);
  if (resources == NULL)
    return dms_resources_new_empty ();
  dms_job_reader_mark_known (resources, "name");
  cpu = decode_cpu (resources);
  ram = decode_ram (resources);
  disk = decode_disk (resources);
  gpus = decode_gpus (resources, scope);
  dms_job_reader_finish (resources);
  return dms_resources_new (cpu, ram, disk, gpus);
}
