/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>

#include "kad/dms-p2p-kad-group.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-query.h"
#include "kad/dms-p2p-kad-table.h"

static GRand *rand_;

static DmsP2pKadPeer *
make_peer (const char *address)
{
  guint8 key[32];
  g_autoptr (DmsPeerId) id = NULL;
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < sizeof key; i++)
    key[i] = (guint8) g_rand_int (rand_);
  id = dms_peer_id_new_for_ed25519 (key);
  if (address != NULL)
    g_ptr_array_add (addresses, dms_multiaddr_new (address, NULL));
  return dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CONNECTED);
}

static void
test_distance (void)
{
  DmsP2pKadKey zero = { { 0 } };
  DmsP2pKadKey one = { { 0 } };
  DmsP2pKadKey high = { { 0x80 } };
  DmsP2pKadKey of_abc;
  static const guint8 sha256_of_abc[] = { 0xba, 0x78, 0x16, 0xbf };

  one.bytes[31] = 1;
  g_assert_cmpuint (dms_p2p_kad_key_common_prefix (&zero, &zero), ==, 256);
  g_assert_cmpuint (dms_p2p_kad_key_common_prefix (&zero, &one), ==, 255);
  g_assert_cmpuint (dms_p2p_kad_key_common_prefix (&zero, &high), ==, 0);
  g_assert_cmpint (dms_p2p_kad_key_compare (&zero, &one, &high), <, 0);
  g_assert_cmpint (dms_p2p_kad_key_compare (&high, &one, &high), >, 0);
  g_assert_cmpint (dms_p2p_kad_key_compare (&high, &one, &one), ==, 0);
  dms_p2p_kad_key_init (&of_abc, "abc", 3);
  g_assert_cmpmem (of_abc.bytes, 4, sha256_of_abc, 4);
}

static guint64
group_of (const char *text)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  g_assert_nonnull (address);
  return dms_p2p_kad_group_of (address);
}

static void
test_groups (void)
{
  static const char *const local[] = { "/ip4/127.0.0.1/tcp/1",   "/ip4/10.1.2.3/tcp/1",
                                       "/ip4/192.168.0.9/tcp/1", "/ip4/172.31.0.1/tcp/1",
                                       "/ip6/::1/tcp/1",         "/ip6/fe80::1/tcp/1",
                                       "/ip6/fd00::1/tcp/1",     "/ip6/::ffff:10.0.0.1/tcp/1" };

  for (guint i = 0; i < G_N_ELEMENTS (local); i++)
    g_assert_cmpuint (group_of (local[i]), ==, 0);
  g_assert_cmpuint (group_of ("/ip4/1.2.3.4/tcp/1"), ==, group_of ("/ip4/1.2.200.9/udp/7/quic-v1"));
  g_assert_cmpuint (group_of ("/ip4/1.2.3.4/tcp/1"), !=, group_of ("/ip4/1.3.3.4/tcp/1"));
  g_assert_cmpuint (group_of ("/ip4/1.2.3.4/tcp/1"), ==, group_of ("/ip6/::ffff:1.2.3.4/tcp/1"));
  g_assert_cmpuint (group_of ("/ip6/2001:db8:1::1/tcp/1"), ==, group_of ("/ip6/2001:db8:2::1/tcp/1"));
  g_assert_cmpuint (group_of ("/ip6/2001:db8::1/tcp/1"), !=, group_of ("/ip6/2001:db9::1/tcp/1"));
  g_assert_cmpuint (group_of ("/dns4/a.example/tcp/1"), !=, group_of ("/dns4/b.example/tcp/1"));
}

static guint
count_left (const char *remote)
{
  static const char *const texts[] = {
    "/ip4/1.2.3.4/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/224.0.0.1/tcp/1"
  };
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (DmsMultiaddr) from = remote != NULL ? dms_multiaddr_new (remote, NULL) : NULL;
  g_autoptr (GPtrArray) left = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_ptr_array_add (addresses, dms_multiaddr_new (texts[i], NULL));
  left = dms_p2p_kad_group_filter (addresses, from, 10);
  return left->len;
}

