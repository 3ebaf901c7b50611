/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-private.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-job-log.h"
#include "provider/dms-leftovers.h"
#include "provider/dms-restore-check.h"
#include "resources/dms-locator.h"
#include "store/dms-collection.h"

enum
{
  SWEEP_SECONDS = 10,
  PROBE_EVERY = 3,
  CLEAN_EVERY = 6,
  /* Engines finish what a killed daemon asked of them within this many sweeps. */
  LEFTOVER_SWEEPS = 30,
  LEFTOVER_EVERY = 60,
  GRANT_SECONDS = 3600,
  RENEW_SECONDS = 600,
  /* How long what a job left is kept after its end (PersistLogsDuration). */
  KEEP_SECONDS = 30 * 60,
  /* One that failed may be started again by its orchestrator for so long; so many at most. */
  LINGER_SECONDS = 5 * 60,
  MAX_LINGERING = 256,
  /* An allocation that nobody starts is not held for ever. */
  PENDING_SECONDS = 3600,
  /* Tasks of a workflow wait for others, however long these take. */
  UNUSED_SECONDS = 7 * 24 * 3600,
};

/* What the node grants the orchestrator of one ensemble. */
typedef struct
{
  DmsDid *orchestrator;
  gint64 granted_until_us;
} Ensemble;

struct _DmsProvider
{
  GObject parent_instance;

  DmsStore *store;
  DmsPluginManager *plugins;
  DmsActor *root;
  DmsKey *key;
  DmsConfig *config;
  char *jobs_dir;
  char *volumes_dir;

  DmsInventory *inventory;
  DmsLedger *ledger;
  DmsOnboarding *onboarding;
  DmsPortLedger *ports;
  DmsBidder *bidder;
  DmsAdvertiser *advertiser;
  DmsEdgeMeter *edge_meter;
  DmsLocator *locator;
  DmsCollection *records;
  DmsLeases *leases;

  GHashTable *allocations; /* id → DmsAllocation */
  GHashTable *ensembles;   /* id → Ensemble */
  GHashTable *checks;      /* ensemble id → DmsRestoreCheck, until it is decided */
  guint sweep_id;
  guint n_sweeps;
  guint n_lingering;
};

G_DEFINE_FINAL_TYPE (DmsProvider, dms_provider, G_TYPE_OBJECT)

static void
ensemble_free (gpointer data)
{
  Ensemble *ensemble = data;

  dms_did_unref (ensemble->orchestrator);
  g_free (ensemble);
}

static void
dms_provider_dispose (GObject *object)
{
  DmsProvider *self = DMS_PROVIDER (object);
  GHashTableIter iter;
  gpointer allocation;

  g_clear_handle_id (&self->sweep_id, g_source_remove);
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
  dms_log_event (G_LOG_LEVEL_WARNING, "lease_expired", "allocationID", allocation_id, NULL);
  /* What runs has failed then, and may be started anew by whoever returns; the executor ends it as well. */
  if (!dms_allocation_stop (allocation))
    dms_allocation_terminate_async (allocation, "its orchestrator did not renew its lease", NULL, NULL);
}

static void
dms_provider_init (DmsProvider *self)
{
  self->allocations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->ensembles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, ensemble_free);
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

/* Allocations */

DmsAllocation *
dms_provider_lookup (DmsProvider *self, const char *allocation_id)
{
  return g_hash_table_lookup (self->allocations, allocation_id);
}

GPtrArray *
dms_provider_list_allocations (DmsProvider *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer allocation;

  g_hash_table_iter_init (&iter, self->allocations);
  while (g_hash_table_iter_next (&iter, NULL, &allocation))
    g_ptr_array_add (list, g_object_ref (allocation));
  return list;
}

/**
 * dms_provider_get_n_active:
 * @self: a provider
 *
 * Returns: how many allocations have not ended
 */
guint
dms_provider_get_n_active (DmsProvider *self)
{
  GHashTableIter iter;
  gpointer allocation;
  guint n = 0;

  g_return_val_if_fail (DMS_IS_PROVIDER (self), 0);

  g_hash_table_iter_init (&iter, self->allocations);
  while (g_hash_table_iter_next (&iter, NULL, &allocation))
    n += !dms_allocation_status_is_final (dms_allocation_get_record (allocation)->status);
  return n;
}

