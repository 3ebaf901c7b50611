/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "node/dms-logger-behaviours.h"

#include "common/dms-json-object.h"

static void
reply (DmsMessage *message, const char *error)
{
  JsonObject *object = json_object_new ();

  if (error != NULL)
    json_object_set_string_member (object, "error", error);
  json_object_set_boolean_member (object, "OK", error == NULL);
  dms_message_reply_object (message, object);
}

static gboolean
asks_for_remote_sink (JsonObject *request)
{
  const char *members[] = { "url", "api_key", "apm_url" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      const char *text = dms_json_object_get_text (request, members[i]);

      if (text != NULL && *text != '\0')
        return TRUE;
    }

  return dms_json_object_get_flag (request, "elastic_enabled") ||
         dms_json_object_get_whole (request, "interval", 0, G_MAXINT, 0) > 0;
}

static void
on_config (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsLog *log = dms_node_get_log (user_data);
  JsonObject *request = dms_message_get_object (message);
  const char *level = dms_json_object_get_text (request, "level");
  g_autoptr (GError) error = NULL;

  if (request == NULL)
    {
      reply (message, "the payload is not an object");
      return;
    }
  if (asks_for_remote_sink (request))
    {
      reply (message,
             "this release logs to the console and to a file only; set observability.logging.* instead");
      return;
    }
  if (level == NULL || *level == '\0')
    {
      reply (message, "nothing to change: give a level");
      return;
    }
  if (!dms_log_set_level (log, level, &error))
    {
      reply (message, error->message);
      return;
    }

  dms_log_event (G_LOG_LEVEL_INFO,
                 "log_level_changed",
                 "level_now",
                 dms_log_get_level (log),
                 "did",
                 dms_did_get_uri (dms_message_get_sender_did (message)),
                 NULL);
  reply (message, NULL);
}

void
dms_logger_behaviours_install (DmsNode *node)
{
  dms_actor_add_behaviour (
      dms_node_get_root (node), "/dms/node/logger/config", DMS_BEHAVIOUR_REQUIRE, on_config, node, NULL);
}
