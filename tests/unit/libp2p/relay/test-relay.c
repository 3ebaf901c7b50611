/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "io/dms-p2p-frame.h"
#include "relay/dms-p2p-relay-ask.h"
#include "relay/dms-p2p-relay-message.h"
#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-swarm-private.h"
#include "tcp/dms-p2p-upgrader.h"
#include "tcp/dms-p2p-upgrader.h"

#define TCP    "/ip4/127.0.0.1/tcp/0"
#define QUIC   "/ip4/127.0.0.1/udp/0/quic-v1"
#define PUBLIC "{\"reachability\": \"public\"}"

/* Only what comes over a relay. */
static gboolean
refuse_direct (DmsMultiaddr *remote, gpointer user_data)
{
  return dms_p2p_address_is_relayed (remote);
}

static DmsTestHost *
hidden_host_new (const char *listen)
{
  DmsTestHost *self = dms_test_host_new (listen);

  dms_p2p_swarm_set_policy (self->stack->swarm, refuse_direct, NULL);
  return self;
}

static gboolean
reserve (DmsTestHost *self, DmsTestHost *relay, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_relay_client_reserve_async (
      self->stack->nat->relay_client, relay->id, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_p2p_relay_client_reserve_finish (self->stack->nat->relay_client, result, error);
}

static DmsMultiaddr *
circuit_address (DmsTestHost *relay, DmsTestHost *to)
{
  g_autoptr (DmsMultiaddr) circuit = dms_multiaddr_append (relay->address, "/p2p-circuit", NULL);

  return dms_multiaddr_append_peer_id (circuit, to->id);
}

static DmsP2pConnection *
dial_at (DmsTestHost *self, DmsPeerId *peer, DmsMultiaddr *address, GError **error)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  g_ptr_array_add (addresses, address);
  dms_p2p_swarm_connect_async (
      self->stack->swarm, peer, addresses, TRUE, NULL, NULL, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_p2p_swarm_connect_finish (self->stack->swarm, result, error);
}

static void
keep_stream (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  g_ptr_array_add (user_data, g_object_ref (stream));
}

/* The answer on a pipe; NULL when it was reset or closed instead. */
static DmsP2pRelayMessage *
read_answer (DmsP2pPipe *pipe, DmsP2pRelayKind kind)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  DmsP2pRelayMessage *message = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_frame_read_async (pipe, DMS_P2P_RELAY_MAX_MESSAGE, 0, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  bytes = dms_p2p_frame_read_finish (result, NULL);
  if (bytes == NULL)
    return NULL;
  message =
      dms_p2p_relay_message_decode (kind, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  g_assert_nonnull (message);
  return message;
}

/* Sends these bytes to who speaks @protocol; the status, or 0 when it hung up instead. */
static guint
ask_bytes (DmsTestHost *self, DmsTestHost *other, DmsP2pRelayKind kind, GBytes *bytes)
{
  const char *protocol = kind == DMS_P2P_RELAY_HOP ? DMS_P2P_RELAY_HOP_PROTOCOL : DMS_P2P_RELAY_STOP_PROTOCOL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_test_host_open (self, other, protocol, &error);
  g_autoptr (DmsP2pRelayMessage) answer = NULL;

  g_assert_no_error (error);
  dms_test_pipe_write (
      dms_p2p_stream_get_pipe (stream), g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  answer = read_answer (dms_p2p_stream_get_pipe (stream), kind);
  return answer != NULL ? answer->status : 0;
}

static guint
ask (DmsTestHost *self, DmsTestHost *other, DmsP2pRelayKind kind, DmsP2pRelayType type, DmsPeerId *peer)
{
  g_autoptr (DmsP2pRelayMessage) question = dms_p2p_relay_message_new (type);
  g_autoptr (GBytes) bytes = NULL;

  question->peer = peer != NULL ? dms_peer_id_ref (peer) : NULL;
  question->status = type == DMS_P2P_RELAY_STATUS ? DMS_P2P_RELAY_OK : 0;
  bytes = dms_p2p_relay_message_encode (question, kind);
  return ask_bytes (self, other, kind, bytes);
}

static void
wait_no_circuits (DmsTestHost *relay)
{
  for (guint i = 0; i < 500 && dms_p2p_relay_service_get_n_circuits (relay->stack->nat->relay_service) > 0;
       i++)
    dms_test_spin (20);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_circuits (relay->stack->nat->relay_service), ==, 0);
}

/* A relay, somebody hidden with a place there, and a visitor. */
typedef struct
{
  DmsTestHost *relay;
  DmsTestHost *hidden;
  DmsTestHost *visitor;
  DmsP2pConnection *to_relay;
  DmsMultiaddr *address;
} Scene;

static void
scene_free (Scene *self)
{
  g_clear_object (&self->to_relay);
  dms_multiaddr_unref (self->address);
  dms_test_host_free (self->visitor);
  dms_test_host_free (self->hidden);
  dms_test_host_free (self->relay);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free)

static Scene *
scene_new (const char *listen, const char *params)
{
  Scene *self = g_new0 (Scene, 1);
  g_autoptr (GError) error = NULL;

  self->relay = dms_test_host_new_with (listen, params);
  self->hidden = hidden_host_new (listen);
  self->visitor = dms_test_host_new (listen);
  self->to_relay = dms_test_host_connect (self->hidden, self->relay);
  self->address = circuit_address (self->relay, self->hidden);
  g_assert_true (reserve (self->hidden, self->relay, &error));
  g_assert_no_error (error);
  return self;
}

static void
test_connect (gconstpointer listen)
{
  g_autoptr (DmsTestHost) relay = dms_test_host_new_with (listen, PUBLIC);
  g_autoptr (DmsTestHost) hidden = hidden_host_new (listen);
  g_autoptr (DmsTestHost) visitor = dms_test_host_new (listen);
  g_autoptr (DmsP2pConnection) to_relay = dms_test_host_connect (hidden, relay);
  g_autoptr (DmsMultiaddr) address = circuit_address (relay, hidden);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) listening = NULL;
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GError) error = NULL;
  guint8 block[10000];

  /* Not before there is a reservation. */
  connection = dial_at (visitor, hidden->id, address, &error);
  g_assert_null (connection);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (reserve (hidden, relay, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_reservations (relay->stack->nat->relay_service), ==, 1);
  listening = dms_p2p_swarm_dup_listen_addresses (hidden->stack->swarm);
  g_assert_cmpuint (listening->len, ==, 2);
  g_assert_true (dms_p2p_address_is_relayed (listening->pdata[1]));

  dms_p2p_host_set_handler (hidden->stack->host, "/test/1", keep_stream, streams, NULL);
  connection = dial_at (visitor, hidden->id, listening->pdata[1], &error);
  g_assert_no_error (error);
  g_assert_true (dms_p2p_connection_is_limited (connection));
  g_assert_true (dms_peer_id_equal (dms_p2p_connection_get_peer_id (connection), hidden->id));
  g_assert_cmpuint (dms_p2p_relay_service_get_n_circuits (relay->stack->nat->relay_service), ==, 1);

  stream = dms_test_host_open (visitor, hidden, "/test/1", &error);
  g_assert_no_error (error);
  dms_test_until_n (streams, 1);
  randombytes_buf (block, sizeof block);
  dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), block, sizeof block);
  heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (streams->pdata[0]), sizeof block, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (heard->data, heard->len, block, sizeof block);

  dms_p2p_connection_close (connection);
  wait_no_circuits (relay);
  /* The reservation is gone with who had it. */
  dms_p2p_connection_close (to_relay);
  for (guint i = 0;
       i < 100 && dms_p2p_relay_service_get_n_reservations (relay->stack->nat->relay_service) > 0;
       i++)
    dms_test_spin (20);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_reservations (relay->stack->nat->relay_service), ==, 0);
  g_assert_cmpuint (dms_p2p_relay_client_get_n (hidden->stack->nat->relay_client), ==, 0);
}

