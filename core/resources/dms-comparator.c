/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-comparator-private.h"

#include "resources/dms-fit.h"
#include "resources/dms-gpu-matching.h"

DmsComparison
dms_comparator_compare_numbers (double offered, double required)
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
  return dms_comparator_compare_numbers (dms_cpu_get_cores (offered) * have_clock,
                                         dms_cpu_get_cores (required) * want_clock);
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
  g_autoptr (GPtrArray) matched = dms_gpu_matching_find (offered, required);
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
  g_autoptr (GPtrArray) matched = dms_gpu_matching_find (free, required);
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
  g_autoptr (DmsFit) fit = dms_comparator_explain (offered, required);

  return dms_fit_get_comparison (fit);
}
