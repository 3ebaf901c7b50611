/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-p2p-swarm-fixture.h"

static void
on_end (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  char byte = 0;
  gssize n = dms_p2p_pipe_read (pipe, &byte, 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  *(int *) user_data = n == 1 ? byte : -1;
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

/* One byte there and back. */
static void
assert_useful (DmsP2pConnection *connection)
{
  g_autoptr (DmsP2pReservation) reservation = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = dms_p2p_connection_open (connection, &reservation, &error);
  int answer = 0;

  g_assert_no_error (error);
  dms_p2p_pipe_set_handler (pipe, on_end, &answer);
  dms_p2p_pipe_want (pipe, G_IO_IN);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "e", 1, &error), ==, 1);
  dms_p2p_pipe_flush (pipe, NULL);
  for (guint i = 0; i < 1000 && answer == 0; i++)
    dms_p2p_test_run (2);
  g_assert_cmpint (answer, ==, 'e');
  dms_p2p_pipe_close (pipe);
}

static void
test_basic (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (DmsP2pConnection) connection = dms_p2p_swarm_fixture_reach (alice, bob, NULL);

  g_assert_cmpstr (dms_p2p_connection_get_muxer (connection), ==, "/yamux/1.0.0");
  g_test_message ("%s", dms_p2p_connection_get_security (connection));
  assert_useful (connection);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "descriptors", "used"), ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "system", "descriptors", "used"), ==, 1);
  dms_p2p_swarm_disconnect (bob->swarm, alice->peer);
  for (guint i = 0; i < 500 && (alice->n_closed == 0 || bob->n_closed == 0); i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (alice->n_closed, ==, 1);
  g_assert_cmpuint (bob->n_closed, ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "descriptors", "used"), ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "system", "memory", "used"), ==, 0);
}

static void
test_wrong_peer (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (DmsP2pSwarmFixture) carol = dms_p2p_swarm_fixture_new_tcp ();
  const char *const addresses[] = { carol->address, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_nonnull (outcome.error);
  g_test_message ("%s", outcome.error->message);
  g_assert_nonnull (strstr (outcome.error->message, carol->address));
  g_assert_cmpuint (alice->n_opened, ==, 0);
}

/* Somebody who takes the connection and never says a word. */
static void
test_silent (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *silent = g_strdup_printf ("/ip4/127.0.0.1/tcp/%u", port);
  const char *const only_silent[] = { silent, NULL };
  const char *const both[] = { silent, bob->address, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  /* Given up by the caller. */
  dms_p2p_swarm_fixture_connect (alice, bob->peer, only_silent, FALSE, cancellable, &outcome);
  dms_p2p_test_run (50);
  g_cancellable_cancel (cancellable);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_p2p_swarm_outcome_clear (&outcome);
  dms_p2p_test_run (50);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 0);

  /* Given up in time. */
  dms_p2p_dialer_set_timeouts (dms_p2p_swarm_get_dialer (alice->swarm), 100, 10000);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, only_silent, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  dms_p2p_swarm_outcome_clear (&outcome);

  /* Given up because another address answered. */
  dms_p2p_dialer_set_timeouts (dms_p2p_swarm_get_dialer (alice->swarm), 10000, 10000);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, both, TRUE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  dms_p2p_test_run (50);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 1);
  g_socket_listener_close (listener);
}

/* Both ends at once, over real handshakes. */
static void
check_simultaneous (gboolean is_quic)
{
  enum
  {
    N_PAIRS = 20
  };
  DmsP2pSwarmFixture *left[N_PAIRS] = { 0 };
  DmsP2pSwarmFixture *right[N_PAIRS] = { 0 };
  DmsP2pSwarmOutcome outcomes[2 * N_PAIRS] = { 0 };
  guint n_double = 0;

  for (guint i = 0; i < N_PAIRS; i++)
    {
      left[i] = is_quic ? dms_p2p_swarm_fixture_new_quic (FALSE) : dms_p2p_swarm_fixture_new_tcp ();
      right[i] = is_quic ? dms_p2p_swarm_fixture_new_quic (FALSE) : dms_p2p_swarm_fixture_new_tcp ();
    }
  for (guint i = 0; i < N_PAIRS; i++)
    {
      const char *const to_left[] = { left[i]->address, NULL };
      const char *const to_right[] = { right[i]->address, NULL };

      dms_p2p_swarm_fixture_connect (left[i], right[i]->peer, to_right, FALSE, NULL, &outcomes[2 * i]);
      dms_p2p_swarm_fixture_connect (right[i], left[i]->peer, to_left, FALSE, NULL, &outcomes[2 * i + 1]);
    }
  for (guint i = 0; i < 2 * N_PAIRS; i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      g_assert_no_error (outcomes[i].error);
      assert_useful (outcomes[i].connection);
    }
  /* Nothing more may happen once all is settled. */
  for (guint i = 0; i < N_PAIRS; i++)
    dms_p2p_swarm_fixture_settle (left[i], right[i]);
  dms_p2p_test_run (1500);
  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_autoptr (GPtrArray) of_left = dms_p2p_swarm_list (left[i]->swarm);
      g_autoptr (GPtrArray) of_right = dms_p2p_swarm_list (right[i]->swarm);

      n_double += left[i]->n_opened > 1 ? 1 : 0;
      g_assert_cmpuint (of_left->len, ==, 1);
      g_assert_cmpuint (of_right->len, ==, 1);
      g_assert_true (dms_p2p_connection_is_inbound (of_left->pdata[0]) !=
                     dms_p2p_connection_is_inbound (of_right->pdata[0]));
      assert_useful (of_left->pdata[0]);
    }
  g_test_message ("%u of %u had two connections for a moment", n_double, N_PAIRS);
  for (guint i = 0; i < 2 * N_PAIRS; i++)
    dms_p2p_swarm_outcome_clear (&outcomes[i]);
  for (guint i = 0; i < N_PAIRS; i++)
    {
      dms_p2p_swarm_fixture_free (left[i]);
      dms_p2p_swarm_fixture_free (right[i]);
    }
}

