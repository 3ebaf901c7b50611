/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "autonat/dms-p2p-autonat-message.h"
#include "dms-p2p-host-fixture.h"
#include "quic/dms-p2p-quic.h"
#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-swarm-private.h"

#define LISTEN "/ip4/127.0.0.1/tcp/0"

static GBytes *
make_key (guint8 byte)
{
  guint8 key[32];

  memset (key, byte, sizeof key);
  return g_bytes_new (key, sizeof key);
}

static DmsTestHost *
make_host (guint8 byte)
{
  g_autoptr (GBytes) key = byte != 0 ? make_key (byte) : NULL;

  return dms_test_host_new_private (LISTEN, key);
}

static guint
count_connections (DmsTestHost *host)
{
  g_autoptr (GPtrArray) connections = dms_p2p_swarm_list (host->stack->swarm);

  return connections->len;
}

/* What comes of dialling for a second: some noise looks like the beginning of a long line. */
static GError *
fail_to_dial (DmsTestHost *from, DmsTestHost *to)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DmsTestResult done = { 0 };
  GError *error = NULL;
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;

  g_ptr_array_add (addresses, to->address);
  dms_p2p_swarm_connect_async (
      from->stack->swarm, to->id, addresses, TRUE, NULL, NULL, cancellable, dms_test_on_done, &done);
  while (done.done == 0 && g_get_monotonic_time () < until)
    dms_test_spin (10);
  g_cancellable_cancel (cancellable);
  result = dms_test_await (&done);
  connection = dms_p2p_swarm_connect_finish (from->stack->swarm, result, &error);
  g_assert_null (connection);
  g_assert_nonnull (error);
  return error;
}

static void
test_same_key (void)
{
  g_autoptr (DmsTestHost) a = make_host (5);
  g_autoptr (DmsTestHost) b = make_host (5);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (a, b);
  g_autoptr (DmsP2pStream) stream = dms_test_host_open (a, b, "/ipfs/ping/1.0.0", NULL);

  g_assert_nonnull (stream);
  g_assert_true (dms_peer_id_equal (dms_p2p_connection_get_peer_id (connection), b->id));
  dms_stream_reset (DMS_STREAM (stream));
}

static gboolean
refuse_direct (DmsMultiaddr *remote, gpointer user_data)
{
  return dms_p2p_address_is_relayed (remote);
}

