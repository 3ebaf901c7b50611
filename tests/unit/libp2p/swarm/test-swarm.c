/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-p2p-swarm-fixture.h"
#include "swarm/dms-p2p-trimmer.h"

#define ALICE "/ip4/192.168.7.1/tcp/9000"
#define BOB   "/ip4/192.168.7.2/tcp/9000"
#define CAROL "/ip4/192.168.7.3/tcp/9000"

/* What one end of a stream reads. */
typedef struct
{
  DmsP2pPipe *pipe;
  DmsP2pReservation *reservation;
  gboolean is_answered;
  gboolean is_broken;
} Echo;

static void
on_echo (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Echo *echo = user_data;
  char byte = 0;
  gssize n = dms_p2p_pipe_read (pipe, &byte, 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  echo->is_answered = n == 1 && byte == 'e';
  echo->is_broken = !echo->is_answered;
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
}

static void
echo_open (Echo *echo, DmsP2pConnection *connection)
{
  g_autoptr (GError) error = NULL;

  echo->pipe = dms_p2p_connection_open (connection, &echo->reservation, &error);
  g_assert_no_error (error);
  dms_p2p_pipe_set_handler (echo->pipe, on_echo, echo);
  dms_p2p_pipe_want (echo->pipe, G_IO_IN);
  g_assert_cmpint (dms_p2p_pipe_write (echo->pipe, "e", 1, &error), ==, 1);
  g_assert_no_error (error);
  dms_p2p_pipe_flush (echo->pipe, NULL);
}

static void
echo_close (Echo *echo)
{
  dms_p2p_pipe_set_handler (echo->pipe, NULL, NULL);
  dms_p2p_pipe_close (echo->pipe);
  g_clear_object (&echo->pipe);
  g_clear_pointer (&echo->reservation, dms_p2p_reservation_free);
}

static void
wait_for (guint *value, guint expected)
{
  for (guint i = 0; i < 3000 && *value != expected; i++)
    dms_p2p_test_run (10);
  g_assert_cmpuint (*value, ==, expected);
}

static void
assert_nothing_used (DmsP2pSwarmFixture *host)
{
  static const char *const resources[] = { "memory", "descriptors", "connections", "streams" };

  for (guint i = 0; i < G_N_ELEMENTS (resources); i++)
    {
      g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (host, "system", resources[i], "used"), ==, 0);
      g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (host, "transient", resources[i], "used"), <=, 0);
    }
}

static void
test_basic (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_autoptr (DmsP2pConnection) connection = dms_p2p_swarm_fixture_reach (alice, bob, NULL);
  g_autoptr (DmsP2pConnection) again = NULL;
  Echo echo = { 0 };

  g_assert_false (dms_p2p_connection_is_inbound (connection));
  g_assert_false (dms_p2p_connection_is_limited (connection));
  g_assert_cmpstr (dms_multiaddr_get_text (dms_p2p_connection_get_remote (connection)), ==, BOB);
  wait_for (&bob->n_opened, 1);
  g_assert_cmpuint (alice->n_opened, ==, 1);
  g_assert_true (dms_p2p_swarm_find (alice->swarm, bob->peer) == connection);
  g_assert_nonnull (dms_p2p_swarm_find (bob->swarm, alice->peer));

  echo_open (&echo, connection);
  for (guint i = 0; i < 300 && !echo.is_answered; i++)
    dms_p2p_test_run (10);
  g_assert_true (echo.is_answered);
  g_assert_cmpuint (bob->n_streams, ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "streams-outbound", "used"), ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "system", "streams-inbound", "used"), ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "peer", "connections-inbound", "used"), ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (bob, "transient", "connections", "used"), ==, 0);

  /* The one there is is given again. */
  again = dms_p2p_swarm_fixture_reach (alice, bob, NULL);
  g_assert_true (again == connection);
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 1);

  echo_close (&echo);
  dms_p2p_swarm_disconnect (alice->swarm, bob->peer);
  g_assert_null (dms_p2p_swarm_find (alice->swarm, bob->peer));
  wait_for (&alice->n_closed, 1);
  wait_for (&bob->n_closed, 1);
  g_assert_null (dms_p2p_swarm_find (bob->swarm, alice->peer));
  g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (bob->store, alice->peer), >, 0);
  dms_p2p_test_run (50);
  assert_nothing_used (alice);
  assert_nothing_used (bob);
}

