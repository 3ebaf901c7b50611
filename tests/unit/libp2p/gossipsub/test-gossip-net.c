/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-gossip-net.h"

#define TOPIC "/nunet/deployment"

enum
{
  N_NODES = 1000,
  N_DIALS = 10,
  N_MESSAGES = 20,
};

/* How many nodes are reached within @ms, of all that are up. */
static double
measure_reach (DmsTestGossipNet *net, guint from, const char *text, gint64 ms, guint n_up)
{
  dms_test_gossip_net_publish (net, from, TOPIC, text);
  dms_test_gossip_net_run (net, ms);
  return (double) dms_test_gossip_net_count (net, text) / n_up;
}

static DmsTestGossipNet *
make_net (guint n, guint32 seed)
{
  DmsTestGossipNet *net = dms_test_gossip_net_new (n, seed);

  dms_test_gossip_net_connect_any (net, N_DIALS);
  dms_test_gossip_net_join_all (net, TOPIC);
  dms_test_gossip_net_run (net, 10 * 1000);
  return net;
}

static void
check_meshes (DmsTestGossipNet *net, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GPtrArray) mesh =
          dms_p2p_gossip_core_list_mesh (dms_test_gossip_net_get (net, i)->core, TOPIC);

      g_assert_cmpuint (mesh->len, >=, DMS_P2P_GOSSIP_D_LOW - 1);
      g_assert_cmpuint (mesh->len, <=, DMS_P2P_GOSSIP_D_HIGH + DMS_P2P_GOSSIP_D_OUT);
    }
}

/* A thousand nodes, 20 to 150 ms apart: all are reached within three heartbeats, each exactly once, with few
 * copies. */
static void
test_reach (void)
{
  g_autoptr (DmsTestGossipNet) net = make_net (N_NODES, 4711);
  guint64 duplicates = 0;
  guint64 sent = 0;
  double worst = 1;
  gint64 began_us = g_get_monotonic_time ();

  check_meshes (net, N_NODES);
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);
      double reach = measure_reach (net, i * 37, text, 3 * DMS_P2P_GOSSIP_HEARTBEAT_MS, N_NODES);

      worst = MIN (worst, reach);
    }
  dms_test_gossip_net_run (net, 5 * 1000);
  for (guint i = 0; i < N_NODES; i++)
    {
      DmsTestGossipNode *node = dms_test_gossip_net_get (net, i);
      const DmsP2pGossipCounts *counts = dms_p2p_gossip_core_get_counts (node->core);

      duplicates += counts->duplicates;
      sent += counts->sent + counts->iwant_answered;
      g_assert_cmpuint (g_hash_table_size (node->delivered), ==, N_MESSAGES);
      g_assert_cmpuint (counts->delivered, ==, N_MESSAGES);
    }
  g_test_message ("reach within 3 heartbeats: %.4f at worst; %.2f duplicates a node and message; %.2f sent; "
                  "%.1f s of computing",
                  worst,
                  (double) duplicates / N_NODES / N_MESSAGES,
                  (double) sent / N_NODES / N_MESSAGES,
                  (double) (g_get_monotonic_time () - began_us) / G_USEC_PER_SEC);
  g_assert_cmpfloat (worst, >=, 0.99);
  g_assert_cmpfloat ((double) duplicates / N_NODES / N_MESSAGES, <=, 8);
}

/* A tenth of the nodes goes and comes while messages are on their way. */
static void
test_churn (void)
{
  enum
  {
    N = 300
  };
  g_autoptr (DmsTestGossipNet) net = make_net (N, 815);

  for (guint round = 0; round < 5; round++)
    {
      g_autofree char *text = g_strdup_printf ("round %u", round);
      double reach = 0;

      for (guint i = 0; i < N / 10; i++)
        dms_test_gossip_net_stop (net, round * (N / 10) + i);
      reach = measure_reach (net, N - 1, text, 3 * DMS_P2P_GOSSIP_HEARTBEAT_MS, N - N / 10);
      g_test_message ("round %u: %.4f", round, reach);
      g_assert_cmpfloat (reach, >=, 0.99);
      for (guint i = 0; i < N / 10; i++)
        dms_test_gossip_net_restart (net, round * (N / 10) + i, TOPIC);
      dms_test_gossip_net_run (net, 5 * 1000);
    }
  for (guint i = 0; i < N; i++)
    {
      GHashTableIter iter;
      gpointer n = NULL;

      g_hash_table_iter_init (&iter, dms_test_gossip_net_get (net, i)->delivered);
      while (g_hash_table_iter_next (&iter, NULL, &n))
        g_assert_cmpuint (GPOINTER_TO_UINT (n), ==, 1);
    }
}

