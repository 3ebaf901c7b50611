/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <libsoup/soup.h>

#include "dms-test-node.h"

#include "actor/dms-envelope.h"
#include "api/rest/dms-rest-server.h"
#include "common/dms-json-object.h"

#define NETWORK "test-rest"
#define TOPIC "/nunet/hello"

typedef struct {
  DmsTestNode *node;
  DmsTestNode *other;
  DmsRestServer *server;
  SoupSession *session;
  guint called;
} Fixture;

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text ("{\"echo\":true}", -1, NULL);

  ((Fixture *) user_data)->called++;
  g_assert_true (dms_message_reply (message, payload, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->node = dms_test_node_new (NETWORK);
  fixture->other = dms_test_node_new (NETWORK);
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->node), "/dms/echo", 0, on_echo, fixture, NULL);
  dms_actor_add_behaviour (dms_test_node_get_root (fixture->other), "/dms/echo", 0, on_echo, fixture, NULL);
  dms_actor_add_broadcast (dms_test_node_get_root (fixture->node), "/broadcast/hello", TOPIC, on_echo,
                           fixture, NULL);
  dms_actor_add_broadcast (dms_test_node_get_root (fixture->other), "/broadcast/hello", TOPIC, on_echo,
                           fixture, NULL);
  fixture->server = dms_rest_server_new ("127.0.0.1", 0, dms_test_node_get_registry (fixture->node),
                                         dms_test_node_get_root (fixture->node));
  dms_rest_server_start (fixture->server, &error);
  g_assert_no_error (error);
  fixture->session = soup_session_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_rest_server_stop (fixture->server);
  soup_session_abort (fixture->session);
  g_clear_object (&fixture->session);
  dms_test_run (20);
  g_assert_finalize_object (fixture->server);
  dms_test_node_free (fixture->other);
  dms_test_node_free (fixture->node);
}

