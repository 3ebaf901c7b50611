/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* `/dms/node/onboarding/…` (behaviors.md §2). */

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-provider-private.h"

static void
reply_outcome (DmsMessage *message, DmsOnboarding *onboarding, const GError *error)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "success", error == NULL);
  if (error != NULL)
    json_object_set_string_member (reply, "error", error->message);
  if (onboarding != NULL)
    json_object_set_member (reply, "config", dms_onboarding_to_json (onboarding));
  dms_message_reply_object (message, reply);
}

static void
onboarded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsMessage) message = user_data;
  DmsOnboarding *onboarding = DMS_ONBOARDING (source);
  g_autoptr (GError) error = NULL;

  if (dms_onboarding_onboard_finish (onboarding, result, &error))
    dms_log_event (G_LOG_LEVEL_INFO, "machine_onboarded_successfully", NULL, NULL);
  else
    dms_log_event (G_LOG_LEVEL_WARNING, "onboarding_error", "error", error->message, NULL);
  reply_outcome (message, onboarding, error);
}

static void
on_onboard (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsOnboarding *onboarding = dms_provider_get_onboarding (user_data);
  JsonObject *payload = dms_message_get_object (message);
  JsonObject *config = dms_json_object_get_child (payload, "Config");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) requested =
      dms_resources_new_from_json (dms_json_object_get_member (config, "onboarded_resources"), &error);

  if (requested == NULL)
    {
      reply_outcome (message, onboarding, error);
      return;
    }
  dms_onboarding_onboard_async (onboarding,
                                requested,
                                dms_json_object_get_flag (payload, "NoGPU"),
                                dms_json_object_get_text (payload, "GPUs"),
                                NULL,
                                onboarded,
                                dms_message_ref (message));
}

static void
on_offboard (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (dms_onboarding_offboard (dms_provider_get_onboarding (user_data), &error))
    dms_log_event (G_LOG_LEVEL_INFO, "machine_offboarded", NULL, NULL);
  reply_outcome (message, NULL, error);
}

static void
on_status (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (
      reply, "onboarded", dms_onboarding_is_onboarded (dms_provider_get_onboarding (user_data)));
  dms_message_reply_object (message, reply);
}

void
dms_onboarding_behaviours_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/node/onboarding/onboard", DMS_BEHAVIOUR_REQUIRE, on_onboard, provider, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/onboarding/offboard", DMS_BEHAVIOUR_REQUIRE, on_offboard, provider, NULL);
  dms_actor_add_behaviour (
      root, "/dms/node/onboarding/status", DMS_BEHAVIOUR_REQUIRE, on_status, provider, NULL);
}
