/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../dms-test-heap.h"
#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-peer-file.h"
#include "swarm/dms-p2p-peer-store-private.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define DAY    (24 * 3600 * SECOND)
#define NOW    (1700000000 * SECOND)

static guint n_warnings;

/* Counts what says that the file is damaged; anything else is printed. */
static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (level == G_LOG_LEVEL_WARNING && strcmp (fields[i].key, "MESSAGE") == 0 &&
        strstr (fields[i].value, "is damaged and begun anew") != NULL)
      {
        n_warnings++;
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, user_data);
}

static DmsPeerId *
new_peer (guint n)
{
  const guint8 key[32] = { 6, (guint8) (n >> 8), (guint8) n };

  return dms_peer_id_new_for_ed25519 (key);
}

static DmsPeerId *
new_peer_at (DmsP2pPeerStore *store, guint n, const char *address, gboolean is_connected)
{
  g_autoptr (DmsPeerId) peer = new_peer (n);
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_new (address, NULL);
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  g_ptr_array_add (list, where);
  dms_p2p_peer_store_add_addresses (store, peer, list, 3600, FALSE);
  if (is_connected)
    dms_p2p_peer_store_note_connected (store, peer, where);
  return g_steal_pointer (&peer);
}

static void
add (DmsP2pPeerStore *store, DmsPeerId *peer, guint ttl_s, gboolean is_certified, const char *first, ...)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  va_list args;

  va_start (args, first);
  for (const char *text = first; text != NULL; text = va_arg (args, const char *))
    {
      DmsMultiaddr *address = dms_multiaddr_new (text, NULL);

      g_assert_nonnull (address);
      g_ptr_array_add (list, address);
    }
  va_end (args);
  dms_p2p_peer_store_add_addresses (store, peer, list, ttl_s, is_certified);
}

/* In this order. */
static void
assert_addresses (DmsP2pPeerStore *store, DmsPeerId *peer, const char *expected)
{
  g_autoptr (GPtrArray) list = dms_p2p_peer_store_dup_addresses (store, peer);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", dms_multiaddr_get_text (list->pdata[i]));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
note (DmsP2pPeerStore *store, DmsPeerId *peer, const char *text, gboolean is_connected)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, NULL);

  if (is_connected)
    dms_p2p_peer_store_note_connected (store, peer, address);
  else
    dms_p2p_peer_store_note_failed (store, peer, address);
}

