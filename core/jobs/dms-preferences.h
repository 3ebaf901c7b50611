/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "jobs/dms-distance-wish.h"

G_BEGIN_DECLS

/**
 * DmsPreference:
 * @DMS_PREFERENCE_PRICE: cheap
 * @DMS_PREFERENCE_SPEED: fast, by the benchmark the machine tells of
 * @DMS_PREFERENCE_DISTANCE: near to who asks
 * @DMS_PREFERENCE_RELIABILITY: has kept what it offered
 * @DMS_PREFERENCE_POWER: draws few watts
 * @DMS_PREFERENCE_TIME: is lent for long
 * @DMS_PREFERENCE_LOCATION: in one of the places that are named
 *
 * What one of several machines that would all do may be better in.
 */
typedef enum
{
  DMS_PREFERENCE_PRICE,
  DMS_PREFERENCE_SPEED,
  DMS_PREFERENCE_DISTANCE,
  DMS_PREFERENCE_RELIABILITY,
  DMS_PREFERENCE_POWER,
  DMS_PREFERENCE_TIME,
  DMS_PREFERENCE_LOCATION,
  DMS_N_PREFERENCES,
} DmsPreference;

/* The soft requirements of a node or an allocation: the weight of each of them, 0 when it does not matter.
 * Nodes of the field have no such member and ignore it. Immutable and counted. */
typedef struct _DmsPreferences DmsPreferences;

#define DMS_TYPE_PREFERENCES (dms_preferences_get_type ())

GType dms_preferences_get_type (void);

/* The greatest weight. */
#define DMS_PREFERENCES_MAX_WEIGHT 100

/* near: (element-type DmsLocation) (nullable) */
DmsPreferences *dms_preferences_new (const double weights[DMS_N_PREFERENCES], GPtrArray *near);
/* (transfer full): with one more wish about kilometres, whose weight counts besides. */
DmsPreferences *dms_preferences_with_distance (DmsPreferences *self, DmsDistanceWish *wish);
/* Weights are added, places united. Either may be NULL. (transfer full) */
DmsPreferences *dms_preferences_add (DmsPreferences *a, DmsPreferences *b);
double dms_preferences_get_weight (DmsPreferences *self, DmsPreference preference);
/* The same without wishes about kilometres. */
double dms_preferences_get_plain_weight (DmsPreferences *self, DmsPreference preference);
/* (element-type DmsDistanceWish): never NULL */
GPtrArray *dms_preferences_get_distances (DmsPreferences *self);
/* (element-type DmsLocation): never NULL */
GPtrArray *dms_preferences_get_near (DmsPreferences *self);
gboolean dms_preferences_is_empty (DmsPreferences *self);
/* `price` and so on, as job files write it. */
const char *dms_preference_to_string (DmsPreference preference);

JsonNode *dms_preferences_to_json (DmsPreferences *self);
DmsPreferences *dms_preferences_ref (DmsPreferences *self);
void dms_preferences_unref (DmsPreferences *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsPreferences, dms_preferences_unref)

G_END_DECLS
