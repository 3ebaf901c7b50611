/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-update-plan.h"

#include "jobs/dms-ensemble-diff.h"
#include "jobs/dms-port-config.h"
#include "resources/dms-location.h"
#include "resources/dms-requirement.h"

#include <string.h>

struct _DmsUpdatePlan
{
  DmsEnsemble *from;
  DmsEnsemble *to;
  gboolean is_empty;
  /* Sets of names. */
  GHashTable *renewed;
  GHashTable *moved;
  GHashTable *rechecked;
  GString *refusal;
};

static void G_GNUC_PRINTF (2, 3) refuse (DmsUpdatePlan *self, const char *format, ...)
{
  va_list arguments;

  if (self->refusal->len > 0)
    g_string_append (self->refusal, "; ");
  va_start (arguments, format);
  g_string_append_vprintf (self->refusal, format, arguments);
  va_end (arguments);
}

/* What the machine that runs an allocation does not know of, or is told anew. */
static gboolean
is_ours (const char *member)
{
  static const char *const ours[] = {
    "depends_on", "dns_name", "failure_recovery", "preferences", "workflow"
  };

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    {
      if (g_str_has_prefix (member, ours[i]))
        return TRUE;
    }
  return FALSE;
}

static void
note_allocation (DmsUpdatePlan *self, const DmsEnsembleChange *change)
{
  /* One that goes to another node is another one. */
  if (strcmp (change->kind, "change") != 0 || is_ours (change->member))
    return;
  if (g_str_has_prefix (change->member, "healthcheck"))
    g_hash_table_add (self->rechecked, g_strdup (change->name));
  else
    g_hash_table_add (self->renewed, g_strdup (change->name));
}

static void
note_change (DmsUpdatePlan *self, const DmsEnsembleChange *change)
{
  if (strcmp (change->subject, "allocation") == 0)
    note_allocation (self, change);
  else if (strcmp (change->subject, "node") == 0 && strcmp (change->kind, "move") == 0)
    g_hash_table_add (self->moved, g_strdup (change->name));
}

/* The workflow is the orchestrator's, but for how many runs a machine has room for. */
static void
note_slots (DmsUpdatePlan *self)
{
  GPtrArray *allocations = dms_ensemble_get_allocations (self->to);

  for (guint i = 0; i < allocations->len; i++)
    {
      const char *name = dms_allocation_config_get_name (allocations->pdata[i]);
      DmsAllocationConfig *other = dms_ensemble_find_allocation (self->from, name);
      DmsTaskFlow *is = dms_allocation_config_get_flow (allocations->pdata[i]);
      DmsTaskFlow *was = other != NULL ? dms_allocation_config_get_flow (other) : NULL;

      if (is != NULL && was != NULL && is->slots != was->slots)
        g_hash_table_add (self->renewed, g_strdup (name));
    }
}

/* Scripts run before the job does. */
static void
note_scripts (DmsUpdatePlan *self)
{
  GPtrArray *allocations = dms_ensemble_get_allocations (self->to);

  for (guint i = 0; i < allocations->len; i++)
    {
      const char *const *names = dms_allocation_config_get_provision (allocations->pdata[i]);

      for (guint j = 0; names[j] != NULL; j++)
        {
          GBytes *was = dms_ensemble_get_script (self->from, names[j]);
          GBytes *is = dms_ensemble_get_script (self->to, names[j]);

          if (was == NULL || is == NULL || !g_bytes_equal (was, is))
            g_hash_table_add (self->renewed,
                              g_strdup (dms_allocation_config_get_name (allocations->pdata[i])));
        }
    }
}

/* What may not change */

static gboolean
has_location (GPtrArray *list, DmsLocation *wanted)
{
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      if (dms_location_equal (list->pdata[i], wanted))
        return TRUE;
    }
  return FALSE;
}

static gboolean
includes (GPtrArray *all, GPtrArray *some)
{
  for (guint i = 0; some != NULL && i < some->len; i++)
    {
      if (!has_location (all, some->pdata[i]))
        return FALSE;
    }
  return TRUE;
}

