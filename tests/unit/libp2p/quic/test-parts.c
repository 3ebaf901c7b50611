/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "quic/dms-p2p-quic-cid.h"
#include "quic/dms-p2p-quic-clock.h"
#include "quic/dms-p2p-quic-deadlines.h"
#include "quic/dms-p2p-quic-door.h"
#include "quic/dms-p2p-quic-graves.h"
#include "quic/dms-p2p-quic-queue.h"

static guint8
byte_at (guint64 offset)
{
  return (guint8) (offset * 31 >> 3);
}

static void
append (DmsP2pQuicQueue *queue, gsize size)
{
  g_autofree guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = byte_at (queue->end + i);
  dms_p2p_quic_queue_append (queue, data, size);
}

static void
test_queue_read (void)
{
  DmsP2pQuicQueue queue = { 0 };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 buffer[5000];

  for (guint i = 0; i < 5000; i++)
    {
      guint64 start = queue.start;
      gsize n = 0;

      append (&queue, (gsize) g_rand_int_range (random, 1, sizeof buffer));
      n = dms_p2p_quic_queue_read (&queue, buffer, (gsize) g_rand_int_range (random, 1, sizeof buffer));
      for (gsize j = 0; j < n; j++)
        g_assert_cmphex (buffer[j], ==, byte_at (start + j));
      g_assert_cmpuint (queue.start, ==, start + n);
    }
  while (dms_p2p_quic_queue_get_size (&queue) > 0)
    g_assert_cmpuint (dms_p2p_quic_queue_read (&queue, buffer, sizeof buffer), >, 0);
  g_assert_cmpuint (dms_p2p_quic_queue_read (&queue, buffer, sizeof buffer), ==, 0);
  dms_p2p_quic_queue_clear (&queue);
}

/* What was shown does not move while more is added. */
static void
test_queue_peek (void)
{
  DmsP2pQuicQueue queue = { 0 };
  ngtcp2_vec first[1];
  ngtcp2_vec vectors[4];
  guint64 at = 0;

  append (&queue, 10);
  g_assert_cmpuint (dms_p2p_quic_queue_peek (&queue, 3, first, 1), ==, 1);
  g_assert_cmpuint (first[0].len, ==, 7);
  append (&queue, 400000);
  for (gsize i = 0; i < first[0].len; i++)
    g_assert_cmphex (first[0].base[i], ==, byte_at (3 + i));
  while (at < queue.end)
    {
      gsize n = dms_p2p_quic_queue_peek (&queue, at, vectors, G_N_ELEMENTS (vectors));

      g_assert_cmpuint (n, >, 0);
      for (gsize i = 0; i < n; i++)
        for (gsize j = 0; j < vectors[i].len; j++)
          g_assert_cmphex (vectors[i].base[j], ==, byte_at (at++));
    }
  g_assert_cmpuint (dms_p2p_quic_queue_peek (&queue, queue.end, vectors, G_N_ELEMENTS (vectors)), ==, 0);
  dms_p2p_quic_queue_drop (&queue, 12345);
  g_assert_cmpuint (queue.start, ==, 12345);
  g_assert_cmpuint (dms_p2p_quic_queue_peek (&queue, 12345, vectors, 1), ==, 1);
  g_assert_cmphex (vectors[0].base[0], ==, byte_at (12345));
  dms_p2p_quic_queue_drop (&queue, 1);
  g_assert_cmpuint (queue.start, ==, 12345);
  dms_p2p_quic_queue_drop (&queue, G_MAXUINT64);
  g_assert_cmpuint (dms_p2p_quic_queue_get_size (&queue), ==, 0);
  append (&queue, 1);
  g_assert_cmpuint (dms_p2p_quic_queue_get_size (&queue), ==, 1);
  dms_p2p_quic_queue_clear (&queue);
}

static void
test_deadlines (void)
{
  DmsP2pQuicDeadlines *deadlines = dms_p2p_quic_deadlines_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  DmsP2pQuicDeadline all[100] = { 0 };

  g_assert_null (dms_p2p_quic_deadlines_get_first (deadlines));
  for (guint round = 0; round < 20000; round++)
    {
      DmsP2pQuicDeadline *one = &all[g_rand_int_range (random, 0, G_N_ELEMENTS (all))];
      const DmsP2pQuicDeadline *first = NULL;
      gint64 earliest = G_MAXINT64;

      if (g_rand_int_range (random, 0, 3) == 0)
        dms_p2p_quic_deadlines_remove (deadlines, one);
      else
        dms_p2p_quic_deadlines_set (deadlines, one, g_rand_int_range (random, 0, 1000));
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        if (all[i].position != 0)
          earliest = MIN (earliest, all[i].at_us);
      first = dms_p2p_quic_deadlines_get_first (deadlines);
      g_assert_true ((first == NULL) == (earliest == G_MAXINT64));
      if (first != NULL)
        g_assert_cmpint (first->at_us, ==, earliest);
    }
  dms_p2p_quic_deadlines_free (deadlines);
}