static void
test_filter (void)
{
  g_assert_cmpuint (count_left (NULL), ==, 1);
  g_assert_cmpuint (count_left ("/ip4/8.8.8.8/tcp/1"), ==, 1);
  g_assert_cmpuint (count_left ("/ip4/192.168.1.1/tcp/1"), ==, 2);
  g_assert_cmpuint (count_left ("/ip4/127.0.0.1/tcp/1"), ==, 3);
}

/* Those that are listed are in order, and nobody else is closer. */
static void
check_closest (DmsP2pKadTable *table, const DmsP2pKadKey *key)
{
  g_autoptr (GPtrArray) all = dms_p2p_kad_table_list (table);
  g_autoptr (GPtrArray) closest = dms_p2p_kad_table_list_closest (table, key, DMS_P2P_KAD_K);
  const DmsP2pKadKey *last = NULL;

  g_assert_cmpuint (closest->len, ==, DMS_P2P_KAD_K);
  for (guint i = 0; i < closest->len; i++)
    {
      const DmsP2pKadKey *next = dms_p2p_kad_peer_get_key (g_ptr_array_index (closest, i));

      g_assert_true (last == NULL || dms_p2p_kad_key_compare (key, last, next) < 0);
      last = next;
    }
  for (guint i = 0; i < all->len; i++)
    if (!g_ptr_array_find (closest, g_ptr_array_index (all, i), NULL))
      g_assert_cmpint (
          dms_p2p_kad_key_compare (key, dms_p2p_kad_peer_get_key (g_ptr_array_index (all, i)), last), >, 0);
}

/* Whatever comes and goes: no bucket has more than k, none is in the wrong one, the closest are the closest.
 */
static void
test_properties (void)
{
  g_autoptr (DmsP2pKadPeer) own = make_peer (NULL);
  const DmsP2pKadKey *self_key = dms_p2p_kad_peer_get_key (own);
  g_autoptr (DmsP2pKadTable) table = dms_p2p_kad_table_new (self_key);
  g_autoptr (GPtrArray) all = NULL;
  guint n = 0;

  g_assert_cmpint (dms_p2p_kad_table_add (table, own, 0, 1), ==, DMS_P2P_KAD_TABLE_REFUSED);
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (DmsP2pKadPeer) peer = make_peer (NULL);
      DmsP2pKadTableAdded added = dms_p2p_kad_table_add (table, peer, 0, i);

      n += added == DMS_P2P_KAD_TABLE_ADDED;
      g_assert_true (dms_p2p_kad_table_contains (table, peer) == (added == DMS_P2P_KAD_TABLE_ADDED));
    }
  g_assert_cmpuint (dms_p2p_kad_table_get_size (table), ==, n);
  for (guint i = 0; i < 256; i++)
    g_assert_cmpuint (dms_p2p_kad_table_get_bucket_size (table, i), <=, DMS_P2P_KAD_K);
  g_assert_cmpuint (dms_p2p_kad_table_get_bucket_size (table, 0), ==, DMS_P2P_KAD_K);
  g_assert_cmpuint (dms_p2p_kad_table_get_bucket_size (table, 5), ==, DMS_P2P_KAD_K);
  all = dms_p2p_kad_table_list (table);
  g_assert_cmpuint (all->len, ==, n);
  check_closest (table, self_key);
  for (guint i = 0; i < 200; i++)
    {
      DmsP2pKadKey near = *self_key;
      g_autoptr (DmsP2pKadPeer) target = make_peer (NULL);

      /* Anywhere, in this host's neighbourhood, and where somebody is. */
      check_closest (table, dms_p2p_kad_peer_get_key (target));
      near.bytes[i / 8] ^= 0x80 >> i % 8;
      check_closest (table, &near);
      check_closest (table, dms_p2p_kad_peer_get_key (g_ptr_array_index (all, i % all->len)));
    }
}

