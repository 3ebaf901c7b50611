/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "config/dms-config.h"
#include "resources/dms-location.h"

G_BEGIN_DECLS

/* Where this machine is: what the configuration says (`general.host_*`), and for the rest what databases say
 * of its address (`general.geoip_city_db`, `general.geoip_asn_db`); coordinates of a city also by the list of
 * time zones. */
typedef struct _DmsLocator DmsLocator;

DmsLocator *dms_locator_new (DmsConfig *config);
void dms_locator_free (DmsLocator *self);
/* Whether databases are asked at all. */
gboolean dms_locator_wants_address (DmsLocator *self);
/* (nullable): this machine's address on the internet; databases are read when it is another one than before.
 * TRUE when the location is another one now. */
gboolean dms_locator_set_address (DmsLocator *self, const char *address);
/* Takes up the address by which this machine is known by now, which the transport finds out in time. TRUE
 * when the location is another one now. */
gboolean dms_locator_follow (DmsLocator *self, DmsTransport *transport);
/* The address of one that may be in a database: of a multiaddr, as text, unless it is private. (transfer
 * full) (nullable) */
char *dms_locator_dup_public_address (const char *multiaddr);
DmsLocation *dms_locator_get_location (DmsLocator *self);

/* Coordinates of a location, or of its city. */
gboolean dms_locator_find_coordinates (DmsLocation *location, DmsCoordinates *coordinates);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLocator, dms_locator_free)

G_END_DECLS
