/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "supervision/dms-supervisor-tree.h"

#include <string.h>

#define SECOND ((gint64) G_USEC_PER_SEC)

/* The ensemble of the tables: node one has a, b (after a); node two has c; node three has d, marked single.
 * Started in the order a, c, d, b. */
typedef struct
{
  DmsAllocationPolicy policy;
  DmsNodePolicy node_policy;
  DmsEscalation escalation;
  guint n_standbys;
  /* "OneForOne: a b; AllForOne: c d" – each below the one before; NULL: none. */
  const char *supervisors;
} Shape;

typedef struct
{
  int second;
  int event;
  const char *about;
  const char *expected;
} Step;

static DmsSupervisorTree *
make_tree (const Shape *shape)
{
  DmsSupervisionBudget budget = { 2, 60 * SECOND };
  DmsSupervisorTree *tree = dms_supervisor_tree_new (shape->escalation, budget);
  g_auto (GStrv) groups = g_strsplit (shape->supervisors != NULL ? shape->supervisors : "", "; ", -1);
  int parent = -1;

  dms_supervisor_tree_add_node (tree, "one", shape->node_policy);
  dms_supervisor_tree_add_node (tree, "two", shape->node_policy);
  dms_supervisor_tree_add_node (tree, "three", shape->node_policy);
  dms_supervisor_tree_add_allocation (tree, "one", "a", 0, shape->policy, FALSE);
  dms_supervisor_tree_add_allocation (tree, "one", "b", 3, shape->policy, FALSE);
  dms_supervisor_tree_add_allocation (tree, "two", "c", 1, shape->policy, FALSE);
  dms_supervisor_tree_add_allocation (tree, "three", "d", 2, shape->policy, TRUE);
  for (guint i = 1; i <= shape->n_standbys; i++)
    {
      g_autofree char *one = g_strdup_printf ("one-standby-%u", i);
      g_autofree char *three = g_strdup_printf ("three-standby-%u", i);

      dms_supervisor_tree_add_standby (tree, "one", one);
      dms_supervisor_tree_add_standby (tree, "three", three);
    }
  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (groups[i], ": ", 2);
      g_auto (GStrv) names = g_strsplit (parts[1], " ", -1);

      parent = dms_supervisor_tree_add_supervisor (tree, parent, parts[0], (const char *const *) names);
    }
  return tree;
}

