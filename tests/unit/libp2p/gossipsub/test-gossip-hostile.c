/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "../dms-test-heap.h"
#include "dms-test-gossip-net.h"

#include <string.h>

#include "wire/dms-p2p-proto-writer.h"

#define TOPIC "/nunet/hello"

/* Node 0 is attacked; node 1 is the attacker, whose own core is not used: what it says is written here. Nodes
 * 2 to 5 are honest. */
typedef struct
{
  DmsTestGossipNet *net;
  DmsTestGossipNode *victim;
  DmsTestGossipNode *attacker;
  DmsTestGossipNode *other;
  /* What the victim said to the attacker. */
  GPtrArray *said;
  /* The heap before the attack, and at most while it went on. */
  gint64 before;
  gint64 most;
} Fixture;

enum
{
  /* What one peer may make the whole test take, what it said and heard included. */
  MAX_HEAP = 32 * 1024 * 1024,
};

/* What the test itself has taken so far is no attack. */
static void
begin_heap (Fixture *fixture)
{
  fixture->before = dms_test_heap_get_used ();
  fixture->most = 0;
}

static void
note_heap (Fixture *fixture)
{
  fixture->most = MAX (fixture->most, dms_test_heap_get_used () - fixture->before);
}

static gboolean
on_tap (DmsTestGossipNode *from, DmsTestGossipNode *to, GBytes *rpc, gpointer user_data)
{
  Fixture *fixture = user_data;

  if (to == fixture->attacker && from == fixture->victim)
    g_ptr_array_add (fixture->said,
                     dms_p2p_gossip_rpc_decode (g_bytes_get_data (rpc, NULL), g_bytes_get_size (rpc), NULL));
  return to == fixture->attacker || from == fixture->attacker;
}

static void
feed (Fixture *fixture, DmsP2pGossipRpc *rpc)
{
  g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode (rpc);

  dms_test_gossip_node_feed (fixture->victim, fixture->attacker->id, bytes);
  note_heap (fixture);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

  fixture->net = dms_test_gossip_net_new (6, 1234);
  fixture->victim = dms_test_gossip_net_get (fixture->net, 0);
  fixture->attacker = dms_test_gossip_net_get (fixture->net, 1);
  fixture->other = dms_test_gossip_net_get (fixture->net, 2);
  fixture->said = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_gossip_rpc_free);
  dms_test_gossip_net_set_tap (fixture->net, on_tap, fixture);
  dms_test_gossip_net_join_all (fixture->net, TOPIC);
  for (guint i = 1; i < 6; i++)
    dms_test_gossip_net_connect (fixture->net, i, 0);
  dms_test_gossip_net_run (fixture->net, 3000);
  dms_p2p_gossip_rpc_add_subscription (rpc, TOPIC, TRUE);
  feed (fixture, rpc);
  g_ptr_array_set_size (fixture->said, 0);
  begin_heap (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  note_heap (fixture);
  g_test_message ("%" G_GINT64_FORMAT " bytes of the heap at most", fixture->most);
  g_assert_cmpint (fixture->most, <, MAX_HEAP);
  dms_test_gossip_net_free (fixture->net);
  g_ptr_array_unref (fixture->said);
}

static double
score_of (Fixture *fixture, DmsTestGossipNode *node)
{
  return dms_p2p_gossip_score_get (dms_p2p_gossip_core_get_score (fixture->victim->core), node->id);
}

static guint
count_said (Fixture *fixture, const char *what)
{
  guint n = 0;

  for (guint i = 0; i < fixture->said->len; i++)
    {
      DmsP2pGossipRpc *rpc = g_ptr_array_index (fixture->said, i);

      if (g_str_equal (what, "iwant"))
        n += rpc->iwant->len;
      else if (g_str_equal (what, "prune"))
        n += rpc->prune->len;
      else if (g_str_equal (what, "messages"))
        n += rpc->messages->len;
      else
        n += rpc->idontwant->len;
    }
  return n;
}

static DmsP2pGossipMessage *
make_message (DmsTestGossipNode *node, guint64 number, const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));

  return dms_p2p_gossip_message_new (node->identity, number, TOPIC, data);
}

