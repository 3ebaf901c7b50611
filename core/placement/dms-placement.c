/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-private.h"

#include "resources/dms-coordinates.h"

#include <math.h>
#include <string.h>

enum
{
  /* Costs are counted in millionths. */
  COST_UNIT = 1000000,
  /* A part of the problem has at least so much work. */
  LEAST_WORK = 100000,
};

static void
node_free (gpointer data)
{
  DmsPlacementNode *node = data;

  g_free (node->name);
  g_clear_pointer (&node->accept, g_ptr_array_unref);
  g_clear_pointer (&node->reject, g_ptr_array_unref);
  g_free (node);
}

static void
bid_free (gpointer data)
{
  DmsPlacementBid *bid = data;

  dms_location_unref (bid->location);
  g_free (bid);
}

DmsPlacement *
dms_placement_new (guint64 seed)
{
  DmsPlacement *self = g_new0 (DmsPlacement, 1);

  self->seed = seed;
  self->nodes = g_ptr_array_new_with_free_func (node_free);
  self->bids = g_ptr_array_new_with_free_func (bid_free);
  self->edges = g_array_new (FALSE, FALSE, sizeof (DmsPlacementEdge));
  self->peers = g_hash_table_new (g_str_hash, g_str_equal);
  self->peer_names = g_ptr_array_new_with_free_func (g_free);
  self->excluded = g_hash_table_new (NULL, NULL);
  self->links = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return self;
}

void
dms_placement_free (DmsPlacement *self)
{
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->bids);
  g_array_unref (self->edges);
  g_hash_table_unref (self->peers);
  g_ptr_array_unref (self->peer_names);
  g_hash_table_unref (self->excluded);
  g_hash_table_unref (self->links);
  g_clear_pointer (&self->space, dms_placement_space_free);
  g_clear_pointer (&self->network, dms_placement_network_free);
  g_clear_pointer (&self->scope, dms_placement_scope_free);
  g_clear_pointer (&self->components, g_ptr_array_unref);
  g_free (self->choice);
  g_free (self);
}

static guint
number_of_peer (DmsPlacement *self, const char *name)
{
  gpointer found;
  char *copy;

  if (g_hash_table_lookup_extended (self->peers, name, NULL, &found))
    return GPOINTER_TO_UINT (found);
  copy = g_strdup (name);
  g_ptr_array_add (self->peer_names, copy);
  g_hash_table_insert (self->peers, copy, GUINT_TO_POINTER (self->peer_names->len - 1));
  return self->peer_names->len - 1;
}

guint
dms_placement_add_node (DmsPlacement *self, const char *name)
{
  DmsPlacementNode *node = g_new0 (DmsPlacementNode, 1);

  g_return_val_if_fail (self->network == NULL, 0);

  node->name = g_strdup (name);
  node->pin = DMS_PLACEMENT_NONE;
  g_ptr_array_add (self->nodes, node);
  return self->nodes->len - 1;
}

static DmsPlacementNode *
get_node (DmsPlacement *self, guint node)
{
  return g_ptr_array_index (self->nodes, node);
}

void
dms_placement_pin (DmsPlacement *self, guint node, const char *peer)
{
  g_return_if_fail (self->network == NULL && node < self->nodes->len);

  get_node (self, node)->pin = number_of_peer (self, peer);
}

void
dms_placement_set_location (DmsPlacement *self, guint node, GPtrArray *accept, GPtrArray *reject)
{
  g_return_if_fail (self->network == NULL && node < self->nodes->len);

  get_node (self, node)->accept = accept != NULL ? g_ptr_array_ref (accept) : NULL;
  get_node (self, node)->reject = reject != NULL ? g_ptr_array_ref (reject) : NULL;
}

void
dms_placement_exclude (DmsPlacement *self, const char *peer)
{
  g_return_if_fail (self->network == NULL);

  g_hash_table_add (self->excluded, GUINT_TO_POINTER (number_of_peer (self, peer)));
}

