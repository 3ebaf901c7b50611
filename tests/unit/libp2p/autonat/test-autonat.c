/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "autonat/dms-p2p-autonat-message.h"
#include "autonat/dms-p2p-candidates.h"
#include "autonat/dms-p2p-rate-limit.h"
#include "dms-p2p-host-fixture.h"
#include "io/dms-p2p-frame.h"
#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-swarm-private.h"

#define TCP    "/ip4/127.0.0.1/tcp/0"
#define QUIC   "/ip4/127.0.0.1/udp/0/quic-v1"
#define PUBLIC "{\"reachability\": \"public\"}"

static gboolean
refuse_direct (DmsMultiaddr *remote, gpointer user_data)
{
  return dms_p2p_address_is_relayed (remote);
}

static void
count_inbound (DmsP2pSwarm *swarm, DmsP2pConnection *connection, gboolean is_open, gpointer user_data)
{
  if (is_open && dms_p2p_connection_is_inbound (connection))
    ++*(guint *) user_data;
}

/* Who answers. */
static DmsTestHost *
server_new (const char *listen, gboolean speaks_v2, gboolean is_private_allowed)
{
  DmsTestHost *self = dms_test_host_new_with (listen, PUBLIC);

  if (!speaks_v2)
    dms_p2p_host_set_handler (self->stack->host, DMS_P2P_AUTONAT_V2_PROTOCOL, NULL, NULL, NULL);
  dms_p2p_autonat_service_set_private_allowed (self->stack->nat->autonat_service, is_private_allowed);
  return self;
}

static DmsP2pReachability
ask_about (DmsTestHost *self, DmsP2pConnection *connection, DmsMultiaddr *address)
{
  g_autoptr (DmsP2pAutonatClient) client = dms_p2p_autonat_client_new (self->stack->host);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsMultiaddr) about = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pReachability said = DMS_P2P_REACHABILITY_UNKNOWN;
  DmsTestResult done = { 0 };

  g_ptr_array_add (addresses, address);
  dms_p2p_autonat_client_ask_async (client, connection, addresses, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  said = dms_p2p_autonat_client_ask_finish (client, result, &about, &error);
  if (said != DMS_P2P_REACHABILITY_UNKNOWN && about != NULL)
    g_assert_true (dms_multiaddr_equal (about, address));
  dms_p2p_host_set_handler (self->stack->host, DMS_P2P_AUTONAT_BACK_PROTOCOL, NULL, NULL, NULL);
  g_test_message ("%s", error != NULL ? error->message : "answered");
  return said;
}

typedef struct
{
  const char *listen;
  gboolean speaks_v2;
} Case;