static void
test_joined (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const addresses[] = { BOB, NULL };
  DmsP2pSwarmOutcome outcomes[10] = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_CONNECT, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    dms_p2p_swarm_fixture_connect (
        alice, bob->peer, addresses, FALSE, i == 3 ? cancellable : NULL, &outcomes[i]);
  dms_p2p_test_run (20);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      if (i == 3)
        g_assert_error (outcomes[i].error, DMS_ERROR, DMS_ERROR_CANCELLED);
      else
        g_assert_no_error (outcomes[i].error);
    }
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 1);
  g_assert_cmpuint (alice->n_opened, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    dms_p2p_swarm_outcome_clear (&outcomes[i]);
}

/* A later caller brings an address that the dial did not have. */
static void
test_joined_addresses (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const dead[] = { "/ip4/192.168.7.99/tcp/1", NULL };
  const char *const alive[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) first = { 0 };
  g_auto (DmsP2pSwarmOutcome) second = { 0 };

  dms_p2p_memory_set_outcome (alice->memory, dead[0], DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, dead, FALSE, NULL, &first);
  dms_p2p_test_run (20);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, alive, FALSE, NULL, &second);
  dms_p2p_swarm_outcome_wait (&first);
  dms_p2p_swarm_outcome_wait (&second);
  g_assert_no_error (first.error);
  g_assert_no_error (second.error);
  g_assert_true (first.connection == second.connection);
  dms_p2p_test_run (20);
  g_assert_cmpuint (dms_p2p_memory_get_n_cancelled (alice->memory), ==, 1);
}

static void
test_all_cancelled (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const addresses[] = { BOB, NULL };
  DmsP2pSwarmOutcome outcomes[2] = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, cancellable, &outcomes[0]);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, cancellable, &outcomes[1]);
  dms_p2p_test_run (20);
  g_assert_cmpuint (dms_p2p_memory_get_n_active (alice->memory), ==, 1);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      g_assert_error (outcomes[i].error, DMS_ERROR, DMS_ERROR_CANCELLED);
      dms_p2p_swarm_outcome_clear (&outcomes[i]);
    }
  dms_p2p_test_run (20);
  g_assert_cmpuint (dms_p2p_memory_get_n_active (alice->memory), ==, 0);
  g_assert_cmpuint (dms_p2p_memory_get_n_cancelled (alice->memory), ==, 1);
  assert_nothing_used (alice);

  /* Being cancelled is no fault of the address: it is not let alone. */
  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_CONNECT, 0);
  g_object_unref (dms_p2p_swarm_fixture_reach (alice, bob, NULL));
}

/* Who comes right after all others gave up is not given up with them. */
static void
test_after_cancelled (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const addresses[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) first = { 0 };
  g_auto (DmsP2pSwarmOutcome) second = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_CONNECT, 1000);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, cancellable, &first);
  dms_p2p_test_run (20);
  g_cancellable_cancel (cancellable);
  while (!first.is_done)
    g_main_context_iteration (NULL, TRUE);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &second);
  dms_p2p_swarm_outcome_wait (&second);
  g_assert_error (first.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_assert_no_error (second.error);
  g_assert_cmpuint (alice->n_opened, ==, 1);
}

