/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-link.h"
#include "dms-sim-network.h"
#include "dms-sim-peer.h"

enum
{
  LATENCY_MS = 40,
  N_MESSAGES = 200,
};

/* Two regions, 40 ms from each other. */
static DmsSimNetwork *
make_network (guint64 seed, double loss, double rate_mbit)
{
  g_autofree char *text = g_strdup_printf ("{\"loss\": %g, \"rate_mbit\": %g, \"regions\": ["
                                           "{\"name\": \"a\", \"share\": 1, \"latency_ms\": [1.0, %d.0]},"
                                           "{\"name\": \"b\", \"share\": 1, \"latency_ms\": [%d.0, 1.0]}]}",
                                           loss,
                                           rate_mbit,
                                           LATENCY_MS,
                                           LATENCY_MS);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  DmsSimNetwork *network = NULL;

  g_assert_true (json_parser_load_from_data (parser, text, -1, NULL));
  network = dms_sim_network_new (seed, json_node_get_object (json_parser_get_root (parser)), &error);
  g_assert_no_error (error);
  return network;
}

static DmsSimPeer *
make_peer (DmsSimNetwork *network, guint region)
{
  DmsSimPeer *peer = dms_sim_peer_new (network, NULL);

  peer->region = region;
  dms_sim_peer_start (peer);
  return peer;
}

static void
run_ms (DmsSimNetwork *network, gint64 ms)
{
  dms_sim_network_run (network, dms_sim_clock_get_us () + ms * 1000, NULL, NULL);
}

static void
on_timeout (gpointer data)
{
  *(gint64 *) data = dms_sim_clock_get_us ();
}

static gboolean
on_glib_timeout (gpointer data)
{
  *(gint64 *) data = g_get_monotonic_time ();
  return G_SOURCE_REMOVE;
}

static gboolean
on_every (gpointer data)
{
  ++*(guint *) data;
  return G_SOURCE_CONTINUE;
}

static void
note_order (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_string_append_c (task_data, (char) GPOINTER_TO_INT (g_object_get_data (G_OBJECT (task), "name")));
  g_task_return_boolean (task, TRUE);
}