static void
test_answers (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (DmsTestHost) server = server_new (test->listen, test->speaks_v2, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (test->listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_dup_without_peer_id (host->address);
  guint n_inbound = 0;

  dms_p2p_swarm_add_notify (host->stack->swarm, count_inbound, &n_inbound);
  g_assert_cmpint (ask_about (host, connection, address), ==, DMS_P2P_REACHABILITY_PUBLIC);
  /* In version 1, the dial may be over before this end knows of it. */
  if (test->speaks_v2)
    g_assert_cmpuint (n_inbound, ==, 1);
  dms_p2p_swarm_set_policy (host->stack->swarm, refuse_direct, NULL);
  g_assert_cmpint (ask_about (host, connection, address), ==, DMS_P2P_REACHABILITY_PRIVATE);
  g_assert_cmpuint (n_inbound, <=, 1);
}

/* Addresses of this network are not dialled for anybody. */
static void
test_private_refused (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (DmsTestHost) server = server_new (test->listen, test->speaks_v2, FALSE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (test->listen);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_dup_without_peer_id (host->address);
  guint n_inbound = 0;

  dms_p2p_swarm_add_notify (host->stack->swarm, count_inbound, &n_inbound);
  g_assert_cmpint (ask_about (host, connection, address), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  dms_test_spin (100);
  g_assert_cmpuint (n_inbound, ==, 0);
}

static DmsP2pAutonatMessage *
read_message (DmsP2pPipe *pipe, DmsP2pAutonatVersion version)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_frame_read_async (pipe, DMS_P2P_AUTONAT_MAX_MESSAGE, 0, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  bytes = dms_p2p_frame_read_finish (result, NULL);
  return bytes != NULL ? dms_p2p_autonat_message_decode (
                             version, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL)
                       : NULL;
}

static DmsP2pStream *
begin (DmsTestHost *self, DmsTestHost *server, DmsP2pAutonatVersion version, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  DmsP2pStream *stream = dms_test_host_open (self,
                                             server,
                                             version == DMS_P2P_AUTONAT_V1 ? DMS_P2P_AUTONAT_V1_PROTOCOL
                                                                           : DMS_P2P_AUTONAT_V2_PROTOCOL,
                                             &error);

  g_assert_no_error (error);
  dms_test_pipe_write (
      dms_p2p_stream_get_pipe (stream), g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return stream;
}

static GBytes *
make_dial (DmsPeerId *peer, const char *address, DmsP2pAutonatVersion version)
{
  g_autoptr (DmsP2pAutonatMessage) question = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DIAL);

  question->peer = dms_peer_id_ref (peer);
  question->nonce = 7;
  g_ptr_array_add (question->addresses, dms_multiaddr_new (address, NULL));
  return dms_p2p_autonat_message_encode (question, version);
}

static guint
status_of (DmsTestHost *self, DmsTestHost *server, DmsP2pAutonatVersion version, GBytes *bytes)
{
  g_autoptr (DmsP2pStream) stream = begin (self, server, version, bytes);
  g_autoptr (DmsP2pAutonatMessage) answer = read_message (dms_p2p_stream_get_pipe (stream), version);

  if (answer == NULL)
    return G_MAXUINT;
  g_assert_cmpint (answer->type, ==, DMS_P2P_AUTONAT_RESPONSE);
  return answer->status;
}

/* A victim at another IP, somebody else's name, and far too much. */
static void
test_hostile_v1 (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) victim = dms_test_host_new ("/ip4/127.0.0.2/tcp/0");
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) there = dms_multiaddr_dup_without_peer_id (victim->address);
  g_autoptr (DmsMultiaddr) here = dms_multiaddr_dup_without_peer_id (host->address);
  g_autoptr (GBytes) elsewhere = make_dial (host->id, dms_multiaddr_get_text (there), DMS_P2P_AUTONAT_V1);
  g_autoptr (GBytes) other = make_dial (victim->id, dms_multiaddr_get_text (here), DMS_P2P_AUTONAT_V1);
  g_autoptr (GBytes) name = make_dial (host->id, "/dns4/localhost/tcp/1", DMS_P2P_AUTONAT_V1);
  g_autoptr (GBytes) mine = make_dial (host->id, dms_multiaddr_get_text (here), DMS_P2P_AUTONAT_V1);
  g_autoptr (GBytes) large = g_bytes_new_static ("\x81\x40\x00", 3);
  guint n_inbound = 0;

  dms_p2p_swarm_add_notify (victim->stack->swarm, count_inbound, &n_inbound);
  g_assert_cmpuint (
      status_of (host, server, DMS_P2P_AUTONAT_V1, elsewhere), ==, DMS_P2P_AUTONAT_V1_DIAL_REFUSED);
  g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V1, other), ==, DMS_P2P_AUTONAT_V1_BAD_REQUEST);
  g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V1, name), ==, DMS_P2P_AUTONAT_V1_DIAL_REFUSED);
  g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V1, large), ==, G_MAXUINT);
  /* Three a minute. */
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V1, mine),
                      ==,
                      i < 3 ? DMS_P2P_AUTONAT_V1_OK : DMS_P2P_AUTONAT_V1_DIAL_REFUSED);
  g_assert_cmpuint (n_inbound, ==, 0);
}