static void
feed_wire (Fixture *fixture, const guint8 *data, gsize size)
{
  GByteArray *out = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  dms_p2p_proto_write_bytes (out, 2, data, size);
  bytes = g_byte_array_free_to_bytes (out);
  dms_test_gossip_node_feed (fixture->victim, fixture->attacker->id, bytes);
  note_heap (fixture);
}

static void
feed_message (Fixture *fixture, DmsP2pGossipMessage *message)
{
  feed_wire (fixture, g_bytes_get_data (message->wire, NULL), g_bytes_get_size (message->wire));
}

static GBytes *
make_id (guint number)
{
  return g_bytes_new (&number, sizeof number);
}

static void
feed_ihave (Fixture *fixture, guint first, guint n)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (ids, make_id (first + i));
  dms_p2p_gossip_rpc_add_ihave (rpc, TOPIC, ids);
  feed (fixture, rpc);
}

/* At most 5,000 are asked for, and ten announcements heard, in one heartbeat. */
static void
test_ihave_spam (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 40; i++)
    feed_ihave (fixture, i * 100, 100);
  g_assert_cmpuint (count_said (fixture, "iwant"), ==, 1000);
  dms_test_gossip_net_run (fixture->net, 1000);
  g_ptr_array_set_size (fixture->said, 0);
  for (guint i = 0; i < 4; i++)
    feed_ihave (fixture, 100000 + i * 4000, 4000);
  g_assert_cmpuint (count_said (fixture, "iwant"), ==, DMS_P2P_GOSSIP_MAX_IHAVE_IDS);
}

/* Who says it has what it does not deliver loses its standing, and is heard no more. */
static void
test_broken_promises (Fixture *fixture, gconstpointer data)
{
  const DmsP2pGossipScoreParams *params =
      dms_p2p_gossip_score_get_params (dms_p2p_gossip_core_get_score (fixture->victim->core));

  for (guint i = 0; i < 40; i++)
    {
      feed_ihave (fixture, i * 10, 10);
      dms_test_gossip_net_run (fixture->net, 1000);
    }
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), <, params->gossip_threshold);
  g_ptr_array_set_size (fixture->said, 0);
  feed_ihave (fixture, 100000, 10);
  g_assert_cmpuint (count_said (fixture, "iwant"), ==, 0);
}

/* One that is kept counts for nothing. */
static void
test_kept_promise (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->attacker, i + 1, text);
      g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
      GPtrArray *ids = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

      g_ptr_array_add (ids, g_bytes_ref (message->id));
      dms_p2p_gossip_rpc_add_ihave (rpc, TOPIC, ids);
      feed (fixture, rpc);
      feed_message (fixture, message);
      dms_test_gossip_net_run (fixture->net, 4000);
      g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, text), ==, 1);
      g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->other, text), ==, 1);
    }
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), ==, 0);
}

/* The same message is given to one peer three times. */
static void
test_iwant_spam (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 1, "text");
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode_message (message);

  dms_test_gossip_node_feed (fixture->victim, fixture->other->id, bytes);
  g_ptr_array_set_size (fixture->said, 0);
  for (guint i = 0; i < 100; i++)
    g_ptr_array_add (rpc->iwant, g_bytes_ref (message->id));
  for (guint i = 0; i < 50; i++)
    feed (fixture, rpc);
  g_assert_cmpuint (count_said (fixture, "messages"), ==, DMS_P2P_GOSSIP_MAX_RETRANSMISSIONS);
}

static void feed_prune (Fixture *fixture, guint64 back_off_s);

/* How many messages it is given; they are not kept. */
static guint
ask_and_count (Fixture *fixture, DmsP2pGossipRpc *rpc)
{
  guint n = 0;

  feed (fixture, rpc);
  n = count_said (fixture, "messages");
  g_ptr_array_set_size (fixture->said, 0);
  return n;
}

