/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-comparator.h"

/* More than any machine has; bounds the matching of a hostile request. */
enum
{
  MAX_GPUS = 64,
};

static DmsComparison
compare_numbers (double offered, double required)
{
  /* What is left of sums and products of decimal fractions must not tell equal quantities apart. */
  double slack = 1e-9 * MAX (offered, required);

  if (offered > required + slack)
    return DMS_COMPARISON_BETTER;
  return offered < required - slack ? DMS_COMPARISON_WORSE : DMS_COMPARISON_EQUAL;
}

/**
 * dms_comparator_and:
 * @a: a comparison
 * @b: another
 *
 * Returns: what both together come to: the worst of them, with “of another kind” worst of all
 */
DmsComparison
dms_comparator_and (DmsComparison a, DmsComparison b)
{
  if (a == DMS_COMPARISON_NONE || b == DMS_COMPARISON_NONE)
    return DMS_COMPARISON_NONE;
  if (a == DMS_COMPARISON_WORSE || b == DMS_COMPARISON_WORSE)
    return DMS_COMPARISON_WORSE;
  return a == DMS_COMPARISON_EQUAL && b == DMS_COMPARISON_EQUAL ? DMS_COMPARISON_EQUAL
                                                                : DMS_COMPARISON_BETTER;
}

/**
 * dms_comparator_suffices:
 * @comparison: a comparison
 *
 * Returns: whether the offer meets the requirement
 */
gboolean
dms_comparator_suffices (DmsComparison comparison)
{
  return comparison == DMS_COMPARISON_BETTER || comparison == DMS_COMPARISON_EQUAL;
}

static gboolean
is_set (const char *text)
{
  return text != NULL && text[0] != '\0';
}

/**
 * dms_comparator_canonical_architecture:
 * @name: an architecture
 *
 * The same processors go by several names.
 *
 * Returns: (transfer none): one of them for all; letters of either case
 */
const char *
dms_comparator_canonical_architecture (const char *name)
{
  if (g_ascii_strcasecmp (name, "amd64") == 0 || g_ascii_strcasecmp (name, "x86-64") == 0)
    return "x86_64";
  return g_ascii_strcasecmp (name, "aarch64") == 0 ? "arm64" : name;
}

/**
 * dms_comparator_compare_cpus:
 * @offered: a processor
 * @required: what is asked for
 *
 * Compares computing power, cores times clock; cores alone when either side does not know its clock.
 *
 * Returns: how the offer stands; of another kind when the architectures differ
 */
DmsComparison
dms_comparator_compare_cpus (DmsCpu *offered, DmsCpu *required)
{
  const char *have = dms_cpu_get_architecture (offered);
  const char *want = dms_cpu_get_architecture (required);
  double have_clock = dms_cpu_get_clock_hz (offered);
  double want_clock = dms_cpu_get_clock_hz (required);

  if (is_set (have) && is_set (want) &&
      g_ascii_strcasecmp (dms_comparator_canonical_architecture (have),
                          dms_comparator_canonical_architecture (want)) != 0)
    return DMS_COMPARISON_NONE;
  if (have_clock <= 0 || want_clock <= 0)
    have_clock = want_clock = 1;
  return compare_numbers (dms_cpu_get_cores (offered) * have_clock,
                          dms_cpu_get_cores (required) * want_clock);
}

static gboolean
contains_folded (const char *text, const char *part)
{
  g_autofree char *folded_text = g_utf8_casefold (text != NULL ? text : "", -1);
  g_autofree char *folded_part = g_utf8_casefold (part, -1);

  return strstr (folded_text, folded_part) != NULL;
}

static gboolean
gpu_serves (DmsGpu *offered, DmsGpu *required)
{
  DmsGpuVendor vendor = dms_gpu_get_vendor (required);

  if (vendor != DMS_GPU_VENDOR_NONE && vendor != DMS_GPU_VENDOR_UNKNOWN &&
      vendor != dms_gpu_get_vendor (offered))
    return FALSE;
  if (is_set (dms_gpu_get_model (required)) &&
      !contains_folded (dms_gpu_get_model (offered), dms_gpu_get_model (required)))
    return FALSE;
  if (is_set (dms_gpu_get_uuid (required)) &&
      g_strcmp0 (dms_gpu_get_uuid (offered), dms_gpu_get_uuid (required)) != 0)
    return FALSE;
  if (is_set (dms_gpu_get_pci_address (required)) &&
      g_strcmp0 (dms_gpu_get_pci_address (offered), dms_gpu_get_pci_address (required)) != 0)
    return FALSE;

  /* One that names no memory wants the device, whatever is free on it; none free means somebody has it. */
  if (dms_gpu_get_vram_bytes (required) == 0)
    return dms_gpu_get_vram_bytes (offered) > 0;
  return dms_gpu_get_vram_bytes (offered) >= dms_gpu_get_vram_bytes (required);
}

/* One step of bipartite matching: a device for requirement @r, moving earlier ones to other devices if need
 * be. */
