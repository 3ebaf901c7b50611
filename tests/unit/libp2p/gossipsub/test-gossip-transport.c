/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Publish and subscribe over real connections. */

#include <sodium.h>
#include <string.h>

#include "../host/dms-p2p-host-fixture.h"
#include "dms-libp2p-transport-private.h"
#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-rpc.h"
#include "gossipsub/dms-p2p-gossip.h"
#include "identify/dms-p2p-signed-record.h"
#include "io/dms-p2p-frame.h"
#include "wire/dms-p2p-proto-writer.h"

#define TOPIC "/nunet/deployment"

enum
{
  N_NODES = 3,
};

/* A test, and over which kind of connections it runs. */
typedef struct
{
  void (*func) (void);
  const char *listen;
} Case;

static const char *listen_address;

typedef struct
{
  DmsTransport *transport;
  DmsPeerId *id;
  DmsMultiaddr *address;
  /* "<from> <text>" */
  GPtrArray *heard;
  /* guint64 */
  GArray *tickets;
  DmsValidation verdict;
  guint n_judged;
} Node;

static void
on_heard (DmsTransport *transport, const char *topic, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  Node *node = user_data;

  g_assert_cmpstr (topic, ==, TOPIC);
  g_ptr_array_add (node->heard,
                   g_strdup_printf ("%s %.*s",
                                    dms_peer_id_get_text (from),
                                    (int) MIN (g_bytes_get_size (bytes), 64),
                                    (const char *) g_bytes_get_data (bytes, NULL)));
}

static DmsValidation
on_validate (DmsTransport *transport,
             const char *topic,
             DmsPeerId *from,
             GBytes *bytes,
             guint64 ticket,
             gpointer user_data)
{
  Node *node = user_data;

  node->n_judged++;
  if (node->verdict == DMS_VALIDATION_LATER)
    g_array_append_val (node->tickets, ticket);
  return node->verdict;
}

static Node *
node_new (void)
{
  Node *node = g_new0 (Node, 1);
  const char *const addresses[] = { listen_address, NULL };
  const char *const nothing[] = { NULL };
  guint8 seed[32];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) listening = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  randombytes_buf (seed, sizeof seed);
  bytes = g_bytes_new (seed, sizeof seed);
  /* They meet only whom they are told to. */
  json_object_set_string_member (params, "dht_mode", "off");
  config = dms_transport_config_new (bytes, addresses, nothing, NULL, params);
  node->transport = dms_libp2p_transport_new ();
  node->heard = g_ptr_array_new_with_free_func (g_free);
  node->tickets = g_array_new (FALSE, FALSE, sizeof (guint64));
  node->verdict = DMS_VALIDATION_ACCEPT;
  /* Before the start, as the contract allows. */
  g_assert_true (dms_transport_subscribe (node->transport, TOPIC, on_heard, node, NULL, &error));
  dms_transport_set_topic_validator (node->transport, TOPIC, on_validate, node, NULL);
  dms_transport_start_async (node->transport, config, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_start_finish (node->transport, result, &error));
  node->id = dms_transport_dup_peer_id (node->transport);
  listening = dms_transport_dup_listen_addresses (node->transport);
  node->address = dms_multiaddr_append_peer_id (g_ptr_array_index (listening, 0), node->id);
  return node;
}

static void
node_stop (Node *node)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_stop_async (node->transport, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_stop_finish (node->transport, result, NULL));
}

static void
node_free (Node *node)
{
  node_stop (node);
  g_object_unref (node->transport);
  dms_peer_id_unref (node->id);
  dms_multiaddr_unref (node->address);
  g_ptr_array_unref (node->heard);
  g_array_unref (node->tickets);
  g_free (node);
}

static void
meet (Node *a, Node *b)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  DmsTestResult done = { 0 };

  dms_transport_dial_async (a->transport, b->address, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  peer = dms_transport_dial_finish (a->transport, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (peer, b->id));
}