static char *
describe (GPtrArray *actions)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < actions->len; i++)
    {
      DmsSupervisionAction *action = actions->pdata[i];
      const char *standby = dms_supervision_action_get_standby (action);

      g_string_append_printf (
          text,
          "%s%s%s%s%s%s",
          i > 0 ? ", " : "",
          dms_supervision_action_kind_to_string (dms_supervision_action_get_kind (action)),
          *dms_supervision_action_get_about (action) != '\0' ? " " : "",
          dms_supervision_action_get_about (action),
          standby != NULL ? " " : "",
          standby != NULL ? standby : "");
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
play (const Shape *shape, const Step *steps, gsize n_steps)
{
  g_autoptr (DmsSupervisorTree) tree = make_tree (shape);

  for (gsize i = 0; i < n_steps; i++)
    {
      g_autoptr (GPtrArray) actions = dms_supervisor_tree_handle (
          tree, (DmsSupervisionEvent) steps[i].event, steps[i].about, "why", steps[i].second * SECOND);
      g_autofree char *text = describe (actions);

      if (g_strcmp0 (text, steps[i].expected) != 0)
        g_error ("step %" G_GSIZE_FORMAT ": wanted “%s”, got “%s”", i, steps[i].expected, text);
    }
}

enum
{
  FAILED = DMS_EVENT_ALLOCATION_FAILED,
  COMPLETED = DMS_EVENT_ALLOCATION_COMPLETED,
  STARTED = DMS_EVENT_ALLOCATION_STARTED,
  LOST = DMS_EVENT_NODE_LOST,
  RETURNED = DMS_EVENT_NODE_RETURNED,
  FENCED = DMS_EVENT_NODE_FENCED,
  REPAIRED = DMS_EVENT_NODE_REPAIRED,
  NOT_REPAIRED = DMS_EVENT_NODE_REPAIR_FAILED,
};

/* Steps of a workflow move with their node, are restarted by nobody, and need no node once they are over. */
static void
test_steps (void)
{
  DmsSupervisionBudget budget = { 2, 60 * SECOND };
  g_autoptr (DmsSupervisorTree) tree = dms_supervisor_tree_new (DMS_ESCALATE_NOT, budget);
  const struct
  {
    int event;
    const char *about;
    const char *expected;
  } events[] = {
    { FAILED, "a", "restart_allocation a" },
    { STARTED, "a", "" },
    { LOST, "two", "restart_node two" },
    { NOT_REPAIRED, "two", "restart_node two" },
  };

  dms_supervisor_tree_add_node (tree, "one", DMS_NODE_RESTART);
  dms_supervisor_tree_add_node (tree, "two", DMS_NODE_RESTART);
  dms_supervisor_tree_add_allocation (tree, "one", "a", 0, DMS_ALLOCATION_ONE_FOR_ALL, FALSE);
  dms_supervisor_tree_add_step (tree, "one", "one.s", FALSE);
  dms_supervisor_tree_add_step (tree, "two", "two.s", FALSE);
  dms_supervisor_tree_add_step (tree, "two", "two.t", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_autoptr (GPtrArray) actions = dms_supervisor_tree_handle (
          tree, (DmsSupervisionEvent) events[i].event, events[i].about, "why", (gint64) i);
      g_autofree char *text = describe (actions);

      g_assert_cmpstr (text, ==, events[i].expected);
    }
  dms_supervisor_tree_set_done (tree, "two.s");
  g_assert_true (dms_supervisor_tree_is_repairing (tree));
  dms_supervisor_tree_set_done (tree, "two.t");
  g_assert_false (dms_supervisor_tree_is_repairing (tree));
  dms_supervisor_tree_set_done (tree, "nobody");
}

static void
test_stay_down (void)
{
  const Shape shape = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_STAY_DOWN, DMS_ESCALATE_REDEPLOY, 0, NULL };
  const Step steps[] = {
    { 0, FAILED, "a", "" }, { 1, FAILED, "a", "" }, { 2, LOST, "two", "" }, { 3, RETURNED, "two", "" },
    { 4, FAILED, "c", "" }, { 5, FAILED, "x", "" }, { 6, LOST, "x", "" },
  };

  const Step unwell[] = {
    { 0, DMS_EVENT_ALLOCATION_UNWELL, "a", "restart_allocation a" },
    { 1, STARTED, "a", "" },
    { 2, DMS_EVENT_ALLOCATION_UNWELL, "a", "restart_allocation a" },
    { 3, DMS_EVENT_ALLOCATION_UNWELL, "a", "redeploy_all" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
  play (&shape, unwell, G_N_ELEMENTS (unwell));
}

static void
test_one_for_one (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_STAY_DOWN, DMS_ESCALATE_NOT, 0, NULL };
  const Step steps[] = {
    { 0, FAILED, "a", "restart_allocation a" },
    { 1, STARTED, "a", "" },
    { 2, FAILED, "a", "restart_allocation a" },
    /* Could not even be started; the budget is used up. */
    { 3, FAILED, "a", "give_up one" },
    { 4, FAILED, "a", "" },
    /* The others have budgets of their own, and those come back with time. */
    { 5, FAILED, "b", "restart_allocation b" },
    { 6, FAILED, "b", "restart_allocation b" },
    { 65, FAILED, "b", "restart_allocation b" },
    { 65, FAILED, "b", "give_up one" },
    { 66, COMPLETED, "c", "" },
    { 67, FAILED, "c", "" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_one_for_all (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ALL, DMS_NODE_STAY_DOWN, DMS_ESCALATE_NOT, 0, NULL };
  const Step steps[] = {
    { 0,
      FAILED,
      "c",
      "restart_allocation a, restart_allocation c, restart_allocation d, restart_allocation b" },
    { 1, COMPLETED, "a", "" },
    { 2, LOST, "three", "" },
    /* Neither what is done nor what is out of reach. */
    { 3, FAILED, "c", "restart_allocation c, restart_allocation b" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_rest_for_one (void)
{
  const Shape shape = { DMS_ALLOCATION_REST_FOR_ONE, DMS_NODE_STAY_DOWN, DMS_ESCALATE_NOT, 0, NULL };
  const Step steps[] = {
    { 0, FAILED, "d", "restart_allocation d, restart_allocation b" },
    { 1, FAILED, "b", "restart_allocation b" },
    { 2,
      FAILED,
      "a",
      "restart_allocation a, restart_allocation c, restart_allocation d, restart_allocation b" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_supervisors (void)
{
  /* c and d are supervised by one who is supervised beside a and b. */
  const Shape shape = {
    DMS_ALLOCATION_STAY_DOWN, DMS_NODE_STAY_DOWN, DMS_ESCALATE_TEARDOWN, 0, "AllForOne: a b; OneForOne: c d"
  };
  const Step steps[] = {
    { 0, FAILED, "c", "restart_allocation c" },
    { 1, FAILED, "d", "restart_allocation d" },
    /* The inner one has used its budget: the outer one starts everything anew. */
    { 2,
      FAILED,
      "c",
      "restart_allocation a, restart_allocation c, restart_allocation d, restart_allocation b" },
    { 3,
      FAILED,
      "a",
      "restart_allocation a, restart_allocation c, restart_allocation d, restart_allocation b" },
    { 4, FAILED, "b", "tear_down" },
    { 5, FAILED, "a", "" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_inner_supervisor_as_a_whole (void)
{
  const Shape shape = {
    DMS_ALLOCATION_STAY_DOWN, DMS_NODE_STAY_DOWN, DMS_ESCALATE_NOT, 0, "OneForOne: a b; OneForOne: c d"
  };
  const Step steps[] = {
    { 0, FAILED, "c", "restart_allocation c" },
    { 1, FAILED, "c", "restart_allocation c" },
    { 2, FAILED, "c", "restart_allocation c, restart_allocation d" },
    { 3, FAILED, "a", "restart_allocation a" },
    { 4, FAILED, "d", "give_up three" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_node_restart (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_RESTART, DMS_ESCALATE_REDEPLOY, 0, NULL };
  const Step steps[] = {
    { 0, LOST, "one", "restart_node one" },
    { 1, LOST, "one", "" },
    { 2, FAILED, "a", "" },
    { 3, REPAIRED, "one", "" },
    { 3, DMS_EVENT_ALLOCATION_LOST, "b", "restart_allocation b" },
    { 4, FAILED, "a", "restart_allocation a" },
    { 5, FAILED, "a", "restart_allocation a" },
    { 6, FAILED, "a", "restart_node one" },
    { 7, NOT_REPAIRED, "one", "redeploy_all" },
    { 8, FAILED, "a", "" },
    { 9, LOST, "two", "" },
    { 10, DMS_EVENT_ENSEMBLE_REPAIRED, "", "" },
    { 11, LOST, "two", "restart_node two" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* What is lost and would stay down is the business of its node. */
static void
test_lost (void)
{
  const Shape stay = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_STAY_DOWN, DMS_ESCALATE_REDEPLOY, 0, NULL };
  const Shape restart = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_RESTART, DMS_ESCALATE_NOT, 0, NULL };
  const Step stays[] = { { 0, DMS_EVENT_ALLOCATION_LOST, "a", "" } };
  const Step restarts[] = {
    { 0, DMS_EVENT_ALLOCATION_LOST, "a", "restart_node one" },
    { 1, DMS_EVENT_ALLOCATION_LOST, "b", "" },
    { 2, REPAIRED, "one", "" },
    { 3, FAILED, "a", "" },
  };

  play (&stay, stays, G_N_ELEMENTS (stays));
  play (&restart, restarts, G_N_ELEMENTS (restarts));
}

static void
test_node_redeploy (void)
{
  const Shape shape = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_REDEPLOY, DMS_ESCALATE_NOT, 0, NULL };
  const Step steps[] = {
    { 0, LOST, "one", "redeploy_node one" },
    { 1, NOT_REPAIRED, "one", "redeploy_node one" },
    { 2, NOT_REPAIRED, "one", "give_up one" },
    { 3, LOST, "two", "redeploy_node two" },
    { 4, REPAIRED, "two", "" },
    { 5, LOST, "two", "redeploy_node two" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* What must not run twice is not started elsewhere before it is sure that it has ended. */
static void
test_single (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_REDEPLOY, DMS_ESCALATE_REDEPLOY, 1, NULL };
  const Step steps[] = {
    { 0, LOST, "three", "fence_node three" },
    { 1, LOST, "three", "" },
    { 2, RETURNED, "three", "" },
    { 3, LOST, "three", "fence_node three" },
    { 4, FENCED, "three", "promote_standby three three-standby-1" },
    { 5, REPAIRED, "three", "" },
    { 6, FENCED, "three", "" },
    { 7, LOST, "three", "fence_node three" },
    { 8, FENCED, "three", "redeploy_node three" },
    { 9, NOT_REPAIRED, "three", "redeploy_node three" },
    { 10, NOT_REPAIRED, "three", "redeploy_all" },
    { 11, DMS_EVENT_ENSEMBLE_REPAIR_FAILED, "", "redeploy_all" },
    { 12, DMS_EVENT_ENSEMBLE_REPAIR_FAILED, "", "tear_down" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* Nor is the ensemble, as long as one of its nodes is out of reach and has such a thing. */
static void
test_single_before_redeploy_all (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_STAY_DOWN, DMS_ESCALATE_REDEPLOY, 0, NULL };
  const Step steps[] = {
    { 0, LOST, "three", "" },
    { 1, FAILED, "a", "restart_allocation a" },
    { 2, FAILED, "a", "restart_allocation a" },
    { 3, FAILED, "a", "fence_node three" },
    { 4, FAILED, "b", "" },
    { 5, LOST, "two", "" },
    { 6, FENCED, "three", "redeploy_all" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* Nor is it for ever: a machine that is back can be told. */
static void
test_return_before_redeploy_all (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_STAY_DOWN, DMS_ESCALATE_REDEPLOY, 0, NULL };
  const Step steps[] = {
    { 0, LOST, "three", "" },
    { 1, FAILED, "a", "restart_allocation a" },
    { 2, FAILED, "a", "restart_allocation a" },
    { 3, FAILED, "a", "fence_node three" },
    { 4, RETURNED, "three", "redeploy_all" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* What ends while its machine is silent is repaired when that is back: when its lease was over, say. */
static void
test_end_out_of_reach (void)
{
  const Shape restarts = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_REDEPLOY, DMS_ESCALATE_NOT, 0, NULL };
  const Shape moves = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_REDEPLOY, DMS_ESCALATE_NOT, 0, NULL };
  const Shape stays = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_STAY_DOWN, DMS_ESCALATE_NOT, 0, NULL };
  const Step restarted[] = {
    { 0, LOST, "three", "fence_node three" },
    { 1, FAILED, "d", "" },
    { 2, RETURNED, "three", "restart_allocation d" },
    { 3, STARTED, "d", "" },
    /* Once. */
    { 4, LOST, "three", "fence_node three" },
    { 5, RETURNED, "three", "" },
    /* What has been started elsewhere meanwhile is another one. */
    { 6, LOST, "three", "fence_node three" },
    { 7, FAILED, "d", "" },
    { 8, FENCED, "three", "redeploy_node three" },
    { 9, REPAIRED, "three", "" },
    { 10, LOST, "three", "fence_node three" },
    { 11, FAILED, "d", "" },
    { 12, COMPLETED, "d", "" },
    { 13, RETURNED, "three", "" },
  };
  const Step moved[] = {
    { 0, LOST, "three", "fence_node three" },
    { 1, DMS_EVENT_ALLOCATION_LOST, "d", "" },
    { 2, RETURNED, "three", "redeploy_node three" },
  };
  const Step all[] = {
    { 0, LOST, "one", "" },
    { 1, FAILED, "a", "" },
    { 2, FAILED, "b", "" },
    { 3, RETURNED, "one", "restart_allocation a, restart_allocation b" },
  };

  play (&restarts, restarted, G_N_ELEMENTS (restarted));
  play (&moves, moved, G_N_ELEMENTS (moved));
  play (&stays, all, G_N_ELEMENTS (all));
}

static void
test_standbys (void)
{
  const Shape shape = { DMS_ALLOCATION_STAY_DOWN, DMS_NODE_STAY_DOWN, DMS_ESCALATE_TEARDOWN, 2, NULL };
  const Step steps[] = {
    { 0, DMS_EVENT_STANDBY_LOST, "one-standby-1", "" },
    { 1, LOST, "one", "promote_standby one one-standby-2" },
    { 2, DMS_EVENT_STANDBY_RETURNED, "one-standby-1", "" },
    { 3, NOT_REPAIRED, "one", "promote_standby one one-standby-1" },
    { 4, REPAIRED, "one", "" },
    { 5, LOST, "one", "" },
    { 6, LOST, "two", "" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

static void
test_teardown (void)
{
  const Shape shape = { DMS_ALLOCATION_ONE_FOR_ONE, DMS_NODE_REDEPLOY, DMS_ESCALATE_TEARDOWN, 0, NULL };
  const Step steps[] = {
    { 0, LOST, "one", "redeploy_node one" },
    { 1, NOT_REPAIRED, "one", "redeploy_node one" },
    { 2, NOT_REPAIRED, "one", "tear_down" },
    { 3, LOST, "two", "" },
  };

  play (&shape, steps, G_N_ELEMENTS (steps));
}

/* Random ensembles and events. Nothing is done without an event; no repair of the same kind more often than
 * its budget allows; a single allocation never has two owners; the same events have the same answers. */

enum
{
  N_ROUNDS = 400,
  N_EVENTS = 300,
};

typedef struct
{
  /* Machines on which d may run, by what was ordered and told. */
  gboolean home_runs;
  gboolean home_known;
  gboolean done;
  /* What was ordered and not answered yet: for the ensemble, for node three. */
  gboolean ensemble_ordered;
  gboolean node_ordered;
  GHashTable *times;
} World;

static void
check_budget (World *world, const char *kind, const char *about, gint64 second)
{
  g_autofree char *key = g_strconcat (kind, " ", about, NULL);
  GArray *times = g_hash_table_lookup (world->times, key);

  if (times == NULL)
    {
      times = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_hash_table_insert (world->times, g_strdup (key), times);
    }
  g_array_append_val (times, second);
  /* The budget of make_tree(). */
  if (times->len > 2)
    g_assert_cmpint (second - g_array_index (times, gint64, times->len - 3), >=, 60);
}

static void
check_actions (World *world, GPtrArray *actions, gboolean by_group, gint64 second)
{
  for (guint i = 0; i < actions->len; i++)
    {
      DmsSupervisionAction *action = actions->pdata[i];
      DmsSupervisionActionKind kind = dms_supervision_action_get_kind (action);
      const char *about = dms_supervision_action_get_about (action);

      switch ((int) kind)
        {
        case DMS_SUPERVISION_RESTART_ALLOCATION:
          if (by_group)
            check_budget (world, "restart", about, second);
          break;
        case DMS_SUPERVISION_REDEPLOY_NODE:
        case DMS_SUPERVISION_RESTART_NODE:
          check_budget (world, "node", about, second);
          break;
        case DMS_SUPERVISION_REDEPLOY_ALL:
          check_budget (world, "ensemble", "", second);
          break;
        default:
          break;
        }
      /* Elsewhere only when the old one has ended for sure, or can be ended because it is in reach. */
      if (kind == DMS_SUPERVISION_REDEPLOY_ALL ||
          ((kind == DMS_SUPERVISION_REDEPLOY_NODE || kind == DMS_SUPERVISION_PROMOTE_STANDBY) &&
           strcmp (about, "three") == 0))
        {
          g_assert_true (world->home_known || !world->home_runs || world->done);
          world->done = world->done && kind != DMS_SUPERVISION_REDEPLOY_ALL;
          world->home_runs = TRUE;
          world->home_known = TRUE;
        }
      if (kind == DMS_SUPERVISION_REDEPLOY_ALL)
        world->node_ordered = FALSE;
      world->ensemble_ordered = world->ensemble_ordered || kind == DMS_SUPERVISION_REDEPLOY_ALL;
      if (strcmp (about, "three") == 0 && kind <= DMS_SUPERVISION_PROMOTE_STANDBY)
        world->node_ordered = TRUE;
    }
}

static void
test_property (void)
{
  static const char *const allocations[] = { "a", "b", "c", "d" };
  static const char *const nodes[] = { "one", "two", "three" };
  static const char *const supervisors[] = { NULL, "AllForOne: a b c d", "RestForOne: a b; OneForOne: c d" };

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (round);
      const Shape shape = { (DmsAllocationPolicy) g_rand_int_range (random, 0, 4),
                            (DmsNodePolicy) g_rand_int_range (random, 0, 3),
                            (DmsEscalation) g_rand_int_range (random, 0, 3),
                            (guint) g_rand_int_range (random, 0, 3),
                            supervisors[g_rand_int_range (random, 0, 3)] };
      gboolean by_group = shape.policy == DMS_ALLOCATION_ONE_FOR_ONE && shape.supervisors == NULL;
      g_autoptr (DmsSupervisorTree) tree = make_tree (&shape);
      g_autoptr (DmsSupervisorTree) twin = make_tree (&shape);
      g_autoptr (GHashTable) times =
          g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
      World world = { TRUE, TRUE, FALSE, FALSE, FALSE, times };
      gint64 second = 0;

      for (guint i = 0; i < N_EVENTS; i++)
        {
          DmsSupervisionEvent event =
              (DmsSupervisionEvent) g_rand_int_range (random, 0, DMS_EVENT_ENSEMBLE_REPAIR_FAILED + 1);
          const char *about = "";
          g_autoptr (GPtrArray) actions = NULL;
          g_autoptr (GPtrArray) again = NULL;
          g_autofree char *text = NULL;
          g_autofree char *same = NULL;

          if (event == DMS_EVENT_ALLOCATION_COMPLETED && g_rand_int_range (random, 0, 10) > 0)
            event = DMS_EVENT_ALLOCATION_FAILED;
          if (event >= DMS_EVENT_ENSEMBLE_REPAIRED && !world.ensemble_ordered)
            event = DMS_EVENT_NODE_LOST;
          if (event <= DMS_EVENT_ALLOCATION_STARTED)
            about = allocations[g_rand_int_range (random, 0, 4)];
          else if (event <= DMS_EVENT_NODE_REPAIR_FAILED)
            about = nodes[g_rand_int_range (random, 0, 3)];
          else if (event <= DMS_EVENT_STANDBY_RETURNED)
            about = "three-standby-1";
          if (strcmp (about, "three") == 0 && !world.node_ordered &&
              (event == DMS_EVENT_NODE_REPAIRED || event == DMS_EVENT_NODE_REPAIR_FAILED))
            event = DMS_EVENT_NODE_LOST;
          if (strcmp (about, "three") == 0 &&
              (event == DMS_EVENT_NODE_REPAIRED || event == DMS_EVENT_NODE_REPAIR_FAILED))
            world.node_ordered = FALSE;
          /* What is true of the world: fenced is told only when it is so; a machine that returns is known of.
           */
          if (event == DMS_EVENT_NODE_LOST && strcmp (about, "three") == 0)
            world.home_known = FALSE;
          if (strcmp (about, "three") == 0 &&
              (event == DMS_EVENT_NODE_RETURNED || event == DMS_EVENT_NODE_REPAIRED))
            world.home_known = TRUE;
          /* Machines that are silent then are told of again. */
          if (event >= DMS_EVENT_ENSEMBLE_REPAIRED)
            world.ensemble_ordered = FALSE;
          if (event == DMS_EVENT_ENSEMBLE_REPAIRED)
            world.home_known = TRUE;
          if (event == DMS_EVENT_NODE_FENCED && strcmp (about, "three") == 0)
            world.home_runs = FALSE;
          if (event == DMS_EVENT_ALLOCATION_COMPLETED && strcmp (about, "d") == 0 && !world.ensemble_ordered)
            world.done = TRUE;
          second += g_rand_int_range (random, 0, 15);
          actions = dms_supervisor_tree_handle (tree, event, about, "why", second * SECOND);
          again = dms_supervisor_tree_handle (twin, event, about, "why", second * SECOND);
          text = describe (actions);
          same = describe (again);
          g_assert_cmpstr (text, ==, same);
          /* Good news alone is no reason to do anything. */
          if (event == DMS_EVENT_ALLOCATION_COMPLETED || event == DMS_EVENT_ALLOCATION_STARTED ||
              event == DMS_EVENT_NODE_REPAIRED || event == DMS_EVENT_STANDBY_RETURNED ||
              event == DMS_EVENT_ENSEMBLE_REPAIRED)
            g_assert_cmpstr (text, ==, "");
          g_assert_cmpuint (actions->len, <=, 4);
          check_actions (&world, actions, by_group, second);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor-tree/steps", test_steps);
  g_test_add_func ("/supervisor-tree/stay-down", test_stay_down);
  g_test_add_func ("/supervisor-tree/one-for-one", test_one_for_one);
  g_test_add_func ("/supervisor-tree/one-for-all", test_one_for_all);
  g_test_add_func ("/supervisor-tree/rest-for-one", test_rest_for_one);
  g_test_add_func ("/supervisor-tree/supervisors", test_supervisors);
  g_test_add_func ("/supervisor-tree/inner-supervisor-as-a-whole", test_inner_supervisor_as_a_whole);
  g_test_add_func ("/supervisor-tree/node-restart", test_node_restart);
  g_test_add_func ("/supervisor-tree/lost", test_lost);
  g_test_add_func ("/supervisor-tree/node-redeploy", test_node_redeploy);
  g_test_add_func ("/supervisor-tree/single", test_single);
  g_test_add_func ("/supervisor-tree/single-before-redeploy-all", test_single_before_redeploy_all);
  g_test_add_func ("/supervisor-tree/return-before-redeploy-all", test_return_before_redeploy_all);
  g_test_add_func ("/supervisor-tree/end-out-of-reach", test_end_out_of_reach);
  g_test_add_func ("/supervisor-tree/standbys", test_standbys);
  g_test_add_func ("/supervisor-tree/teardown", test_teardown);
  g_test_add_func ("/supervisor-tree/property", test_property);
  return g_test_run ();
}