/* Of however many messages: so many in one heartbeat, and more in the next. */
static void
test_iwant_flood (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = DMS_P2P_GOSSIP_MAX_IDS * 2 / 5,
  };
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  guint n_given = 0;

  feed_prune (fixture, 60);
  for (guint i = 0; i < N; i++)
    {
      g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, i + 1, "x");
      g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode_message (message);

      dms_test_gossip_node_feed (fixture->victim, fixture->other->id, bytes);
      g_ptr_array_add (rpc->iwant, g_bytes_ref (message->id));
    }
  g_ptr_array_set_size (fixture->said, 0);
  begin_heap (fixture);
  for (guint i = 0; i < DMS_P2P_GOSSIP_MAX_RETRANSMISSIONS; i++)
    n_given += ask_and_count (fixture, rpc);
  g_assert_cmpuint (n_given, ==, DMS_P2P_GOSSIP_MAX_IDS);
  dms_test_gossip_net_run (fixture->net, 1000);
  n_given += ask_and_count (fixture, rpc);
  g_assert_cmpuint (n_given, ==, N * DMS_P2P_GOSSIP_MAX_RETRANSMISSIONS);
}

/* What a peer does not want is remembered, as far as that goes. */
static void
test_idontwant_flood (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 4, "wanted all the same");
  g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode_message (message);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

      for (guint j = 0; j < DMS_P2P_GOSSIP_MAX_UNWANTED; j++)
        g_ptr_array_add (rpc->idontwant, make_id (i * DMS_P2P_GOSSIP_MAX_UNWANTED + j));
      if (i == 9)
        g_ptr_array_add (rpc->idontwant, g_bytes_ref (message->id));
      feed (fixture, rpc);
    }
  g_ptr_array_set_size (fixture->said, 0);
  {
    g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

    g_ptr_array_add (rpc->graft, g_strdup (TOPIC));
    feed (fixture, rpc);
  }
  dms_test_gossip_node_feed (fixture->victim, fixture->other->id, bytes);
  g_assert_cmpuint (count_said (fixture, "messages"), ==, 1);
}

static void
feed_graft (Fixture *fixture)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

  g_ptr_array_add (rpc->graft, g_strdup (TOPIC));
  feed (fixture, rpc);
}

static void
feed_prune (Fixture *fixture, guint64 back_off_s)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

  dms_p2p_gossip_rpc_add_prune (rpc, TOPIC, back_off_s);
  feed (fixture, rpc);
}

static gboolean
is_in_mesh (Fixture *fixture)
{
  g_autoptr (GPtrArray) mesh = dms_p2p_gossip_core_list_mesh (fixture->victim->core, TOPIC);

  return g_ptr_array_find_with_equal_func (mesh, fixture->attacker->id, (GEqualFunc) dms_peer_id_equal, NULL);
}

/* Grafting while backed off is refused and punished. */
static void
test_graft_flood (Fixture *fixture, gconstpointer data)
{
  feed_graft (fixture);
  g_assert_true (is_in_mesh (fixture));
  feed_prune (fixture, 60);
  g_assert_false (is_in_mesh (fixture));
  for (guint i = 0; i < 30; i++)
    feed_graft (fixture);
  g_assert_false (is_in_mesh (fixture));
  /* Answered until it is on the gray list, which does not take long. */
  g_assert_cmpuint (count_said (fixture, "prune"), >=, 5);
  g_assert_cmpuint (count_said (fixture, "prune"), <, 15);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), <, -2500);
  /* From there on it is not even read. */
  g_ptr_array_set_size (fixture->said, 0);
  feed_graft (fixture);
  g_assert_cmpuint (fixture->said->len, ==, 0);
}

/* Topics that nobody joined are no reason for an answer. */
static void
test_graft_unknown (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

  for (guint i = 0; i < 500; i++)
    g_ptr_array_add (rpc->graft, g_strdup_printf ("unknown %u", i));
  feed (fixture, rpc);
  g_assert_cmpuint (fixture->said->len, ==, 0);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_topics (fixture->victim->core), ==, 1);
}

