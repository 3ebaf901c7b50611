/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-p2p-swarm-fixture.h"

#define VICTIM "/ip4/192.168.7.1/tcp/9000"

/* Many connections from one IP: eight are taken, the others are refused before anything is done for them. */
static void
test_one_ip (void)
{
  enum
  {
    N = 100
  };
  g_autoptr (DmsP2pSwarmFixture) victim = dms_p2p_swarm_fixture_new (VICTIM);
  DmsP2pSwarmFixture *crowd[N] = { 0 };
  DmsP2pSwarmOutcome outcomes[N] = { 0 };
  g_autoptr (DmsP2pSwarmFixture) other = dms_p2p_swarm_fixture_new (NULL);
  const char *const addresses[] = { VICTIM, NULL };
  guint n_refused = 0;

  for (guint i = 0; i < N; i++)
    {
      crowd[i] = dms_p2p_swarm_fixture_new (NULL);
      dms_p2p_memory_set_source (crowd[i]->memory, "/ip4/203.0.113.5/tcp/40000");
      dms_p2p_swarm_fixture_connect (crowd[i], victim->peer, addresses, FALSE, NULL, &outcomes[i]);
    }
  for (guint i = 0; i < N; i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      n_refused += outcomes[i].error != NULL ? 1 : 0;
      dms_p2p_swarm_outcome_clear (&outcomes[i]);
    }
  g_assert_cmpuint (n_refused, ==, N - 8);
  for (guint i = 0; i < 100 && dms_p2p_memory_get_n_accepted (victim->memory) < 8; i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (dms_p2p_memory_get_n_accepted (victim->memory), ==, 8);
  g_assert_cmpuint (victim->n_opened, ==, 8);
  g_assert_cmpint (
      dms_p2p_swarm_fixture_get_limit (victim, "ip", "connections-inbound", "refused"), ==, N - 8);
  g_assert_cmpint (
      dms_p2p_swarm_fixture_get_limit (victim, "ip:203.0.113.5", "connections-inbound", "refused"),
      ==,
      N - 8);
  /* Who comes from elsewhere is not concerned. */
  dms_p2p_memory_set_source (other->memory, "/ip4/203.0.113.6/tcp/40000");
  g_object_unref (dms_p2p_swarm_fixture_reach (other, victim, NULL));
  for (guint i = 0; i < N; i++)
    dms_p2p_swarm_fixture_free (crowd[i]);
  dms_p2p_test_run (50);
  /* What they had is free again. */
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "ip", "connections-inbound", "used"), <=, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "system", "connections", "used"), ==, 1);
}

/* Handshakes that never end hold transient places, not more than there are; the time limit is the
 * transport's. */
static void
test_half_open (void)
{
  enum
  {
    N = 300
  };
  g_autoptr (DmsP2pSwarmFixture) victim = dms_p2p_swarm_fixture_new (VICTIM);
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_reservation_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/203.0.%u.%u/tcp/1", i / 200, i % 200 + 1);
      g_autoptr (DmsMultiaddr) remote = dms_multiaddr_new (text, NULL);
      gpointer cookie = NULL;
      GDestroyNotify cookie_free = NULL;

      g_clear_error (&error);
      if (dms_p2p_transport_ask_gate (
              DMS_P2P_TRANSPORT (victim->memory), remote, &cookie, &cookie_free, &error))
        g_ptr_array_add (held, cookie);
      else
        g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
    }
  g_assert_cmpuint (held->len, ==, 128);
  g_assert_nonnull (strstr (error->message, "transient/connections-inbound"));
  g_assert_cmpstr (dms_error_get_reason (error), ==, "transient/connections-inbound");
}

