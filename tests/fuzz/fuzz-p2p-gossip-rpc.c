/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "gossipsub/dms-p2p-gossip-limits.h"
#include "gossipsub/dms-p2p-gossip-rpc.h"

static DmsP2pGossipRpc *
decode (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  DmsP2pGossipRpc *rpc =
      dms_p2p_gossip_rpc_decode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);

  g_assert_true ((rpc == NULL) == (error != NULL));
  g_assert_true (error == NULL || error->domain == DMS_ERROR);
  return rpc;
}

static void
check_bounds (DmsP2pGossipRpc *rpc)
{
  g_assert_cmpuint (rpc->subscriptions->len, <=, DMS_P2P_GOSSIP_MAX_SUBSCRIPTIONS);
  g_assert_cmpuint (rpc->messages->len + rpc->n_malformed, <=, DMS_P2P_GOSSIP_MAX_MESSAGES);
  g_assert_cmpuint (rpc->graft->len + rpc->prune->len + rpc->ihave->len, <=, DMS_P2P_GOSSIP_MAX_CONTROL);
  g_assert_cmpuint (rpc->iwant->len + rpc->idontwant->len, <=, DMS_P2P_GOSSIP_MAX_IDS);
  for (guint i = 0; i < rpc->messages->len; i++)
    {
      DmsP2pGossipMessage *message = g_ptr_array_index (rpc->messages, i);

      g_assert_true (dms_p2p_gossip_is_topic (message->topic));
      g_assert_cmpuint (g_bytes_get_size (message->id), <=, DMS_P2P_GOSSIP_MAX_PEER_ID + 8);
      dms_p2p_gossip_message_verify (message);
    }
}

/* What is taken is bounded, and what is written of it is read as the same again. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) input = g_bytes_new (data, size);
  g_autoptr (DmsP2pGossipRpc) rpc = decode (input);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (DmsP2pGossipRpc) again = NULL;
  g_autoptr (GBytes) rewritten = NULL;

  if (rpc == NULL)
    return 0;
  check_bounds (rpc);
  written = dms_p2p_gossip_rpc_encode (rpc);
  again = decode (written);
  g_assert_nonnull (again);
  g_assert_cmpuint (again->messages->len, ==, rpc->messages->len);
  g_assert_cmpuint (again->iwant->len, ==, rpc->iwant->len);
  g_assert_cmpuint (again->prune->len, ==, rpc->prune->len);
  rewritten = dms_p2p_gossip_rpc_encode (again);
  g_assert_true (g_bytes_equal (written, rewritten));
  return 0;
}
