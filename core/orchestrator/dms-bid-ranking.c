/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-bid-ranking.h"

#include <math.h>

typedef struct
{
  gboolean known;
  DmsCoordinates at;
} Place;

struct _DmsBidRanking
{
  GPtrArray *bids;
  DmsPreferences *preferences;
  DmsLocation *here;
  DmsTrackRecord *track;
  /* Of each bid. */
  Place *places;
};

static const double UNKNOWN = 1;

DmsBidRanking *
dms_bid_ranking_new (GPtrArray *bids, DmsPreferences *preferences, DmsLocation *here, DmsTrackRecord *track)
{
  DmsBidRanking *self = g_new0 (DmsBidRanking, 1);

  self->bids = g_ptr_array_ref (bids);
  self->preferences = preferences != NULL ? dms_preferences_ref (preferences) : NULL;
  self->here = here != NULL ? dms_location_ref (here) : NULL;
  self->track = track != NULL ? g_object_ref (track) : NULL;
  self->places = g_new0 (Place, bids->len + 1);
  for (guint i = 0; i < bids->len; i++)
    self->places[i].known =
        dms_location_get_coordinates (dms_bid_get_location (bids->pdata[i]), &self->places[i].at);
  return self;
}

void
dms_bid_ranking_place (DmsBidRanking *self, guint index, const DmsCoordinates *place)
{
  g_return_if_fail (index < self->bids->len);

  if (self->places[index].known || place == NULL)
    return;
  self->places[index] = (Place){ TRUE, *place };
}

void
dms_bid_ranking_free (DmsBidRanking *self)
{
  g_ptr_array_unref (self->bids);
  g_clear_pointer (&self->preferences, dms_preferences_unref);
  g_clear_pointer (&self->here, dms_location_unref);
  g_clear_object (&self->track);
  g_free (self->places);
  g_free (self);
}

static gboolean
same_currency (DmsBidOffer *a, DmsBidOffer *b)
{
  const char *left = dms_bid_offer_get_currency (a);
  const char *right = dms_bid_offer_get_currency (b);

  return left != NULL && right != NULL && g_ascii_strcasecmp (left, right) == 0;
}

/* How much more than the least of its currency: twice as much is worth one half. */
static double
rank_price (DmsBidRanking *self, DmsBidOffer *offer)
{
  double price = dms_bid_offer_get_price (offer);
  double least = price;

  if (dms_bid_offer_get_currency (offer) == NULL)
    return UNKNOWN;
  for (guint i = 0; i < self->bids->len; i++)
    {
      DmsBidOffer *other = dms_bid_get_offer (self->bids->pdata[i]);

      if (same_currency (offer, other))
        least = fmin (least, dms_bid_offer_get_price (other));
    }
  return price > 0 ? 1 - least / price : 0;
}

static double
rank_speed (DmsBidRanking *self, DmsBidOffer *offer)
{
  double most = 0;

  if (dms_bid_offer_get_speed (offer) <= 0)
    return UNKNOWN;
  for (guint i = 0; i < self->bids->len; i++)
    most = fmax (most, dms_bid_offer_get_speed (dms_bid_get_offer (self->bids->pdata[i])));
  return 1 - dms_bid_offer_get_speed (offer) / most;
}

static double
rank_power (DmsBidRanking *self, DmsBidOffer *offer)
{
  double watts = dms_bid_offer_get_watts (offer);
  double least = watts;

  if (watts <= 0)
    return UNKNOWN;
  for (guint i = 0; i < self->bids->len; i++)
    {
      double other = dms_bid_offer_get_watts (dms_bid_get_offer (self->bids->pdata[i]));

      least = other > 0 ? fmin (least, other) : least;
    }
  return 1 - least / watts;
}

static double
rank_time (DmsBidRanking *self, DmsBidOffer *offer)
{
  double most = 0;

  if (dms_bid_offer_get_seconds (offer) <= 0)
    return UNKNOWN;
  for (guint i = 0; i < self->bids->len; i++)
    most = fmax (most, dms_bid_offer_get_seconds (dms_bid_get_offer (self->bids->pdata[i])));
  return 1 - dms_bid_offer_get_seconds (offer) / most;
}

static gboolean
same_place (const char *a, const char *b)
{
  return a != NULL && b != NULL && g_ascii_strcasecmp (a, b) == 0;
}

/* By what both say of themselves: the city, the country, the continent. */
static double
rank_names (DmsBidRanking *self, DmsLocation *there)
{
  if (self->here == NULL ||
      !same_place (dms_location_get_continent (self->here), dms_location_get_continent (there)))
    return UNKNOWN;
  if (!same_place (dms_location_get_country (self->here), dms_location_get_country (there)))
    return 0.6;
  return same_place (dms_location_get_city (self->here), dms_location_get_city (there)) ? 0 : 0.3;
}

/* Kilometres between a machine and what it should be near to, at least so many as do not matter. */
static double
measure (const DmsCoordinates *from, const Place *there, DmsDistanceWish *wish)
{
  return MAX (dms_coordinates_get_distance_km (from, &there->at), dms_distance_wish_get_within_km (wish));
}

