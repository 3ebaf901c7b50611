/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-provider-private.h"

/* What an allocation holds of the machine is taken, and given back, together with its record. */

typedef struct
{
  DmsProvider *provider;
  DmsAllocationRecord *record;
} Change;

static gboolean
release_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  Change *change = user_data;
  DmsProvider *self = change->provider;

  return dms_ledger_release (dms_provider_get_ledger (self), change->record->id, error) &&
         dms_port_ledger_release (dms_provider_get_ports (self), change->record->id, error) &&
         dms_provider_save_record (self, change->record, error);
}

gboolean
dms_provider_release (DmsProvider *self, DmsAllocationRecord *record, GError **error)
{
  Change change = { self, record };

  return dms_store_transaction (dms_provider_get_store (self), release_in_transaction, &change, error);
}

static gboolean
reserve_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  Change *change = user_data;
  DmsProvider *self = change->provider;
  DmsAllocationRecord *record = change->record;
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GArray) job_ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GArray) none = NULL;

  for (guint i = 0; i < record->ports->len; i++)
    {
      guint16 port = dms_port_mapping_get_host_port (g_ptr_array_index (record->ports, i));
      guint16 job_port = dms_port_mapping_get_job_port (g_ptr_array_index (record->ports, i));
      g_array_append_val (ports, port);
      g_array_append_val (job_ports, job_port);
    }
  if (!dms_ledger_commit (dms_provider_get_ledger (self), record->id, record->resources, G_MAXINT64, error) ||
      !dms_ledger_allocate (dms_provider_get_ledger (self), record->id, error))
    return FALSE;
  none = dms_port_ledger_take (dms_provider_get_ports (self),
                               record->id,
                               (guint16 *) (void *) ports->data,
                               (guint16 *) (void *) job_ports->data,
                               ports->len,
                               0,
                               error);
  return none != NULL && dms_provider_save_record (self, record, error);
}

gboolean
dms_provider_reserve (DmsProvider *self, DmsAllocationRecord *record, GError **error)
{
  Change change = { self, record };

  return dms_store_transaction (dms_provider_get_store (self), reserve_in_transaction, &change, error);
}
