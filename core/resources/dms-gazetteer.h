/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "resources/dms-coordinates.h"

G_BEGIN_DECLS

/* Cities by which time zones are named, with their countries and coordinates: some four hundred, on every
 * system that knows time zones. */
#define DMS_GAZETTEER_FILE "/usr/share/zoneinfo/zone.tab"

/* Where a city is; FALSE when the file is not there, or does not have it. */
gboolean
dms_gazetteer_find (const char *file, const char *country, const char *city, DmsCoordinates *coordinates);

G_END_DECLS
