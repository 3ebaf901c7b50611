/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-message.h"
#include "swarm/dms-p2p-peer-store-private.h"
#include "wire/dms-p2p-cid.h"

/* Three transports, as nodes use them: b and c know a only. */
typedef struct
{
  DmsTransport *transport;
  DmsPeerId *id;
  DmsMultiaddr *address;
} Node;

static void
node_start (Node *node, const char *bootstrap)
{
  const char *const addresses[] = { "/ip4/127.0.0.1/tcp/0", NULL };
  const char *const bootstraps[] = { bootstrap, NULL };
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GPtrArray) listening = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };
  guint8 seed[32];

  randombytes_buf (seed, sizeof seed);
  bytes = g_bytes_new (seed, sizeof seed);
  config = dms_transport_config_new (bytes, addresses, bootstraps, NULL, NULL);
  node->transport = dms_libp2p_transport_new ();
  dms_transport_start_async (node->transport, config, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_start_finish (node->transport, result, &error));
  g_assert_no_error (error);
  node->id = dms_transport_dup_peer_id (node->transport);
  listening = dms_transport_dup_listen_addresses (node->transport);
  node->address = dms_multiaddr_append_peer_id (g_ptr_array_index (listening, 0), node->id);
}

static void
node_stop (Node *node)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_stop_async (node->transport, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_stop_finish (node->transport, result, NULL));
  g_clear_object (&node->transport);
  g_clear_pointer (&node->id, dms_peer_id_unref);
  g_clear_pointer (&node->address, dms_multiaddr_unref);
}

static guint
count_known (Node *node)
{
  g_autoptr (GPtrArray) known = dms_transport_list_known_peers (node->transport);

  return known->len;
}

static void
wait_known (Node *node, guint n)
{
  for (guint i = 0; i < 500 && count_known (node) < n; i++)
    dms_test_spin (20);
  g_assert_cmpuint (count_known (node), >=, n);
}

static void
start_three (Node nodes[3])
{
  node_start (&nodes[0], NULL);
  for (guint i = 1; i < 3; i++)
    {
      node_start (&nodes[i], dms_multiaddr_get_text (nodes[0].address));
      wait_known (&nodes[i], 1);
    }
  wait_known (&nodes[0], 2);
}

static void
stop_three (Node nodes[3])
{
  for (guint i = 0; i < 3; i++)
    node_stop (&nodes[i]);
}

static gboolean
put (Node *node, const char *key, GBytes *value, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_put_value_async (node->transport, key, value, NULL, dms_test_on_done, &done);
  g_assert_cmpuint (done.done, ==, 0);
  result = dms_test_await (&done);
  return dms_transport_put_value_finish (node->transport, result, error);
}