/* Nothing gets across while the network is in two; when it is one again, new messages reach all, and those of
 * the last heartbeats too. */
static void
test_partition (void)
{
  enum
  {
    N = 200
  };
  g_autoptr (DmsTestGossipNet) net = make_net (N, 99);

  for (guint i = 0; i < N / 2; i++)
    dms_test_gossip_net_get (net, i)->side = 1;
  g_assert_cmpfloat (measure_reach (net, 0, "one side", 5000, N), ==, 0.5);
  dms_test_gossip_net_publish (net, 0, TOPIC, "late");
  dms_test_gossip_net_run (net, 500);
  for (guint i = 0; i < N / 2; i++)
    dms_test_gossip_net_get (net, i)->side = 0;
  g_assert_cmpfloat (measure_reach (net, 0, "both sides", 3 * DMS_P2P_GOSSIP_HEARTBEAT_MS, N), >=, 0.99);
  dms_test_gossip_net_run (net, 3000);
  g_assert_cmpuint (dms_test_gossip_net_count (net, "both sides"), ==, N);
  g_assert_cmpuint (dms_test_gossip_net_count (net, "late"), ==, N);
}

static guint
run_traced (guint32 seed)
{
  g_autoptr (DmsTestGossipNet) net = make_net (60, seed);

  measure_reach (net, 3, "text", 3000, 60);
  return dms_test_gossip_net_get_trace (net);
}

static void
test_deterministic (void)
{
  guint first = run_traced (7);

  g_assert_cmpuint (run_traced (7), ==, first);
  g_assert_cmpuint (run_traced (8), !=, first);
}

/* Who did not join publishes too; who left gets nothing any more. */
static void
test_fanout (void)
{
  g_autoptr (DmsTestGossipNet) net = make_net (40, 21);
  DmsP2pGossipCore *core = dms_test_gossip_net_get (net, 5)->core;
  g_autoptr (GPtrArray) mesh = NULL;

  dms_p2p_gossip_core_leave (core, TOPIC);
  dms_test_gossip_net_run (net, 1000);
  mesh = dms_p2p_gossip_core_list_mesh (core, TOPIC);
  g_assert_cmpuint (mesh->len, ==, 0);
  dms_test_gossip_net_publish (net, 5, TOPIC, "from outside");
  dms_test_gossip_net_publish (net, 6, TOPIC, "from inside");
  dms_test_gossip_net_run (net, 3000);
  g_assert_cmpuint (dms_test_gossip_net_count (net, "from outside"), ==, 39);
  g_assert_cmpuint (dms_test_gossip_net_count (net, "from inside"), ==, 39);
  g_assert_cmpuint (
      dms_test_gossip_node_get_delivered (dms_test_gossip_net_get (net, 5), "from inside"), ==, 0);
  /* All forget the topic when nobody cares for it any more. */
  for (guint i = 0; i < 40; i++)
    dms_p2p_gossip_core_leave (dms_test_gossip_net_get (net, i)->core, TOPIC);
  dms_test_gossip_net_run (net, (DMS_P2P_GOSSIP_BACK_OFF_S + 5) * 1000);
  for (guint i = 0; i < 40; i++)
    g_assert_cmpuint (dms_p2p_gossip_core_get_n_topics (dms_test_gossip_net_get (net, i)->core), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/gossip/net/reach", test_reach);
  g_test_add_func ("/libp2p/gossip/net/churn", test_churn);
  g_test_add_func ("/libp2p/gossip/net/partition", test_partition);
  g_test_add_func ("/libp2p/gossip/net/deterministic", test_deterministic);
  g_test_add_func ("/libp2p/gossip/net/fanout", test_fanout);
  return g_test_run ();
}
