/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-child-check.h"

#include <string.h>

enum
{
  MAX_ALLOCATIONS = 256,
};

/* name: (nullable): for what the whole ensemble has */
static gboolean
deny (GError **error, const char *name, const char *why)
{
  g_autofree char *who =
      name != NULL ? g_strdup_printf ("allocation “%.80s” of a child", name) : g_strdup ("a child");

  g_set_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED, "%s may not have %s", who, why);
  return FALSE;
}

/* Only what says what runs inside the sandbox: paths of the machine, its network and privileges are not a
 * job's. */
static gboolean
check_params (const char *name, JsonObject *params, GError **error)
{
  static const char *const harmless[] = { "cmd",       "entrypoint",        "environment",
                                          "log_limit", "working_directory", "image",
                                          NULL };
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  json_object_iter_init (&iter, params);
  while (json_object_iter_next (&iter, &key, &value))
    {
      g_autofree char *why = NULL;

      if (g_strv_contains (harmless, key))
        continue;
      if (strcmp (key, "network") == 0 && JSON_NODE_HOLDS_VALUE (value) &&
          g_strcmp0 (json_node_get_string (value), "none") == 0)
        continue;
      why = g_strdup_printf ("the execution parameter “%.40s”", key);
      return deny (error, name, why);
    }
  return TRUE;
}

static gboolean
check_budget (const char *name, DmsChildBudget *budget, DmsChildBudget *wanted, GError **error)
{
  if (wanted == NULL)
    return TRUE;
  if (wanted->depth >= budget->depth)
    return deny (
        error, name, "children this deep: its depth must be less than that of the job that deploys it");
  if (wanted->lifetime_us > budget->lifetime_us)
    return deny (error, name, "children that live longer than those of the job that deploys it");
  if (wanted->may_detach && !budget->may_detach)
    return deny (error, name, "children that may be detached, which the job that deploys it may not have");
  return TRUE;
}

/* What would be more than anybody can count stays the most: a sum that wraps would make the largest wish cost
 * nothing. */
static guint64
add_times (guint64 sum, guint64 amount, guint times)
{
  const guint64 most = G_MAXINT64;

  if (amount > 0 && times > most / amount)
    return most;
  return MIN (sum, most - amount * times) + amount * times;
}

static guint
count_times (guint sum, guint amount, guint times)
{
  return (guint) MIN (add_times (sum, amount, times), G_MAXINT32);
}

static void
add_resources (DmsChildCharge *charge, DmsResources *resources, guint times)
{
  guint64 ram = dms_ram_get_size_bytes (dms_resources_get_ram (resources));
  guint64 disk = dms_disk_get_size_bytes (dms_resources_get_disk (resources));

  charge->cores += dms_cpu_get_cores (dms_resources_get_cpu (resources)) * times;
  charge->ram_bytes = add_times (charge->ram_bytes, ram, times);
  charge->disk_bytes = add_times (charge->disk_bytes, disk, times);
  charge->n_gpus = count_times (charge->n_gpus, dms_resources_get_gpus (resources)->len, times);
}

static gboolean
check_allocation (DmsChildBudget *budget,
                  DmsAllocationConfig *allocation,
                  guint times,
                  DmsChildCharge *charge,
                  GError **error)
{
  const char *name = dms_allocation_config_get_name (allocation);
  DmsChildBudget *wanted = dms_allocation_config_get_children (allocation);
  DmsTaskFlow *flow = dms_allocation_config_get_flow (allocation);
  DmsHealthCheck *health = dms_allocation_config_get_health_check (allocation);

  if (dms_allocation_config_get_volumes (allocation)->len > 0)
    return deny (error, name, "volumes");
  /* It would be asked from the machine, not from the sandbox. */
  if (health != NULL && strcmp (dms_health_check_get_type_name (health), "http") == 0)
    return deny (error, name, "a health check of type http");
  if (!check_params (name, dms_allocation_config_get_params (allocation), error) ||
      !check_budget (name, budget, wanted, error))
    return FALSE;
  times *= flow != NULL ? flow->slots : 1;
  add_resources (charge, dms_allocation_config_get_resources (allocation), times);
  if (wanted != NULL)
    {
      add_resources (charge, wanted->resources, times);
      charge->n_deployments = count_times (charge->n_deployments, wanted->max_deployments, times);
    }
  return TRUE;
}

gboolean
dms_child_check (DmsChildBudget *budget, DmsEnsemble *ensemble, DmsChildCharge *charge, GError **error)
{
  GPtrArray *nodes = dms_ensemble_get_nodes (ensemble);
  guint n = 0;

  memset (charge, 0, sizeof *charge);
  charge->n_deployments = 1;
  if (dms_ensemble_get_contracts (ensemble)->len > 0)
    return deny (error, NULL, "contracts");
  /* They would act for the node that deploys, and go on when the job and its time are over. */
  if (dms_ensemble_get_standby_orchestrators (ensemble)[0] != NULL)
    return deny (error, NULL, "standby_orchestrators");
  for (guint i = 0; i < nodes->len; i++)
    {
      const char *const *names = dms_node_config_get_allocations (nodes->pdata[i]);
      guint redundancy = dms_node_config_get_redundancy (nodes->pdata[i]);

      if (dms_node_config_get_ports (nodes->pdata[i])->len > 0)
        return deny (error, NULL, "ports");
      for (guint j = 0; names[j] != NULL; j++)
        {
          if (++n > MAX_ALLOCATIONS || redundancy > MAX_ALLOCATIONS)
            return deny (error, names[j], "so many beside it");
          if (!check_allocation (
                  budget, dms_ensemble_find_allocation (ensemble, names[j]), redundancy + 1, charge, error))
            return FALSE;
        }
    }
  return TRUE;
}

gboolean
dms_child_charge_fits (const DmsChildCharge *charge,
                       const DmsChildCharge *taken,
                       DmsChildBudget *budget,
                       const char **what)
{
  DmsResources *all = budget->resources;
  guint64 ram = dms_ram_get_size_bytes (dms_resources_get_ram (all));
  guint64 disk = dms_disk_get_size_bytes (dms_resources_get_disk (all));

  /* Sums of hundredths are compared, not of binary fractions. */
  if (taken->cores + charge->cores > dms_cpu_get_cores (dms_resources_get_cpu (all)) + 1e-6)
    *what = "CPU cores";
  else if (taken->ram_bytes > ram || charge->ram_bytes > ram - taken->ram_bytes)
    *what = "RAM";
  else if (taken->disk_bytes > disk || charge->disk_bytes > disk - taken->disk_bytes)
    *what = "disk";
  else if (taken->n_gpus + charge->n_gpus > dms_resources_get_gpus (all)->len)
    *what = "GPUs";
  else
    return TRUE;
  return FALSE;
}