static guint
count (GPtrArray *list)
{
  return list == NULL ? 0 : list->len;
}

static void
check_location (DmsUpdatePlan *self, DmsNodeConfig *was, DmsNodeConfig *is)
{
  GPtrArray *old_accept = dms_node_config_get_accept (was);
  GPtrArray *new_accept = dms_node_config_get_accept (is);
  gboolean accepts = count (old_accept) > 0;

  /* The machine where it runs must fit still, without looking. */
  if (accepts ? count (new_accept) > 0 && includes (new_accept, old_accept)
              : count (new_accept) == 0 &&
                    includes (dms_node_config_get_reject (was), dms_node_config_get_reject (is)))
    return;
  refuse (self,
          "nodes.%s.location: a node that runs may be allowed more places, not fewer: remove it, and add it "
          "under another name",
          dms_node_config_get_name (is));
}

static char *
describe_ports (DmsNodeConfig *node, const char *allocation)
{
  GPtrArray *ports = dms_node_config_get_ports (node);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < ports->len; i++)
    {
      if (strcmp (dms_port_config_get_allocation (ports->pdata[i]), allocation) == 0)
        g_string_append_printf (text,
                                "%u:%u ",
                                dms_port_config_get_public (ports->pdata[i]),
                                dms_port_config_get_private (ports->pdata[i]));
    }
  return g_string_free (text, FALSE);
}

static void
check_ports (DmsUpdatePlan *self, DmsNodeConfig *was, DmsNodeConfig *is)
{
  const char *const *names = dms_node_config_get_allocations (is);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *old = NULL;
      g_autofree char *new = NULL;

      if (!dms_node_config_has_allocation (was, names[i]))
        continue;
      old = describe_ports (was, names[i]);
      new = describe_ports (is, names[i]);
      if (strcmp (old, new) != 0)
        refuse (self,
                "nodes.%s.ports: the ports of allocation “%s”, which runs, cannot change: remove it, and add "
                "it under another name",
                dms_node_config_get_name (is),
                names[i]);
    }
}

/* Its machine was asked for no more than it says now. */
static void
check_required (DmsUpdatePlan *self, DmsNodeConfig *was, DmsNodeConfig *is)
{
  if (!dms_requirement_implies (dms_node_config_get_required (was), dms_node_config_get_required (is)))
    refuse (self,
            "nodes.%s.requires (with that of the ensemble): a node that runs may be asked less of, not more: "
            "remove it, and add it under another name",
            dms_node_config_get_name (is));
}

static void
check_nodes (DmsUpdatePlan *self)
{
  GPtrArray *nodes = dms_ensemble_get_nodes (self->to);

  for (guint i = 0; i < nodes->len; i++)
    {
      const char *name = dms_node_config_get_name (nodes->pdata[i]);
      DmsNodeConfig *was = dms_ensemble_find_node (self->from, name);

      if (was == NULL || g_hash_table_contains (self->moved, name))
        continue;
      check_location (self, was, nodes->pdata[i]);
      check_required (self, was, nodes->pdata[i]);
      check_ports (self, was, nodes->pdata[i]);
    }
}

static gboolean
stays (DmsUpdatePlan *self, const char *node)
{
  return dms_ensemble_find_node (self->from, node) != NULL && !g_hash_table_contains (self->moved, node);
}

static DmsEdge *
find_edge (GPtrArray *edges, DmsEdge *wanted)
{
  for (guint i = 0; i < edges->len; i++)
    {
      const char *a = dms_edge_get_source (edges->pdata[i]);
      const char *b = dms_edge_get_target (edges->pdata[i]);

      if ((strcmp (a, dms_edge_get_source (wanted)) == 0 && strcmp (b, dms_edge_get_target (wanted)) == 0) ||
          (strcmp (b, dms_edge_get_source (wanted)) == 0 && strcmp (a, dms_edge_get_target (wanted)) == 0))
        return edges->pdata[i];
    }
  return NULL;
}

/* 0 stands for no bound. */
static gboolean
is_within (guint64 bound, guint64 value)
{
  return value == 0 || (bound != 0 && bound <= value);
}