/* Another IP has its price; who does not pay it gets nothing dialled. */
static void
test_amplification (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) victim = dms_test_host_new ("/ip4/127.0.0.2/tcp/0");
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) there = dms_multiaddr_dup_without_peer_id (victim->address);
  g_autoptr (GBytes) question = make_dial (host->id, dms_multiaddr_get_text (there), DMS_P2P_AUTONAT_V2);
  guint n_inbound = 0;

  dms_p2p_swarm_add_notify (victim->stack->swarm, count_inbound, &n_inbound);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DmsP2pStream) stream = begin (host, server, DMS_P2P_AUTONAT_V2, question);
      DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (stream);
      g_autoptr (DmsP2pAutonatMessage) demand = read_message (pipe, DMS_P2P_AUTONAT_V2);
      g_autoptr (DmsP2pAutonatMessage) data = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DATA);
      g_autoptr (DmsP2pAutonatMessage) answer = NULL;
      g_autoptr (GBytes) bytes = NULL;

      g_assert_nonnull (demand);
      g_assert_cmpint (demand->type, ==, DMS_P2P_AUTONAT_DATA_REQUEST);
      g_assert_cmpuint (demand->n_bytes, >=, 30000);
      g_assert_cmpuint (demand->n_bytes, <=, 100000);
      /* Small change, or another question instead. */
      data->n_bytes = 1;
      bytes = i == 0 ? dms_p2p_autonat_message_encode (data, DMS_P2P_AUTONAT_V2) : g_bytes_ref (question);
      dms_test_pipe_write (pipe, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      answer = read_message (pipe, DMS_P2P_AUTONAT_V2);
      g_assert_null (answer);
    }
  /* An honest one pays. Nobody is there who is meant, so it is told that it cannot be reached. */
  g_assert_cmpint (ask_about (host, connection, there), ==, DMS_P2P_REACHABILITY_PRIVATE);
  g_assert_cmpuint (n_inbound, ==, 0);
}

static void
pay (DmsP2pPipe *pipe, guint64 n_bytes)
{
  while (n_bytes > 0)
    {
      g_autoptr (DmsP2pAutonatMessage) data = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DATA);
      g_autoptr (GBytes) bytes = NULL;

      data->n_bytes = MIN (n_bytes, 4096);
      bytes = dms_p2p_autonat_message_encode (data, DMS_P2P_AUTONAT_V2);
      dms_test_pipe_write (pipe, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      n_bytes -= data->n_bytes;
    }
}