/* The old stay; they go only when they do not answer, and the silent first. */
static void
test_eviction (void)
{
  g_autoptr (DmsP2pKadPeer) own = make_peer (NULL);
  const DmsP2pKadKey *self_key = dms_p2p_kad_peer_get_key (own);
  g_autoptr (DmsP2pKadTable) table = dms_p2p_kad_table_new (self_key);
  g_autoptr (GPtrArray) far = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  g_autoptr (DmsP2pKadPeer) silent = NULL;
  g_autoptr (DmsP2pKadPeer) next = NULL;
  DmsP2pKadPeer *newcomer = NULL;

  while (far->len <= DMS_P2P_KAD_K)
    {
      DmsP2pKadPeer *peer = make_peer (NULL);

      if (dms_p2p_kad_key_common_prefix (self_key, dms_p2p_kad_peer_get_key (peer)) == 0)
        g_ptr_array_add (far, peer);
      else
        dms_p2p_kad_peer_unref (peer);
    }
  for (guint i = 0; i < DMS_P2P_KAD_K; i++)
    g_assert_cmpint (
        dms_p2p_kad_table_add (table, g_ptr_array_index (far, i), 0, 100 + i), ==, DMS_P2P_KAD_TABLE_ADDED);
  newcomer = g_ptr_array_index (far, DMS_P2P_KAD_K);
  g_assert_cmpint (dms_p2p_kad_table_add (table, newcomer, 0, 500), ==, DMS_P2P_KAD_TABLE_FULL);
  silent = dms_p2p_kad_table_dup_silent (table, dms_p2p_kad_peer_get_key (newcomer), 400);
  g_assert_true (silent == g_ptr_array_index (far, 0));
  g_assert_null (dms_p2p_kad_table_dup_silent (table, dms_p2p_kad_peer_get_key (newcomer), 100));
  g_assert_true (dms_p2p_kad_table_note_alive (table, silent, 600));
  next = dms_p2p_kad_table_dup_silent (table, dms_p2p_kad_peer_get_key (newcomer), 400);
  g_assert_true (next == g_ptr_array_index (far, 1));
  g_assert_false (dms_p2p_kad_table_note_failed (table, next));
  g_assert_true (dms_p2p_kad_table_contains (table, next));
  g_assert_true (dms_p2p_kad_table_note_failed (table, next));
  g_assert_false (dms_p2p_kad_table_contains (table, next));
  g_assert_cmpint (dms_p2p_kad_table_add (table, newcomer, 0, 700), ==, DMS_P2P_KAD_TABLE_ADDED);
  g_assert_false (dms_p2p_kad_table_note_failed (table, next));
  /* An answer in between is forgiven. */
  g_assert_false (dms_p2p_kad_table_note_failed (table, newcomer));
  g_assert_true (dms_p2p_kad_table_note_alive (table, newcomer, 800));
  g_assert_false (dms_p2p_kad_table_note_failed (table, newcomer));
}

static void
test_diversity (void)
{
  g_autoptr (DmsP2pKadPeer) own = make_peer (NULL);
  const DmsP2pKadKey *self_key = dms_p2p_kad_peer_get_key (own);
  g_autoptr (DmsP2pKadTable) table = dms_p2p_kad_table_new (self_key);
  guint in_bucket[256] = { 0 };
  guint n = 0;

  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (DmsP2pKadPeer) peer = make_peer (NULL);
      guint bucket = dms_p2p_kad_key_common_prefix (self_key, dms_p2p_kad_peer_get_key (peer));

      if (dms_p2p_kad_table_add (table, peer, 42, i) != DMS_P2P_KAD_TABLE_ADDED)
        continue;
      n++;
      in_bucket[bucket]++;
      g_assert_cmpuint (in_bucket[bucket], <=, DMS_P2P_KAD_GROUP_BUCKET);
      /* Known already: nothing changes. */
      g_assert_cmpint (dms_p2p_kad_table_add (table, peer, 42, i), ==, DMS_P2P_KAD_TABLE_KNOWN);
    }
  g_assert_cmpuint (n, ==, DMS_P2P_KAD_GROUP_TABLE);
  {
    g_autoptr (DmsP2pKadPeer) other = make_peer (NULL);

    g_assert_cmpint (dms_p2p_kad_table_add (table, other, 43, 1), ==, DMS_P2P_KAD_TABLE_ADDED);
    /* One that moves to where there are enough keeps its place and its old group. */
    g_assert_cmpint (dms_p2p_kad_table_add (table, other, 42, 1), ==, DMS_P2P_KAD_TABLE_KNOWN);
  }
}

