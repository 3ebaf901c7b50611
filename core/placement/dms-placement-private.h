/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "placement/dms-placement.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  /* A peer's number, or none. */
  guint pin;
  GPtrArray *accept;
  GPtrArray *reject;
  guint n_bids;
} DmsPlacementNode;

typedef struct
{
  guint node;
  guint peer;
  /* Its number among those of the node. */
  guint number;
  gint64 cost;
  guint64 tie;
  DmsLocation *location;
  /* Where it is as a point on a ball of radius 1. */
  gboolean located;
  double point[3];
} DmsPlacementBid;

typedef struct
{
  guint source;
  guint target;
  guint rtt_ms;
  guint64 bandwidth;
} DmsPlacementEdge;

struct _DmsPlacement
{
  guint64 seed;
  gboolean sharing;
  GPtrArray *nodes;
  GPtrArray *bids;
  GArray *edges;
  /* Peers by name, and their names by number. */
  GHashTable *peers;
  GPtrArray *peer_names;
  /* Set of peers. */
  GHashTable *excluded;
  /* Pair of peers to DmsPlacementLink. */
  GHashTable *links;

  /* Once it was solved. Values of the network are bids in the order of @bids. */
  DmsPlacementNetwork *network;
  DmsPlacementScope *scope;
  DmsPlacementSpace *space;
  GPtrArray *components;
  guint *choice;
};

/* Whether an edge may be between two bids; *known is whether it was measured. */
gboolean dms_placement_edge_is_kept (DmsPlacement *self,
                                     const DmsPlacementEdge *edge,
                                     const DmsPlacementBid *source,
                                     const DmsPlacementBid *target,
                                     gboolean *known);
/* (nullable) */
const DmsPlacementLink *dms_placement_find_link (DmsPlacement *self, guint peer, guint other);

/* Narrows a scope of everything to a conflict of which nothing can be left out. FALSE when it is not proven
 * that there is one. */
gboolean dms_placement_find_conflict (DmsPlacement *self, DmsPlacementScope *scope);

G_END_DECLS