/* Two questions of one peer, paid for at the same time: only one is dialled for at a time. */
static void
test_one_dial_a_peer (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (GSocket) silent = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.2", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *there = NULL;
  g_autoptr (GBytes) question = NULL;
  g_autoptr (GCancellable) enough = g_cancellable_new ();
  g_autoptr (DmsP2pAutonatMessage) answer = NULL;
  DmsP2pStream *streams[2] = { NULL, NULL };
  DmsTestResult done[2] = { { 0 }, { 0 } };

  /* It connects, and the handshake waits for its time-out. */
  g_assert_true (g_socket_bind (silent, any, TRUE, NULL) && g_socket_listen (silent, NULL));
  bound = g_socket_get_local_address (silent, NULL);
  there = g_strdup_printf ("/ip4/127.0.0.2/tcp/%u",
                           g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  question = make_dial (host->id, there, DMS_P2P_AUTONAT_V2);
  for (guint i = 0; i < 2; i++)
    streams[i] = begin (host, server, DMS_P2P_AUTONAT_V2, question);
  for (guint i = 0; i < 2; i++)
    {
      DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (streams[i]);
      g_autoptr (DmsP2pAutonatMessage) demand = read_message (pipe, DMS_P2P_AUTONAT_V2);

      g_assert_cmpint (demand->type, ==, DMS_P2P_AUTONAT_DATA_REQUEST);
      pay (pipe, demand->n_bytes);
      dms_p2p_frame_read_async (pipe, DMS_P2P_AUTONAT_MAX_MESSAGE, 0, enough, dms_test_on_done, &done[i]);
    }
  for (guint i = 0; i < 500 && done[0].done == 0 && done[1].done == 0; i++)
    dms_test_spin (10);
  g_assert_cmpuint (done[0].done + done[1].done, ==, 1);
  g_cancellable_cancel (enough);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = dms_test_await (&done[i]);
      g_autoptr (GBytes) bytes = dms_p2p_frame_read_finish (result, NULL);

      if (bytes != NULL)
        answer = dms_p2p_autonat_message_decode (
            DMS_P2P_AUTONAT_V2, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
      g_object_unref (streams[i]);
    }
  g_assert_nonnull (answer);
  g_assert_cmpint (answer->type, ==, DMS_P2P_AUTONAT_RESPONSE);
  g_assert_cmpuint (answer->status, ==, DMS_P2P_AUTONAT_V2_REQUEST_REJECTED);
}

/* Questions that are begun and never ended are so many, and no more. */
static void
test_unfinished (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_open = 0;

  for (guint i = 0; i < 80; i++)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pStream *stream = dms_test_host_open (
          host, server, i % 2 == 0 ? DMS_P2P_AUTONAT_V1_PROTOCOL : DMS_P2P_AUTONAT_V2_PROTOCOL, &error);

      if (stream == NULL)
        continue;
      g_ptr_array_add (streams, stream);
      dms_p2p_pipe_write (dms_p2p_stream_get_pipe (stream), "\x05\x08", 2, NULL);
    }
  dms_test_spin (200);
  for (guint i = 0; i < streams->len; i++)
    {
      guint8 byte = 0;

      n_open += dms_p2p_pipe_read (dms_p2p_stream_get_pipe (streams->pdata[i]), &byte, 1, NULL) ==
                DMS_P2P_WOULD_BLOCK;
    }
  g_assert_cmpuint (n_open, ==, 64);
}

/* Who is behind the same router has somebody else try: the router may let its own people in. */
static void
test_same_router (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) observer = dms_multiaddr_new ("/ip4/192.0.2.1/tcp/9000", NULL);
  g_autoptr (DmsMultiaddr) seen = dms_multiaddr_new ("/ip4/198.51.100.1/udp/4000/quic-v1", NULL);
  g_autoptr (GBytes) bytes = make_dial (host->id, "/ip4/198.51.100.1/tcp/9000", DMS_P2P_AUTONAT_V2);

  dms_p2p_observed_note (dms_p2p_identify_get_observed (server->stack->identify), observer, seen, FALSE);
  g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V2, bytes), ==, DMS_P2P_AUTONAT_V2_DIAL_REFUSED);
}

static void
test_rate_v2 (void)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, FALSE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (GBytes) question = make_dial (host->id, "/ip4/10.1.2.3/tcp/1", DMS_P2P_AUTONAT_V2);

  for (guint i = 0; i < 13; i++)
    g_assert_cmpuint (status_of (host, server, DMS_P2P_AUTONAT_V2, question),
                      ==,
                      i < 12 ? DMS_P2P_AUTONAT_V2_DIAL_REFUSED : DMS_P2P_AUTONAT_V2_REQUEST_REJECTED);
}

/* What a server that dials nobody answers. */
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

static DmsP2pReachability
ask_liar (const DmsP2pAutonatMessage *answer)
{
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_dup_without_peer_id (host->address);
  g_autoptr (GBytes) bytes = dms_p2p_autonat_message_encode (answer, DMS_P2P_AUTONAT_V2);
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  Liar liar = { bytes, streams };

  dms_p2p_host_set_handler (server->stack->host, DMS_P2P_AUTONAT_V2_PROTOCOL, lie, &liar, NULL);
  return ask_about (host, connection, address);
}