/* More than a circuit may carry: both ends lose the connection. */
static void
test_data_limit (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, "{\"reachability\": \"public\", \"relay_circuit_kib\": 64}");
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *block = g_malloc0 (100 * 1024);

  dms_p2p_host_set_handler (scene->hidden->stack->host, "/test/1", keep_stream, streams, NULL);
  connection = dial_at (scene->visitor, scene->hidden->id, scene->address, &error);
  g_assert_no_error (error);
  stream = dms_test_host_open (scene->visitor, scene->hidden, "/test/1", &error);
  g_assert_no_error (error);
  dms_test_until_n (streams, 1);
  dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), block, 100 * 1024);
  heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (streams->pdata[0]), 100 * 1024, &error);
  g_assert_null (heard);
  g_assert_nonnull (error);
  wait_no_circuits (scene->relay);
  for (guint i = 0; i < 200 && dms_p2p_connection_is_open (connection); i++)
    dms_test_spin (10);
  g_assert_false (dms_p2p_connection_is_open (connection));
}

/* A circuit that nobody ends is ended. */
/* A relay that ends what it relays takes no message with it: more of them than it lets through arrive. */
static void
test_messages_beyond_limit (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, "{\"reachability\": \"public\", \"relay_circuit_kib\": 64}");
  g_autoptr (GHashTable) arrived = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pConnection) first = dial_at (scene->visitor, scene->hidden->id, scene->address, &error);
  guint n = 24;

  g_assert_no_error (error);
  g_assert_true (dms_p2p_connection_is_limited (first));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strnfill (12 * 1024, (char) ('A' + i));
      g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
      g_autoptr (GAsyncResult) result = NULL;
      DmsTestResult done = { 0 };

      dms_p2p_messenger_send_async (
          scene->visitor->stack->messenger, scene->hidden->id, "root", bytes, NULL, dms_test_on_done, &done);
      result = dms_test_await (&done);
      dms_p2p_messenger_send_finish (scene->visitor->stack->messenger, result, &error);
      g_assert_no_error (error);
    }
  g_assert_false (dms_p2p_connection_is_open (first));
  for (guint i = 0; i < scene->hidden->messages->len; i++)
    g_hash_table_add (arrived, scene->hidden->messages->pdata[i]);
  g_assert_cmpuint (g_hash_table_size (arrived), ==, n);
}

