/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "jobs/dms-job-parser.h"
#include "workflow/dms-workflow-private.h"

#include <string.h>

#define SECOND ((gint64) G_USEC_PER_SEC)

static void
add_task (GString *yaml, const char *name, const char *flow)
{
  g_string_append_printf (yaml,
                          "  %s:\n    executor: \"null\"\n    type: task\n"
                          "    resources: {cpu: {cores: 1}, ram: {size: 1}, disk: {size: 1}}\n"
                          "    execution: {type: \"null\"}\n    workflow: %s\n",
                          name,
                          flow);
}

static DmsEnsemble *
parse (GString *tasks, const char *names)
{
  g_autofree char *text = g_strdup_printf (
      "version: \"V1\"\nallocations:\n%snodes:\n  n: {allocations: [%s]}\n", tasks->str, names);
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_data ("test.yaml", "/", data, &error);

  g_assert_no_error (error);
  return ensemble;
}

/* names: pairs of a task and its workflow, NULL at the end. One slot a task, called like the task. */
static DmsWorkflow *
make (const char *first, ...)
{
  g_autoptr (GString) yaml = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new (NULL);
  g_autoptr (DmsEnsemble) ensemble = NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  DmsWorkflow *workflow;
  va_list args;

  va_start (args, first);
  for (const char *name = first; name != NULL; name = va_arg (args, const char *))
    {
      add_task (yaml, name, va_arg (args, const char *));
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
      g_ptr_array_add (all, (gpointer) name);
    }
  va_end (args);
  ensemble = parse (yaml, names->str);
  workflow = dms_workflow_new (ensemble);
  for (guint i = 0; i < all->len; i++)
    dms_workflow_add_slot (workflow, all->pdata[i], all->pdata[i]);
  return workflow;
}

/* The runs that are begun now, joined by blanks. */
static char *
step (DmsWorkflow *workflow, gint64 now)
{
  g_autoptr (GPtrArray) starts = dms_workflow_advance (workflow, now);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < starts->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", ((DmsWorkflowStart *) starts->pdata[i])->run);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_step (DmsWorkflow *workflow, gint64 now, const char *expected)
{
  g_autofree char *text = step (workflow, now);

  g_assert_cmpstr (text, ==, expected);
}

static const char *
state_of (DmsWorkflow *workflow, const char *task)
{
  return dms_workflow_task_state_to_string (dms_workflow_get_task_state (workflow, task));
}

static gboolean
take_end (DmsWorkflow *workflow, const char *run, int code, const char *out, gint64 now)
{
  DmsWorkflowLeft left = { out, NULL, NULL };

  return dms_workflow_take_end (workflow, run, code, NULL, &left, now);
}

static void
finish (DmsWorkflow *workflow, const char *run, int code, const char *out)
{
  g_assert_true (dms_workflow_take_started (workflow, run, 1));
  g_assert_true (take_end (workflow, run, code, out, 2));
}

static char *
variable_of (DmsWorkflow *workflow, const char *run, const char *name)
{
  g_autoptr (GPtrArray) starts = dms_workflow_advance (workflow, 10);

  for (guint i = 0; i < starts->len; i++)
    {
      DmsWorkflowStart *start = starts->pdata[i];

      if (strcmp (start->run, run) == 0)
        return g_strdup (g_environ_getenv (start->environment, name));
    }
  return NULL;
}

static void
test_conditions (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a",
                                           "{may_fail: true}",
                                           "ok",
                                           "{after: [a]}",
                                           "bad",
                                           "{after: [{task: a, exit: nonzero}]}",
                                           "three",
                                           "{after: [{task: a, exit: [3, 4]}]}",
                                           "five",
                                           "{after: [{task: a, exit: 5}]}",
                                           "always",
                                           "{after: [{task: ok, exit: any}, {task: a, exit: any}]}",
                                           NULL);

  assert_step (workflow, 0, "a.0.1");
  assert_step (workflow, 1, "");
  finish (workflow, "a.0.1", 3, NULL);
  assert_step (workflow, 3, "bad.0.1 three.0.1 always.0.1");
  g_assert_cmpstr (state_of (workflow, "ok"), ==, "skipped");
  g_assert_cmpstr (state_of (workflow, "five"), ==, "skipped");
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "five"), ==, "task “a” failed");
  g_assert_false (dms_workflow_task_is_fatal (workflow, "a"));
  finish (workflow, "bad.0.1", 0, NULL);
  finish (workflow, "three.0.1", 0, NULL);
  finish (workflow, "always.0.1", 9, NULL);
  assert_step (workflow, 4, "");
  g_assert_true (dms_workflow_is_over (workflow));
  g_assert_true (dms_workflow_task_is_fatal (workflow, "always"));
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "always"), ==, "it ended with exit code 9");
}

