/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <libsoup/soup.h>
#include <string.h>

#include "api/rest/dms-rest-server.h"
#include "dms-fuzz-node.h"

#define PATIENCE (30 * G_TIME_SPAN_MILLISECOND)

static SoupSession *
get_session (void)
{
  static SoupSession *session;

  if (session == NULL)
    session = soup_session_new ();
  return session;
}

/* In front of the node of the moment. */
static DmsRestServer *
get_server (DmsFuzzNode *node)
{
  static DmsRestServer *server;
  static DmsActor *root;
  g_autoptr (GError) error = NULL;

  if (server != NULL && root == dms_fuzz_node_get_root (node))
    return server;
  if (server != NULL)
    dms_rest_server_stop (server);
  g_clear_object (&server);
  g_set_object (&root, dms_fuzz_node_get_root (node));
  server = dms_rest_server_new ("127.0.0.1", 0, dms_fuzz_node_get_registry (node), root);
  dms_rest_server_start (server, &error);
  g_assert_no_error (error);
  return server;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

/* Everything is answered; what asks others only when it has run out, which nobody waits for here. */
static void
post (DmsRestServer *server, const char *route, GBytes *body)
{
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u/api/v1/actor/%s",
                                          dms_rest_server_get_port (server), route);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  g_autoptr (SoupMessage) message = soup_message_new ("POST", uri);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;

  soup_message_set_request_body_from_bytes (message, "application/json", body);
  soup_session_send_and_read_async (get_session (), message, G_PRIORITY_DEFAULT, cancellable, keep_result,
                                    &result);
  while (result == NULL && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  dms_fuzz_node_wait (is_set, &result);
  answer = soup_session_send_and_read_finish (get_session (), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), >=, 200);
  g_assert_cmpuint (soup_message_get_status (message), <, 600);
}

/* The message as the node's owner would send it, soon over: what asks is answered or given up at once. */
static DmsEnvelope *
sign_again (DmsFuzzNode *node, DmsEnvelope *envelope)
{
  DmsKey *owner = dms_fuzz_node_get_owner (node);
  DmsActor *root = dms_fuzz_node_get_root (node);
  DmsHandle *to = dms_actor_get_handle (root);
  g_autoptr (DmsPeerId) host = dms_peer_id_new (dms_handle_get_host (to), NULL);
  const char *inbox = dms_handle_get_inbox (dms_envelope_get_from (envelope));
  g_autoptr (DmsHandle) from = dms_handle_new_for_key (owner, dms_key_get_did (owner), host, inbox);
  g_autoptr (DmsHandle) nobody = dms_handle_new_empty ();

  if (dms_handle_is_empty (dms_envelope_get_to (envelope)))
    to = nobody;
  return dms_envelope_new_signed (owner, to, dms_envelope_get_behaviour (envelope), from,
                                  dms_envelope_make_nonce (), dms_actor_expiry_in (0.05),
                                  dms_envelope_get_reply_behaviour (envelope),
                                  dms_envelope_get_topic (envelope), dms_envelope_get_payload (envelope),
                                  dms_envelope_get_capability (envelope));
}

/* The body of a request to the daemon. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const routes[] = { "send", "invoke", "broadcast" };
  DmsFuzzNode *node = dms_fuzz_node_get ();
  DmsRestServer *server = get_server (node);
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (body, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_autoptr (DmsEnvelope) again = NULL;
      g_autoptr (GBytes) signed_body = NULL;

      post (server, routes[i], body);
      if (envelope == NULL)
        continue;
      again = sign_again (node, envelope);
      signed_body = dms_envelope_to_bytes (again);
      post (server, routes[i], signed_body);
    }
  dms_fuzz_node_settle (node);
  return 0;
}