/* -1, or the error. */
static int
publish (Node *node, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  dms_transport_publish_async (node->transport, TOPIC, bytes, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  return dms_transport_publish_finish (node->transport, result, &error) ? -1 : error->code;
}

/* A line: the ends hear each other only through the one in the middle. */
static void
make_line (Node *nodes[N_NODES])
{
  for (guint i = 0; i < N_NODES; i++)
    nodes[i] = node_new ();
  meet (nodes[0], nodes[1]);
  meet (nodes[2], nodes[1]);
  /* Subscriptions cross, and a heartbeat grafts. */
  dms_test_spin (2500);
}

static void
free_line (Node *nodes[N_NODES])
{
  for (guint i = 0; i < N_NODES; i++)
    node_free (nodes[i]);
}

static void
test_line (void)
{
  Node *nodes[N_NODES];

  make_line (nodes);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *text = g_strdup_printf ("text %u", i);
      g_autofree char *expected = g_strdup_printf ("%s %s", dms_peer_id_get_text (nodes[i]->id), text);

      g_assert_cmpint (publish (nodes[i], text), ==, -1);
      for (guint j = 0; j < N_NODES; j++)
        {
          dms_test_until_n (nodes[j]->heard, i + 1);
          g_assert_cmpstr (g_ptr_array_index (nodes[j]->heard, i), ==, expected);
        }
    }
  /* Nothing comes twice. */
  dms_test_spin (1500);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_cmpuint (nodes[i]->heard->len, ==, N_NODES);
  free_line (nodes);
}

/* The one in the middle takes its time, and nothing gets past it meanwhile. */
static void
test_later (void)
{
  Node *nodes[N_NODES];

  make_line (nodes);
  nodes[1]->verdict = DMS_VALIDATION_LATER;
  g_assert_cmpint (publish (nodes[0], "good"), ==, -1);
  g_assert_cmpint (publish (nodes[0], "evil"), ==, -1);
  dms_test_until (&nodes[1]->tickets->len);
  dms_test_spin (500);
  g_assert_cmpuint (nodes[1]->tickets->len, ==, 2);
  g_assert_cmpuint (nodes[1]->heard->len, ==, 0);
  g_assert_cmpuint (nodes[2]->heard->len, ==, 0);
  dms_transport_finish_validation (
      nodes[1]->transport, g_array_index (nodes[1]->tickets, guint64, 0), DMS_VALIDATION_ACCEPT);
  g_assert_cmpuint (nodes[1]->heard->len, ==, 0);
  dms_transport_finish_validation (
      nodes[1]->transport, g_array_index (nodes[1]->tickets, guint64, 1), DMS_VALIDATION_REJECT);
  dms_test_until_n (nodes[2]->heard, 1);
  g_assert_nonnull (strstr (g_ptr_array_index (nodes[2]->heard, 0), "good"));
  dms_test_spin (1500);
  g_assert_cmpuint (nodes[1]->heard->len, ==, 1);
  g_assert_cmpuint (nodes[2]->heard->len, ==, 1);
  free_line (nodes);
}

static void
test_scores (void)
{
  Node *nodes[N_NODES];
  g_autoptr (GPtrArray) scores = NULL;
  DmsPeerScore *score = NULL;

  make_line (nodes);
  dms_transport_set_peer_score (nodes[2]->transport, nodes[1]->id, 5);
  scores = dms_transport_dup_scores (nodes[2]->transport);
  g_assert_cmpuint (scores->len, ==, 1);
  score = g_ptr_array_index (scores, 0);
  g_assert_cmpfloat (dms_peer_score_get_score (score), ==, 5);
  g_assert_cmpfloat (dms_peer_score_get_app_specific (score), ==, 5);
  /* What the validator rejects is held against those who passed it on. */
  nodes[2]->verdict = DMS_VALIDATION_REJECT;
  g_assert_cmpint (publish (nodes[0], "bad"), ==, -1);
  dms_test_until (&nodes[2]->n_judged);
  g_ptr_array_unref (scores);
  scores = dms_transport_dup_scores (nodes[2]->transport);
  g_assert_cmpfloat (dms_peer_score_get_score (g_ptr_array_index (scores, 0)), <, -900);
  g_assert_cmpuint (nodes[2]->heard->len, ==, 0);
  /* Its own, too. */
  g_assert_cmpint (publish (nodes[2], "bad"), ==, DMS_ERROR_INVALID_DATA);
  free_line (nodes);
}

