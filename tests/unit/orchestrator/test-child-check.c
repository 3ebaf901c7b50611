/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-child-check.h"

#include <string.h>

static DmsEnsemble *
parse (const char *allocation, const char *node)
{
  g_autofree char *text = g_strdup_printf (
      "version: \"V1\"\nallocations:\n  a:\n    executor: process\n    type: task\n"
      "    resources: {cpu: {cores: 0.5}, ram: {size: 64MiB}, disk: {size: 32MiB}}\n"
      "    execution: {type: process, cmd: [\"true\"]}\n%s\nnodes:\n  n: {allocations: [a]%s}\n",
      allocation,
      node);
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_untrusted ("child.yaml", data, &error);

  g_assert_no_error (error);
  return ensemble;
}

/* That of a job with so much of everything. */
static DmsEnsemble *
parse_budget (const char *more)
{
  g_autofree char *text =
      g_strdup_printf ("    children: {max_deployments: 5, lifetime: 1h, %s"
                       "resources: {cpu: {cores: 1}, ram: {size: 256MiB}, disk: {size: 256MiB}}}",
                       more);

  return parse (text, "");
}

static DmsChildBudget *
budget_of (DmsEnsemble *ensemble)
{
  return dms_allocation_config_get_children (dms_ensemble_find_allocation (ensemble, "a"));
}

static void
test_charge (void)
{
  g_autoptr (DmsEnsemble) parent = parse_budget ("depth: 2, ");
  g_autoptr (DmsEnsemble) plain = parse ("", ", redundancy: 1");
  g_autoptr (DmsEnsemble) wide = parse ("    workflow: {for_each: [x, y], slots: 3}", "");
  g_autoptr (DmsEnsemble) nested = parse_budget ("");
  g_autoptr (GError) error = NULL;
  DmsChildCharge charge;

  g_assert_true (dms_child_check (budget_of (parent), plain, &charge, &error));
  g_assert_cmpfloat (charge.cores, ==, 1);
  g_assert_cmpuint (charge.ram_bytes, ==, 128 << 20);
  g_assert_cmpuint (charge.n_deployments, ==, 1);
  g_assert_true (dms_child_check (budget_of (parent), wide, &charge, &error));
  g_assert_cmpfloat (charge.cores, ==, 1.5);
  /* All that it may have counts, whether it will or not. */
  g_assert_true (dms_child_check (budget_of (parent), nested, &charge, &error));
  g_assert_cmpfloat (charge.cores, ==, 1.5);
  g_assert_cmpuint (charge.ram_bytes, ==, 320 << 20);
  g_assert_cmpuint (charge.n_deployments, ==, 6);
  g_assert_no_error (error);
}

static void
test_fits (void)
{
  g_autoptr (DmsEnsemble) parent = parse_budget ("");
  DmsChildBudget *budget = budget_of (parent);
  DmsChildCharge none = { 0 };
  DmsChildCharge tenth = { .cores = 0.1, .ram_bytes = 1, .disk_bytes = 1 };
  DmsChildCharge taken = { .cores = 0.1 + 0.2 + 0.3 + 0.3, .ram_bytes = 256 << 20 };
  DmsChildCharge huge = { .ram_bytes = G_MAXUINT64 };
  DmsChildCharge gpu = { .n_gpus = 1 };
  const char *what = NULL;

  g_assert_true (dms_child_charge_fits (&tenth, &none, budget, &what));
  g_assert_false (dms_child_charge_fits (&tenth, &taken, budget, &what));
  g_assert_cmpstr (what, ==, "RAM");
  taken.ram_bytes--;
  g_assert_true (dms_child_charge_fits (&tenth, &taken, budget, &what));
  taken.cores += 0.1;
  g_assert_false (dms_child_charge_fits (&tenth, &taken, budget, &what));
  g_assert_cmpstr (what, ==, "CPU cores");
  g_assert_false (dms_child_charge_fits (&huge, &taken, budget, &what));
  g_assert_cmpstr (what, ==, "RAM");
  g_assert_false (dms_child_charge_fits (&gpu, &none, budget, &what));
  g_assert_cmpstr (what, ==, "GPUs");
}