typedef struct {
  SoupMessage *message;
  guint status;
  char *body;
  char *type;
  gboolean done;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_object (&answer->message);
  g_clear_pointer (&answer->body, g_free);
  g_clear_pointer (&answer->type, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_response (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  answer->done = TRUE;
  answer->status = error == NULL ? soup_message_get_status (answer->message) : 0;
  if (bytes == NULL)
    return;
  answer->body = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  answer->type = g_strdup (soup_message_headers_get_one (soup_message_get_response_headers (answer->message),
                                                         "Content-Type"));
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
begin (Fixture *fixture, Answer *answer, const char *method, const char *path, const char *body)
{
  g_autofree char *uri =
      g_strdup_printf ("http://127.0.0.1:%u%s", dms_rest_server_get_port (fixture->server), path);

  *answer = (Answer){ .message = soup_message_new (method, uri) };
  if (body != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

      soup_message_set_request_body_from_bytes (answer->message, "application/json", bytes);
    }
}

static void
finish (Fixture *fixture, Answer *answer)
{
  soup_session_send_and_read_async (fixture->session, answer->message, G_PRIORITY_DEFAULT, NULL, on_response,
                                    answer);
  dms_test_wait (is_set, &answer->done);
}

static void
assert_json (Answer *answer, guint status, const char *body)
{
  g_assert_cmpuint (answer->status, ==, status);
  g_assert_cmpstr (answer->type, ==, "application/json; charset=utf-8");
  if (body != NULL)
    g_assert_cmpstr (answer->body, ==, body);
}

static void
test_health (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };

  begin (fixture, &answer, "GET", "/health", NULL);
  finish (fixture, &answer);
  assert_json (&answer, 200, "{\"status\":\"ok\"}");
}

static void
test_handle (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = { 0 };
  g_autofree char *expected = dms_handle_to_string (dms_test_node_get_handle (fixture->node));

  begin (fixture, &answer, "GET", "/api/v1/actor/handle", NULL);
  finish (fixture, &answer);
  assert_json (&answer, 200, expected);
}

static void
test_no_node (Fixture *fixture, gconstpointer data)
{
  const char *const posts[] = { "send", "invoke", "broadcast" };
  g_auto (Answer) answer = { 0 };

  dms_rest_server_stop (fixture->server);
  g_object_unref (fixture->server);
  fixture->server = dms_rest_server_new ("127.0.0.1", 0, NULL, NULL);
  g_assert_true (dms_rest_server_start (fixture->server, NULL));
  begin (fixture, &answer, "GET", "/api/v1/actor/handle", NULL);
  finish (fixture, &answer);
  assert_json (&answer, 500, "{\"error\":\"host node hasn't yet been initialized\"}");
  for (gsize i = 0; i < G_N_ELEMENTS (posts); i++)
    {
      g_autofree char *path = g_strconcat ("/api/v1/actor/", posts[i], NULL);
      g_auto (Answer) post = { 0 };

      begin (fixture, &post, "POST", path, "{}");
      finish (fixture, &post);
      assert_json (&post, 500, NULL);
    }
}

static void
test_not_found (Fixture *fixture, gconstpointer data)
{
  const char *const requests[][2] = {
    { "GET", "/" },
    { "GET", "/nothing" },
    { "POST", "/health" },
    { "GET", "/api/v1/actor/send" },
    { "GET", "/health/" },
    { "GET", "/health/x" },
    { "DELETE", "/api/v1/actor/handle" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_auto (Answer) answer = { 0 };

      begin (fixture, &answer, requests[i][0], requests[i][1], NULL);
      finish (fixture, &answer);
      g_assert_cmpuint (answer.status, ==, 404);
      g_assert_cmpstr (answer.type, ==, "text/plain");
      g_assert_cmpstr (answer.body, ==, "404 page not found");
    }
}

/* What a client sends: an envelope of its own key and inbox. */
static char *
make_envelope (Fixture *fixture, DmsTestNode *to, const char *behaviour, const char *topic, double seconds)
{
  DmsKey *key = dms_test_node_get_key (fixture->node);
  DmsHandle *own = dms_test_node_get_handle (fixture->node);
  const char *const capabilities[] = { behaviour, NULL };
  const char *const replies[] = { "/private/user/7", NULL };
  g_autoptr (DmsHandle) from = dms_handle_new (dms_handle_get_id (own), dms_handle_get_did (own),
                                               dms_handle_get_host (own), "user-7");
  g_autoptr (DmsHandle) nobody = dms_handle_new_empty ();
  DmsHandle *target = to != NULL ? dms_test_node_get_handle (to) : nobody;
  DmsCapabilityContext *context = dms_test_node_get_capabilities (fixture->node);
  guint64 expiry_ns = dms_test_expiry_in (seconds);
  g_autoptr (GBytes) payload = g_bytes_new_static ("{}", 2);
  g_autoptr (GBytes) tokens = NULL;
  g_autoptr (DmsEnvelope) envelope = NULL;

  if (topic == NULL)
    tokens =
        dms_capability_context_provide (context, dms_handle_get_id (own), dms_handle_get_id (target),
                                        dms_handle_get_did (target), expiry_ns, capabilities, replies, NULL);
  else
    tokens = dms_capability_context_provide_broadcast (context, dms_handle_get_id (own), topic, expiry_ns,
                                                       capabilities, NULL);
  envelope = dms_envelope_new_signed (key, target, behaviour, from, dms_envelope_make_nonce (), expiry_ns,
                                      "/private/user/7", topic, payload, tokens);
  return dms_envelope_to_string (envelope);
}

static void
assert_echo (const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) reply = dms_envelope_new_from_data (json, strlen (json), &error);
  GBytes *payload;

  g_assert_no_error (error);
  g_assert_cmpstr (dms_envelope_get_behaviour (reply), ==, "/private/user/7");
  g_assert_cmpstr (dms_handle_get_inbox (dms_envelope_get_to (reply)), ==, "user-7");
  g_assert_true (dms_envelope_verify_signature (reply));
  payload = dms_envelope_get_payload (reply);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), "{\"echo\":true}", 13);
}

static void
test_send (Fixture *fixture, gconstpointer data)
{
  g_autofree char *envelope = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 5);
  g_auto (Answer) answer = { 0 };

  begin (fixture, &answer, "POST", "/api/v1/actor/send", envelope);
  finish (fixture, &answer);
  assert_json (&answer, 200, "{\"message\":\"message sent\"}");
  dms_test_run (20);
  g_assert_cmpuint (fixture->called, ==, 1);
}

static void
test_send_fails (Fixture *fixture, gconstpointer data)
{
  g_autofree char *envelope = NULL;
  g_auto (Answer) answer = { 0 };

  envelope = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 5);
  dms_transport_stop_async (dms_test_node_get_transport (fixture->other), NULL, NULL, NULL);
  begin (fixture, &answer, "POST", "/api/v1/actor/send", envelope);
  finish (fixture, &answer);
  assert_json (&answer, 500, NULL);
  g_assert_true (g_str_has_prefix (answer.body, "{\"error\":\"failed to send message to "));
}

