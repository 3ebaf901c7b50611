/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-score.h"

#include <math.h>

#define TOPIC "t"

typedef struct
{
  DmsP2pGossipScoreParams params;
  DmsP2pGossipScore *score;
  DmsPeerId *a;
  DmsPeerId *b;
  gint64 now_us;
} Fixture;

static DmsPeerId *
make_peer (guint8 number)
{
  guint8 key[32] = { number };

  return dms_peer_id_new_for_ed25519 (key);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dms_p2p_gossip_score_params_init (&fixture->params);
  fixture->a = make_peer (1);
  fixture->b = make_peer (2);
  fixture->now_us = G_USEC_PER_SEC;
}

static void
start (Fixture *fixture)
{
  fixture->score = dms_p2p_gossip_score_new (&fixture->params);
  dms_p2p_gossip_score_add_peer (fixture->score, fixture->a, "192.0.2.1", fixture->now_us);
  dms_p2p_gossip_score_add_peer (fixture->score, fixture->b, "192.0.2.2", fixture->now_us);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_p2p_gossip_score_free (fixture->score);
  dms_peer_id_unref (fixture->a);
  dms_peer_id_unref (fixture->b);
}

static double
score_of_a (Fixture *fixture)
{
  return dms_p2p_gossip_score_get (fixture->score, fixture->a);
}

static void
pass (Fixture *fixture, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    {
      fixture->now_us += G_USEC_PER_SEC;
      dms_p2p_gossip_score_refresh (fixture->score, fixture->now_us);
    }
}

static void
assert_near (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, 0.001);
}

static void
test_mesh_time (Fixture *fixture, gconstpointer data)
{
  fixture->params.topic.mesh_time_weight = 2;
  fixture->params.topic.mesh_time_cap = 10;
  fixture->params.topic.weight = 0.5;
  start (fixture);
  dms_p2p_gossip_score_graft (fixture->score, fixture->a, TOPIC, fixture->now_us);
  assert_near (score_of_a (fixture), 0);
  pass (fixture, 4);
  assert_near (score_of_a (fixture), 4);
  pass (fixture, 100);
  assert_near (score_of_a (fixture), 10);
  dms_p2p_gossip_score_prune (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), 0);
  assert_near (dms_p2p_gossip_score_get (fixture->score, fixture->b), 0);
}

static void
test_first (Fixture *fixture, gconstpointer data)
{
  fixture->params.topic.first_weight = 1;
  fixture->params.topic.first_cap = 5;
  fixture->params.topic.first_decay = 0.5;
  start (fixture);
  for (guint i = 0; i < 8; i++)
    dms_p2p_gossip_score_first (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), 5);
  pass (fixture, 1);
  assert_near (score_of_a (fixture), 2.5);
  /* Duplicates are no merit. */
  dms_p2p_gossip_score_duplicate (fixture->score, fixture->b, TOPIC);
  assert_near (dms_p2p_gossip_score_get (fixture->score, fixture->b), 0);
  pass (fixture, 20);
  assert_near (score_of_a (fixture), 0);
}

static void
test_topic_cap (Fixture *fixture, gconstpointer data)
{
  fixture->params.topic.first_weight = 1;
  fixture->params.topic.first_cap = 100;
  fixture->params.topic_cap = 7;
  start (fixture);
  for (guint i = 0; i < 8; i++)
    {
      dms_p2p_gossip_score_first (fixture->score, fixture->a, TOPIC);
      dms_p2p_gossip_score_first (fixture->score, fixture->a, "u");
    }
  assert_near (score_of_a (fixture), 7);
}

/* P3 and P3b: too few deliveries in the mesh, and that it sticks. */
static void
test_mesh_deliveries (Fixture *fixture, gconstpointer data)
{
  fixture->params.topic.mesh_weight = -1;
  fixture->params.topic.mesh_decay = 1;
  fixture->params.topic.mesh_threshold = 4;
  fixture->params.topic.mesh_activation_us = 3 * G_USEC_PER_SEC;
  fixture->params.topic.failure_weight = -1;
  fixture->params.topic.failure_decay = 0.5;
  start (fixture);
  dms_p2p_gossip_score_graft (fixture->score, fixture->a, TOPIC, fixture->now_us);
  pass (fixture, 3);
  assert_near (score_of_a (fixture), 0);
  pass (fixture, 1);
  assert_near (score_of_a (fixture), -16);
  dms_p2p_gossip_score_first (fixture->score, fixture->a, TOPIC);
  dms_p2p_gossip_score_duplicate (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), -4);
  dms_p2p_gossip_score_prune (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), -4);
  pass (fixture, 1);
  assert_near (score_of_a (fixture), -2);
}

