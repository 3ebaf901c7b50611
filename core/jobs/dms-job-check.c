/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-port-config.h"
#include "resources/dms-requirement.h"

#include <string.h>

typedef struct
{
  DmsEnsemble *ensemble;
  DmsJobNode *allocations;
  DmsJobNode *nodes;
  DmsJobReport *report;
  /* allocation name → its DmsAllocationConfig, and → the name of its node */
  GHashTable *by_name;
  GHashTable *node_of;
} Checker;

static DmsJobNode *
place_of (DmsJobNode *map, const char *name, const char *member)
{
  DmsJobNode *item = dms_job_node_get (map, name);
  DmsJobNode *inner = item == NULL ? NULL : dms_job_node_get_any_case (item, member);

  return inner != NULL ? inner : item;
}

static void
check_name (Checker *self, DmsJobNode *map, const char *group, const char *name, GHashTable *seen)
{
  g_autofree char *path = g_strdup_printf ("%s.%.80s", group, name);
  g_autofree char *lower = g_ascii_strdown (name, -1);
  const char *other = g_hash_table_lookup (seen, lower);

  if (strchr (name, '.') != NULL)
    dms_job_report_error (self->report, dms_job_node_get (map, name), path, "a name must not contain a dot");
  else if (!dms_job_is_dns_name (name, FALSE))
    dms_job_report_error (self->report,
                          dms_job_node_get (map, name),
                          path,
                          "a name must be 1 to 63 letters, digits and hyphens, with no hyphen at either end");
  if (other != NULL)
    dms_job_report_error (self->report,
                          dms_job_node_get (map, name),
                          path,
                          "differs from \"%.80s\" only in the case of letters",
                          other);
  else
    g_hash_table_insert (seen, g_steal_pointer (&lower), (gpointer) name);
}

static void
check_names (Checker *self)
{
  g_autoptr (GHashTable) allocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) dns = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *all = dms_ensemble_get_allocations (self->ensemble);

  for (guint i = 0; i < all->len; i++)
    {
      const char *name = dms_allocation_config_get_name (all->pdata[i]);
      g_autofree char *dns_name = g_ascii_strdown (dms_allocation_config_get_dns_name (all->pdata[i]), -1);
      const char *other = g_hash_table_lookup (dns, dns_name);

      check_name (self, self->allocations, "allocations", name, allocations);
      if (other != NULL)
        {
          g_autofree char *path = g_strdup_printf ("allocations.%.80s.dns_name", name);

          dms_job_report_error (self->report,
                                place_of (self->allocations, name, "dns_name"),
                                path,
                                "\"%.80s\" is the dns_name of allocation \"%.80s\" too",
                                dns_name,
                                other);
        }
      else
        {
          g_hash_table_insert (dns, g_steal_pointer (&dns_name), (gpointer) name);
        }
    }
  all = dms_ensemble_get_nodes (self->ensemble);
  for (guint i = 0; i < all->len; i++)
    check_name (self, self->nodes, "nodes", dms_node_config_get_name (all->pdata[i]), nodes);
}

/* All of a node's allocations are on one machine. */
static void
check_required (Checker *self, DmsNodeConfig *node)
{
  const char *const *names = dms_node_config_get_allocations (node);
  g_autoptr (DmsProfile) all = dms_requirement_tighten (dms_node_config_get_required (node), NULL, NULL);

  for (guint i = 0; all != NULL && names[i] != NULL; i++)
    {
      DmsAllocationConfig *allocation = g_hash_table_lookup (self->by_name, names[i]);
      DmsProfile *required = allocation != NULL ? dms_allocation_config_get_required (allocation) : NULL;
      g_autofree char *path = g_strdup_printf ("allocations.%.80s.requires", names[i]);
      g_autoptr (GError) error = NULL;
      DmsProfile *both = dms_requirement_tighten (all, required, &error);

      if (both == NULL)
        dms_job_report_error (self->report,
                              place_of (self->allocations, names[i], "requires"),
                              path,
                              "does not go with what else is required of node \"%.80s\": %s",
                              dms_node_config_get_name (node),
                              error->message);
      dms_profile_unref (all);
      all = both;
    }
}

