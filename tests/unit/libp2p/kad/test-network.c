/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <string.h>

#include "dms-p2p-kad-simulation.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-core-private.h"
#include "kad/dms-p2p-kad-group.h"
#include "kad/dms-p2p-kad-limits.h"

enum
{
  /* DMS_KAD_NODES says otherwise: 1000 take a minute. */
  N_NODES = 200,
  N_LOOKUPS = 100,
  SEED = 20261128,
};

static GBytes *
make_key (DmsKadSimulation *simulation)
{
  guint8 bytes[34] = { 0x12, 32 };

  for (guint i = 2; i < sizeof bytes; i++)
    bytes[i] = (guint8) g_rand_int (simulation->rand);
  return g_bytes_new (bytes, sizeof bytes);
}

/* How many of those that are truly closest were found, in percent. */
static guint
get_recall (DmsKadSimulation *simulation, DmsKadNode *node, GBytes *key, GPtrArray *found)
{
  DmsP2pKadKey target;
  g_autoptr (GPtrArray) truth = NULL;
  guint n = 0;

  dms_p2p_kad_key_init_bytes (&target, key);
  truth = dms_kad_simulation_list_closest (simulation, &target, DMS_P2P_KAD_K, node);
  for (guint i = 0; i < found->len; i++)
    n += g_ptr_array_find (
        truth,
        dms_kad_simulation_find (simulation, dms_p2p_kad_peer_get_id (g_ptr_array_index (found, i))),
        NULL);
  return 100 * n / MAX (truth->len, 1);
}

typedef struct
{
  guint max_hops;
  guint hops;
  guint recall;
  guint requests;
  gint64 took_us;
} Sums;

static Sums
look_up (DmsKadSimulation *simulation, guint n)
{
  Sums sums = { 0 };

  for (guint i = 0; i < n; i++)
    {
      DmsKadNode *node = dms_kad_simulation_pick (simulation);
      g_autoptr (GBytes) key = make_key (simulation);
      g_auto (DmsKadOutcome) outcome = { 0 };
      gint64 from_us = simulation->now_us;

      dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcome);
      dms_kad_simulation_until (simulation, &outcome.done);
      g_assert_no_error (outcome.error);
      sums.hops += outcome.hops;
      sums.max_hops = MAX (sums.max_hops, outcome.hops);
      sums.requests += outcome.n_requests;
      sums.recall += get_recall (simulation, node, key, outcome.peers);
      sums.took_us += simulation->now_us - from_us;
    }
  g_test_message (
      "%u lookups: hops %.2f on average, %u at most; %.1f requests; %.0f ms; %.1f %% of the closest",
      n,
      (double) sums.hops / n,
      sums.max_hops,
      (double) sums.requests / n,
      (double) sums.took_us / n / 1000,
      (double) sums.recall / n);
  return sums;
}

static DmsKadSimulation *network;

static guint
get_n_nodes (void)
{
  const char *text = g_getenv ("DMS_KAD_NODES");

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : N_NODES;
}

static DmsKadSimulation *
get_network (void)
{
  if (network == NULL)
    {
      gint64 from_us = g_get_monotonic_time ();

      network = dms_kad_simulation_new (SEED);
      dms_kad_simulation_grow (network, get_n_nodes ());
      g_test_message ("%u nodes joined: %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
                      " bytes, in %.1f s of this machine",
                      get_n_nodes (),
                      network->n_messages,
                      network->n_bytes,
                      (double) (g_get_monotonic_time () - from_us) / G_USEC_PER_SEC);
    }
  return network;
}

static void
test_hops (void)
{
  DmsKadSimulation *simulation = get_network ();
  Sums sums = look_up (simulation, N_LOOKUPS);

  g_assert_cmpfloat (sums.max_hops, <=, 1.3 * log2 (get_n_nodes ()));
  g_assert_cmpuint (sums.recall / N_LOOKUPS, >=, 95);
}

