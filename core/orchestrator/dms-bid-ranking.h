/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-preferences.h"
#include "orchestrator/dms-track-record.h"
#include "provider/dms-bid.h"
#include "resources/dms-location.h"

G_BEGIN_DECLS

/* Which of the bids for one node is the best: all of them meet its hard requirements, and the weights of its
 * soft ones decide. Each wish is worth from 0 (the best there is) to 1 (the worst, or not known), compared
 * among the bids for this node; the cost of a bid is the mean of them by their weights. Lower is better. */
typedef struct _DmsBidRanking DmsBidRanking;

/* bids: (element-type DmsBid). preferences, here, track: (nullable): where who asks is, and what it has seen
 */
DmsBidRanking *
dms_bid_ranking_new (GPtrArray *bids, DmsPreferences *preferences, DmsLocation *here, DmsTrackRecord *track);
/* Where a machine is whose bid does not say it in degrees. place: (nullable) */
void dms_bid_ranking_place (DmsBidRanking *self, guint index, const DmsCoordinates *place);
void dms_bid_ranking_free (DmsBidRanking *self);

/* The cost of a bid, by its place in the list: from 0, the best, to 1. 0 for all when nothing is preferred.
 */
double dms_bid_ranking_get_cost (DmsBidRanking *self, guint index);
/* The place of a bid than which none is better; of several, any of them by chance (GLib's random numbers,
 * which have a seed in simulations). */
guint dms_bid_ranking_pick (DmsBidRanking *self);
/* (transfer full): what made its cost, for people; empty when nothing is preferred. */
char *dms_bid_ranking_describe (DmsBidRanking *self, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsBidRanking, dms_bid_ranking_free)

G_END_DECLS
