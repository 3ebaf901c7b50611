/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-supervision.h"

#include <string.h>

/* The nodes and allocations of a deployment, made of its ensemble, and of the next one when it is updated. */

gboolean
dms_deployment_node_is_open (DeployNode *node)
{
  for (guint i = 0; i < node->allocations->len; i++)
    {
      if (!((DeployAllocation *) node->allocations->pdata[i])->settled)
        return TRUE;
    }
  return FALSE;
}

const char *
dms_deployment_node_get_peer (DeployNode *node)
{
  const char *peer = dms_node_config_get_peer (node->config);

  for (guint i = 0; peer == NULL && node->bid != NULL && i < node->allocations->len; i++)
    {
      DeployAllocation *allocation = node->allocations->pdata[i];

      /* What has ended needs no machine any more. */
      if (allocation->settled && !allocation->ended)
        peer = dms_bid_get_peer (node->bid);
    }
  return peer;
}

void
dms_deployment_unsettle (DmsDeployment *self)
{
  for (guint i = 0; i < self->allocations->len; i++)
    ((DeployAllocation *) self->allocations->pdata[i])->settled = FALSE;
}

/* How many allocations must have started before this one, along the longest way. */
static guint
layer_of (DmsDeployment *self, DmsAllocationConfig *config, GHashTable *known)
{
  const char *name = dms_allocation_config_get_name (config);
  const char *const *targets = dms_allocation_config_get_depends_on (config);
  gpointer found;
  guint layer = 0;

  if (g_hash_table_lookup_extended (known, name, NULL, &found))
    return GPOINTER_TO_UINT (found);
  for (guint i = 0; targets[i] != NULL; i++)
    {
      DmsAllocationConfig *target = dms_ensemble_find_allocation (self->ensemble, targets[i]);

      if (target != NULL)
        layer = MAX (layer, layer_of (self, target, known) + 1);
    }
  g_hash_table_insert (known, (gpointer) name, GUINT_TO_POINTER (layer));
  return layer;
}

/* (nullable) (transfer full): out of the list, when it is there. */
static DeployNode *
take_node (GPtrArray *nodes, const char *name)
{
  for (guint i = 0; i < nodes->len; i++)
    {
      if (strcmp (((DeployNode *) nodes->pdata[i])->name, name) == 0)
        return g_ptr_array_steal_index (nodes, i);
    }
  return NULL;
}

static DeployAllocation *
take_allocation (GPtrArray *allocations, const char *key)
{
  for (guint i = 0; i < allocations->len; i++)
    {
      if (strcmp (((DeployAllocation *) allocations->pdata[i])->key, key) == 0)
        return g_ptr_array_steal_index (allocations, i);
    }
  return NULL;
}

/* slot: 1, or the number of one more of a fan-out */
static void
add_allocation (DmsDeployment *self,
                DeployNode *node,
                DmsAllocationConfig *config,
                guint slot,
                GPtrArray *earlier,
                GHashTable *layers)
{
  const char *name = dms_allocation_config_get_name (config);
  g_autofree char *key = slot > 1 ? g_strdup_printf ("%s.%s-%u", node->name, name, slot)
                                  : g_strdup_printf ("%s.%s", node->name, name);
  DeployAllocation *allocation;

  allocation = take_allocation (earlier, key);
  if (allocation == NULL)
    {
      allocation = g_new0 (DeployAllocation, 1);
      allocation->deployment = self;
      allocation->key = g_steal_pointer (&key);
      allocation->id = g_strdup_printf ("%s_%s", self->id, allocation->key);
      allocation->status = "pending";
      allocation->dynamic_ports = g_array_new (FALSE, FALSE, sizeof (guint16));
    }
  allocation->node = node;
  allocation->config = config;
  allocation->layer = layer_of (self, config, layers);
  g_ptr_array_add (self->allocations, allocation);
  g_ptr_array_add (node->allocations, allocation);
}

/* One, or as many as a fan-out has slots on a machine. */
static void
add_allocations (DmsDeployment *self,
                 DeployNode *node,
                 const char *name,
                 GPtrArray *earlier,
                 GHashTable *layers)
{
  DmsAllocationConfig *config = dms_ensemble_find_allocation (self->ensemble, name);
  DmsTaskFlow *flow = config == NULL ? NULL : dms_allocation_config_get_flow (config);
  guint n = flow != NULL ? flow->slots : 1;

  for (guint i = 1; config != NULL && i <= n; i++)
    add_allocation (self, node, config, i, earlier, layers);
}

