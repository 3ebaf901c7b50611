/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* POST /api/v1/actor/broadcast: publishes an envelope and gathers the replies until it expires. */
void dms_rest_broadcast_handle (DmsRestServer *server, SoupServerMessage *message);

G_END_DECLS