/* Twice as far as the nearest, or as what is near enough, is ½. */
static double
rank_kilometres (DmsBidRanking *self, DmsDistanceWish *wish, guint index)
{
  const DmsCoordinates *from = dms_distance_wish_get_from (wish);
  DmsCoordinates here;
  double km;
  double least;

  /* Who does not know where he is himself goes by names. */
  if (from == NULL && (self->here == NULL || !dms_location_get_coordinates (self->here, &here)))
    return rank_names (self, dms_bid_get_location (self->bids->pdata[index]));
  if (!self->places[index].known)
    return UNKNOWN;
  from = from != NULL ? from : &here;
  km = measure (from, &self->places[index], wish);
  least = km;
  for (guint i = 0; i < self->bids->len; i++)
    {
      if (self->places[i].known)
        least = fmin (least, measure (from, &self->places[i], wish));
    }
  return km > 0 ? 1 - least / km : 0;
}

static double
rank_distance (DmsBidRanking *self, guint index)
{
  GPtrArray *wishes = dms_preferences_get_distances (self->preferences);
  double plain = dms_preferences_get_plain_weight (self->preferences, DMS_PREFERENCE_DISTANCE);
  double cost = plain > 0 ? plain * rank_names (self, dms_bid_get_location (self->bids->pdata[index])) : 0;

  for (guint i = 0; i < wishes->len; i++)
    cost += dms_distance_wish_get_weight (wishes->pdata[i]) * rank_kilometres (self, wishes->pdata[i], index);
  return cost / dms_preferences_get_weight (self->preferences, DMS_PREFERENCE_DISTANCE);
}

static double
rank_location (DmsBidRanking *self, DmsLocation *there)
{
  GPtrArray *near = dms_preferences_get_near (self->preferences);

  return near->len > 0 && dms_location_satisfies (there, near, NULL) ? 0 : 1;
}

static double
rank (DmsBidRanking *self, guint index, DmsPreference preference)
{
  DmsBid *bid = self->bids->pdata[index];

  switch (preference)
    {
    case DMS_PREFERENCE_PRICE:
      return rank_price (self, dms_bid_get_offer (bid));

    case DMS_PREFERENCE_SPEED:
      return rank_speed (self, dms_bid_get_offer (bid));

    case DMS_PREFERENCE_POWER:
      return rank_power (self, dms_bid_get_offer (bid));

    case DMS_PREFERENCE_TIME:
      return rank_time (self, dms_bid_get_offer (bid));

    case DMS_PREFERENCE_DISTANCE:
      return rank_distance (self, index);

    case DMS_PREFERENCE_LOCATION:
      return rank_location (self, dms_bid_get_location (bid));

    case DMS_PREFERENCE_RELIABILITY:
      return self->track == NULL ? UNKNOWN
                                 : 1 - dms_track_record_get_reliability (self->track, dms_bid_get_peer (bid));

    case DMS_N_PREFERENCES:
    default:
      return UNKNOWN;
    }
}

double
dms_bid_ranking_get_cost (DmsBidRanking *self, guint index)
{
  double cost = 0;
  double weights = 0;

  g_return_val_if_fail (index < self->bids->len, 1);

  for (guint i = 0; self->preferences != NULL && i < DMS_N_PREFERENCES; i++)
    {
      double weight = dms_preferences_get_weight (self->preferences, (DmsPreference) i);

      if (weight > 0)
        cost += weight * rank (self, index, (DmsPreference) i);
      weights += weight;
    }
  return weights > 0 ? cost / weights : 0;
}

guint
dms_bid_ranking_pick (DmsBidRanking *self)
{
  g_autofree double *costs = g_new (double, self->bids->len);
  double least = G_MAXDOUBLE;
  guint n_best = 0;
  guint pick;

  g_return_val_if_fail (self->bids->len > 0, 0);

  for (guint i = 0; i < self->bids->len; i++)
    {
      costs[i] = dms_bid_ranking_get_cost (self, i);
      least = fmin (least, costs[i]);
    }
  for (guint i = 0; i < self->bids->len; i++)
    n_best += costs[i] <= least + 1e-9;
  pick = (guint) g_random_int_range (0, (gint32) n_best);
  for (guint i = 0; i < self->bids->len; i++)
    {
      if (costs[i] <= least + 1e-9 && pick-- == 0)
        return i;
    }
  return 0;
}

char *
dms_bid_ranking_describe (DmsBidRanking *self, guint index)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (index < self->bids->len, NULL);

  for (guint i = 0; self->preferences != NULL && i < DMS_N_PREFERENCES; i++)
    {
      if (dms_preferences_get_weight (self->preferences, (DmsPreference) i) > 0)
        g_string_append_printf (text,
                                "%s%s %.2f",
                                text->len > 0 ? ", " : "",
                                dms_preference_to_string ((DmsPreference) i),
                                rank (self, index, (DmsPreference) i));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