static void
test_graves (void)
{
  DmsP2pQuicGraves *graves = dms_p2p_quic_graves_new ();
  g_autoptr (GBytes) packet = g_bytes_new_static ("last words", 10);
  ngtcp2_tstamp now = dms_p2p_quic_clock ();
  ngtcp2_cid ids[3];
  guint n_answers = 0;
  GBytes *answer = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    dms_p2p_quic_cid_set_random (&ids[i], 8);
  g_assert_false (dms_p2p_quic_graves_visit (graves, &ids[0], &answer));
  dms_p2p_quic_graves_bury (graves, ids, 2, packet, now + 10 * NGTCP2_SECONDS);
  /* Ever more seldom. */
  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (GBytes) got = NULL;

      g_assert_true (dms_p2p_quic_graves_visit (graves, &ids[i % 2], &got));
      n_answers += got != NULL;
    }
  g_assert_cmpuint (n_answers, ==, 10);
  g_assert_false (dms_p2p_quic_graves_visit (graves, &ids[2], &answer));
  dms_p2p_quic_graves_bury (graves, &ids[2], 1, NULL, now + 10 * NGTCP2_SECONDS);
  g_assert_true (dms_p2p_quic_graves_visit (graves, &ids[2], &answer));
  g_assert_null (answer);
  /* Many push out the old ones, and what is over is forgotten. */
  for (guint i = 0; i < 3000; i++)
    {
      ngtcp2_cid id;

      dms_p2p_quic_cid_set_random (&id, 8);
      dms_p2p_quic_graves_bury (graves, &id, 1, packet, now + 10 * NGTCP2_SECONDS);
    }
  g_assert_false (dms_p2p_quic_graves_visit (graves, &ids[0], &answer));
  dms_p2p_quic_graves_free (graves);
  graves = dms_p2p_quic_graves_new ();
  dms_p2p_quic_graves_bury (graves, ids, 2, packet, now);
  g_assert_false (dms_p2p_quic_graves_visit (graves, &ids[0], &answer));
  dms_p2p_quic_graves_free (graves);
}

static void
set_address (ngtcp2_sockaddr_union *address, guint32 ip, guint16 port)
{
  memset (address, 0, sizeof *address);
  address->in.sin_family = AF_INET;
  address->in.sin_addr.s_addr = g_htonl (ip);
  address->in.sin_port = g_htons (port);
}

static void
test_door (void)
{
  g_autoptr (DmsP2pQuicDoor) door = dms_p2p_quic_door_new ();
  DmsP2pQuicDoorLimits *limits = dms_p2p_quic_door_get_limits (door);
  ngtcp2_sockaddr_union remote;
  const ngtcp2_addr address = { &remote.sa, sizeof remote.in };
  const ngtcp2_path path = { address, address, NULL };
  ngtcp2_pkt_hd header = { .version = NGTCP2_PROTO_VER_V1 };
  ngtcp2_cid original;

  dms_p2p_quic_cid_set_random (&header.dcid, 8);
  set_address (&remote, 0xc0000201, 4001);
  for (guint i = 0; i < limits->max_unproven_per_ip; i++)
    {
      g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_ADMIT);
      dms_p2p_quic_door_enter (door, &address, FALSE);
    }
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_RETRY);
  /* Ports do not matter, other addresses do. */
  set_address (&remote, 0xc0000201, 4002);
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_RETRY);
  set_address (&remote, 0xc0000202, 4001);
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_ADMIT);
  for (guint i = 0; dms_p2p_quic_door_get_n_pending (door) < limits->max_unproven; i++)
    {
      set_address (&remote, 0xc0000300 + i, 1);
      dms_p2p_quic_door_enter (door, &address, FALSE);
    }
  set_address (&remote, 0xc0000202, 4001);
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_RETRY);
  set_address (&remote, 0xc0000201, 4001);
  dms_p2p_quic_door_leave (door, &address, FALSE);
  set_address (&remote, 0xc0000202, 4001);
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &header, &path, &original), ==, DMS_P2P_QUIC_ADMIT);
}

