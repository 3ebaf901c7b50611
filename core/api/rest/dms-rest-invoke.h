/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* POST /api/v1/actor/invoke: carries an envelope and waits for the first message to its sender. */
void dms_rest_invoke_handle (DmsRestServer *server, SoupServerMessage *message);

G_END_DECLS
