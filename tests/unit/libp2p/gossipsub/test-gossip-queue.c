/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-queue.h"

static gboolean
push (DmsP2pGossipQueue *queue, char mark, gsize size, DmsP2pGossipUrgency urgency)
{
  g_autofree char *text = g_strnfill (size, mark);
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);

  return dms_p2p_gossip_queue_push (queue, bytes, urgency);
}

static char
pop (DmsP2pGossipQueue *queue)
{
  g_autoptr (GBytes) bytes = dms_p2p_gossip_queue_pop (queue);

  return bytes != NULL ? ((const char *) g_bytes_get_data (bytes, NULL))[0] : 0;
}

static void
test_order (void)
{
  g_autoptr (DmsP2pGossipQueue) queue = dms_p2p_gossip_queue_new ();
  static const char expected[] = "cdmng";

  push (queue, 'g', 10, DMS_P2P_GOSSIP_GOSSIP);
  push (queue, 'm', 10, DMS_P2P_GOSSIP_MESSAGE);
  push (queue, 'c', 10, DMS_P2P_GOSSIP_CONTROL);
  push (queue, 'n', 10, DMS_P2P_GOSSIP_MESSAGE);
  push (queue, 'd', 10, DMS_P2P_GOSSIP_CONTROL);
  g_assert_cmpuint (dms_p2p_gossip_queue_get_bytes (queue), ==, 50);
  for (guint i = 0; i < sizeof expected; i++)
    g_assert_cmpint (pop (queue), ==, expected[i]);
  g_assert_cmpuint (dms_p2p_gossip_queue_get_bytes (queue), ==, 0);
}

/* Gossip gives way to messages, messages that have no room are dropped, and both are counted; whoever cannot
 * even take control is given up. */
static void
test_full (void)
{
  g_autoptr (DmsP2pGossipQueue) queue = dms_p2p_gossip_queue_new ();
  const gsize half = DMS_P2P_GOSSIP_QUEUE_MAX_BYTES / 2;

  g_assert_true (push (queue, 'g', half, DMS_P2P_GOSSIP_GOSSIP));
  g_assert_true (push (queue, 'm', half, DMS_P2P_GOSSIP_MESSAGE));
  g_assert_true (push (queue, 'h', 1, DMS_P2P_GOSSIP_GOSSIP));
  g_assert_cmpuint (dms_p2p_gossip_queue_get_dropped (queue, DMS_P2P_GOSSIP_GOSSIP), ==, 1);
  g_assert_true (push (queue, 'n', half, DMS_P2P_GOSSIP_MESSAGE));
  g_assert_cmpuint (dms_p2p_gossip_queue_get_dropped (queue, DMS_P2P_GOSSIP_GOSSIP), ==, 2);
  g_assert_true (push (queue, 'o', 1, DMS_P2P_GOSSIP_MESSAGE));
  g_assert_cmpuint (dms_p2p_gossip_queue_get_dropped (queue, DMS_P2P_GOSSIP_MESSAGE), ==, 1);
  g_assert_cmpuint (dms_p2p_gossip_queue_get_bytes (queue), <=, DMS_P2P_GOSSIP_QUEUE_MAX_BYTES);
  g_assert_false (push (queue, 'c', 1, DMS_P2P_GOSSIP_CONTROL));
  g_assert_cmpint (pop (queue), ==, 'm');
  g_assert_cmpint (pop (queue), ==, 'n');
  g_assert_cmpint (pop (queue), ==, 0);
}

static void
test_numbers (void)
{
  g_autoptr (DmsP2pGossipQueue) queue = dms_p2p_gossip_queue_new ();

  for (guint i = 0; i < 2 * DMS_P2P_GOSSIP_QUEUE_MAX_GOSSIP; i++)
    g_assert_true (push (queue, 'g', 1, DMS_P2P_GOSSIP_GOSSIP));
  g_assert_cmpuint (dms_p2p_gossip_queue_get_bytes (queue), ==, DMS_P2P_GOSSIP_QUEUE_MAX_GOSSIP);
  for (guint i = 0; i < DMS_P2P_GOSSIP_QUEUE_MAX_CONTROL; i++)
    g_assert_true (push (queue, 'c', 1, DMS_P2P_GOSSIP_CONTROL));
  g_assert_false (push (queue, 'c', 1, DMS_P2P_GOSSIP_CONTROL));
  dms_p2p_gossip_queue_clear (queue);
  g_assert_cmpuint (dms_p2p_gossip_queue_get_bytes (queue), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/gossip/queue/order", test_order);
  g_test_add_func ("/libp2p/gossip/queue/full", test_full);
  g_test_add_func ("/libp2p/gossip/queue/numbers", test_numbers);
  return g_test_run ();
}