void
dms_placement_allow_sharing (DmsPlacement *self)
{
  g_return_if_fail (self->network == NULL);

  self->sharing = TRUE;
}

static void
locate (DmsPlacementBid *bid)
{
  DmsCoordinates place;
  double latitude;
  double longitude;

  bid->located = dms_location_get_coordinates (bid->location, &place);
  if (!bid->located)
    return;
  latitude = place.latitude * G_PI / 180;
  longitude = place.longitude * G_PI / 180;
  bid->point[0] = cos (latitude) * cos (longitude);
  bid->point[1] = cos (latitude) * sin (longitude);
  bid->point[2] = sin (latitude);
}

gboolean
dms_placement_add_bid (DmsPlacement *self,
                       guint node,
                       const char *peer,
                       DmsLocation *location,
                       double cost,
                       GError **error)
{
  DmsPlacementBid *bid;

  g_return_val_if_fail (self->network == NULL && node < self->nodes->len, FALSE);

  if (!isfinite (cost) || fabs (cost) > DMS_PLACEMENT_MAX_COST)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_OUT_OF_RANGE,
                   "the bid of peer “%s” for node “%s” costs more than can be counted",
                   peer,
                   get_node (self, node)->name);
      return FALSE;
    }
  if (self->bids->len >= DMS_PLACEMENT_MAX_BIDS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "there are more than %d bids to choose from",
                   DMS_PLACEMENT_MAX_BIDS);
      return FALSE;
    }
  bid = g_new0 (DmsPlacementBid, 1);
  bid->node = node;
  bid->peer = number_of_peer (self, peer);
  bid->number = get_node (self, node)->n_bids++;
  bid->cost = (gint64) llround (cost * COST_UNIT);
  bid->tie = dms_placement_network_shuffle (self->seed + node, g_str_hash (peer));
  bid->location = dms_location_ref (location);
  locate (bid);
  g_ptr_array_add (self->bids, bid);
  return TRUE;
}

gboolean
dms_placement_add_edge (DmsPlacement *self,
                        guint source,
                        guint target,
                        guint rtt_ms,
                        guint64 bandwidth,
                        GError **error)
{
  DmsPlacementEdge edge = { source, target, rtt_ms, bandwidth };

  g_return_val_if_fail (self->network == NULL, FALSE);

  if (source >= self->nodes->len || target >= self->nodes->len || source == target)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "an edge must be between two nodes of the ensemble");
      return FALSE;
    }
  if (self->edges->len >= DMS_PLACEMENT_MAX_EDGES)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the ensemble has more than %d edge constraints",
                   DMS_PLACEMENT_MAX_EDGES);
      return FALSE;
    }
  if (rtt_ms > 0 || bandwidth > 0)
    g_array_append_val (self->edges, edge);
  return TRUE;
}

/* Links */

static gint64
make_pair (guint peer, guint other)
{
  return (gint64) ((guint64) MIN (peer, other) << 32 | MAX (peer, other));
}

const DmsPlacementLink *
dms_placement_find_link (DmsPlacement *self, guint peer, guint other)
{
  gint64 pair = make_pair (peer, other);

  return g_hash_table_lookup (self->links, &pair);
}

/* Whether light is quick enough: the haversine formula, on points of a ball. */
static gboolean
is_near_enough (const DmsPlacementBid *source, const DmsPlacementBid *target, guint rtt_ms)
{
  double angle = rtt_ms * DMS_COORDINATES_LIGHT_KM_PER_S / 2000 / DMS_COORDINATES_EARTH_RADIUS_KM;
  double most = angle >= G_PI ? 2 : 2 * sin (angle / 2);
  double square = 0;

  for (guint i = 0; i < 3; i++)
    square += (source->point[i] - target->point[i]) * (source->point[i] - target->point[i]);
  /* Twelve digits: no more is known of a place. */
  return square <= most * most + 1e-12;
}