static gboolean
is_among (const char *const *names, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    {
      if (strcmp (names[i], name) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The runs of a fan-out are spread over the nodes that list it. */
static gboolean
may_be_on_many (Checker *self, const char *name)
{
  DmsAllocationConfig *allocation = g_hash_table_lookup (self->by_name, name);
  DmsTaskFlow *flow = allocation == NULL ? NULL : dms_allocation_config_get_flow (allocation);

  return flow != NULL && dms_task_flow_is_fan_out (flow);
}

static void
check_claims (Checker *self, DmsNodeConfig *node)
{
  const char *name = dms_node_config_get_name (node);
  const char *const *claims = dms_node_config_get_allocations (node);
  g_autofree char *path = g_strdup_printf ("nodes.%.80s.allocations", name);
  DmsJobNode *place = place_of (self->nodes, name, "allocations");

  for (guint i = 0; claims[i] != NULL; i++)
    {
      const char *other = g_hash_table_lookup (self->node_of, claims[i]);

      if (dms_job_node_get (self->allocations, claims[i]) == NULL)
        dms_job_report_error (self->report, place, path, "there is no allocation \"%.80s\"", claims[i]);
      else if ((other != NULL && strcmp (other, name) == 0) || is_among (claims, i, claims[i]))
        dms_job_report_error (self->report, place, path, "allocation \"%.80s\" is listed twice", claims[i]);
      else if (other != NULL && may_be_on_many (self, claims[i]))
        continue;
      else if (other != NULL)
        dms_job_report_error (self->report,
                              place,
                              path,
                              "allocation \"%.80s\" is on node \"%.80s\" already; it can be on one node only",
                              claims[i],
                              other);
      else
        g_hash_table_insert (self->node_of, (gpointer) claims[i], (gpointer) name);
    }
}

static void
check_ports (Checker *self, DmsNodeConfig *node)
{
  GPtrArray *ports = dms_node_config_get_ports (node);
  const char *name = dms_node_config_get_name (node);

  for (guint i = 0; i < ports->len; i++)
    {
      const char *allocation = dms_port_config_get_allocation (ports->pdata[i]);
      g_autofree char *path = g_strdup_printf ("nodes.%.80s.ports[%u].allocation", name, i);
      DmsJobNode *list = place_of (self->nodes, name, "ports");
      DmsJobNode *place =
          list != NULL && i < dms_job_node_get_n_items (list) ? dms_job_node_get_item (list, i) : list;

      if (allocation == NULL || *allocation == '\0')
        continue;
      if (!dms_node_config_has_allocation (node, allocation))
        dms_job_report_error (
            self->report, place, path, "allocation \"%.80s\" is not on this node", allocation);
    }
}

static void
check_dependency (Checker *self, const char *name, const char *target)
{
  g_autofree char *path = g_strdup_printf ("allocations.%.80s.depends_on", name);
  DmsJobNode *place = place_of (self->allocations, name, "depends_on");
  const char *here = g_hash_table_lookup (self->node_of, name);
  const char *there = g_hash_table_lookup (self->node_of, target);

  if (strcmp (name, target) == 0)
    dms_job_report_error (self->report, place, path, "an allocation cannot depend on itself");
  else if (dms_job_node_get (self->allocations, target) == NULL)
    dms_job_report_error (self->report, place, path, "there is no allocation \"%.80s\"", target);
  else if (here != NULL && there != NULL && strcmp (here, there) != 0)
    dms_job_report_error (self->report,
                          place,
                          path,
                          "allocation \"%.80s\" is on another node (\"%.80s\"); only "
                          "allocations of the same node can depend on each other",
                          target,
                          there);
}

/* Kahn's algorithm: what cannot be removed is on a cycle or behind one; following its first dependency then
 * finds a cycle to show. */
static void
check_cycles (Checker *self)
{
  GPtrArray *all = dms_ensemble_get_allocations (self->ensemble);
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) waiting_for =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GHashTable) open = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) ready = g_ptr_array_new ();
  g_autoptr (GString) shown = NULL;
  g_autoptr (GHashTable) visited = NULL;
  const char *at = NULL;

  for (guint i = 0; i < all->len; i++)
    {
      const char *name = dms_allocation_config_get_name (all->pdata[i]);
      const char *const *targets = dms_allocation_config_get_depends_on (all->pdata[i]);
      guint n = 0;

      for (guint j = 0; targets[j] != NULL; j++)
        {
          GPtrArray *list;

          if (g_hash_table_lookup (self->by_name, targets[j]) == NULL || strcmp (targets[j], name) == 0)
            continue;
          list = g_hash_table_lookup (waiting_for, targets[j]);
          if (list == NULL)
            {
              list = g_ptr_array_new ();
              g_hash_table_insert (waiting_for, (gpointer) targets[j], list);
            }
          g_ptr_array_add (list, (gpointer) name);
          n++;
        }
      g_hash_table_insert (open, (gpointer) name, GUINT_TO_POINTER (n));
      if (n == 0)
        g_ptr_array_add (ready, (gpointer) name);
    }
  while (ready->len > 0)
    {
      const char *name = g_ptr_array_steal_index_fast (ready, ready->len - 1);
      GPtrArray *list = g_hash_table_lookup (waiting_for, name);

      g_hash_table_add (done, (gpointer) name);
      for (guint i = 0; list != NULL && i < list->len; i++)
        {
          guint left = GPOINTER_TO_UINT (g_hash_table_lookup (open, list->pdata[i])) - 1;

          g_hash_table_insert (open, list->pdata[i], GUINT_TO_POINTER (left));
          if (left == 0)
            g_ptr_array_add (ready, list->pdata[i]);
        }
    }
  for (guint i = 0; i < all->len && at == NULL; i++)
    {
      if (!g_hash_table_contains (done, dms_allocation_config_get_name (all->pdata[i])))
        at = dms_allocation_config_get_name (all->pdata[i]);
    }
  if (at == NULL)
    return;
  visited = g_hash_table_new (g_str_hash, g_str_equal);
  while (g_hash_table_add (visited, (gpointer) at))
    {
      const char *const *targets =
          dms_allocation_config_get_depends_on (g_hash_table_lookup (self->by_name, at));
      const char *next = NULL;

      for (guint j = 0; targets[j] != NULL && next == NULL; j++)
        {
          if (g_hash_table_lookup (self->by_name, targets[j]) != NULL &&
              !g_hash_table_contains (done, targets[j]) && strcmp (targets[j], at) != 0)
            next = targets[j];
        }
      at = next;
    }
  shown = g_string_new (at);
  for (const char *step = at; shown->len < 400;)
    {
      const char *const *targets =
          dms_allocation_config_get_depends_on (g_hash_table_lookup (self->by_name, step));
      guint j = 0;

      while (g_hash_table_lookup (self->by_name, targets[j]) == NULL ||
             g_hash_table_contains (done, targets[j]) || strcmp (targets[j], step) == 0)
        j++;
      step = targets[j];
      g_string_append_printf (shown, " → %s", step);
      if (strcmp (step, at) == 0)
        break;
    }
  dms_job_report_error (self->report,
                        place_of (self->allocations, at, "depends_on"),
                        "allocations",
                        "cyclic dependencies detected in allocations: %s",
                        shown->str);
}