static void
test_time_limit (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, "{\"reachability\": \"public\", \"relay_circuit_s\": 1}");
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  gint64 began_us = g_get_monotonic_time ();

  connection = dial_at (scene->visitor, scene->hidden->id, scene->address, &error);
  g_assert_no_error (error);
  wait_no_circuits (scene->relay);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, G_USEC_PER_SEC / 2);
  for (guint i = 0; i < 200 && dms_p2p_connection_is_open (connection); i++)
    dms_test_spin (10);
  g_assert_false (dms_p2p_connection_is_open (connection));
}

/* What makes no sense gets its status; what is too large or cut off gets nothing. */
static void
test_hostile_questions (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, PUBLIC);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (scene->visitor, scene->relay);
  static const guint8 large[] = { 0x81, 0x20, 0x08, 0x00 };
  static const guint8 garbage[] = { 3, 0xff, 0xff, 0xff };
  static const guint8 nothing[] = { 0 };
  g_autoptr (GBytes) large_bytes = g_bytes_new_static (large, sizeof large);
  g_autoptr (GBytes) garbage_bytes = g_bytes_new_static (garbage, sizeof garbage);
  g_autoptr (GBytes) no_bytes = g_bytes_new_static (nothing, sizeof nothing);
  DmsTestHost *relay = scene->relay;
  DmsTestHost *visitor = scene->visitor;

  g_assert_cmpuint (ask_bytes (visitor, relay, DMS_P2P_RELAY_HOP, large_bytes), ==, 0);
  g_assert_cmpuint (
      ask_bytes (visitor, relay, DMS_P2P_RELAY_HOP, garbage_bytes), ==, DMS_P2P_RELAY_MALFORMED_MESSAGE);
  g_assert_cmpuint (
      ask_bytes (visitor, relay, DMS_P2P_RELAY_HOP, no_bytes), ==, DMS_P2P_RELAY_MALFORMED_MESSAGE);
  g_assert_cmpuint (ask (visitor, relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, NULL),
                    ==,
                    DMS_P2P_RELAY_MALFORMED_MESSAGE);
  g_assert_cmpuint (ask (visitor, relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, visitor->id),
                    ==,
                    DMS_P2P_RELAY_MALFORMED_MESSAGE);
  g_assert_cmpuint (ask (visitor, relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, relay->id),
                    ==,
                    DMS_P2P_RELAY_NO_RESERVATION);
  g_assert_cmpuint (ask (visitor, relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_STATUS, NULL),
                    ==,
                    DMS_P2P_RELAY_UNEXPECTED_MESSAGE);
  /* Who has no reservation with the visitor cannot bring it connections. */
  g_assert_cmpuint (ask (relay, visitor, DMS_P2P_RELAY_STOP, DMS_P2P_RELAY_CONNECT, scene->hidden->id),
                    ==,
                    DMS_P2P_RELAY_PERMISSION_DENIED);
  g_assert_cmpuint (ask (relay, visitor, DMS_P2P_RELAY_STOP, DMS_P2P_RELAY_STATUS, NULL),
                    ==,
                    DMS_P2P_RELAY_UNEXPECTED_MESSAGE);
  g_assert_cmpuint (
      ask_bytes (relay, visitor, DMS_P2P_RELAY_STOP, garbage_bytes), ==, DMS_P2P_RELAY_MALFORMED_MESSAGE);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_circuits (relay->stack->nat->relay_service), ==, 0);
}

