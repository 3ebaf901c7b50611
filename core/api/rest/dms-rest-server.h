/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor-registry.h"

G_BEGIN_DECLS

#define DMS_TYPE_REST_SERVER (dms_rest_server_get_type ())

/* The daemon's HTTP interface (rest.md). It verifies nothing: the actors do. */
G_DECLARE_FINAL_TYPE (DmsRestServer, dms_rest_server, DMS, REST_SERVER, GObject)

/* `address` is a numeric IP address or `localhost`; port 0 takes any free one. `registry` and `root` may be
 * NULL: then only what needs no node answers. */
DmsRestServer *dms_rest_server_new (const char *address,
                                    guint16 port,
                                    DmsActorRegistry *registry,
                                    DmsActor *root);

/* Begins to listen. DMS_ERROR_ALREADY_EXISTS when the port is taken. */
gboolean dms_rest_server_start (DmsRestServer *self, GError **error);
void dms_rest_server_stop (DmsRestServer *self);
/* The port listened on, 0 when not started. */
guint16 dms_rest_server_get_port (DmsRestServer *self);

G_END_DECLS