static void
add_node (DmsDeployment *self,
          DmsNodeConfig *config,
          const char *primary,
          guint standby_index,
          GPtrArray *earlier_nodes,
          GPtrArray *earlier_allocations,
          GHashTable *layers)
{
  DeployNode *node = take_node (earlier_nodes, dms_node_config_get_name (config));
  const char *const *names = dms_node_config_get_allocations (config);

  if (node == NULL)
    {
      node = g_new0 (DeployNode, 1);
      node->allocations = g_ptr_array_new ();
      node->bids = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_bid_unref);
      node->shunned = g_ptr_array_new_with_free_func (g_free);
      node->standby = primary != NULL;
    }
  node->deployment = self;
  node->primary = primary;
  node->standby_index = standby_index;
  g_clear_pointer (&node->own_config, dms_node_config_unref);
  node->own_config = primary == NULL ? NULL : dms_node_config_ref (config);
  node->config = config;
  node->name = dms_node_config_get_name (config);
  g_ptr_array_set_size (node->allocations, 0);
  g_ptr_array_add (self->nodes, node);
  for (guint i = 0; names[i] != NULL; i++)
    add_allocations (self, node, names[i], earlier_allocations, layers);
}

void
dms_deployment_let_go (DmsDeployment *self)
{
  for (guint i = 0; i < self->retired_allocations->len; i++)
    {
      if (((DeployAllocation *) self->retired_allocations->pdata[i])->n_calls > 0)
        return;
    }
  for (guint i = 0; i < self->retired_nodes->len; i++)
    {
      if (((DeployNode *) self->retired_nodes->pdata[i])->n_calls > 0)
        return;
    }
  g_ptr_array_set_size (self->retired_allocations, 0);
  g_ptr_array_set_size (self->retired_nodes, 0);
  g_ptr_array_set_size (self->earlier_ensembles, 0);
}

/* Their machines have taken them back, or will be told later by others. What answers are still about is kept
 * until these have come. */
static void
retire (DmsDeployment *self, GPtrArray *nodes, GPtrArray *allocations)
{
  while (allocations->len > 0)
    {
      DeployAllocation *allocation = g_ptr_array_steal_index (allocations, 0);

      allocation->retired = TRUE;
      dms_deployment_unwatch (allocation);
      if (allocation->fetch != NULL)
        dms_log_fetch_stop (allocation->fetch);
      g_ptr_array_add (self->retired_allocations, allocation);
    }
  while (nodes->len > 0)
    {
      DeployNode *node = g_ptr_array_steal_index (nodes, 0);

      dms_deployment_supervision_unwatch (self, node);
      g_ptr_array_add (self->retired_nodes, node);
    }
}

void
dms_deployment_set_ensemble (DmsDeployment *self, DmsEnsemble *ensemble)
{
  GPtrArray *configs = dms_ensemble_get_nodes (ensemble);
  g_autoptr (GHashTable) layers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (GPtrArray) allocations = g_ptr_array_new ();

  if (self->ensemble != NULL)
    g_ptr_array_add (self->earlier_ensembles, g_steal_pointer (&self->ensemble));
  self->ensemble = dms_ensemble_ref (ensemble);
  g_clear_pointer (&self->ensemble_json, json_node_unref);
  self->ensemble_json = dms_ensemble_to_json (ensemble);
  while (self->nodes->len > 0)
    g_ptr_array_add (nodes, g_ptr_array_steal_index (self->nodes, 0));
  while (self->allocations->len > 0)
    g_ptr_array_add (allocations, g_ptr_array_steal_index (self->allocations, 0));
  for (guint i = 0; i < configs->len; i++)
    {
      DmsNodeConfig *config = configs->pdata[i];

      add_node (self, config, NULL, 0, nodes, allocations, layers);
      for (guint j = 1; j <= dms_node_config_get_redundancy (config); j++)
        {
          g_autoptr (DmsNodeConfig) standby = dms_node_config_new_standby (config, j);

          add_node (self, standby, dms_node_config_get_name (config), j, nodes, allocations, layers);
        }
    }
  retire (self, nodes, allocations);
  dms_deployment_let_go (self);
}