static void
test_lying_server (void)
{
  g_autoptr (DmsP2pAutonatMessage) fine = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_RESPONSE);
  g_autoptr (DmsP2pAutonatMessage) greedy = dms_p2p_autonat_message_new (DMS_P2P_AUTONAT_DATA_REQUEST);

  fine->status = DMS_P2P_AUTONAT_V2_OK;
  fine->dial_status = DMS_P2P_AUTONAT_DIAL_OK;
  g_assert_cmpint (ask_liar (fine), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  greedy->n_bytes = G_MAXUINT64;
  g_assert_cmpint (ask_liar (greedy), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  greedy->n_bytes = 30000;
  greedy->index = 1;
  g_assert_cmpint (ask_liar (greedy), ==, DMS_P2P_REACHABILITY_UNKNOWN);
}

/* A nonce that nobody sent. */
static void
test_unasked_dial_back (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) attacker = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (attacker, host);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream =
      dms_test_host_open (attacker, host, DMS_P2P_AUTONAT_BACK_PROTOCOL, &error);
  g_autoptr (GByteArray) heard = NULL;

  g_assert_no_error (error);
  heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 1, &error);
  g_assert_true (heard == NULL || heard->len == 0);
}

/* By itself: found out to be public, it relays; found out not to be, it finds relays. */
static void
test_by_itself (void)
{
  g_autoptr (DmsTestHost) a = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) b = server_new (TCP, FALSE, TRUE);
  g_autoptr (DmsTestHost) open = dms_test_host_new (TCP);
  g_autoptr (DmsTestHost) hidden = dms_test_host_new (TCP);
  DmsTestHost *servers[] = { a, b };

  dms_p2p_swarm_set_policy (hidden->stack->swarm, refuse_direct, NULL);
  dms_p2p_auto_relay_set_timing (hidden->stack->nat->auto_relay, 10, 10);
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autoptr (DmsP2pConnection) one = dms_test_host_connect (open, servers[i]);
      g_autoptr (DmsP2pConnection) other = dms_test_host_connect (hidden, servers[i]);
    }
  g_assert_null (open->stack->nat->relay_service);
  g_assert_true (dms_p2p_dht_is_serving (hidden->stack->dht));
  dms_p2p_autonat_set_timing (open->stack->nat->autonat, 50, TRUE);
  dms_p2p_autonat_set_timing (hidden->stack->nat->autonat, 50, TRUE);
  for (guint i = 0; i < 200 && (open->stack->nat->relay_service == NULL ||
                                dms_p2p_relay_client_get_n (hidden->stack->nat->relay_client) < 2);
       i++)
    dms_test_spin (20);
  g_assert_cmpint (
      dms_p2p_autonat_get_reachability (open->stack->nat->autonat), ==, DMS_P2P_REACHABILITY_PUBLIC);
  g_assert_nonnull (open->stack->nat->relay_service);
  g_assert_cmpuint (dms_p2p_autonat_get_reachable (open->stack->nat->autonat)->len, >, 0);
  g_assert_cmpuint (dms_p2p_autonat_get_reachable (hidden->stack->nat->autonat)->len, ==, 0);
  g_assert_cmpint (
      dms_p2p_autonat_get_reachability (hidden->stack->nat->autonat), ==, DMS_P2P_REACHABILITY_PRIVATE);
  g_assert_cmpuint (dms_p2p_relay_client_get_n (hidden->stack->nat->relay_client), ==, 2);
  g_assert_null (hidden->stack->nat->relay_service);
  g_assert_true (dms_p2p_dht_is_serving (open->stack->dht));
  g_assert_false (dms_p2p_dht_is_serving (hidden->stack->dht));
}