static void
test_outputs (void)
{
  g_autoptr (DmsWorkflow) workflow =
      make ("a",
            "{outputs: {all: stdout, last: {take: last_line}, got: {prefix: \"got=\"}, err: stderr}}",
            "b",
            "{inputs: {ALL: a.all, LAST: a.last, GOT: a.got, ERR: a.err}}",
            NULL);
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) starts = NULL;
  DmsWorkflowStart *start;
  DmsWorkflowLeft left = { "got=1\nsome $(evil) `thing`\ngot=2 x\r\nend\n\n", "oh\n", NULL };

  starts = dms_workflow_advance (workflow, 0);
  start = starts->pdata[0];
  g_assert_true (start->wants_stdout && start->wants_stderr);
  dms_workflow_take_started (workflow, "a.0.1", 1);
  g_assert_true (dms_workflow_take_end (workflow, "a.0.1", 0, NULL, &left, 2));
  g_clear_pointer (&starts, g_ptr_array_unref);
  starts = dms_workflow_advance (workflow, 3);
  g_assert_cmpuint (starts->len, ==, 1);
  start = starts->pdata[0];
  g_assert_false (start->wants_stdout);
  g_assert_cmpstr (
      g_environ_getenv (start->environment, "ALL"), ==, "got=1\nsome $(evil) `thing`\ngot=2 x\r\nend");
  g_assert_cmpstr (g_environ_getenv (start->environment, "LAST"), ==, "end");
  g_assert_cmpstr (g_environ_getenv (start->environment, "GOT"), ==, "2 x");
  g_assert_cmpstr (g_environ_getenv (start->environment, "ERR"), ==, "oh");
  g_assert_cmpstr (g_environ_getenv (start->environment, "DMS_TASK"), ==, "b");
  g_assert_cmpstr (g_environ_getenv (start->environment, "DMS_ATTEMPT"), ==, "1");
}

/* An update: what ended stays, what runs goes on where its slot is, by whatever number that has now. */
static void
test_adopt (void)
{
  static const char *const tasks = "{for_each: [x, y], slots: 2, retries: 3}";
  g_autoptr (DmsWorkflow) was =
      make ("done", "{outputs: {o: stdout}}", "fan", tasks, "later", "{after: [fan]}", NULL);
  g_autoptr (DmsWorkflow) is = NULL;
  g_autoptr (GPtrArray) starts = NULL;
  g_autofree char *value = NULL;

  dms_workflow_add_slot (was, "fan", "second");
  assert_step (was, 0, "done.0.1 fan.0.1 fan.1.1");
  finish (was, "done.0.1", 0, "text");
  g_assert_true (dms_workflow_take_started (was, "fan.0.1", 1));
  assert_step (was, 1, "");
  is = make (
      "fan", tasks, "done", "{outputs: {o: stdout}}", "new", "{inputs: {O: done.o}, after: [fan]}", NULL);
  /* The slot “second” is gone; “fan” is there under another number. */
  dms_workflow_adopt (is, was, 2 * SECOND);
  dms_workflow_ask_again (is);
  g_assert_cmpstr (state_of (is, "done"), ==, "succeeded");
  g_assert_cmpstr (state_of (is, "fan"), ==, "running");
  g_assert_cmpstr (state_of (is, "new"), ==, "waiting");
  /* Only what was on the way is asked for again, by the name it had. */
  starts = dms_workflow_advance (is, 2 * SECOND);
  g_assert_cmpuint (starts->len, ==, 1);
  g_assert_cmpstr (((DmsWorkflowStart *) starts->pdata[0])->run, ==, "fan.0.1");
  g_assert_cmpstr (((DmsWorkflowStart *) starts->pdata[0])->slot, ==, "fan");
  g_assert_true (take_end (is, "fan.0.1", 0, NULL, 3 * SECOND));
  assert_step (is, 10 * SECOND, "fan.1.2");
  g_assert_true (take_end (is, "fan.1.2", 0, NULL, 11 * SECOND));
  value = variable_of (is, "new.0.1", "O");
  g_assert_cmpstr (value, ==, "text");
}

