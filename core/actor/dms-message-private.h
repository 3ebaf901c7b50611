/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

/* Takes over the interaction of an opened envelope. */
DmsMessage *dms_message_new (DmsActor *actor, DmsEnvelope *envelope, guint64 interaction);

G_END_DECLS
