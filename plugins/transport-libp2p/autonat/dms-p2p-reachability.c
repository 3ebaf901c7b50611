/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-reachability.h"

#include "swarm/dms-p2p-address.h"

enum
{
  /* So many answers more for one side than for the other decide; more are not counted (go-libp2p,
   * p2p/host/autonat: maxConfidence). */
  DMS_P2P_REACHABILITY_ENOUGH = 2,
  DMS_P2P_REACHABILITY_MOST = 3,
};

gboolean
dms_p2p_reachability_score_note (DmsP2pReachabilityScore *self, gboolean is_public)
{
  DmsP2pReachability before = self->reachability;

  self->score =
      CLAMP (self->score + (is_public ? 1 : -1), -DMS_P2P_REACHABILITY_MOST, DMS_P2P_REACHABILITY_MOST);
  if (self->score >= DMS_P2P_REACHABILITY_ENOUGH)
    self->reachability = DMS_P2P_REACHABILITY_PUBLIC;
  else if (self->score <= -DMS_P2P_REACHABILITY_ENOUGH)
    self->reachability = DMS_P2P_REACHABILITY_PRIVATE;
  return self->reachability != before;
}

gboolean
dms_p2p_reachability_may_dial (DmsMultiaddr *address, gboolean is_private_allowed)
{
  DmsP2pReach reach = dms_p2p_address_get_reach (address);

  return !dms_p2p_address_is_relayed (address) &&
         (reach == DMS_P2P_REACH_PUBLIC ||
          (is_private_allowed && (reach == DMS_P2P_REACH_PRIVATE || reach == DMS_P2P_REACH_LOOPBACK)));
}