/* A value and a provider are found from anywhere, and kept by those closest to them. */
static void
test_values (void)
{
  DmsKadSimulation *simulation = get_network ();
  DmsKadNode *node = dms_kad_simulation_pick (simulation);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("gpu", node->id);
  g_autoptr (GBytes) data = g_bytes_new_static ("two", 3);
  g_autoptr (GBytes) newer_data = g_bytes_new_static ("three", 5);
  g_autoptr (GBytes) value = dms_p2p_kad_advertisement_make (node->identity, data, 1767225600);
  g_autoptr (GBytes) newer = dms_p2p_kad_advertisement_make (node->identity, newer_data, 1767225601);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  guint n_found = 0;

  for (guint i = 0; i < 2; i++)
    {
      g_auto (DmsKadOutcome) put = { 0 };

      dms_p2p_kad_core_put_value (node->core, key, i == 0 ? value : newer, dms_kad_on_done, &put);
      dms_kad_simulation_until (simulation, &put.done);
      g_assert_no_error (put.error);
      g_assert_cmpuint (put.n_stored, ==, DMS_P2P_KAD_K);
    }
  for (guint i = 0; i < 20; i++)
    {
      g_auto (DmsKadOutcome) got = { 0 };

      dms_p2p_kad_core_get_value (dms_kad_simulation_pick (simulation)->core, key, 0, dms_kad_on_done, &got);
      dms_kad_simulation_until (simulation, &got.done);
      g_assert_no_error (got.error);
      n_found += g_bytes_equal (got.value, newer);
    }
  g_assert_cmpuint (n_found, ==, 20);
  {
    g_auto (DmsKadOutcome) older = { 0 };
    g_auto (DmsKadOutcome) gone = { 0 };
    g_auto (DmsKadOutcome) got = { 0 };

    /* Not even by the one whose it is. */
    dms_p2p_kad_core_put_value (node->core, key, value, dms_kad_on_done, &older);
    dms_kad_simulation_until (simulation, &older.done);
    g_assert_error (older.error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    dms_p2p_kad_core_put_value (node->core, key, empty, dms_kad_on_done, &gone);
    dms_kad_simulation_until (simulation, &gone.done);
    g_assert_no_error (gone.error);
    dms_p2p_kad_core_get_value (dms_kad_simulation_pick (simulation)->core, key, 0, dms_kad_on_done, &got);
    dms_kad_simulation_until (simulation, &got.done);
    g_assert_error (got.error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  }
}

static void
test_providers (void)
{
  DmsKadSimulation *simulation = get_network ();
  g_autoptr (GBytes) key = make_key (simulation);
  g_auto (DmsKadOutcome) found = { 0 };
  g_auto (DmsKadOutcome) few = { 0 };

  for (guint i = 0; i < 7; i++)
    {
      g_auto (DmsKadOutcome) provided = { 0 };

      dms_p2p_kad_core_provide (dms_kad_simulation_pick (simulation)->core, key, dms_kad_on_done, &provided);
      dms_kad_simulation_until (simulation, &provided.done);
      g_assert_no_error (provided.error);
      g_assert_cmpuint (provided.n_stored, ==, DMS_P2P_KAD_K);
    }
  dms_p2p_kad_core_find_providers (
      dms_kad_simulation_pick (simulation)->core, key, 40, dms_kad_on_done, &found);
  dms_kad_simulation_until (simulation, &found.done);
  g_assert_no_error (found.error);
  g_assert_cmpuint (found.peers->len, ==, 7);
  for (guint i = 0; i < found.peers->len; i++)
    g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (found.peers, i))->len, ==, 1);
  dms_p2p_kad_core_find_providers (dms_kad_simulation_pick (simulation)->core, key, 3, dms_kad_on_done, &few);
  dms_kad_simulation_until (simulation, &few.done);
  g_assert_cmpuint (few.peers->len, ==, 3);
  g_assert_cmpuint (few.n_requests, <=, found.n_requests);
}