static void
test_addresses (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autoptr (DmsPeerId) other = new_peer (2);
  g_autofree char *named = g_strconcat ("/ip4/198.51.100.5/tcp/5/p2p/", dms_peer_id_get_text (peer), NULL);
  g_autofree char *foreign = g_strconcat ("/ip4/198.51.100.6/tcp/6/p2p/", dms_peer_id_get_text (other), NULL);

  dms_p2p_peer_store_set_now_us (store, NOW);
  assert_addresses (store, peer, "");
  /* What names somebody else, or is nowhere, is left out. */
  add (store,
       peer,
       100,
       FALSE,
       "/ip4/198.51.100.1/tcp/1",
       named,
       foreign,
       "/ip4/0.0.0.0/tcp/1",
       "/ip6/::/tcp/1",
       "/ip4/224.0.0.1/tcp/1",
       "/ip6/ff02::1/tcp/1",
       "/ip4/198.51.100.1/tcp/0",
       "/ip6/fe80::1/tcp/1",
       NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.1/tcp/1 /ip4/198.51.100.5/tcp/5");
  assert_addresses (store, other, "");
  /* They expire, each in its time. */
  add (store, peer, 200, FALSE, "/ip4/198.51.100.5/tcp/5", NULL);
  dms_p2p_peer_store_set_now_us (store, NOW + 150 * SECOND);
  assert_addresses (store, peer, "/ip4/198.51.100.5/tcp/5");
  dms_p2p_peer_store_set_now_us (store, NOW + 250 * SECOND);
  assert_addresses (store, peer, "");
  /* Nothing lives for ever, whatever is asked for. */
  add (store, peer, G_MAXUINT, FALSE, "/ip4/198.51.100.1/tcp/1", NULL);
  dms_p2p_peer_store_set_now_us (store, NOW + 40 * DAY);
  assert_addresses (store, peer, "");
  /* A time of 0 takes back. */
  add (store, peer, 100, FALSE, "/ip4/198.51.100.1/tcp/1", "/ip4/198.51.100.2/tcp/1", NULL);
  add (store, peer, 0, FALSE, "/ip4/198.51.100.1/tcp/1", NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.2/tcp/1");
  dms_p2p_peer_store_forget (store, peer);
  assert_addresses (store, peer, "");
}

static void
test_order (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);

  dms_p2p_peer_store_set_now_us (store, NOW);
  add (store,
       peer,
       100,
       FALSE,
       "/ip4/198.51.100.1/tcp/1",
       "/ip4/198.51.100.2/tcp/1",
       "/ip4/198.51.100.3/tcp/1",
       NULL);
  note (store, peer, "/ip4/198.51.100.3/tcp/1", TRUE);
  note (store, peer, "/ip4/198.51.100.1/tcp/1", FALSE);
  assert_addresses (store, peer, "/ip4/198.51.100.3/tcp/1 /ip4/198.51.100.2/tcp/1 /ip4/198.51.100.1/tcp/1");
  g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (store, peer), ==, NOW);
  /* What worked once outlives its time; what fails again and again is forgotten. */
  dms_p2p_peer_store_set_now_us (store, NOW + 200 * SECOND);
  assert_addresses (store, peer, "/ip4/198.51.100.3/tcp/1");
  for (guint i = 0; i < 8; i++)
    note (store, peer, "/ip4/198.51.100.3/tcp/1", FALSE);
  assert_addresses (store, peer, "");
}

/* Signed addresses drive out what others say, and keep it out until they expire. */
static void
test_certified (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);

  dms_p2p_peer_store_set_now_us (store, NOW);
  add (store, peer, 1000, FALSE, "/ip4/198.51.100.66/tcp/1", "/ip4/198.51.100.2/tcp/1", NULL);
  note (store, peer, "/ip4/198.51.100.2/tcp/1", TRUE);
  add (store, peer, 100, TRUE, "/ip4/198.51.100.3/tcp/1", NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.2/tcp/1 /ip4/198.51.100.3/tcp/1");
  add (store, peer, 1000, FALSE, "/ip4/198.51.100.66/tcp/1", NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.2/tcp/1 /ip4/198.51.100.3/tcp/1");
  /* A new record replaces the old one. */
  add (store, peer, 100, TRUE, "/ip4/198.51.100.4/tcp/1", NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.2/tcp/1 /ip4/198.51.100.4/tcp/1");
  dms_p2p_peer_store_set_now_us (store, NOW + 101 * SECOND);
  add (store, peer, 1000, FALSE, "/ip4/198.51.100.66/tcp/1", NULL);
  assert_addresses (store, peer, "/ip4/198.51.100.2/tcp/1 /ip4/198.51.100.66/tcp/1");
}

/* Endless addresses of one peer do not drive out the good ones. */
static void
test_many_addresses (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autoptr (GPtrArray) list = NULL;

  add (store, peer, 100, FALSE, "/ip4/198.51.100.1/tcp/1", NULL);
  note (store, peer, "/ip4/198.51.100.1/tcp/1", TRUE);
  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/198.52.%u.%u/tcp/1", i / 250, i % 250);

      add (store, peer, 100, FALSE, text, NULL);
    }
  list = dms_p2p_peer_store_dup_addresses (store, peer);
  g_assert_cmpuint (list->len, ==, 64);
  g_assert_cmpstr (dms_multiaddr_get_text (list->pdata[0]), ==, "/ip4/198.51.100.1/tcp/1");
}

/* What is only said drives out nothing that worked. */
static void
test_many_that_worked (void)
{
  enum
  {
    MAX = 64
  };
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autoptr (DmsMultiaddr) said = dms_multiaddr_new ("/ip4/198.52.1.1/tcp/1", NULL);
  g_autoptr (GPtrArray) list = NULL;

  for (guint i = 0; i < MAX; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/198.51.100.%u/tcp/1", i);

      note (store, peer, text, TRUE);
    }
  add (store, peer, 100, FALSE, dms_multiaddr_get_text (said), NULL);
  list = dms_p2p_peer_store_dup_addresses (store, peer);
  g_assert_cmpuint (list->len, ==, MAX);
  g_assert_false (g_ptr_array_find_with_equal_func (list, said, (GEqualFunc) dms_multiaddr_equal, NULL));
}

/* A crowd of peers drives out a crowd, not those that were connected. */
static void
test_many_peers (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (GPtrArray) list = NULL;

  dms_p2p_peer_store_set_now_us (store, NOW);
  for (guint i = 0; i < 100; i++)
    dms_peer_id_unref (new_peer_at (store, i, "/ip4/198.51.100.1/tcp/1", TRUE));
  for (guint i = 100; i < 20000; i++)
    {
      dms_p2p_peer_store_set_now_us (store, NOW + i * SECOND);
      dms_peer_id_unref (new_peer_at (store, i, "/ip4/198.51.100.2/tcp/1", FALSE));
    }
  list = dms_p2p_peer_store_list (store);
  g_assert_cmpuint (list->len, <=, 4096);
  g_assert_cmpuint (list->len, >, 4000);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer (i);

      g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (store, peer), ==, NOW);
    }
  {
    g_autoptr (DmsPeerId) latest = new_peer (19999);

    assert_addresses (store, latest, "/ip4/198.51.100.2/tcp/1");
  }
}

