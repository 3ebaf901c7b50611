/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-scope.h"

DmsPlacementScope *
dms_placement_scope_new (const DmsPlacementNetwork *network)
{
  DmsPlacementScope *self = g_new0 (DmsPlacementScope, 1);

  self->n_vars = network->n_vars;
  self->vars = g_new0 (gboolean, network->n_vars);
  self->arcs = g_new0 (gboolean, network->n_arcs);
  self->faults = g_new0 (guint8, network->n_vars);
  self->distinct = !network->sharing;
  for (guint i = 0; i < network->n_vars; i++)
    {
      self->vars[i] = TRUE;
      self->faults[i] = DMS_PLACEMENT_FAULT_PIN | DMS_PLACEMENT_FAULT_LOCATION | DMS_PLACEMENT_FAULT_EXCLUDED;
    }
  for (guint i = 0; i < network->n_arcs; i++)
    self->arcs[i] = TRUE;
  return self;
}

void
dms_placement_scope_free (DmsPlacementScope *self)
{
  g_free (self->vars);
  g_free (self->arcs);
  g_free (self->faults);
  g_free (self);
}

gboolean
dms_placement_scope_has_arc (const DmsPlacementScope *self, const DmsPlacementNetwork *network, guint arc)
{
  return self->arcs[arc] && self->vars[network->arcs[arc].source] && self->vars[network->arcs[arc].target];
}

gboolean
dms_placement_scope_binds (const DmsPlacementScope *self, const DmsPlacementNetwork *network, guint var)
{
  return network->pinned[var] && (self->faults[var] & DMS_PLACEMENT_FAULT_PIN) != 0;
}

gboolean
dms_placement_scope_excludes (const DmsPlacementScope *self,
                              const DmsPlacementNetwork *network,
                              guint var,
                              guint other)
{
  return self->distinct && !(dms_placement_scope_binds (self, network, var) &&
                             dms_placement_scope_binds (self, network, other));
}

static guint
find_root (guint *parent, guint i)
{
  while (parent[i] != i)
    {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
  return i;
}

static void
unite (guint *parent, guint a, guint b)
{
  guint root_a = find_root (parent, a);
  guint root_b = find_root (parent, b);

  parent[MAX (root_a, root_b)] = MIN (root_a, root_b);
}

static void
unite_rivals (const DmsPlacementScope *self, const DmsPlacementNetwork *network, guint *parent)
{
  for (guint i = 0; self->distinct && i < network->n_peers; i++)
    {
      guint last = DMS_PLACEMENT_NONE;

      for (guint j = network->first_of_peer[i]; j < network->first_of_peer[i + 1]; j++)
        {
          guint value = network->values_of_peer[j];
          guint var = network->owner[value];

          if (!self->vars[var] || (network->faults[value] & self->faults[var]) != 0)
            continue;
          if (last != DMS_PLACEMENT_NONE)
            unite (parent, last, var);
          last = var;
        }
    }
}

GPtrArray *
dms_placement_scope_split (const DmsPlacementScope *self, const DmsPlacementNetwork *network)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autofree guint *parent = g_new (guint, network->n_vars);
  g_autofree GArray **part_of = g_new0 (GArray *, network->n_vars);

  for (guint i = 0; i < network->n_vars; i++)
    parent[i] = i;
  for (guint i = 0; i < network->n_arcs; i++)
    {
      if (dms_placement_scope_has_arc (self, network, i))
        unite (parent, network->arcs[i].source, network->arcs[i].target);
    }
  unite_rivals (self, network, parent);
  for (guint i = 0; i < network->n_vars; i++)
    {
      guint root = find_root (parent, i);

      if (!self->vars[i])
        continue;
      if (part_of[root] == NULL)
        {
          part_of[root] = g_array_new (FALSE, FALSE, sizeof (guint));
          g_ptr_array_add (parts, part_of[root]);
        }
      g_array_append_val (part_of[root], i);
    }
  return parts;
}