static DmsP2pConnection *
dial_over (DmsTestHost *from, DmsTestHost *relay, DmsTestHost *to, GError **error)
{
  g_autoptr (DmsMultiaddr) circuit = dms_multiaddr_append (relay->address, "/p2p-circuit", NULL);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_append_peer_id (circuit, to->id);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  g_ptr_array_add (addresses, address);
  dms_p2p_swarm_connect_async (
      from->stack->swarm, to->id, addresses, TRUE, NULL, NULL, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_p2p_swarm_connect_finish (from->stack->swarm, result, error);
}

/* A relay that has the key relays for those who have it, and what it relays is protected once more. */
static void
test_relay (void)
{
  g_autoptr (GBytes) key = make_key (5);
  g_autoptr (DmsTestHost) relay =
      dms_test_host_new_full (LISTEN, key, "{\"reachability\": \"public\"}");
  g_autoptr (DmsTestHost) hidden = make_host (5);
  g_autoptr (DmsTestHost) visitor = make_host (5);
  g_autoptr (DmsP2pConnection) to_relay = dms_test_host_connect (hidden, relay);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  g_assert_nonnull (relay->stack->nat->relay_service);
  dms_p2p_swarm_set_policy (hidden->stack->swarm, refuse_direct, NULL);
  dms_p2p_relay_client_reserve_async (
      hidden->stack->nat->relay_client, relay->id, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_p2p_relay_client_reserve_finish (hidden->stack->nat->relay_client, result, &error));
  g_assert_no_error (error);
  connection = dial_over (visitor, relay, hidden, &error);
  g_assert_no_error (error);
  g_assert_true (dms_p2p_connection_is_limited (connection));
  stream = dms_test_host_open (visitor, hidden, "/ipfs/ping/1.0.0", &error);
  g_assert_no_error (error);
  dms_stream_reset (DMS_STREAM (stream));
}

/* Who dials back for others in a private network has the key, too. */
static void
test_autonat (void)
{
  g_autoptr (DmsTestHost) server = make_host (5);
  g_autoptr (DmsTestHost) host = make_host (5);
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsP2pAutonatClient) client = dms_p2p_autonat_client_new (host->stack->host);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_dup_without_peer_id (host->address);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (DmsMultiaddr) about = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  dms_test_until (&host->n_identified);
  dms_p2p_autonat_service_set_private_allowed (server->stack->nat->autonat_service, TRUE);
  g_ptr_array_add (addresses, address);
  dms_p2p_autonat_client_ask_async (client, connection, addresses, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_cmpint (dms_p2p_autonat_client_ask_finish (client, result, &about, &error),
                   ==,
                   DMS_P2P_REACHABILITY_PUBLIC);
  g_assert_no_error (error);
  dms_p2p_host_set_handler (host->stack->host, DMS_P2P_AUTONAT_BACK_PROTOCOL, NULL, NULL, NULL);
}

/* Neither side of two that have not the same key gets a connection or learns who the other is. */
static void
check_apart (guint8 from_key, guint8 to_key)
{
  g_autoptr (DmsTestHost) from = make_host (from_key);
  g_autoptr (DmsTestHost) to = make_host (to_key);
  g_autoptr (GError) error = fail_to_dial (from, to);

  g_assert_cmpuint (count_connections (from), ==, 0);
  g_assert_cmpuint (count_connections (to), ==, 0);
  g_assert_cmpuint (to->n_identified, ==, 0);
  g_assert_cmpuint (from->n_identified, ==, 0);
}

static void
test_other_key (void)
{
  check_apart (5, 6);
}

static void
test_no_key_dials (void)
{
  check_apart (0, 5);
}

static void
test_key_dials_no_key (void)
{
  check_apart (5, 0);
}

/* A stranger at the port of a private host: all it gets is a nonce, whatever it says, and then the end. */
static void
check_stranger (const guint8 *said, gsize size)
{
  g_autoptr (DmsTestHost) host = make_host (5);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (DmsMultiaddr) bare = dms_multiaddr_dup_without_peer_id (host->address);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  GSocket *socket = NULL;
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;
  gssize n = -1;

  address = dms_multiaddr_dup_socket_address (bare);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  socket = g_socket_connection_get_socket (connection);
  g_socket_set_blocking (socket, FALSE);
  if (size > 0)
    g_assert_cmpint (g_socket_send (socket, (const char *) said, size, NULL, &error), ==, size);
  while (n != 0 && g_get_monotonic_time () < until)
    {
      guint8 block[1000];

      g_clear_error (&error);
      dms_test_spin (5);
      n = g_socket_receive (socket, (char *) block, sizeof block, NULL, &error);
      if (n > 0)
        g_byte_array_append (heard, block, (guint) n);
      if (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
    }
  g_assert_cmpuint (heard->len, >=, 24);
  g_assert_null (memmem (heard->data, heard->len, "multistream", 11));
  g_assert_null (memmem (heard->data, heard->len, "tls", 3));
  /* The nonce, and at most the greeting of multistream under the key. */
  g_assert_cmpuint (heard->len, <=, 24 + 20);
  g_assert_cmpuint (count_connections (host), ==, 0);
}

static void
test_garbage (void)
{
  guint8 garbage[4096];

  randombytes_buf (garbage, sizeof garbage);
  check_stranger (garbage, sizeof garbage);
  check_stranger (NULL, 0);
  check_stranger ((const guint8 *) "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n", 32);
  check_stranger (garbage, 23);
  check_stranger (garbage, 24);
}

/* QUIC has no place for the key: neither dialled nor listened on. */
static void
test_no_quic (void)
{
  g_autoptr (DmsTestHost) open = dms_test_host_new ("/ip4/127.0.0.1/udp/0/quic-v1");
  g_autoptr (DmsTestHost) inside = make_host (5);
  g_autoptr (DmsMultiaddr) wanted = dms_multiaddr_new ("/ip4/127.0.0.1/udp/0/quic-v1", NULL);
  g_autoptr (DmsMultiaddr) bound = NULL;
  g_autoptr (DmsP2pTransport) quic = dms_p2p_quic_new (inside->stack->identity);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) dialled = fail_to_dial (inside, open);

  g_assert_cmpuint (count_connections (open), ==, 0);
  bound = dms_p2p_swarm_listen (inside->stack->swarm, wanted, &error);
  g_assert_null (bound);
  g_assert_nonnull (error);
  g_clear_error (&error);
  bound = dms_p2p_transport_listen (quic, wanted, &error);
  g_assert_null (bound);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_assert_false (dms_p2p_transport_can_dial (quic, open->address));
}

static gboolean
start (DmsTransport *transport, GBytes *key, const char *const *listen, GError **error)
{
  static const char *const nobody[] = { NULL };
  guint8 seed[32];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  randombytes_buf (seed, sizeof seed);
  bytes = g_bytes_new (seed, sizeof seed);
  config = dms_transport_config_new (bytes, listen, nobody, key, NULL);
  dms_transport_start_async (transport, config, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_start_finish (transport, result, error);
}

/* The transport takes the key from either place, and leaves out the addresses it cannot protect. */
static void
test_transport (void)
{
  static const char *const listen[] = { "/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1", NULL };
  g_autoptr (DmsTransport) a = dms_libp2p_transport_new ();
  g_autoptr (DmsTransport) b = dms_libp2p_transport_new ();
  g_autoptr (GBytes) key = make_key (9);
  g_autoptr (GBytes) bad = g_bytes_new ("short", 5);
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (DmsPeerId) id = NULL;
  g_autoptr (DmsPeerId) dialled = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  g_assert_false (dms_transport_set_private_network_key (b, bad, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (dms_transport_set_private_network_key (b, NULL, &error));
  g_assert_true (dms_transport_set_private_network_key (b, key, &error));
  g_assert_true (start (a, key, listen, &error));
  g_assert_true (start (b, NULL, listen + 2, &error));
  g_assert_no_error (error);
  g_assert_false (dms_transport_set_private_network_key (b, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  addresses = dms_transport_dup_listen_addresses (a);
  g_assert_cmpuint (addresses->len, ==, 1);
  id = dms_transport_dup_peer_id (a);
  address = dms_multiaddr_append_peer_id (g_ptr_array_index (addresses, 0), id);
  dms_transport_dial_async (b, address, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  dialled = dms_transport_dial_finish (b, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (dialled, id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);

  g_test_add_func ("/p2p-private-network/same-key", test_same_key);
  g_test_add_func ("/p2p-private-network/relay", test_relay);
  g_test_add_func ("/p2p-private-network/autonat", test_autonat);
  g_test_add_func ("/p2p-private-network/other-key", test_other_key);
  g_test_add_func ("/p2p-private-network/no-key-dials", test_no_key_dials);
  g_test_add_func ("/p2p-private-network/key-dials-no-key", test_key_dials_no_key);
  g_test_add_func ("/p2p-private-network/garbage", test_garbage);
  g_test_add_func ("/p2p-private-network/no-quic", test_no_quic);
  g_test_add_func ("/p2p-private-network/transport", test_transport);
  return g_test_run ();
}
