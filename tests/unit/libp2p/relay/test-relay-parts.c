/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <sys/socket.h>

#include "dms-p2p-host-fixture.h"
#include "io/dms-p2p-socket-pipe.h"
#include "relay/dms-p2p-relay-message.h"
#include "relay/dms-p2p-relay-voucher.h"
#include "relay/dms-p2p-reservations.h"
#include "relay/dms-p2p-splice.h"

/* Without the frame's length. */
static DmsP2pRelayMessage *
decode_framed (DmsP2pRelayKind kind, GBytes *framed, gsize size, GError **error)
{
  const guint8 *data = g_bytes_get_data (framed, NULL);
  gsize prefix = data[0] & 0x80 ? 2 : 1;

  return dms_p2p_relay_message_decode (
      kind, data + prefix, MIN (size, g_bytes_get_size (framed) - prefix), error);
}

static DmsPeerId *
make_peer (guint8 n)
{
  guint8 key[32] = { n, 1, 2 };

  return dms_peer_id_new_for_ed25519 (key);
}

static void
test_messages (void)
{
  g_autoptr (DmsP2pRelayMessage) hop = dms_p2p_relay_message_new (DMS_P2P_RELAY_STATUS);
  g_autoptr (DmsP2pRelayMessage) stop = dms_p2p_relay_message_new (DMS_P2P_RELAY_CONNECT);
  g_autoptr (DmsP2pRelayMessage) again = NULL;
  g_autoptr (GBytes) hop_bytes = NULL;
  g_autoptr (GBytes) stop_bytes = NULL;
  g_autoptr (GError) error = NULL;

  hop->has_reservation = TRUE;
  hop->expire_s = 1234567;
  g_ptr_array_add (hop->addresses, dms_multiaddr_new ("/ip4/192.0.2.1/tcp/1", NULL));
  hop->voucher = g_bytes_new_static ("abc", 3);
  hop->has_limit = TRUE;
  hop->limit_s = 120;
  hop->limit_bytes = 1 << 17;
  hop->status = DMS_P2P_RELAY_OK;
  hop_bytes = dms_p2p_relay_message_encode (hop, DMS_P2P_RELAY_HOP);
  again = decode_framed (DMS_P2P_RELAY_HOP, hop_bytes, G_MAXSIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->type, ==, DMS_P2P_RELAY_STATUS);
  g_assert_true (again->has_reservation);
  g_assert_cmpuint (again->expire_s, ==, 1234567);
  g_assert_cmpuint (again->addresses->len, ==, 1);
  g_assert_true (g_bytes_equal (again->voucher, hop->voucher));
  g_assert_cmpuint (again->limit_s, ==, 120);
  g_assert_cmpuint (again->limit_bytes, ==, 1 << 17);
  g_assert_cmpuint (again->status, ==, DMS_P2P_RELAY_OK);
  g_clear_pointer (&again, dms_p2p_relay_message_free);
  /* Wherever it is cut off, it is something else or nothing; never beyond its end. */
  for (gsize n = 0; n + 1 < g_bytes_get_size (hop_bytes); n++)
    {
      g_autoptr (DmsP2pRelayMessage) part = decode_framed (DMS_P2P_RELAY_HOP, hop_bytes, n, NULL);

      g_assert_true (part == NULL || part->status != DMS_P2P_RELAY_OK ||
                     n + 2 >= g_bytes_get_size (hop_bytes));
    }

  stop->peer = make_peer (1);
  stop_bytes = dms_p2p_relay_message_encode (stop, DMS_P2P_RELAY_STOP);
  /* libp2p specs, relay/circuit-v2, "Protobuf": StopMessage.Type.CONNECT is 0. */
  g_assert_cmpmem ((const guint8 *) g_bytes_get_data (stop_bytes, NULL) + 1, 2, "\x08\x00", 2);
  again = decode_framed (DMS_P2P_RELAY_STOP, stop_bytes, G_MAXSIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->type, ==, DMS_P2P_RELAY_CONNECT);
  g_assert_true (dms_peer_id_equal (again->peer, stop->peer));
}

static void
refuse (DmsP2pRelayKind kind, const char *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pRelayMessage) message =
      dms_p2p_relay_message_decode (kind, (const guint8 *) data, size, &error);

  g_assert_null (message);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

