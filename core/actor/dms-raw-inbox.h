/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor-registry.h"

G_BEGIN_DECLS

/* An inbox whose messages go to a function as they came, from the main loop, never from inside a delivery.
 * Counted; nothing is delivered any more once the last reference is gone. */
typedef struct _DmsRawInbox DmsRawInbox;

DmsRawInbox *dms_raw_inbox_new (DmsActorRegistry *registry,
                                const char *inbox,
                                DmsRawHandlerFunc func,
                                gpointer user_data,
                                GDestroyNotify destroy);
DmsRawInbox *dms_raw_inbox_ref (DmsRawInbox *self);
void dms_raw_inbox_unref (DmsRawInbox *self);

/* FALSE when too much waits. */
gboolean dms_raw_inbox_push (DmsRawInbox *self, GBytes *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRawInbox, dms_raw_inbox_unref)

G_END_DECLS
