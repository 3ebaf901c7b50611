/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "../dms-test-heap.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-message.h"
#include "wire/dms-p2p-proto-writer.h"

static DmsPeerId *
make_id (guint8 number)
{
  guint8 key[32] = { number };

  return dms_peer_id_new_for_ed25519 (key);
}

static DmsP2pKadPeer *
make_peer (guint8 number, guint n_addresses)
{
  g_autoptr (DmsPeerId) id = make_id (number);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < n_addresses; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/1.2.%u.%u/tcp/%u", number, i % 256, i + 1);

      g_ptr_array_add (addresses, dms_multiaddr_new (text, NULL));
    }
  return dms_p2p_kad_peer_new (id, addresses, DMS_P2P_KAD_CAN_CONNECT);
}

static void
test_round_trip (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  g_autoptr (GBytes) value = g_bytes_new_static ("value", 5);
  g_autoptr (DmsP2pKadMessage) message = dms_p2p_kad_message_new (DMS_P2P_KAD_GET_VALUE, key);
  g_autoptr (DmsP2pKadMessage) back = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pKadPeer *peer = NULL;

  message->record = dms_p2p_kad_record_new (key, value, "2026-01-02T03:04:05Z");
  g_ptr_array_add (message->closer, make_peer (1, 2));
  g_ptr_array_add (message->closer, make_peer (2, 0));
  g_ptr_array_add (message->providers, make_peer (3, 1));
  bytes = dms_p2p_kad_message_encode (message);
  back = dms_p2p_kad_message_decode (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpint (back->type, ==, DMS_P2P_KAD_GET_VALUE);
  g_assert_true (g_bytes_equal (back->key, key));
  g_assert_true (g_bytes_equal (dms_p2p_kad_record_get_key (back->record), key));
  g_assert_true (g_bytes_equal (dms_p2p_kad_record_get_value (back->record), value));
  g_assert_cmpstr (dms_p2p_kad_record_get_received (back->record), ==, "2026-01-02T03:04:05Z");
  g_assert_cmpuint (back->closer->len, ==, 2);
  g_assert_cmpuint (back->providers->len, ==, 1);
  peer = g_ptr_array_index (back->closer, 0);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (peer)->len, ==, 2);
  g_assert_cmpint (dms_p2p_kad_peer_get_connection (peer), ==, DMS_P2P_KAD_CAN_CONNECT);
  again = dms_p2p_kad_message_encode (back);
  g_assert_true (g_bytes_equal (bytes, again));
}

/* As go-libp2p-kad-dht writes FIND_NODE with the key "a" and one closer peer: the bytes by hand, after the
 * specification. */
static void
test_bytes (void)
{
  g_autoptr (DmsPeerId) id = make_id (7);
  g_autoptr (GBytes) id_bytes = dms_peer_id_dup_bytes (id);
  g_autoptr (GByteArray) peer = g_byte_array_new ();
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (DmsP2pKadMessage) message = NULL;
  static const guint8 head[] = { 0x08, 0x04, 0x12, 0x01, 'a', 0x42, 50 };
  static const guint8 address[] = { 0x12, 0x08, 4, 1, 2, 3, 4, 6, 0x0f, 0xa1, 0x18, 0x01 };

  g_byte_array_append (peer, (const guint8[]){ 0x0a, 38 }, 2);
  g_byte_array_append (peer, g_bytes_get_data (id_bytes, NULL), 38);
  g_byte_array_append (peer, address, sizeof address);
  g_assert_cmpuint (peer->len, ==, 52);
  g_byte_array_append (text, head, sizeof head);
  text->data[sizeof head - 1] = (guint8) peer->len;
  g_byte_array_append (text, peer->data, peer->len);
  bytes = g_bytes_new (text->data, text->len);
  message = dms_p2p_kad_message_decode (bytes, NULL);
  g_assert_nonnull (message);
  g_assert_cmpint (message->type, ==, DMS_P2P_KAD_FIND_NODE);
  g_assert_cmpuint (message->closer->len, ==, 1);
  g_assert_true (dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (message->closer, 0)), id));
  g_assert_cmpstr (dms_multiaddr_get_text (g_ptr_array_index (
                       dms_p2p_kad_peer_get_addresses (g_ptr_array_index (message->closer, 0)), 0)),
                   ==,
                   "/ip4/1.2.3.4/tcp/4001");
  written = dms_p2p_kad_message_encode (message);
  g_assert_true (g_bytes_equal (written, bytes));
}