/* What a run left in files, as its machine tells it. */
static gboolean
end_with_files (DmsWorkflow *workflow, const char *run, const char *json, gint64 now)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  DmsWorkflowLeft left = { NULL, NULL, json_node_get_object (node) };

  g_assert_true (dms_workflow_take_started (workflow, run, now));
  return dms_workflow_take_end (workflow, run, 0, NULL, &left, now);
}

static void
test_outputs_from_files (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a",
                                           "{retries: {max: 5, delay: 1s, factor: 1}, outputs: {all: {file: "
                                           "out/r.txt}, got: {file: out/r.txt, prefix: \"x=\"}, "
                                           "last: {file: b, take: last_line}}}",
                                           "b",
                                           "{inputs: {ALL: a.all, GOT: a.got, LAST: a.last}}",
                                           NULL);
  static const struct
  {
    const char *files;
    const char *problem;
  } bad[] = {
    { "{}", "it did not hand on “all” from the file “out/r.txt”: its machine does not know how" },
    { "{\"out/r.txt\": 3, \"b\": \"x\"}", "its machine does not know how" },
    { "{\"out/r.txt\": {\"error\": \"it is a link\"}}", "from the file “out/r.txt”: it is a link" },
    { "{\"out/r.txt\": {\"text\": \"y=1\"}}", "no line of its out/r.txt begins with “x=”" },
  };
  g_autoptr (GPtrArray) starts = dms_workflow_advance (workflow, 0);
  DmsWorkflowStart *start = starts->pdata[0];

  g_assert_false (start->wants_stdout || start->wants_stderr);
  g_assert_cmpuint (start->wants_files->len, ==, 2);
  g_assert_cmpstr (start->wants_files->pdata[0], ==, "out/r.txt");
  g_assert_cmpstr (start->wants_files->pdata[1], ==, "b");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *run = g_strdup_printf ("a.0.%u", i + 1);
      g_autoptr (JsonNode) state = NULL;
      g_autofree char *text = NULL;

      g_assert_true (end_with_files (workflow, run, bad[i].files, i * 2 * SECOND + 1));
      state = dms_workflow_to_json (workflow);
      text = json_to_string (state, FALSE);
      g_assert_nonnull (strstr (text, bad[i].problem));
      g_clear_pointer (&starts, g_ptr_array_unref);
      starts = dms_workflow_advance (workflow, (i + 1) * 2 * SECOND);
      g_assert_cmpuint (starts->len, ==, 1);
    }
  g_assert_true (
      end_with_files (workflow,
                      "a.0.5",
                      "{\"out/r.txt\": {\"text\": \"x=1\\nx= 2\\n\"}, \"b\": {\"text\": \"\\nend\\n\"}}",
                      20 * SECOND));
  g_clear_pointer (&starts, g_ptr_array_unref);
  starts = dms_workflow_advance (workflow, 21 * SECOND);
  g_assert_cmpuint (starts->len, ==, 1);
  start = starts->pdata[0];
  g_assert_cmpuint (start->wants_files->len, ==, 0);
  g_assert_cmpstr (g_environ_getenv (start->environment, "ALL"), ==, "x=1\nx= 2");
  g_assert_cmpstr (g_environ_getenv (start->environment, "GOT"), ==, " 2");
  g_assert_cmpstr (g_environ_getenv (start->environment, "LAST"), ==, "end");
}

static void
test_output_is_missing_or_too_large (void)
{
  g_autoptr (DmsWorkflow) workflow =
      make ("a", "{outputs: {got: {prefix: \"got=\"}}}", "b", "{outputs: {all: stdout}}", NULL);
  g_autofree char *large = g_strnfill (DMS_TASK_FLOW_MAX_OUTPUT_BYTES + 1, 'x');

  assert_step (workflow, 0, "a.0.1 b.0.1");
  finish (workflow, "a.0.1", 0, "nothing\n");
  finish (workflow, "b.0.1", 0, large);
  assert_step (workflow, 3, "");
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "a"),
                   ==,
                   "it did not hand on “got”: no line of its stdout begins with “got=”");
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "b"),
                   ==,
                   "its output “all” is larger than the 32768 bytes that can be handed on");
}