/* What is no multihash, or too long for one, goes to nobody: whoever asks for it is told. */
static void
test_not_provided (void)
{
  DmsKadSimulation *simulation = get_network ();
  DmsKadNode *node = dms_kad_simulation_pick (simulation);
  guint8 longer[2 + DMS_P2P_KAD_MAX_MULTIHASH] = { 0x12, DMS_P2P_KAD_MAX_MULTIHASH };
  g_autoptr (GBytes) junk = g_bytes_new_static ("junk", 4);
  g_autoptr (GBytes) too_long = g_bytes_new (longer, sizeof longer);
  GBytes *keys[] = { junk, too_long };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_auto (DmsKadOutcome) provided = { 0 };
      g_auto (DmsKadOutcome) found = { 0 };

      dms_p2p_kad_core_provide (node->core, keys[i], dms_kad_on_done, &provided);
      dms_kad_simulation_until (simulation, &provided.done);
      g_assert_error (provided.error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_assert_cmpuint (provided.n_requests, ==, 0);
      dms_p2p_kad_core_find_providers (node->core, keys[i], 3, dms_kad_on_done, &found);
      dms_kad_simulation_until (simulation, &found.done);
      g_assert_error (found.error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* What it does not provide any more is not told again, and runs out with those who were told. */
static void
test_stop_providing (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 6);
  g_autoptr (GBytes) multihash = make_key (simulation);
  DmsKadNode *node = NULL;
  DmsKadNode *other = NULL;

  dms_kad_simulation_grow (simulation, 4);
  node = g_ptr_array_index (simulation->nodes, 3);
  other = g_ptr_array_index (simulation->nodes, 1);
  dms_p2p_kad_core_provide (node->core, multihash, NULL, NULL);
  dms_kad_simulation_run (simulation, 1 * G_TIME_SPAN_MINUTE);
  for (guint i = 0; i < 2; i++)
    {
      g_auto (DmsKadOutcome) found = { 0 };

      dms_p2p_kad_core_find_providers (other->core, multihash, 5, dms_kad_on_done, &found);
      dms_kad_simulation_until (simulation, &found.done);
      g_assert_cmpuint (found.peers->len, ==, i == 0 ? 1 : 0);
      dms_p2p_kad_core_stop_providing (node->core, multihash);
      /* Once more is as good as once. */
      dms_p2p_kad_core_stop_providing (node->core, multihash);
      g_assert_cmpuint (dms_p2p_kad_providers_get_n (node->core->providers), ==, 0);
      g_assert_cmpuint (dms_p2p_kad_providers_get_n_keys (node->core->providers), ==, 0);
      dms_kad_simulation_run (simulation, 49 * G_TIME_SPAN_HOUR);
    }
}

/* Where a host is now is known to those who keep that it provides something, long before they would be told
 * again. */
static void
test_moved (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 8);
  g_autoptr (GBytes) multihash = make_key (simulation);
  DmsKadNode *node = NULL;
  guint64 n_quiet = 0;
  guint64 n_told = 0;

  dms_kad_simulation_grow (simulation, 4);
  node = g_ptr_array_index (simulation->nodes, 3);
  dms_p2p_kad_core_provide (node->core, multihash, NULL, NULL);
  dms_kad_simulation_run (simulation, 5 * G_TIME_SPAN_MINUTE);
  for (guint i = 0; i < 2; i++)
    {
      DmsKadNode *other = g_ptr_array_index (simulation->nodes, i);
      DmsP2pKadProviders *providers = other->core->providers;
      g_autoptr (GPtrArray) kept = dms_p2p_kad_providers_list (providers, multihash, 5, simulation->now_us);

      g_assert_cmpuint (kept->len, ==, 1);
      /* As if it had come to nobody. */
      dms_p2p_kad_providers_remove (providers, multihash, g_ptr_array_index (kept, 0));
      g_assert_cmpuint (dms_p2p_kad_providers_get_n (providers), ==, 0);
      dms_kad_simulation_run (simulation, 5 * G_TIME_SPAN_MINUTE);
      n_quiet += dms_p2p_kad_providers_get_n (providers);
      dms_p2p_kad_core_note_moved (node->core);
      dms_kad_simulation_run (simulation, 2 * G_TIME_SPAN_MINUTE);
      n_told += dms_p2p_kad_providers_get_n (providers);
    }
  g_assert_cmpuint (n_quiet, ==, 0);
  g_assert_cmpuint (n_told, ==, 2);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  return *(const int *) a - *(const int *) b;
}

/* Each node guesses how large the network is from its neighbourhood; half of them within a third. */
static void
test_estimate (void)
{
  DmsKadSimulation *simulation = get_network ();
  g_autoptr (DmsKadSimulation) lonely = dms_kad_simulation_new (SEED + 7);
  g_autoptr (GArray) guesses = g_array_new (FALSE, FALSE, sizeof (int));
  DmsKadNode *alone = dms_kad_simulation_add (lonely, NULL, NULL);
  int quarters[3];

  for (guint i = 0; i < simulation->nodes->len; i++)
    {
      DmsKadNode *node = g_ptr_array_index (simulation->nodes, i);
      int guess = (int) dms_p2p_kad_core_estimate_peers (node->core);

      g_array_append_val (guesses, guess);
    }
  g_array_sort (guesses, compare_numbers);
  for (guint i = 0; i < 3; i++)
    quarters[i] = g_array_index (guesses, int, (i + 1) * guesses->len / 4);
  g_test_message ("%u nodes: guessed %d, %d, %d (quartiles), %d to %d",
                  simulation->nodes->len,
                  quarters[0],
                  quarters[1],
                  quarters[2],
                  g_array_index (guesses, int, 0),
                  g_array_index (guesses, int, guesses->len - 1));
  g_assert_cmpint (quarters[0] * 3, >, (int) simulation->nodes->len * 2);
  g_assert_cmpint (quarters[2] * 3, <, (int) simulation->nodes->len * 4);
  g_assert_cmpuint (dms_p2p_kad_core_estimate_peers (alone->core), ==, 0);
}

static void
test_find_peer (void)
{
  DmsKadSimulation *simulation = get_network ();
  guint8 seed[32] = { 1, 2, 3 };
  g_autoptr (GBytes) seed_bytes = g_bytes_new (seed, sizeof seed);
  g_autoptr (DmsP2pIdentity) nobody = dms_p2p_identity_new (seed_bytes, NULL);
  g_auto (DmsKadOutcome) missing = { 0 };

  for (guint i = 0; i < 20; i++)
    {
      DmsKadNode *wanted = dms_kad_simulation_pick (simulation);
      DmsKadNode *node = dms_kad_simulation_pick (simulation);
      g_auto (DmsKadOutcome) found = { 0 };

      if (wanted == node)
        continue;
      dms_p2p_kad_core_find_peer (node->core, wanted->id, dms_kad_on_done, &found);
      dms_kad_simulation_until (simulation, &found.done);
      g_assert_no_error (found.error);
      g_assert_true (
          dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (found.peers, 0)), wanted->id));
    }
  dms_p2p_kad_core_find_peer (dms_kad_simulation_pick (simulation)->core,
                              dms_p2p_identity_get_peer_id (nobody),
                              dms_kad_on_done,
                              &missing);
  dms_kad_simulation_until (simulation, &missing.done);
  g_assert_error (missing.error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

static void
test_cancel (void)
{
  DmsKadSimulation *simulation = get_network ();
  DmsKadNode *node = dms_kad_simulation_pick (simulation);
  g_autoptr (GBytes) key = make_key (simulation);
  g_auto (DmsKadOutcome) outcome = { 0 };
  guint64 operation = dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcome);

  dms_kad_simulation_run (simulation, 30 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (outcome.done, ==, 0);
  dms_p2p_kad_core_cancel (node->core, operation);
  g_assert_cmpuint (outcome.done, ==, 0);
  dms_kad_simulation_until (simulation, &outcome.done);
  g_assert_error (outcome.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_p2p_kad_core_cancel (node->core, operation);
}

static void
test_too_many (void)
{
  DmsKadSimulation *simulation = get_network ();
  DmsKadNode *node = dms_kad_simulation_pick (simulation);
  DmsKadOutcome outcomes[DMS_P2P_KAD_MAX_OPERATIONS + 8] = { 0 };
  guint n_busy = 0;

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      g_autoptr (GBytes) key = make_key (simulation);

      dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcomes[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      dms_kad_simulation_until (simulation, &outcomes[i].done);
      n_busy += g_error_matches (outcomes[i].error, DMS_ERROR, DMS_ERROR_BUSY);
      dms_kad_outcome_clear (&outcomes[i]);
    }
  g_assert_cmpuint (n_busy, ==, 8);
}

/* Sybils: a tenth of the network, all from one /24, with keys ground to be near a key, that know of nobody
 * but one another. */
static GPtrArray *sybils;

static GBytes *
respond_as_sybil (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request)
{
  g_autoptr (DmsP2pKadMessage) answer = dms_p2p_kad_message_new (request->type, request->key);

  for (guint i = 0; i < DMS_P2P_KAD_K; i++)
    {
      DmsKadNode *other = g_ptr_array_index (sybils, g_rand_int_range (self->rand, 0, (gint32) sybils->len));
      g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

      g_ptr_array_add (addresses, dms_multiaddr_ref (other->address));
      g_ptr_array_add (answer->closer, dms_p2p_kad_peer_new (other->id, addresses, DMS_P2P_KAD_CONNECTED));
    }
  return dms_p2p_kad_message_encode (answer);
}

static void
add_sybils (DmsKadSimulation *simulation, GBytes *key, guint n)
{
  DmsP2pKadKey target;

  dms_p2p_kad_key_init_bytes (&target, key);
  sybils = g_ptr_array_new ();
  while (sybils->len < n)
    {
      g_autofree char *ip = g_strdup_printf ("45.67.89.%u", sybils->len % 250 + 1);
      guint8 seed[32];
      g_autoptr (GBytes) seed_bytes = NULL;
      g_autoptr (DmsP2pIdentity) identity = NULL;
      g_autoptr (GBytes) id = NULL;
      DmsP2pKadKey place;

      for (guint i = 0; i < sizeof seed; i++)
        seed[i] = (guint8) g_rand_int (simulation->rand);
      seed_bytes = g_bytes_new (seed, sizeof seed);
      identity = dms_p2p_identity_new (seed_bytes, NULL);
      id = dms_peer_id_dup_bytes (dms_p2p_identity_get_peer_id (identity));
      dms_p2p_kad_key_init_bytes (&place, id);
      /* Nearer than four in five of the honest ones that are near. */
      if (dms_p2p_kad_key_common_prefix (&place, &target) >= 7)
        g_ptr_array_add (sybils, dms_kad_simulation_add_as (simulation, seed, ip, respond_as_sybil));
    }
  for (guint i = 0; i < simulation->nodes->len; i++)
    for (guint j = 0; j < 5; j++)
      dms_kad_simulation_connect (
          simulation,
          g_ptr_array_index (simulation->nodes, i),
          g_ptr_array_index (sybils, g_rand_int_range (simulation->rand, 0, (gint32) sybils->len)));
}

static void
test_sybils (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 1);
  g_autoptr (GBytes) key = NULL;
  guint n_most = 0;
  guint n_honest = 0;
  DmsP2pKadKey target;
  g_autoptr (GPtrArray) honest = NULL;

  dms_kad_simulation_grow (simulation, 120);
  key = make_key (simulation);
  dms_p2p_kad_key_init_bytes (&target, key);
  honest = dms_kad_simulation_list_closest (simulation, &target, DMS_P2P_KAD_K, NULL);
  add_sybils (simulation, key, 12);
  for (guint i = 0; i < 20; i++)
    {
      DmsKadNode *node = dms_kad_simulation_pick (simulation);
      g_auto (DmsKadOutcome) outcome = { 0 };
      guint n_sybils = 0;

      dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcome);
      dms_kad_simulation_until (simulation, &outcome.done);
      g_assert_no_error (outcome.error);
      for (guint j = 0; j < outcome.peers->len; j++)
        {
          DmsKadNode *found = dms_kad_simulation_find (
              simulation, dms_p2p_kad_peer_get_id (g_ptr_array_index (outcome.peers, j)));

          n_sybils += found->respond != NULL;
          n_honest += g_ptr_array_find (honest, found, NULL);
        }
      n_most = MAX (n_most, n_sybils);
    }
  g_test_message ("of %d: at most %u Sybils in a lookup, %.1f of the closest honest ones",
                  DMS_P2P_KAD_K,
                  n_most,
                  (double) n_honest / 20);
  g_assert_cmpuint (n_most, <=, DMS_P2P_KAD_GROUP_LOOKUP);
  g_assert_cmpuint (n_honest, >=, 20 * 15);
  /* And in no table. */
  for (guint i = 0; i < 120; i++)
    {
      DmsKadNode *node = g_ptr_array_index (simulation->nodes, i);
      g_autoptr (GPtrArray) peers = dms_p2p_kad_table_list (dms_p2p_kad_core_get_table (node->core));
      guint n = 0;

      for (guint j = 0; j < peers->len; j++)
        n += dms_kad_simulation_find (simulation, dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, j)))
                 ->respond != NULL;
      g_assert_cmpuint (n, <=, DMS_P2P_KAD_GROUP_TABLE);
    }
  g_clear_pointer (&sybils, g_ptr_array_unref);
}

