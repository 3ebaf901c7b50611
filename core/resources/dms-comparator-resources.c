/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-comparator-private.h"

#include "resources/dms-fit.h"
#include "resources/dms-gpu-matching.h"

#include <math.h>
#include <string.h>

/* What a machine is made of, field by field: how it compares, why it falls short, and what of it to ask for
 * instead. */

static gboolean
is_set (const char *text)
{
  return text != NULL && text[0] != '\0';
}

static gboolean
contains_folded (const char *text, const char *part)
{
  g_autofree char *folded_text = g_utf8_casefold (text, -1);
  g_autofree char *folded_part = g_utf8_casefold (part, -1);

  return strstr (folded_text, folded_part) != NULL;
}

void
dms_comparator_note (DmsComparing *self, DmsComparison comparison, DmsShortfall *shortfall)
{
  self->comparison = dms_comparator_and (self->comparison, comparison);
  if (shortfall != NULL)
    g_ptr_array_add (self->shortfalls, shortfall);
}

/* What describes a part: text that must be in the other, where both know it. */
static void
compare_text (DmsComparing *self,
              const char *field,
              const char *label,
              const char *offered,
              const char *required)
{
  if (!is_set (offered) || !is_set (required) || contains_folded (offered, required))
    return;
  dms_comparator_note (
      self, DMS_COMPARISON_NONE, dms_shortfall_new_kind (field, label, required, offered, NULL));
}

/* What describes a part: at least as much, where both know it. */
static void
compare_speed (DmsComparing *self,
               const char *field,
               const char *label,
               double offered,
               double required,
               const char *unit)
{
  if (offered <= 0 || required <= 0 ||
      dms_comparator_compare_numbers (offered, required) != DMS_COMPARISON_WORSE)
    return;
  dms_comparator_note (
      self, DMS_COMPARISON_WORSE, dms_shortfall_new_quantity (field, label, required, offered, unit));
}

static void
compare_amount (DmsComparing *self,
                const char *field,
                const char *label,
                double offered,
                double required,
                const char *unit)
{
  DmsComparison comparison = dms_comparator_compare_numbers (offered, required);

  dms_comparator_note (self,
                       comparison,
                       comparison == DMS_COMPARISON_WORSE
                           ? dms_shortfall_new_quantity (field, label, required, offered, unit)
                           : NULL);
}

/* The cores of the requirement's clock that the offer is worth; just its cores when a clock is not known. */
static double
get_worth (DmsCpu *offered, DmsCpu *required)
{
  double have_clock = dms_cpu_get_clock_hz (offered);
  double want_clock = dms_cpu_get_clock_hz (required);

  if (have_clock <= 0 || want_clock <= 0)
    return dms_cpu_get_cores (offered);
  return dms_cpu_get_cores (offered) * have_clock / want_clock;
}

static gboolean
is_other_architecture (DmsCpu *offered, DmsCpu *required)
{
  const char *have = dms_cpu_get_architecture (offered);
  const char *want = dms_cpu_get_architecture (required);

  return is_set (have) && is_set (want) &&
         g_ascii_strcasecmp (dms_comparator_canonical_architecture (have),
                             dms_comparator_canonical_architecture (want)) != 0;
}

static void
compare_cpus (DmsComparing *self, DmsCpu *offered, DmsCpu *required)
{
  if (is_other_architecture (offered, required))
    dms_comparator_note (self,
                         DMS_COMPARISON_NONE,
                         dms_shortfall_new_kind ("cpu.architecture",
                                                 "architecture",
                                                 dms_cpu_get_architecture (required),
                                                 dms_cpu_get_architecture (offered),
                                                 NULL));
  compare_amount (
      self, "cpu.cores", "CPU", get_worth (offered, required), dms_cpu_get_cores (required), "cores");
  compare_text (
      self, "cpu.vendor", "CPU vendor", dms_cpu_get_vendor (offered), dms_cpu_get_vendor (required));
  compare_text (self, "cpu.model", "CPU model", dms_cpu_get_model (offered), dms_cpu_get_model (required));
  compare_speed (self,
                 "cpu.threads",
                 "CPU threads",
                 dms_cpu_get_threads (offered),
                 dms_cpu_get_threads (required),
                 NULL);
  compare_speed (self,
                 "cpu.cache_size",
                 "CPU cache",
                 (double) dms_cpu_get_cache_bytes (offered),
                 (double) dms_cpu_get_cache_bytes (required),
                 "bytes");
}