static void
grant_allocation (DmsAllocation *allocation)
{
  static const char *const CAPABILITIES[] = { "/dms/allocation", "/dms/actor/healthcheck", NULL };
  DmsAllocationRecord *record = dms_allocation_get_record (allocation);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (dms_allocation_get_actor (allocation),
                                               record->ensemble_id,
                                               record->orchestrator_did,
                                               CAPABILITIES,
                                               dms_actor_expiry_in (GRANT_SECONDS),
                                               &error);

  if (tokens == NULL)
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "grant_error",
                   "orchestratorID",
                   record->ensemble_id,
                   "allocationID",
                   record->id,
                   "error",
                   error->message,
                   NULL);
}

static void
grant_ensemble (DmsProvider *self, const char *ensemble_id, Ensemble *ensemble)
{
  g_autofree char *capability = g_strconcat ("/dms/ensemble/", ensemble_id, NULL);
  const char *const capabilities[] = { capability, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (self->root,
                                               ensemble_id,
                                               ensemble->orchestrator,
                                               capabilities,
                                               dms_actor_expiry_in (GRANT_SECONDS),
                                               &error);

  if (tokens == NULL)
    dms_log_event (
        G_LOG_LEVEL_WARNING, "grant_error", "orchestratorID", ensemble_id, "error", error->message, NULL);
  else
    ensemble->granted_until_us = g_get_real_time () + (gint64) GRANT_SECONDS * G_USEC_PER_SEC;
}

gboolean
dms_provider_serves (DmsProvider *self, const char *ensemble_id, DmsDid *orchestrator)
{
  Ensemble *ensemble = g_hash_table_lookup (self->ensembles, ensemble_id);

  return ensemble != NULL && (orchestrator == NULL || dms_did_equal (orchestrator, ensemble->orchestrator));
}

/* The behaviours of an ensemble live as long as anything of it is kept here. */
static void
ensure_ensemble (DmsProvider *self, DmsAllocationRecord *record)
{
  Ensemble *ensemble = g_hash_table_lookup (self->ensembles, record->ensemble_id);

  if (ensemble != NULL)
    return;
  ensemble = g_new0 (Ensemble, 1);
  ensemble->orchestrator = dms_did_ref (record->orchestrator_did);
  g_hash_table_insert (self->ensembles, g_strdup (record->ensemble_id), ensemble);
  dms_ensemble_behaviours_install (self, self->root, record->ensemble_id);
  grant_ensemble (self, record->ensemble_id, ensemble);
}

/* An inbox must not tell strangers who runs what, and must be the same after a restart. */
static char *
dup_inbox (const char *allocation_id)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, allocation_id, -1);

  return g_strndup (digest, 32);
}

DmsAllocation *
dms_provider_add_allocation (DmsProvider *self, DmsAllocationRecord *record, GError **error)
{
  DmsAllocation *existing = g_hash_table_lookup (self->allocations, record->id);
  g_autoptr (DmsKey) key = NULL;
  g_autoptr (DmsActor) actor = NULL;
  g_autoptr (DmsAllocation) allocation = NULL;
  g_autofree char *inbox = NULL;

  if (existing != NULL)
    return existing;

  key = dms_key_derive (self->key, record->id);
  inbox = dup_inbox (record->id);
  actor = dms_actor_new_child (self->root, inbox, key, NULL);
  allocation = dms_allocation_new (self, record, actor);
  dms_allocation_behaviours_install (allocation, actor);
  if (!dms_actor_start (actor, error))
    return NULL;

  ensure_ensemble (self, record);
  grant_allocation (allocation);
  dms_log_event (G_LOG_LEVEL_INFO,
                 "allocation_created",
                 "orchestratorID",
                 record->ensemble_id,
                 "allocationID",
                 record->id,
                 NULL);
  g_hash_table_insert (self->allocations, g_strdup (record->id), g_object_ref (allocation));
  return allocation;
}

void
dms_provider_drop_allocation (DmsProvider *self, DmsAllocation *allocation)
{
  g_autofree char *id = g_strdup (dms_allocation_get_record (allocation)->id);

  dms_allocation_detach (allocation);
  dms_actor_stop (dms_allocation_get_actor (allocation));
  dms_log_event (G_LOG_LEVEL_DEBUG, "allocation_actor_stopped", "allocationID", id, NULL);
  g_hash_table_remove (self->allocations, id);
}

/* Sweeping */

static gboolean
may_linger (DmsProvider *self, DmsAllocationRecord *record)
{
  return record->status == DMS_ALLOCATION_FAILED &&
         g_get_real_time () - record->ended_us < (gint64) LINGER_SECONDS * G_USEC_PER_SEC &&
         self->n_lingering++ < MAX_LINGERING;
}

