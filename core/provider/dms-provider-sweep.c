/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-internal.h"

#include "actor/dms-actor-registry.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-job-log.h"
#include "provider/dms-leftovers.h"

/* What is done from time to time: what has ended, or was never used, is cleared away; what is granted is
 * renewed; the machine is looked at. */

enum
{
  SWEEP_SECONDS = 10,
  PROBE_EVERY = 3,
  CLEAN_EVERY = 6,
  /* Engines finish what a killed daemon asked of them within this many sweeps. */
  LEFTOVER_SWEEPS = 30,
  LEFTOVER_EVERY = 60,
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

gboolean
dms_provider_may_linger (DmsProvider *self, DmsAllocationRecord *record)
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
      if (!dms_provider_may_linger (self, record))
        dms_provider_drop_allocation (self, allocation);
    }
  else if (record->is_reusable && idle_us > (gint64) UNUSED_SECONDS * G_USEC_PER_SEC)
    dms_allocation_terminate_async (allocation, "its workflow did not use it for a week", NULL, NULL);
  else if (record->status == DMS_ALLOCATION_PENDING && !record->is_reusable &&
           age_us > (gint64) PENDING_SECONDS * G_USEC_PER_SEC)
    dms_allocation_terminate_async (allocation, "nobody started it within an hour", NULL, NULL);
  else if (renew)
    dms_provider_grant_allocation (allocation);
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
  dms_provider_forget_ensemble (self, ensemble_id);
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

void
dms_provider_remove_leftovers (DmsProvider *self)
{
  dms_leftovers_remove (self->plugins, self->jobs_dir, G_OBJECT (self), is_known);
}

/* The transport finds out in time under which addresses this machine is known. */
void
dms_provider_locate (DmsProvider *self)
{
  DmsTransport *transport = dms_actor_registry_get_transport (dms_actor_get_registry (self->root));

  if (dms_locator_follow (self->locator, transport))
    dms_bidder_set_location (self->bidder, dms_locator_get_location (self->locator));
}

static gboolean
sweep (gpointer user_data)
{
  DmsProvider *self = user_data;
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (self);
  /* Grants are renewed well before they end; the sweep that does so is the same for all. */
  gboolean renew =
      self->n_sweeps % ((DMS_PROVIDER_GRANT_SECONDS - DMS_PROVIDER_RENEW_SECONDS) / SWEEP_SECONDS) == 0 &&
      self->n_sweeps > 0;

  self->n_sweeps++;
  self->n_lingering = 0;
  for (guint i = 0; i < allocations->len; i++)
    sweep_allocation (self, g_ptr_array_index (allocations, i), renew);
  sweep_commits (self);
  dms_provider_renew_ensembles (self);
  dms_bidder_sweep (self->bidder);
  if (self->n_sweeps % PROBE_EVERY == 0)
    {
      dms_provider_locate (self);
      dms_advertiser_review (self->advertiser);
      dms_bidder_probe_async (self->bidder, NULL, NULL, NULL);
    }
  if (self->n_sweeps % CLEAN_EVERY == 0)
    sweep_records (self);
  if (self->n_sweeps <= LEFTOVER_SWEEPS || self->n_sweeps % LEFTOVER_EVERY == 0)
    dms_provider_remove_leftovers (self);
  return G_SOURCE_CONTINUE;
}

void
dms_provider_begin_sweeping (DmsProvider *self)
{
  self->sweep_id = g_timeout_add_seconds (SWEEP_SECONDS, sweep, self);
}

void
dms_provider_end_sweeping (DmsProvider *self)
{
  g_clear_handle_id (&self->sweep_id, g_source_remove);
}