/* Machines that run are not chosen anew, so nothing more can be asked of the way between them. */
static void
check_edges (DmsUpdatePlan *self)
{
  GPtrArray *edges = dms_ensemble_get_edges (self->to);

  for (guint i = 0; i < edges->len; i++)
    {
      DmsEdge *is = edges->pdata[i];
      DmsEdge *was = find_edge (dms_ensemble_get_edges (self->from), is);

      if (!stays (self, dms_edge_get_source (is)) || !stays (self, dms_edge_get_target (is)))
        continue;
      if (was != NULL && is_within (dms_edge_get_rtt_ms (was), dms_edge_get_rtt_ms (is)) &&
          dms_edge_get_bandwidth (is) <= dms_edge_get_bandwidth (was))
        continue;
      refuse (self,
              "edge_constraints: “%s” and “%s” run already, so nothing more can be asked of the way between "
              "them: move one of them by its peer, or remove it and add it under another name",
              dms_edge_get_source (is),
              dms_edge_get_target (is));
    }
}

static void
check_supervisor (DmsUpdatePlan *self)
{
  DmsSupervisorConfig *was = dms_ensemble_get_supervisor (self->from);
  DmsSupervisorConfig *is = dms_ensemble_get_supervisor (self->to);

  if (was == NULL)
    return;
  if (is == NULL)
    refuse (self, "supervisor: it cannot be removed while the ensemble runs");
  else if (g_strcmp0 (dms_supervisor_config_get_strategy (was), dms_supervisor_config_get_strategy (is)) != 0)
    refuse (self,
            "supervisor.strategy: it is %s and cannot become %s while the ensemble runs",
            dms_supervisor_config_get_strategy (was),
            dms_supervisor_config_get_strategy (is));
}

static void
check_succession (DmsUpdatePlan *self)
{
  if (!g_strv_equal (dms_ensemble_get_standby_orchestrators (self->from),
                     dms_ensemble_get_standby_orchestrators (self->to)))
    refuse (self, "standby_orchestrators: they cannot be changed while the ensemble runs");
  if (dms_ensemble_get_supervision (self->from)->takeover_ns !=
      dms_ensemble_get_supervision (self->to)->takeover_ns)
    refuse (self, "supervision.takeover: it cannot be changed while the ensemble runs");
}

DmsUpdatePlan *
dms_update_plan_new (DmsEnsemble *from, DmsEnsemble *to)
{
  DmsUpdatePlan *self = g_new0 (DmsUpdatePlan, 1);
  g_autoptr (GPtrArray) changes = dms_ensemble_diff (from, to);

  self->from = from;
  self->to = to;
  self->is_empty = changes->len == 0;
  self->renewed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->rechecked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refusal = g_string_new (NULL);
  for (guint i = 0; i < changes->len; i++)
    note_change (self, changes->pdata[i]);
  note_scripts (self);
  note_slots (self);
  check_nodes (self);
  check_edges (self);
  check_supervisor (self);
  check_succession (self);
  self->from = NULL;
  self->to = NULL;
  return self;
}

void
dms_update_plan_free (DmsUpdatePlan *self)
{
  g_hash_table_unref (self->renewed);
  g_hash_table_unref (self->moved);
  g_hash_table_unref (self->rechecked);
  g_string_free (self->refusal, TRUE);
  g_free (self);
}

const char *
dms_update_plan_get_refusal (DmsUpdatePlan *self)
{
  return self->refusal->len > 0 ? self->refusal->str : NULL;
}

gboolean
dms_update_plan_is_empty (DmsUpdatePlan *self)
{
  return self->is_empty;
}

gboolean
dms_update_plan_renews (DmsUpdatePlan *self, const char *allocation)
{
  return g_hash_table_contains (self->renewed, allocation);
}

gboolean
dms_update_plan_moves (DmsUpdatePlan *self, const char *node)
{
  return g_hash_table_contains (self->moved, node);
}

gboolean
dms_update_plan_rechecks (DmsUpdatePlan *self, const char *allocation)
{
  return g_hash_table_contains (self->rechecked, allocation);
}