static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  const char *const paths[] = { "/api/v1/actor/send", "/api/v1/actor/invoke", "/api/v1/actor/broadcast" };
  const char *const bodies[] = { "", "nonsense", "[]", "{\"to\":", "{\"to\":7}", "{\"nonce\":-1}" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths) * G_N_ELEMENTS (bodies); i++)
    {
      g_auto (Answer) answer = { 0 };

      begin (fixture, &answer, "POST", paths[i % 3], bodies[i / 3]);
      finish (fixture, &answer);
      assert_json (&answer, 400, NULL);
      g_assert_true (g_str_has_prefix (answer.body, "{\"error\":\""));
    }
}

static void
test_invoke (Fixture *fixture, gconstpointer data)
{
  g_autofree char *here = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 5);
  g_autofree char *there = NULL;
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) second = { 0 };

  begin (fixture, &answer, "POST", "/api/v1/actor/invoke", here);
  finish (fixture, &answer);
  assert_json (&answer, 200, NULL);
  assert_echo (answer.body);

  dms_test_node_allow (fixture->other, fixture->node, "/dms");
  there = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 5);
  begin (fixture, &second, "POST", "/api/v1/actor/invoke", there);
  finish (fixture, &second);
  assert_json (&second, 200, NULL);
  assert_echo (second.body);
}

/* Refused is the same as not answered. */
static void
test_invoke_timeout (Fixture *fixture, gconstpointer data)
{
  g_autofree char *refused = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 0.3);
  g_autofree char *expired = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 0);
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) second = { 0 };
  gint64 begun = g_get_monotonic_time ();

  begin (fixture, &answer, "POST", "/api/v1/actor/invoke", refused);
  finish (fixture, &answer);
  assert_json (&answer, 408, "{\"error\":\"request timeout\"}");
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 200000);
  begin (fixture, &second, "POST", "/api/v1/actor/invoke", expired);
  finish (fixture, &second);
  assert_json (&second, 408, "{\"error\":\"request timeout\"}");
  g_assert_cmpuint (fixture->called, ==, 0);
}

static void
test_invoke_unreachable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *envelope = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 5);
  g_auto (Answer) answer = { 0 };

  dms_transport_stop_async (dms_test_node_get_transport (fixture->other), NULL, NULL, NULL);
  begin (fixture, &answer, "POST", "/api/v1/actor/invoke", envelope);
  finish (fixture, &answer);
  assert_json (&answer, 500, NULL);
}

static void
test_invoke_busy_inbox (Fixture *fixture, gconstpointer data)
{
  g_autofree char *waiting = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 2);
  g_autofree char *envelope = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 5);
  g_auto (Answer) first = { 0 };
  g_auto (Answer) second = { 0 };

  begin (fixture, &first, "POST", "/api/v1/actor/invoke", waiting);
  soup_session_send_and_read_async (fixture->session, first.message, G_PRIORITY_DEFAULT, NULL, on_response,
                                    &first);
  dms_test_run (100);
  begin (fixture, &second, "POST", "/api/v1/actor/invoke", envelope);
  finish (fixture, &second);
  assert_json (&second, 500, NULL);
  dms_test_wait (is_set, &first.done);
  assert_json (&first, 408, NULL);
}

static void
test_broadcast (Fixture *fixture, gconstpointer data)
{
  g_autofree char *envelope = make_envelope (fixture, NULL, "/broadcast/hello", TOPIC, 0.4);
  g_autofree char *silent = make_envelope (fixture, NULL, "/broadcast/other", TOPIC, 0.2);
  g_autofree char *direct = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 5);
  g_autofree char *inner = NULL;
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) none = { 0 };
  g_auto (Answer) wrong = { 0 };

  begin (fixture, &answer, "POST", "/api/v1/actor/broadcast", envelope);
  finish (fixture, &answer);
  /* The other node was not allowed to hear it. */
  assert_json (&answer, 200, NULL);
  g_assert_true (g_str_has_prefix (answer.body, "[{") && g_str_has_suffix (answer.body, "}]"));
  inner = g_strndup (answer.body + 1, strlen (answer.body) - 2);
  assert_echo (inner);
  g_assert_cmpuint (fixture->called, ==, 1);

  begin (fixture, &none, "POST", "/api/v1/actor/broadcast", silent);
  finish (fixture, &none);
  assert_json (&none, 200, "null");
  begin (fixture, &wrong, "POST", "/api/v1/actor/broadcast", direct);
  finish (fixture, &wrong);
  assert_json (&wrong, 400, "{\"error\":\"message is not a broadcast message\"}");
}

