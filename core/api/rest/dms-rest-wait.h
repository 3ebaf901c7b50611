/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "api/rest/dms-rest-server-private.h"

G_BEGIN_DECLS

/* A request that waits for messages to the inbox its envelope came from. Owns itself: it ends, and answers,
 * when enough messages came, when the envelope expires, when sending fails, when the client goes away or the
 * server stops. */
typedef struct _DmsRestWait DmsRestWait;

/* Answers the request with the messages that came: an array of GBytes, empty when the time is over. */
typedef void (*DmsRestWaitFunc) (SoupServerMessage *message, GPtrArray *messages);

/* Pauses the request and takes the inbox. NULL, and the request answered, when the inbox is in use.
 * `enough` messages end the wait before the expiry; 0 waits for the expiry. */
DmsRestWait *dms_rest_wait_begin (DmsRestServer *server,
                                  SoupServerMessage *message,
                                  DmsEnvelope *envelope,
                                  guint enough,
                                  DmsRestWaitFunc answer);
DmsRestWait *dms_rest_wait_ref (DmsRestWait *self);
void dms_rest_wait_unref (DmsRestWait *self);
/* Ends it with 500 and this text, unless it ended before. */
void dms_rest_wait_fail (DmsRestWait *self, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRestWait, dms_rest_wait_unref)

G_END_DECLS
