/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-internal.h"

#include "observability/dms-log.h"
#include "provider/dms-restore-check.h"

G_DEFINE_FINAL_TYPE (DmsProvider, dms_provider, G_TYPE_OBJECT)

static void
dms_provider_dispose (GObject *object)
{
  DmsProvider *self = DMS_PROVIDER (object);
  GHashTableIter iter;
  gpointer allocation;

  dms_provider_end_sweeping (self);
  g_clear_object (&self->advertiser);
  g_clear_object (&self->leases);
  if (self->allocations != NULL)
    {
      g_hash_table_iter_init (&iter, self->allocations);
      while (g_hash_table_iter_next (&iter, NULL, &allocation))
        dms_allocation_detach (allocation);
      g_hash_table_remove_all (self->allocations);
    }

  G_OBJECT_CLASS (dms_provider_parent_class)->dispose (object);
}

static void
dms_provider_finalize (GObject *object)
{
  DmsProvider *self = DMS_PROVIDER (object);

  g_clear_pointer (&self->allocations, g_hash_table_unref);
  g_clear_pointer (&self->ensembles, g_hash_table_unref);
  g_clear_pointer (&self->checks, g_hash_table_unref);
  g_clear_object (&self->edge_meter);
  g_clear_pointer (&self->locator, dms_locator_free);
  g_clear_object (&self->records);
  g_clear_object (&self->bidder);
  g_clear_object (&self->ports);
  g_clear_object (&self->onboarding);
  g_clear_object (&self->ledger);
  g_clear_object (&self->inventory);
  g_clear_object (&self->config);
  g_clear_object (&self->root);
  g_clear_object (&self->plugins);
  g_clear_object (&self->store);
  g_clear_pointer (&self->key, dms_key_unref);
  g_free (self->jobs_dir);
  g_free (self->volumes_dir);

  G_OBJECT_CLASS (dms_provider_parent_class)->finalize (object);
}

static void
dms_provider_class_init (DmsProviderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_provider_dispose;
  object_class->finalize = dms_provider_finalize;
}

/* Its orchestrator may have started it elsewhere by now. */
static void
on_lease_expired (DmsLeases *leases, const char *allocation_id, gpointer user_data)
{
  DmsProvider *self = user_data;
  DmsAllocation *allocation = g_hash_table_lookup (self->allocations, allocation_id);

  if (allocation == NULL || dms_allocation_status_is_final (dms_allocation_get_record (allocation)->status))
    return;
  /* A standby that waits runs nothing; it gets a lease when it is started. */
  if (dms_allocation_get_record (allocation)->status == DMS_ALLOCATION_PENDING &&
      dms_allocation_is_idle (allocation))
    return;
  dms_log_event (G_LOG_LEVEL_WARNING, "lease_expired", "allocationID", allocation_id, NULL);
  /* What runs has failed then, and may be started anew by whoever returns; the executor ends it as well. */
  if (!dms_allocation_stop (allocation))
    dms_allocation_terminate_async (allocation, "its orchestrator did not renew its lease", NULL, NULL);
}

static void
dms_provider_init (DmsProvider *self)
{
  self->allocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->ensembles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, dms_provider_ensemble_free);
  self->checks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

/**
 * dms_provider_new:
 * @store: the database
 * @plugins: the executors
 * @root: the node's root actor
 * @key: the node's key
 * @config: its configuration
 *
 * Returns: (transfer full): the provider; nothing is read yet
 */
DmsProvider *
dms_provider_new (DmsStore *store, DmsPluginManager *plugins, DmsActor *root, DmsKey *key, DmsConfig *config)
{
  DmsProvider *self = g_object_new (DMS_TYPE_PROVIDER, NULL);
  const char *data_dir = dms_config_get_string (config, "general.data_dir");

  self->store = g_object_ref (store);
  self->plugins = g_object_ref (plugins);
  self->root = g_object_ref (root);
  self->key = dms_key_ref (key);
  self->config = g_object_ref (config);
  self->jobs_dir = g_build_filename (dms_config_get_string (config, "general.work_dir"), "jobs", NULL);
  self->volumes_dir = g_build_filename (data_dir, "volumes", NULL);
  self->leases = dms_leases_new (self->jobs_dir);
  g_signal_connect_object (self->leases, "expired", G_CALLBACK (on_lease_expired), self, 0);
  self->inventory = dms_inventory_new (data_dir, NULL);
  self->ledger = dms_ledger_new (store);
  self->onboarding = dms_onboarding_new (self->inventory, self->ledger);
  self->ports = dms_port_ledger_new (store,
                                     (guint) dms_config_get_int (config, "general.port_available_range_from"),
                                     (guint) dms_config_get_int (config, "general.port_available_range_to"));
  self->locator = dms_locator_new (config);
  self->bidder = dms_bidder_new (self);
  dms_bidder_set_location (self->bidder, dms_locator_get_location (self->locator));
  self->advertiser = dms_advertiser_new (self);
  self->edge_meter = dms_edge_meter_new (self);
  return self;
}

DmsInventory *
dms_provider_get_inventory (DmsProvider *self)
{
  return self->inventory;
}

DmsLedger *
dms_provider_get_ledger (DmsProvider *self)
{
  return self->ledger;
}

DmsOnboarding *
dms_provider_get_onboarding (DmsProvider *self)
{
  return self->onboarding;
}

DmsPortLedger *
dms_provider_get_ports (DmsProvider *self)
{
  return self->ports;
}

DmsStore *
dms_provider_get_store (DmsProvider *self)
{
  return self->store;
}