static void
test_fan_out (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("list",
                                           "{outputs: {parts: stdout}}",
                                           "work",
                                           "{for_each: list.parts, outputs: {n: stdout}}",
                                           "again",
                                           "{for_each: work.n, inputs: {N: work.n}}",
                                           NULL);
  g_autofree char *item = NULL;
  g_autofree char *inputs = NULL;

  dms_workflow_add_slot (workflow, "work", "second");
  assert_step (workflow, 0, "list.0.1");
  finish (workflow, "list.0.1", 0, "[\"x y\", 2, {\"a\": 1}]");
  /* As many as there are slots; the rest waits. */
  item = variable_of (workflow, "work.1.1", "DMS_ITEM");
  g_assert_cmpstr (item, ==, "2");
  assert_step (workflow, 11, "");
  finish (workflow, "work.1.1", 0, "second");
  assert_step (workflow, 12, "work.2.1");
  finish (workflow, "work.2.1", 0, "third");
  finish (workflow, "work.0.1", 0, "fi\"rst");
  inputs = variable_of (workflow, "again.0.1", "N");
  g_assert_cmpstr (inputs, ==, "[\"fi\\\"rst\",\"second\",\"third\"]");
}

static void
test_fan_out_over_nothing_and_too_much (void)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (DmsWorkflow) workflow = make (
      "list", "{outputs: {parts: stdout}}", "none", "{for_each: []}", "work", "{for_each: list.parts}", NULL);

  for (guint i = 0; i <= DMS_TASK_FLOW_MAX_ITEMS; i++)
    g_string_append_printf (lines, "%u\n", i);
  assert_step (workflow, 0, "list.0.1");
  g_assert_cmpstr (state_of (workflow, "none"), ==, "succeeded");
  finish (workflow, "list.0.1", 0, lines->str);
  assert_step (workflow, 3, "");
  g_assert_cmpstr (state_of (workflow, "work"), ==, "failed");
  g_assert_cmpstr (
      dms_workflow_get_task_reason (workflow, "work"), ==, "list.parts: the list has more than 1000 items");
}

static void
test_limit_and_failures (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("work", "{for_each: [a, b, c], max_parallel: 1, slots: 2}", NULL);

  dms_workflow_add_slot (workflow, "work", "second");
  assert_step (workflow, 0, "work.0.1");
  finish (workflow, "work.0.1", 0, NULL);
  assert_step (workflow, 1, "work.1.1");
  finish (workflow, "work.1.1", 7, NULL);
  assert_step (workflow, 1, "work.2.1");
  finish (workflow, "work.2.1", 8, NULL);
  assert_step (workflow, 1, "");
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "work"),
                   ==,
                   "2 of 3 runs failed, the first of them number 1 (“b”): it ended with exit code 7");
}

static void
test_retries (void)
{
  g_autoptr (DmsWorkflow) workflow =
      make ("a", "{retries: {max: 2, delay: 1s, factor: 10, max_delay: 5s, on: [75]}}", NULL);

  assert_step (workflow, 0, "a.0.1");
  finish (workflow, "a.0.1", 75, NULL);
  assert_step (workflow, 3, "");
  g_assert_cmpint (dms_workflow_get_wakeup_us (workflow), ==, 2 + SECOND);
  assert_step (workflow, 1 + SECOND, "");
  assert_step (workflow, 2 + SECOND, "a.0.2");
  /* News of the first attempt come late. */
  g_assert_false (dms_workflow_take_end (workflow, "a.0.1", 0, NULL, NULL, 3));
  g_assert_false (dms_workflow_take_end (workflow, "a.0.3", 0, NULL, NULL, 3));
  g_assert_false (dms_workflow_take_end (workflow, "a.1.2", 0, NULL, NULL, 3));
  g_assert_false (dms_workflow_take_end (workflow, "a", 0, NULL, NULL, 3));
  finish (workflow, "a.0.2", 75, NULL);
  g_assert_cmpint (dms_workflow_get_wakeup_us (workflow), ==, 2 + 5 * SECOND);
  assert_step (workflow, 2 + 5 * SECOND, "a.0.3");
  finish (workflow, "a.0.3", 75, NULL);
  assert_step (workflow, 9 * SECOND, "");
  g_assert_cmpstr (
      dms_workflow_get_task_reason (workflow, "a"), ==, "it ended with exit code 75 (after 3 attempts)");
}

