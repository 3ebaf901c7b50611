/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-kad-simulation.h"
#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-limits.h"

/* One node that is asked by another, at the border: what it takes, what it tells, and whom. */
typedef struct
{
  DmsKadSimulation *simulation;
  DmsKadNode *node;
  DmsKadNode *asker;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->simulation = dms_kad_simulation_new (1);
  fixture->node = dms_kad_simulation_add (fixture->simulation, NULL, NULL);
  fixture->asker = dms_kad_simulation_add (fixture->simulation, NULL, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dms_kad_simulation_free (fixture->simulation);
}

/* (nullable): NULL when it is refused, or there is no answer. */
static DmsP2pKadMessage *
ask (Fixture *fixture, DmsP2pKadMessage *request, gboolean *taken)
{
  g_autoptr (GBytes) bytes = dms_p2p_kad_message_encode (request);
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;

  *taken = dms_p2p_kad_core_handle (
      fixture->node->core, fixture->asker->id, fixture->asker->address, bytes, &answer, &error);
  g_assert_true (*taken == (error == NULL));
  return answer != NULL ? dms_p2p_kad_message_decode (answer, NULL) : NULL;
}

static gboolean
put (Fixture *fixture, GBytes *key, GBytes *value)
{
  g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_new (DMS_P2P_KAD_PUT_VALUE, key);
  g_autoptr (DmsP2pKadMessage) answer = NULL;
  gboolean taken = FALSE;

  request->record = dms_p2p_kad_record_new (key, value, NULL);
  answer = ask (fixture, request, &taken);
  if (taken)
    g_assert_true (g_bytes_equal (dms_p2p_kad_record_get_value (answer->record), value));
  return taken;
}

static GBytes *
get (Fixture *fixture, GBytes *key)
{
  g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_new (DMS_P2P_KAD_GET_VALUE, key);
  gboolean taken = FALSE;
  g_autoptr (DmsP2pKadMessage) answer = ask (fixture, request, &taken);

  g_assert_true (taken);
  return answer->record != NULL ? g_bytes_ref (dms_p2p_kad_record_get_value (answer->record)) : NULL;
}

static void
test_values (Fixture *fixture, gconstpointer data)
{
  DmsKadNode *other = dms_kad_simulation_add (fixture->simulation, NULL, NULL);
  g_autoptr (GBytes) one = g_bytes_new_static ("1", 1);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("k", fixture->asker->id);
  g_autoptr (GBytes) others_key = dms_p2p_kad_advertisement_make_key ("k", other->id);
  g_autoptr (GBytes) old = dms_p2p_kad_advertisement_make (fixture->asker->identity, one, 1767225600);
  g_autoptr (GBytes) new = dms_p2p_kad_advertisement_make (fixture->asker->identity, one, 1767225660);
  g_autoptr (GBytes) others = dms_p2p_kad_advertisement_make (other->identity, one, 1767225600);
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) kept = NULL;
  g_autoptr (GBytes) gone = NULL;
  g_autoptr (GBytes) still = NULL;

  nothing = get (fixture, key);
  g_assert_null (nothing);
  g_assert_true (put (fixture, key, old));
  first = get (fixture, key);
  g_assert_true (g_bytes_equal (first, old));
  g_assert_true (put (fixture, key, new));
  g_assert_false (put (fixture, key, old));
  kept = get (fixture, key);
  g_assert_true (g_bytes_equal (kept, new));
  /* Anybody may pass on what another has signed, but not take it away. */
  g_assert_true (put (fixture, others_key, others));
  g_assert_false (put (fixture, others_key, empty));
  still = get (fixture, others_key);
  g_assert_nonnull (still);
  g_assert_true (put (fixture, key, empty));
  gone = get (fixture, key);
  g_assert_null (gone);
  /* A value of one under the key of another; under no namespace; junk. */
  g_assert_false (put (fixture, key, others));
  g_assert_false (put (fixture, one, old));
  g_assert_false (put (fixture, key, one));
}

static void
test_odd_requests (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("k", fixture->asker->id);
  g_autoptr (GBytes) other_key = dms_p2p_kad_advertisement_make_key ("l", fixture->asker->id);
  g_autoptr (GBytes) one = g_bytes_new_static ("1", 1);
  gboolean taken = FALSE;

  for (guint type = 0; type < DMS_P2P_KAD_PING; type++)
    {
      g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_new ((DmsP2pKadType) type, NULL);

      g_assert_null (ask (fixture, request, &taken));
      g_assert_false (taken);
    }
  {
    g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_new (DMS_P2P_KAD_PUT_VALUE, key);

    g_assert_null (ask (fixture, request, &taken));
    g_assert_false (taken);
    request->record = dms_p2p_kad_record_new (other_key, one, NULL);
    g_assert_null (ask (fixture, request, &taken));
    g_assert_false (taken);
  }
  {
    g_autoptr (DmsP2pKadMessage) request = dms_p2p_kad_message_new (DMS_P2P_KAD_GET_PROVIDERS, key);

    g_assert_null (ask (fixture, request, &taken));
    g_assert_false (taken);
  }
}