static void
test_malformed_messages (void)
{
  refuse (DMS_P2P_RELAY_HOP, "", 0);
  refuse (DMS_P2P_RELAY_HOP, "\x08\x03", 2);
  refuse (DMS_P2P_RELAY_STOP, "\x08\x02", 2);
  /* A status that says nothing; a connect to nobody; a peer that is none. */
  refuse (DMS_P2P_RELAY_HOP, "\x08\x02", 2);
  refuse (DMS_P2P_RELAY_HOP, "\x08\x01", 2);
  refuse (DMS_P2P_RELAY_HOP, "\x08\x01\x12\x04\x0a\x02\xff\xff", 8);
  /* A field that says it is longer than all. */
  refuse (DMS_P2P_RELAY_HOP, "\x08\x00\x1a\xff\xff\xff\xff\x0f", 8);
  refuse (DMS_P2P_RELAY_HOP, "\x08\x00\x1a\x00\x1a\x00", 6);
}

static void
test_voucher (void)
{
  g_autoptr (DmsP2pIdentity) relay = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  DmsPeerId *relay_id = dms_p2p_identity_get_peer_id (relay);
  DmsPeerId *other_id = dms_p2p_identity_get_peer_id (other);
  g_autoptr (DmsPeerId) peer = make_peer (1);
  g_autoptr (GBytes) voucher = dms_p2p_relay_voucher_seal (relay, peer, 77);
  g_autoptr (GError) error = NULL;
  guint64 expire_s = 0;

  g_assert_true (dms_p2p_relay_voucher_verify (voucher, relay_id, peer, &expire_s, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (expire_s, ==, 77);
  g_assert_false (dms_p2p_relay_voucher_verify (voucher, other_id, peer, &expire_s, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  g_clear_error (&error);
  g_assert_false (dms_p2p_relay_voucher_verify (voucher, relay_id, other_id, &expire_s, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
  /* Nothing of it may be changed. */
  for (gsize i = 0; i < g_bytes_get_size (voucher); i++)
    {
      gsize size = 0;
      g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (voucher, &size), g_bytes_get_size (voucher));
      g_autoptr (GBytes) changed = NULL;

      data[i] ^= 1;
      changed = g_bytes_new (data, size);
      g_assert_false (dms_p2p_relay_voucher_verify (changed, relay_id, peer, &expire_s, NULL));
    }
}

static void
test_reservations (void)
{
  g_autoptr (DmsP2pReservations) table = dms_p2p_reservations_new (4, 2);
  g_autoptr (GInetAddress) a = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (GInetAddress) b = g_inet_address_new_from_string ("2001:db8::1");
  g_autoptr (GInetAddress) b2 = g_inet_address_new_from_string ("2001:db8::ffff:2");
  g_autoptr (GInetAddress) c = g_inet_address_new_from_string ("2001:db8:0:1::1");
  DmsPeerId *peers[6];

  for (guint8 i = 0; i < G_N_ELEMENTS (peers); i++)
    peers[i] = make_peer (i);
  g_assert_true (dms_p2p_reservations_take (table, peers[0], a, 0, 100));
  g_assert_true (dms_p2p_reservations_take (table, peers[1], a, 0, 50));
  g_assert_false (dms_p2p_reservations_take (table, peers[2], a, 0, 100));
  g_assert_true (dms_p2p_reservations_take (table, peers[0], a, 0, 200));
  /* A /64 is one. */
  g_assert_true (dms_p2p_reservations_take (table, peers[2], b, 0, 100));
  g_assert_true (dms_p2p_reservations_take (table, peers[3], b2, 0, 100));
  g_assert_cmpuint (dms_p2p_reservations_get_n (table, 0), ==, 4);
  g_assert_false (dms_p2p_reservations_take (table, peers[4], c, 0, 100));
  /* One is over. */
  g_assert_false (dms_p2p_reservations_has (table, peers[1], 50));
  g_assert_true (dms_p2p_reservations_take (table, peers[4], c, 50, 100));
  g_assert_false (dms_p2p_reservations_take (table, peers[5], c, 50, 100));
  dms_p2p_reservations_remove (table, peers[4]);
  g_assert_true (dms_p2p_reservations_take (table, peers[5], NULL, 50, 100));
  g_assert_true (dms_p2p_reservations_has (table, peers[0], 199));
  g_assert_cmpuint (dms_p2p_reservations_get_n (table, 200), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    dms_peer_id_unref (peers[i]);
}

/* Two pairs of sockets, spliced in the middle. */
typedef struct
{
  DmsP2pPipe *ends[2];
  DmsP2pPipe *middle[2];
  DmsP2pSplice *splice;
  guint done;
} Line;

static DmsP2pPipe *
make_pipe (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return dms_p2p_socket_pipe_new (socket);
}

static void
on_done (DmsP2pSplice *splice, gpointer user_data)
{
  ((Line *) user_data)->done++;
}

static Line *
line_new (guint64 max_bytes, guint max_s)
{
  Line *line = g_new0 (Line, 1);

  for (guint i = 0; i < 2; i++)
    {
      int fds[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
      line->ends[i] = make_pipe (fds[0]);
      line->middle[i] = make_pipe (fds[1]);
    }
  line->splice = dms_p2p_splice_new (line->middle[0], line->middle[1], max_bytes, max_s, on_done, line);
  return line;
}

static void
line_free (Line *line)
{
  g_clear_pointer (&line->splice, dms_p2p_splice_free);
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&line->ends[i]);
      g_clear_object (&line->middle[i]);
    }
  g_free (line);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free)

/* Both ways, each to its end. */
static void
test_splice (void)
{
  g_autoptr (Line) line = line_new (1000, 0);
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GError) error = NULL;
  guint8 block[1000] = { 1, 2, 3 };

  dms_test_pipe_write (line->ends[0], block, sizeof block);
  g_assert_true (dms_p2p_pipe_shutdown_write (line->ends[0], &error));
  heard = dms_test_pipe_read (line->ends[1], 2000, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (heard->data, heard->len, block, sizeof block);
  g_assert_cmpuint (line->done, ==, 0);
  g_clear_pointer (&heard, g_byte_array_unref);
  dms_test_pipe_write (line->ends[1], "answer", 6);
  g_assert_true (dms_p2p_pipe_shutdown_write (line->ends[1], &error));
  heard = dms_test_pipe_read (line->ends[0], 2000, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (heard->data, heard->len, "answer", 6);
  dms_test_until (&line->done);
  g_assert_cmpuint (dms_p2p_splice_get_n_bytes (line->splice), ==, 1006);
}

static void
test_splice_limit (void)
{
  g_autoptr (Line) line = line_new (1000, 0);
  guint8 block[1001] = { 0 };

  dms_test_pipe_write (line->ends[0], block, sizeof block);
  dms_test_until (&line->done);
  g_assert_cmpuint (dms_p2p_splice_get_n_bytes (line->splice), ==, 1000);
}

static void
test_splice_deadline (void)
{
  g_autoptr (Line) line = line_new (0, 1);

  dms_test_until (&line->done);
}

/* Who is not read from, is not read for: what is held is bounded. */
static void
test_splice_back_pressure (void)
{
  g_autoptr (Line) line = line_new (0, 0);
  g_autofree guint8 *block = g_malloc0 (64 * 1024);
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GError) error = NULL;
  gsize written = 0;
  guint idle = 0;

  while (idle < 20)
    {
      gssize n = dms_p2p_pipe_write (line->ends[0], block, 64 * 1024, &error);

      g_assert_no_error (error);
      idle = n > 0 ? 0 : idle + 1;
      written += n > 0 ? (gsize) n : 0;
      dms_test_spin (5);
    }
  /* What the two sockets hold, and no more than a block. */
  g_assert_cmpuint (written, <, 4 * 1024 * 1024);
  heard = dms_test_pipe_read (line->ends[1], written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (heard->len, ==, written);
}

/* The other end is told that one is gone; freeing in the middle of it ends both. */
static void
test_splice_broken (void)
{
  g_autoptr (Line) line = line_new (0, 0);
  g_autoptr (Line) freed = line_new (0, 0);
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GError) error = NULL;

  dms_test_pipe_write (line->ends[1], "x", 1);
  dms_p2p_pipe_reset (line->ends[0], 0);
  dms_test_until (&line->done);
  heard = dms_test_pipe_read (line->ends[1], 1, NULL);
  g_assert_true (heard == NULL || heard->len == 0);
  g_clear_pointer (&heard, g_byte_array_unref);

  g_clear_pointer (&freed->splice, dms_p2p_splice_free);
  heard = dms_test_pipe_read (freed->ends[0], 1, &error);
  g_assert_true (heard == NULL || heard->len == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/relay-parts/messages", test_messages);
  g_test_add_func ("/p2p/relay-parts/malformed", test_malformed_messages);
  g_test_add_func ("/p2p/relay-parts/voucher", test_voucher);
  g_test_add_func ("/p2p/relay-parts/reservations", test_reservations);
  g_test_add_func ("/p2p/relay-parts/splice/ways", test_splice);
  g_test_add_func ("/p2p/relay-parts/splice/limit", test_splice_limit);
  g_test_add_func ("/p2p/relay-parts/splice/deadline", test_splice_deadline);
  g_test_add_func ("/p2p/relay-parts/splice/back-pressure", test_splice_back_pressure);
  g_test_add_func ("/p2p/relay-parts/splice/broken", test_splice_broken);
  return g_test_run ();
}
