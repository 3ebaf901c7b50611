/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-internal.h"

#include "observability/dms-log.h"
#include "provider/dms-restore-check.h"

/* What a start finds of the last run. */

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

gboolean
dms_provider_take_up (DmsProvider *self, GError **error)
{
  g_autoptr (GPtrArray) records = load_records (self, error);

  if (records == NULL)
    return FALSE;
  for (guint i = 0; i < records->len; i++)
    {
      DmsAllocationRecord *record = g_ptr_array_index (records, i);

      dms_provider_ensure_ensemble (self, record);
      /* What failed of late may still be wanted anew. */
      if (dms_allocation_status_is_final (record->status) && record->acknowledged && record->handle == NULL &&
          !record->is_reusable && !dms_provider_may_linger (self, record))
        continue;
      if (dms_provider_add_allocation (self, record, error) == NULL)
        return FALSE;
    }
  return dms_store_transaction (self->store, balance, self, error);
}

static void
on_unwanted (DmsRestoreCheck *check, const char *allocation_id, gpointer user_data)
{
  DmsAllocation *allocation = dms_provider_lookup (user_data, allocation_id);
  DmsAllocationRecord *record = allocation == NULL ? NULL : dms_allocation_get_record (allocation);

  if (record != NULL && g_str_equal (record->ensemble_id, dms_restore_check_get_ensemble_id (check)) &&
      (record->is_reusable || !dms_allocation_status_is_final (record->status)))
    dms_allocation_terminate_async (allocation, "its orchestrator does not want it any more", NULL, NULL);
}

static void
on_decided (DmsRestoreCheck *check, gpointer user_data)
{
  DmsProvider *self = user_data;

  g_hash_table_remove (self->checks, dms_restore_check_get_ensemble_id (check));
}

/* Whoever wanted this may have given it up while the daemon was away. */
static void
check_orchestrator (DmsProvider *self, DmsAllocationRecord *record)
{
  DmsRestoreCheck *check = g_hash_table_lookup (self->checks, record->ensemble_id);

  if (check == NULL)
    {
      check = dms_restore_check_new (self->root, record->ensemble_id, record->orchestrator);
      g_signal_connect_object (check, "unwanted", G_CALLBACK (on_unwanted), self, 0);
      g_signal_connect_object (check, "decided", G_CALLBACK (on_decided), self, 0);
      g_hash_table_insert (self->checks, g_strdup (record->ensemble_id), check);
    }
  dms_restore_check_add (check, record->id);
}

void
dms_provider_hand_over (DmsProvider *self, const char *ensemble_id)
{
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (self);
  DmsRestoreCheck *check = g_hash_table_lookup (self->checks, ensemble_id);

  dms_provider_forget_ensemble (self, ensemble_id);
  if (check != NULL)
    dms_restore_check_stop (check);
  g_hash_table_remove (self->checks, ensemble_id);
  for (guint i = 0; i < allocations->len; i++)
    {
      DmsAllocationRecord *record = dms_allocation_get_record (allocations->pdata[i]);

      if (!g_str_equal (record->ensemble_id, ensemble_id))
        continue;
      dms_actor_withdraw (dms_allocation_get_actor (allocations->pdata[i]), ensemble_id);
      dms_provider_ensure_ensemble (self, record);
      dms_provider_grant_allocation (allocations->pdata[i]);
      /* The new one may not know of it. */
      if (record->is_reusable || !dms_allocation_status_is_final (record->status))
        check_orchestrator (self, record);
    }
  check = g_hash_table_lookup (self->checks, ensemble_id);
  if (check != NULL)
    dms_restore_check_start (check);
}

void
dms_provider_stop_checks (DmsProvider *self)
{
  GHashTableIter iter;
  gpointer check;

  g_hash_table_iter_init (&iter, self->checks);
  while (g_hash_table_iter_next (&iter, NULL, &check))
    dms_restore_check_stop (check);
  g_hash_table_remove_all (self->checks);
}

void
dms_provider_restore_all (DmsProvider *self)
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
