/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-internal.h"

#include "observability/dms-log.h"

/* What is kept for whom: allocations, the ensembles that they are part of, and what their orchestrators are
 * granted. */

/* What the node grants the orchestrator of one ensemble. */
typedef struct
{
  DmsDid *orchestrator;
  gint64 granted_until_us;
  /* It was not the one that this machine's owner let deploy here. */
  gboolean is_successor;
} Ensemble;

void
dms_provider_ensemble_free (gpointer data)
{
  Ensemble *ensemble = data;

  dms_did_unref (ensemble->orchestrator);
  g_free (ensemble);
}

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

void
dms_provider_grant_allocation (DmsAllocation *allocation)
{
  static const char *const CAPABILITIES[] = { "/dms/allocation", "/dms/actor/healthcheck", NULL };
  DmsAllocationRecord *record = dms_allocation_get_record (allocation);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (dms_allocation_get_actor (allocation),
                                               record->ensemble_id,
                                               record->orchestrator_did,
                                               CAPABILITIES,
                                               dms_actor_expiry_in (DMS_PROVIDER_GRANT_SECONDS),
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
  /* One that took over needs the rights to see after what is here, and to take it back. */
  const char *const capabilities[] = { capability,
                                       ensemble->is_successor ? "/dms/deployment/heartbeat" : NULL,
                                       "/dms/deployment/revert",
                                       NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) tokens = dms_actor_grant (self->root,
                                               ensemble_id,
                                               ensemble->orchestrator,
                                               capabilities,
                                               dms_actor_expiry_in (DMS_PROVIDER_GRANT_SECONDS),
                                               &error);

  if (tokens == NULL)
    dms_log_event (
        G_LOG_LEVEL_WARNING, "grant_error", "orchestratorID", ensemble_id, "error", error->message, NULL);
  else
    ensemble->granted_until_us = g_get_real_time () + (gint64) DMS_PROVIDER_GRANT_SECONDS * G_USEC_PER_SEC;
}

gboolean
dms_provider_serves (DmsProvider *self, const char *ensemble_id, DmsDid *orchestrator)
{
  Ensemble *ensemble = g_hash_table_lookup (self->ensembles, ensemble_id);

  return ensemble != NULL && (orchestrator == NULL || dms_did_equal (orchestrator, ensemble->orchestrator));
}

/* The behaviours of an ensemble live as long as anything of it is kept here. */
void
dms_provider_ensure_ensemble (DmsProvider *self, DmsAllocationRecord *record)
{
  Ensemble *ensemble = g_hash_table_lookup (self->ensembles, record->ensemble_id);

  if (ensemble != NULL)
    return;
  ensemble = g_new0 (Ensemble, 1);
  ensemble->orchestrator = dms_did_ref (record->orchestrator_did);
  ensemble->is_successor = record->term > 1;
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

  dms_provider_ensure_ensemble (self, record);
  dms_provider_grant_allocation (allocation);
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

void
dms_provider_renew_ensembles (DmsProvider *self)
{
  gint64 soon = g_get_real_time () + (gint64) DMS_PROVIDER_RENEW_SECONDS * G_USEC_PER_SEC;
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

void
dms_provider_forget_ensemble (DmsProvider *self, const char *ensemble_id)
{
  dms_actor_withdraw (self->root, ensemble_id);
  g_hash_table_remove (self->ensembles, ensemble_id);
}