static void
test_simultaneous (void)
{
  check_simultaneous (FALSE);
}

static void
test_simultaneous_quic (void)
{
  check_simultaneous (TRUE);
}

/* QUIC is first where both are there. */
static void
test_quic_first (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new_quic (TRUE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new_quic (TRUE);
  const char *const addresses[] = { bob->address, bob->quic_address, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_test_message ("%s", dms_multiaddr_get_text (dms_p2p_connection_get_remote (outcome.connection)));
  assert_useful (outcome.connection);
  dms_p2p_swarm_disconnect (alice->swarm, bob->peer);
  for (guint i = 0; i < 500 && (alice->n_closed == 0 || bob->n_closed == 0); i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (alice->n_closed, ==, alice->n_opened);
  g_assert_cmpuint (bob->n_closed, ==, bob->n_opened);
  dms_p2p_test_run (100);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "memory", "used"), ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "system", "memory", "used"), ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "system", "connections", "used"), ==, 0);
}

/* Where UDP goes nowhere, TCP takes over. */
static void
test_no_udp (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new_quic (TRUE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new_quic (TRUE);
  g_autoptr (GSocket) hole =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GInetAddress) local = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (local, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *silent = NULL;
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  g_assert_true (g_socket_bind (hole, any, FALSE, NULL));
  bound = g_socket_get_local_address (hole, NULL);
  silent = g_strdup_printf ("/ip4/127.0.0.1/udp/%u/quic-v1",
                            g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  {
    const char *const addresses[] = { silent, bob->address, NULL };

    dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  }
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpstr (
      dms_multiaddr_get_text (dms_p2p_connection_get_remote (outcome.connection)), ==, bob->address);
  assert_useful (outcome.connection);
  dms_p2p_test_run (100);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 1);
}

/* Connections beyond the limit are hung up on before any handshake. */
static void
test_flood (void)
{
  enum
  {
    N = 50
  };
  g_autoptr (DmsP2pSwarmFixture) victim = dms_p2p_swarm_fixture_new_tcp ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (victim->address, NULL);
  g_autoptr (GInetSocketAddress) where = dms_multiaddr_dup_socket_address (address);
  guint n_hung_up = 0;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_assert_true (dms_p2p_limits_set (victim->limits, "loopback", "connections-inbound", 8, NULL));
  for (guint i = 0; i < N; i++)
    {
      g_autoptr (GError) error = NULL;
      GSocketConnection *connection =
          g_socket_client_connect (client, G_SOCKET_CONNECTABLE (where), NULL, &error);

      g_assert_no_error (error);
      g_socket_set_blocking (g_socket_connection_get_socket (connection), FALSE);
      g_ptr_array_add (connections, connection);
    }
  dms_p2p_test_run (300);
  for (guint i = 0; i < N; i++)
    {
      char byte = 0;
      g_autoptr (GError) error = NULL;
      gssize n =
          g_socket_receive (g_socket_connection_get_socket (connections->pdata[i]), &byte, 1, NULL, &error);

      n_hung_up += n == 0 || (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) ? 1 : 0;
    }
  g_assert_cmpuint (n_hung_up, ==, N - 8);
  g_assert_cmpint (
      dms_p2p_swarm_fixture_get_limit (victim, "loopback", "connections-inbound", "refused"), ==, N - 8);
  g_ptr_array_set_size (connections, 0);
  for (guint i = 0; i < 300; i++)
    {
      if (dms_p2p_swarm_fixture_get_limit (victim, "system", "connections", "used") == 0)
        break;
      dms_p2p_test_run (10);
    }
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "system", "connections", "used"), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-swarm-net/basic", test_basic);
  g_test_add_func ("/p2p-swarm-net/wrong-peer", test_wrong_peer);
  g_test_add_func ("/p2p-swarm-net/silent", test_silent);
  g_test_add_func ("/p2p-swarm-net/simultaneous", test_simultaneous);
  g_test_add_func ("/p2p-swarm-net/simultaneous-quic", test_simultaneous_quic);
  g_test_add_func ("/p2p-swarm-net/quic-first", test_quic_first);
  g_test_add_func ("/p2p-swarm-net/no-udp", test_no_udp);
  g_test_add_func ("/p2p-swarm-net/flood", test_flood);
  return g_test_run ();
}