/* Hostile answers: what is not a message, themselves, this host, strangers that are nowhere, without end. */
static GBytes *
respond_with_lies (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request)
{
  g_autoptr (DmsP2pKadMessage) answer = dms_p2p_kad_message_new (request->type, request->key);

  if (node->n_handled % 3 == 0)
    return g_bytes_new_static ("\xff\xff\xff", 3);
  /* An answer to something else. */
  if (node->n_handled % 5 == 0)
    answer->type = DMS_P2P_KAD_PING;
  for (guint i = 0; i < 100; i++)
    {
      guint8 key[32];
      g_autoptr (DmsPeerId) id = NULL;
      g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
      g_autofree char *text = g_strdup_printf (i % 2 == 0 ? "/ip4/%u.%u.3.4/tcp/1" : "/ip4/10.%u.%u.1/tcp/1",
                                               20 + g_rand_int_range (self->rand, 0, 70),
                                               g_rand_int_range (self->rand, 0, 256));

      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

      for (guint j = 0; j < sizeof key; j++)
        key[j] = (guint8) g_rand_int (self->rand);
      id = dms_peer_id_new_for_ed25519 (key);
      for (guint j = 0; j < 70; j++)
        g_ptr_array_add (addresses, dms_multiaddr_ref (address));
      g_ptr_array_add (answer->closer, dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CONNECTED));
    }
  return dms_p2p_kad_message_encode (answer);
}

