/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "api/rest/dms-rest-broadcast.h"

#include "api/rest/dms-rest-response.h"
#include "api/rest/dms-rest-wait.h"

static void
append_bytes (GByteArray *array, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_byte_array_append (array, data, (guint) size);
}

/* The messages as they came, in an array. */
static void
answer (SoupServerMessage *message, GPtrArray *messages)
{
  GByteArray *array = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (messages->len == 0)
    {
      dms_rest_respond_json (message, SOUP_STATUS_OK, "null");
      return;
    }
  array = g_byte_array_new ();
  for (guint i = 0; i < messages->len; i++)
    {
      g_byte_array_append (array, (const guint8 *) (i == 0 ? "[" : ","), 1);
      append_bytes (array, g_ptr_array_index (messages, i));
    }
  g_byte_array_append (array, (const guint8 *) "]", 1);
  bytes = g_byte_array_free_to_bytes (array);
  dms_rest_respond_bytes (message, SOUP_STATUS_OK, bytes);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsRestWait) wait = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_actor_registry_publish_finish (DMS_ACTOR_REGISTRY (source), result, &error))
    dms_rest_wait_fail (wait, "failed to publish message");
}

void
dms_rest_broadcast_handle (DmsRestServer *server, SoupServerMessage *message)
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
  if (!dms_envelope_is_broadcast (envelope))
    {
      dms_rest_respond_error (message, SOUP_STATUS_BAD_REQUEST, "message is not a broadcast message");
      return;
    }
  wait = dms_rest_wait_begin (server, message, envelope, 0, answer);
  if (wait == NULL)
    return;
  dms_actor_registry_publish_async (registry, envelope, dms_rest_server_get_cancellable (server),
                                    on_published, g_steal_pointer (&wait));
}
