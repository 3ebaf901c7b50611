/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-offer-keys.h"

#include <string.h>

#include "resources/dms-comparator.h"

/* The number is that of this scheme: one with other classes has another. */
#define PREFIX     "nunet-offer-1/"
#define COMMON_CPU "x86_64"
/* The ledger counts hundredths of cores, so as much less may do. */
#define CORES_SLACK 0.01

enum
{
  MAX_EXECUTORS = 4,
  MAX_NAME = 32,
};

/* A class, and what belongs to it at least, in GiB or cores. The machines of 16, 24, 48 and 80 GB of VRAM, of
 * which owners lend 90 %, and of 64 and 256 GiB of memory, are in different ones. */
typedef struct
{
  const char *name;
  double least;
} OfferClass;

static const OfferClass GPUS[] = { { "gpu/any", 0 }, { "gpu/8", 8 }, { "gpu/20", 20 }, { "gpu/40", 40 } };
static const OfferClass MEMORIES[] = { { "ram/32", 32 }, { "ram/128", 128 } };
static const OfferClass PROCESSORS[] = { { "cores/32", 32 } };

G_STATIC_ASSERT (MAX_EXECUTORS + G_N_ELEMENTS (GPUS) + G_N_ELEMENTS (MEMORIES) + G_N_ELEMENTS (PROCESSORS) +
                     1 ==
                 DMS_OFFER_KEYS_MAX);

static double
to_gib (guint64 bytes)
{
  return (double) bytes / (1 << 30);
}

static double
get_ram (DmsResources *resources)
{
  return to_gib (dms_ram_get_size_bytes (dms_resources_get_ram (resources)));
}

static double
get_cores (DmsResources *resources)
{
  return dms_cpu_get_cores (dms_resources_get_cpu (resources));
}

/* The largest device; below 0 when there is none. */
static double
get_vram (DmsResources *resources)
{
  GPtrArray *gpus = dms_resources_get_gpus (resources);
  double most = -1;

  for (guint i = 0; i < gpus->len; i++)
    most = MAX (most, to_gib (dms_gpu_get_vram_bytes (g_ptr_array_index (gpus, i))));
  return most;
}

static void
add (GPtrArray *keys, const char *kind, const char *name)
{
  g_ptr_array_add (keys, g_strconcat (PREFIX, kind, name, NULL));
}

static void
add_reached (GPtrArray *keys, const OfferClass *classes, gsize n, double amount)
{
  for (gsize i = 0; i < n; i++)
    {
      if (amount >= classes[i].least)
        add (keys, "", classes[i].name);
    }
}

/* A name that is nobody's text but one of a few. */
static char *
make_name (const char *text)
{
  char *name = g_ascii_strdown (text, MAX_NAME);

  return g_strcanon (name, "abcdefghijklmnopqrstuvwxyz0123456789_-", '-');
}

/* (nullable): the common one is not worth a key. */
static char *
make_architecture (const char *text)
{
  g_autofree char *name = NULL;

  if (text == NULL || text[0] == '\0')
    return NULL;
  name = make_name (dms_comparator_canonical_architecture (text));
  return g_str_equal (name, COMMON_CPU) ? NULL : g_steal_pointer (&name);
}

static GStrv
finish (GPtrArray *keys)
{
  g_ptr_array_add (keys, NULL);
  return (GStrv) g_ptr_array_steal (keys, NULL);
}

GStrv
dms_offer_keys_list_offered (DmsResources *lent, const char *architecture, const char *const *executors)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *rare = make_architecture (architecture);

  for (guint i = 0; executors[i] != NULL && i < MAX_EXECUTORS; i++)
    {
      g_autofree char *name = make_name (executors[i]);

      add (keys, "executor/", name);
    }
  /* A device of which nothing is lent serves nobody. */
  if (get_vram (lent) > 0)
    add_reached (keys, GPUS, G_N_ELEMENTS (GPUS), get_vram (lent));
  add_reached (keys, MEMORIES, G_N_ELEMENTS (MEMORIES), get_ram (lent));
  add_reached (keys, PROCESSORS, G_N_ELEMENTS (PROCESSORS), get_cores (lent) + CORES_SLACK);
  if (rare != NULL)
    add (keys, "arch/", rare);
  return finish (keys);
}

static void
add_highest (GPtrArray *keys, const OfferClass *classes, gsize n, double amount)
{
  for (gsize i = n; i > 0; i--)
    {
      if (amount >= classes[i - 1].least)
        {
          add (keys, "", classes[i - 1].name);
          return;
        }
    }
}

GStrv
dms_offer_keys_list_wanted (DmsResources *required, const char *const *executors)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  const char *architecture = dms_cpu_get_architecture (dms_resources_get_cpu (required));
  g_autofree char *rare = make_architecture (architecture);

  if (rare != NULL)
    add (keys, "arch/", rare);
  add_highest (keys, GPUS, G_N_ELEMENTS (GPUS), get_vram (required));
  add_highest (keys, MEMORIES, G_N_ELEMENTS (MEMORIES), get_ram (required));
  add_highest (keys, PROCESSORS, G_N_ELEMENTS (PROCESSORS), get_cores (required));
  for (guint i = 0; executors[i] != NULL && keys->len < DMS_OFFER_KEYS_WANTED; i++)
    {
      g_autofree char *name = make_name (executors[i]);

      add (keys, "executor/", name);
    }
  while (keys->len > DMS_OFFER_KEYS_WANTED)
    g_ptr_array_remove_index (keys, keys->len - 1);
  return finish (keys);
}