/* CVE-2026-33040, CVE-2026-34219 */
static void
test_huge_back_off (Fixture *fixture, gconstpointer data)
{
  static const guint64 values[] = {
    G_MAXUINT64, G_MAXUINT64 - 1, G_MAXINT64, (guint64) G_MAXINT64 + 1, G_MAXUINT64 / G_USEC_PER_SEC,
    1ull << 32
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    feed_prune (fixture, values[i]);
  feed_graft (fixture);
  g_assert_false (is_in_mesh (fixture));
  dms_test_gossip_net_run (fixture->net, (DMS_P2P_GOSSIP_MAX_BACK_OFF_S + 3) * 1000);
  feed_graft (fixture);
  g_assert_true (is_in_mesh (fixture));
}

/* Thirty peers from one place are not listened to; those from elsewhere are. */
static void
test_sybils (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsTestGossipNet) crowd = dms_test_gossip_net_new (40, 5);
  DmsP2pGossipCore *core = dms_test_gossip_net_get (crowd, 0)->core;
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GPtrArray) mesh = NULL;

  g_assert_true (dms_p2p_gossip_core_join (core, TOPIC, NULL));
  for (guint i = 1; i < 40; i++)
    dms_p2p_gossip_core_add_peer (core,
                                  dms_test_gossip_net_get (crowd, i)->id,
                                  DMS_P2P_GOSSIP_V1_1,
                                  FALSE,
                                  i <= 30 ? "192.0.2.1" : NULL);
  dms_p2p_gossip_rpc_add_subscription (rpc, TOPIC, TRUE);
  g_ptr_array_add (rpc->graft, g_strdup (TOPIC));
  bytes = dms_p2p_gossip_rpc_encode (rpc);
  for (guint i = 1; i < 40; i++)
    dms_test_gossip_node_feed (
        dms_test_gossip_net_get (crowd, 0), dms_test_gossip_net_get (crowd, i)->id, bytes);
  mesh = dms_p2p_gossip_core_list_mesh (core, TOPIC);
  g_assert_cmpuint (mesh->len, ==, 9);
  for (guint i = 1; i <= 30; i++)
    g_assert_false (g_ptr_array_find_with_equal_func (
        mesh, dms_test_gossip_net_get (crowd, i)->id, (GEqualFunc) dms_peer_id_equal, NULL));
}

static void
test_replay (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 7, "once");

  for (guint i = 0; i < 100; i++)
    feed_message (fixture, message);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, "once"), ==, 1);
  g_assert_cmpuint (fixture->victim->n_judged, ==, 1);
  /* Two minutes later it is for the validator to know. */
  dms_test_gossip_net_run (fixture->net, (DMS_P2P_GOSSIP_SEEN_S + 1) * 1000);
  fixture->victim->verdict = DMS_VALIDATION_IGNORE;
  feed_message (fixture, message);
  g_assert_cmpuint (fixture->victim->n_judged, ==, 2);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, "once"), ==, 1);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), ==, 0);
}

/* Every byte of a signed message matters, and a forged one does not stand in the way of the true one. */
static void
test_forged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 7, "true");
  gsize size = 0;
  const guint8 *wire = g_bytes_get_data (message->wire, &size);

  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *forged = g_memdup2 (wire, size);

      forged[i] ^= 1;
      feed_wire (fixture, forged, size);
      /* A new life each time, so that it goes on being read. */
      dms_p2p_gossip_core_remove_peer (fixture->victim->core, fixture->attacker->id);
      g_clear_pointer (&fixture->victim->core, dms_p2p_gossip_core_free);
      dms_test_gossip_net_restart (fixture->net, 0, TOPIC);
      dms_test_gossip_net_connect (fixture->net, 1, 0);
      g_assert_cmpuint (fixture->victim->n_judged, ==, 0);
    }
  feed_message (fixture, message);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, "true"), ==, 1);
}

static void
test_wrong_signature (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 7, "true");
  gsize size = 0;
  const guint8 *wire = g_bytes_get_data (message->wire, &size);
  g_autofree guint8 *forged = g_memdup2 (wire, size);

  forged[size - 1] ^= 1;
  feed_wire (fixture, forged, size);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), ==, -1000);
  feed_wire (fixture, forged, size);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), ==, -4000);
  g_assert_cmpuint (fixture->victim->n_judged, ==, 0);
  g_assert_cmpuint (dms_p2p_gossip_core_get_counts (fixture->victim->core)->forged, ==, 2);
  g_assert_cmpfloat (score_of (fixture, fixture->other), ==, 0);
}

/* Without a signature, with somebody else's key, from oneself. */
static void
test_unsigned (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 7, "true");
  g_autoptr (DmsP2pGossipMessage) own = make_message (fixture->victim, 9, "own");
  g_autoptr (GByteArray) out = g_byte_array_new ();
  GBytes *key = dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (fixture->attacker->identity));
  gsize size = g_bytes_get_size (message->wire);

  feed_wire (fixture, g_bytes_get_data (message->wire, NULL), message->signed_size);
  g_byte_array_append (out, g_bytes_get_data (message->wire, NULL), (guint) size);
  dms_p2p_proto_write_gbytes (out, 6, key);
  feed_wire (fixture, out->data, out->len);
  feed_message (fixture, own);
  g_assert_cmpuint (fixture->victim->n_judged, ==, 0);
  g_assert_cmpuint (dms_p2p_gossip_core_get_counts (fixture->victim->core)->forged, ==, 2);
}

