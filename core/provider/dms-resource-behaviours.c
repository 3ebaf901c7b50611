/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* `/dms/node/resources/…`, `/dms/node/hardware/…` and `/dms/node/allocations/list` (behaviors.md §2). */

#include "provider/dms-provider-private.h"

/* @resources: (nullable) */
static void
reply_resources (DmsMessage *message, DmsResources *resources, const GError *error)
{
  g_autoptr (DmsResources) none = dms_resources_new_empty ();
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", resources != NULL);
  json_object_set_member (reply, "Resources", dms_resources_to_json (resources != NULL ? resources : none));
  if (resources == NULL)
    json_object_set_string_member (reply, "error", error->message);
  dms_message_reply_object (message, reply);
}

static void
on_allocated (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) resources = dms_ledger_dup_allocated (dms_provider_get_ledger (user_data), &error);

  reply_resources (message, resources, error);
}

static void
on_free (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) resources = dms_ledger_dup_free (dms_provider_get_ledger (user_data), &error);

  reply_resources (message, resources, error);
}

static void
on_onboarded (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) resources = dms_ledger_dup_onboarded (dms_provider_get_ledger (user_data), &error);

  reply_resources (message, resources, error);
}

typedef struct
{
  DmsMessage *message;
  gboolean used;
} Look;

static void
hardware_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;
  DmsInventory *inventory = DMS_INVENTORY (source);
  g_autoptr (DmsMessage) message = look->message;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsHardware) hardware = NULL;
  DmsResources *resources = NULL;

  if (dms_inventory_refresh_finish (inventory, result, &error))
    hardware = dms_inventory_dup_hardware (inventory, &error);
  if (hardware != NULL)
    resources = look->used ? dms_hardware_get_used (hardware) : dms_hardware_get_total (hardware);
  reply_resources (message, resources, error);
  g_free (look);
}

static void
look_at_hardware (DmsProvider *provider, DmsMessage *message, gboolean used)
{
  Look *look = g_new0 (Look, 1);

  look->message = dms_message_ref (message);
  look->used = used;
  dms_inventory_refresh_async (dms_provider_get_inventory (provider), NULL, hardware_read, look);
}

static void
on_spec (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  look_at_hardware (user_data, message, FALSE);
}

static void
on_usage (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  look_at_hardware (user_data, message, TRUE);
}

/* Those that hold something; what has ended is no longer listed. */
static void
on_list (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (user_data);
  JsonObject *reply = json_object_new ();
  JsonArray *items = json_array_new ();

  for (guint i = 0; i < allocations->len; i++)
    {
      DmsAllocationRecord *record = dms_allocation_get_record (g_ptr_array_index (allocations, i));
      if (!dms_allocation_status_is_final (record->status))
        json_array_add_object_element (items, dms_allocation_record_to_list_item (record));
    }
  json_object_set_array_member (reply, "allocations", items);
  dms_message_reply_object (message, reply);
}

void
dms_resource_behaviours_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/node/resources/allocated", DMS_BEHAVIOUR_REQUIRE, on_allocated, provider, NULL);
  dms_actor_add_behaviour (root, "/dms/node/resources/free", DMS_BEHAVIOUR_REQUIRE, on_free, provider, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/resources/onboarded", DMS_BEHAVIOUR_REQUIRE, on_onboarded, provider, NULL);
  dms_actor_add_behaviour (root, "/dms/node/hardware/spec", DMS_BEHAVIOUR_REQUIRE, on_spec, provider, NULL);
  dms_actor_add_behaviour (root, "/dms/node/hardware/usage", DMS_BEHAVIOUR_REQUIRE, on_usage, provider, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/allocations/list", DMS_BEHAVIOUR_REQUIRE, on_list, provider, NULL);
}
