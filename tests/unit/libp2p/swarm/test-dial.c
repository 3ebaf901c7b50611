/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-p2p-swarm-fixture.h"
#include "swarm/dms-p2p-back-off.h"
#include "swarm/dms-p2p-dial-plan.h"

static void
assert_plan (const char *const *addresses, const char *const *expected, const guint *delays)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GArray) plan = NULL;

  for (guint i = 0; addresses[i] != NULL; i++)
    g_ptr_array_add (list, dms_multiaddr_new (addresses[i], NULL));
  plan = dms_p2p_dial_plan_new (list);
  g_assert_cmpuint (plan->len, ==, g_strv_length ((char **) expected));
  for (guint i = 0; i < plan->len; i++)
    {
      DmsP2pDialStep *step = &g_array_index (plan, DmsP2pDialStep, i);

      g_assert_cmpstr (dms_multiaddr_get_text (step->address), ==, expected[i]);
      g_assert_cmpuint (step->delay_ms, ==, delays[i]);
    }
}

static void
test_plan (void)
{
  const char *const nothing[] = { NULL };
  const char *const one[] = { "/ip4/198.51.100.1/tcp/1", NULL };
  const char *const mixed[] = {
    "/ip4/198.51.100.1/tcp/1",         "/ip4/198.51.100.2/tcp/1",        "/ip6/2001:db8::1/tcp/1",
    "/ip4/198.51.100.1/udp/1/quic-v1", "/ip6/2001:db8::1/udp/1/quic-v1", NULL,
  };
  const char *const mixed_expected[] = {
    "/ip6/2001:db8::1/udp/1/quic-v1", "/ip4/198.51.100.1/udp/1/quic-v1", "/ip6/2001:db8::1/tcp/1",
    "/ip4/198.51.100.1/tcp/1",        "/ip4/198.51.100.2/tcp/1",         NULL,
  };
  const char *const near[] = {
    "/ip4/198.51.100.1/tcp/1",
    "/ip4/127.0.0.1/tcp/1",
    "/ip4/10.0.0.1/udp/1/quic-v1",
    "/ip4/198.51.100.9/tcp/1/p2p/12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6/p2p-circuit",
    "/ip6/fd00::1/tcp/1",
    NULL,
  };
  const char *const near_expected[] = {
    "/ip4/10.0.0.1/udp/1/quic-v1",
    "/ip6/fd00::1/tcp/1",
    "/ip4/127.0.0.1/tcp/1",
    "/ip4/198.51.100.1/tcp/1",
    "/ip4/198.51.100.9/tcp/1/p2p/12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6/p2p-circuit",
    NULL,
  };
  const guint mixed_delays[] = { 0, 250, 250, 500, 750 };
  const guint near_delays[] = { 0, 30, 60, 100, 500 };
  const guint none[] = { 0 };

  assert_plan (nothing, nothing, none);
  assert_plan (one, one, none);
  assert_plan (mixed, mixed_expected, mixed_delays);
  assert_plan (near, near_expected, near_delays);
}

static void
test_back_off (void)
{
  g_autoptr (DmsP2pBackOff) back_off = dms_p2p_back_off_new ();
  const guint8 key[32] = { 1 };
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (key);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/1", NULL);
  g_autoptr (DmsMultiaddr) other = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/2", NULL);
  const guint seconds[] = { 5, 10, 20, 40, 80, 160, 300, 300, 300 };
  gint64 now_us = 1000;

  g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, address, now_us), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      gint64 wait_us = (gint64) seconds[i] * G_USEC_PER_SEC;

      dms_p2p_back_off_note_failed (back_off, peer, address, now_us);
      g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, address, now_us), ==, wait_us);
      g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, address, now_us + wait_us - 1), ==, 1);
      g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, address, now_us + wait_us), ==, 0);
      now_us += wait_us;
    }
  /* Neither another address nor another peer. */
  dms_p2p_back_off_note_failed (back_off, peer, address, now_us);
  g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, other, now_us), ==, 0);
  g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, NULL, address, now_us), ==, 0);
  dms_p2p_back_off_note_connected (back_off, peer, address);
  g_assert_cmpint (dms_p2p_back_off_get_left_us (back_off, peer, address, now_us), ==, 0);
  g_assert_cmpuint (dms_p2p_back_off_get_size (back_off), ==, 0);

  /* Bounded, whoever fills it. */
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/198.51.100.1/tcp/%u", i + 1);
      g_autoptr (DmsMultiaddr) crowd = dms_multiaddr_new (text, NULL);

      dms_p2p_back_off_note_failed (back_off, peer, crowd, now_us);
    }
  g_assert_cmpuint (dms_p2p_back_off_get_size (back_off), <=, 4096);
  /* And forgotten in time. */
  now_us += 3600 * G_GINT64_CONSTANT (1000000);
  dms_p2p_back_off_note_failed (back_off, NULL, other, now_us);
  g_assert_cmpuint (dms_p2p_back_off_get_size (back_off), ==, 1);
}

