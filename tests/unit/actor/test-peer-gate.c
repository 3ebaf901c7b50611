/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-peer-gate.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define BEGIN (G_GUINT64_CONSTANT (1700000000) * SECOND)

static const DmsLimit refused = { .rate = 50, .burst = 200 };

/* Messages that are all refused: how many of them were looked at. */
static guint
flood (DmsPeerGate *gate, const char *peer, guint n, guint64 now_ns)
{
  guint looked_at = 0;

  for (guint i = 0; i < n; i++)
    {
      if (!dms_peer_gate_is_open (gate, peer, now_ns))
        continue;
      looked_at++;
      dms_peer_gate_note (gate, peer, DMS_REFUSAL_NOT_AUTHORIZED, now_ns);
    }
  return looked_at;
}

static void
test_flood (void)
{
  g_autoptr (DmsPeerGate) gate = dms_peer_gate_new (&refused);

  g_assert_cmpuint (flood (gate, "bad", 10000, BEGIN), ==, 200);
  g_assert_false (dms_peer_gate_is_open (gate, "bad", BEGIN));
  g_assert_true (dms_peer_gate_is_open (gate, "good", BEGIN));
  g_assert_cmpuint (flood (gate, "bad", 10000, BEGIN + SECOND), ==, 50);
  g_assert_true (dms_peer_gate_is_open (gate, "bad", BEGIN + 2 * SECOND));
}

/* Good messages cost nothing, and one bad one among many does no harm. */
static void
test_busy (void)
{
  g_autoptr (DmsPeerGate) gate = dms_peer_gate_new (&refused);

  for (guint i = 0; i < 100000; i++)
    {
      guint64 now_ns = BEGIN + i * SECOND / 20000;

      g_assert_true (dms_peer_gate_is_open (gate, "busy", now_ns));
      if (i % 500 == 0)
        dms_peer_gate_note (gate, "busy", DMS_REFUSAL_EXPIRED, now_ns);
    }
}

/* What is our own fault is not held against anybody. */
static void
test_no_offence (void)
{
  g_autoptr (DmsPeerGate) gate = dms_peer_gate_new (&refused);

  for (guint i = 0; i < 1000; i++)
    {
      dms_peer_gate_note (gate, "a", DMS_REFUSAL_BUSY, BEGIN);
      dms_peer_gate_note (gate, "a", DMS_REFUSAL_NO_INBOX, BEGIN);
    }
  g_assert_cmpuint (dms_peer_gate_get_n_peers (gate), ==, 0);
}

static void
test_many_peers (void)
{
  g_autoptr (DmsPeerGate) gate = dms_peer_gate_new (&refused);
  guint looked_at = 0;

  for (guint i = 0; i < 2 * DMS_PEER_GATE_MAX_PEERS; i++)
    {
      g_autofree char *peer = g_strdup_printf ("peer %u", i);

      looked_at += flood (gate, peer, 1, BEGIN);
    }
  /* Newcomers beyond those with a place of their own have one place together. */
  g_assert_cmpuint (looked_at, ==, DMS_PEER_GATE_MAX_PEERS + 200);
  g_assert_cmpuint (dms_peer_gate_get_n_peers (gate), ==, DMS_PEER_GATE_MAX_PEERS + 1);
  g_assert_true (dms_peer_gate_is_open (gate, "peer 1", BEGIN));
  g_assert_true (dms_peer_gate_is_open (gate, "another", BEGIN + 2 * SECOND));
  g_assert_cmpuint (dms_peer_gate_get_n_peers (gate), <=, 1);
}

static void
test_no_limit (void)
{
  static const DmsLimit none = { 0 };
  g_autoptr (DmsPeerGate) gate = dms_peer_gate_new (&none);

  g_assert_cmpuint (flood (gate, "bad", 10000, BEGIN), ==, 10000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actor/peer-gate/flood", test_flood);
  g_test_add_func ("/actor/peer-gate/busy", test_busy);
  g_test_add_func ("/actor/peer-gate/no-offence", test_no_offence);
  g_test_add_func ("/actor/peer-gate/many-peers", test_many_peers);
  g_test_add_func ("/actor/peer-gate/no-limit", test_no_limit);
  return g_test_run ();
}