static GBytes *
get (Node *node, const char *key, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_get_value_async (node->transport, key, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_get_value_finish (node->transport, result, error);
}

static GPtrArray *
find (Node *node, const char *key, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  dms_transport_find_providers_async (node->transport, key, 10, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_find_providers_finish (node->transport, result, error);
}

static void
test_values (void)
{
  Node nodes[3] = { 0 };
  g_autoptr (GBytes) one = g_bytes_new_static ("one", 3);
  g_autoptr (GBytes) two = g_bytes_new_static ("two", 3);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GBytes) newest = NULL;
  g_autoptr (GBytes) gone = NULL;
  g_autoptr (GBytes) junk = NULL;
  g_autoptr (GError) error = NULL;

  start_three (nodes);
  g_assert_true (put (&nodes[1], "gpu", one, &error));
  g_assert_no_error (error);
  got = get (&nodes[2], "gpu", &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (got, one));
  /* The newest of all who advertise: a second later. */
  dms_test_spin (1100);
  g_assert_true (put (&nodes[2], "gpu", two, &error));
  newest = get (&nodes[0], "gpu", &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (newest, two));
  /* Taken away again. */
  g_assert_true (put (&nodes[1], "gpu", nothing, &error));
  g_assert_true (put (&nodes[2], "gpu", nothing, &error));
  g_assert_no_error (error);
  gone = get (&nodes[0], "gpu", &error);
  g_assert_null (gone);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  /* Not just anything under just any key. */
  g_assert_false (put (&nodes[0], "/nunet-dht-1/-x-y", one, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_false (put (&nodes[0], "/unknown/x", one, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  junk = get (&nodes[0], "", &error);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  stop_three (nodes);
}

static void
test_providers (void)
{
  Node nodes[3] = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  start_three (nodes);
  dms_transport_provide_async (nodes[1].transport, "thing", NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_true (dms_transport_provide_finish (nodes[1].transport, result, &error));
  g_assert_no_error (error);
  found = find (&nodes[2], "thing", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 1);
  g_assert_true (dms_peer_id_equal (dms_peer_info_get_id (g_ptr_array_index (found, 0)), nodes[1].id));
  g_assert_cmpuint (dms_peer_info_get_addresses (g_ptr_array_index (found, 0))->len, >=, 1);
  none = find (&nodes[2], "nothing", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  stop_three (nodes);
}

static gboolean
on_message (DmsTransport *transport, const char *inbox, DmsPeerId *from, GBytes *bytes, gpointer user_data)
{
  g_string_append_len (user_data, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
  return TRUE;
}

/* By nothing but its ID: in their order, too. */
static void
test_routing (void)
{
  Node nodes[3] = { 0 };
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autofree char *text = NULL;
  g_autoptr (DmsMultiaddr) bare = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsPeerId) dialled = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult sent[5] = { 0 };
  DmsTestResult done = { 0 };

  start_three (nodes);
  dms_transport_set_inbox_handler (nodes[2].transport, on_message, heard, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++)
    {
      char digit = (char) ('0' + i);
      g_autoptr (GBytes) bytes = g_bytes_new (&digit, 1);

      dms_transport_send_message_async (
          nodes[1].transport, nodes[2].id, "root", bytes, NULL, dms_test_on_done, &sent[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++)
    {
      g_autoptr (GAsyncResult) one = dms_test_await (&sent[i]);

      g_assert_true (dms_transport_send_message_finish (nodes[1].transport, one, &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; i < 100 && heard->len < 5; i++)
    dms_test_spin (20);
  g_assert_cmpstr (heard->str, ==, "01234");

  dms_transport_disconnect_peer (nodes[2].transport, nodes[1].id);
  dms_test_spin (50);
  text = g_strdup_printf ("/p2p/%s", dms_peer_id_get_text (nodes[1].id));
  bare = dms_multiaddr_new (text, &error);
  g_assert_no_error (error);
  dms_transport_dial_async (nodes[2].transport, bare, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  dialled = dms_transport_dial_finish (nodes[2].transport, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (dialled, nodes[1].id));
  stop_three (nodes);
}

/* Nobody there: an answer, and soon. What is stopped gives up what is under way. */
static void
test_alone (void)
{
  Node node = { 0 };
  g_autoptr (GBytes) value = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) got = NULL;

  node_start (&node, NULL);
  g_assert_false (put (&node, "x", value, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  got = get (&node, "y", &error);
  g_assert_null (got);
  g_assert_nonnull (error);
  node_stop (&node);
}

static void
test_stop_while_busy (void)
{
  Node nodes[3] = { 0 };
  DmsTestResult done[20] = { 0 };

  start_three (nodes);
  for (guint i = 0; i < G_N_ELEMENTS (done); i++)
    {
      g_autofree char *name = g_strdup_printf ("thing-%u", i);

      dms_transport_find_providers_async (nodes[1].transport, name, 3, NULL, dms_test_on_done, &done[i]);
    }
  stop_three (nodes);
  for (guint i = 0; i < G_N_ELEMENTS (done); i++)
    g_object_unref (dms_test_await (&done[i]));
}

static gboolean
start_with (DmsTransport *transport, const char *name, const char *value, GError **error)
{
  static const char *const addresses[] = { "/ip4/127.0.0.1/tcp/0", NULL };
  static const char *const nothing[] = { NULL };
  guint8 seed[32] = { 5 };
  g_autoptr (GBytes) bytes = g_bytes_new (seed, sizeof seed);
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (DmsTransportConfig) config = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  DmsTestResult done = { 0 };

  json_object_set_string_member (params, name, value);
  config = dms_transport_config_new (bytes, addresses, nothing, NULL, params);
  dms_transport_start_async (transport, config, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  return dms_transport_start_finish (transport, result, error);
}

/* Without the table nothing is found by it, and wrong settings are told. */
static void
test_off (void)
{
  Node node = { .transport = dms_libp2p_transport_new () };
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (start_with (node.transport, "dht_mode", "sometimes", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (start_with (node.transport, "dht_prefix", "nunet", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (start_with (node.transport, "dht_mode", "off", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_known (&node), ==, 0);
  found = find (&node, "thing", &error);
  g_assert_null (found);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  node_stop (&node);
}

/* Over a stream by hand: what is no request resets it, and the host goes on; a client does not serve. */
static void
test_hostile_requests (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  static const char *const frames[] = { "\x03\xff\xff\xff", "\x02\x08\x04", "\xff\xff\xff\x7f", "\x00" };
  static const gsize sizes[] = { 4, 3, 4, 1 };

  dms_test_host_connect (a, b);
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pStream) stream = dms_test_host_open (a, b, "/nunet/kad/1.0.0", &error);
      g_autoptr (GByteArray) answer = NULL;

      g_assert_no_error (error);
      dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), frames[i], sizes[i]);
      answer = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 100, &error);
      g_assert_null (answer);
      g_assert_nonnull (error);
    }
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (DmsP2pStream) stream = dms_test_host_open (a, b, "/nunet/kad/1.0.0", &error);
    g_autoptr (GByteArray) answer = NULL;

    g_assert_no_error (error);
    dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), "\x02\x08\x05", 3);
    dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), "\x02\x08\x05", 3);
    answer = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 6, &error);
    g_assert_no_error (error);
    g_assert_cmpmem (answer->data, answer->len, "\x02\x08\x05\x02\x08\x05", 6);
  }
}

static gboolean
knows (DmsP2pPeerStore *store, DmsPeerId *peer, DmsMultiaddr *address)
{
  g_autoptr (GPtrArray) known = dms_p2p_peer_store_dup_addresses (store, peer);

  return g_ptr_array_find_with_equal_func (known, address, (GEqualFunc) dms_multiaddr_equal, NULL);
}

/* Until somebody is in its table. */
static void
wait_serving (DmsTestHost *host)
{
  DmsP2pKadTable *table = dms_p2p_kad_core_get_table (dms_p2p_dht_get_core (host->stack->dht));

  for (guint i = 0; i < 500 && dms_p2p_kad_table_get_size (table) == 0; i++)
    dms_test_spin (20);
  g_assert_cmpuint (dms_p2p_kad_table_get_size (table), >, 0);
}

/* Where it provides @multihash, as one who asks @server hears it. */
static gboolean
is_told (DmsTestHost *host, DmsTestHost *server, GBytes *multihash, DmsMultiaddr *address)
{
  g_autoptr (DmsTestHost) asker = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (asker, server);
  g_autoptr (GAsyncResult) provided = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done[2] = { { 0 }, { 0 } };

  dms_p2p_dht_provide_async (host->stack->dht, multihash, NULL, dms_test_on_done, &done[0]);
  provided = dms_test_await (&done[0]);
  g_assert_true (dms_p2p_dht_provide_finish (host->stack->dht, provided, &error));
  wait_serving (asker);
  dms_p2p_dht_find_providers_async (asker->stack->dht, multihash, 1, NULL, dms_test_on_done, &done[1]);
  result = dms_test_await (&done[1]);
  found = dms_p2p_dht_find_providers_finish (asker->stack->dht, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 1);
  return g_ptr_array_find_with_equal_func (
      dms_p2p_kad_peer_get_addresses (found->pdata[0]), address, (GEqualFunc) dms_multiaddr_equal, NULL);
}

/* Four peers see it there, and others are told; until it is known that nobody can connect there. */
static void
test_tells_where_it_is_seen (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) server = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsP2pConnection) connection = dms_test_host_connect (host, server);
  g_autoptr (DmsMultiaddr) seen = dms_multiaddr_new ("/ip4/198.51.100.9/tcp/9000", NULL);
  g_autoptr (DmsP2pCid) one = dms_p2p_cid_new_for_data ("one", 3);
  g_autoptr (DmsP2pCid) other = dms_p2p_cid_new_for_data ("other", 5);

  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/192.0.2.%u/tcp/9000", i);
      g_autoptr (DmsMultiaddr) observer = dms_multiaddr_new (text, NULL);

      dms_p2p_observed_note (dms_p2p_identify_get_observed (host->stack->identify), observer, seen, TRUE);
    }
  wait_serving (host);
  g_assert_true (is_told (host, server, dms_p2p_cid_get_multihash (one), seen));
  dms_p2p_dht_note_reachable (host->stack->dht, FALSE);
  g_assert_false (is_told (host, server, dms_p2p_cid_get_multihash (other), seen));
}

/* Where a peer once was is forgotten after a while, however often that peer is asked meanwhile. */
static void
test_forgets (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  DmsP2pPeerStore *store = a->stack->peers;
  gint64 now_us = g_get_real_time ();
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/127.0.0.2/tcp/9", NULL);
  g_autoptr (GPtrArray) told = g_ptr_array_new ();
  g_autoptr (GBytes) multihash = g_bytes_new_static ("\x12\x20 thirty-two bytes of a multihash", 34);

  dms_test_host_connect (a, b);
  wait_serving (a);
  g_ptr_array_add (told, address);
  dms_p2p_peer_store_set_now_us (store, now_us);
  dms_p2p_peer_store_add_addresses (store, b->id, told, DMS_P2P_KAD_LEARNT_S, TRUE);
  g_assert_true (knows (store, b->id, address));
  for (guint i = 1; i <= 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GPtrArray) found = NULL;
      g_autoptr (GError) error = NULL;
      DmsTestResult done = { 0 };

      dms_p2p_peer_store_set_now_us (store,
                                     now_us + (gint64) i * (DMS_P2P_KAD_LEARNT_S * 2 / 3) * G_USEC_PER_SEC);
      dms_p2p_dht_find_providers_async (a->stack->dht, multihash, 1, NULL, dms_test_on_done, &done);
      result = dms_test_await (&done);
      found = dms_p2p_dht_find_providers_finish (a->stack->dht, result, &error);
      g_assert_no_error (error);
    }
  g_assert_false (knows (store, b->id, address));
}

/* Whoever got an answer closes it all, with other lookups under way. */
static void
on_answer_close (GObject *source, GAsyncResult *result, gpointer user_data)
{
  dms_test_on_done (source, result, user_data);
  dms_p2p_dht_close (DMS_P2P_DHT (source));
}

static void
test_close_when_told (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("k", b->id);
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) value =
      dms_p2p_kad_advertisement_make (b->stack->identity, data, g_get_real_time () / G_USEC_PER_SEC);
  g_autoptr (GAsyncResult) put = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult stored = { 0 };
  DmsTestResult got[3] = { 0 };

  dms_test_host_connect (a, b);
  wait_serving (a);
  wait_serving (b);
  dms_p2p_dht_put_value_async (b->stack->dht, key, value, NULL, dms_test_on_done, &stored);
  put = dms_test_await (&stored);
  g_assert_true (dms_p2p_dht_put_value_finish (b->stack->dht, put, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (got); i++)
    dms_p2p_dht_get_value_async (a->stack->dht, key, NULL, on_answer_close, &got[i]);
  for (guint i = 0; i < G_N_ELEMENTS (got); i++)
    {
      g_autoptr (GAsyncResult) result = dms_test_await (&got[i]);
      g_autoptr (GBytes) bytes = dms_p2p_dht_get_value_finish (a->stack->dht, result, &error);

      /* The first has its answer; the others are told that there will be none. */
      g_assert_true (g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED) == (i > 0));
      g_clear_error (&error);
    }
}

/* More streams than one may have. */
static void
test_stream_flood (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_refused = 0;

  dms_test_host_connect (a, b);
  for (guint i = 0; i < 12; i++)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pStream *stream = dms_test_host_open (a, b, "/nunet/kad/1.0.0", &error);
      g_autoptr (GByteArray) answer = NULL;

      g_assert_no_error (error);
      g_ptr_array_add (streams, stream);
      dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), "\x02\x08\x05", 3);
      answer = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 3, &error);
      n_refused += answer == NULL;
    }
  g_assert_cmpuint (n_refused, ==, 4);
}