gboolean
dms_placement_edge_is_kept (DmsPlacement *self,
                            const DmsPlacementEdge *edge,
                            const DmsPlacementBid *source,
                            const DmsPlacementBid *target,
                            gboolean *known)
{
  const DmsPlacementLink *link = NULL;

  *known = TRUE;
  if (source->peer == target->peer)
    return TRUE;
  if (g_hash_table_size (self->links) > 0)
    link = dms_placement_find_link (self, source->peer, target->peer);
  if (link != NULL && !link->reachable)
    return FALSE;
  if (link != NULL && edge->rtt_ms > 0 && link->rtt_us > (gint64) edge->rtt_ms * 1000)
    return FALSE;
  if (link != NULL && edge->bandwidth > 0 && link->bandwidth > 0 && link->bandwidth < edge->bandwidth)
    return FALSE;
  *known = link != NULL && (edge->rtt_ms == 0 || link->rtt_us > 0) &&
           (edge->bandwidth == 0 || link->bandwidth > 0);
  if (edge->rtt_ms > 0 && (link == NULL || link->rtt_us == 0) && source->located && target->located)
    return is_near_enough (source, target, edge->rtt_ms);
  return TRUE;
}

static void
apply_to_edge (DmsPlacement *self, guint number, guint value, guint other)
{
  const DmsPlacementEdge *edge = &g_array_index (self->edges, DmsPlacementEdge, number);
  gboolean known;

  if (!dms_placement_edge_is_kept (self, edge, self->bids->pdata[value], self->bids->pdata[other], &known))
    dms_placement_network_forbid (self->network, number, value, other);
}

/* Looks at the edges of all bids of a machine to those of another. */
static void
apply_link (DmsPlacement *self, guint peer, guint other)
{
  DmsPlacementNetwork *network = self->network;

  for (guint i = network->first_of_peer[peer]; i < network->first_of_peer[peer + 1]; i++)
    {
      guint value = network->values_of_peer[i];
      guint var = network->owner[value];

      for (guint j = network->first_incidence[var]; j < network->first_incidence[var + 1]; j++)
        {
          guint arc = network->incidences[j];
          guint far = dms_placement_network_get_other (network, arc, var);

          for (guint k = network->first[far]; k < network->first[far + 1]; k++)
            {
              if (network->peer[k] == other)
                apply_to_edge (self, arc, value, k);
            }
        }
    }
}

void
dms_placement_set_link (DmsPlacement *self, const char *peer, const char *other, const DmsPlacementLink *link)
{
  gpointer found;
  guint a;
  guint b;
  gint64 pair;
  DmsPlacementLink *known;

  /* Those that bid for nothing do not matter. */
  if (!g_hash_table_lookup_extended (self->peers, peer, NULL, &found))
    return;
  a = GPOINTER_TO_UINT (found);
  if (!g_hash_table_lookup_extended (self->peers, other, NULL, &found))
    return;
  b = GPOINTER_TO_UINT (found);
  pair = make_pair (a, b);
  known = g_hash_table_lookup (self->links, &pair);
  if (known == NULL)
    {
      known = g_new0 (DmsPlacementLink, 1);
      g_hash_table_insert (self->links, g_memdup2 (&pair, sizeof pair), known);
    }
  known->reachable = link->reachable;
  if (link->rtt_us > 0)
    known->rtt_us = link->rtt_us;
  if (link->bandwidth > 0)
    known->bandwidth = link->bandwidth;
  if (self->network == NULL)
    return;
  apply_link (self, a, b);
  apply_link (self, b, a);
}

/* Solving */