static DmsP2pKadPeer *
describe (DmsKadNode *node, const char *const *texts)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; texts[i] != NULL; i++)
    g_ptr_array_add (addresses, dms_multiaddr_new (texts[i], NULL));
  return dms_p2p_kad_peer_new (node->id, addresses, DMS_P2P_KAD_CONNECTED);
}

static void
test_providers (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/9.8.7.6/tcp/1", NULL
  };
  g_autoptr (GBytes) multihash = dms_peer_id_dup_bytes (fixture->node->id);
  DmsKadNode *other = dms_kad_simulation_add (fixture->simulation, NULL, NULL);
  g_autoptr (DmsP2pKadMessage) lie = dms_p2p_kad_message_new (DMS_P2P_KAD_ADD_PROVIDER, multihash);
  g_autoptr (DmsP2pKadMessage) truth = dms_p2p_kad_message_new (DMS_P2P_KAD_ADD_PROVIDER, multihash);
  g_autoptr (DmsP2pKadMessage) question = dms_p2p_kad_message_new (DMS_P2P_KAD_GET_PROVIDERS, multihash);
  g_autoptr (DmsP2pKadMessage) answer = NULL;
  DmsP2pKadPeer *told = NULL;
  gboolean taken = FALSE;

  g_ptr_array_add (lie->providers, describe (other, texts));
  g_assert_null (ask (fixture, lie, &taken));
  g_assert_false (taken);
  g_ptr_array_add (truth->providers, describe (other, texts));
  g_ptr_array_add (truth->providers, describe (fixture->asker, texts));
  g_assert_null (ask (fixture, truth, &taken));
  g_assert_true (taken);
  answer = ask (fixture, question, &taken);
  g_assert_cmpuint (answer->providers->len, ==, 1);
  told = g_ptr_array_index (answer->providers, 0);
  g_assert_true (dms_peer_id_equal (dms_p2p_kad_peer_get_id (told), fixture->asker->id));
  /* What is known of it, and what it says; but nothing that a stranger says of private networks. */
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (told)->len, ==, 2);
  g_assert_true (dms_multiaddr_equal (g_ptr_array_index (dms_p2p_kad_peer_get_addresses (told), 0),
                                      fixture->asker->address));
  g_assert_cmpstr (
      dms_multiaddr_get_text (g_ptr_array_index (dms_p2p_kad_peer_get_addresses (told), 1)), ==, texts[2]);
}

/* The closest, but never the one who asks nor this node; the one that is asked for first. */
static void
test_closer (Fixture *fixture, gconstpointer data)
{
  DmsKadNode *wanted = NULL;
  g_autoptr (GBytes) key = NULL;
  g_autoptr (DmsP2pKadMessage) request = NULL;
  g_autoptr (DmsP2pKadMessage) answer = NULL;
  gboolean taken = FALSE;

  dms_kad_simulation_connect (fixture->simulation, fixture->node, fixture->asker);
  for (guint i = 0; i < 60; i++)
    dms_kad_simulation_connect (
        fixture->simulation, fixture->node, dms_kad_simulation_add (fixture->simulation, NULL, NULL));
  wanted = dms_kad_simulation_add (fixture->simulation, NULL, NULL);
  key = dms_peer_id_dup_bytes (wanted->id);
  request = dms_p2p_kad_message_new (DMS_P2P_KAD_FIND_NODE, key);
  answer = ask (fixture, request, &taken);
  g_assert_true (taken);
  g_assert_cmpuint (answer->closer->len, ==, DMS_P2P_KAD_K);
  /* Its address is known, though it is in no table. */
  g_assert_true (
      dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (answer->closer, 0)), wanted->id));
  for (guint i = 0; i < answer->closer->len; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (answer->closer, i);

      g_assert_false (dms_peer_id_equal (dms_p2p_kad_peer_get_id (peer), fixture->asker->id));
      g_assert_false (dms_peer_id_equal (dms_p2p_kad_peer_get_id (peer), fixture->node->id));
      if (i > 1)
        g_assert_cmpint (
            dms_p2p_kad_key_compare (&wanted->key,
                                     dms_p2p_kad_peer_get_key (g_ptr_array_index (answer->closer, i - 1)),
                                     dms_p2p_kad_peer_get_key (peer)),
            <,
            0);
    }
  /* Who does not serve any more is not told of. */
  dms_p2p_kad_core_peer_left (fixture->node->core,
                              dms_p2p_kad_peer_get_id (g_ptr_array_index (answer->closer, 1)));
  {
    g_autoptr (DmsP2pKadMessage) again = ask (fixture, request, &taken);

    g_assert_false (dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (again->closer, 1)),
                                       dms_p2p_kad_peer_get_id (g_ptr_array_index (answer->closer, 1))));
  }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/p2p/kad/server/values", test_values },
    { "/p2p/kad/server/odd-requests", test_odd_requests },
    { "/p2p/kad/server/providers", test_providers },
    { "/p2p/kad/server/closer", test_closer },
  };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