static void
test_lies (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 2);
  DmsKadNode *node = dms_kad_simulation_add (simulation, NULL, NULL);
  g_autoptr (GBytes) key = make_key (simulation);
  g_auto (DmsKadOutcome) outcome = { 0 };
  gint64 from_us = 0;

  for (guint i = 0; i < 30; i++)
    dms_kad_simulation_connect (
        simulation, node, dms_kad_simulation_add (simulation, NULL, respond_with_lies));
  dms_kad_simulation_run (simulation, 200 * G_TIME_SPAN_SECOND);
  from_us = simulation->now_us;
  dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcome);
  dms_kad_simulation_until (simulation, &outcome.done);
  g_test_message ("%u requests, %.0f s", outcome.n_requests, (double) (simulation->now_us - from_us) / 1e6);
  g_assert_cmpuint (outcome.n_requests, <=, DMS_P2P_KAD_MAX_REQUESTS);
  g_assert_cmpint (simulation->now_us - from_us, <=, (DMS_P2P_KAD_LOOKUP_S + 1) * G_TIME_SPAN_SECOND);
  /* Nobody that does not exist got into the table. */
  {
    g_autoptr (GPtrArray) peers = dms_p2p_kad_table_list (dms_p2p_kad_core_get_table (node->core));

    for (guint i = 0; i < peers->len; i++)
      g_assert_nonnull (
          dms_kad_simulation_find (simulation, dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, i))));
  }
}