/* What is asked for so often that its sum has no number is not for nothing. */
static void
test_no_sum_wraps (void)
{
  static const char *const sizes[] = { "ram: {size: 4611686018427387904B}, disk: {size: 1MiB}",
                                       "ram: {size: 1MiB}, disk: {size: 4611686018427387904B}" };
  g_autoptr (DmsEnsemble) parent = parse_budget ("depth: 2, ");
  DmsChildCharge none = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *budget = g_strdup_printf ("    children: {max_deployments: 1, lifetime: 1h, "
                                                 "resources: {cpu: {cores: 0.01}, %s}}",
                                                 sizes[i]);
      g_autoptr (DmsEnsemble) child = parse (budget, ", redundancy: 3");
      g_autoptr (GError) error = NULL;
      DmsChildCharge charge;
      const char *what = NULL;

      g_assert_true (dms_child_check (budget_of (parent), child, &charge, &error));
      g_assert_no_error (error);
      charge.cores = 0;
      charge.ram_bytes = i == 0 ? charge.ram_bytes : 0;
      g_assert_false (dms_child_charge_fits (&charge, &none, budget_of (parent), &what));
      g_assert_cmpstr (what, ==, i == 0 ? "RAM" : "disk");
    }
}

static void
assert_denied (DmsChildBudget *budget, DmsEnsemble *ensemble, const char *word)
{
  g_autoptr (GError) error = NULL;
  DmsChildCharge charge;

  g_assert_false (dms_child_check (budget, ensemble, &charge, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_no_more_than_the_parent (void)
{
  static const struct
  {
    const char *parent;
    const char *child;
    const char *word;
  } cases[] = {
    { "", "", "this deep" },
    { "depth: 2, ", "depth: 2, ", "this deep" },
    { "depth: 4, ", "depth: 4, ", "this deep" },
    { "depth: 2, ", "may_detach: true, ", "detached" },
  };
  g_autoptr (DmsEnsemble) parent = parse_budget ("depth: 2, ");
  g_autoptr (DmsEnsemble) longer =
      parse ("    children: {max_deployments: 1, lifetime: 61m, "
             "resources: {cpu: {cores: 1}, ram: {size: 1MiB}, disk: {size: 1MiB}}}",
             "");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DmsEnsemble) above = parse_budget (cases[i].parent);
      g_autoptr (DmsEnsemble) below = parse_budget (cases[i].child);

      assert_denied (budget_of (above), below, cases[i].word);
    }
  assert_denied (budget_of (parent), longer, "longer");
}

static void
test_nothing_of_the_machine (void)
{
  g_autoptr (DmsEnsemble) parent = parse_budget ("");
  g_autoptr (DmsEnsemble) volumes =
      parse ("    volumes: [{type: local, src: data, mount_destination: /d}]", "");
  g_autoptr (DmsEnsemble) ports = parse ("", ", ports: [{public: 0, private: 80, allocation: a}]");
  g_autoptr (DmsEnsemble) health = parse (
      "    healthcheck: {type: http, endpoint: 'http://127.0.0.1/', response: {type: string, value: x}, "
      "interval: 1s}",
      "");
  g_autoptr (DmsEnsemble) heirs =
      parse ("standby_orchestrators: [12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp]", "");

  assert_denied (budget_of (parent), volumes, "volumes");
  assert_denied (budget_of (parent), ports, "ports");
  assert_denied (budget_of (parent), health, "health check");
  assert_denied (budget_of (parent), heirs, "a child may not have standby_orchestrators");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/child-check/charge", test_charge);
  g_test_add_func ("/child-check/fits", test_fits);
  g_test_add_func ("/child-check/no-sum-wraps", test_no_sum_wraps);
  g_test_add_func ("/child-check/no-more-than-the-parent", test_no_more_than_the_parent);
  g_test_add_func ("/child-check/nothing-of-the-machine", test_nothing_of_the_machine);
  return g_test_run ();
}