static void
compare_rams (DmsComparing *self, DmsRam *offered, DmsRam *required)
{
  compare_amount (self,
                  "ram.size",
                  "RAM",
                  (double) dms_ram_get_size_bytes (offered),
                  (double) dms_ram_get_size_bytes (required),
                  "bytes");
  compare_speed (self,
                 "ram.clock_speed",
                 "RAM clock",
                 dms_ram_get_clock_hz (offered),
                 dms_ram_get_clock_hz (required),
                 "hertz");
  compare_text (
      self, "ram.type", "RAM type", dms_ram_get_type_name (offered), dms_ram_get_type_name (required));
}

static void
compare_disks (DmsComparing *self, DmsDisk *offered, DmsDisk *required)
{
  compare_amount (self,
                  "disk.size",
                  "disk",
                  (double) dms_disk_get_size_bytes (offered),
                  (double) dms_disk_get_size_bytes (required),
                  "bytes");
  compare_text (
      self, "disk.type", "disk type", dms_disk_get_type_name (offered), dms_disk_get_type_name (required));
  compare_text (
      self, "disk.vendor", "disk vendor", dms_disk_get_vendor (offered), dms_disk_get_vendor (required));
  compare_text (
      self, "disk.model", "disk model", dms_disk_get_model (offered), dms_disk_get_model (required));
  compare_text (self,
                "disk.interface",
                "disk interface",
                dms_disk_get_interface_name (offered),
                dms_disk_get_interface_name (required));
  compare_speed (self,
                 "disk.read_speed",
                 "disk reading, in a second,",
                 (double) dms_disk_get_read_bytes_per_second (offered),
                 (double) dms_disk_get_read_bytes_per_second (required),
                 "bytes");
  compare_speed (self,
                 "disk.write_speed",
                 "disk writing, in a second,",
                 (double) dms_disk_get_write_bytes_per_second (offered),
                 (double) dms_disk_get_write_bytes_per_second (required),
                 "bytes");
}

/* GPUs */

