/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-send.h"

#include "api/rest/dms-rest-response.h"

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SoupServerMessage) message = user_data;
  g_autoptr (GError) error = NULL;

  if (dms_actor_registry_send_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    dms_rest_respond_json (message, SOUP_STATUS_OK, "{\"message\":\"message sent\"}");
  else
    dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, error->message);
  dms_rest_resume (message);
}

void
dms_rest_send_handle (DmsRestServer *server, SoupServerMessage *message)
{
  DmsActorRegistry *registry = dms_rest_server_get_registry (server);
  g_autoptr (DmsEnvelope) envelope = NULL;

  if (registry == NULL)
    {
      dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR,
                              "host node hasn't yet been initialized");
      return;
    }
  envelope = dms_rest_read_envelope (message);
  if (envelope == NULL)
    return;
  soup_server_message_pause (message);
  dms_actor_registry_send_async (registry, envelope, dms_rest_server_get_cancellable (server), on_sent,
                                 g_object_ref (message));
}