static void
test_errors (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_autoptr (DmsP2pSwarmFixture) carol = dms_p2p_swarm_fixture_new (CAROL);
  g_autofree char *other = g_strconcat (CAROL "/p2p/", dms_peer_id_get_text (carol->peer), NULL);
  const char *const addresses[] = {
    CAROL, "/ip4/192.168.7.9/tcp/1",     "/ip4/0.0.0.0/tcp/1", "/ip4/224.0.0.1/udp/1/quic-v1",
    ALICE, "/ip4/255.255.255.255/tcp/1", "/unix/socket",       other,
    NULL,
  };
  const char *const own[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  /* Carol answers instead of Bob; nobody; nobody can; this node. */
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_test_message ("%s", outcome.error->message);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_assert_nonnull (strstr (outcome.error->message, addresses[i]));
  g_assert_nonnull (strstr (outcome.error->message, dms_peer_id_get_text (carol->peer)));
  g_assert_nonnull (strstr (outcome.error->message, "nobody listens there"));
  g_assert_nonnull (strstr (outcome.error->message, "this node itself"));
  g_assert_nonnull (strstr (outcome.error->message, "names another peer"));
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 2);
  g_assert_null (dms_p2p_swarm_find (alice->swarm, bob->peer));
  g_assert_null (dms_p2p_swarm_find (alice->swarm, carol->peer));
  g_assert_cmpuint (alice->n_opened, ==, 0);
  dms_p2p_swarm_outcome_clear (&outcome);

  /* Its only failure gives its code. */
  dms_p2p_swarm_fixture_connect (alice, carol->peer, own, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_swarm_fixture_connect (alice, alice->peer, own, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_swarm_fixture_connect (alice, NULL, NULL, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_test_run (50);
  assert_nothing_used (alice);
}

static void
test_no_address (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_swarm_fixture_connect (alice, bob->peer, NULL, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

/* Hundreds of addresses make neither hundreds of attempts nor an endless message. */
static void
test_many_addresses (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) addresses = NULL;
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/10.1.%u.%u/tcp/1", i / 250, i % 250 + 1);

      g_strv_builder_add (builder, text);
    }
  addresses = g_strv_builder_end (builder);
  dms_p2p_memory_set_outcome (alice->memory, NULL, DMS_P2P_MEMORY_FAIL, 1);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, (const char *const *) addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 128);
  g_assert_cmpuint (dms_p2p_memory_get_peak (alice->memory), <=, 8);
  g_assert_cmpuint (strlen (outcome.error->message), <, 2048);
  g_assert_nonnull (strstr (outcome.error->message, "112 addresses more"));
}

static void
test_back_off (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const addresses[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_FAIL, 0);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  dms_p2p_swarm_outcome_clear (&outcome);
  dms_p2p_memory_set_outcome (alice->memory, BOB, DMS_P2P_MEMORY_CONNECT, 0);

  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (outcome.error->message, "let alone"));
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 1);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, TRUE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
}

/* No more than eight addresses of a peer are tried at the same time, however many say nothing. */
static void
test_silent_addresses (void)
{
  enum
  {
    N = 20,
    MAX = 8
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GStrv) addresses = NULL;
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  for (guint i = 0; i < N; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/10.1.1.%u/tcp/1", i + 1);

      g_strv_builder_add (builder, text);
    }
  addresses = g_strv_builder_end (builder);
  dms_p2p_memory_set_outcome (alice->memory, NULL, DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_swarm_fixture_connect (
      alice, bob->peer, (const char *const *) addresses, FALSE, cancellable, &outcome);
  for (guint i = 0; i < 500 && dms_p2p_memory_get_n_active (alice->memory) < MAX; i++)
    dms_p2p_test_run (10);
  /* For as long as it takes that three more would have their turn. */
  dms_p2p_test_run (100);
  g_assert_cmpuint (dms_p2p_memory_get_peak (alice->memory), ==, MAX);
  g_cancellable_cancel (cancellable);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_CANCELLED);
}

/* A limit of this host says nothing of the peer: it is not let alone for it. */
static void
test_own_limit (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  const char *const addresses[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  g_assert_true (dms_p2p_limits_set (alice->limits, "peer", "connections", 0, NULL));
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_BUSY);
  dms_p2p_swarm_outcome_clear (&outcome);
  g_assert_true (dms_p2p_limits_set (alice->limits, "peer", "connections", 8, NULL));
  g_object_unref (dms_p2p_swarm_fixture_reach (alice, bob, NULL));
}