static int
compare_bids (gconstpointer a, gconstpointer b, gpointer user_data)
{
  DmsPlacement *self = user_data;
  const DmsPlacementBid *left = *(DmsPlacementBid *const *) a;
  const DmsPlacementBid *right = *(DmsPlacementBid *const *) b;

  if (left->node != right->node)
    return left->node < right->node ? -1 : 1;
  if (left->cost != right->cost)
    return left->cost < right->cost ? -1 : 1;
  if (left->tie != right->tie)
    return left->tie < right->tie ? -1 : 1;
  return strcmp (self->peer_names->pdata[left->peer], self->peer_names->pdata[right->peer]);
}

static guint8
faults_of (DmsPlacement *self, const DmsPlacementBid *bid)
{
  DmsPlacementNode *node = get_node (self, bid->node);
  guint8 faults = 0;

  if (g_hash_table_contains (self->excluded, GUINT_TO_POINTER (bid->peer)))
    faults |= DMS_PLACEMENT_FAULT_EXCLUDED;
  if (node->pin != DMS_PLACEMENT_NONE)
    return node->pin == bid->peer ? faults : faults | DMS_PLACEMENT_FAULT_PIN;
  if (!dms_location_satisfies (bid->location, node->accept, node->reject))
    faults |= DMS_PLACEMENT_FAULT_LOCATION;
  return faults;
}

static gboolean
check_size (DmsPlacement *self, GError **error)
{
  guint64 pairs = 0;

  for (guint i = 0; i < self->edges->len; i++)
    {
      const DmsPlacementEdge *edge = &g_array_index (self->edges, DmsPlacementEdge, i);

      pairs += (guint64) get_node (self, edge->source)->n_bids * get_node (self, edge->target)->n_bids;
    }
  if (self->nodes->len <= DMS_PLACEMENT_MAX_NODES && pairs <= DMS_PLACEMENT_MAX_PAIRS)
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_TOO_LARGE,
               "the ensemble is too large to be placed: at most %d nodes and %" G_GUINT64_FORMAT
               " pairs of machines at the ends of its edges",
               DMS_PLACEMENT_MAX_NODES,
               DMS_PLACEMENT_MAX_PAIRS);
  return FALSE;
}

static void
fill_arcs (DmsPlacement *self)
{
  DmsPlacementNetwork *network = self->network;

  for (guint i = 0; i < network->n_arcs; i++)
    {
      const DmsPlacementArc *arc = &network->arcs[i];

      for (guint value = network->first[arc->source]; value < network->first[arc->source + 1]; value++)
        {
          for (guint other = network->first[arc->target]; other < network->first[arc->target + 1]; other++)
            apply_to_edge (self, i, value, other);
        }
    }
}

static void
take_components (DmsPlacement *self)
{
  g_autoptr (GPtrArray) parts = dms_placement_scope_split (self->scope, self->network);

  self->components = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_placement_component_free);
  for (guint i = 0; i < parts->len; i++)
    g_ptr_array_add (self->components, dms_placement_component_new (g_array_ref (parts->pdata[i])));
}

static void
build (DmsPlacement *self)
{
  DmsPlacementNetwork *network =
      dms_placement_network_new (self->nodes->len, self->bids->len, self->peer_names->len, self->edges->len);

  g_ptr_array_sort_with_data (self->bids, compare_bids, self);
  network->seed = self->seed;
  network->sharing = self->sharing;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      network->pinned[i] = get_node (self, i)->pin != DMS_PLACEMENT_NONE;
      network->first[i + 1] = network->first[i] + get_node (self, i)->n_bids;
    }
  for (guint i = 0; i < self->bids->len; i++)
    {
      const DmsPlacementBid *bid = self->bids->pdata[i];

      network->owner[i] = bid->node;
      network->peer[i] = bid->peer;
      network->cost[i] = bid->cost;
      network->faults[i] = faults_of (self, bid);
    }
  for (guint i = 0; i < self->edges->len; i++)
    {
      network->arcs[i].source = g_array_index (self->edges, DmsPlacementEdge, i).source;
      network->arcs[i].target = g_array_index (self->edges, DmsPlacementEdge, i).target;
    }
  dms_placement_network_connect (network);
  self->network = network;
  self->scope = dms_placement_scope_new (network);
  self->space = dms_placement_space_new (network, self->scope);
  self->choice = g_new0 (guint, self->nodes->len);
  fill_arcs (self);
  take_components (self);
}

