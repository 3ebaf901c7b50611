/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* GET /api/v1/actor/handle: where messages for the node itself go. */
void dms_rest_handle_handle (DmsRestServer *server, SoupServerMessage *message);

G_END_DECLS