static void
sweep_allocation (DmsProvider *self, DmsAllocation *allocation, gboolean renew)
{
  DmsAllocationRecord *record = dms_allocation_get_record (allocation);
  gint64 age_us = g_get_real_time () - record->created_us;
  gboolean is_idle =
      record->status == DMS_ALLOCATION_PENDING || dms_allocation_status_is_final (record->status);
  gint64 idle_us = is_idle ? g_get_real_time () - MAX (record->created_us, record->ended_us) : 0;

  /* One that is being started anew was given another one. */
  if (dms_allocation_status_is_final (record->status) && dms_allocation_is_idle (allocation))
    dms_leases_forget (self->leases, record->id);
  if (dms_allocation_is_over (allocation))
    {
      if (!may_linger (self, record))
        dms_provider_drop_allocation (self, allocation);
    }
  else if (record->is_reusable && idle_us > (gint64) UNUSED_SECONDS * G_USEC_PER_SEC)
    dms_allocation_terminate_async (allocation, "its workflow did not use it for a week", NULL, NULL);
  else if (record->status == DMS_ALLOCATION_PENDING && !record->is_reusable &&
           age_us > (gint64) PENDING_SECONDS * G_USEC_PER_SEC)
    dms_allocation_terminate_async (allocation, "nobody started it within an hour", NULL, NULL);
  else if (renew)
    grant_allocation (allocation);
}

static void
sweep_ensembles (DmsProvider *self)
{
  gint64 soon = g_get_real_time () + (gint64) RENEW_SECONDS * G_USEC_PER_SEC;
  GHashTableIter iter;
  gpointer id;
  gpointer ensemble;

  g_hash_table_iter_init (&iter, self->ensembles);
  while (g_hash_table_iter_next (&iter, &id, &ensemble))
    {
      if (((Ensemble *) ensemble)->granted_until_us < soon)
        grant_ensemble (self, id, ensemble);
    }
}

static void
sweep_commits (DmsProvider *self)
{
  gint64 now = g_get_real_time ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) expired = NULL;

  if (dms_ledger_limit_commits (self->ledger, now + dms_bidder_get_longest_us (), &error))
    expired = dms_ledger_expire_commits (self->ledger, now, &error);

  for (gsize i = 0; expired != NULL && expired[i] != NULL; i++)
    {
      (void) dms_port_ledger_release (self->ports, expired[i], NULL);
      dms_log_event (G_LOG_LEVEL_INFO, "commit_expired", "allocationID", expired[i], NULL);
    }
  if (error != NULL)
    dms_log_event (G_LOG_LEVEL_WARNING, "commit_expiry_error", "error", error->message, NULL);
}

static void
forget_ensemble_without_records (DmsProvider *self, const char *ensemble_id)
{
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) left = NULL;

  dms_query_where_text (query, "ensemble_id", DMS_QUERY_EQ, ensemble_id);
  dms_query_set_range (query, 0, 1);
  left = dms_collection_query (self->records, query, NULL, NULL);
  if (left == NULL || left->len > 0)
    return;
  dms_actor_withdraw (self->root, ensemble_id);
  g_hash_table_remove (self->ensembles, ensemble_id);
}

/* Removes what is left of jobs that ended long ago. */
static void
sweep_records (DmsProvider *self)
{
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) old = NULL;

  dms_query_where_int (query, "ended_us", DMS_QUERY_GT, 0);
  dms_query_where_int (
      query, "ended_us", DMS_QUERY_LE, g_get_real_time () - (gint64) KEEP_SECONDS * G_USEC_PER_SEC);
  old = dms_collection_query (self->records, query, NULL, NULL);
  for (guint i = 0; old != NULL && i < old->len; i++)
    {
      const char *id = dms_document_get_id (g_ptr_array_index (old, i));
      JsonObject *body = json_node_get_object (dms_document_get_body (g_ptr_array_index (old, i)));
      const char *ensemble_id = dms_json_object_get_text (body, "ensemble_id");
      g_autofree char *folder = g_build_filename (self->jobs_dir, id, NULL);

      if (ensemble_id == NULL || !dms_allocation_record_check_id (id, ensemble_id, NULL) ||
          dms_provider_lookup (self, id) != NULL)
        continue;
      dms_job_log_remove (folder);
      if (dms_collection_delete (self->records, id, NULL, NULL))
        forget_ensemble_without_records (self, ensemble_id);
    }
}