/* Those of a crowded group stand aside until one of it fails; where one answers from is what counts. */
static void
test_query_crowd (void)
{
  g_autoptr (DmsP2pKadPeer) own = make_peer (NULL);
  DmsP2pKadKey target = { { 1 } };
  g_autoptr (DmsP2pKadQuery) query = dms_p2p_kad_query_new (&target, dms_p2p_kad_peer_get_key (own));
  DmsP2pKadPeer *first = NULL;
  DmsP2pKadPeer *peer = NULL;
  guint n = 0;

  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/45.67.1.%u/tcp/1", i);
      g_autoptr (DmsP2pKadPeer) sybil = make_peer (text);

      dms_p2p_kad_query_add (query, sybil, NULL);
      dms_p2p_kad_query_add (query, sybil, NULL);
    }
  dms_p2p_kad_query_add (query, own, NULL);
  for (peer = dms_p2p_kad_query_next (query); peer != NULL; peer = dms_p2p_kad_query_next (query))
    {
      first = first != NULL ? first : peer;
      n++;
    }
  g_assert_cmpuint (n, ==, DMS_P2P_KAD_GROUP_LOOKUP);
  g_assert_false (dms_p2p_kad_query_is_done (query));
  dms_p2p_kad_query_note_failed (query, first);
  g_assert_nonnull (dms_p2p_kad_query_next (query));
  g_assert_null (dms_p2p_kad_query_next (query));
}

/* At most alpha at a time, and no more than so many in all, however many are told of. */
static void
test_query_bounds (void)
{
  g_autoptr (DmsP2pKadPeer) own = make_peer (NULL);
  DmsP2pKadKey target = { { 1 } };
  g_autoptr (DmsP2pKadQuery) query = dms_p2p_kad_query_new (&target, dms_p2p_kad_peer_get_key (own));
  guint n = 0;

  while (n < 100000)
    {
      g_autoptr (GPtrArray) asked = g_ptr_array_new ();
      DmsP2pKadPeer *peer = NULL;

      for (guint i = 0; i < 40; i++)
        {
          g_autoptr (DmsP2pKadPeer) heard = make_peer (NULL);

          dms_p2p_kad_query_add (query, heard, NULL);
        }
      while ((peer = dms_p2p_kad_query_next (query)) != NULL)
        g_ptr_array_add (asked, peer);
      g_assert_cmpuint (asked->len, <=, DMS_P2P_KAD_ALPHA);
      if (asked->len == 0)
        break;
      n += asked->len;
      for (guint i = 0; i < asked->len; i++)
        dms_p2p_kad_query_note_failed (query, g_ptr_array_index (asked, i));
    }
  g_assert_cmpuint (n, ==, DMS_P2P_KAD_MAX_REQUESTS);
  g_assert_true (dms_p2p_kad_query_is_done (query));
}

int
main (int argc, char **argv)
{
  int result = 0;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  rand_ = g_rand_new_with_seed (7);
  g_test_add_func ("/p2p/kad/table/distance", test_distance);
  g_test_add_func ("/p2p/kad/table/groups", test_groups);
  g_test_add_func ("/p2p/kad/table/filter", test_filter);
  g_test_add_func ("/p2p/kad/table/properties", test_properties);
  g_test_add_func ("/p2p/kad/table/eviction", test_eviction);
  g_test_add_func ("/p2p/kad/table/diversity", test_diversity);
  g_test_add_func ("/p2p/kad/table/query-crowd", test_query_crowd);
  g_test_add_func ("/p2p/kad/table/query-bounds", test_query_bounds);
  result = g_test_run ();
  g_rand_free (rand_);
  return result;
}