/* An address that may be dialled again is not forgotten at once: its next failure counts as one more. */
static void
test_back_off_remembers (void)
{
  g_autoptr (DmsP2pBackOff) back_off = dms_p2p_back_off_new ();
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/1", NULL);
  g_autoptr (DmsMultiaddr) other = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/2", NULL);
  g_autoptr (DmsMultiaddr) third = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/3", NULL);
  gint64 now_us = 1000;

  dms_p2p_back_off_note_failed (back_off, NULL, address, now_us);
  now_us += 300 * G_GINT64_CONSTANT (1000000);
  dms_p2p_back_off_note_failed (back_off, NULL, other, now_us);
  dms_p2p_back_off_note_failed (back_off, NULL, address, now_us);
  g_assert_cmpint (
      dms_p2p_back_off_get_left_us (back_off, NULL, address, now_us), ==, 10 * G_GINT64_CONSTANT (1000000));
  now_us += 310 * G_GINT64_CONSTANT (1000000);
  dms_p2p_back_off_note_failed (back_off, NULL, third, now_us);
  g_assert_cmpuint (dms_p2p_back_off_get_size (back_off), ==, 1);
}

static void
assert_entry (DmsP2pSwarmFixture *host, guint i, const char *address, guint least_ms, guint most_ms)
{
  GPtrArray *log = dms_p2p_memory_get_log (host->memory);
  DmsP2pMemoryEntry *entry = log->pdata[i];
  gint64 after_us = entry->at_us - ((DmsP2pMemoryEntry *) log->pdata[0])->at_us;

  g_assert_cmpstr (entry->address, ==, address);
  g_assert_cmpint (after_us, >=, (gint64) least_ms * 1000);
  g_assert_cmpint (after_us, <, (gint64) most_ms * 1000);
}

/* QUIC does not answer: TCP is tried after 250 ms and wins; QUIC is given up. */
static void
test_fallback (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new ("/ip4/198.51.100.2/tcp/1");
  const char *const addresses[] = {
    "/ip4/198.51.100.2/tcp/1", "/ip4/198.51.100.2/udp/1/quic-v1", "/ip4/198.51.100.3/tcp/1", NULL
  };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_memory_set_outcome (alice->memory, addresses[1], DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 2);
  assert_entry (alice, 1, addresses[0], 250, 5000);
  dms_p2p_test_run (300);
  g_assert_cmpuint (dms_p2p_memory_get_n_cancelled (alice->memory), ==, 1);
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, 2);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 1);
}

/* What fails at once does not keep the next one waiting. */
static void
test_refused (void)
{
  enum
  {
    N = 40
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new ("/ip4/198.51.100.2/tcp/40");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) addresses = NULL;
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  for (guint i = 0; i < N; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/198.51.100.2/tcp/%u", i + 1);

      g_strv_builder_add (builder, text);
    }
  addresses = g_strv_builder_end (builder);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, (const char *const *) addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (dms_p2p_memory_get_log (alice->memory)->len, ==, N);
  /* One after another, though 9,750 ms were planned. */
  assert_entry (alice, N - 1, addresses[N - 1], 0, 9000);
}