/* A peer that goes and comes back hears again; one that left the topic does not. */
static void
test_come_back (void)
{
  Node *nodes[N_NODES];
  g_autofree char *large = g_strnfill (DMS_TRANSPORT_MAX_MESSAGE_SIZE, 'x');
  g_autofree char *too_large = g_strnfill (DMS_TRANSPORT_MAX_MESSAGE_SIZE + 1, 'x');

  make_line (nodes);
  dms_transport_disconnect_peer (nodes[0]->transport, nodes[1]->id);
  dms_test_spin (300);
  g_assert_cmpint (publish (nodes[2], "lost"), ==, -1);
  dms_test_until_n (nodes[1]->heard, 1);
  meet (nodes[1], nodes[0]);
  dms_test_spin (2500);
  g_assert_cmpint (publish (nodes[2], large), ==, -1);
  dms_test_until (&nodes[0]->heard->len);
  g_assert_cmpint (publish (nodes[2], too_large), ==, DMS_ERROR_TOO_LARGE);
  dms_transport_unsubscribe (nodes[0]->transport, TOPIC);
  dms_test_spin (300);
  g_ptr_array_set_size (nodes[0]->heard, 0);
  g_assert_cmpint (publish (nodes[2], "more"), ==, -1);
  dms_test_until_n (nodes[1]->heard, 3);
  dms_test_spin (300);
  g_assert_cmpuint (nodes[0]->heard->len, ==, 0);
  /* Who does not listen may speak. */
  g_assert_cmpint (publish (nodes[0], "from outside"), ==, -1);
  dms_test_until_n (nodes[2]->heard, 4);
  free_line (nodes);
}

/* Both dial at once: one connection stays, as the streams of the other one move to it, and nothing is lost by
 * that. */
static void
test_at_once (void)
{
  Node *a = node_new ();
  Node *b = node_new ();
  DmsTestResult done[2] = { { 0 }, { 0 } };
  guint n[2] = { 0, 0 };

  dms_transport_dial_async (a->transport, b->address, NULL, dms_test_on_done, &done[0]);
  dms_transport_dial_async (b->transport, a->address, NULL, dms_test_on_done, &done[1]);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = dms_test_await (&done[i]);
      g_autoptr (DmsPeerId) peer =
          dms_transport_dial_finish (i == 0 ? a->transport : b->transport, result, NULL);

      g_assert_nonnull (peer);
    }
  dms_test_spin (500);
  for (guint i = 0; i < 400 && (n[0] != 1 || n[1] != 1); i++)
    {
      g_autoptr (GPtrArray) ours = dms_transport_list_connections (a->transport);
      g_autoptr (GPtrArray) theirs = dms_transport_list_connections (b->transport);

      n[0] = ours->len;
      n[1] = theirs->len;
      dms_test_spin (20);
    }
  g_assert_cmpuint (n[0], ==, 1);
  g_assert_cmpuint (n[1], ==, 1);
  g_assert_cmpint (publish (a, "one"), ==, -1);
  g_assert_cmpint (publish (b, "other"), ==, -1);
  dms_test_until_n (a->heard, 2);
  dms_test_until_n (b->heard, 2);
  node_free (a);
  node_free (b);
}

/* When the one in the middle leaves the topic it names the ends to each other, with what they signed. */
static void
test_exchange (void)
{
  Node *nodes[N_NODES];

  make_line (nodes);
  dms_transport_unsubscribe (nodes[1]->transport, TOPIC);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GPtrArray) peers = dms_transport_list_peers (nodes[0]->transport);

      if (peers->len == 2)
        break;
      dms_test_spin (50);
    }
  dms_test_spin (2000);
  g_assert_cmpint (publish (nodes[0], "past the middle"), ==, -1);
  dms_test_until_n (nodes[2]->heard, 1);
  g_assert_cmpuint (nodes[1]->heard->len, ==, 0);
  free_line (nodes);
}

