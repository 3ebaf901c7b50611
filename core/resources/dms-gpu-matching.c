/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-gpu-matching.h"

#include <math.h>
#include <string.h>

static gboolean
is_set (const char *text)
{
  return text != NULL && text[0] != '\0';
}

static gboolean
contains_folded (const char *text, const char *part)
{
  g_autofree char *folded_text = g_utf8_casefold (text != NULL ? text : "", -1);
  g_autofree char *folded_part = g_utf8_casefold (part, -1);

  return strstr (folded_text, folded_part) != NULL;
}

gboolean
dms_gpu_matching_is_kind (DmsGpu *offered, DmsGpu *required)
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
  return !is_set (dms_gpu_get_pci_address (required)) ||
         g_strcmp0 (dms_gpu_get_pci_address (offered), dms_gpu_get_pci_address (required)) == 0;
}

static gboolean
has_memory (DmsGpu *offered, DmsGpu *required)
{
  guint64 have = dms_gpu_get_vram_bytes (offered);

  /* One that names no memory wants the device, whatever is free on it; none free means somebody has it. */
  return have > 0 && have >= dms_gpu_get_vram_bytes (required);
}

gboolean
dms_gpu_matching_serves (DmsGpu *offered, DmsGpu *required)
{
  return dms_gpu_matching_is_kind (offered, required) && has_memory (offered, required);
}

/* One step of bipartite matching: a device for requirement @r, moving earlier ones to other devices if need
 * be. */
static gboolean
find_device (GPtrArray *offered, GPtrArray *required, guint r, int *owner, gboolean *tried)
{
  for (guint d = 0; d < offered->len; d++)
    {
      if (tried[d] ||
          !dms_gpu_matching_serves (g_ptr_array_index (offered, d), g_ptr_array_index (required, r)))
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

GPtrArray *
dms_gpu_matching_find (GPtrArray *offered, GPtrArray *required)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GPtrArray) matched = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  int owner[DMS_GPU_MATCHING_MAX];

  if (required->len > offered->len || offered->len > DMS_GPU_MATCHING_MAX)
    return NULL;

  g_ptr_array_extend (sorted, offered, NULL, NULL);
  g_ptr_array_sort (sorted, compare_vram);
  for (guint d = 0; d < DMS_GPU_MATCHING_MAX; d++)
    owner[d] = -1;
  for (guint r = 0; r < required->len; r++)
    {
      gboolean tried[DMS_GPU_MATCHING_MAX] = { FALSE };
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

/* Each requirement that is not served costs CHANGE, and a little more the farther off it is: all that is
 * added is less than one CHANGE. */
static const double CHANGE = 1000;
static const double WRONG_KIND = 2;
static const double NO_DEVICE = 10;

static double
get_cost (GPtrArray *offered, GPtrArray *required, guint r, guint d)
{
  DmsGpu *want = required->pdata[r];
  DmsGpu *have;
  double lacking = 0;

  /* As many columns more as there are requirements stand for having no device. */
  if (d >= offered->len)
    return CHANGE + NO_DEVICE;
  have = offered->pdata[d];
  if (dms_gpu_get_vram_bytes (have) == 0)
    return CHANGE + 2 * NO_DEVICE;
  if (dms_gpu_matching_serves (have, want))
    return 0;
  if (!has_memory (have, want))
    lacking = 1 - (double) dms_gpu_get_vram_bytes (have) / (double) dms_gpu_get_vram_bytes (want);
  return CHANGE + lacking + (dms_gpu_matching_is_kind (have, want) ? 0 : WRONG_KIND);
}

enum
{
  COLUMNS = 2 * DMS_GPU_MATCHING_MAX + 1,
};

/* The Hungarian method with potentials (Kuhn 1955; Jonker and Volgenant 1987). Rows and columns count from 1;
 * column 0 holds the row that looks for a place. */
typedef struct
{
  double rows[DMS_GPU_MATCHING_MAX + 1];
  double columns[COLUMNS];
  guint row_of[COLUMNS];
  guint way[COLUMNS];
  double least[COLUMNS];
  gboolean used[COLUMNS];
} Potentials;

/* Takes one more column into the tree; the column that is reached. */
static guint
grow (Potentials *p, GPtrArray *offered, GPtrArray *required, guint column)
{
  guint n = offered->len + required->len;
  guint row = p->row_of[column];
  guint next = 0;
  double delta = G_MAXDOUBLE;

  p->used[column] = TRUE;
  for (guint j = 1; j <= n; j++)
    {
      double cost;

      if (p->used[j])
        continue;
      cost = get_cost (offered, required, row - 1, j - 1) - p->rows[row] - p->columns[j];
      if (cost < p->least[j])
        {
          p->least[j] = cost;
          p->way[j] = column;
        }
      if (p->least[j] < delta)
        {
          delta = p->least[j];
          next = j;
        }
    }
  for (guint j = 0; j <= n; j++)
    {
      if (p->used[j])
        {
          p->rows[p->row_of[j]] += delta;
          p->columns[j] -= delta;
        }
      else
        p->least[j] -= delta;
    }
  return next;
}

static void
place_row (Potentials *p, GPtrArray *offered, GPtrArray *required, guint row)
{
  guint column = 0;

  p->row_of[0] = row;
  for (guint j = 0; j < COLUMNS; j++)
    {
      p->least[j] = G_MAXDOUBLE;
      p->used[j] = FALSE;
    }
  while (p->row_of[column] != 0)
    column = grow (p, offered, required, column);
  while (column != 0)
    {
      guint before = p->way[column];

      p->row_of[column] = p->row_of[before];
      column = before;
    }
}

int *
dms_gpu_matching_find_nearest (GPtrArray *offered, GPtrArray *required)
{
  g_autofree Potentials *p = g_new0 (Potentials, 1);
  int *device = g_new (int, required->len + 1);

  g_return_val_if_fail (required->len <= DMS_GPU_MATCHING_MAX, NULL);
  g_return_val_if_fail (offered->len <= DMS_GPU_MATCHING_MAX, NULL);

  for (guint r = 0; r < required->len; r++)
    device[r] = -1;
  for (guint row = 1; row <= required->len; row++)
    place_row (p, offered, required, row);
  for (guint j = 1; j <= offered->len; j++)
    {
      if (p->row_of[j] != 0 && dms_gpu_get_vram_bytes (offered->pdata[j - 1]) > 0)
        device[p->row_of[j] - 1] = (int) (j - 1);
    }
  return device;
}