static void
test_no_retry_for_another_code (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a", "{retries: {max: 2, on: 75}}", NULL);

  assert_step (workflow, 0, "a.0.1");
  finish (workflow, "a.0.1", 1, NULL);
  assert_step (workflow, 3, "");
  g_assert_cmpstr (state_of (workflow, "a"), ==, "failed");
}

static void
test_busy_is_no_failure (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a", "{single: true}", NULL);

  assert_step (workflow, 0, "a.0.1");
  g_assert_true (dms_workflow_take_refused (workflow, "a.0.1", "full", TRUE, 1));
  assert_step (workflow, 2, "");
  assert_step (workflow, 1 + 5 * SECOND, "a.0.2");
  g_assert_true (dms_workflow_take_refused (workflow, "a.0.2", "no such image", FALSE, 2));
  assert_step (workflow, 6 * SECOND, "");
  g_assert_cmpstr (dms_workflow_get_task_reason (workflow, "a"), ==, "no such image");
}

static void
test_unanswered_asks_the_same (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a", "{single: true}", NULL);
  gint64 now = 0;

  assert_step (workflow, now, "a.0.1");
  for (guint i = 1; i < 12; i++)
    {
      g_assert_true (dms_workflow_take_unanswered (workflow, "a.0.1", now));
      assert_step (workflow, now, "");
      now = dms_workflow_get_wakeup_us (workflow);
      assert_step (workflow, now, "a.0.1");
    }
  g_assert_true (dms_workflow_take_unanswered (workflow, "a.0.1", now));
  assert_step (workflow, now, "");
  g_assert_cmpstr (state_of (workflow, "a"), ==, "failed");
}

static void
test_lost_and_late (void)
{
  g_autoptr (DmsWorkflow) workflow = make ("a", "{timeout: 10s, retries: {max: 2, delay: 1ms}}", NULL);

  assert_step (workflow, 0, "a.0.1");
  g_assert_true (dms_workflow_take_started (workflow, "a.0.1", SECOND));
  g_assert_false (dms_workflow_take_started (workflow, "a.0.1", SECOND));
  g_assert_false (dms_workflow_take_lost (workflow, "b", "gone", SECOND));
  g_assert_true (dms_workflow_take_lost (workflow, "a", "gone", SECOND));
  assert_step (workflow, 2 * SECOND, "a.0.2");
  g_assert_true (dms_workflow_take_started (workflow, "a.0.2", 2 * SECOND));
  assert_step (workflow, 131 * SECOND, "");
  assert_step (workflow, dms_workflow_get_wakeup_us (workflow), "");
  assert_step (workflow, 133 * SECOND, "a.0.3");
}

/* Properties: random graphs, random ends, a crash after any event. */

enum
{
  MAX_TASKS = 7
};

typedef struct
{
  guint n;
  /* [i][j]: what task i demands of the earlier task j: 0 nothing, 1 success, 2 failure, 3 any end */
  int needs[MAX_TASKS][MAX_TASKS];
  int code[MAX_TASKS];
  /* How many attempts fail before the one that ends with code. */
  guint n_failing[MAX_TASKS];
  guint n_retries[MAX_TASKS];
  /* 0: no fan-out */
  guint n_items[MAX_TASKS];
} Graph;

static Graph *
make_graph (GRand *rand)
{
  Graph *graph = g_new0 (Graph, 1);

  graph->n = (guint) g_rand_int_range (rand, 1, MAX_TASKS + 1);
  for (guint i = 0; i < graph->n; i++)
    {
      for (guint j = 0; j < i; j++)
        graph->needs[i][j] = g_rand_int_range (rand, 0, 3) > 0 ? 0 : g_rand_int_range (rand, 1, 4);
      graph->code[i] = g_rand_int_range (rand, 0, 3) > 0 ? 0 : g_rand_int_range (rand, 1, 5);
      graph->n_failing[i] = (guint) g_rand_int_range (rand, 0, 3);
      graph->n_retries[i] = (guint) g_rand_int_range (rand, 0, 4);
      graph->n_items[i] = g_rand_boolean (rand) ? 0 : (guint) g_rand_int_range (rand, 1, 5);
    }
  return graph;
}