/* CVE-2026-46679: 349,000 subscriptions in one RPC leave nothing behind. */
static void
test_subscription_flood (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsP2pGossipRpc) flood = dms_p2p_gossip_rpc_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsP2pGossipRpc) none = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 349000; i++)
    {
      g_autofree char *topic = g_strdup_printf ("topic %u", i);

      dms_p2p_gossip_rpc_add_subscription (flood, topic, TRUE);
    }
  bytes = dms_p2p_gossip_rpc_encode (flood);
  g_clear_pointer (&flood, dms_p2p_gossip_rpc_free);
  begin_heap (fixture);
  none = dms_p2p_gossip_rpc_decode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_assert_null (none);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_assert_false (dms_test_gossip_node_feed (fixture->victim, fixture->attacker->id, bytes));
  note_heap (fixture);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_topics (fixture->victim->core), ==, 1);
  /* In small portions: so many are kept while the peer is there, and none when it is gone. */
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

      for (guint j = 0; j < 500; j++)
        {
          g_autofree char *topic = g_strdup_printf ("topic %u %u", i, j);

          dms_p2p_gossip_rpc_add_subscription (rpc, topic, TRUE);
        }
      feed (fixture, rpc);
    }
  g_assert_cmpuint (
      dms_p2p_gossip_core_get_n_topics (fixture->victim->core), <=, 1 + DMS_P2P_GOSSIP_MAX_TOPICS_PER_PEER);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), <, 0);
  dms_p2p_gossip_core_remove_peer (fixture->victim->core, fixture->attacker->id);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_topics (fixture->victim->core), ==, 1);
}

/* What is being judged is bounded for one peer, and waits for nobody for ever. */
static void
test_pending (Fixture *fixture, gconstpointer data)
{
  const DmsP2pGossipCounts *counts = dms_p2p_gossip_core_get_counts (fixture->victim->core);

  fixture->victim->verdict = DMS_VALIDATION_LATER;
  for (guint i = 0; i < 400; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->attacker, i + 1, text);

      feed_message (fixture, message);
    }
  g_assert_cmpuint (
      dms_p2p_gossip_core_get_n_pending (fixture->victim->core), ==, DMS_P2P_GOSSIP_MAX_PENDING_PER_PEER);
  g_assert_cmpuint (counts->throttled, ==, 400 - DMS_P2P_GOSSIP_MAX_PENDING_PER_PEER);
  /* Nothing is delivered or passed on before it was judged. */
  dms_test_gossip_net_run (fixture->net, 2000);
  g_assert_cmpuint (g_hash_table_size (fixture->victim->delivered), ==, 0);
  g_assert_cmpuint (g_hash_table_size (fixture->other->delivered), ==, 0);
  g_assert_true (dms_p2p_gossip_core_finish_validation (
      fixture->victim->core, g_array_index (fixture->victim->tickets, guint64, 0), DMS_VALIDATION_ACCEPT));
  g_assert_false (dms_p2p_gossip_core_finish_validation (
      fixture->victim->core, g_array_index (fixture->victim->tickets, guint64, 0), DMS_VALIDATION_ACCEPT));
  g_assert_true (dms_p2p_gossip_core_finish_validation (
      fixture->victim->core, g_array_index (fixture->victim->tickets, guint64, 1), DMS_VALIDATION_REJECT));
  dms_test_gossip_net_run (fixture->net, 2000);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, "0"), ==, 1);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->other, "0"), ==, 1);
  g_assert_cmpuint (g_hash_table_size (fixture->other->delivered), ==, 1);
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), <, -990);
  dms_test_gossip_net_run (fixture->net, DMS_P2P_GOSSIP_VALIDATION_TIMEOUT_S * 1000);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_pending (fixture->victim->core), ==, 0);
  g_assert_cmpuint (counts->timed_out, ==, DMS_P2P_GOSSIP_MAX_PENDING_PER_PEER - 2);
}

