/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <libsoup/soup.h>

#include "api/rest/dms-rest-server.h"

G_BEGIN_DECLS

/* A resource answers one request; later than it returns if it pauses the message. */
typedef void (*DmsRestFunc) (DmsRestServer *self, SoupServerMessage *message);

/* Both NULL while there is no node. */
DmsActorRegistry *dms_rest_server_get_registry (DmsRestServer *self);
DmsActor *dms_rest_server_get_root (DmsRestServer *self);
/* Ends the waits of requests when the server stops. */
GCancellable *dms_rest_server_get_cancellable (DmsRestServer *self);

G_END_DECLS
