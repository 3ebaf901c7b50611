/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-dht.h"

G_BEGIN_DECLS

/* What peers advertise under a name, as the nodes in the field ask for it (spec, section 1): first who
 * provides the name, then what each of them says. @task returns the newest as a GBytes, or
 * DMS_ERROR_NOT_FOUND. */
void dms_libp2p_query_start (DmsP2pDht *dht, const char *name, GTask *task);

/* What a name is provided under. */
GBytes *dms_libp2p_query_make_multihash (const char *name);

G_END_DECLS