/* Says that @whom may be asked instead, at addresses that @record says; so few dials that they can be
 * counted.
 */
static void
propose (Node *node, Node *by, DmsPeerId *whom, GBytes *record)
{
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (DMS_LIBP2P_TRANSPORT (node->transport)->topics);
  g_autoptr (DmsP2pGossipRpc) rpc = dms_p2p_gossip_rpc_new ();
  DmsP2pGossipPrune *prune = dms_p2p_gossip_rpc_add_prune (rpc, TOPIC, 60);
  g_autoptr (GBytes) bytes = NULL;

  dms_p2p_gossip_prune_add_peer (prune, whom, record);
  bytes = dms_p2p_gossip_rpc_encode (rpc);
  g_assert_true (dms_p2p_gossip_core_receive (dms_p2p_gossip_get_core (gossip),
                                              by->id,
                                              g_bytes_get_data (bytes, NULL),
                                              g_bytes_get_size (bytes),
                                              NULL));
}

static guint
count_peers (Node *node)
{
  g_autoptr (GPtrArray) peers = dms_transport_list_peers (node->transport);

  return peers->len;
}

/* Whom a pruning peer names is dialled only at addresses that the named one signed for. */
static void
test_exchange_lies (void)
{
  Node *nodes[N_NODES];
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  g_autoptr (GBytes) true_record = NULL;
  g_autoptr (GBytes) others_record = NULL;

  for (guint i = 0; i < N_NODES; i++)
    nodes[i] = node_new ();
  meet (nodes[0], nodes[1]);
  dms_test_spin (2000);
  address = dms_multiaddr_dup_without_peer_id (nodes[2]->address);
  g_ptr_array_add (addresses, address);
  true_record =
      dms_p2p_signed_record_seal (DMS_LIBP2P_TRANSPORT (nodes[2]->transport)->stack->identity, 1, addresses);
  others_record =
      dms_p2p_signed_record_seal (DMS_LIBP2P_TRANSPORT (nodes[1]->transport)->stack->identity, 1, addresses);
  propose (nodes[0], nodes[1], nodes[2]->id, NULL);
  propose (nodes[0], nodes[1], nodes[2]->id, others_record);
  dms_test_spin (500);
  g_assert_cmpuint (count_peers (nodes[2]), ==, 0);
  propose (nodes[0], nodes[1], nodes[2]->id, true_record);
  for (guint i = 0; i < 200 && count_peers (nodes[2]) == 0; i++)
    dms_test_spin (20);
  g_assert_cmpuint (count_peers (nodes[2]), ==, 1);
  free_line (nodes);
}

/* Whoever waits when it stops learns that it was not published. */
static void
test_stop (void)
{
  Node *node = node_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("text", 4);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  node->verdict = DMS_VALIDATION_LATER;
  dms_transport_publish_async (node->transport, TOPIC, bytes, NULL, dms_test_on_done, &done);
  node_stop (node);
  result = dms_test_await (&done);
  g_assert_false (dms_transport_publish_finish (node->transport, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_cmpint (publish (node, "text"), ==, DMS_ERROR_WRONG_STATE);
  dms_transport_finish_validation (node->transport, 1, DMS_VALIDATION_ACCEPT);
  node_free (node);
}

/* Hands @n messages of @size bytes each to a node, which works them off before its main loop has its turn. */
static void
pour (Node *node, DmsP2pIdentity *from, guint first, guint n, gsize size)
{
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (DMS_LIBP2P_TRANSPORT (node->transport)->topics);
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GByteArray) rpc = g_byte_array_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DmsP2pGossipMessage) message = dms_p2p_gossip_message_new (from, first + i, TOPIC, bytes);

      dms_p2p_proto_write_gbytes (rpc, 2, message->wire);
    }
  g_assert_true (dms_p2p_gossip_core_receive (
      dms_p2p_gossip_get_core (gossip), dms_p2p_identity_get_peer_id (from), rpc->data, rpc->len, NULL));
  while (dms_p2p_gossip_core_work (dms_p2p_gossip_get_core (gossip)))
    ;
}