static gboolean
is_smaller (DmsPeerId *a, DmsPeerId *b)
{
  g_autoptr (GBytes) left = dms_peer_id_dup_bytes (a);
  g_autoptr (GBytes) right = dms_peer_id_dup_bytes (b);

  return g_bytes_compare (left, right) < 0;
}

/* Both ends dial each other at once, 200 times, each using what it got. No stream breaks, and after a moment
 * both have one connection: the same, which is that of the smaller peer ID. */
static void
test_simultaneous (void)
{
  enum
  {
    N_PAIRS = 200
  };
  DmsP2pSwarmFixture *left[N_PAIRS] = { 0 };
  DmsP2pSwarmFixture *right[N_PAIRS] = { 0 };
  DmsP2pSwarmOutcome outcomes[2 * N_PAIRS] = { 0 };
  Echo echoes[2 * N_PAIRS] = { 0 };
  guint n_double = 0;

  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_autofree char *first = g_strdup_printf ("/ip4/10.0.%u.1/tcp/9000", i + 1);
      g_autofree char *second = g_strdup_printf ("/ip4/10.0.%u.2/tcp/9000", i + 1);
      const char *const to_first[] = { first, NULL };
      const char *const to_second[] = { second, NULL };

      left[i] = dms_p2p_swarm_fixture_new (first);
      right[i] = dms_p2p_swarm_fixture_new (second);
      dms_p2p_memory_set_outcome (
          left[i]->memory, NULL, DMS_P2P_MEMORY_CONNECT, (guint) g_random_int_range (0, 8));
      dms_p2p_memory_set_outcome (
          right[i]->memory, NULL, DMS_P2P_MEMORY_CONNECT, (guint) g_random_int_range (0, 8));
      dms_p2p_memory_set_accept_delay (left[i]->memory, 10);
      dms_p2p_memory_set_accept_delay (right[i]->memory, 10);
      dms_p2p_swarm_fixture_connect (left[i], right[i]->peer, to_second, FALSE, NULL, &outcomes[2 * i]);
      dms_p2p_swarm_fixture_connect (right[i], left[i]->peer, to_first, FALSE, NULL, &outcomes[2 * i + 1]);
    }
  for (guint i = 0; i < 2 * N_PAIRS; i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      g_assert_no_error (outcomes[i].error);
      echo_open (&echoes[i], outcomes[i].connection);
    }
  for (guint i = 0; i < 2 * N_PAIRS; i++)
    {
      for (guint j = 0; j < 1000 && !echoes[i].is_answered && !echoes[i].is_broken; j++)
        dms_p2p_test_run (5);
      g_assert_true (echoes[i].is_answered);
      echo_close (&echoes[i]);
    }
  for (guint i = 0; i < N_PAIRS; i++)
    n_double += left[i]->n_opened > 1 ? 1 : 0;
  g_test_message ("%u of %u had two connections for a moment", n_double, N_PAIRS);
  g_assert_cmpuint (n_double, >, 0);
  /* Nothing more may happen once all is settled. */
  for (guint i = 0; i < N_PAIRS; i++)
    dms_p2p_swarm_fixture_settle (left[i], right[i]);
  dms_p2p_test_run (1500);
  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_autoptr (GPtrArray) of_left = dms_p2p_swarm_list (left[i]->swarm);
      g_autoptr (GPtrArray) of_right = dms_p2p_swarm_list (right[i]->swarm);

      g_assert_cmpuint (of_left->len, ==, 1);
      g_assert_cmpuint (of_right->len, ==, 1);
      g_assert_true (dms_p2p_connection_is_inbound (of_left->pdata[0]) !=
                     dms_p2p_connection_is_inbound (of_right->pdata[0]));
      if (left[i]->n_opened > 1)
        g_assert_cmpint (dms_p2p_connection_is_inbound (of_right->pdata[0]),
                         ==,
                         is_smaller (left[i]->peer, right[i]->peer));
      g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (left[i], "system", "connections", "used"), ==, 1);
      g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (left[i], "system", "streams", "used"), ==, 0);
    }
  for (guint i = 0; i < 2 * N_PAIRS; i++)
    dms_p2p_swarm_outcome_clear (&outcomes[i]);
  for (guint i = 0; i < N_PAIRS; i++)
    {
      dms_p2p_swarm_fixture_free (left[i]);
      dms_p2p_swarm_fixture_free (right[i]);
    }
}

