/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-comparator.h"
#include "resources/dms-offer-keys.h"

#define GIB ((guint64) 1 << 30)

enum
{
  ROUNDS = 100000,
  /* Seen with these generators: far more. A test that compares nothing proves nothing. */
  LEAST_FITTING = 5000,
};

static const char *const ARCHITECTURES[] = { "x86_64", "amd64", "AMD64", "arm64", "aarch64", "riscv64" };
static const char *const EXECUTORS[] = { "docker", "process", "null", "firecracker", "Odd Näme" };

/* About a limit as often as anywhere. */
static double
pick_amount (GRand *random, double most)
{
  static const double limits[] = { 0.01, 1, 8, 20, 32, 40, 128 };
  double limit = limits[g_rand_int_range (random, 0, G_N_ELEMENTS (limits))];

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      return MIN (limit, most);
    case 1:
      return MIN (limit * 1.0001, most);
    case 2:
      return MIN (limit * 0.9999, most);
    default:
      return g_rand_double_range (random, 0, most);
    }
}

static DmsResources *
make_resources (GRand *random, double most, gboolean is_requirement)
{
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  gboolean names_architecture = !is_requirement || g_rand_int_range (random, 0, 3) == 0;
  const char *architecture = ARCHITECTURES[g_rand_int_range (random, 0, G_N_ELEMENTS (ARCHITECTURES))];
  g_autoptr (DmsCpu) cpu = dms_cpu_new_full (
      pick_amount (random, most), 0, NULL, NULL, names_architecture ? architecture : NULL, 0, 0);
  g_autoptr (DmsRam) ram = dms_ram_new ((guint64) (pick_amount (random, most) * (double) GIB), 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new ((guint64) (pick_amount (random, most) * (double) GIB));
  gint32 n_gpus = MAX (g_rand_int_range (random, -2, 4), 0);

  for (gint32 i = 0; i < n_gpus; i++)
    {
      guint64 vram = (guint64) (pick_amount (random, most) * (double) GIB);

      if (is_requirement && g_rand_int_range (random, 0, 4) == 0)
        vram = 0;
      g_ptr_array_add (gpus, dms_gpu_new ((guint) i, DMS_GPU_VENDOR_NVIDIA, NULL, NULL, NULL, vram));
    }
  return dms_resources_new (cpu, ram, disk, gpus);
}

/* What a machine decides its bid by: dms-bidder.c and dms_ledger_fit(). */
static gboolean
would_bid (DmsResources *lent, DmsResources *required)
{
  g_autoptr (GPtrArray) gpus = NULL;
  g_autoptr (DmsResources) assigned = NULL;
  g_autoptr (DmsResources) rest = NULL;

  if (dms_comparator_compare_cpus (dms_resources_get_cpu (lent), dms_resources_get_cpu (required)) ==
      DMS_COMPARISON_NONE)
    return FALSE;
  gpus = dms_comparator_assign_gpus (dms_resources_get_gpus (lent), dms_resources_get_gpus (required), NULL);
  if (gpus == NULL)
    return FALSE;
  assigned = dms_resources_new (dms_resources_get_cpu (required),
                                dms_resources_get_ram (required),
                                dms_resources_get_disk (required),
                                gpus);
  rest = dms_resources_subtract (lent, assigned, NULL);
  return rest != NULL;
}

/* Whoever would bid stands under every name that the requirement is looked up by. */
static void
test_finds_all (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20240817);
  guint n_fitting = 0;

  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr (DmsResources) lent = make_resources (random, 300, FALSE);
      g_autoptr (DmsResources) required = make_resources (random, i % 2 == 0 ? 300 : 3, TRUE);
      const char *const has[] = { EXECUTORS[i % 5], EXECUTORS[(i + 1) % 5], EXECUTORS[(i + 2) % 5], NULL };
      const char *const wants[] = { has[i % 3], i % 7 == 0 ? has[(i + 1) % 3] : NULL, NULL };
      const char *architecture = dms_cpu_get_architecture (dms_resources_get_cpu (lent));
      g_auto (GStrv) offered = dms_offer_keys_list_offered (lent, architecture, has);
      g_auto (GStrv) wanted = dms_offer_keys_list_wanted (required, wants);

      g_assert_cmpuint (g_strv_length (offered), <=, DMS_OFFER_KEYS_MAX);
      g_assert_cmpuint (g_strv_length (wanted), >=, 1);
      g_assert_cmpuint (g_strv_length (wanted), <=, DMS_OFFER_KEYS_WANTED);
      if (!would_bid (lent, required))
        continue;
      n_fitting++;
      for (guint j = 0; wanted[j] != NULL; j++)
        {
          if (!g_strv_contains ((const char *const *) offered, wanted[j]))
            g_error ("a machine that would bid is not found by %s", wanted[j]);
        }
    }
  g_assert_cmpuint (n_fitting, >=, LEAST_FITTING);
}