static void
test_bounds (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  g_autoptr (DmsP2pKadMessage) message = dms_p2p_kad_message_new (DMS_P2P_KAD_FIND_NODE, key);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsP2pKadMessage) back = NULL;

  for (guint i = 0; i < 250; i++)
    {
      g_ptr_array_add (message->closer, make_peer ((guint8) i, 3));
      g_ptr_array_add (message->providers, make_peer ((guint8) i, 100));
    }
  bytes = dms_p2p_kad_message_encode (message);
  back = dms_p2p_kad_message_decode (bytes, NULL);
  g_assert_cmpuint (back->closer->len, ==, DMS_P2P_KAD_K);
  g_assert_cmpuint (back->providers->len, ==, DMS_P2P_KAD_MAX_PROVIDERS);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (back->providers, 0))->len,
                    ==,
                    DMS_P2P_KAD_MAX_ADDRESSES);
}

/* The largest answer, full of peers and addresses: what is kept of it is less than what came. */
static void
test_memory (void)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsP2pKadMessage) back = NULL;
  gint64 before = 0;
  gint64 took = 0;

  dms_p2p_proto_write_number (text, 1, DMS_P2P_KAD_FIND_NODE);
  for (guint i = 0; text->len < DMS_P2P_KAD_MAX_ANSWER_SIZE - 40 * 1024; i++)
    {
      g_autoptr (GByteArray) inner = g_byte_array_new ();
      g_autoptr (DmsPeerId) id = make_id ((guint8) i);
      g_autoptr (GBytes) id_bytes = dms_peer_id_dup_bytes (id);

      dms_p2p_proto_write_gbytes (inner, 1, id_bytes);
      for (guint j = 0; j < 2000; j++)
        {
          const guint8 address[] = { 4, 9, 8, (guint8) (j / 256), (guint8) j, 6, 0x0f, 0xa1 };

          dms_p2p_proto_write_bytes (inner, 2, address, sizeof address);
        }
      dms_p2p_proto_write_bytes (text, i % 2 == 0 ? 8 : 9, inner->data, inner->len);
    }
  bytes = g_bytes_new (text->data, text->len);
  before = dms_test_heap_get_used ();
  back = dms_p2p_kad_message_decode (bytes, NULL);
  took = dms_test_heap_get_used () - before;
  g_assert_nonnull (back);
  g_assert_cmpuint (back->closer->len, ==, DMS_P2P_KAD_K);
  for (guint i = 0; i < back->closer->len; i++)
    g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (back->closer, i))->len,
                      ==,
                      DMS_P2P_KAD_MAX_ADDRESSES);
  g_test_message ("%u bytes, %u and %u peers, %" G_GINT64_FORMAT " bytes of the heap",
                  text->len,
                  back->closer->len,
                  back->providers->len,
                  took);
  g_assert_cmpint (took, <, DMS_P2P_KAD_MAX_ANSWER_SIZE);
}

static void
check_refused (GByteArray *data)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data->data, data->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadMessage) message = dms_p2p_kad_message_decode (bytes, &error);

  g_assert_null (message);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_refused (void)
{
  g_autofree guint8 *large = g_malloc0 (DMS_P2P_KAD_MAX_VALUE_SIZE + 1);
  g_autoptr (GByteArray) type = g_byte_array_new ();
  g_autoptr (GByteArray) key = g_byte_array_new ();
  g_autoptr (GByteArray) record = g_byte_array_new ();
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  g_autoptr (GByteArray) peer = g_byte_array_new ();

  dms_p2p_proto_write_number (type, 1, 6);
  check_refused (type);
  dms_p2p_proto_write_bytes (key, 2, large, DMS_P2P_KAD_MAX_KEY_SIZE + 1);
  check_refused (key);
  dms_p2p_proto_write_bytes (inner, 2, large, DMS_P2P_KAD_MAX_VALUE_SIZE + 1);
  dms_p2p_proto_write_bytes (record, 3, inner->data, inner->len);
  check_refused (record);
  dms_p2p_proto_write_bytes (peer, 8, "\xff", 1);
  check_refused (peer);
}