/* As many messages as @n, in order, and a GRAFT behind them. */
static GBytes *
make_load (Fixture *fixture, guint n)
{
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      g_ptr_array_add (rpc->messages, make_message (fixture->attacker, i + 1, text));
    }
  g_ptr_array_add (rpc->graft, g_strdup (TOPIC));
  return dms_p2p_gossip_rpc_encode (rpc);
}

/* Without a turn for what is left of it. */
static gboolean
hand (Fixture *fixture, DmsTestGossipNode *from, GBytes *rpc, GError **error)
{
  return dms_p2p_gossip_core_receive (
      fixture->victim->core, from->id, g_bytes_get_data (rpc, NULL), g_bytes_get_size (rpc), error);
}

/* Those of the attacker have come in order: so many, and no more. */
static void
assert_delivered (Fixture *fixture, guint n)
{
  g_autofree char *last = g_strdup_printf ("%u", n - 1);
  g_autofree char *next = g_strdup_printf ("%u", n);

  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, last), ==, 1);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, next), ==, 0);
}

/* A thousand signatures in one RPC hold up nobody: so many are looked at in a turn, each peer has its part of
 * it, and what the peer may have waiting is bounded. */
static void
test_slices (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 1000,
    SLICE = DMS_P2P_GOSSIP_MAX_SIGNATURES_PER_TURN,
  };
  DmsP2pGossipCore *core = fixture->victim->core;
  g_autoptr (GBytes) load = make_load (fixture, N);
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 1, "from another");
  g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode_message (message);
  g_autoptr (GError) error = NULL;
  guint n_taken = 1;
  guint n_turns = 2;

  /* Each is some 60 us of work: a turn takes milliseconds. */
  G_STATIC_ASSERT (SLICE <= 32);
  g_assert_true (hand (fixture, fixture->attacker, load, NULL));
  g_assert_cmpuint (fixture->victim->n_judged, ==, SLICE);
  assert_delivered (fixture, SLICE);
  g_assert_true (dms_p2p_gossip_core_is_busy_with (core, fixture->attacker->id));
  g_assert_true (hand (fixture, fixture->other, bytes, NULL));
  g_assert_cmpuint (fixture->victim->n_judged, ==, SLICE);
  g_assert_true (dms_p2p_gossip_core_work (core));
  g_assert_cmpuint (fixture->victim->n_judged, ==, 2 * SLICE);
  g_assert_cmpuint (dms_test_gossip_node_get_delivered (fixture->victim, "from another"), ==, 1);
  assert_delivered (fixture, 2 * SLICE - 1);
  g_assert_false (dms_p2p_gossip_core_is_busy_with (core, fixture->other->id));
  while (hand (fixture, fixture->attacker, load, &error))
    n_taken++;
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_cmpuint (n_taken, <=, DMS_P2P_GOSSIP_MAX_MESSAGES / N);
  /* What comes behind the messages is done behind them. */
  g_assert_false (is_in_mesh (fixture));
  while (dms_p2p_gossip_core_work (core) && fixture->victim->n_judged < N + 1)
    {
      g_assert_cmpuint (fixture->victim->n_judged, ==, ++n_turns * SLICE);
      assert_delivered (fixture, n_turns * SLICE - 1);
    }
  assert_delivered (fixture, N);
  /* Those that come again cost no signature, but time. */
  n_turns = 0;
  while (dms_p2p_gossip_core_work (core))
    n_turns++;
  g_assert_cmpuint (n_turns, >=, (n_taken - 1) * N / DMS_P2P_GOSSIP_MAX_MESSAGES_PER_TURN - 1);
  g_assert_cmpuint (fixture->victim->n_judged, ==, N + 1);
  g_assert_true (is_in_mesh (fixture));
  g_assert_false (dms_p2p_gossip_core_is_busy_with (core, fixture->attacker->id));
  g_assert_cmpfloat (score_of (fixture, fixture->attacker), ==, 0);
}