/* Neither does a crowd that connects to this host. */
static void
test_many_visitors (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) good = NULL;

  dms_p2p_peer_store_set_now_us (store, NOW);
  good = new_peer_at (store, 1, "/ip4/198.51.100.1/tcp/1", TRUE);
  for (guint i = 100; i < 10000; i++)
    {
      g_autoptr (DmsPeerId) visitor = new_peer (i);

      dms_p2p_peer_store_set_now_us (store, NOW + i * SECOND);
      dms_p2p_peer_store_note_connected (store, visitor, NULL);
    }
  g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (store, good), ==, NOW);
  assert_addresses (store, good, "/ip4/198.51.100.1/tcp/1");
}

/* However long a peer's addresses are, they take so much; the good one stays. */
static void
test_long_addresses (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  g_autofree char *label = g_strnfill (60, 'x');
  g_autoptr (GPtrArray) list = NULL;
  gsize size = 0;

  add (store, peer, 100, FALSE, "/ip4/198.51.100.1/tcp/1", NULL);
  note (store, peer, "/ip4/198.51.100.1/tcp/1", TRUE);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("/dns4/%s.%s.%s.%u/tcp/1", label, label, label, i);

      add (store, peer, 100, FALSE, text, NULL);
    }
  list = dms_p2p_peer_store_dup_addresses (store, peer);
  for (guint i = 0; i < list->len; i++)
    size += strlen (dms_multiaddr_get_text (list->pdata[i]));
  g_assert_cmpuint (list->len, >, 40);
  g_assert_cmpuint (list->len, <, 64);
  g_assert_cmpuint (size, <=, 16384);
  g_assert_cmpstr (dms_multiaddr_get_text (list->pdata[0]), ==, "/ip4/198.51.100.1/tcp/1");
  /* Those that it signs for replace what others say, under the same bound. */
  for (guint i = 0; i < list->len; i++)
    dms_p2p_peer_store_add_addresses (store, peer, list, 100, TRUE);
  g_assert_cmpuint (dms_p2p_peer_store_get_bytes (store), <, 18000);
  dms_p2p_peer_store_forget (store, peer);
  g_assert_cmpuint (dms_p2p_peer_store_get_bytes (store), ==, 0);
}

