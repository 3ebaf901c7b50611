/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <libsoup/soup.h>

#include "actor/dms-envelope.h"

G_BEGIN_DECLS

/* What the resources have in common: reading an envelope and answering JSON. */

/* `json` is a complete JSON text. */
void dms_rest_respond_json (SoupServerMessage *message, guint status, const char *json);
/* Takes the bytes as they are: JSON that came from an actor. */
void dms_rest_respond_bytes (SoupServerMessage *message, guint status, GBytes *json);
/* {"error": text} */
void dms_rest_respond_error (SoupServerMessage *message, guint status, const char *text);
void dms_rest_respond_not_found (SoupServerMessage *message);

/* libsoup does not tell the socket of a connection it did not accept itself, but it hands out the address
 * it was given: the socket goes with that. Borrowed; NULL when nobody set it. */
void dms_rest_set_socket (GSocketAddress *remote, GSocket *socket);
GSocket *dms_rest_get_socket (SoupServerMessage *message);

/* Notices when the client of a request is gone; called once for each. */
void dms_rest_watch (SoupServerMessage *message);
/* Lets a paused request go on, if anybody still waits for it. */
void dms_rest_resume (SoupServerMessage *message);

/* The envelope in the body; answers 400 itself and returns NULL when there is none. */
DmsEnvelope *dms_rest_read_envelope (SoupServerMessage *message);

G_END_DECLS
