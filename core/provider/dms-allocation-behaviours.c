/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an allocation's own actor answers to (behaviors.md §6). */

#include "common/dms-json-object.h"
#include "provider/dms-allocation-reporter.h"
#include "provider/dms-provider-private.h"

static const char *const SUBNET_PATHS[] = {
  "/dms/allocation/subnet/add-peer",           "/dms/allocation/subnet/accept-peers",
  "/dms/allocation/subnet/remove-peers",       "/dms/allocation/subnet/map-port",
  "/dms/allocation/subnet/unmap-port",         "/dms/allocation/subnet/dns/add-records",
  "/dms/allocation/subnet/dns/remove-records",
};

static void
reply_outcome (DmsMessage *message, const GError *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  dms_message_reply_object (message, reply);
}

static void
started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  (void) dms_allocation_start_finish (DMS_ALLOCATION (source), result, &error);
  reply_outcome (message, error);
}

static void
run_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;
  JsonObject *reply = json_object_new ();

  (void) dms_allocation_start_run_finish (DMS_ALLOCATION (source), result, &error);
  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  /* There is no room now, and may be later. */
  if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES))
    json_object_set_boolean_member (reply, "Busy", TRUE);
  dms_message_reply_object (message, reply);
}

/* What must not run without its orchestrator is not started without a lease. */
static gboolean
take_lease (DmsAllocation *allocation, JsonObject *payload, GError **error)
{
  DmsAllocationRecord *record = dms_allocation_get_record (allocation);
  gint64 lease_ms = dms_leases_read_ms (payload);

  if (lease_ms == 0)
    return TRUE;
  if (lease_ms < 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_WRONG_STATE,
                           "this came after the lease that it gives was over; are the clocks right?");
      return FALSE;
    }
  if (!dms_leases_renew (
          dms_provider_get_leases (dms_allocation_get_provider (allocation)), record->id, lease_ms, error))
    return FALSE;
  /* Stored before anything is launched. */
  record->is_leased = TRUE;
  return TRUE;
}

/* Which start or restart it is; its orchestrator may ask for the same again. */
static gint64
get_number (JsonObject *payload)
{
  return dms_json_object_get_whole (payload, "Number", 0, G_MAXINT64, 0);
}

static void
on_start (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);
  gint64 nonce = dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
  DmsAllocationRecord *record = dms_allocation_get_record (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsAllocationRun) run = NULL;

  /* An allocation of the same name has the same address; what was meant for an earlier one came late. */
  if (nonce >= 0 && nonce < record->nonce)
    {
      g_set_error_literal (&error,
                           DMS_ERROR,
                           DMS_ERROR_WRONG_STATE,
                           "this start belongs to an earlier attempt of the ensemble");
      reply_outcome (message, error);
      return;
    }
  run = dms_allocation_run_new_from_json (payload, &error);
  if (error != NULL)
    {
      reply_outcome (message, error);
      return;
    }
  (void) take_lease (user_data, payload, &error);
  if (run != NULL)
    {
      dms_allocation_start_run_async (user_data,
                                      run,
                                      dms_json_object_get_child (payload, "PortMapping"),
                                      get_number (payload),
                                      g_steal_pointer (&error),
                                      run_started,
                                      dms_message_ref (message));
      return;
    }
  if (error != NULL)
    {
      reply_outcome (message, error);
      return;
    }
  dms_allocation_start_async (user_data,
                              dms_json_object_get_text (payload, "SubnetIP"),
                              dms_json_object_get_text (payload, "GatewayIP"),
                              dms_json_object_get_child (payload, "PortMapping"),
                              started,
                              dms_message_ref (message));
}

static void
restarted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  (void) dms_allocation_restart_finish (DMS_ALLOCATION (source), result, &error);
  reply_outcome (message, error);
}

static void
on_restart (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);
  g_autoptr (GError) error = NULL;

  (void) take_lease (user_data, payload, &error);
  dms_allocation_restart_async (
      user_data, get_number (payload), g_steal_pointer (&error), restarted, dms_message_ref (message));
}

static void
usage_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsUsage) usage = dms_allocation_get_usage_finish (DMS_ALLOCATION (source), result, &error);
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "ok", usage != NULL);
  if (usage != NULL)
    json_object_set_object_member (reply, "stats", dms_allocation_reporter_usage_to_json (usage));
  else
    json_object_set_string_member (reply, "error", error->message);
  dms_message_reply_object (message, reply);
}

static void
on_stats (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_allocation_get_usage_async (user_data, usage_read, dms_message_ref (message));
}

static void
health_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  (void) dms_allocation_check_health_finish (DMS_ALLOCATION (source), result, &error);
  reply_outcome (message, error);
}

static void
on_health (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_allocation_check_health_async (user_data, health_checked, dms_message_ref (message));
}

static void
on_health_register (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonNode *node = dms_json_object_get_member (dms_message_get_object (message), "HealthCheck");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsHealthCheck) check = NULL;

  if (node == NULL)
    g_set_error_literal (&error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "there must be a HealthCheck");
  else
    check = dms_health_check_new_from_json (node, &error);
  if (check != NULL)
    (void) dms_allocation_set_health_check (user_data, check, &error);
  reply_outcome (message, error);
}

static void
on_subnet (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "networks of ensembles are not supported by this node");

  reply_outcome (message, error);
}

void
dms_allocation_behaviours_install (DmsAllocation *allocation, DmsActor *actor)
{
  dms_actor_add_behaviour (actor, "/dms/allocation/start", DMS_BEHAVIOUR_REQUIRE, on_start, allocation, NULL);
  dms_actor_add_behaviour (
      actor, "/dms/allocation/restart", DMS_BEHAVIOUR_REQUIRE, on_restart, allocation, NULL);
  dms_actor_add_behaviour (actor, "/dms/allocation/stats", DMS_BEHAVIOUR_REQUIRE, on_stats, allocation, NULL);
  dms_actor_add_behaviour (
      actor, "/dms/actor/healthcheck", DMS_BEHAVIOUR_REQUIRE, on_health, allocation, NULL);
  dms_actor_add_behaviour (
      actor, "/dms/actor/healthcheck/register", DMS_BEHAVIOUR_REQUIRE, on_health_register, allocation, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (SUBNET_PATHS); i++)
    dms_actor_add_behaviour (actor, SUBNET_PATHS[i], DMS_BEHAVIOUR_REQUIRE, on_subnet, allocation, NULL);
}