static void
test_broadcast_two (Fixture *fixture, gconstpointer data)
{
  g_autofree char *envelope = NULL;
  g_autoptr (JsonNode) array = NULL;
  g_auto (Answer) answer = { 0 };

  dms_test_node_allow_broadcast (fixture->other, fixture->node, "/broadcast", "/nunet");
  envelope = make_envelope (fixture, NULL, "/broadcast/hello", TOPIC, 0.4);
  begin (fixture, &answer, "POST", "/api/v1/actor/broadcast", envelope);
  finish (fixture, &answer);
  assert_json (&answer, 200, NULL);
  array = dms_json_node_from_text (answer.body, -1, NULL);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (array));
  g_assert_cmpuint (json_array_get_length (json_node_get_array (array)), ==, 2);
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autofree char *body = g_strnfill (1024 * 1024 + 1, ' ');
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) after = { 0 };

  begin (fixture, &answer, "POST", "/api/v1/actor/send", body);
  finish (fixture, &answer);
  assert_json (&answer, 413, "{\"error\":\"the message is larger than 1 MiB\"}");
  begin (fixture, &after, "GET", "/health", NULL);
  finish (fixture, &after);
  assert_json (&after, 200, NULL);
}

/* A body without a length that never ends. */
static void
test_endless (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *chunk = g_strnfill (65536, 'x');
  const char *head = "POST /api/v1/actor/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  GPollableOutputStream *output;
  gsize sent = 0;
  gboolean cut = FALSE;

  connection = g_socket_client_connect_to_host (client, "127.0.0.1",
                                                dms_rest_server_get_port (fixture->server), NULL, NULL);
  g_assert_nonnull (connection);
  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (connection)));
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, head, strlen (head), NULL, NULL), ==,
                   strlen (head));
  for (gint64 end = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND; !cut && g_get_monotonic_time () < end;)
    {
      g_autofree char *framed = g_strdup_printf ("10000\r\n%s\r\n", chunk);
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_output_stream_write_nonblocking (output, framed, strlen (framed), NULL, &error);

      if (n > 0)
        {
          sent += (gsize) n;
          g_assert_cmpint (n, <=, (gssize) strlen (framed));
          while (n < (gssize) strlen (framed) && g_get_monotonic_time () < end && !cut)
            {
              gssize more;

              g_clear_error (&error);
              dms_test_run (1);
              more = g_pollable_output_stream_write_nonblocking (output, framed + n,
                                                                 strlen (framed) - (gsize) n, NULL, &error);
              if (more > 0)
                n += more;
              else
                cut = !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
            }
        }
      else
        cut = !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      dms_test_run (1);
    }
  g_assert_true (cut);
  g_assert_cmpuint (sent, <, 32 * 1024 * 1024);
}

static void
test_cors (Fixture *fixture, gconstpointer data)
{
  SoupMessageHeaders *headers;
  g_auto (Answer) allowed = { 0 };
  g_auto (Answer) preflight = { 0 };
  g_auto (Answer) foreign = { 0 };

  begin (fixture, &allowed, "GET", "/health", NULL);
  soup_message_headers_append (soup_message_get_request_headers (allowed.message), "Origin",
                               "http://localhost:9991");
  finish (fixture, &allowed);
  headers = soup_message_get_response_headers (allowed.message);
  assert_json (&allowed, 200, NULL);
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Access-Control-Allow-Origin"), ==,
                   "http://localhost:9991");
  g_assert_null (soup_message_headers_get_one (headers, "Access-Control-Allow-Credentials"));

  begin (fixture, &preflight, "OPTIONS", "/api/v1/actor/invoke", NULL);
  soup_message_headers_append (soup_message_get_request_headers (preflight.message), "Origin",
                               "http://localhost:9992");
  finish (fixture, &preflight);
  headers = soup_message_get_response_headers (preflight.message);
  g_assert_cmpuint (preflight.status, ==, 204);
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Access-Control-Allow-Methods"), ==,
                   "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS");
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Access-Control-Max-Age"), ==, "43200");

  begin (fixture, &foreign, "GET", "/health", NULL);
  soup_message_headers_append (soup_message_get_request_headers (foreign.message), "Origin",
                               "http://evil.example");
  finish (fixture, &foreign);
  g_assert_cmpuint (foreign.status, ==, 403);
  g_assert_null (soup_message_headers_get_one (soup_message_get_response_headers (foreign.message),
                                               "Access-Control-Allow-Origin"));
}