/* A relayed connection is good enough until a direct one is asked for; then it is given up once unused. */
static void
test_limited (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_autofree char *relayed = g_strconcat (
      "/ip4/198.51.100.1/tcp/4001/p2p/", dms_peer_id_get_text (alice->peer), "/p2p-circuit", NULL);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (relayed, NULL);
  g_autoptr (DmsMultiaddr) bound = NULL;
  g_autoptr (DmsP2pConnection) limited = NULL;
  const char *const addresses[] = { BOB, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  bound = dms_p2p_swarm_listen (bob->swarm, address, NULL);
  g_assert_nonnull (bound);
  limited = dms_p2p_swarm_fixture_reach (alice, bob, relayed);
  g_assert_true (dms_p2p_connection_is_limited (limited));
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "descriptors", "used"), ==, 0);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_true (outcome.connection == limited);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, TRUE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_false (dms_p2p_connection_is_limited (outcome.connection));
  g_assert_true (dms_p2p_swarm_find (alice->swarm, bob->peer) == outcome.connection);
  g_assert_true (dms_p2p_connection_is_open (limited));
  wait_for (&alice->n_closed, 1);
  g_assert_false (dms_p2p_connection_is_open (limited));
  g_assert_true (dms_p2p_swarm_find (alice->swarm, bob->peer) == outcome.connection);
}