static DmsEnsemble *
describe (Graph *graph)
{
  static const char *const exits[] = { NULL, "0", "nonzero", "any" };
  g_autoptr (GString) yaml = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < graph->n; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%u", i);
      g_autoptr (GString) flow = g_string_new ("{after: [");

      for (guint j = 0; j < i; j++)
        {
          if (graph->needs[i][j] != 0)
            g_string_append_printf (flow, "{task: t%u, exit: %s}, ", j, exits[graph->needs[i][j]]);
        }
      g_string_append_printf (flow, "], retries: {max: %u, delay: 1ms}", graph->n_retries[i]);
      if (graph->n_items[i] > 0)
        g_string_append (flow, ", for_each: [");
      for (guint j = 0; j < graph->n_items[i]; j++)
        g_string_append_printf (flow, "i%u, ", j);
      g_string_append (flow, graph->n_items[i] > 0 ? "]}" : "}");
      add_task (yaml, name, flow->str);
      g_string_append_printf (names, "%s, ", name);
    }
  return parse (yaml, names->str);
}

/* The reference: what becomes of each task, by the definition. Runs of a fan-out end alike. */
static void
expect (Graph *graph, DmsWorkflowTaskState *states)
{
  for (guint i = 0; i < graph->n; i++)
    {
      gboolean wanted = TRUE;
      gboolean succeeds = graph->code[i] == 0 && graph->n_failing[i] <= graph->n_retries[i];

      for (guint j = 0; j < i; j++)
        {
          gboolean met = graph->needs[i][j] == 0 || graph->needs[i][j] == 3 ||
                         (graph->needs[i][j] == 1 && states[j] == DMS_WORKFLOW_SUCCEEDED) ||
                         (graph->needs[i][j] == 2 && states[j] == DMS_WORKFLOW_FAILED);

          wanted = wanted && met;
        }
      states[i] = !wanted ? DMS_WORKFLOW_SKIPPED : succeeds ? DMS_WORKFLOW_SUCCEEDED : DMS_WORKFLOW_FAILED;
    }
}

static DmsWorkflow *
make_driven (DmsEnsemble *ensemble, Graph *graph)
{
  DmsWorkflow *workflow = dms_workflow_new (ensemble);

  for (guint i = 0; i < graph->n; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%u", i);
      g_autofree char *second = g_strdup_printf ("%s-2", name);

      dms_workflow_add_slot (workflow, name, name);
      if (graph->n_items[i] > 0)
        dms_workflow_add_slot (workflow, name, second);
    }
  return workflow;
}

/* The machines: they execute a run once however often they are asked, and remember what they executed. */
typedef struct
{
  Graph *graph;
  GHashTable *begun;     /* run → slot */
  GHashTable *executing; /* slot → run */
  GPtrArray *news;       /* runs that have ended and are not acknowledged */
  GHashTable *told;      /* runs whose end the record knows */
} Machines;

static int
code_of (Graph *graph, const char *run)
{
  guint task = (guint) g_ascii_digit_value (run[1]);
  guint attempt = (guint) g_ascii_strtoull (strrchr (run, '.') + 1, NULL, 10);

  return attempt <= graph->n_failing[task] ? 1 : graph->code[task];
}

static void
execute (Machines *machines, DmsWorkflowStart *start)
{
  const char *busy = g_hash_table_lookup (machines->executing, start->slot);

  g_assert_null (g_hash_table_lookup (machines->told, start->run));
  if (g_hash_table_contains (machines->begun, start->run))
    return;
  g_assert_null (busy);
  g_hash_table_insert (machines->begun, g_strdup (start->run), g_strdup (start->slot));
  g_hash_table_insert (machines->executing, g_strdup (start->slot), g_strdup (start->run));
}

/* One of what is executed ends. */
static void
end_one (Machines *machines, GRand *rand)
{
  g_autofree gpointer *slots = NULL;
  guint n;
  const char *slot;

  slots = g_hash_table_get_keys_as_array (machines->executing, &n);
  if (n == 0)
    return;
  slot = slots[g_rand_int_range (rand, 0, (gint32) n)];
  g_ptr_array_add (machines->news, g_strdup (g_hash_table_lookup (machines->executing, slot)));
  g_hash_table_remove (machines->executing, slot);
}

/* As after a crash: what was not stored is gone. */
static void
reload (DmsWorkflow **workflow, JsonNode *record, DmsEnsemble *ensemble, Graph *graph)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (workflow);
  *workflow = make_driven (ensemble, graph);
  g_assert_true (dms_workflow_load (*workflow, json_node_get_object (record), &error));
  g_assert_no_error (error);
}