static void
on_end (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  char byte = 0;
  gssize n = dms_p2p_pipe_read (pipe, &byte, 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  (*(guint *) user_data)++;
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

/* One peer opens streams as fast as it can and never closes them: 256 are taken, the others reset. */
static void
test_streams (void)
{
  enum
  {
    N = 700
  };
  g_autoptr (DmsP2pSwarmFixture) victim = dms_p2p_swarm_fixture_new (VICTIM);
  g_autoptr (DmsP2pSwarmFixture) attacker = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pConnection) connection = NULL;
  g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_opened = 0;
  guint n_reset = 0;

  g_assert_true (dms_p2p_limits_set (attacker->limits, "peer", "streams", 10000, NULL));
  g_assert_true (dms_p2p_limits_set (attacker->limits, "peer", "streams-outbound", 10000, NULL));
  connection = dms_p2p_swarm_fixture_reach (attacker, victim, NULL);
  for (guint i = 0; i < 5000 && n_opened < N; i++)
    {
      DmsP2pReservation *reservation = NULL;
      g_autoptr (GError) error = NULL;
      DmsP2pPipe *pipe = dms_p2p_connection_open (connection, &reservation, &error);

      if (pipe == NULL)
        {
          /* As many as the other end has not answered for; wait. */
          g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
          dms_p2p_test_run (2);
          continue;
        }
      n_opened++;
      dms_p2p_reservation_free (reservation);
      dms_p2p_pipe_set_handler (pipe, on_end, &n_reset);
      dms_p2p_pipe_want (pipe, G_IO_IN);
      dms_p2p_pipe_write (pipe, "x", 1, NULL);
      dms_p2p_pipe_flush (pipe, NULL);
      g_ptr_array_add (pipes, pipe);
    }
  g_assert_cmpuint (n_opened, ==, N);
  for (guint i = 0;
       i < 300 && dms_p2p_swarm_fixture_get_limit (victim, "peer", "streams-inbound", "refused") < N - 256;
       i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (victim->n_streams, ==, 256);
  g_assert_cmpint (
      dms_p2p_swarm_fixture_get_limit (victim, "peer", "streams-inbound", "refused"), ==, N - 256);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "peer", "streams-inbound", "used"), ==, 256);
  /* The connection is still of use to its peer. */
  g_assert_true (dms_p2p_connection_is_open (connection));
  for (guint i = 0; i < pipes->len; i++)
    {
      dms_p2p_pipe_set_handler (pipes->pdata[i], NULL, NULL);
      dms_p2p_pipe_reset (pipes->pdata[i], 0);
    }
  g_ptr_array_set_size (pipes, 0);
  for (guint i = 0; i < 300 && victim->pipes->len > 0; i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (victim->pipes->len, ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "system", "streams", "used"), ==, 0);
}

/* One peer connects again and again: four inbound connections, whatever its address. */
static void
test_one_peer (void)
{
  enum
  {
    N = 12
  };
  g_autoptr (DmsP2pSwarmFixture) victim = dms_p2p_swarm_fixture_new (VICTIM);
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GPtrArray) swarms = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N; i++)
    {
      g_autoptr (DmsP2pMemory) memory = dms_p2p_memory_new (identity);
      g_autofree char *source = g_strdup_printf ("/ip4/203.0.113.%u/tcp/1", i + 1);
      g_autoptr (DmsP2pLimits) limits = dms_p2p_limits_new (0, 0);
      g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
      g_autoptr (DmsP2pSwarm) swarm = dms_p2p_swarm_new (identity, limits, store);
      DmsP2pSwarmFixture alias = { .swarm = swarm };
      g_auto (DmsP2pSwarmOutcome) outcome = { 0 };
      const char *const addresses[] = { VICTIM, NULL };

      dms_p2p_memory_set_source (memory, source);
      dms_p2p_swarm_add_transport (swarm, DMS_P2P_TRANSPORT (memory));
      dms_p2p_swarm_fixture_connect (&alias, victim->peer, addresses, FALSE, NULL, &outcome);
      dms_p2p_swarm_outcome_wait (&outcome);
      g_assert_no_error (outcome.error);
      dms_p2p_test_run (10);
      g_assert_cmpint (
          dms_p2p_swarm_fixture_get_limit (victim, "peer", "connections-inbound", "used"), <=, 4);
      g_ptr_array_add (swarms, g_steal_pointer (&swarm));
    }
  g_assert_cmpint (
      dms_p2p_swarm_fixture_get_limit (victim, "peer", "connections-inbound", "refused"), ==, N - 4);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (victim, "system", "connections", "used"), ==, 4);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-flood/one-ip", test_one_ip);
  g_test_add_func ("/p2p-flood/half-open", test_half_open);
  g_test_add_func ("/p2p-flood/streams", test_streams);
  g_test_add_func ("/p2p-flood/one-peer", test_one_peer);
  return g_test_run ();
}