/* RPCs with @n messages each, ready to be sent by @from. */
static GBytes *
make_rpcs (Node *from, guint n_rpcs, guint n)
{
  DmsP2pIdentity *identity = DMS_LIBP2P_TRANSPORT (from->transport)->stack->identity;
  GByteArray *all = g_byte_array_new ();

  for (guint i = 0; i < n_rpcs; i++)
    {
      g_autoptr (GByteArray) rpc = g_byte_array_new ();
      g_autoptr (GBytes) frame = NULL;

      for (guint j = 0; j < n; j++)
        {
          g_autofree char *text = g_strdup_printf ("%u", i * n + j);
          g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
          g_autoptr (DmsP2pGossipMessage) message =
              dms_p2p_gossip_message_new (identity, 1 + i * n + j, TOPIC, bytes);

          dms_p2p_proto_write_gbytes (rpc, 2, message->wire);
        }
      frame = dms_p2p_frame_new (rpc->data, rpc->len);
      g_byte_array_append (all, g_bytes_get_data (frame, NULL), (guint) g_bytes_get_size (frame));
    }
  return g_byte_array_free_to_bytes (all);
}

static DmsP2pPipe *
open_gossip (Node *from, Node *to)
{
  static const char *const protocols[] = { DMS_P2P_GOSSIP_PROTOCOL_1_1, NULL };
  DmsP2pHost *host = DMS_LIBP2P_TRANSPORT (from->transport)->stack->host;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsP2pStream) stream = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_host_open_stream_async (host, to->id, protocols, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  stream = dms_p2p_host_open_stream_finish (host, result, NULL);
  g_assert_nonnull (stream);
  return dms_p2p_stream_steal_pipe (stream);
}

/* Those whose signature was looked at: what nobody has room for is ignored behind that. */
static guint
count_verified (Node *node)
{
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (DMS_LIBP2P_TRANSPORT (node->transport)->topics);
  const DmsP2pGossipCounts *counts = dms_p2p_gossip_core_get_counts (dms_p2p_gossip_get_core (gossip));

  return (guint) (counts->delivered + counts->ignored);
}

/* However many signatures come at once, the main loop has its turn in between; none is left out, and what is
 * heard comes in order. */
static void
test_slices (void)
{
  enum
  {
    /* More than may wait of one peer: it has to be read from in its time. */
    N_RPCS = 8,
    N = 800,
    /* What was left of one turn, and the next. */
    MOST = 2 * DMS_P2P_GOSSIP_MAX_SIGNATURES_PER_TURN,
  };
  Node *from = node_new ();
  Node *to = node_new ();
  g_autofree char *expected = g_strdup_printf ("%s ", dms_peer_id_get_text (from->id));
  g_autoptr (GBytes) bytes = make_rpcs (from, N_RPCS, N);
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };
  gint64 until_us = 0;
  gint64 last = -1;

  meet (from, to);
  dms_test_spin (1500);
  pipe = open_gossip (from, to);
  dms_p2p_pipe_write_all_async (pipe, bytes, 0, NULL, dms_test_on_done, &done);
  until_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  while (count_verified (to) < N_RPCS * N && g_get_monotonic_time () < until_us)
    {
      guint before = count_verified (to);

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (count_verified (to) - before, <=, MOST);
    }
  g_assert_cmpuint (count_verified (to), ==, N_RPCS * N);
  result = dms_test_await (&done);
  g_assert_true (dms_p2p_pipe_write_all_finish (result, NULL));
  dms_test_until_n (to->heard, DMS_P2P_GOSSIP_MAX_PENDING);
  for (guint i = 0; i < to->heard->len; i++)
    {
      const char *heard = g_ptr_array_index (to->heard, i);
      gint64 number = 0;

      g_assert_true (g_str_has_prefix (heard, expected));
      number = g_ascii_strtoll (heard + strlen (expected), NULL, 10);
      g_assert_cmpint (number, >, last);
      last = number;
    }
  dms_p2p_pipe_close (pipe);
  node_free (from);
  node_free (to);
}