/* What was decided is said to the machines, unless the message is lost. */
static void
send_starts (DmsWorkflow *workflow, GPtrArray *starts, Machines *machines, GRand *rand, gint64 now)
{
  for (guint i = 0; i < starts->len; i++)
    {
      DmsWorkflowStart *start = starts->pdata[i];
      gboolean arrives = g_rand_int_range (rand, 0, 10) > 0;
      gboolean answered = arrives && g_rand_int_range (rand, 0, 10) > 0;

      if (arrives)
        execute (machines, start);
      if (answered)
        dms_workflow_take_started (workflow, start->run, now);
      else
        dms_workflow_take_unanswered (workflow, start->run, now);
    }
}

static void
run_graph (GRand *rand)
{
  g_autofree Graph *graph = make_graph (rand);
  g_autoptr (DmsEnsemble) ensemble = describe (graph);
  g_autoptr (DmsWorkflow) workflow = make_driven (ensemble, graph);
  g_autoptr (JsonNode) record = dms_workflow_to_json (workflow);
  g_autoptr (GHashTable) begun = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) executing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) news = g_ptr_array_new_with_free_func (g_free);
  Machines machines = { graph, begun, executing, news, told };
  DmsWorkflowTaskState states[MAX_TASKS];
  gint64 now = 1;
  guint n_steps = 0;

  expect (graph, states);
  while (!dms_workflow_is_over (workflow))
    {
      g_autoptr (GPtrArray) starts = NULL;
      gboolean heard = news->len > 0 && g_rand_boolean (rand);

      g_assert_cmpuint (n_steps++, <, 5000);
      now += SECOND;
      if (g_rand_boolean (rand))
        end_one (&machines, rand);
      if (heard)
        dms_workflow_take_end (workflow, news->pdata[0], code_of (graph, news->pdata[0]), NULL, NULL, now);
      starts = dms_workflow_advance (workflow, now);
      /* A crash before it is stored: nothing was said to anybody, and nothing acknowledged. */
      if (g_rand_int_range (rand, 0, 8) == 0)
        {
          reload (&workflow, record, ensemble, graph);
          continue;
        }
      json_node_unref (record);
      record = dms_workflow_to_json (workflow);
      /* And one after it, when nobody was told yet. */
      if (g_rand_int_range (rand, 0, 8) == 0)
        {
          reload (&workflow, record, ensemble, graph);
          continue;
        }
      if (heard)
        {
          g_hash_table_add (told, g_strdup (news->pdata[0]));
          g_ptr_array_remove_index (news, 0);
        }
      send_starts (workflow, starts, &machines, rand, now);
      if (g_rand_int_range (rand, 0, 8) == 0)
        reload (&workflow, record, ensemble, graph);
    }
  for (guint i = 0; i < graph->n; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%u", i);
      guint n_expected = MIN (graph->code[i] == 0 ? graph->n_failing[i] : G_MAXINT, graph->n_retries[i]) + 1;

      g_assert_cmpint (dms_workflow_get_task_state (workflow, name), ==, states[i]);
      for (guint j = 0; j < MAX (graph->n_items[i], 1); j++)
        {
          g_autofree char *last = g_strdup_printf ("%s.%u.%u", name, j, n_expected);
          g_autofree char *beyond = g_strdup_printf ("%s.%u.%u", name, j, n_expected + 1);

          g_assert_true (g_hash_table_contains (begun, last) == (states[i] != DMS_WORKFLOW_SKIPPED));
          g_assert_false (g_hash_table_contains (begun, beyond));
        }
    }
}

static void
test_random_graphs_with_crashes (void)
{
  for (guint32 seed = 0; seed < 400; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

      run_graph (rand);
    }
}

static void
test_same_events_same_state (void)
{
  const char *flow = "{for_each: [a, b, c], retries: {max: 1, delay: 1ms}}";
  g_autofree char *first = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DmsWorkflow) workflow = make ("x", flow, "y", "{after: [{task: x, exit: any}]}", NULL);
      g_autoptr (JsonNode) node = NULL;
      g_autofree char *text = NULL;

      assert_step (workflow, 0, "x.0.1");
      finish (workflow, "x.0.1", 1, NULL);
      assert_step (workflow, SECOND, "x.0.2");
      node = dms_workflow_to_json (workflow);
      text = json_to_string (node, FALSE);
      if (first != NULL)
        g_assert_cmpstr (first, ==, text);
      else
        first = g_steal_pointer (&text);
    }
}