static void
test_timeouts (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new (NULL);
  const char *const addresses[] = { "/ip4/198.51.100.2/tcp/1", "/ip4/198.51.100.2/tcp/2", NULL };
  g_auto (DmsP2pSwarmOutcome) outcome = { 0 };

  dms_p2p_memory_set_outcome (alice->memory, NULL, DMS_P2P_MEMORY_HANG, 0);
  dms_p2p_dialer_set_timeouts (dms_p2p_swarm_get_dialer (alice->swarm), 100, 10000);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, FALSE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (outcome.error->message, "no connection within 100 ms"));
  g_assert_cmpuint (dms_p2p_memory_get_n_cancelled (alice->memory), ==, 2);
  dms_p2p_swarm_outcome_clear (&outcome);

  dms_p2p_dialer_set_timeouts (dms_p2p_swarm_get_dialer (alice->swarm), 10000, 100);
  dms_p2p_swarm_fixture_connect (alice, bob->peer, addresses, TRUE, NULL, &outcome);
  dms_p2p_swarm_outcome_wait (&outcome);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (outcome.error->message, "no answer within 100 ms"));
  dms_p2p_test_run (20);
  g_assert_cmpuint (dms_p2p_memory_get_n_active (alice->memory), ==, 0);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 0);
}

/* Thousands of dials at once, most to nobody: never more than 160 under way, and each comes to an end. */
static void
test_storm (void)
{
  enum
  {
    N = 2000
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new ("/ip4/198.51.100.2/tcp/1");
  g_autofree DmsP2pSwarmOutcome *outcomes = g_new0 (DmsP2pSwarmOutcome, N);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint n_cancelled = 0;

  dms_p2p_memory_set_outcome (alice->memory, NULL, DMS_P2P_MEMORY_FAIL, 3);
  dms_p2p_memory_set_outcome (alice->memory, "/ip4/198.51.100.2/tcp/1", DMS_P2P_MEMORY_CONNECT, 3);
  for (guint i = 0; i < N; i++)
    {
      guint8 key[32] = { 9, (guint8) (i >> 8), (guint8) i };
      g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (key);
      g_autofree char *first = g_strdup_printf ("/ip4/10.7.%u.%u/tcp/1", i / 250, i % 250 + 1);
      g_autofree char *second = g_strdup_printf ("/ip4/10.8.%u.%u/tcp/1", i / 250, i % 250 + 1);
      const char *const addresses[] = { first, second, NULL };
      const char *const good[] = { "/ip4/198.51.100.2/tcp/1", NULL };

      if (i == N / 2)
        dms_p2p_swarm_fixture_connect (alice, bob->peer, good, FALSE, NULL, &outcomes[i]);
      else
        dms_p2p_swarm_fixture_connect (
            alice, peer, addresses, FALSE, i % 5 == 0 ? cancellable : NULL, &outcomes[i]);
    }
  dms_p2p_test_run (5);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < N; i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      if (i == N / 2)
        g_assert_no_error (outcomes[i].error);
      else
        g_assert_nonnull (outcomes[i].error);
      n_cancelled += g_error_matches (outcomes[i].error, DMS_ERROR, DMS_ERROR_CANCELLED) ? 1 : 0;
      dms_p2p_swarm_outcome_clear (&outcomes[i]);
    }
  g_assert_cmpuint (n_cancelled, >, 0);
  g_assert_cmpuint (dms_p2p_memory_get_peak (alice->memory), ==, 160);
  g_assert_cmpuint (dms_p2p_dialer_get_n_active (dms_p2p_swarm_get_dialer (alice->swarm)), ==, 0);
  g_assert_cmpuint (alice->n_opened, ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "system", "connections", "used"), ==, 1);
  g_assert_cmpint (dms_p2p_swarm_fixture_get_limit (alice, "transient", "connections", "used"), ==, 0);
}

