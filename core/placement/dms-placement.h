/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "placement/dms-placement-component.h"
#include "resources/dms-location.h"

G_BEGIN_DECLS

enum
{
  /* As many as a request for bids may name nodes, and then some. */
  DMS_PLACEMENT_MAX_NODES = 4096,
  DMS_PLACEMENT_MAX_BIDS = 65536,
  DMS_PLACEMENT_MAX_EDGES = 65536,
  /* Steps of a search, unless said otherwise: some tenths of a second. */
  DMS_PLACEMENT_WORK = 20000000,
};

/* Pairs of bids at the ends of all edges. */
#define DMS_PLACEMENT_MAX_PAIRS G_GUINT64_CONSTANT (1000000000)
#define DMS_PLACEMENT_MAX_COST  1e8

/* Which machine runs which node of an ensemble: a constraint problem, and its answer. It knows no actors, no
 * network and no clock: what has to be measured is asked for, and told. The same problem with the same seed
 * has the same answer, in whatever order the bids came. */
typedef struct _DmsPlacement DmsPlacement;

/* What was measured between two machines. */
typedef struct
{
  /* FALSE: one does not answer the other. */
  gboolean reachable;
  /* Microseconds, or 0 when nobody measured it. */
  gint64 rtt_us;
  /* Bits a second, or 0 when nobody measured it. */
  guint64 bandwidth;
} DmsPlacementLink;

/* An edge between two machines of the answer that nobody has measured. */
typedef struct
{
  guint source;
  guint target;
  const char *source_peer;
  const char *target_peer;
  guint rtt_ms;
  guint64 bandwidth;
} DmsPlacementGap;

DmsPlacement *dms_placement_new (guint64 seed);
void dms_placement_free (DmsPlacement *self);

/* The problem. It cannot be changed once it was solved, but by what is measured. */

/* Its number: 0, 1, 2 and so on. */
guint dms_placement_add_node (DmsPlacement *self, const char *name);
/* Binds a node to a machine. Those that are bound to the same share it; nobody else gets it. */
void dms_placement_pin (DmsPlacement *self, guint node, const char *peer);
/* (element-type DmsLocation) (nullable) */
void dms_placement_set_location (DmsPlacement *self, guint node, GPtrArray *accept, GPtrArray *reject);
void dms_placement_exclude (DmsPlacement *self, const char *peer);
/* Lets machines run any number of nodes. */
void dms_placement_allow_sharing (DmsPlacement *self);
/* A cost is not more than DMS_PLACEMENT_MAX_COST, nor less than its negative. Bids of a node are numbered
 * from 0 in the order in which they are added. TOO_LARGE, OUT_OF_RANGE. */
gboolean dms_placement_add_bid (DmsPlacement *self,
                                guint node,
                                const char *peer,
                                DmsLocation *location,
                                double cost,
                                GError **error);
/* At most so many milliseconds there and back, at least so many bits a second; 0 for whatever. */
gboolean dms_placement_add_edge (DmsPlacement *self,
                                 guint source,
                                 guint target,
                                 guint rtt_ms,
                                 guint64 bandwidth,
                                 GError **error);

/* What is known of the way between two machines; what was known before and is not said now stays. */
void dms_placement_set_link (DmsPlacement *self,
                             const char *peer,
                             const char *other,
                             const DmsPlacementLink *link);

/* Solves, or goes on where it was when something was measured since: parts of the answer that still hold are
 * not looked at again. TOO_LARGE. */
gboolean dms_placement_solve (DmsPlacement *self, guint64 work, DmsPlacementVerdict *verdict, GError **error);
/* Which bid a node gets. */
guint dms_placement_get_choice (DmsPlacement *self, guint node);
double dms_placement_get_cost (DmsPlacement *self);
/* No answer costs less; equal to the cost when it is proven to be the best. */
double dms_placement_get_bound (DmsPlacement *self);
guint64 dms_placement_get_work (DmsPlacement *self);
/* (element-type DmsPlacementGap) (transfer container): what has to be measured before the answer counts. */
GArray *dms_placement_list_gaps (DmsPlacement *self);
/* (transfer full): why there is no answer, for people: as few constraints as it takes, each of which is
 * needed. */
char *dms_placement_explain (DmsPlacement *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPlacement, dms_placement_free)

G_END_DECLS