/* As much as the store takes of a peer that says as much as it can. */
static void
say_much (DmsP2pPeerStore *store, guint n)
{
  g_autoptr (DmsPeerId) peer = new_peer (n);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autofree char *agent = g_strnfill (300, 'x');
  g_autofree char *protocol = g_strnfill (1000, 'y');
  const char *const protocols[] = { protocol, protocol, protocol, protocol, protocol,
                                    protocol, protocol, protocol, protocol, NULL };
  g_autofree guint8 *zeros = g_malloc0 (2048);
  g_autoptr (GBytes) envelope = g_bytes_new (zeros, 2048);

  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *text = g_strdup_printf ("/dns4/%.60s.%.60s.%u.%u/tcp/1", agent, agent, n, i);

      g_ptr_array_add (list, dms_multiaddr_new (text, NULL));
    }
  dms_p2p_peer_store_set_identity (store, peer, agent, agent, protocols);
  dms_p2p_peer_store_add_addresses (store, peer, list, 3600, TRUE);
  dms_p2p_peer_store_set_envelope (store, peer, envelope);
}

/* A crowd of those takes no more of the heap than there is for all, and drives out nobody that was connected.
 */
static void
test_many_bytes (void)
{
  enum
  {
    N_GOOD = 100,
    N = 4000,
    MAX = DMS_P2P_PEER_STORE_MAX_BYTES,
  };
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (DmsPeerId) latest = new_peer (N - 1);
  gint64 before = dms_test_heap_get_used ();
  gint64 used = 0;

  dms_p2p_peer_store_set_now_us (store, NOW);
  for (guint i = 0; i < N_GOOD; i++)
    dms_peer_id_unref (new_peer_at (store, i, "/ip4/198.51.100.1/tcp/1", TRUE));
  for (guint i = N_GOOD; i < N; i++)
    {
      dms_p2p_peer_store_set_now_us (store, NOW + i * SECOND);
      say_much (store, i);
      g_assert_cmpuint (dms_p2p_peer_store_get_bytes (store), <=, MAX);
    }
  used = dms_test_heap_get_used () - before;
  g_test_message ("%" G_GINT64_FORMAT " bytes of the heap for %" G_GSIZE_FORMAT " counted",
                  used,
                  dms_p2p_peer_store_get_bytes (store));
  g_assert_cmpint (used, <, MAX + MAX / 4);
  g_assert_cmpuint (dms_p2p_peer_store_get_bytes (store), >, MAX / 2);
  for (guint i = 0; i < N_GOOD; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer (i);

      g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (store, peer), ==, NOW);
    }
  g_assert_nonnull (dms_p2p_peer_store_get_agent (store, latest));
  /* Nothing is counted that is not there any more. */
  list = dms_p2p_peer_store_list (store);
  for (guint i = 0; i < list->len; i++)
    dms_p2p_peer_store_forget (store, list->pdata[i]);
  g_assert_cmpuint (dms_p2p_peer_store_get_bytes (store), ==, 0);
}

static void
test_identity (void)
{
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsPeerId) peer = new_peer (1);
  const char *const protocols[] = { "/a", "/b", NULL };
  g_autofree char *endless = g_strnfill (100000, 'x');
  const char *const too_long[] = { "/a", endless, "/b", NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) many = NULL;

  g_assert_null (dms_p2p_peer_store_get_protocols (store, peer));
  g_assert_null (dms_p2p_peer_store_get_agent (store, peer));
  dms_p2p_peer_store_set_identity (store, peer, "test/1", "ipfs/0.1.0", protocols);
  g_assert_cmpstrv (dms_p2p_peer_store_get_protocols (store, peer), protocols);
  g_assert_cmpstr (dms_p2p_peer_store_get_agent (store, peer), ==, "test/1");
  dms_p2p_peer_store_set_identity (store, peer, endless, NULL, too_long);
  g_assert_cmpuint (strlen (dms_p2p_peer_store_get_agent (store, peer)), ==, 256);
  g_assert_cmpuint (g_strv_length ((char **) dms_p2p_peer_store_get_protocols (store, peer)), ==, 1);
  for (guint i = 0; i < 2000; i++)
    g_strv_builder_add (builder, "/p");
  many = g_strv_builder_end (builder);
  dms_p2p_peer_store_set_identity (store, peer, "\xff", NULL, (const char *const *) many);
  g_assert_cmpuint (g_strv_length ((char **) dms_p2p_peer_store_get_protocols (store, peer)), ==, 256);
  g_assert_true (g_utf8_validate (dms_p2p_peer_store_get_agent (store, peer), -1, NULL));
  dms_p2p_peer_store_set_identity (store, peer, NULL, NULL, NULL);
  g_assert_null (dms_p2p_peer_store_get_agent (store, peer));
}