/* How much memory of a host is taken, by its own account. */
static gint64
get_memory (DmsTestHost *host)
{
  g_autoptr (JsonNode) node = dms_p2p_limits_to_json (host->stack->limits);
  JsonArray *rows = json_node_get_array (node);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);

      if (g_str_equal (json_object_get_string_member (row, "scope"), "system") &&
          g_str_equal (json_object_get_string_member (row, "resource"), "memory"))
        return json_object_get_int_member (row, "used");
    }
  g_assert_not_reached ();
}

/* Requests that never end take memory, which their peer is held to. */
static void
test_unfinished_requests (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree guint8 *half = g_malloc0 (DMS_P2P_KAD_MAX_REQUEST_SIZE / 2);
  gint64 before = 0;
  guint n_open = 0;

  dms_test_host_connect (a, b);
  dms_test_spin (50);
  before = get_memory (b);
  /* As much as half of the requests take. */
  g_assert_true (dms_p2p_limits_set (
      b->stack->limits, "peer", "memory", (guint64) before + 4 * DMS_P2P_KAD_MAX_REQUEST_SIZE / 2, NULL));
  /* The length of a request that is as large as it may be. */
  memcpy (half, "\x80\x80\x0c", 3);
  for (guint i = 0; i < 8; i++)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pStream *stream = dms_test_host_open (a, b, "/nunet/kad/1.0.0", &error);

      g_assert_no_error (error);
      g_ptr_array_add (streams, stream);
      dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), half, DMS_P2P_KAD_MAX_REQUEST_SIZE / 2);
    }
  dms_test_spin (200);
  for (guint i = 0; i < streams->len; i++)
    {
      guint8 byte = 0;

      n_open += dms_p2p_pipe_read (dms_p2p_stream_get_pipe (streams->pdata[i]), &byte, 1, NULL) ==
                DMS_P2P_WOULD_BLOCK;
    }
  g_test_message ("%u of 8 are waited for, %" G_GINT64_FORMAT " bytes", n_open, get_memory (b) - before);
  g_assert_cmpuint (n_open, >=, 2);
  g_assert_cmpuint (n_open, <=, 4);
  g_assert_cmpint (get_memory (b), >=, before + (gint64) n_open * DMS_P2P_KAD_MAX_REQUEST_SIZE / 2);
  g_ptr_array_set_size (streams, 0);
  for (guint i = 0; i < 200 && get_memory (b) > before; i++)
    dms_test_spin (10);
  g_assert_cmpint (get_memory (b), <=, before);
}