/* Says that somebody provides it who is where nobody but the asker itself can reach anything. */
static GBytes *
respond_with_inner_provider (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request)
{
  static const char *const inner[] = { "/ip4/127.0.0.1/tcp/631", "/ip4/10.0.0.1/tcp/22", "/ip6/::1/tcp/80" };
  g_autoptr (DmsP2pKadMessage) answer = dms_p2p_kad_message_new (request->type, request->key);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (DmsPeerId) id = NULL;
  guint8 key[32] = { 9 };

  if (request->type != DMS_P2P_KAD_GET_PROVIDERS)
    return dms_p2p_kad_message_encode (answer);
  id = dms_peer_id_new_for_ed25519 (key);
  for (guint i = 0; i < G_N_ELEMENTS (inner); i++)
    g_ptr_array_add (addresses, dms_multiaddr_new (inner[i], NULL));
  g_ptr_array_add (answer->providers, dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CONNECTED));
  return dms_p2p_kad_message_encode (answer);
}

static void
test_inner_provider (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 7);
  DmsKadNode *node = dms_kad_simulation_add (simulation, NULL, NULL);
  DmsKadNode *liar = dms_kad_simulation_add (simulation, NULL, respond_with_inner_provider);
  g_autoptr (GBytes) key = make_key (simulation);
  g_auto (DmsKadOutcome) found = { 0 };

  dms_kad_simulation_connect (simulation, node, liar);
  dms_p2p_kad_core_find_providers (node->core, key, 3, dms_kad_on_done, &found);
  dms_kad_simulation_until (simulation, &found.done);
  g_assert_no_error (found.error);
  g_assert_cmpuint (found.peers->len, ==, 1);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (found.peers, 0))->len, ==, 0);
}