/* A directory of its own, with nothing in it. */
static char *
new_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("dms-p2p-peers-XXXXXX", NULL);

  g_assert_nonnull (directory);
  return g_build_filename (directory, "peers.json", NULL);
}

static void
remove_path (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_unlink (path);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* Who is told of a save, and as how many-th. */
typedef struct
{
  guint *n_told;
  guint place;
  GError *error;
} Save;

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Save *save = user_data;

  dms_p2p_peer_store_save_finish (DMS_P2P_PEER_STORE (source), result, &save->error);
  save->place = ++*save->n_told;
}

static gboolean
save (DmsP2pPeerStore *store, GError **error)
{
  guint n_told = 0;
  Save one = { .n_told = &n_told };

  dms_p2p_peer_store_save_async (store, on_saved, &one);
  g_assert_cmpuint (n_told, ==, 0);
  while (n_told == 0)
    g_main_context_iteration (NULL, TRUE);
  if (one.error == NULL)
    return TRUE;
  g_propagate_error (error, one.error);
  return FALSE;
}

/* What proved reachable is there again; hearsay, this machine and what only came in are not. */
static void
test_file (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (path);
  g_autoptr (DmsP2pPeerStore) again = NULL;
  g_autoptr (DmsPeerId) good = new_peer (1);
  g_autoptr (DmsPeerId) hearsay = new_peer (2);
  g_autoptr (DmsPeerId) local = new_peer (3);
  g_autoptr (DmsPeerId) inbound = new_peer (4);
  g_autoptr (GError) error = NULL;
  struct stat status;

  add (store,
       good,
       1000,
       FALSE,
       "/ip4/198.51.100.1/tcp/1",
       "/ip4/198.51.100.9/tcp/1",
       "/ip4/127.0.0.1/tcp/1",
       NULL);
  note (store, good, "/ip4/198.51.100.1/tcp/1", TRUE);
  note (store, good, "/ip4/127.0.0.1/tcp/1", TRUE);
  note (store, good, "/dns4/node.example/tcp/1", TRUE);
  add (store, hearsay, 1000, FALSE, "/ip4/198.51.100.2/tcp/1", NULL);
  note (store, local, "/ip6/::1/tcp/1", TRUE);
  dms_p2p_peer_store_note_connected (store, inbound, NULL);
  g_assert_true (save (store, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  again = dms_p2p_peer_store_new (path);
  {
    g_autoptr (GPtrArray) list = dms_p2p_peer_store_list (again);

    g_assert_cmpuint (list->len, ==, 1);
  }
  assert_addresses (again, good, "/dns4/node.example/tcp/1 /ip4/198.51.100.1/tcp/1");
  g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (again, good), >, 0);
  /* What has expired is not brought back. */
  g_clear_object (&again);
  again = dms_p2p_peer_store_new (path);
  dms_p2p_peer_store_set_now_us (again, g_get_real_time () + 8 * DAY);
  assert_addresses (again, good, "");
  remove_path (path);
}

static void
test_file_bounds (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (path);
  g_autoptr (DmsP2pPeerStore) again = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (DmsPeerId) latest = new_peer (2999);

  for (guint i = 0; i < 3000; i++)
    {
      dms_p2p_peer_store_set_now_us (store, NOW + i * SECOND);
      dms_peer_id_unref (new_peer_at (store, i, "/ip4/198.51.100.1/tcp/1", TRUE));
    }
  g_assert_true (save (store, NULL));
  again = dms_p2p_peer_store_new (path);
  list = dms_p2p_peer_store_list (again);
  g_assert_cmpuint (list->len, ==, 512);
  g_assert_cmpint (dms_p2p_peer_store_get_last_seen_us (again, latest), ==, NOW + 2999 * SECOND);
  remove_path (path);
}

static void
test_unsaved (void)
{
  g_autoptr (DmsP2pPeerStore) none = dms_p2p_peer_store_new (NULL);
  g_autoptr (DmsP2pPeerStore) nowhere = dms_p2p_peer_store_new ("/nonexistent/peers.json");
  g_autoptr (GError) error = NULL;

  g_assert_true (save (none, &error));
  g_assert_no_error (error);
  g_assert_false (save (nowhere, &error));
  g_assert_true (error->domain == DMS_ERROR);
  g_assert_nonnull (strstr (error->message, "/nonexistent/peers.json"));
}

/* Asked for several times in a row, while one is being written: all are told in their turn, and what is
 * known last is in the file, whole. */
static void
test_saved_together (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (path);
  g_autoptr (DmsP2pPeerStore) again = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GDir) dir = NULL;
  guint n_told = 0;
  Save saves[20] = { { 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (saves); i++)
    {
      dms_peer_id_unref (new_peer_at (store, i, "/ip4/198.51.100.1/tcp/1", TRUE));
      saves[i].n_told = &n_told;
      dms_p2p_peer_store_save_async (store, on_saved, &saves[i]);
    }
  while (n_told < G_N_ELEMENTS (saves))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (saves); i++)
    {
      g_assert_no_error (saves[i].error);
      g_assert_cmpuint (saves[i].place, ==, i + 1);
    }
  again = dms_p2p_peer_store_new (path);
  list = dms_p2p_peer_store_list (again);
  g_assert_cmpuint (list->len, ==, G_N_ELEMENTS (saves));
  /* Nothing half written is left beside it. */
  dir = g_dir_open (directory, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "peers.json");
  g_assert_null (g_dir_read_name (dir));
  remove_path (path);
}

