/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "resources/dms-requirement.h"

G_BEGIN_DECLS

/* What a request for bids asks of a machine besides resources: its member `Requires`, written as in a job
 * file. Nodes of the field, and older ones of ours, ignore it and bid all the same; their bids do not say
 * what they are asked, and so do not meet it. */

gboolean dms_bid_requirement_is_there (JsonObject *request);
/* (transfer full): an empty one when there is none. NULL with INVALID_DATA. request: (nullable): what is
 * below `V1` */
DmsProfile *dms_bid_requirement_read (JsonObject *request, GError **error);
/* Sets the member, unless nothing is asked for. required: (nullable) */
void dms_bid_requirement_write (DmsProfile *required, JsonObject *request);

G_END_DECLS