static void
assert_keys (GStrv keys, const char *expected)
{
  g_autofree char *text = g_strjoinv (" ", keys);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_names (void)
{
  const char *const both[] = { "docker", "process", NULL };
  g_autoptr (DmsCpu) cpu = dms_cpu_new (16, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (60 * GIB, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (100 * GIB);
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (DmsResources) bare = dms_resources_new (cpu, ram, disk, NULL);
  g_autoptr (DmsResources) full = NULL;
  g_auto (GStrv) offered = NULL;
  g_auto (GStrv) rare = NULL;
  g_auto (GStrv) with_gpu = NULL;
  g_auto (GStrv) wanted = NULL;
  g_auto (GStrv) small = NULL;
  g_autoptr (DmsResources) nothing = dms_resources_new_empty ();

  g_ptr_array_add (gpus, dms_gpu_new (0, DMS_GPU_VENDOR_NVIDIA, NULL, NULL, NULL, 21 * GIB));
  full = dms_resources_new (cpu, ram, disk, gpus);
  offered = dms_offer_keys_list_offered (bare, "amd64", both);
  assert_keys (offered, "nunet-offer-1/executor/docker nunet-offer-1/executor/process nunet-offer-1/ram/32");
  rare = dms_offer_keys_list_offered (nothing, "aarch64", both + 1);
  assert_keys (rare, "nunet-offer-1/executor/process nunet-offer-1/arch/arm64");
  with_gpu = dms_offer_keys_list_offered (full, NULL, both + 2);
  assert_keys (with_gpu,
               "nunet-offer-1/gpu/any nunet-offer-1/gpu/8 nunet-offer-1/gpu/20 nunet-offer-1/ram/32");
  /* The rarest first, and no more than two. */
  wanted = dms_offer_keys_list_wanted (full, both);
  assert_keys (wanted, "nunet-offer-1/gpu/20 nunet-offer-1/ram/32");
  small = dms_offer_keys_list_wanted (nothing, both);
  assert_keys (small, "nunet-offer-1/executor/docker nunet-offer-1/executor/process");
}

/* Neither exact sizes nor models are told: all that lend about as much say the same. */
static void
test_tells_little (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (GHashTable) kinds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *const executors[] = { "docker", NULL };

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (DmsResources) lent = make_resources (random, 300, FALSE);
      g_auto (GStrv) offered = dms_offer_keys_list_offered (lent, "x86_64", executors);

      g_hash_table_add (kinds, g_strjoinv (" ", offered));
    }
  /* Five sizes of GPU, three of memory, two of processors. */
  g_assert_cmpuint (g_hash_table_size (kinds), ==, 5 * 3 * 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/offer-keys/finds-all", test_finds_all);
  g_test_add_func ("/offer-keys/names", test_names);
  g_test_add_func ("/offer-keys/tells-little", test_tells_little);
  return g_test_run ();
}
