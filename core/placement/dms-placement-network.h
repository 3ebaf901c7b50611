/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a bid breaks by itself, without regard to other nodes. */
enum
{
  DMS_PLACEMENT_FAULT_PIN = 1 << 0,
  DMS_PLACEMENT_FAULT_LOCATION = 1 << 1,
  DMS_PLACEMENT_FAULT_EXCLUDED = 1 << 2,
};

#define DMS_PLACEMENT_NONE G_MAXUINT
/* More than any sum of costs. */
#define DMS_PLACEMENT_INFINITE (G_MAXINT64 / 4)

/* An edge of the ensemble: which pairs of bids may go together, as rows of bits, both ways round. A pair that
 * nobody has measured may. */
typedef struct
{
  guint source;
  guint target;
  /* A row for each bid of the source, with a bit for each bid of the target; and the other way round. */
  guint64 *forward;
  guint64 *backward;
} DmsPlacementArc;

typedef struct _DmsPlacementNetwork DmsPlacementNetwork;

/* The problem as arrays: a variable is a node of the ensemble, a value is a bid. The values of a variable lie
 * together, the cheapest first. */
struct _DmsPlacementNetwork
{
  guint n_vars;
  guint n_values;
  guint n_peers;
  guint n_arcs;
  /* The first value of each variable; of all, one more. */
  guint *first;
  /* Where the bits of each variable begin, in words; of all, one more. */
  guint *first_word;
  /* Of each value. */
  guint *owner;
  guint *peer;
  gint64 *cost;
  guint8 *faults;
  /* Of each variable: bound to a machine, which it may share with others that are. */
  gboolean *pinned;
  /* All may share. */
  gboolean sharing;
  DmsPlacementArc *arcs;
  /* Arcs of each variable, and values of each peer, one after the other. */
  guint *first_incidence;
  guint *incidences;
  guint *first_of_peer;
  guint *values_of_peer;
  guint64 seed;
};

/* All arrays but those of incidences and peers are filled by the caller. */
DmsPlacementNetwork *dms_placement_network_new (guint n_vars, guint n_values, guint n_peers, guint n_arcs);
void dms_placement_network_free (DmsPlacementNetwork *self);
/* When owners, peers and ends of arcs are known: the rest, with every pair allowed. */
void dms_placement_network_connect (DmsPlacementNetwork *self);
/* Forbids a pair of values on an arc. */
void dms_placement_network_forbid (DmsPlacementNetwork *self, guint arc, guint source, guint target);

guint dms_placement_network_get_n_values (const DmsPlacementNetwork *self, guint var);
guint dms_placement_network_get_n_words (const DmsPlacementNetwork *self, guint var);
/* The other end of an arc; the row of bits of a value of this end, over those of the other. */
guint dms_placement_network_get_other (const DmsPlacementNetwork *self, guint arc, guint var);
const guint64 *dms_placement_network_get_row (const DmsPlacementNetwork *self, guint arc, guint value);
gboolean dms_placement_network_allows (const DmsPlacementNetwork *self, guint arc, guint value, guint other);
/* A number for each value, or anything else, that depends on the seed. */
guint64 dms_placement_network_shuffle (guint64 seed, guint64 number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPlacementNetwork, dms_placement_network_free)

G_END_DECLS