/* Nothing waits for real: not GLib's timeouts, not the clocks that libraries ask, not threads. */
static void
test_clock (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (1, 0, 100);
  gint64 wall_us = dms_sim_clock_get_wall_us ();
  gint64 from_us = g_get_monotonic_time ();
  gint64 real_us = g_get_real_time ();
  gint64 fired_us = 0;
  gint64 happened_us = 0;
  g_autoptr (GDateTime) now = NULL;
  g_autoptr (GString) order = g_string_new (NULL);
  guint n_times = 0;
  guint n_never = 0;
  guint every_id = 0;
  guint removed_id = 0;
  gint64 source_us = 0;
  g_autoptr (GSource) source = NULL;
  sqlite3 *database = NULL;
  sqlite3_stmt *statement = NULL;

  dms_sim_network_take_main_loop (network);
  every_id = g_timeout_add (50, on_every, &n_times);
  removed_id = g_timeout_add (100, on_every, &n_never);
  g_assert_true (g_source_remove (removed_id));
  source = g_timeout_source_new (70);
  g_source_set_callback (source, on_glib_timeout, &source_us, NULL);
  g_source_attach (source, NULL);
  g_timeout_add_seconds (3600, on_glib_timeout, &fired_us);
  dms_sim_network_plan (network, 1500 * G_TIME_SPAN_MILLISECOND, on_timeout, &happened_us, NULL);
  for (char name = 'a'; name <= 'e'; name++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

      g_object_set_data (G_OBJECT (task), "name", GINT_TO_POINTER (name));
      g_task_set_task_data (task, order, NULL);
      g_task_run_in_thread (task, note_order);
    }
  g_assert_cmpstr (order->str, ==, "");
  run_ms (network, 1000);
  g_assert_cmpuint (n_times, ==, 20);
  g_assert_cmpint ((source_us - from_us) / 1000, ==, 70);
  g_assert_true (g_source_remove (every_id));
  run_ms (network, 2 * 3600 * 1000 - 1000);
  g_assert_cmpuint (n_times, ==, 20);
  g_assert_cmpuint (n_never, ==, 0);
  g_assert_cmpstr (order->str, ==, "abcde");
  g_assert_cmpint (happened_us, ==, 1500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (fired_us - from_us, ==, 3600 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (g_get_monotonic_time () - from_us, ==, 2 * 3600 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (g_get_real_time () - real_us, ==, 2 * 3600 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (dms_sim_clock_get_wall_us () - wall_us, <, 600 * G_TIME_SPAN_SECOND);

  now = g_date_time_new_now_utc ();
  g_assert_cmpint (g_date_time_to_unix (now), ==, 1767225600 + 2 * 3600);
  g_assert_cmpint (sqlite3_open (":memory:", &database), ==, SQLITE_OK);
  g_assert_cmpint (
      sqlite3_prepare_v2 (database, "SELECT strftime('%s', 'now')", -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  g_assert_cmpint (sqlite3_column_int64 (statement, 0), ==, 1767225600 + 2 * 3600);
  sqlite3_finalize (statement);
  sqlite3_close (database);
}

static gboolean
on_twice (gpointer data)
{
  return ++*(guint *) data < 2;
}

static void
note_free (gpointer data)
{
  ++*(guint *) data;
}

/* Sources behave as those of GLib, though no main context has them. */
static void
test_timeout_sources (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (1, 0, 100);
  g_autoptr (GSource) twice = NULL;
  GSource *destroyed = NULL;
  guint n_times = 0;
  guint n_free = 0;

  dms_sim_network_take_main_loop (network);
  twice = g_timeout_source_new (50);
  g_source_set_callback (twice, on_twice, &n_times, NULL);
  g_source_attach (twice, NULL);
  destroyed = g_timeout_source_new_seconds (1);
  g_source_set_callback (destroyed, on_every, &n_free, note_free);
  g_source_attach (destroyed, g_main_context_default ());
  run_ms (network, 70);
  g_assert_cmpuint (n_times, ==, 1);
  g_assert_false (g_source_is_destroyed (twice));
  g_source_destroy (destroyed);
  g_source_unref (destroyed);
  g_assert_cmpuint (n_free, ==, 1);
  run_ms (network, 3000);
  g_assert_cmpuint (n_times, ==, 2);
  g_assert_true (g_source_is_destroyed (twice));
  g_assert_cmpuint (n_free, ==, 1);
}

static void
test_random (void)
{
  DmsSimRandom a;
  DmsSimRandom same;
  DmsSimRandom other;
  guint n_equal = 0;
  guint seen[7] = { 0 };
  double sum = 0;
  guint8 first[16];
  guint8 second[16];

  dms_sim_random_init (&a, 7, "x", 1);
  dms_sim_random_init (&same, 7, "x", 1);
  dms_sim_random_init (&other, 7, "x", 2);
  for (guint i = 0; i < 10000; i++)
    {
      guint64 value = dms_sim_random_next (&a);

      g_assert_cmpuint (value, ==, dms_sim_random_next (&same));
      n_equal += value == dms_sim_random_next (&other);
      seen[dms_sim_random_below (&a, 7)]++;
      dms_sim_random_next (&same);
      sum += dms_sim_random_exponential (&other, 3);
    }
  g_assert_cmpuint (n_equal, ==, 0);
  for (guint i = 0; i < 7; i++)
    g_assert_cmpuint (seen[i], >, 1200);
  g_assert_cmpfloat (sum / 10000, >, 2.8);
  g_assert_cmpfloat (sum / 10000, <, 3.2);
  /* What libraries draw is of the seed too. */
  dms_sim_random_take_libraries (5);
  randombytes_buf (first, sizeof first);
  dms_sim_random_take_libraries (5);
  randombytes_buf (second, sizeof second);
  g_assert_cmpmem (first, sizeof first, second, sizeof second);
  g_assert_cmpstr (randombytes_implementation_name (), ==, "simulation");
}

typedef struct
{
  guint n_sent;
  GArray *arrived;
  gint64 last_us;
  guint n_freed;
} Log;

typedef struct
{
  Log *log;
  guint number;
} Item;

static void
on_item (gpointer data)
{
  const Item *item = data;

  g_array_append_val (item->log->arrived, item->number);
  item->log->last_us = dms_sim_clock_get_us ();
}

static void
free_item (gpointer data)
{
  ((Item *) data)->log->n_freed++;
  g_free (data);
}

static void
send (DmsSimLink *link, DmsSimPeer *from, Log *log, gsize size)
{
  Item *item = g_new (Item, 1);

  *item = (Item){ log, log->n_sent++ };
  dms_sim_link_send (link, from, DMS_SIM_MESSAGE, size, on_item, item, free_item);
}

/* As long as the way is, and as the line is slow. */
static void
test_delay (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (1, 0, 8);
  DmsSimPeer *a = make_peer (network, 0);
  DmsSimPeer *b = make_peer (network, 1);
  Log log = { .arrived = g_array_new (FALSE, FALSE, sizeof (guint)) };
  gint64 from_us = 0;
  gint64 took_us = 0;

  dms_sim_peer_tie (a, b);
  from_us = dms_sim_clock_get_us ();
  send (dms_sim_peer_get_link (a, b), a, &log, 26);
  run_ms (network, LATENCY_MS + 5);
  g_assert_cmpuint (log.arrived->len, ==, 1);
  took_us = log.last_us - from_us;
  g_assert_cmpint (took_us, >=, LATENCY_MS * 1000);
  g_assert_cmpint (took_us, <, LATENCY_MS * 1000 + 1000);
  /* 1 MB/s: 100 kB take 100 ms to leave and 100 ms to come in. */
  from_us = dms_sim_clock_get_us ();
  send (dms_sim_peer_get_link (a, b), a, &log, 100000);
  run_ms (network, 1000);
  g_assert_cmpint ((log.last_us - from_us) / 1000, >=, LATENCY_MS + 200);
  g_assert_cmpint ((log.last_us - from_us) / 1000, <=, LATENCY_MS + 210);
  g_array_unref (log.arrived);
}

/* What is lost comes late, and in order all the same. */
static void
test_loss (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (3, 0.2, 1000);
  DmsSimPeer *a = make_peer (network, 0);
  DmsSimPeer *b = make_peer (network, 1);
  Log log = { .arrived = g_array_new (FALSE, FALSE, sizeof (guint)) };
  gint64 from_us = 0;

  dms_sim_peer_tie (a, b);
  from_us = dms_sim_clock_get_us ();
  for (guint i = 0; i < N_MESSAGES; i++)
    send (dms_sim_peer_get_link (a, b), a, &log, 100);
  run_ms (network, 20000);
  g_assert_cmpuint (log.arrived->len, ==, N_MESSAGES);
  for (guint i = 0; i < N_MESSAGES; i++)
    g_assert_cmpuint (g_array_index (log.arrived, guint, i), ==, i);
  g_assert_cmpuint (network->n_lost, >, 0);
  g_assert_cmpint ((log.last_us - from_us) / 1000, >=, LATENCY_MS + DMS_SIM_RTO_MS);
  g_assert_cmpuint (log.n_freed, ==, N_MESSAGES);
  g_array_unref (log.arrived);
}

static guint
side_of (DmsSimPeer *peer, gpointer user_data)
{
  return peer->region;
}

/* A short cut delays, a long one breaks; then they find each other again. */
static void
test_partition (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (4, 0, 100);
  DmsSimPeer *a = make_peer (network, 0);
  DmsSimPeer *b = make_peer (network, 1);
  Log log = { .arrived = g_array_new (FALSE, FALSE, sizeof (guint)) };

  g_ptr_array_add (network->bootstrap, a);
  dms_sim_peer_tie (a, b);
  dms_sim_network_cut (network, side_of, NULL);
  send (dms_sim_peer_get_link (a, b), a, &log, 100);
  run_ms (network, 5000);
  g_assert_cmpuint (log.arrived->len, ==, 0);
  dms_sim_network_heal (network);
  run_ms (network, 100);
  g_assert_cmpuint (log.arrived->len, ==, 1);
  g_assert_nonnull (dms_sim_peer_get_link (b, a));

  dms_sim_network_cut (network, side_of, NULL);
  send (dms_sim_peer_get_link (a, b), a, &log, 100);
  run_ms (network, (DMS_SIM_NOTICE_MAX_S + 1) * 1000);
  g_assert_null (dms_sim_peer_get_link (a, b));
  g_assert_null (dms_sim_peer_get_link (b, a));
  g_assert_cmpuint (log.n_freed, ==, 2);
  dms_sim_network_heal (network);
  run_ms (network, 100);
  g_assert_cmpuint (log.arrived->len, ==, 1);
  run_ms (network, 120 * 1000);
  g_assert_nonnull (dms_sim_peer_get_link (a, b));
  g_array_unref (log.arrived);
}

static void
on_sent (DmsSimPeer *peer, const GError *error, gpointer user_data)
{
  *(int *) user_data = error != NULL ? error->code : -1;
}

static gboolean
on_message (DmsSimPeer *peer, DmsSimPeer *from, const char *inbox, GBytes *bytes, gpointer user_data)
{
  return strcmp (inbox, "full") != 0;
}

/* Who vanishes is missed only after a while; who comes back is another connection. */
static void
test_vanishing (void)
{
  static const DmsSimPeerFuncs funcs = { .message = on_message };
  g_autoptr (DmsSimNetwork) network = make_network (5, 0, 100);
  DmsSimPeer *a = make_peer (network, 0);
  DmsSimPeer *b = make_peer (network, 1);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  int taken = 0;
  int full = 0;
  int lost = 0;
  int again = 0;

  g_ptr_array_add (network->bootstrap, a);
  dms_sim_peer_set_funcs (b, &funcs, NULL);
  dms_sim_peer_tie (a, b);
  dms_sim_peer_send_message (a, b, "root", bytes, on_sent, &taken);
  dms_sim_peer_send_message (a, b, "full", bytes, on_sent, &full);
  g_assert_cmpint (taken, ==, 0);
  run_ms (network, 2 * LATENCY_MS + 5);
  g_assert_cmpint (taken, ==, -1);
  g_assert_cmpint (full, ==, DMS_ERROR_BUSY);

  dms_sim_peer_stop (b);
  dms_sim_peer_send_message (a, b, "root", bytes, on_sent, &lost);
  run_ms (network, (DMS_SIM_NOTICE_MIN_S - 1) * 1000);
  g_assert_nonnull (dms_sim_peer_get_link (a, b));
  g_assert_cmpint (lost, ==, 0);
  run_ms (network, DMS_SIM_NOTICE_MAX_S * 1000);
  g_assert_null (dms_sim_peer_get_link (a, b));
  g_assert_cmpint (lost, ==, DMS_ERROR_UNAVAILABLE);

  dms_sim_peer_start (b);
  run_ms (network, 2000);
  g_assert_nonnull (dms_sim_peer_get_link (a, b));
  dms_sim_peer_send_message (a, b, "root", bytes, on_sent, &again);
  run_ms (network, 1000);
  g_assert_cmpint (again, ==, -1);
}

/* Dials cost their round trips; those to nobody their timeout; those who know no address fail. */
typedef struct
{
  gint64 at_us;
  gboolean is_linked;
} Outcome;

static void
on_connected (DmsSimPeer *peer, DmsSimLink *link, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->at_us = dms_sim_clock_get_us ();
  outcome->is_linked = link != NULL;
}

static void
test_dial (void)
{
  g_autoptr (DmsSimNetwork) network = make_network (6, 0, 100);
  DmsSimPeer *a = make_peer (network, 0);
  DmsSimPeer *b = make_peer (network, 1);
  DmsSimPeer *c = make_peer (network, 1);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  Outcome good = { 0 };
  Outcome unknown = { 0 };
  gint64 from_us = dms_sim_clock_get_us ();

  g_ptr_array_add (addresses, c->address);
  g_assert_false (dms_sim_peer_learn (a, b, addresses));
  g_ptr_array_index (addresses, 0) = b->address;
  g_assert_true (dms_sim_peer_learn (a, b, addresses));
  dms_sim_peer_connect (a, b, on_connected, &good);
  dms_sim_peer_connect (a, c, on_connected, &unknown);
  g_assert_cmpint (good.at_us, ==, 0);
  run_ms (network, DMS_SIM_DIAL_TIMEOUT_S * 1000);
  g_assert_true (good.is_linked);
  g_assert_cmpint ((good.at_us - from_us) / 1000, >=, 4 * LATENCY_MS);
  g_assert_cmpint ((good.at_us - from_us) / 1000, <=, 4 * LATENCY_MS + 2);
  g_assert_false (unknown.is_linked);
  g_assert_cmpint ((unknown.at_us - from_us) / 1000, ==, DMS_SIM_DIAL_TIMEOUT_S * 1000);
  g_assert_cmpuint (network->n_failed_dials, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_sim_random_take_libraries (1);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/sim/clock", test_clock);
  g_test_add_func ("/sim/timeout-sources", test_timeout_sources);
  g_test_add_func ("/sim/random", test_random);
  g_test_add_func ("/sim/delay", test_delay);
  g_test_add_func ("/sim/loss", test_loss);
  g_test_add_func ("/sim/partition", test_partition);
  g_test_add_func ("/sim/vanishing", test_vanishing);
  g_test_add_func ("/sim/dial", test_dial);
  return g_test_run ();
}