/* Who comes over a relay gets no place from whom it reaches so, which relays, too. */
static void
test_no_chains (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, PUBLIC);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pRelayPolicy policy;
  g_autoptr (DmsP2pRelayService) inner = NULL;

  dms_p2p_relay_policy_init (&policy);
  inner = dms_p2p_relay_service_new (scene->hidden->stack->host, &policy);
  connection = dial_at (scene->visitor, scene->hidden->id, scene->address, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ask (scene->visitor, scene->hidden, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_RESERVE, NULL),
                    ==,
                    DMS_P2P_RELAY_PERMISSION_DENIED);
  g_assert_cmpuint (
      ask (scene->visitor, scene->hidden, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, scene->relay->id),
      ==,
      DMS_P2P_RELAY_PERMISSION_DENIED);
  g_assert_false (reserve (scene->visitor, scene->hidden, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  dms_p2p_host_close (scene->hidden->stack->host);
}

/* Nine from one IP. */
static void
test_reservation_flood (void)
{
  g_autoptr (DmsTestHost) relay = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_test_host_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 9; i++)
    {
      DmsTestHost *host = dms_test_host_new (TCP);
      g_autoptr (DmsP2pConnection) connection = dms_test_host_dial (host, relay);

      g_ptr_array_add (hosts, host);
      if (i < 8)
        {
          g_assert_true (reserve (host, relay, &error));
          g_assert_no_error (error);
          /* The same one again is no other one. */
          g_assert_true (reserve (host, relay, &error));
        }
      else
        {
          g_assert_false (reserve (host, relay, &error));
          g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
        }
    }
  g_assert_cmpuint (dms_p2p_relay_service_get_n_reservations (relay->stack->nat->relay_service), ==, 8);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_refused (relay->stack->nat->relay_service), ==, 1);
}

/* Questions that are begun and never finished take up no more than their bound. */
static void
test_question_flood (void)
{
  g_autoptr (DmsTestHost) relay = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (DmsTestHost) attacker = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (attacker, relay);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 30; i++)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pStream *stream = dms_test_host_open (attacker, relay, DMS_P2P_RELAY_HOP_PROTOCOL, &error);

      g_assert_no_error (error);
      g_ptr_array_add (streams, stream);
    }
  dms_test_spin (100);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_refused (relay->stack->nat->relay_service), ==, 22);
}