static DmsPlacementVerdict
solve_component (DmsPlacement *self, DmsPlacementComponent *component, guint64 work)
{
  guint64 share = work * component->vars->len / self->nodes->len;

  if (component->solved && component->verdict == DMS_PLACEMENT_IMPOSSIBLE)
    return DMS_PLACEMENT_IMPOSSIBLE;
  if (!component->solved || component->verdict == DMS_PLACEMENT_UNKNOWN ||
      !dms_placement_component_still_holds (component, self->network, self->choice))
    dms_placement_component_solve (component, self->space, FALSE, MAX (share, LEAST_WORK), self->choice);
  return component->verdict;
}

gboolean
dms_placement_solve (DmsPlacement *self, guint64 work, DmsPlacementVerdict *verdict, GError **error)
{
  gboolean unknown = FALSE;

  if (self->network == NULL)
    {
      if (!check_size (self, error))
        return FALSE;
      build (self);
    }
  *verdict = DMS_PLACEMENT_POSSIBLE;
  for (guint i = 0; i < self->components->len; i++)
    {
      DmsPlacementVerdict part = solve_component (self, self->components->pdata[i], work);

      unknown = unknown || part == DMS_PLACEMENT_UNKNOWN;
      if (part == DMS_PLACEMENT_IMPOSSIBLE)
        {
          *verdict = part;
          return TRUE;
        }
    }
  if (unknown)
    *verdict = DMS_PLACEMENT_UNKNOWN;
  return TRUE;
}

guint
dms_placement_get_choice (DmsPlacement *self, guint node)
{
  DmsPlacementBid *bid;

  g_return_val_if_fail (self->network != NULL && node < self->nodes->len, 0);

  bid = g_ptr_array_index (self->bids, self->choice[node]);
  return bid->number;
}

double
dms_placement_get_cost (DmsPlacement *self)
{
  gint64 sum = 0;

  for (guint i = 0; self->components != NULL && i < self->components->len; i++)
    sum += ((DmsPlacementComponent *) self->components->pdata[i])->cost;
  return (double) sum / COST_UNIT;
}

double
dms_placement_get_bound (DmsPlacement *self)
{
  gint64 sum = 0;

  for (guint i = 0; self->components != NULL && i < self->components->len; i++)
    sum += ((DmsPlacementComponent *) self->components->pdata[i])->bound;
  return (double) sum / COST_UNIT;
}

guint64
dms_placement_get_work (DmsPlacement *self)
{
  guint64 sum = 0;

  for (guint i = 0; self->components != NULL && i < self->components->len; i++)
    sum += ((DmsPlacementComponent *) self->components->pdata[i])->work;
  return sum;
}

GArray *
dms_placement_list_gaps (DmsPlacement *self)
{
  GArray *gaps = g_array_new (FALSE, FALSE, sizeof (DmsPlacementGap));

  for (guint i = 0; self->network != NULL && i < self->edges->len; i++)
    {
      const DmsPlacementEdge *edge = &g_array_index (self->edges, DmsPlacementEdge, i);
      const DmsPlacementBid *source = self->bids->pdata[self->choice[edge->source]];
      const DmsPlacementBid *target = self->bids->pdata[self->choice[edge->target]];
      gboolean known;
      DmsPlacementGap gap = {
        edge->source,
        edge->target,
        self->peer_names->pdata[source->peer],
        self->peer_names->pdata[target->peer],
        edge->rtt_ms,
        edge->bandwidth,
      };

      if (dms_placement_edge_is_kept (self, edge, source, target, &known) && !known)
        g_array_append_val (gaps, gap);
    }
  return gaps;
}