static void
test_invalid (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  dms_p2p_gossip_score_invalid (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), -1000);
  dms_p2p_gossip_score_invalid (fixture->score, fixture->a, TOPIC);
  assert_near (score_of_a (fixture), -4000);
  g_assert_cmpfloat (score_of_a (fixture), <, fixture->params.graylist_threshold);
  pass (fixture, 3600);
  g_assert_cmpfloat (score_of_a (fixture), >, -1);
}

static void
test_app (Fixture *fixture, gconstpointer data)
{
  DmsP2pGossipStanding standing;

  start (fixture);
  dms_p2p_gossip_score_set_app (fixture->score, fixture->a, 5);
  dms_p2p_gossip_score_describe (fixture->score, fixture->a, &standing);
  assert_near (standing.app, 5);
  assert_near (standing.score, 5);
  g_assert_cmpfloat (standing.score, >=, fixture->params.opportunistic_threshold);
}

/* Ten nodes stand behind one address, thirty do not. */
static void
test_ip (Fixture *fixture, gconstpointer data)
{
  DmsP2pGossipStanding standing;

  start (fixture);
  for (guint8 i = 0; i < 9; i++)
    {
      g_autoptr (DmsPeerId) peer = make_peer ((guint8) (10 + i));

      dms_p2p_gossip_score_add_peer (fixture->score, peer, "192.0.2.1", fixture->now_us);
    }
  assert_near (score_of_a (fixture), 0);
  for (guint8 i = 0; i < 20; i++)
    {
      g_autoptr (DmsPeerId) peer = make_peer ((guint8) (30 + i));

      dms_p2p_gossip_score_add_peer (fixture->score, peer, "192.0.2.1", fixture->now_us);
    }
  dms_p2p_gossip_score_describe (fixture->score, fixture->a, &standing);
  assert_near (standing.ip, -4000);
  g_assert_cmpfloat (standing.score, <, fixture->params.graylist_threshold);
  assert_near (dms_p2p_gossip_score_get (fixture->score, fixture->b), 0);
  for (guint8 i = 0; i < 20; i++)
    {
      g_autoptr (DmsPeerId) peer = make_peer ((guint8) (30 + i));

      dms_p2p_gossip_score_remove_peer (fixture->score, peer, fixture->now_us);
    }
  assert_near (score_of_a (fixture), 0);
}

static void
test_behaviour (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  dms_p2p_gossip_score_penalize (fixture->score, fixture->a, 6);
  assert_near (score_of_a (fixture), 0);
  dms_p2p_gossip_score_penalize (fixture->score, fixture->a, 4);
  assert_near (score_of_a (fixture), -160);
  pass (fixture, 3600);
  assert_near (score_of_a (fixture), 0);
}

/* Coming back does not wash anything off; being gone does not let it fade, but ends. */
static void
test_retained (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  dms_p2p_gossip_score_invalid (fixture->score, fixture->a, TOPIC);
  dms_p2p_gossip_score_set_app (fixture->score, fixture->a, 5000);
  dms_p2p_gossip_score_remove_peer (fixture->score, fixture->a, fixture->now_us);
  pass (fixture, 1800);
  dms_p2p_gossip_score_add_peer (fixture->score, fixture->a, "192.0.2.9", fixture->now_us);
  assert_near (score_of_a (fixture), -1000);
  dms_p2p_gossip_score_remove_peer (fixture->score, fixture->a, fixture->now_us);
  g_assert_cmpuint (dms_p2p_gossip_score_get_n_peers (fixture->score), ==, 2);
  pass (fixture, 6 * 3600 + 1);
  g_assert_cmpuint (dms_p2p_gossip_score_get_n_peers (fixture->score), ==, 1);
  /* Whoever did nothing wrong is forgotten at once. */
  dms_p2p_gossip_score_remove_peer (fixture->score, fixture->b, fixture->now_us);
  g_assert_cmpuint (dms_p2p_gossip_score_get_n_peers (fixture->score), ==, 0);
}

static void
add (const char *name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/libp2p/gossip/score/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("mesh-time", test_mesh_time);
  add ("first", test_first);
  add ("topic-cap", test_topic_cap);
  add ("mesh-deliveries", test_mesh_deliveries);
  add ("invalid", test_invalid);
  add ("app", test_app);
  add ("ip", test_ip);
  add ("behaviour", test_behaviour);
  add ("retained", test_retained);
  return g_test_run ();
}