/* One visitor may have sixteen; the seventeenth is refused, also to somebody else. The ends are not told of
 * each other's. */
static void
test_circuit_flood (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, PUBLIC);
  g_autoptr (DmsTestHost) other = hidden_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (scene->visitor, scene->relay);
  g_autoptr (DmsP2pConnection) others_connection = dms_test_host_connect (other, scene->relay);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DmsP2pRelayMessage) question = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  g_autoptr (GBytes) bytes = NULL;

  question->peer = dms_peer_id_ref (scene->hidden->id);
  bytes = dms_p2p_relay_message_encode (question, DMS_P2P_RELAY_HOP);
  for (guint i = 0; i < 17; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pRelayMessage) answer = NULL;
      DmsP2pStream *stream =
          dms_test_host_open (scene->visitor, scene->relay, DMS_P2P_RELAY_HOP_PROTOCOL, &error);

      g_assert_no_error (error);
      g_ptr_array_add (streams, stream);
      dms_test_pipe_write (
          dms_p2p_stream_get_pipe (stream), g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      answer = read_answer (dms_p2p_stream_get_pipe (stream), DMS_P2P_RELAY_HOP);
      g_assert_nonnull (answer);
      g_assert_cmpuint (
          answer->status, ==, i < 16 ? DMS_P2P_RELAY_OK : DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED);
      if (i == 0)
        {
          g_assert_true (answer->has_limit);
          g_assert_cmpuint (answer->limit_s, ==, 300);
          g_assert_cmpuint (answer->limit_bytes, ==, 2 * 1024 * 1024);
        }
    }
  g_assert_cmpuint (dms_p2p_relay_service_get_n_circuits (scene->relay->stack->nat->relay_service), ==, 16);
  g_assert_true (reserve (other, scene->relay, NULL));
  g_assert_cmpuint (ask (scene->visitor, scene->relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, other->id),
                    ==,
                    DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED);
  g_assert_cmpuint (ask (other, scene->relay, DMS_P2P_RELAY_HOP, DMS_P2P_RELAY_CONNECT, scene->hidden->id),
                    ==,
                    DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED);
  g_ptr_array_set_size (streams, 0);
  wait_no_circuits (scene->relay);
}

/* A relay that takes no connections and answers every question with these bytes. */
typedef struct
{
  GBytes *bytes;
  GPtrArray *streams;
} Liar;

static void
lie (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  Liar *liar = user_data;

  g_ptr_array_add (liar->streams, g_object_ref (stream));
  dms_test_pipe_write (
      dms_p2p_stream_get_pipe (stream), g_bytes_get_data (liar->bytes, NULL), g_bytes_get_size (liar->bytes));
}

static gboolean
reserve_with_liar (const DmsP2pRelayMessage *answer, GError **error)
{
  g_autoptr (DmsTestHost) relay = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, relay);
  g_autoptr (GBytes) bytes = dms_p2p_relay_message_encode (answer, DMS_P2P_RELAY_HOP);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  Liar liar = { bytes, streams };
  gboolean done = FALSE;

  dms_p2p_host_set_handler (relay->stack->host, DMS_P2P_RELAY_HOP_PROTOCOL, lie, &liar, NULL);
  done = reserve (host, relay, error);
  g_assert_cmpuint (dms_p2p_relay_client_get_n (host->stack->nat->relay_client), ==, done ? 1 : 0);
  return done;
}