/* The next run of a host ends connections that an earlier one left open; nobody else can. */
static void
test_reset_token (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pQuicDoor) before = dms_p2p_quic_door_new ();
  g_autoptr (DmsP2pQuicDoor) after = dms_p2p_quic_door_new ();
  g_autoptr (DmsP2pQuicDoor) stranger = dms_p2p_quic_door_new ();
  ngtcp2_cid cid;
  guint8 tokens[3][NGTCP2_STATELESS_RESET_TOKENLEN];

  dms_p2p_quic_door_set_identity (before, identity);
  dms_p2p_quic_door_set_identity (after, identity);
  dms_p2p_quic_door_set_identity (stranger, other);
  dms_p2p_quic_cid_set_random (&cid, 8);
  dms_p2p_quic_door_make_reset_token (before, &cid, tokens[0]);
  dms_p2p_quic_door_make_reset_token (after, &cid, tokens[1]);
  dms_p2p_quic_door_make_reset_token (stranger, &cid, tokens[2]);
  g_assert_cmpmem (tokens[0], sizeof tokens[0], tokens[1], sizeof tokens[1]);
  g_assert_cmpint (memcmp (tokens[0], tokens[2], sizeof tokens[0]), !=, 0);
  /* Another connection has another. */
  cid.data[0] ^= 1;
  dms_p2p_quic_door_make_reset_token (after, &cid, tokens[1]);
  g_assert_cmpint (memcmp (tokens[0], tokens[1], sizeof tokens[0]), !=, 0);
}

/* A token is good for the address it was made for, with the IDs it was made for, and unchanged. */
static void
test_token (void)
{
  g_autoptr (DmsP2pQuicDoor) door = dms_p2p_quic_door_new ();
  g_autoptr (DmsP2pQuicDoor) other_door = dms_p2p_quic_door_new ();
  ngtcp2_sockaddr_union remote;
  const ngtcp2_addr address = { &remote.sa, sizeof remote.in };
  const ngtcp2_path path = { address, address, NULL };
  ngtcp2_pkt_hd header = { .version = NGTCP2_PROTO_VER_V1 };
  ngtcp2_pkt_hd answer = { 0 };
  ngtcp2_pkt_hd second = { .version = NGTCP2_PROTO_VER_V1 };
  ngtcp2_cid original;
  guint8 packet[1200];
  guint8 token[256];
  gsize size = 0;
  ngtcp2_ssize at = 0;

  dms_p2p_quic_cid_set_random (&header.dcid, 12);
  dms_p2p_quic_cid_set_random (&header.scid, 8);
  set_address (&remote, 0xc0000201, 4001);
  size = dms_p2p_quic_door_write_retry (door, &header, &path, packet, sizeof packet);
  g_assert_cmpuint (size, >, 0);
  at = ngtcp2_pkt_decode_hd_long (&answer, packet, size);
  g_assert_cmpint (at, >, 0);
  g_assert_cmpint (answer.type, ==, NGTCP2_PKT_RETRY);
  /* Between the header and the 16 bytes of the integrity tag. */
  second.token.len = size - (gsize) at - 16;
  memcpy (token, packet + at, second.token.len);
  second.token.base = token;
  second.dcid = answer.scid;
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &second, &path, &original), ==, DMS_P2P_QUIC_ADMIT);
  g_assert_true (dms_p2p_quic_cid_equal (&original, &header.dcid));
  for (gsize i = 0; i < second.token.len; i++)
    {
      token[i] ^= 1;
      dms_p2p_quic_door_judge (door, &second, &path, &original);
      g_assert_cmpuint (original.datalen, ==, 0);
      token[i] ^= 1;
    }
  set_address (&remote, 0xc0000202, 4001);
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &second, &path, &original), ==, DMS_P2P_QUIC_REFUSE);
  set_address (&remote, 0xc0000201, 4001);
  g_assert_cmpint (dms_p2p_quic_door_judge (other_door, &second, &path, &original), ==, DMS_P2P_QUIC_REFUSE);
  second.dcid.data[0] ^= 1;
  g_assert_cmpint (dms_p2p_quic_door_judge (door, &second, &path, &original), ==, DMS_P2P_QUIC_REFUSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p-quic/parts/queue-read", test_queue_read);
  g_test_add_func ("/p2p-quic/parts/queue-peek", test_queue_peek);
  g_test_add_func ("/p2p-quic/parts/deadlines", test_deadlines);
  g_test_add_func ("/p2p-quic/parts/graves", test_graves);
  g_test_add_func ("/p2p-quic/parts/door", test_door);
  g_test_add_func ("/p2p-quic/parts/token", test_token);
  g_test_add_func ("/p2p-quic/parts/reset-token", test_reset_token);
  return g_test_run ();
}