/* One that says it took a value, and names another; and one that answers with a value of its own making. */
static GBytes *
respond_with_other_value (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request)
{
  g_autoptr (DmsP2pKadMessage) answer = dms_p2p_kad_message_new (request->type, request->key);
  g_autoptr (GBytes) value = g_bytes_new_static ("other", 5);

  answer->record = dms_p2p_kad_record_new (request->key, value, NULL);
  return dms_p2p_kad_message_encode (answer);
}

static void
test_false_values (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 6);
  DmsKadNode *node = dms_kad_simulation_add (simulation, NULL, NULL);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("x", node->id);
  g_autoptr (GBytes) strange = g_bytes_new_static ("/nunet-dht-1/-x-y", 17);
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) value = dms_p2p_kad_advertisement_make (node->identity, data, 1767225600);
  g_auto (DmsKadOutcome) put = { 0 };
  g_auto (DmsKadOutcome) got = { 0 };

  for (guint i = 0; i < 10; i++)
    dms_kad_simulation_connect (
        simulation, node, dms_kad_simulation_add (simulation, NULL, respond_with_other_value));
  dms_p2p_kad_core_put_value (node->core, key, value, dms_kad_on_done, &put);
  dms_kad_simulation_until (simulation, &put.done);
  g_assert_error (put.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  dms_p2p_kad_core_get_value (node->core, strange, 0, dms_kad_on_done, &got);
  dms_kad_simulation_until (simulation, &got.done);
  g_assert_error (got.error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
}

/* Those that say nothing at all cost a lookup its time, and their place in the table. */
static GBytes *
respond_not (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request)
{
  return NULL;
}

static void
test_silence (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 3);
  DmsKadNode *node = dms_kad_simulation_add (simulation, NULL, NULL);
  g_autoptr (GBytes) key = make_key (simulation);
  g_auto (DmsKadOutcome) outcome = { 0 };

  for (guint i = 0; i < 15; i++)
    dms_kad_simulation_connect (simulation, node, dms_kad_simulation_add (simulation, NULL, respond_not));
  dms_p2p_kad_core_find_closest (node->core, key, dms_kad_on_done, &outcome);
  dms_kad_simulation_until (simulation, &outcome.done);
  g_assert_cmpuint (outcome.peers->len, ==, 0);
  g_assert_cmpuint (outcome.n_requests, ==, 15);
  dms_kad_simulation_run (simulation, 1200 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (dms_p2p_kad_table_get_size (dms_p2p_kad_core_get_table (node->core)), ==, 0);
}

/* 30 in 100 are gone from one moment to the next. */
static void
test_churn (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 4);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint n_found = 0;
  Sums sums;

  dms_kad_simulation_grow (simulation, 120);
  for (guint i = 0; i < 20; i++)
    {
      DmsKadNode *node = dms_kad_simulation_pick (simulation);
      g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
      g_autoptr (GBytes) value = dms_p2p_kad_advertisement_make (node->identity, data, 1767225600);
      g_auto (DmsKadOutcome) put = { 0 };

      g_ptr_array_add (keys, dms_p2p_kad_advertisement_make_key ("x", node->id));
      dms_p2p_kad_core_put_value (node->core, g_ptr_array_index (keys, i), value, dms_kad_on_done, &put);
      dms_kad_simulation_until (simulation, &put.done);
    }
  for (guint i = 0; i < 36; i++)
    dms_kad_simulation_pick (simulation)->is_down = TRUE;
  for (guint i = 0; i < keys->len; i++)
    {
      g_auto (DmsKadOutcome) got = { 0 };

      dms_p2p_kad_core_get_value (
          dms_kad_simulation_pick (simulation)->core, g_ptr_array_index (keys, i), 0, dms_kad_on_done, &got);
      dms_kad_simulation_until (simulation, &got.done);
      n_found += got.value != NULL;
    }
  g_test_message ("%u of %u values found after 30 %% of the nodes went", n_found, keys->len);
  g_assert_cmpuint (n_found, ==, keys->len);
  sums = look_up (simulation, 30);
  g_assert_cmpuint (sums.recall / 30, >=, 90);
}

