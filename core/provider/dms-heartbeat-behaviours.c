/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* `/dms/deployment/heartbeat`: an orchestrator asks whether this machine lives, and says that it lives
 * itself. */

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-leases.h"
#include "provider/dms-provider-private.h"

enum
{
  MAX_ENSEMBLES = 256,
  MAX_LEASED = 256,
};

/* Only what the asker itself has here is told or renewed. */
static gboolean
is_of (DmsAllocation *allocation, const char *ensemble_id, DmsDid *asker)
{
  DmsAllocationRecord *record = dms_allocation_get_record (allocation);

  return g_str_equal (record->ensemble_id, ensemble_id) && dms_did_equal (record->orchestrator_did, asker);
}

static void
renew (DmsProvider *provider, JsonObject *entry, const char *ensemble_id, DmsDid *asker)
{
  g_auto (GStrv) leased = dms_json_object_dup_texts (entry, "Leased");
  gint64 lease_ms = dms_leases_read_ms (entry);

  for (guint i = 0; lease_ms > 0 && leased != NULL && leased[i] != NULL && i < MAX_LEASED; i++)
    {
      DmsAllocation *allocation = dms_provider_lookup (provider, leased[i]);
      DmsAllocationRecord *record;
      g_autoptr (GError) error = NULL;

      if (allocation == NULL || !is_of (allocation, ensemble_id, asker) ||
          dms_allocation_status_is_final (dms_allocation_get_record (allocation)->status))
        continue;
      record = dms_allocation_get_record (allocation);
      if (dms_leases_renew (dms_provider_get_leases (provider), leased[i], lease_ms, &error) &&
          !record->is_leased)
        {
          record->is_leased = TRUE;
          (void) dms_provider_save_record (provider, record, &error);
        }
      if (error != NULL)
        dms_log_event (G_LOG_LEVEL_WARNING,
                       "lease_not_renewed",
                       "allocationID",
                       leased[i],
                       "error",
                       error->message,
                       NULL);
    }
}

static JsonObject *
list_statuses (GPtrArray *allocations, const char *ensemble_id, DmsDid *asker)
{
  JsonObject *statuses = json_object_new ();

  for (guint i = 0; i < allocations->len; i++)
    {
      DmsAllocationRecord *record = dms_allocation_get_record (allocations->pdata[i]);

      if (is_of (allocations->pdata[i], ensemble_id, asker))
        json_object_set_string_member (
            statuses, record->id, dms_allocation_status_to_string (record->status));
    }
  return statuses;
}

static void
on_heartbeat (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsProvider *provider = user_data;
  DmsDid *asker = dms_message_get_sender_did (message);
  JsonArray *entries = dms_json_object_get_list (dms_message_get_object (message), "Ensembles");
  guint n = entries == NULL ? 0 : MIN (json_array_get_length (entries), MAX_ENSEMBLES);
  g_autoptr (GPtrArray) allocations = n > 0 ? dms_provider_list_allocations (provider) : NULL;
  JsonObject *reply = json_object_new ();
  JsonObject *ensembles = json_object_new ();

  for (guint i = 0; i < n; i++)
    {
      JsonObject *entry = dms_json_node_get_child (json_array_get_element (entries, i));
      const char *ensemble_id = dms_json_object_get_text (entry, "EnsembleID");

      if (ensemble_id == NULL || json_object_has_member (ensembles, ensemble_id))
        continue;
      renew (provider, entry, ensemble_id, asker);
      json_object_set_object_member (ensembles, ensemble_id, list_statuses (allocations, ensemble_id, asker));
    }
  json_object_set_boolean_member (reply, "OK", TRUE);
  json_object_set_string_member (reply, "Error", "");
  json_object_set_object_member (reply, "Ensembles", ensembles);
  dms_message_reply_object (message, reply);
}

void
dms_heartbeat_behaviours_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/deployment/heartbeat", DMS_BEHAVIOUR_REQUIRE, on_heartbeat, provider, NULL);
}
