/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

typedef enum
{
  DMS_P2P_REACHABILITY_UNKNOWN,
  DMS_P2P_REACHABILITY_PUBLIC,
  DMS_P2P_REACHABILITY_PRIVATE,
} DmsP2pReachability;

/**
 * DmsP2pReachabilityScore:
 * @reachability: what is believed
 * @score: how much is for it: above 0 that others can connect, below that they cannot
 *
 * What several answers say together. One answer alone changes nothing: who answers may lie, or be wrong. On
 * the stack, zeroed.
 */
typedef struct
{
  DmsP2pReachability reachability;
  int score;
} DmsP2pReachabilityScore;

/* TRUE when it is another one than before. */
gboolean dms_p2p_reachability_score_note (DmsP2pReachabilityScore *self, gboolean is_public);

/* Whether others may have a host dial @address: a public one, not over a relay, and no name. With
 * @is_private_allowed, for tests, which have no public ones, one of a private network or this machine, too.
 */
gboolean dms_p2p_reachability_may_dial (DmsMultiaddr *address, gboolean is_private_allowed);

G_END_DECLS