/* Whoever publishes faster than messages are worked off does not fill the memory with them. */
static void
test_flood (void)
{
  Node *node = node_new ();
  DmsP2pGossip *gossip = dms_libp2p_topics_get_gossip (DMS_LIBP2P_TRANSPORT (node->transport)->topics);
  g_autoptr (DmsP2pIdentity) flooder = dms_p2p_identity_new_random ();
  guint n_large = DMS_P2P_GOSSIP_MAX_PENDING_BYTES / DMS_P2P_GOSSIP_MAX_DATA;

  dms_p2p_gossip_core_add_peer (dms_p2p_gossip_get_core (gossip),
                                dms_p2p_identity_get_peer_id (flooder),
                                DMS_P2P_GOSSIP_V1_1,
                                FALSE,
                                NULL);
  pour (node, flooder, 1, DMS_P2P_GOSSIP_MAX_MESSAGES, 1);
  g_assert_cmpuint (node->n_judged, ==, DMS_P2P_GOSSIP_MAX_PENDING);
  g_assert_cmpint (publish (node, "own"), ==, DMS_ERROR_BUSY);
  dms_test_until_n (node->heard, DMS_P2P_GOSSIP_MAX_PENDING);
  dms_test_spin (50);
  g_assert_cmpuint (node->heard->len, ==, DMS_P2P_GOSSIP_MAX_PENDING);
  g_assert_cmpint (publish (node, "own"), ==, -1);
  dms_test_until_n (node->heard, DMS_P2P_GOSSIP_MAX_PENDING + 1);
  /* Few, but large. */
  g_ptr_array_set_size (node->heard, 0);
  for (guint i = 0; i < 2 * n_large; i++)
    pour (node, flooder, 100000 + i, 1, DMS_P2P_GOSSIP_MAX_DATA);
  dms_test_until_n (node->heard, n_large);
  dms_test_spin (50);
  g_assert_cmpuint (node->heard->len, ==, n_large);
  node_free (node);
}

static void
run_case (gconstpointer data)
{
  const Case *one = data;

  listen_address = one->listen;
  one->func ();
}

int
main (int argc, char *argv[])
{
  static const Case cases[] = {
    { test_line, "/ip4/127.0.0.1/tcp/0" },
    { test_line, "/ip4/127.0.0.1/udp/0/quic-v1" },
    { test_later, "/ip4/127.0.0.1/tcp/0" },
    { test_scores, "/ip4/127.0.0.1/tcp/0" },
    { test_come_back, "/ip4/127.0.0.1/tcp/0" },
    { test_stop, "/ip4/127.0.0.1/tcp/0" },
    { test_exchange, "/ip4/127.0.0.1/tcp/0" },
    { test_flood, "/ip4/127.0.0.1/tcp/0" },
    { test_exchange_lies, "/ip4/127.0.0.1/tcp/0" },
    { test_at_once, "/ip4/127.0.0.1/tcp/0" },
    { test_at_once, "/ip4/127.0.0.1/udp/0/quic-v1" },
    { test_slices, "/ip4/127.0.0.1/tcp/0" },
    { test_slices, "/ip4/127.0.0.1/udp/0/quic-v1" },
  };
  static const char *const names[] = { "line-tcp",      "line-quic",   "later",        "scores",
                                       "come-back",     "stop",        "exchange",     "flood",
                                       "exchange-lies", "at-once-tcp", "at-once-quic", "slices-tcp",
                                       "slices-quic" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/libp2p/gossip/transport/", names[i], NULL);

      g_test_add_data_func (path, &cases[i], run_case);
    }
  return g_test_run ();
}