/* What waits goes with its peer; and the core asks for its turns itself. */
static void
test_slices_gone (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 100,
  };
  DmsP2pGossipCore *core = fixture->victim->core;
  g_autoptr (GBytes) load = make_load (fixture, N);

  g_assert_true (hand (fixture, fixture->attacker, load, NULL));
  dms_p2p_gossip_core_remove_peer (core, fixture->attacker->id);
  g_assert_false (dms_p2p_gossip_core_work (core));
  g_assert_cmpuint (fixture->victim->n_judged, ==, DMS_P2P_GOSSIP_MAX_SIGNATURES_PER_TURN);
  dms_p2p_gossip_core_add_peer (core, fixture->attacker->id, DMS_P2P_GOSSIP_V1_2, FALSE, NULL);
  g_assert_false (dms_p2p_gossip_core_is_busy_with (core, fixture->attacker->id));
  g_assert_true (hand (fixture, fixture->attacker, load, NULL));
  dms_test_gossip_net_run (fixture->net, 1);
  g_assert_cmpuint (fixture->victim->n_judged, ==, N);
  g_assert_false (dms_p2p_gossip_core_is_busy_with (core, fixture->attacker->id));
}

typedef struct
{
  DmsP2pGossipCore *core;
  guint n_told;
} Publisher;

/* Leaves everything behind when the first of its messages is given up. */
static void
on_given_up (DmsValidation verdict, gpointer user_data)
{
  Publisher *publisher = user_data;

  g_assert_cmpint (verdict, ==, DMS_VALIDATION_IGNORE);
  if (publisher->n_told++ > 0)
    return;
  dms_p2p_gossip_core_leave (publisher->core, "left");
  dms_p2p_gossip_core_end_cases (publisher->core);
}

/* Whoever is told that nobody judged its message may do anything, ending the others too. */
static void
test_given_up (Fixture *fixture, gconstpointer data)
{
  const DmsP2pGossipCounts *counts = dms_p2p_gossip_core_get_counts (fixture->victim->core);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  Publisher publisher = { fixture->victim->core, 0 };

  g_assert_true (dms_p2p_gossip_core_join (fixture->victim->core, "left", NULL));
  fixture->victim->verdict = DMS_VALIDATION_LATER;
  for (guint i = 0; i < 20; i++)
    dms_p2p_gossip_core_publish (fixture->victim->core, "left", bytes, on_given_up, &publisher);
  dms_test_gossip_net_run (fixture->net, (DMS_P2P_GOSSIP_VALIDATION_TIMEOUT_S + 2) * 1000);
  g_assert_cmpuint (publisher.n_told, ==, 20);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_pending (fixture->victim->core), ==, 0);
  g_assert_cmpuint (counts->timed_out, ==, 1);
  g_assert_cmpuint (dms_p2p_gossip_core_get_n_topics (fixture->victim->core), ==, 1);
}

/* A node on many topics says so in RPCs that others of its kind read. */
static void
test_many_topics (Fixture *fixture, gconstpointer data)
{
  DmsP2pGossipCore *many = fixture->other->core;

  for (guint i = 0; i < DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS + 100; i++)
    {
      g_autofree char *topic = g_strdup_printf ("topic %u", i);

      g_assert_true (dms_p2p_gossip_core_join (many, topic, NULL));
    }
  dms_test_gossip_net_disconnect (fixture->net, 2, 0);
  dms_test_gossip_net_run (fixture->net, 2000);
  dms_test_gossip_net_connect (fixture->net, 2, 0);
  dms_test_gossip_net_run (fixture->net, 2000);
  g_assert_cmpuint (
      dms_p2p_gossip_core_get_n_topics (fixture->victim->core), >=, DMS_P2P_GOSSIP_MAX_TOPICS_PER_PEER);
  g_assert_cmpfloat (score_of (fixture, fixture->other), >=, 0);
}

