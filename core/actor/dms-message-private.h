/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "actor/dms-limiter.h"

G_BEGIN_DECLS

/* Takes over the interaction of an opened envelope. */
DmsMessage *dms_message_new (DmsActor *actor, DmsEnvelope *envelope, guint64 interaction);
/* Takes what the message holds of the limits while it is handled. */
void dms_message_set_permit (DmsMessage *self, DmsPermit *permit);

G_END_DECLS