/* What people call a GPU: its vendor, model and memory as far as they are known. */
static char *
describe_gpu (DmsGpu *gpu, gboolean with_memory)
{
  DmsGpuVendor vendor = dms_gpu_get_vendor (gpu);
  gboolean named = vendor != DMS_GPU_VENDOR_NONE && vendor != DMS_GPU_VENDOR_UNKNOWN;
  const char *model = dms_gpu_get_model (gpu);
  g_autofree char *memory = with_memory && dms_gpu_get_vram_bytes (gpu) > 0
                                ? dms_shortfall_format ((double) dms_gpu_get_vram_bytes (gpu), "bytes")
                                : NULL;
  g_autoptr (GString) text = g_string_new (named ? dms_gpu_vendor_to_string (vendor) : "");

  if (is_set (model))
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", model);
  if (memory != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", memory);
  if (text->len == 0)
    g_string_append (text, "any");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* device: (nullable): the one that comes nearest to it, if there is any left */
static DmsShortfall *
explain_gpu (DmsGpu *required, guint index, DmsGpu *device)
{
  g_autofree char *field = g_strdup_printf ("gpus[%u]", index);
  g_autofree char *vram_field = g_strdup_printf ("gpus[%u].vram", index);
  g_autofree char *wanted = describe_gpu (required, TRUE);
  g_autofree char *offered = device != NULL ? describe_gpu (device, TRUE) : NULL;

  if (device == NULL)
    return dms_shortfall_new_kind (field, "GPU", wanted, "none left", NULL);
  if (dms_gpu_matching_is_kind (device, required))
    return dms_shortfall_new_quantity (vram_field,
                                       "GPU memory",
                                       (double) dms_gpu_get_vram_bytes (required),
                                       (double) dms_gpu_get_vram_bytes (device),
                                       "bytes");
  return dms_shortfall_new_kind (field, "GPU", wanted, offered, offered);
}

/* The part of a list that can be looked at. */
static GPtrArray *
bound_gpus (GPtrArray *gpus)
{
  GPtrArray *bounded = g_ptr_array_new ();

  for (guint i = 0; i < MIN (gpus->len, DMS_GPU_MATCHING_MAX); i++)
    g_ptr_array_add (bounded, gpus->pdata[i]);
  return bounded;
}

static void
compare_gpus (DmsComparing *self, GPtrArray *offered, GPtrArray *required)
{
  DmsComparison comparison = dms_comparator_compare_gpus (offered, required);
  g_autoptr (GPtrArray) devices = bound_gpus (offered);
  g_autoptr (GPtrArray) wanted = bound_gpus (required);
  g_autofree int *nearest = NULL;

  dms_comparator_note (self, comparison, NULL);
  if (dms_comparator_suffices (comparison))
    return;
  nearest = dms_gpu_matching_find_nearest (devices, wanted);
  for (guint i = 0; i < wanted->len; i++)
    {
      DmsGpu *device = nearest[i] < 0 ? NULL : devices->pdata[nearest[i]];

      if (device == NULL || !dms_gpu_matching_serves (device, wanted->pdata[i]))
        dms_comparator_note (self, DMS_COMPARISON_WORSE, explain_gpu (wanted->pdata[i], i, device));
    }
  if (required->len > DMS_GPU_MATCHING_MAX)
    dms_comparator_note (
        self,
        DMS_COMPARISON_WORSE,
        dms_shortfall_new_quantity ("gpus", "GPUs", required->len, DMS_GPU_MATCHING_MAX, NULL));
}

void
dms_comparator_add_resources (DmsComparing *self, DmsResources *offered, DmsResources *required)
{
  compare_cpus (self, dms_resources_get_cpu (offered), dms_resources_get_cpu (required));
  compare_rams (self, dms_resources_get_ram (offered), dms_resources_get_ram (required));
  compare_disks (self, dms_resources_get_disk (offered), dms_resources_get_disk (required));
  compare_gpus (self, dms_resources_get_gpus (offered), dms_resources_get_gpus (required));
}

/**
 * dms_comparator_explain:
 * @offered: what there is
 * @required: what is asked for
 *
 * Returns: (transfer full): how the offer stands to the requirement, with all that it lacks
 */
DmsFit *
dms_comparator_explain (DmsResources *offered, DmsResources *required)
{
  DmsComparing comparing = { DMS_COMPARISON_EQUAL,
                             g_ptr_array_new_with_free_func ((GDestroyNotify) dms_shortfall_unref) };

  dms_comparator_add_resources (&comparing, offered, required);
  return dms_fit_new (comparing.comparison, comparing.shortfalls);
}

/* Relaxing */

/* (nullable): the requirement, or nothing when the offer is another kind. */
static const char *
relax_text (const char *offered, const char *required)
{
  return is_set (offered) && is_set (required) && !contains_folded (offered, required) ? NULL : required;
}

static double
relax_speed (double offered, double required)
{
  return offered > 0 ? fmin (offered, required) : required;
}

static DmsCpu *
relax_cpu (DmsCpu *offered, DmsCpu *required)
{
  double worth = get_worth (offered, required);
  double cores = dms_cpu_get_cores (required);

  if (dms_comparator_compare_numbers (worth, cores) == DMS_COMPARISON_WORSE)
    cores = worth;
  return dms_cpu_new_full (
      cores,
      dms_cpu_get_clock_hz (required),
      relax_text (dms_cpu_get_model (offered), dms_cpu_get_model (required)),
      relax_text (dms_cpu_get_vendor (offered), dms_cpu_get_vendor (required)),
      is_other_architecture (offered, required) ? NULL : dms_cpu_get_architecture (required),
      (guint) relax_speed (dms_cpu_get_threads (offered), dms_cpu_get_threads (required)),
      (guint64) relax_speed ((double) dms_cpu_get_cache_bytes (offered),
                             (double) dms_cpu_get_cache_bytes (required)));
}

static DmsDisk *
relax_disk (DmsDisk *offered, DmsDisk *required)
{
  return dms_disk_new_full (
      MIN (dms_disk_get_size_bytes (offered), dms_disk_get_size_bytes (required)),
      relax_text (dms_disk_get_model (offered), dms_disk_get_model (required)),
      relax_text (dms_disk_get_vendor (offered), dms_disk_get_vendor (required)),
      relax_text (dms_disk_get_type_name (offered), dms_disk_get_type_name (required)),
      relax_text (dms_disk_get_interface_name (offered), dms_disk_get_interface_name (required)),
      (guint64) relax_speed ((double) dms_disk_get_read_bytes_per_second (offered),
                             (double) dms_disk_get_read_bytes_per_second (required)),
      (guint64) relax_speed ((double) dms_disk_get_write_bytes_per_second (offered),
                             (double) dms_disk_get_write_bytes_per_second (required)));
}

/* What stays of a kind that the device is not: nothing but its memory. */
static DmsGpu *
relax_gpu (DmsGpu *device, DmsGpu *required)
{
  gboolean same = dms_gpu_matching_is_kind (device, required);
  guint64 vram = MIN (dms_gpu_get_vram_bytes (device), dms_gpu_get_vram_bytes (required));

  return dms_gpu_new (dms_gpu_get_index (required),
                      same ? dms_gpu_get_vendor (required) : DMS_GPU_VENDOR_NONE,
                      same ? dms_gpu_get_model (required) : NULL,
                      same ? dms_gpu_get_pci_address (required) : NULL,
                      same ? dms_gpu_get_uuid (required) : NULL,
                      vram);
}

static GPtrArray *
relax_gpus (GPtrArray *offered, GPtrArray *required)
{
  GPtrArray *relaxed = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (GPtrArray) devices = bound_gpus (offered);
  g_autoptr (GPtrArray) wanted = bound_gpus (required);
  g_autofree int *nearest = dms_gpu_matching_find_nearest (devices, wanted);

  for (guint i = 0; i < wanted->len; i++)
    {
      if (nearest[i] >= 0)
        g_ptr_array_add (relaxed, relax_gpu (devices->pdata[nearest[i]], wanted->pdata[i]));
    }
  return relaxed;
}

/**
 * dms_comparator_relax:
 * @offered: what there is
 * @required: what is asked for
 *
 * Returns: (transfer full): what can be asked for instead
 */
DmsResources *
dms_comparator_relax (DmsResources *offered, DmsResources *required)
{
  DmsRam *have = dms_resources_get_ram (offered);
  DmsRam *want = dms_resources_get_ram (required);
  g_autoptr (DmsCpu) cpu = relax_cpu (dms_resources_get_cpu (offered), dms_resources_get_cpu (required));
  g_autoptr (DmsRam) ram =
      dms_ram_new (MIN (dms_ram_get_size_bytes (have), dms_ram_get_size_bytes (want)),
                   relax_speed (dms_ram_get_clock_hz (have), dms_ram_get_clock_hz (want)),
                   relax_text (dms_ram_get_type_name (have), dms_ram_get_type_name (want)));
  g_autoptr (DmsDisk) disk = relax_disk (dms_resources_get_disk (offered), dms_resources_get_disk (required));
  g_autoptr (GPtrArray) gpus =
      relax_gpus (dms_resources_get_gpus (offered), dms_resources_get_gpus (required));

  return dms_resources_new (cpu, ram, disk, gpus);
}