/* Of addresses that are not public nobody is asked, though there is somebody who would dial them. */
static void
test_silent_on_loopback (void)
{
  guint n_dialled = 0;
  g_autoptr (DmsTestHost) server = server_new (TCP, TRUE, TRUE);
  g_autoptr (DmsTestHost) self = dms_test_host_new (TCP);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (self, server);

  dms_p2p_swarm_add_notify (self->stack->swarm, count_inbound, &n_dialled);
  dms_p2p_autonat_set_timing (self->stack->nat->autonat, 5, FALSE);
  dms_test_spin (500);
  g_assert_cmpuint (n_dialled, ==, 0);
  g_assert_cmpint (
      dms_p2p_autonat_get_reachability (self->stack->nat->autonat), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  g_assert_null (self->stack->nat->relay_service);
  g_assert_true (dms_p2p_dht_is_serving (self->stack->dht));
}

static void
test_rate_limit (void)
{
  g_autoptr (DmsP2pRateLimit) limit = dms_p2p_rate_limit_new (3, 2);
  guint8 key[32] = { 1 };
  g_autoptr (DmsPeerId) a = dms_peer_id_new_for_ed25519 (key);
  g_autoptr (DmsPeerId) b = NULL;
  g_autoptr (DmsPeerId) c = NULL;

  key[0] = 2;
  b = dms_peer_id_new_for_ed25519 (key);
  key[0] = 3;
  c = dms_peer_id_new_for_ed25519 (key);
  g_assert_true (dms_p2p_rate_limit_take (limit, a, 0));
  g_assert_true (dms_p2p_rate_limit_take (limit, a, 1));
  g_assert_false (dms_p2p_rate_limit_take (limit, a, 2));
  g_assert_true (dms_p2p_rate_limit_take (limit, b, 3));
  g_assert_false (dms_p2p_rate_limit_take (limit, c, 4));
  g_assert_true (dms_p2p_rate_limit_take (limit, c, 60 * G_USEC_PER_SEC));
  g_assert_false (dms_p2p_rate_limit_take (limit, c, 60 * G_USEC_PER_SEC));
}

/* One answer changes nothing, and what is believed is not given up for one. */
static void
test_score (void)
{
  DmsP2pReachabilityScore score = { 0 };

  g_assert_false (dms_p2p_reachability_score_note (&score, TRUE));
  g_assert_false (dms_p2p_reachability_score_note (&score, FALSE));
  g_assert_cmpint (score.reachability, ==, DMS_P2P_REACHABILITY_UNKNOWN);
  g_assert_false (dms_p2p_reachability_score_note (&score, TRUE));
  g_assert_true (dms_p2p_reachability_score_note (&score, TRUE));
  g_assert_cmpint (score.reachability, ==, DMS_P2P_REACHABILITY_PUBLIC);
  for (guint i = 0; i < 100; i++)
    g_assert_false (dms_p2p_reachability_score_note (&score, TRUE));
  for (guint i = 0; i < 4; i++)
    g_assert_false (dms_p2p_reachability_score_note (&score, FALSE));
  g_assert_true (dms_p2p_reachability_score_note (&score, FALSE));
  g_assert_cmpint (score.reachability, ==, DMS_P2P_REACHABILITY_PRIVATE);
}

static void
set_candidates (DmsP2pCandidates *candidates, const char *const *texts)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; texts[i] != NULL; i++)
    g_ptr_array_add (list, dms_multiaddr_new (texts[i], NULL));
  dms_p2p_candidates_set (candidates, list);
}

static void
note_candidate (DmsP2pCandidates *candidates, const char *text, gboolean is_public, guint times)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  for (guint i = 0; i < times; i++)
    dms_p2p_candidates_note (candidates, address, is_public);
}

/* The texts of those to ask about next. */
static char *
list_next (DmsP2pCandidates *candidates)
{
  g_autoptr (GPtrArray) next = dms_p2p_candidates_dup_next (candidates);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < next->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", dms_multiaddr_get_text (next->pdata[i]));
  return g_string_free (text, FALSE);
}

