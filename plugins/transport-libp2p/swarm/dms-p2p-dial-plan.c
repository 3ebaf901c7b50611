/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-dial-plan.h"

#include "swarm/dms-p2p-address.h"

/* RFC 8305, section 8, and go-libp2p, p2p/net/swarm/dial_ranker.go. */
enum
{
  /* Connection Attempt Delay; PublicTCPDelay, PublicQUICDelay. */
  DMS_P2P_DIAL_PLAN_STAGGER_MS = 250,
  /* PrivateTCPDelay, PrivateQUICDelay: an answer from nearby comes at once. */
  DMS_P2P_DIAL_PLAN_NEAR_STAGGER_MS = 30,
  /* What is far waits so long for what is near: RFC 8305's least delay. */
  DMS_P2P_DIAL_PLAN_FAR_MS = 100,
  /* RelayDelay: a relay is the last resort. */
  DMS_P2P_DIAL_PLAN_RELAY_MS = 500,
};

static void
dms_p2p_dial_step_clear (gpointer data)
{
  DmsP2pDialStep *self = data;

  dms_multiaddr_unref (self->address);
}

static gint
dms_p2p_dial_step_compare (gconstpointer a, gconstpointer b)
{
  guint left = ((const DmsP2pDialStep *) a)->delay_ms;
  guint right = ((const DmsP2pDialStep *) b)->delay_ms;

  return left < right ? -1 : left > right;
}

/* The addresses of one kind; IPv6 and IPv4 take turns, IPv6 first, otherwise in the order given. */
static GPtrArray *
dms_p2p_dial_plan_interleave (GPtrArray *addresses)
{
  GPtrArray *result = g_ptr_array_sized_new (addresses->len);
  guint next[2] = { 0, 0 };
  guint turn = 0;

  while (result->len < addresses->len)
    {
      guint *at = &next[turn];

      while (*at < addresses->len && (dms_p2p_address_is_ip6 (addresses->pdata[*at]) ? 0u : 1u) != turn)
        (*at)++;
      if (*at < addresses->len)
        g_ptr_array_add (result, addresses->pdata[(*at)++]);
      turn = 1 - turn;
    }
  return result;
}

static void
dms_p2p_dial_plan_add (GArray *plan, GPtrArray *addresses, guint base_ms, guint stagger_ms)
{
  g_autoptr (GPtrArray) ordered = dms_p2p_dial_plan_interleave (addresses);

  for (guint i = 0; i < ordered->len; i++)
    {
      DmsP2pDialStep step = { dms_multiaddr_ref (ordered->pdata[i]), base_ms + i * stagger_ms };

      g_array_append_val (plan, step);
    }
}

static void
dms_p2p_dial_plan_add_both (GArray *plan, GPtrArray *quic, GPtrArray *other, guint base_ms, guint stagger_ms)
{
  dms_p2p_dial_plan_add (plan, quic, base_ms, stagger_ms);
  dms_p2p_dial_plan_add (plan, other, base_ms + (quic->len > 0 ? stagger_ms : 0), stagger_ms);
}

GArray *
dms_p2p_dial_plan_new (GPtrArray *addresses)
{
  GArray *plan = g_array_new (FALSE, FALSE, sizeof (DmsP2pDialStep));
  g_autoptr (GPtrArray) near_quic = g_ptr_array_new ();
  g_autoptr (GPtrArray) near_other = g_ptr_array_new ();
  g_autoptr (GPtrArray) far_quic = g_ptr_array_new ();
  g_autoptr (GPtrArray) far_other = g_ptr_array_new ();
  g_autoptr (GPtrArray) relayed = g_ptr_array_new ();
  gboolean has_near = FALSE;
  gboolean has_direct = FALSE;

  g_array_set_clear_func (plan, dms_p2p_dial_step_clear);
  for (guint i = 0; i < addresses->len; i++)
    {
      DmsMultiaddr *address = addresses->pdata[i];
      gboolean is_far = dms_p2p_address_get_reach (address) == DMS_P2P_REACH_PUBLIC;

      if (dms_p2p_address_is_relayed (address))
        g_ptr_array_add (relayed, address);
      else if (dms_p2p_address_is_quic (address))
        g_ptr_array_add (is_far ? far_quic : near_quic, address);
      else
        g_ptr_array_add (is_far ? far_other : near_other, address);
    }
  has_near = near_quic->len + near_other->len > 0;
  has_direct = has_near || far_quic->len + far_other->len > 0;
  dms_p2p_dial_plan_add_both (plan, near_quic, near_other, 0, DMS_P2P_DIAL_PLAN_NEAR_STAGGER_MS);
  dms_p2p_dial_plan_add_both (
      plan, far_quic, far_other, has_near ? DMS_P2P_DIAL_PLAN_FAR_MS : 0, DMS_P2P_DIAL_PLAN_STAGGER_MS);
  dms_p2p_dial_plan_add (
      plan, relayed, has_direct ? DMS_P2P_DIAL_PLAN_RELAY_MS : 0, DMS_P2P_DIAL_PLAN_STAGGER_MS);
  g_array_sort (plan, dms_p2p_dial_step_compare);
  return plan;
}