static gboolean
find_device (GPtrArray *offered, GPtrArray *required, guint r, int *owner, gboolean *tried)
{
  for (guint d = 0; d < offered->len; d++)
    {
      if (tried[d] || !gpu_serves (g_ptr_array_index (offered, d), g_ptr_array_index (required, r)))
        continue;
      tried[d] = TRUE;
      if (owner[d] < 0 || find_device (offered, required, (guint) owner[d], owner, tried))
        {
          owner[d] = (int) r;
          return TRUE;
        }
    }
  return FALSE;
}

static int
compare_vram (gconstpointer a, gconstpointer b)
{
  guint64 left = dms_gpu_get_vram_bytes (*(DmsGpu *const *) a);
  guint64 right = dms_gpu_get_vram_bytes (*(DmsGpu *const *) b);

  return left < right ? -1 : left > right;
}

/* (nullable) (element-type DmsGpu): a device for each requirement, small devices preferred. */
static GPtrArray *
match_gpus (GPtrArray *offered, GPtrArray *required)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GPtrArray) matched = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  int owner[MAX_GPUS];

  if (required->len > offered->len || offered->len > MAX_GPUS)
    return NULL;

  g_ptr_array_extend (sorted, offered, NULL, NULL);
  g_ptr_array_sort (sorted, compare_vram);
  for (guint d = 0; d < MAX_GPUS; d++)
    owner[d] = -1;
  for (guint r = 0; r < required->len; r++)
    {
      gboolean tried[MAX_GPUS] = { FALSE };
      if (!find_device (sorted, required, r, owner, tried))
        return NULL;
    }

  g_ptr_array_set_size (matched, (int) required->len);
  for (guint d = 0; d < sorted->len; d++)
    {
      if (owner[d] >= 0)
        matched->pdata[owner[d]] = dms_gpu_ref (g_ptr_array_index (sorted, d));
    }
  return g_steal_pointer (&matched);
}

/**
 * dms_comparator_compare_gpus:
 * @offered: (element-type DmsGpu): devices
 * @required: (element-type DmsGpu): what is asked for
 *
 * Returns: how the devices stand to the requirements, each of which needs a device of its own
 */
DmsComparison
dms_comparator_compare_gpus (GPtrArray *offered, GPtrArray *required)
{
  g_autoptr (GPtrArray) matched = match_gpus (offered, required);
  DmsComparison comparison = DMS_COMPARISON_EQUAL;

  if (required->len == 0)
    return DMS_COMPARISON_BETTER;
  if (matched == NULL)
    return DMS_COMPARISON_WORSE;

  for (guint i = 0; i < required->len; i++)
    {
      guint64 have = dms_gpu_get_vram_bytes (g_ptr_array_index (matched, i));
      guint64 want = dms_gpu_get_vram_bytes (g_ptr_array_index (required, i));
      if (have != want)
        comparison = DMS_COMPARISON_BETTER;
    }
  return comparison;
}

/**
 * dms_comparator_assign_gpus:
 * @free: (element-type DmsGpu): devices, with the memory that is free on each
 * @required: (element-type DmsGpu): what is asked for
 * @error: return location
 *
 * Chooses devices. The field matches by the index in the request, which few job files give; here a request
 * says what it needs and gets the index of what it was given.
 *
 * Returns: (transfer full) (nullable) (element-type DmsGpu): for each requirement its device and the memory
 * it takes
 */
GPtrArray *
dms_comparator_assign_gpus (GPtrArray *free, GPtrArray *required, GError **error)
{
  g_autoptr (GPtrArray) matched = match_gpus (free, required);
  g_autoptr (GPtrArray) assigned = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);

  if (matched == NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   "not enough GPUs: %u needed, and of %u there too few have the memory or kind asked for",
                   required->len,
                   free->len);
      return NULL;
    }

  for (guint i = 0; i < required->len; i++)
    {
      DmsGpu *device = g_ptr_array_index (matched, i);
      guint64 want = dms_gpu_get_vram_bytes (g_ptr_array_index (required, i));
      g_ptr_array_add (assigned,
                       dms_gpu_new (dms_gpu_get_index (device),
                                    dms_gpu_get_vendor (device),
                                    dms_gpu_get_model (device),
                                    dms_gpu_get_pci_address (device),
                                    dms_gpu_get_uuid (device),
                                    want > 0 ? want : dms_gpu_get_vram_bytes (device)));
    }
  return g_steal_pointer (&assigned);
}

/**
 * dms_comparator_compare:
 * @offered: what there is
 * @required: what is asked for
 *
 * Returns: how the offer stands to the requirement as a whole
 */
DmsComparison
dms_comparator_compare (DmsResources *offered, DmsResources *required)
{
  DmsComparison comparison =
      dms_comparator_compare_cpus (dms_resources_get_cpu (offered), dms_resources_get_cpu (required));

  comparison = dms_comparator_and (
      comparison,
      compare_numbers ((double) dms_ram_get_size_bytes (dms_resources_get_ram (offered)),
                       (double) dms_ram_get_size_bytes (dms_resources_get_ram (required))));
  comparison = dms_comparator_and (
      comparison,
      compare_numbers ((double) dms_disk_get_size_bytes (dms_resources_get_disk (offered)),
                       (double) dms_disk_get_size_bytes (dms_resources_get_disk (required))));
  return dms_comparator_and (
      comparison,
      dms_comparator_compare_gpus (dms_resources_get_gpus (offered), dms_resources_get_gpus (required)));
}