static void
test_lying_relay (void)
{
  g_autoptr (DmsP2pRelayMessage) answer = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  g_autoptr (GError) error = NULL;

  answer->status = DMS_P2P_RELAY_OK;
  g_assert_false (reserve_with_liar (answer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  answer->has_reservation = TRUE;
  answer->expire_s = 1000;
  g_assert_false (reserve_with_liar (answer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_EXPIRED);
  g_clear_error (&error);
  answer->expire_s = G_MAXUINT64;
  g_assert_true (reserve_with_liar (answer, &error));
  g_assert_no_error (error);
  answer->voucher = g_bytes_new_static ("voucher", 7);
  g_assert_false (reserve_with_liar (answer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  answer->status = DMS_P2P_RELAY_PERMISSION_DENIED;
  g_assert_false (reserve_with_liar (answer, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
}

/* A relay names somebody, and who comes proves to be that one, or somebody else. */
static void
test_impostor (gconstpointer data)
{
  gboolean is_named = GPOINTER_TO_INT (data);
  g_autoptr (Scene) scene = scene_new (TCP, PUBLIC);
  g_autoptr (DmsP2pIdentity) comer = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  DmsPeerId *named = dms_p2p_identity_get_peer_id (is_named ? comer : other);
  g_autoptr (DmsP2pUpgrader) upgrader = dms_p2p_upgrader_new (comer, NULL, NULL);
  g_autoptr (DmsP2pRelayMessage) question = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  g_autoptr (DmsP2pRelayMessage) answer = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsP2pUpgraded) upgraded = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pSwarm *swarm = scene->hidden->stack->swarm;
  DmsTestResult done = { 0 };

  question->peer = dms_peer_id_ref (named);
  bytes = dms_p2p_relay_message_encode (question, DMS_P2P_RELAY_STOP);
  stream = dms_test_host_open (scene->relay, scene->hidden, DMS_P2P_RELAY_STOP_PROTOCOL, &error);
  g_assert_no_error (error);
  dms_test_pipe_write (
      dms_p2p_stream_get_pipe (stream), g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  answer = read_answer (dms_p2p_stream_get_pipe (stream), DMS_P2P_RELAY_STOP);
  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->status, ==, DMS_P2P_RELAY_OK);
  dms_p2p_upgrader_dial_async (
      upgrader, dms_p2p_stream_get_pipe (stream), 0, NULL, NULL, NULL, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  upgraded = dms_p2p_upgrader_finish (result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < (is_named ? 300 : 20) && dms_p2p_swarm_find (swarm, named) == NULL; i++)
    dms_test_spin (10);
  g_assert_cmpint (dms_p2p_swarm_find (swarm, named) != NULL, ==, is_named);
  g_assert_cmpint (dms_p2p_swarm_find (swarm, dms_p2p_identity_get_peer_id (comer)) != NULL, ==, is_named);
}

/* The relay brings @whom, who says in the handshake that it is @visitor. */
static void
bring (Scene *scene, DmsPeerId *whom, DmsP2pIdentity *visitor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream =
      dms_test_host_open (scene->relay, scene->hidden, DMS_P2P_RELAY_STOP_PROTOCOL, &error);
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (DmsP2pUpgrader) upgrader = dms_p2p_upgrader_new (visitor, NULL, NULL);
  g_autoptr (DmsP2pRelayMessage) question = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  g_autoptr (DmsP2pRelayMessage) answer = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsP2pUpgraded) upgraded = NULL;
  DmsTestResult done = { 0 };

  g_assert_no_error (error);
  pipe = dms_p2p_stream_steal_pipe (stream);
  question->peer = dms_peer_id_ref (whom);
  bytes = dms_p2p_relay_message_encode (question, DMS_P2P_RELAY_STOP);
  dms_test_pipe_write (pipe, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  answer = read_answer (pipe, DMS_P2P_RELAY_STOP);
  g_assert_cmpuint (answer->status, ==, DMS_P2P_RELAY_OK);
  dms_p2p_upgrader_dial_async (
      upgrader, pipe, 1, scene->hidden->id, NULL, NULL, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  upgraded = dms_p2p_upgrader_finish (result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 50 && dms_p2p_swarm_find (scene->hidden->stack->swarm,
                                                  dms_p2p_identity_get_peer_id (visitor)) == NULL;
       i++)
    dms_test_spin (10);
}

/* Whom a relay names and who proves to be there have to be the same. */
static void
test_somebody_else (void)
{
  g_autoptr (Scene) scene = scene_new (TCP, PUBLIC);
  g_autoptr (DmsP2pIdentity) visitor = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  DmsPeerId *id = dms_p2p_identity_get_peer_id (visitor);

  bring (scene, dms_p2p_identity_get_peer_id (other), visitor);
  g_assert_null (dms_p2p_swarm_find (scene->hidden->stack->swarm, id));
  g_assert_null (dms_p2p_swarm_find (scene->hidden->stack->swarm, dms_p2p_identity_get_peer_id (other)));
}

/* Two of three relays are taken, and another one when one goes. */
static void
test_auto_relay (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (DmsTestHost) b = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (DmsTestHost) c = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (DmsTestHost) hidden = hidden_host_new (TCP);
  g_autoptr (DmsTestHost) visitor = dms_test_host_new (TCP);
  DmsTestHost *relays[] = { a, b, c };
  DmsP2pRelayClient *client = hidden->stack->nat->relay_client;
  DmsP2pAutoRelay *auto_relay = hidden->stack->nat->auto_relay;
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GError) error = NULL;
  guint lost = 0;

  dms_p2p_auto_relay_set_timing (auto_relay, 10, 10);
  for (guint i = 0; i < G_N_ELEMENTS (relays); i++)
    {
      g_autoptr (DmsP2pConnection) to_relay = dms_test_host_connect (hidden, relays[i]);

      g_assert_nonnull (to_relay);
    }
  g_assert_cmpuint (dms_p2p_relay_client_get_n (client), ==, 0);
  dms_p2p_auto_relay_set_wanted (auto_relay, TRUE);
  for (guint i = 0; i < 200 && dms_p2p_relay_client_get_n (client) < 2; i++)
    dms_test_spin (10);
  dms_test_spin (100);
  g_assert_cmpuint (dms_p2p_relay_client_get_n (client), ==, 2);
  lost = dms_p2p_relay_client_has (client, a->id) ? 0 : 1;
  dms_p2p_swarm_disconnect (hidden->stack->swarm, relays[lost]->id);
  for (guint i = 0; i < 200 && dms_p2p_relay_client_has (client, relays[lost]->id); i++)
    dms_test_spin (10);
  for (guint i = 0; i < 200 && dms_p2p_relay_client_get_n (client) < 2; i++)
    dms_test_spin (10);
  g_assert_cmpuint (dms_p2p_relay_client_get_n (client), ==, 2);
  g_assert_false (dms_p2p_relay_client_has (client, relays[lost]->id));
  addresses = dms_p2p_relay_client_dup_addresses (client);
  g_assert_cmpuint (addresses->len, ==, 2);
  connection = dial_at (visitor, hidden->id, addresses->pdata[1], &error);
  g_assert_no_error (error);
  g_assert_true (dms_p2p_connection_is_limited (connection));
}

/* The relay that was given, which is not connected yet, and no other. */
static void
test_given_relay (void)
{
  g_autoptr (DmsTestHost) given = dms_test_host_new_with (TCP, PUBLIC);
  g_autoptr (DmsTestHost) other = dms_test_host_new_with (TCP, PUBLIC);
  g_autofree char *params = g_strdup_printf ("{\"reachability\": \"private\", \"relays\": [\"%s\"]}",
                                             dms_multiaddr_get_text (given->address));
  g_autoptr (DmsTestHost) hidden = dms_test_host_new_with (TCP, params);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (hidden, other);
  DmsP2pRelayClient *client = hidden->stack->nat->relay_client;

  dms_p2p_auto_relay_set_timing (hidden->stack->nat->auto_relay, 10, 10);
  dms_p2p_auto_relay_set_wanted (hidden->stack->nat->auto_relay, FALSE);
  dms_p2p_auto_relay_set_wanted (hidden->stack->nat->auto_relay, TRUE);
  for (guint i = 0; i < 200 && dms_p2p_relay_client_get_n (client) < 1; i++)
    dms_test_spin (10);
  g_assert_true (dms_p2p_relay_client_has (client, given->id));
  g_assert_false (dms_p2p_relay_client_has (client, other->id));
  /* Its peers are told. */
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GPtrArray) known = dms_p2p_peer_store_dup_addresses (other->stack->peers, hidden->id);
      gboolean has_relayed = FALSE;

      for (guint j = 0; j < known->len; j++)
        has_relayed |= dms_p2p_address_is_relayed (known->pdata[j]);
      if (has_relayed)
        return;
      dms_test_spin (20);
    }
  g_assert_not_reached ();
}

/* What a configuration may not say. */
static void
test_params (void)
{
  static const char *const bad[] = {
    "{\"reachability\": \"perhaps\"}",
    "{\"reachability\": 1}",
    "{\"relay_service\": \"yes\"}",
    "{\"relay_circuit_s\": 0}",
    "{\"relay_circuit_kib\": -1}",
    "{\"relay_reservations\": 0}",
    "{\"relay_circuits\": \"many\"}",
    "{\"discovery_interval_s\": 1.5}",
    "{\"relays\": \"/ip4/192.0.2.1/tcp/1\"}",
    "{\"relays\": [1]}",
    "{\"relays\": [\"/ip4/192.0.2.1/tcp/1\"]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (bad[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsLibp2pParams) params = dms_libp2p_params_new (json_node_get_object (node), &error);

      g_assert_null (params);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
}

/* Refreshed before it is over. */
static void
test_refresh (void)
{
  g_autoptr (DmsTestHost) relay = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pRelayService) service = NULL;
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pRelayPolicy policy;

  dms_p2p_relay_policy_init (&policy);
  policy.reservation_s = 3;
  service = dms_p2p_relay_service_new (relay->stack->host, &policy);
  connection = dms_test_host_connect (host, relay);
  g_assert_true (reserve (host, relay, &error));
  g_assert_no_error (error);
  dms_test_spin (4500);
  g_assert_cmpuint (dms_p2p_relay_service_get_n_reservations (service), ==, 1);
  g_assert_true (dms_p2p_relay_client_has (host->stack->nat->relay_client, relay->id));
  dms_p2p_host_close (relay->stack->host);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/p2p/relay/connect/tcp", TCP, test_connect);
  g_test_add_data_func ("/p2p/relay/connect/quic", QUIC, test_connect);
  g_test_add_func ("/p2p/relay/limit/data", test_data_limit);
  g_test_add_func ("/p2p/relay/limit/messages", test_messages_beyond_limit);
  g_test_add_func ("/p2p/relay/limit/time", test_time_limit);
  g_test_add_func ("/p2p/relay/hostile/questions", test_hostile_questions);
  g_test_add_func ("/p2p/relay/hostile/chains", test_no_chains);
  g_test_add_func ("/p2p/relay/hostile/reservations", test_reservation_flood);
  g_test_add_func ("/p2p/relay/hostile/unfinished", test_question_flood);
  g_test_add_func ("/p2p/relay/hostile/circuits", test_circuit_flood);
  g_test_add_func ("/p2p/relay/hostile/relay", test_lying_relay);
  g_test_add_func ("/p2p/relay/hostile/somebody-else", test_somebody_else);
  g_test_add_data_func ("/p2p/relay/hostile/impostor/named", GINT_TO_POINTER (TRUE), test_impostor);
  g_test_add_data_func ("/p2p/relay/hostile/impostor/other", GINT_TO_POINTER (FALSE), test_impostor);
  g_test_add_func ("/p2p/relay/auto", test_auto_relay);
  g_test_add_func ("/p2p/relay/given", test_given_relay);
  g_test_add_func ("/p2p/relay/params", test_params);
  g_test_add_func ("/p2p/relay/refresh", test_refresh);
  return g_test_run ();
}