#define OUR_TCP  "/ip4/198.51.100.1/tcp/9000"
#define OUR_QUIC "/ip4/198.51.100.1/udp/9000/quic-v1"

/* A router that lets UDP through and TCP not: what is said of one address is not held against the other. */
static void
test_candidates_apart (void)
{
  static const char *const both[] = { OUR_TCP, OUR_QUIC, NULL };
  g_autoptr (DmsP2pCandidates) candidates = dms_p2p_candidates_new ();
  g_autoptr (GPtrArray) good = NULL;
  g_autofree char *first = NULL;
  g_autofree char *then = NULL;

  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  g_assert_false (dms_p2p_candidates_is_settled (candidates));
  set_candidates (candidates, both);
  first = list_next (candidates);
  g_assert_cmpstr (first, ==, OUR_TCP " " OUR_QUIC);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_UNKNOWN);
      note_candidate (candidates, OUR_TCP, FALSE, 1);
      note_candidate (candidates, OUR_QUIC, TRUE, 1);
    }
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_PUBLIC);
  g_assert_true (dms_p2p_candidates_is_settled (candidates));
  good = dms_p2p_candidates_dup_public (candidates);
  g_assert_cmpuint (good->len, ==, 1);
  g_assert_cmpstr (dms_multiaddr_get_text (good->pdata[0]), ==, OUR_QUIC);
  /* One that speaks against it is asked after at once. */
  note_candidate (candidates, OUR_QUIC, FALSE, 1);
  g_assert_false (dms_p2p_candidates_is_settled (candidates));
  then = list_next (candidates);
  g_assert_cmpstr (then, ==, OUR_QUIC);
  note_candidate (candidates, OUR_QUIC, FALSE, 4);
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_PRIVATE);
}

/* A router that gives every peer another port: one of many addresses stands for the others of its kind, and
 * what is begun is finished first. */
static void
test_candidates_of_a_kind (void)
{
  static const char *const many[] = { "/ip4/198.51.100.1/udp/1/quic-v1",
                                      "/ip4/198.51.100.1/udp/2/quic-v1",
                                      "/ip4/198.51.100.1/udp/3/quic-v1",
                                      OUR_TCP,
                                      NULL };
  static const char *const moved[] = { "/ip4/198.51.100.9/udp/1/quic-v1", NULL };
  g_autoptr (DmsP2pCandidates) candidates = dms_p2p_candidates_new ();
  g_autoptr (DmsMultiaddr) first = dms_multiaddr_new (many[0], NULL);
  g_autoptr (DmsMultiaddr) second = dms_multiaddr_new (many[1], NULL);
  g_autofree char *begun = NULL;
  g_autofree char *other = NULL;
  guint8 key[32] = { 1 };
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (key);

  set_candidates (candidates, many);
  dms_p2p_candidates_note_asked (candidates, first, peer);
  g_assert_true (dms_peer_id_equal (dms_p2p_candidates_get_asked (candidates, first), peer));
  g_assert_null (dms_p2p_candidates_get_asked (candidates, second));
  /* No answer came: another one has its turn. */
  other = list_next (candidates);
  g_assert_cmpstr (other, ==, "/ip4/198.51.100.1/tcp/9000 /ip4/198.51.100.1/udp/2/quic-v1");
  dms_p2p_candidates_note (candidates, second, FALSE);
  dms_p2p_candidates_note_asked (candidates, second, peer);
  begun = list_next (candidates);
  g_assert_cmpstr (begun, ==, "/ip4/198.51.100.1/tcp/9000 /ip4/198.51.100.1/udp/2/quic-v1");
  dms_p2p_candidates_note (candidates, second, FALSE);
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_UNKNOWN);
  note_candidate (candidates, OUR_TCP, FALSE, 2);
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_PRIVATE);
  /* What is said of an address that is none of its own is nothing. */
  note_candidate (candidates, "/ip4/203.0.113.1/udp/1/quic-v1", TRUE, 9);
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_PRIVATE);
  /* In another network nothing is known. */
  set_candidates (candidates, moved);
  g_assert_cmpint (dms_p2p_candidates_get_verdict (candidates), ==, DMS_P2P_REACHABILITY_UNKNOWN);
}

