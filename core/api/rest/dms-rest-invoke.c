/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-invoke.h"

#include "api/rest/dms-rest-response.h"
#include "api/rest/dms-rest-wait.h"

static void
answer (SoupServerMessage *message, GPtrArray *messages)
{
  if (messages->len > 0)
    dms_rest_respond_bytes (message, SOUP_STATUS_OK, g_ptr_array_index (messages, 0));
  else
    dms_rest_respond_error (message, SOUP_STATUS_REQUEST_TIMEOUT, "request timeout");
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsRestWait) wait = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_actor_registry_send_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    dms_rest_wait_fail (wait, error->message);
}

void
dms_rest_invoke_handle (DmsRestServer *server, SoupServerMessage *message)
{
  DmsActorRegistry *registry = dms_rest_server_get_registry (server);
  g_autoptr (DmsEnvelope) envelope = NULL;
  g_autoptr (DmsRestWait) wait = NULL;

  if (registry == NULL)
    {
      dms_rest_respond_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR,
                              "host node hasn't yet been initialized");
      return;
    }
  envelope = dms_rest_read_envelope (message);
  if (envelope == NULL)
    return;
  wait = dms_rest_wait_begin (server, message, envelope, 1, answer);
  if (wait == NULL)
    return;
  dms_actor_registry_send_async (registry, envelope, dms_rest_server_get_cancellable (server), on_sent,
                                 g_steal_pointer (&wait));
}
