/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-location.h"

G_BEGIN_DECLS

/* What a database in MaxMind's format says of an address: continent, country, city and coordinates, or the
 * autonomous system and its organisation or ISP, as far as the file has them. (transfer full). libmaxminddb
 * is loaded for this call only. UNAVAILABLE without it; NOT_FOUND, IO, CORRUPT, INVALID_ARGUMENT. */
DmsLocation *dms_maxmind_look_up (const char *file, const char *address, GError **error);

G_END_DECLS
