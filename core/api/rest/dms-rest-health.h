/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* GET /health: whether the daemon answers. */
void dms_rest_health_handle (DmsRestServer *server, SoupServerMessage *message);

G_END_DECLS
