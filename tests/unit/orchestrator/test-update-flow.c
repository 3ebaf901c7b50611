/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What of a workflow that runs may become another one. */

#include "jobs/dms-job-parser.h"
#include "orchestrator/dms-update-flow.h"

#include <string.h>

static const char base[] =
    "version: V1\n"
    "resources: {r: {cpu: {cores: 1}, ram: {size: 64MiB}, disk: {size: 1}}}\n"
    "allocations:\n"
    "  runs: {executor: 'null', type: task, resources: r, execution: {type: 'null'}, workflow: {}}\n"
    "  waits: {executor: 'null', type: task, resources: r, execution: {type: 'null'}, "
    "workflow: {after: [runs]}}\n"
    "  plain: {executor: 'null', type: service, resources: r, execution: {type: 'null'}}\n"
    "nodes:\n"
    "  n1: {allocations: [runs, plain]}\n"
    "  n2: {allocations: [waits]}\n";

static DmsEnsemble *
parse (const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);

  g_assert_no_error (error);
  return ensemble;
}

typedef struct
{
  /* Pairs of what is replaced in the base, and by what; NULL at the end. */
  const char *changes[7];
  /* (nullable): what is said against it */
  const char *refusal;
} Case;

static char *
change (const Case *one)
{
  g_autoptr (GString) text = g_string_new (base);

  for (guint i = 0; one->changes[i] != NULL; i += 2)
    g_assert_cmpuint (g_string_replace (text, one->changes[i], one->changes[i + 1], 1), ==, 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_steps (void)
{
  static const Case cases[] = {
    { { "workflow: {after: [runs]}", "workflow: {after: [runs], retries: 3}" }, NULL },
    { { "workflow: {after: [runs]}", "workflow: {after: [runs], for_each: [a, b], slots: 2}" }, NULL },
    { { "type: 'null'}, workflow: {after: [runs]}", "type: 'null', duration_ms: 5}, workflow: {}" }, NULL },
    { { "  n1: {allocations: [runs, plain]}",
        "  n1: {allocations: [runs, plain, waits]}",
        "  n2: {allocations: [waits]}\n",
        "" },
      NULL },
    { { "type: 'null'}, workflow: {}", "type: 'null', duration_ms: 5}, workflow: {}" },
      "allocations.runs: this step of the workflow runs; only steps that have not begun can change" },
    { { "workflow: {}", "workflow: {may_fail: true}" }, "allocations.runs: this step of the workflow runs" },
    { { "[runs, plain]", "[plain]", "[waits]", "[waits, runs]" },
      "nodes.n1.allocations: step “runs” runs, and stays on its node; nodes.n2.allocations: step “runs” "
      "runs, and "
      "comes to no further node" },
    { { "[runs, plain]}", "[runs, plain], peer: 12D3KooWJXcZDdUFgKLZHTBEqgSP4XwXRPEkGhGCUCHPTtSByXU5}" },
      "nodes.n1.peer: step “runs” runs, and stays on its machine" },
    { { ", workflow: {after: [runs]}", "" }, "allocations.waits.workflow: what is no step" },
    { { "type: service, resources: r, execution: {type: 'null'}",
        "type: task, resources: r, execution: {type: 'null'}, workflow: {}" },
      "allocations.plain.workflow: what is no step" },
  };
  g_autoptr (DmsEnsemble) from = parse (base);
  g_autoptr (DmsWorkflow) workflow = dms_workflow_new (from);
  g_autoptr (GPtrArray) starts = NULL;

  dms_workflow_add_slot (workflow, "runs", "n1.runs");
  dms_workflow_add_slot (workflow, "waits", "n2.waits");
  starts = dms_workflow_advance (workflow, 1);
  g_assert_cmpuint (starts->len, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = change (&cases[i]);
      g_autoptr (DmsEnsemble) to = parse (text);
      g_autoptr (DmsUpdatePlan) plan = dms_update_plan_new (from, to);
      g_autofree char *refusal = dms_update_flow_refuse (workflow, from, to, plan);

      if (cases[i].refusal == NULL)
        g_assert_cmpstr (refusal, ==, NULL);
      else if (refusal == NULL || !g_str_has_prefix (refusal, cases[i].refusal))
        g_error ("case %u: %s", i, refusal);
    }
}

/* How many runs a machine has room for is known there; all else of a step is not. */
static void
test_plan (void)
{
  static const Case flow = { { "workflow: {after: [runs]}", "workflow: {after: [runs], retries: 3}" }, NULL };
  static const Case slots = { { "workflow: {after: [runs]}", "workflow: {for_each: [a, b], slots: 2}" },
                              NULL };
  g_autoptr (DmsEnsemble) from = parse (base);
  g_autofree char *flow_text = change (&flow);
  g_autofree char *slots_text = change (&slots);
  g_autoptr (DmsEnsemble) other_flow = parse (flow_text);
  g_autoptr (DmsEnsemble) other_slots = parse (slots_text);
  g_autoptr (DmsUpdatePlan) first = dms_update_plan_new (from, other_flow);
  g_autoptr (DmsUpdatePlan) second = dms_update_plan_new (from, other_slots);

  g_assert_false (dms_update_plan_is_empty (first));
  g_assert_false (dms_update_plan_renews (first, "waits"));
  g_assert_true (dms_update_plan_renews (second, "waits"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/orchestrator/update-flow/steps", test_steps);
  g_test_add_func ("/orchestrator/update-flow/plan", test_plan);
  return g_test_run ();
}