static void
test_damaged_record (void)
{
  static const char *const records[] = {
    "{\"a\": {\"state\": \"asleep\"}}",
    "{\"a\": {\"state\": \"running\", \"runs\": [{\"state\": \"dreaming\"}]}}",
    "{\"a\": {\"state\": \"running\", \"runs\": [{\"state\": \"running\", \"slot\": 7}]}}",
    "{\"a\": {\"state\": \"running\", \"runs\": [{\"state\": \"waiting\"}, {\"state\": \"waiting\"}]}}",
    /* Its beginning adds those that it has. */
    "{\"a\": {\"state\": \"waiting\", \"runs\": [{\"state\": \"waiting\"}]}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autoptr (DmsWorkflow) workflow = make ("a", "{}", NULL);
      g_autoptr (JsonNode) node = dms_json_node_from_text (records[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (dms_workflow_load (workflow, json_node_get_object (node), &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
    }
}

/* No line begins with two; job files with such a prefix are refused, records may have one. */
static void
test_prefix_of_two_lines (void)
{
  g_autoptr (DmsTaskFlow) flow = dms_task_flow_new ();
  DmsTaskOutput *output = g_new0 (DmsTaskOutput, 1);
  const DmsWorkflowLeft left = { "n=\n1\n", NULL, NULL };
  g_autofree char *why = NULL;
  gsize size = 0;

  output->name = g_strdup ("n");
  output->prefix = g_strdup ("n=\n");
  g_ptr_array_add (flow->outputs, output);
  g_assert_null (dms_workflow_take_outputs (flow, &left, &size, &why));
  g_assert_nonnull (strstr (why, "begins with"));
}

/* Whoever wrote the record may have meant no time at all. */
static void
test_times_without_end (void)
{
  static const char record[] =
      "{\"a\": {\"state\": \"running\", \"runs\": [{\"state\": \"running\", \"attempt\": 1, \"slot\": 0,"
      " \"started_us\": 9223372036854775807, \"due_us\": 9223372036854775807}]}}";
  g_autoptr (DmsWorkflow) workflow = make ("a", "{timeout: 1m}", NULL);
  g_autoptr (JsonNode) node = dms_json_node_from_text (record, -1, NULL);
  g_autoptr (GError) error = NULL;

  dms_workflow_load (workflow, json_node_get_object (node), &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_workflow_get_wakeup_us (workflow), >=, 0);
  assert_step (workflow, 3600 * SECOND, "");
  g_assert_cmpstr (state_of (workflow, "a"), ==, "failed");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workflow/conditions", test_conditions);
  g_test_add_func ("/workflow/outputs", test_outputs);
  g_test_add_func ("/workflow/outputs-from-files", test_outputs_from_files);
  g_test_add_func ("/workflow/adopt", test_adopt);
  g_test_add_func ("/workflow/outputs/missing-or-too-large", test_output_is_missing_or_too_large);
  g_test_add_func ("/workflow/fan-out", test_fan_out);
  g_test_add_func ("/workflow/fan-out/nothing-and-too-much", test_fan_out_over_nothing_and_too_much);
  g_test_add_func ("/workflow/fan-out/limit-and-failures", test_limit_and_failures);
  g_test_add_func ("/workflow/retries", test_retries);
  g_test_add_func ("/workflow/retries/another-code", test_no_retry_for_another_code);
  g_test_add_func ("/workflow/start/busy", test_busy_is_no_failure);
  g_test_add_func ("/workflow/start/unanswered", test_unanswered_asks_the_same);
  g_test_add_func ("/workflow/lost", test_lost_and_late);
  g_test_add_func ("/workflow/random-graphs-with-crashes", test_random_graphs_with_crashes);
  g_test_add_func ("/workflow/same-events", test_same_events_same_state);
  g_test_add_func ("/workflow/damaged-record", test_damaged_record);
  g_test_add_func ("/workflow/prefix-of-two-lines", test_prefix_of_two_lines);
  g_test_add_func ("/workflow/times-without-end", test_times_without_end);
  return g_test_run ();
}