/* A file that could not be written is written the next time. */
static void
test_saved_after_failure (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (DmsP2pPeerStore) store = dms_p2p_peer_store_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_assert_false (save (store, NULL));
  g_assert_false (save (store, &error));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (save (store, NULL));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  remove_path (path);
}

static void
assert_damaged (const char *path, const char *text, gsize size)
{
  g_autoptr (DmsP2pPeerStore) store = NULL;
  g_autoptr (GPtrArray) list = NULL;

  if (text != NULL)
    g_assert_true (g_file_set_contents (path, text, (gssize) size, NULL));
  n_warnings = 0;
  store = dms_p2p_peer_store_new (path);
  g_assert_cmpuint (n_warnings, ==, 1);
  list = dms_p2p_peer_store_list (store);
  g_assert_cmpuint (list->len, ==, 0);
}

/* Whatever the file is, the store begins, and says so once. */
static void
test_damaged (void)
{
  static const char *const texts[] = {
    "",
    "{",
    "[]",
    "null",
    "{\"version\":1}",
    "{\"version\":2,\"peers\":[]}",
    "{\"version\":\"1\",\"peers\":[]}",
    "{\"version\":1,\"peers\":{}}",
    "{\"version\":1,\"peers\":[1]}",
    "{\"version\":1,\"peers\":[{}]}",
    "{\"version\":1,\"peers\":[{\"id\":\"x\",\"addresses\":[]}]}",
    "{\"version\":1,\"peers\":[{\"id\":\"12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6\"}]}",
    "{\"version\":1,\"peers\":[{\"id\":\"12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6\","
    "\"addresses\":[{}]}]}",
    "{\"version\":1,\"peers\":[{\"id\":\"12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6\","
    "\"addresses\":[{\"address\":7}]}]}",
    "{\"version\":1,\"peers\":[]} // comment",
    "{'version':1,'peers':[]}",
    "{\"version\":1,\"peers\":[[[[[[[[[[]]]]]]]]]]}",
    "{\"version\":1,\"peers\":[],\"more\":[[[[[[[[]]]]]]]]}",
    "{\"version\":1,\"peers\":[\"\xff\"]}",
  };
  g_autofree char *path = new_path ();
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autoptr (GString) many = g_string_new ("{\"version\":1,\"peers\":[");
  g_autofree char *huge = g_strnfill (DMS_P2P_PEER_FILE_MAX_SIZE + 1, ' ');
  const char zeros[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_damaged (path, texts[i], strlen (texts[i]));
  assert_damaged (path, deep, strlen (deep));
  assert_damaged (path, huge, strlen (huge));
  assert_damaged (path, zeros, sizeof zeros);
  for (guint i = 0; i < 513; i++)
    {
      g_autoptr (DmsPeerId) peer = new_peer (i);

      g_string_append_printf (
          many, "%s{\"id\":\"%s\",\"addresses\":[]}", i > 0 ? "," : "", dms_peer_id_get_text (peer));
    }
  g_string_append (many, "]}");
  assert_damaged (path, many->str, many->len);
  remove_path (path);
}

/* A link, a pipe, a directory in its place. */
static void
test_no_file (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *elsewhere = g_strconcat (path, ".elsewhere", NULL);

  g_assert_true (g_file_set_contents (elsewhere, "{\"version\":1,\"peers\":[]}", -1, NULL));
  g_assert_cmpint (symlink (elsewhere, path), ==, 0);
  assert_damaged (path, NULL, 0);
  g_unlink (path);
  g_unlink (elsewhere);
  g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
  assert_damaged (path, NULL, 0);
  g_unlink (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_damaged (path, NULL, 0);
  g_unlink (path);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_damaged (path, NULL, 0);
  g_rmdir (path);
  remove_path (path);
}

/* Times that cannot be, and addresses of this machine, are put right or left out. */
static void
test_hostile_values (void)
{
  static const char text[] =
      "{\"version\":1,\"peers\":[{\"id\":\"12D3KooWNmAW3WZoKnte8HTRj7HWWPdbRqALk5sDSVRySPiYJLu6\","
      "\"seen\":9223372036854775807,\"addresses\":["
      "{\"address\":\"/ip4/127.0.0.1/tcp/1\",\"expires\":9223372036854775807,\"connected\":1},"
      "{\"address\":\"/ip4/0.0.0.0/tcp/1\",\"expires\":9223372036854775807,\"connected\":1},"
      "{\"address\":\"/unix/run/socket\",\"expires\":9223372036854775807,\"connected\":1},"
      "{\"address\":\"/ip4/198.51.100.2/tcp/1\",\"expires\":-9223372036854775808,\"connected\":-1},"
      "{\"address\":\"/ip4/198.51.100.1/tcp/1\",\"expires\":9223372036854775807,"
      "\"connected\":9223372036854775807,\"certified\":\"yes\",\"more\":[1]}]}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) records = dms_p2p_peer_file_parse (text, strlen (text), NOW, &error);
  DmsP2pPeerRecord *record = NULL;
  DmsP2pPeerAddress *address = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (records->len, ==, 1);
  record = records->pdata[0];
  g_assert_cmpint (record->seen_us, ==, NOW);
  g_assert_cmpuint (record->addresses->len, ==, 1);
  address = record->addresses->pdata[0];
  g_assert_cmpstr (dms_multiaddr_get_text (address->address), ==, "/ip4/198.51.100.1/tcp/1");
  g_assert_cmpint (address->expires_us, ==, NOW + 30 * DAY);
  g_assert_cmpint (address->connected_us, ==, NOW);
  g_assert_false (address->is_certified);
}

static void
test_reach (void)
{
  static const struct
  {
    const char *address;
    DmsP2pReach reach;
  } cases[] = {
    { "/ip4/127.0.0.1/tcp/1", DMS_P2P_REACH_LOOPBACK },
    { "/ip6/::1/tcp/1", DMS_P2P_REACH_LOOPBACK },
    { "/ip6/::ffff:127.0.0.1/tcp/1", DMS_P2P_REACH_LOOPBACK },
    { "/ip4/10.1.2.3/tcp/1", DMS_P2P_REACH_PRIVATE },
    { "/ip4/172.16.0.1/tcp/1", DMS_P2P_REACH_PRIVATE },
    { "/ip4/172.32.0.1/tcp/1", DMS_P2P_REACH_PUBLIC },
    { "/ip4/192.168.0.1/udp/1/quic-v1", DMS_P2P_REACH_PRIVATE },
    { "/ip4/100.64.0.1/tcp/1", DMS_P2P_REACH_PRIVATE },
    { "/ip4/100.128.0.1/tcp/1", DMS_P2P_REACH_PUBLIC },
    { "/ip4/169.254.1.1/tcp/1", DMS_P2P_REACH_PRIVATE },
    { "/ip4/8.8.8.8/tcp/1", DMS_P2P_REACH_PUBLIC },
    { "/ip6/2001:db8::1/tcp/1", DMS_P2P_REACH_PUBLIC },
    { "/ip6/fd00::1/tcp/1", DMS_P2P_REACH_PRIVATE },
    { "/ip6/fe80::1/tcp/1", DMS_P2P_REACH_NONE },
    { "/ip4/0.1.2.3/tcp/1", DMS_P2P_REACH_NONE },
    { "/ip4/239.1.1.1/tcp/1", DMS_P2P_REACH_NONE },
    { "/ip4/255.255.255.255/tcp/1", DMS_P2P_REACH_NONE },
    { "/ip4/8.8.8.8/tcp/0", DMS_P2P_REACH_NONE },
    { "/ip4/8.8.8.8", DMS_P2P_REACH_NONE },
    { "/ip6/::ffff:0.0.0.0/tcp/1", DMS_P2P_REACH_NONE },
    { "/dnsaddr/example.org", DMS_P2P_REACH_NAME },
    { "/dns4/example.org/tcp/1", DMS_P2P_REACH_NAME },
    { "/memory/7", DMS_P2P_REACH_OTHER },
    { "/unix/run/x", DMS_P2P_REACH_OTHER },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (cases[i].address, NULL);

      g_assert_nonnull (address);
      g_test_message ("%s", cases[i].address);
      g_assert_cmpint (dms_p2p_address_get_reach (address), ==, cases[i].reach);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (on_log, NULL, NULL);
  /* Warnings are expected here. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/p2p-peer-store/addresses", test_addresses);
  g_test_add_func ("/p2p-peer-store/order", test_order);
  g_test_add_func ("/p2p-peer-store/certified", test_certified);
  g_test_add_func ("/p2p-peer-store/many-addresses", test_many_addresses);
  g_test_add_func ("/p2p-peer-store/many-that-worked", test_many_that_worked);
  g_test_add_func ("/p2p-peer-store/many-peers", test_many_peers);
  g_test_add_func ("/p2p-peer-store/many-visitors", test_many_visitors);
  g_test_add_func ("/p2p-peer-store/long-addresses", test_long_addresses);
  g_test_add_func ("/p2p-peer-store/many-bytes", test_many_bytes);
  g_test_add_func ("/p2p-peer-store/identity", test_identity);
  g_test_add_func ("/p2p-peer-store/file", test_file);
  g_test_add_func ("/p2p-peer-store/file-bounds", test_file_bounds);
  g_test_add_func ("/p2p-peer-store/unsaved", test_unsaved);
  g_test_add_func ("/p2p-peer-store/saved-together", test_saved_together);
  g_test_add_func ("/p2p-peer-store/saved-after-failure", test_saved_after_failure);
  g_test_add_func ("/p2p-peer-store/damaged", test_damaged);
  g_test_add_func ("/p2p-peer-store/no-file", test_no_file);
  g_test_add_func ("/p2p-peer-store/hostile-values", test_hostile_values);
  g_test_add_func ("/p2p-peer-store/reach", test_reach);
  return g_test_run ();
}