static void
test_port_taken (Fixture *fixture, gconstpointer data)
{
  guint16 port = dms_rest_server_get_port (fixture->server);
  g_autoptr (DmsRestServer) second = dms_rest_server_new ("127.0.0.1", port, NULL, NULL);
  g_autoptr (DmsRestServer) nonsense = dms_rest_server_new ("not an address", 0, NULL, NULL);
  g_autofree char *expected =
      g_strdup_printf ("cannot listen on 127.0.0.1 port %u: another program uses it; stop that "
                       "one or set rest.port",
                       port);
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_rest_server_start (second, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_assert_cmpstr (error->message, ==, expected);
  g_clear_error (&error);
  g_assert_false (dms_rest_server_start (nonsense, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

/* Nobody may use up what the daemon can open. */
static void
test_many_connections (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_auto (Answer) answer = { 0 };
  guint closed = 0;

  for (guint i = 0; i < 300; i++)
    {
      GSocketConnection *connection = g_socket_client_connect_to_host (
          client, "127.0.0.1", dms_rest_server_get_port (fixture->server), NULL, NULL);

      g_assert_nonnull (connection);
      g_ptr_array_add (connections, connection);
      dms_test_run (1);
    }
  dms_test_run (50);
  for (guint i = 0; i < connections->len; i++)
    {
      GInputStream *input = g_io_stream_get_input_stream (g_ptr_array_index (connections, i));
      char byte;

      if (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), &byte, 1, NULL, NULL)
          == 0)
        closed++;
    }
  g_assert_cmpuint (closed, ==, 300 - 256);
  g_ptr_array_set_size (connections, 0);
  dms_test_run (50);
  begin (fixture, &answer, "GET", "/health", NULL);
  finish (fixture, &answer);
  assert_json (&answer, 200, NULL);
}

static void
begin_waiting (Fixture *fixture, Answer *answer, GCancellable *cancellable)
{
  g_autofree char *envelope = make_envelope (fixture, fixture->other, "/dms/echo", NULL, 20);

  begin (fixture, answer, "POST", "/api/v1/actor/invoke", envelope);
  soup_session_send_and_read_async (fixture->session, answer->message, G_PRIORITY_DEFAULT, cancellable,
                                    on_response, answer);
  dms_test_run (100);
}

static void
assert_inbox_free (Fixture *fixture)
{
  g_autofree char *envelope = make_envelope (fixture, fixture->node, "/dms/echo", NULL, 5);
  g_auto (Answer) answer = { 0 };

  begin (fixture, &answer, "POST", "/api/v1/actor/invoke", envelope);
  finish (fixture, &answer);
  assert_json (&answer, 200, NULL);
}

/* A client that goes away gives its inbox free. */
static void
test_client_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) gone = { 0 };

  begin_waiting (fixture, &gone, cancellable);
  g_cancellable_cancel (cancellable);
  dms_test_wait (is_set, &gone.done);
  dms_test_run (50);
  assert_inbox_free (fixture);
}

static void
test_stop_while_waiting (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) stopped = { 0 };

  begin_waiting (fixture, &stopped, NULL);
  dms_rest_server_stop (fixture->server);
  dms_test_wait (is_set, &stopped.done);
  g_assert_cmpuint (stopped.status, !=, 200);
  g_assert_true (dms_rest_server_start (fixture->server, NULL));
  assert_inbox_free (fixture);
}

static void
test_node_stops_while_waiting (Fixture *fixture, gconstpointer data)
{
  g_auto (Answer) stopped = { 0 };

  begin_waiting (fixture, &stopped, NULL);
  dms_actor_registry_stop (dms_test_node_get_registry (fixture->node));
  dms_test_wait (is_set, &stopped.done);
  assert_json (&stopped, 500, "{\"error\":\"the node is stopping\"}");
}

static void
add (const char *path, void (*func) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/rest/health", test_health);
  add ("/rest/handle", test_handle);
  add ("/rest/no-node", test_no_node);
  add ("/rest/not-found", test_not_found);
  add ("/rest/send", test_send);
  add ("/rest/send-fails", test_send_fails);
  add ("/rest/malformed", test_malformed);
  add ("/rest/invoke", test_invoke);
  add ("/rest/invoke-timeout", test_invoke_timeout);
  add ("/rest/invoke-unreachable", test_invoke_unreachable);
  add ("/rest/invoke-busy-inbox", test_invoke_busy_inbox);
  add ("/rest/broadcast", test_broadcast);
  add ("/rest/broadcast-two", test_broadcast_two);
  add ("/rest/too-large", test_too_large);
  add ("/rest/endless", test_endless);
  add ("/rest/cors", test_cors);
  add ("/rest/port-taken", test_port_taken);
  add ("/rest/many-connections", test_many_connections);
  add ("/rest/client-gone", test_client_gone);
  add ("/rest/stop-while-waiting", test_stop_while_waiting);
  add ("/rest/node-stops-while-waiting", test_node_stops_while_waiting);
  return g_test_run ();
}
