/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "placement/dms-placement-auction.h"

enum
{
  /* An offer is raised by at least this share of how far the costs are apart. */
  STEPS = 1024,
};

typedef struct
{
  DmsPlacementSpace *space;
  gint64 *prices;
  /* Who has a machine now. */
  guint *holder;
  GQueue waiting;
  gint64 raise;
} Auction;

static gint64
find_range (DmsPlacementSpace *space)
{
  const DmsPlacementNetwork *network = space->network;
  gint64 least = DMS_PLACEMENT_INFINITE;
  gint64 most = 0;

  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);

      for (guint value = network->first[var]; value < network->first[var + 1]; value++)
        {
          if (!dms_placement_space_has (space, value))
            continue;
          least = MIN (least, network->cost[value]);
          most = MAX (most, network->cost[value]);
        }
    }
  return MAX (most - least, 0);
}

/* A node offers for the machine that is the best for it as much as it is better than the second. */
static void
bid (Auction *self, guint var)
{
  const DmsPlacementNetwork *network = self->space->network;
  guint best = DMS_PLACEMENT_NONE;
  gint64 first = DMS_PLACEMENT_INFINITE;
  gint64 second = DMS_PLACEMENT_INFINITE;
  guint peer;

  for (guint value = network->first[var]; value < network->first[var + 1]; value++)
    {
      gint64 cost;

      if (!dms_placement_space_has (self->space, value))
        continue;
      cost = network->cost[value] + self->prices[network->peer[value]];
      if (cost < first)
        {
          second = first;
          first = cost;
          best = value;
        }
      else
        second = MIN (second, cost);
    }
  if (best == DMS_PLACEMENT_NONE)
    return;
  peer = network->peer[best];
  if (self->holder[peer] != DMS_PLACEMENT_NONE)
    {
      /* A price without a bound, where a node has one machine only, says nothing. */
      gint64 more = second >= DMS_PLACEMENT_INFINITE ? self->raise * STEPS : second - first + self->raise;

      g_queue_push_tail (&self->waiting, GUINT_TO_POINTER (self->holder[peer]));
      self->prices[peer] += more;
    }
  self->holder[peer] = var;
}

void
dms_placement_auction_run (DmsPlacementSpace *space, guint64 most_bids)
{
  const DmsPlacementNetwork *network = space->network;
  g_autofree gint64 *prices = g_new0 (gint64, network->n_peers);
  g_autofree guint *holder = g_new (guint, network->n_peers);
  Auction self = { space, prices, holder, G_QUEUE_INIT, MAX (find_range (space) / STEPS, 1) };
  gint64 before = space->bound;

  for (guint i = 0; i < network->n_peers; i++)
    holder[i] = DMS_PLACEMENT_NONE;
  for (guint i = 0; i < space->vars->len; i++)
    {
      guint var = g_array_index (space->vars, guint, i);

      if (!dms_placement_scope_binds (space->scope, space->network, var))
        g_queue_push_tail (&self.waiting, GUINT_TO_POINTER (var));
    }
  for (guint64 i = 0; i < most_bids && !g_queue_is_empty (&self.waiting); i++)
    {
      guint var = GPOINTER_TO_UINT (g_queue_pop_head (&self.waiting));

      bid (&self, var);
      space->work += dms_placement_network_get_n_values (network, var);
    }
  g_queue_clear (&self.waiting);
  dms_placement_space_set_prices (space, prices);
  if (space->bound >= before)
    return;
  for (guint i = 0; i < network->n_peers; i++)
    prices[i] = 0;
  dms_placement_space_set_prices (space, prices);
}
