/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* Puts a message, not checked yet, into the mailbox. DMS_ERROR_BUSY when that is full. `peer` brought it
 * (NULL: this machine); `size` is in bytes. */
gboolean dms_actor_deliver (DmsActor *self,
                            DmsEnvelope *envelope,
                            const char *peer,
                            gsize size,
                            GError **error);
/* Links of a message's tokens whose signatures are to be computed before it is delivered; NULL: none. */
GPtrArray *dms_actor_dup_unchecked (DmsActor *self, DmsEnvelope *envelope);
/* Whether some behaviour listens to this broadcast. */
gboolean dms_actor_listens_to (DmsActor *self, DmsEnvelope *envelope);

gboolean dms_actor_reply (DmsActor *self,
                          DmsEnvelope *question,
                          guint64 interaction,
                          GBytes *payload,
                          GBytes *tokens,
                          GError **error);

G_END_DECLS