static void
refuse (DmsP2pAutonatVersion version, const char *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pAutonatMessage) message =
      dms_p2p_autonat_message_decode (version, (const guint8 *) data, size, &error);

  g_assert_null (message);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_messages (void)
{
  guint64 nonce = 0;

  refuse (DMS_P2P_AUTONAT_V1, "", 0);
  /* It says that it is a dial, and has none; a type there is not. */
  refuse (DMS_P2P_AUTONAT_V1, "\x08\x00", 2);
  refuse (DMS_P2P_AUTONAT_V1, "\x08\x02\x12\x00", 4);
  refuse (DMS_P2P_AUTONAT_V1, "\x08\x00\x12\x05\x0a\x00", 6);
  refuse (DMS_P2P_AUTONAT_V2, "", 0);
  /* Two at once. */
  refuse (DMS_P2P_AUTONAT_V2, "\x0a\x00\x12\x00", 4);
  refuse (DMS_P2P_AUTONAT_V2, "\x0a\x7f", 2);
  g_assert_false (dms_p2p_autonat_nonce_decode ((const guint8 *) "\x08\x07", 2, &nonce));
  g_assert_true (
      dms_p2p_autonat_nonce_decode ((const guint8 *) "\x09\x01\x02\x00\x00\x00\x00\x00\x00", 9, &nonce));
  g_assert_cmpuint (nonce, ==, 0x201);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = { { TCP, FALSE }, { TCP, TRUE }, { QUIC, FALSE }, { QUIC, TRUE } };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/autonat/rate-limit", test_rate_limit);
  g_test_add_func ("/p2p/autonat/score", test_score);
  g_test_add_func ("/p2p/autonat/candidates-apart", test_candidates_apart);
  g_test_add_func ("/p2p/autonat/candidates-of-a-kind", test_candidates_of_a_kind);
  g_test_add_func ("/p2p/autonat/messages", test_messages);
  g_test_add_data_func ("/p2p/autonat/answers/v1/tcp", &cases[0], test_answers);
  g_test_add_data_func ("/p2p/autonat/answers/v2/tcp", &cases[1], test_answers);
  g_test_add_data_func ("/p2p/autonat/answers/v1/quic", &cases[2], test_answers);
  g_test_add_data_func ("/p2p/autonat/answers/v2/quic", &cases[3], test_answers);
  g_test_add_data_func ("/p2p/autonat/private/v1", &cases[0], test_private_refused);
  g_test_add_data_func ("/p2p/autonat/private/v2", &cases[1], test_private_refused);
  g_test_add_func ("/p2p/autonat/hostile/v1", test_hostile_v1);
  g_test_add_func ("/p2p/autonat/hostile/amplification", test_amplification);
  g_test_add_func ("/p2p/autonat/same-router", test_same_router);
  g_test_add_func ("/p2p/autonat/hostile/one-dial", test_one_dial_a_peer);
  g_test_add_func ("/p2p/autonat/hostile/unfinished", test_unfinished);
  g_test_add_func ("/p2p/autonat/hostile/rate", test_rate_v2);
  g_test_add_func ("/p2p/autonat/hostile/server", test_lying_server);
  g_test_add_func ("/p2p/autonat/hostile/unasked", test_unasked_dial_back);
  g_test_add_func ("/p2p/autonat/by-itself", test_by_itself);
  g_test_add_func ("/p2p/autonat/loopback", test_silent_on_loopback);
  return g_test_run ();
}