/* The same seed, the same world. */
static void
test_determinism (void)
{
  guint64 traces[3];

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (i < 2 ? SEED : SEED + 9);

      dms_kad_simulation_grow (simulation, 40);
      traces[i] = simulation->trace;
    }
  g_assert_cmpuint (traces[0], ==, traces[1]);
  g_assert_cmpuint (traces[0], !=, traces[2]);
}

/* What a node keeps in the network is put there again before it expires there, and expires when it does not.
 */
static void
test_republish (void)
{
  g_autoptr (DmsKadSimulation) simulation = dms_kad_simulation_new (SEED + 5);
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) multihash = make_key (simulation);
  g_autoptr (GBytes) value = NULL;
  g_autoptr (GBytes) key = NULL;
  DmsKadNode *node = NULL;

  dms_kad_simulation_grow (simulation, 4);
  node = g_ptr_array_index (simulation->nodes, 3);
  key = dms_p2p_kad_advertisement_make_key ("x", node->id);
  value = dms_p2p_kad_advertisement_make (node->identity, data, 1767225600);
  dms_p2p_kad_core_put_value (node->core, key, value, NULL, NULL);
  dms_p2p_kad_core_provide (node->core, multihash, NULL, NULL);
  dms_kad_simulation_run (simulation, 50 * G_TIME_SPAN_HOUR);
  for (guint i = 0; i < 2; i++)
    {
      DmsKadNode *other = g_ptr_array_index (simulation->nodes, 1);
      g_auto (DmsKadOutcome) got = { 0 };
      g_auto (DmsKadOutcome) found = { 0 };

      dms_p2p_kad_core_get_value (other->core, key, 0, dms_kad_on_done, &got);
      dms_kad_simulation_until (simulation, &got.done);
      dms_p2p_kad_core_find_providers (other->core, multihash, 5, dms_kad_on_done, &found);
      dms_kad_simulation_until (simulation, &found.done);
      g_assert_true ((got.value != NULL) == (i == 0));
      g_assert_cmpuint (found.peers->len, ==, i == 0 ? 1 : 0);
      node->is_down = TRUE;
      dms_kad_simulation_run (simulation, 49 * G_TIME_SPAN_HOUR);
    }
}

int
main (int argc, char **argv)
{
  int result = 0;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/kad/network/determinism", test_determinism);
  g_test_add_func ("/p2p/kad/network/silence", test_silence);
  g_test_add_func ("/p2p/kad/network/lies", test_lies);
  g_test_add_func ("/p2p/kad/network/inner-provider", test_inner_provider);
  g_test_add_func ("/p2p/kad/network/false-values", test_false_values);
  g_test_add_func ("/p2p/kad/network/republish", test_republish);
  g_test_add_func ("/p2p/kad/network/stop-providing", test_stop_providing);
  g_test_add_func ("/p2p/kad/network/moved", test_moved);
  g_test_add_func ("/p2p/kad/network/hops", test_hops);
  g_test_add_func ("/p2p/kad/network/estimate", test_estimate);
  g_test_add_func ("/p2p/kad/network/values", test_values);
  g_test_add_func ("/p2p/kad/network/providers", test_providers);
  g_test_add_func ("/p2p/kad/network/not-provided", test_not_provided);
  g_test_add_func ("/p2p/kad/network/find-peer", test_find_peer);
  g_test_add_func ("/p2p/kad/network/cancel", test_cancel);
  g_test_add_func ("/p2p/kad/network/too-many", test_too_many);
  g_test_add_func ("/p2p/kad/network/churn", test_churn);
  g_test_add_func ("/p2p/kad/network/sybils", test_sybils);
  result = g_test_run ();
  g_clear_pointer (&network, dms_kad_simulation_free);
  return result;
}