/* Cut off anywhere it is refused or is shorter; never read beyond. */
static void
test_cuts (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("key", 3);
  g_autoptr (DmsP2pKadMessage) message = dms_p2p_kad_message_new (DMS_P2P_KAD_GET_PROVIDERS, key);
  g_autoptr (GBytes) bytes = NULL;
  gsize size = 0;
  guint n_refused = 0;

  g_ptr_array_add (message->closer, make_peer (1, 2));
  message->record = dms_p2p_kad_record_new (key, key, NULL);
  bytes = dms_p2p_kad_message_encode (message);
  size = g_bytes_get_size (bytes);
  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), i);
      g_autoptr (GBytes) cut = g_bytes_new_static (copy, i);
      g_autoptr (DmsP2pKadMessage) back = dms_p2p_kad_message_decode (cut, NULL);

      n_refused += back == NULL;
    }
  g_assert_cmpuint (n_refused, >=, size - 5);
}

/* Peers without an ID, with one that is none, and addresses that are none are left out. */
static void
test_odd_peers (void)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autoptr (GByteArray) odd = g_byte_array_new ();
  g_autoptr (GByteArray) good = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsP2pKadMessage) message = NULL;
  g_autoptr (DmsPeerId) id = make_id (9);
  g_autoptr (GBytes) id_bytes = dms_peer_id_dup_bytes (id);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new ("/ip4/1.2.3.4/tcp/5", NULL);
  g_autoptr (DmsMultiaddr) named = dms_multiaddr_append_peer_id (address, id);
  g_autoptr (GBytes) named_bytes = dms_multiaddr_dup_bytes (named);

  dms_p2p_proto_write_text (odd, 1, "no peer ID");
  dms_p2p_proto_write_gbytes (good, 1, id_bytes);
  dms_p2p_proto_write_text (good, 2, "no address");
  dms_p2p_proto_write_gbytes (good, 2, named_bytes);
  dms_p2p_proto_write_number (good, 3, 99);
  dms_p2p_proto_write_number (good, 77, 1);
  dms_p2p_proto_write_bytes (text, 8, NULL, 0);
  dms_p2p_proto_write_bytes (text, 8, odd->data, odd->len);
  dms_p2p_proto_write_bytes (text, 8, good->data, good->len);
  bytes = g_bytes_new (text->data, text->len);
  message = dms_p2p_kad_message_decode (bytes, NULL);
  g_assert_nonnull (message);
  g_assert_cmpuint (message->closer->len, ==, 1);
  g_assert_cmpuint (dms_p2p_kad_peer_get_addresses (g_ptr_array_index (message->closer, 0))->len, ==, 1);
  g_assert_cmpstr (dms_multiaddr_get_text (g_ptr_array_index (
                       dms_p2p_kad_peer_get_addresses (g_ptr_array_index (message->closer, 0)), 0)),
                   ==,
                   "/ip4/1.2.3.4/tcp/5");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/p2p/kad/message/round-trip", test_round_trip);
  g_test_add_func ("/p2p/kad/message/bytes", test_bytes);
  g_test_add_func ("/p2p/kad/message/bounds", test_bounds);
  g_test_add_func ("/p2p/kad/message/memory", test_memory);
  g_test_add_func ("/p2p/kad/message/refused", test_refused);
  g_test_add_func ("/p2p/kad/message/cuts", test_cuts);
  g_test_add_func ("/p2p/kad/message/odd-peers", test_odd_peers);
  return g_test_run ();
}