/* A place that is free again is never lost, also when the limits refuse most dials. */
static void
test_storm_limited (void)
{
  enum
  {
    N = 1500
  };
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autofree DmsP2pSwarmOutcome *outcomes = g_new0 (DmsP2pSwarmOutcome, N);
  guint n_busy = 0;

  g_assert_true (dms_p2p_limits_set (alice->limits, "transient", "connections-outbound", 20, NULL));
  dms_p2p_memory_set_outcome (alice->memory, NULL, DMS_P2P_MEMORY_FAIL, 2);
  for (guint i = 0; i < N; i++)
    {
      guint8 key[32] = { 8, (guint8) (i >> 8), (guint8) i };
      g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (key);
      g_autofree char *first = g_strdup_printf ("/ip4/10.7.%u.%u/tcp/1", i / 250, i % 250 + 1);
      const char *const addresses[] = { first, NULL };

      dms_p2p_swarm_fixture_connect (alice, peer, addresses, FALSE, NULL, &outcomes[i]);
    }
  for (guint i = 0; i < N; i++)
    {
      dms_p2p_swarm_outcome_wait (&outcomes[i]);
      g_assert_nonnull (outcomes[i].error);
      n_busy += g_error_matches (outcomes[i].error, DMS_ERROR, DMS_ERROR_BUSY) ? 1 : 0;
      if (g_error_matches (outcomes[i].error, DMS_ERROR, DMS_ERROR_BUSY))
        g_assert_nonnull (strstr (outcomes[i].error->message, "transient/connections-outbound"));
      dms_p2p_swarm_outcome_clear (&outcomes[i]);
    }
  g_assert_cmpuint (n_busy, >, 0);
  g_assert_cmpuint (dms_p2p_memory_get_peak (alice->memory), ==, 20);
}

static void
on_trace (const char *step, const char *detail, gint64 duration_us, const GError *error, gpointer user_data)
{
  g_string_append_printf (user_data, "%s %s\n", step, detail);
}

static void
on_traced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pConnection) connection =
      dms_p2p_swarm_connect_finish (DMS_P2P_SWARM (source), result, NULL);

  g_assert_nonnull (connection);
  *(gboolean *) user_data = TRUE;
}

/* Names are resolved, and each who waits is told of the steps. */
static void
test_names (void)
{
  g_autoptr (DmsP2pSwarmFixture) alice = dms_p2p_swarm_fixture_new (NULL);
  g_autoptr (DmsP2pSwarmFixture) bob = dms_p2p_swarm_fixture_new ("/ip4/127.0.0.9/tcp/1");
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  GString *steps[2] = { g_string_new (NULL), g_string_new (NULL) };
  gboolean is_done[2] = { FALSE, FALSE };

  /* A name that is an address needs no DNS. */
  g_ptr_array_add (addresses, dms_multiaddr_new ("/dns4/127.0.0.9/tcp/1", NULL));
  for (guint i = 0; i < 2; i++)
    dms_p2p_swarm_connect_async (
        alice->swarm, bob->peer, addresses, FALSE, on_trace, steps[i], NULL, on_traced, &is_done[i]);
  for (guint i = 0; i < 1000 && !(is_done[0] && is_done[1]); i++)
    dms_p2p_test_run (10);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (is_done[i]);
      g_assert_cmpstr (
          steps[i]->str, ==, "resolve /dns4/127.0.0.9/tcp/1: 1 addresses\nconnect /ip4/127.0.0.9/tcp/1\n");
      g_string_free (steps[i], TRUE);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-dial/plan", test_plan);
  g_test_add_func ("/p2p-dial/back-off", test_back_off);
  g_test_add_func ("/p2p-dial/back-off-remembers", test_back_off_remembers);
  g_test_add_func ("/p2p-dial/fallback", test_fallback);
  g_test_add_func ("/p2p-dial/refused", test_refused);
  g_test_add_func ("/p2p-dial/timeouts", test_timeouts);
  g_test_add_func ("/p2p-dial/storm", test_storm);
  g_test_add_func ("/p2p-dial/storm-limited", test_storm_limited);
  g_test_add_func ("/p2p-dial/names", test_names);
  return g_test_run ();
}