/* So does one with many messages on several topics. */
static void
test_many_messages (Fixture *fixture, gconstpointer data)
{
  static const char *const topics[] = { "a", "b", "c" };
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  guint n_ids = 0;

  for (guint i = 0; i < G_N_ELEMENTS (topics); i++)
    {
      g_assert_true (dms_p2p_gossip_core_join (fixture->victim->core, topics[i], NULL));
      dms_p2p_gossip_rpc_add_subscription (rpc, topics[i], TRUE);
      /* Not in the mesh: it is told which messages there are. */
      dms_p2p_gossip_rpc_add_prune (rpc, topics[i], 60);
    }
  feed (fixture, rpc);
  g_ptr_array_set_size (fixture->said, 0);
  for (guint i = 0; i < 4000 * G_N_ELEMENTS (topics); i++)
    {
      g_autoptr (DmsP2pGossipMessage) message = dms_p2p_gossip_message_new (
          fixture->other->identity, i + 1, topics[i % G_N_ELEMENTS (topics)], bytes);
      g_autoptr (GBytes) one = dms_p2p_gossip_rpc_encode_message (message);

      dms_test_gossip_node_feed (fixture->victim, fixture->other->id, one);
    }
  dms_test_gossip_net_run (fixture->net, 1000);
  for (guint i = 0; i < fixture->said->len; i++)
    {
      g_assert_nonnull (g_ptr_array_index (fixture->said, i));
      n_ids = MAX (n_ids, ((DmsP2pGossipRpc *) g_ptr_array_index (fixture->said, i))->n_ids);
    }
  g_assert_cmpuint (n_ids, ==, DMS_P2P_GOSSIP_MAX_IDS);
}

/* Once a large one has come, the others are told not to send it, and ours go to nobody who does not want
 * them.
 */
static void
test_idontwant (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (2000, 'x');
  g_autoptr (DmsP2pGossipMessage) message = make_message (fixture->other, 3, large);
  g_autoptr (GBytes) bytes = dms_p2p_gossip_rpc_encode_message (message);
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  g_autoptr (DmsP2pGossipMessage) unwanted = make_message (fixture->other, 4, "small");
  g_autoptr (GBytes) unwanted_bytes = dms_p2p_gossip_rpc_encode_message (unwanted);

  feed_graft (fixture);
  dms_test_gossip_node_feed (fixture->victim, fixture->other->id, bytes);
  g_assert_cmpuint (count_said (fixture, "idontwant"), ==, 1);
  g_assert_cmpuint (count_said (fixture, "messages"), ==, 1);
  g_ptr_array_add (rpc->idontwant, g_bytes_ref (unwanted->id));
  feed (fixture, rpc);
  dms_test_gossip_node_feed (fixture->victim, fixture->other->id, unwanted_bytes);
  g_assert_cmpuint (count_said (fixture, "messages"), ==, 1);
}

/* Peers that a good peer names are proposed, those of a bad one are not; records come along. */
static void
test_exchange (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DmsTestGossipNet) more = dms_test_gossip_net_new (12, 3);
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  DmsP2pGossipPrune *prune = dms_p2p_gossip_rpc_add_prune (rpc, TOPIC, 60);

  for (guint i = 7; i < 12; i++)
    dms_p2p_gossip_prune_add_peer (prune, dms_test_gossip_net_get (more, i)->id, NULL);
  dms_p2p_gossip_prune_add_peer (prune, fixture->victim->id, NULL);
  dms_p2p_gossip_prune_add_peer (prune, fixture->other->id, NULL);
  feed (fixture, rpc);
  g_assert_cmpuint (fixture->victim->proposed->len, ==, 5);
  dms_p2p_gossip_score_penalize (
      dms_p2p_gossip_core_get_score (fixture->victim->core), fixture->attacker->id, 8);
  feed (fixture, rpc);
  g_assert_cmpuint (fixture->victim->proposed->len, ==, 5);
}

static void
add (const char *name, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/libp2p/gossip/hostile/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("ihave-spam", test_ihave_spam);
  add ("broken-promises", test_broken_promises);
  add ("kept-promise", test_kept_promise);
  add ("iwant-spam", test_iwant_spam);
  add ("iwant-flood", test_iwant_flood);
  add ("idontwant-flood", test_idontwant_flood);
  add ("graft-flood", test_graft_flood);
  add ("graft-unknown", test_graft_unknown);
  add ("huge-back-off", test_huge_back_off);
  add ("sybils", test_sybils);
  add ("replay", test_replay);
  add ("forged", test_forged);
  add ("wrong-signature", test_wrong_signature);
  add ("unsigned", test_unsigned);
  add ("subscription-flood", test_subscription_flood);
  add ("pending", test_pending);
  add ("slices", test_slices);
  add ("slices-gone", test_slices_gone);
  add ("given-up", test_given_up);
  add ("many-topics", test_many_topics);
  add ("many-messages", test_many_messages);
  add ("idontwant", test_idontwant);
  add ("exchange", test_exchange);
  return g_test_run ();
}