/* Whoever it is. */
static void
test_any_peer (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_autoptr (DmsP2pSwarmFixture) carol = dms_p2p_swarm_fixture_new (CAROL);
  g_autofree char *named = g_strconcat (CAROL "/p2p/", dms_peer_id_get_text (bob->peer), NULL);
  const char *const addresses[] = { BOB, NULL };
  const char *const wrong[] = { named, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_swarm_fixture_connect (alice, NULL, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (dms_peer_id_equal (dms_p2p_connection_get_peer_id (outcome.connection), bob->peer));
  dms_p2p_swarm_outcome_clear (&outcome);
  /* A name behind the address counts as the peer. */
  dms_p2p_swarm_disconnect (alice->swarm, bob->peer);
  dms_p2p_test_run (20);
  dms_p2p_peer_store_forget (alice->store, bob->peer);
  dms_p2p_swarm_fixture_connect (alice, NULL, wrong, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
}

static void
test_close (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (ALICE);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (BOB);
  g_autoptr (DmsP2pSwarmFixture) carol = dms_p2p_swarm_fixture_new (CAROL);
  g_autoptr (DmsP2pConnection) connection = dms_p2p_swarm_fixture_reach (alice, bob, NULL);
  g_autoptr (DmsP2pReservation) reservation = NULL;
  g_autoptr (GError) error = NULL;
  const char *const addresses[] = { CAROL, NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };
  g_auto (DmsP2pSwarmOutcome) late = { 0 };

  wait_for (&bob->n_opened, 1);
  dms_p2p_memory_set_outcome (alice->memory, CAROL, DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_swarm_fixture_connect (alice, carol->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_test_run (10);
  dms_p2p_swarm_close (alice->swarm);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  wait_for (&bob->n_closed, 1);
  g_assert_cmpuint (alice->n_closed, ==, 0);
  g_assert_null (dms_p2p_connection_open (connection, &reservation, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  dms_p2p_swarm_fixture_connect (alice, carol->peer, addresses, FALSE, NULL, &late);
  dms_p2p_swarm_outcome_wait (&late);
  g_assert_error (late.error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_object (&connection);
  dms_p2p_test_run (20);
  assert_nothing_used (alice);
}

static void
test_trim (void)
{
  enum
  {
    N = 6
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  DmsP2pSwarmFixture *others[N] = { 0 };
  gboolean is_kept[N] = { 0 };

  dms_p2p_swarm_set_water_marks (alice->swarm, 2, 5, 0);
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *address = g_strdup_printf ("/ip4/10.9.0.%u/tcp/1", i + 1);

      others[i] = dms_p2p_swarm_fixture_new (address);
      if (i == 1)
        dms_p2p_swarm_protect (alice->swarm, others[i]->peer, "relay");
      if (i == 3)
        dms_p2p_swarm_tag (alice->swarm, others[i]->peer, "dht", 5);
      /* As many as the high mark are not too many. */
      if (i == N - 1)
        dms_p2p_test_run (50);
      g_assert_cmpuint (alice->n_closed, ==, 0);
      g_object_unref (dms_p2p_swarm_fixture_reach (alice, others[i], NULL));
    }
  wait_for (&alice->n_closed, 4);
  for (guint i = 0; i < N; i++)
    is_kept[i] = dms_p2p_swarm_find (alice->swarm, others[i]->peer) != NULL;
  g_assert_true (is_kept[1] && is_kept[3]);
  g_assert_true (!is_kept[0] && !is_kept[2] && !is_kept[4] && !is_kept[5]);
  g_assert_false (dms_p2p_swarm_unprotect (alice->swarm, others[1]->peer, "relay"));
  for (guint i = 0; i < N; i++)
    dms_p2p_swarm_fixture_free (others[i]);
}

/* Of so many peers it is remembered what they are worth; those that are gone make room for others. */
static void
test_many_weights (void)
{
  enum
  {
    MAX = 8192
  };
  g_autoptr (DmsP2pTrimmer) trimmer = dms_p2p_trimmer_new ();
  g_autoptr (GPtrArray) peers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_peer_id_unref);

  for (guint i = 0; i <= MAX; i++)
    {
      const guint8 key[32] = { 7, (guint8) (i >> 8), (guint8) i };

      g_ptr_array_add (peers, dms_peer_id_new_for_ed25519 (key));
      dms_p2p_trimmer_tag (trimmer, peers->pdata[i], "tag", 1);
      g_assert_cmpint (dms_p2p_trimmer_get_weight (trimmer, peers->pdata[i]), ==, i < MAX ? 1 : 0);
    }
  dms_p2p_trimmer_tag (trimmer, peers->pdata[0], "other", 2);
  g_assert_cmpint (dms_p2p_trimmer_get_weight (trimmer, peers->pdata[0]), ==, 3);
  dms_p2p_trimmer_note_gone (trimmer, peers->pdata[0]);
  dms_p2p_trimmer_tag (trimmer, peers->pdata[MAX], "tag", 1);
  g_assert_cmpint (dms_p2p_trimmer_get_weight (trimmer, peers->pdata[MAX]), ==, 1);
}

/* What is in use goes last. */
static void
test_trim_streams (void)
{
  enum
  {
    N = 4,
    BUSY = 2
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  DmsP2pSwarmFixture *others[N] = { 0 };
  g_autoptr (DmsP2pReservation) reservation = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;

  dms_p2p_swarm_set_water_marks (alice->swarm, 1, N - 1, 0);
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *address = g_strdup_printf ("/ip4/10.9.2.%u/tcp/1", i + 1);
      g_autoptr (DmsP2pConnection) connection = NULL;

      others[i] = dms_p2p_swarm_fixture_new (address);
      connection = dms_p2p_swarm_fixture_reach (alice, others[i], NULL);
      if (i == BUSY)
        pipe = dms_p2p_connection_open (connection, &reservation, NULL);
    }
  g_assert_nonnull (pipe);
  wait_for (&alice->n_closed, N - 1);
  g_assert_nonnull (dms_p2p_swarm_find (alice->swarm, others[BUSY]->peer));
  dms_p2p_pipe_reset (pipe, 0);
  for (guint i = 0; i < N; i++)
    dms_p2p_swarm_fixture_free (others[i]);
}

/* In their grace none is closed; when it is over the high mark counts. */
static void
test_trim_grace (void)
{
  enum
  {
    N = 4
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  DmsP2pSwarmFixture *others[N] = { 0 };

  dms_p2p_swarm_set_water_marks (alice->swarm, 1, 2, 3);
  for (guint i = 0; i < N; i++)
    {
      g_autofree char *address = g_strdup_printf ("/ip4/10.9.1.%u/tcp/1", i + 1);

      others[i] = dms_p2p_swarm_fixture_new (address);
      g_object_unref (dms_p2p_swarm_fixture_reach (alice, others[i], NULL));
    }
  dms_p2p_test_run (100);
  g_assert_cmpuint (alice->n_closed, ==, 0);
  wait_for (&alice->n_closed, 3);
  /* The oldest stays. */
  g_assert_nonnull (dms_p2p_swarm_find (alice->swarm, others[0]->peer));
  for (guint i = 0; i < N; i++)
    dms_p2p_swarm_fixture_free (others[i]);
}

static void
test_listen (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new ("/ip4/0.0.0.0/tcp/9000");
  g_autoptr (GPtrArray) list = dms_p2p_swarm_dup_listen_addresses (alice->swarm);
  g_autoptr (DmsMultiaddr) local = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/9000", NULL);
  g_autoptr (DmsMultiaddr) other = dms_multiaddr_new ("/unix/socket", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_ptr_array_find_with_equal_func (list, local, (GEqualFunc) dms_multiaddr_equal, NULL));
  for (guint i = 0; i < list->len; i++)
    {
      g_assert_false (g_str_has_prefix (dms_multiaddr_get_text (list->pdata[i]), "/ip4/0.0.0.0/"));
      g_assert_false (g_str_has_prefix (dms_multiaddr_get_text (list->pdata[i]), "/ip4/169.254."));
    }
  g_assert_null (dms_p2p_swarm_listen (alice->swarm, other, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-swarm/basic", test_basic);
  g_test_add_func ("/p2p-swarm/joined", test_joined);
  g_test_add_func ("/p2p-swarm/joined-addresses", test_joined_addresses);
  g_test_add_func ("/p2p-swarm/all-cancelled", test_all_cancelled);
  g_test_add_func ("/p2p-swarm/after-cancelled", test_after_cancelled);
  g_test_add_func ("/p2p-swarm/errors", test_errors);
  g_test_add_func ("/p2p-swarm/no-address", test_no_address);
  g_test_add_func ("/p2p-swarm/many-addresses", test_many_addresses);
  g_test_add_func ("/p2p-swarm/back-off", test_back_off);
  g_test_add_func ("/p2p-swarm/silent-addresses", test_silent_addresses);
  g_test_add_func ("/p2p-swarm/own-limit", test_own_limit);
  g_test_add_func ("/p2p-swarm/simultaneous", test_simultaneous);
  g_test_add_func ("/p2p-swarm/limited", test_limited);
  g_test_add_func ("/p2p-swarm/any-peer", test_any_peer);
  g_test_add_func ("/p2p-swarm/close", test_close);
  g_test_add_func ("/p2p-swarm/trim", test_trim);
  g_test_add_func ("/p2p-swarm/many-weights", test_many_weights);
  g_test_add_func ("/p2p-swarm/trim-streams", test_trim_streams);
  g_test_add_func ("/p2p-swarm/trim-grace", test_trim_grace);
  g_test_add_func ("/p2p-swarm/listen", test_listen);
  return g_test_run ();
}
