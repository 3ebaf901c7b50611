/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-deployment-private.h"

#include <string.h>

/* An allocation on which others depend has started; when it has a health check, the others wait until it is
 * well. */

enum
{
  /* Whatever the interval of the check, others wait for the next answer. */
  MIN_ASK_MS = 100,
  MAX_ASK_MS = 5000,
};

#define REGISTER_BEHAVIOUR "/dms/actor/healthcheck/register"
#define PROBE_BEHAVIOUR    "/dms/actor/healthcheck"

static void probe (DeployAllocation *allocation);

static void
ask (DeployAllocation *allocation, const char *behaviour, JsonObject *object, GAsyncReadyCallback callback)
{
  DmsDeployment *self = allocation->deployment;
  g_autoptr (JsonNode) payload = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (payload, object);
  dms_actor_invoke_async (self->actor,
                          allocation->handle,
                          behaviour,
                          payload,
                          dms_deployment_expiry_in (DMS_DEPLOYMENT_PROBE_SECONDS),
                          self->step_cancellable,
                          callback,
                          dms_deployment_call_new (self, allocation->node, allocation));
}

static void
end (DeployAllocation *allocation, const char *error)
{
  g_clear_handle_id (&allocation->probe_timer, g_source_remove);
  dms_deployment_start_settled (allocation, error);
}

/* It may be over before it was ever seen to be well. */
static gboolean
has_ended (DeployAllocation *allocation)
{
  if (!allocation->ended)
    return FALSE;
  if (strcmp (allocation->status, "completed") == 0)
    end (allocation, NULL);
  else
    end (allocation, allocation->reason != NULL ? allocation->reason : "it ended");
  return TRUE;
}

static gboolean
on_timer (gpointer user_data)
{
  DeployAllocation *allocation = user_data;

  allocation->probe_timer = 0;
  if (!has_ended (allocation))
    probe (allocation);
  return G_SOURCE_REMOVE;
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  DeployAllocation *allocation = call->allocation;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);
  DmsHealthCheck *check = dms_allocation_config_get_health_check (allocation->config);
  gint64 interval_ms = dms_health_check_get_interval_ns (check) / 1000000;

  if (!dms_deployment_call_is_current (call) || has_ended (allocation))
    return;
  if (dms_deployment_reply_is_ok (reply, &text))
    {
      end (allocation, NULL);
      return;
    }
  if (g_get_monotonic_time () - allocation->started_us >=
      (gint64) DMS_DEPLOYMENT_START_SECONDS * G_USEC_PER_SEC)
    {
      g_autofree char *error =
          g_strdup_printf ("it does not become healthy, and others wait for it: %s", text);

      end (allocation, error);
      return;
    }
  allocation->probe_timer =
      g_timeout_add ((guint) CLAMP (interval_ms, MIN_ASK_MS, MAX_ASK_MS), on_timer, allocation);
}

static void
probe (DeployAllocation *allocation)
{
  ask (allocation, PROBE_BEHAVIOUR, json_object_new (), on_probed);
}

static void
on_registered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DeployCall) call = user_data;
  g_autoptr (DmsMessage) message = NULL;
  g_autofree char *text = NULL;
  JsonObject *reply = dms_deployment_call_finish (source, result, &message, &text);

  if (!dms_deployment_call_is_current (call) || has_ended (call->allocation))
    return;
  if (dms_deployment_reply_is_ok (reply, &text))
    probe (call->allocation);
  else
    end (call->allocation, text);
}

gboolean
dms_deployment_has_dependants (DmsDeployment *self, DeployAllocation *allocation)
{
  const char *name = dms_allocation_config_get_name (allocation->config);

  for (guint i = 0; i < self->allocations->len; i++)
    {
      DeployAllocation *other = self->allocations->pdata[i];

      if (!other->started && g_strv_contains (dms_allocation_config_get_depends_on (other->config), name))
        return TRUE;
    }
  return FALSE;
}

void
dms_deployment_await_health (DeployAllocation *allocation)
{
  DmsHealthCheck *check = dms_allocation_config_get_health_check (allocation->config);
  JsonObject *object = json_object_new ();

  allocation->started_us = g_get_monotonic_time ();
  json_object_set_string_member (object, "EnsembleID", allocation->deployment->id);
  json_object_set_member (object, "HealthCheck", dms_health_check_to_json (check));
  ask (allocation, REGISTER_BEHAVIOUR, object, on_registered);
}