/* More requests than one may send at a time; a new stream is no way around that. */
static void
test_request_flood (void)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autoptr (DmsTestHost) b = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  gint64 from_us = 0;
  guint n_answers = 0;

  dms_test_host_connect (a, b);
  from_us = g_get_monotonic_time ();
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsP2pStream) stream = dms_test_host_open (a, b, "/nunet/kad/1.0.0", &error);
      DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (stream);
      g_autoptr (GByteArray) answer = NULL;
      g_autoptr (GByteArray) pings = g_byte_array_new ();

      g_assert_no_error (error);
      for (guint j = 0; j < 100; j++)
        g_byte_array_append (pings, (const guint8 *) "\x02\x08\x05", 3);
      dms_test_pipe_write (pipe, pings->data, pings->len);
      answer = dms_test_pipe_read (pipe, pings->len, &error);
      n_answers += answer != NULL ? answer->len / 3 : 0;
      dms_p2p_pipe_close (pipe);
    }
  /* What is answered before the reset may be lost with it. */
  g_assert_cmpuint (n_answers, >=, 100);
  g_assert_cmpuint (
      n_answers, <=, 200 + 50 * (guint) (1 + (g_get_monotonic_time () - from_us) / G_USEC_PER_SEC));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/p2p/kad/hosts/values", test_values);
  g_test_add_func ("/p2p/kad/hosts/providers", test_providers);
  g_test_add_func ("/p2p/kad/hosts/routing", test_routing);
  g_test_add_func ("/p2p/kad/hosts/alone", test_alone);
  g_test_add_func ("/p2p/kad/hosts/stop-while-busy", test_stop_while_busy);
  g_test_add_func ("/p2p/kad/hosts/off", test_off);
  g_test_add_func ("/p2p/kad/hosts/hostile-requests", test_hostile_requests);
  g_test_add_func ("/p2p/kad/hosts/tells-where-seen", test_tells_where_it_is_seen);
  g_test_add_func ("/p2p/kad/hosts/forgets", test_forgets);
  g_test_add_func ("/p2p/kad/hosts/close-when-told", test_close_when_told);
  g_test_add_func ("/p2p/kad/hosts/stream-flood", test_stream_flood);
  g_test_add_func ("/p2p/kad/hosts/unfinished-requests", test_unfinished_requests);
  g_test_add_func ("/p2p/kad/hosts/request-flood", test_request_flood);
  return g_test_run ();
}