static gboolean
is_known (gpointer owner, const char *handle)
{
  DmsProvider *self = owner;
  GHashTableIter iter;
  gpointer allocation;

  /* Once stopped, the allocations are forgotten here, and their jobs go on. */
  if (self->sweep_id == 0)
    return TRUE;
  g_hash_table_iter_init (&iter, self->allocations);
  while (g_hash_table_iter_next (&iter, NULL, &allocation))
    {
      if (g_strcmp0 (dms_allocation_get_record (allocation)->handle, handle) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The transport finds out in time under which addresses this machine is known. */
static void
locate (DmsProvider *self)
{
  DmsTransport *transport = dms_actor_registry_get_transport (dms_actor_get_registry (self->root));
  g_autoptr (GPtrArray) addresses = NULL;
  g_autofree char *found = NULL;

  if (!dms_locator_wants_address (self->locator))
    return;
  addresses = dms_transport_dup_listen_addresses (transport);
  for (guint i = 0; addresses != NULL && found == NULL && i < addresses->len; i++)
    found = dms_locator_dup_public_address (dms_multiaddr_get_text (addresses->pdata[i]));
  if (found != NULL && dms_locator_set_address (self->locator, found))
    dms_bidder_set_location (self->bidder, dms_locator_get_location (self->locator));
}

static gboolean
sweep (gpointer user_data)
{
  DmsProvider *self = user_data;
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (self);
  /* Grants are renewed well before they end; the sweep that does so is the same for all. */
  gboolean renew =
      self->n_sweeps % ((GRANT_SECONDS - RENEW_SECONDS) / SWEEP_SECONDS) == 0 && self->n_sweeps > 0;

  self->n_sweeps++;
  self->n_lingering = 0;
  for (guint i = 0; i < allocations->len; i++)
    sweep_allocation (self, g_ptr_array_index (allocations, i), renew);
  sweep_commits (self);
  sweep_ensembles (self);
  dms_bidder_sweep (self->bidder);
  if (self->n_sweeps % PROBE_EVERY == 0)
    {
      locate (self);
      dms_advertiser_review (self->advertiser);
      dms_bidder_probe_async (self->bidder, NULL, NULL, NULL);
    }
  if (self->n_sweeps % CLEAN_EVERY == 0)
    sweep_records (self);
  if (self->n_sweeps <= LEFTOVER_SWEEPS || self->n_sweeps % LEFTOVER_EVERY == 0)
    dms_leftovers_remove (self->plugins, self->jobs_dir, G_OBJECT (self), is_known);
  return G_SOURCE_CONTINUE;
}

/* Starting */

void
dms_provider_install_behaviours (DmsProvider *self, DmsActor *root)
{
  g_return_if_fail (DMS_IS_PROVIDER (self));

  dms_resource_behaviours_install (self, root);
  dms_onboarding_behaviours_install (self, root);
  dms_deployment_behaviours_install (self, root);
  dms_heartbeat_behaviours_install (self, root);
  dms_edge_behaviours_install (self, root);
}

/* Commits of the last run have nobody any more who could make use of them: bids are not stored. */
static gboolean
balance (DmsStore *store, gpointer user_data, GError **error)
{
  DmsProvider *self = user_data;
  g_auto (GStrv) expired = dms_ledger_expire_commits (self->ledger, G_MAXINT64, error);
  g_auto (GStrv) holders = expired != NULL ? dms_ledger_list (self->ledger, error) : NULL;
  g_auto (GStrv) port_holders = holders != NULL ? dms_port_ledger_list_holders (self->ports, error) : NULL;

  if (port_holders == NULL)
    return FALSE;
  for (gsize i = 0; holders[i] != NULL; i++)
    {
      if (dms_provider_lookup (self, holders[i]) == NULL &&
          !dms_ledger_release (self->ledger, holders[i], error))
        return FALSE;
    }
  for (gsize i = 0; port_holders[i] != NULL; i++)
    {
      if (dms_provider_lookup (self, port_holders[i]) == NULL &&
          !dms_port_ledger_release (self->ports, port_holders[i], error))
        return FALSE;
    }
  return TRUE;
}

/* (transfer full): records as far as they can be read. */
static GPtrArray *
load_records (DmsProvider *self, GError **error)
{
  g_autoptr (DmsQuery) everything = dms_query_new ();
  g_autoptr (GPtrArray) documents = dms_collection_query (self->records, everything, NULL, error);
  g_autoptr (GPtrArray) records =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_record_unref);

  if (documents == NULL)
    return NULL;
  for (guint i = 0; i < documents->len; i++)
    {
      DmsDocument *document = g_ptr_array_index (documents, i);
      g_autoptr (GError) problem = NULL;
      DmsAllocationRecord *record =
          dms_allocation_record_new_from_json (dms_document_get_body (document), &problem);
      if (record != NULL)
        g_ptr_array_add (records, record);
      else
        dms_log_event (G_LOG_LEVEL_WARNING,
                       "allocation_restore_error",
                       "allocationID",
                       dms_document_get_id (document),
                       "error",
                       problem->message,
                       NULL);
    }
  return g_steal_pointer (&records);
}

static gboolean
take_up (DmsProvider *self, GError **error)
{
  g_autoptr (GPtrArray) records = load_records (self, error);

  if (records == NULL)
    return FALSE;
  for (guint i = 0; i < records->len; i++)
    {
      DmsAllocationRecord *record = g_ptr_array_index (records, i);

      ensure_ensemble (self, record);
      /* What failed of late may still be wanted anew. */
      if (dms_allocation_status_is_final (record->status) && record->acknowledged && record->handle == NULL &&
          !record->is_reusable && !may_linger (self, record))
        continue;
      if (dms_provider_add_allocation (self, record, error) == NULL)
        return FALSE;
    }
  return dms_store_transaction (self->store, balance, self, error);
}

static void
on_decided (DmsRestoreCheck *check, gboolean wanted, gpointer user_data)
{
  DmsProvider *self = user_data;
  g_autoptr (DmsRestoreCheck) kept = g_object_ref (check);
  const char *ensemble_id = dms_restore_check_get_ensemble_id (check);
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (self);

  for (guint i = 0; !wanted && i < allocations->len; i++)
    {
      DmsAllocation *allocation = g_ptr_array_index (allocations, i);
      DmsAllocationRecord *record = dms_allocation_get_record (allocation);

      if (g_str_equal (record->ensemble_id, ensemble_id) &&
          (record->is_reusable || !dms_allocation_status_is_final (record->status)))
        dms_allocation_terminate_async (allocation, "its orchestrator does not want it any more", NULL, NULL);
    }
  g_hash_table_remove (self->checks, ensemble_id);
}

/* Whoever wanted this may have given it up while the daemon was away. */
static void
check_orchestrator (DmsProvider *self, DmsAllocationRecord *record)
{
  DmsRestoreCheck *check = g_hash_table_lookup (self->checks, record->ensemble_id);

  if (check == NULL)
    {
      check = dms_restore_check_new (self->root, record->ensemble_id, record->orchestrator);
      g_signal_connect_object (check, "decided", G_CALLBACK (on_decided), self, 0);
      g_hash_table_insert (self->checks, g_strdup (record->ensemble_id), check);
    }
  dms_restore_check_add (check, record->id);
}

static void
stop_checks (DmsProvider *self)
{
  GHashTableIter iter;
  gpointer check;

  g_hash_table_iter_init (&iter, self->checks);
  while (g_hash_table_iter_next (&iter, NULL, &check))
    dms_restore_check_stop (check);
  g_hash_table_remove_all (self->checks);
}

static void
restore_all (DmsProvider *self)
{
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (self);
  GHashTableIter iter;
  gpointer check;

  for (guint i = 0; i < allocations->len; i++)
    {
      DmsAllocation *allocation = g_ptr_array_index (allocations, i);

      if (dms_allocation_get_record (allocation)->is_leased &&
          !dms_allocation_status_is_final (dms_allocation_get_record (allocation)->status))
        dms_leases_restore (self->leases, dms_allocation_get_record (allocation)->id);
      dms_allocation_restore_async (allocation, NULL, NULL);
      if (dms_allocation_get_record (allocation)->is_reusable ||
          !dms_allocation_status_is_final (dms_allocation_get_record (allocation)->status))
        check_orchestrator (self, dms_allocation_get_record (allocation));
    }
  g_hash_table_iter_init (&iter, self->checks);
  while (g_hash_table_iter_next (&iter, NULL, &check))
    dms_restore_check_start (check);
}

static void
executors_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsProvider *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!dms_bidder_probe_finish (DMS_BIDDER (source), result, &error) || !take_up (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  restore_all (self);
  dms_leftovers_remove (self->plugins, self->jobs_dir, G_OBJECT (self), is_known);
  locate (self);
  dms_bidder_set_ready (self->bidder, TRUE);
  dms_advertiser_start (self->advertiser);
  self->sweep_id = g_timeout_add_seconds (SWEEP_SECONDS, sweep, self);
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
 * Takes up the allocations of the last run; their executions are found while the node is already at work.
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
  g_clear_handle_id (&self->sweep_id, g_source_remove);
  stop_checks (self);
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