static void
check_supervisor (Checker *self, DmsSupervisorConfig *supervisor, const char *path, DmsJobNode *place)
{
  const char *const *names = dms_supervisor_config_get_allocations (supervisor);
  GPtrArray *children = dms_supervisor_config_get_children (supervisor);

  for (guint i = 0; names[i] != NULL; i++)
    {
      if (dms_job_node_get (self->allocations, names[i]) == NULL)
        dms_job_report_error (self->report, place, path, "there is no allocation \"%.80s\"", names[i]);
    }
  for (guint i = 0; i < children->len; i++)
    {
      g_autofree char *inner = g_strdup_printf ("%s.children[%u]", path, i);

      check_supervisor (self, children->pdata[i], inner, place);
    }
}

void
dms_job_check_ensemble (DmsEnsemble *ensemble, DmsJobNode *node, DmsJobReport *report)
{
  Checker self = { ensemble,
                   dms_job_node_get_any_case (node, "allocations"),
                   dms_job_node_get_any_case (node, "nodes"),
                   report,
                   NULL,
                   NULL };
  GPtrArray *allocations = dms_ensemble_get_allocations (ensemble);
  GPtrArray *nodes = dms_ensemble_get_nodes (ensemble);
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) node_of = g_hash_table_new (g_str_hash, g_str_equal);

  self.by_name = by_name;
  self.node_of = node_of;
  for (guint i = 0; i < allocations->len; i++)
    g_hash_table_insert (
        by_name, (gpointer) dms_allocation_config_get_name (allocations->pdata[i]), allocations->pdata[i]);
  check_names (&self);
  for (guint i = 0; i < nodes->len; i++)
    {
      check_claims (&self, nodes->pdata[i]);
      check_ports (&self, nodes->pdata[i]);
      check_required (&self, nodes->pdata[i]);
    }
  for (guint i = 0; i < allocations->len; i++)
    {
      const char *name = dms_allocation_config_get_name (allocations->pdata[i]);
      const char *const *targets = dms_allocation_config_get_depends_on (allocations->pdata[i]);
      g_autofree char *path = g_strdup_printf ("allocations.%.80s", name);

      for (guint j = 0; targets[j] != NULL; j++)
        check_dependency (&self, name, targets[j]);
      if (nodes->len > 0 && !g_hash_table_contains (node_of, name))
        dms_job_report_warning (
            report, dms_job_node_get (self.allocations, name), path, "is on no node and will not run");
    }
  check_cycles (&self);
  dms_job_check_flows (ensemble, self.allocations, report);
  if (dms_ensemble_get_supervisor (ensemble) != NULL)
    check_supervisor (&self,
                      dms_ensemble_get_supervisor (ensemble),
                      "supervisor",
                      dms_job_node_get_any_case (node, "supervisor"));
}