DmsPluginManager *
dms_provider_get_plugins (DmsProvider *self)
{
  return self->plugins;
}

DmsActor *
dms_provider_get_root (DmsProvider *self)
{
  return self->root;
}

DmsKey *
dms_provider_get_key (DmsProvider *self)
{
  return self->key;
}

DmsConfig *
dms_provider_get_config (DmsProvider *self)
{
  return self->config;
}

DmsBidder *
dms_provider_get_bidder (DmsProvider *self)
{
  return self->bidder;
}

DmsAdvertiser *
dms_provider_get_advertiser (DmsProvider *self)
{
  return self->advertiser;
}

DmsLeases *
dms_provider_get_leases (DmsProvider *self)
{
  return self->leases;
}

DmsEdgeMeter *
dms_provider_get_edge_meter (DmsProvider *self)
{
  return self->edge_meter;
}

const char *
dms_provider_get_jobs_dir (DmsProvider *self)
{
  return self->jobs_dir;
}

const char *
dms_provider_get_volumes_dir (DmsProvider *self)
{
  return self->volumes_dir;
}

gboolean
dms_provider_is_owner (DmsProvider *self, DmsDid *did)
{
  DmsCapabilityContext *capabilities =
      dms_security_context_get_capabilities (dms_actor_get_security (self->root));
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (capabilities);

  if (dms_did_equal (did, dms_capability_context_get_did (capabilities)))
    return TRUE;
  for (guint i = 0; i < roots->len; i++)
    {
      if (dms_did_equal (did, g_ptr_array_index (roots, i)))
        return TRUE;
    }
  return FALSE;
}

/* Records */

gboolean
dms_provider_save_record (DmsProvider *self, DmsAllocationRecord *record, GError **error)
{
  g_autoptr (JsonNode) body = dms_allocation_record_to_json (record);

  return dms_collection_put (self->records, record->id, body, error);
}

DmsAllocationRecord *
dms_provider_load_record (DmsProvider *self, const char *allocation_id, GError **error)
{
  g_autoptr (DmsDocument) document = dms_collection_get (self->records, allocation_id, error);

  if (document == NULL)
    {
      g_prefix_error (error, "allocation “%s” not found: ", allocation_id);
      return NULL;
    }
  return dms_allocation_record_new_from_json (dms_document_get_body (document), error);
}

/* Starting */

/* Not before it is known what there is from the last run: who takes back or asks after something that was not
 * yet taken up would be told that it is not there, and not ask again. */
static void
install_behaviours (DmsProvider *self)
{
  dms_resource_behaviours_install (self, self->root);
  dms_onboarding_behaviours_install (self, self->root);
  dms_deployment_behaviours_install (self, self->root);
  dms_heartbeat_behaviours_install (self, self->root);
  dms_succession_answers_install (self, self->root);
  dms_edge_behaviours_install (self, self->root);
}

static void
executors_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsProvider *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!dms_bidder_probe_finish (DMS_BIDDER (source), result, &error) || !dms_provider_take_up (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  install_behaviours (self);
  dms_provider_restore_all (self);
  dms_provider_remove_leftovers (self);
  dms_provider_locate (self);
  dms_bidder_set_ready (self->bidder, TRUE);
  dms_advertiser_start (self->advertiser);
  dms_provider_begin_sweeping (self);
  g_task_return_boolean (task, TRUE);
}

static void
onboarding_rechecked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  DmsProvider *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  /* A machine that cannot be looked at now is not taken away from its jobs. */
  if (!dms_onboarding_recheck_finish (DMS_ONBOARDING (source), result, NULL, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "onboarding_error", "error", error->message, NULL);
  dms_bidder_probe_async (self->bidder, cancellable, executors_probed, g_steal_pointer (&task));
}

/**
 * dms_provider_start_async:
 * @self: a provider
 * @cancellable: (nullable): a cancellable
 * @callback: called when bids are answered
 * @user_data: for @callback
 *
 * Takes up the allocations of the last run, and then adds the behaviours of bids, commits, allocations,
 * onboarding, resources and hardware to the root actor. Executions are found while the node is already at
 * work.
 */
void
dms_provider_start_async (DmsProvider *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  static const char *const INDEXED[] = { "ensemble_id", "ended_us", NULL };
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DMS_IS_PROVIDER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_provider_start_async);
  if (self->records == NULL)
    self->records = dms_collection_new (self->store, "allocations", INDEXED, &error);
  if (self->records == NULL)
    g_task_return_error (task, error);
  else
    dms_onboarding_recheck_async (
        self->onboarding, cancellable, onboarding_rechecked, g_steal_pointer (&task));
}

gboolean
dms_provider_start_finish (DmsProvider *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dms_provider_stop_async:
 * @self: a provider
 * @cancellable: (nullable): a cancellable
 * @callback: called when done
 * @user_data: for @callback
 *
 * Makes no more bids and lets go of the jobs, which go on.
 */
void
dms_provider_stop_async (DmsProvider *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GPtrArray) allocations = NULL;

  g_return_if_fail (DMS_IS_PROVIDER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_provider_stop_async);
  dms_bidder_set_ready (self->bidder, FALSE);
  dms_advertiser_stop (self->advertiser);
  dms_edge_meter_stop (self->edge_meter);
  dms_provider_end_sweeping (self);
  dms_provider_stop_checks (self);
  allocations = dms_provider_list_allocations (self);
  for (guint i = 0; i < allocations->len; i++)
    dms_provider_drop_allocation (self, g_ptr_array_index (allocations, i));
  g_task_return_boolean (task, TRUE);
}

gboolean
dms_provider_stop_finish (DmsProvider *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
