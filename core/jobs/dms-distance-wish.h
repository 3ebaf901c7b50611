/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-coordinates.h"

G_BEGIN_DECLS

/* The wish that a machine be near, in kilometres: to a place, or to who asks. Immutable and counted. */
typedef struct _DmsDistanceWish DmsDistanceWish;

#define DMS_TYPE_DISTANCE_WISH (dms_distance_wish_get_type ())

GType dms_distance_wish_get_type (void);

/* What lies nearer than this is as good, unless something else is said: a city, and what is around it. */
#define DMS_DISTANCE_WISH_DEFAULT_KM 50.0
/* No two places are farther apart: half the way around the earth, rounded up. */
#define DMS_DISTANCE_WISH_MAX_KM 20038.0

/* from: (nullable): the place; NULL is where who asks is */
DmsDistanceWish *dms_distance_wish_new (double weight, double within_km, const DmsCoordinates *from);
double dms_distance_wish_get_weight (DmsDistanceWish *self);
/* Whatever is not farther than this is as good. */
double dms_distance_wish_get_within_km (DmsDistanceWish *self);
/* (nullable) */
const DmsCoordinates *dms_distance_wish_get_from (DmsDistanceWish *self);

/* `{"weight", "within_km", "from": "52.52,13.4"}` */
JsonNode *dms_distance_wish_to_json (DmsDistanceWish *self);
DmsDistanceWish *dms_distance_wish_ref (DmsDistanceWish *self);
void dms_distance_wish_unref (DmsDistanceWish *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsDistanceWish, dms_distance_wish_unref)

G_END_DECLS
