/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "workflow/dms-workflow.h"

#define MAX_STEPS 32
#define MAX_SLOTS 64

static DmsWorkflow *
make_workflow (DmsEnsemble *ensemble)
{
  GPtrArray *all = dms_ensemble_get_allocations (ensemble);
  DmsWorkflow *workflow = dms_workflow_new (ensemble);

  for (guint i = 0; workflow != NULL && i < all->len; i++)
    {
      DmsTaskFlow *flow = dms_allocation_config_get_flow (all->pdata[i]);
      const char *task = dms_allocation_config_get_name (all->pdata[i]);

      for (guint slot = 0; flow != NULL && slot < MIN (flow->slots, MAX_SLOTS); slot++)
        {
          g_autofree char *name = g_strdup_printf ("%s-%u", task, slot);

          dms_workflow_add_slot (workflow, task, name);
        }
    }
  return workflow;
}

static void
advance (DmsWorkflow *workflow, gint64 now_us)
{
  g_autoptr (GPtrArray) starts = dms_workflow_advance (workflow, now_us);

  for (guint i = 0; i < starts->len; i++)
    {
      DmsWorkflowStart *start = starts->pdata[i];

      g_assert_nonnull (start->slot);
      g_assert_nonnull (start->run);
      g_assert_nonnull (start->environment);
    }
  g_assert_cmpint (dms_workflow_get_wakeup_us (workflow), >=, 0);
}

static void
end (DmsWorkflow *workflow, const char *run, JsonObject *step, gint64 now_us)
{
  DmsWorkflowLeft left = { dms_json_object_get_text (step, "out"),
                           dms_json_object_get_text (step, "err"),
                           dms_json_object_get_child (step, "files") };

  dms_workflow_take_end (workflow,
                         run,
                         (int) dms_json_object_get_whole (step, "code", G_MININT32, G_MAXINT32, 0),
                         dms_json_object_get_text (step, "reason"),
                         &left,
                         now_us);
}

/* What machines say, and how time goes by. */
static void
take_step (DmsWorkflow *workflow, JsonObject *step, gint64 now_us)
{
  const char *op = dms_json_object_get_text (step, "op");
  const char *run = dms_json_object_get_text (step, "run");

  if (run == NULL)
    run = "";
  if (g_strcmp0 (op, "started") == 0)
    dms_workflow_take_started (workflow, run, now_us);
  else if (g_strcmp0 (op, "refused") == 0)
    dms_workflow_take_refused (workflow, run, "because", dms_json_object_get_flag (step, "busy"), now_us);
  else if (g_strcmp0 (op, "unanswered") == 0)
    dms_workflow_take_unanswered (workflow, run, now_us);
  else if (g_strcmp0 (op, "end") == 0)
    end (workflow, run, step, now_us);
  else if (g_strcmp0 (op, "lost") == 0)
    dms_workflow_take_lost (workflow, run, "because", now_us);
  else if (g_strcmp0 (op, "ask") == 0)
    dms_workflow_ask_again (workflow);
  advance (workflow, now_us);
}

/* What was stored is what is read again. */
static void
check_record (DmsWorkflow *workflow, DmsEnsemble *ensemble)
{
  g_autoptr (DmsWorkflow) again = make_workflow (ensemble);
  g_autoptr (JsonNode) node = dms_workflow_to_json (workflow);
  g_autoptr (JsonNode) second = NULL;
  g_autofree char *text = dms_json_node_to_text (node);
  g_autofree char *second_text = NULL;
  g_autoptr (GError) error = NULL;

  dms_workflow_load (again, json_node_get_object (node), &error);
  g_assert_no_error (error);
  second = dms_workflow_to_json (again);
  second_text = dms_json_node_to_text (second);
  g_assert_cmpstr (text, ==, second_text);
}

static void
describe (DmsWorkflow *workflow, DmsEnsemble *ensemble)
{
  GPtrArray *all = dms_ensemble_get_allocations (ensemble);

  for (guint i = 0; i < all->len; i++)
    {
      const char *task = dms_allocation_config_get_name (all->pdata[i]);

      if (dms_workflow_has_task (workflow, task))
        json_object_unref (dms_workflow_describe_task (workflow, task));
    }
}

static void
run (DmsEnsemble *ensemble, JsonObject *input)
{
  g_autoptr (DmsWorkflow) workflow = make_workflow (ensemble);
  g_autoptr (DmsWorkflow) updated = make_workflow (ensemble);
  JsonArray *steps = dms_json_object_get_list (input, "Steps");
  gint64 now_us = G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;

  if (workflow == NULL)
    return;
  if (!dms_workflow_load (workflow, dms_json_object_get_child (input, "State"), &error))
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      return;
    }
  advance (workflow, now_us);
  for (guint i = 0; steps != NULL && i < MIN (json_array_get_length (steps), MAX_STEPS); i++)
    {
      JsonObject *step = dms_json_node_get_child (json_array_get_element (steps, i));

      now_us += dms_json_object_get_whole (step, "after", 0, 3600 * (gint64) G_USEC_PER_SEC, 0);
      take_step (workflow, step, now_us);
    }
  describe (workflow, ensemble);
  check_record (workflow, ensemble);
  dms_workflow_adopt (updated, workflow, now_us);
  advance (updated, now_us);
  check_record (updated, ensemble);
}

/* The record of a workflow, which another orchestrator may have written, and what machines say of it:
 * {"Cfg": ensemble, "State": …, "Steps": [{op, run, after, …}]} */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (JsonNode) node =
      g_utf8_validate (text, -1, NULL) ? dms_json_node_from_text (text, -1, NULL) : NULL;
  JsonObject *input = dms_json_node_get_child (node);
  JsonNode *cfg = dms_json_object_get_member (input, "Cfg");
  g_autoptr (DmsEnsemble) ensemble = cfg != NULL ? dms_ensemble_new_from_json (cfg, NULL) : NULL;

  if (ensemble != NULL)
    run (ensemble, input);
  return 0;
}
