/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* POST /api/v1/actor/send: carries an envelope and waits for nothing. */
void dms_rest_send_handle (DmsRestServer *server, SoupServerMessage *message);

G_END_DECLS
