/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-envelope.h"

G_BEGIN_DECLS

/* The messages that wait for one actor, first in, first out, bounded in number and in bytes. */
typedef struct _DmsMailbox DmsMailbox;

DmsMailbox *dms_mailbox_new (guint max_messages, gsize max_bytes);
void dms_mailbox_free (DmsMailbox *self);

/* FALSE when it is full. `size` is what the message took on the wire. */
gboolean dms_mailbox_push (DmsMailbox *self, DmsEnvelope *envelope, gsize size);
/* (nullable) (transfer full) */
DmsEnvelope *dms_mailbox_pop (DmsMailbox *self);
guint dms_mailbox_get_length (DmsMailbox *self);
void dms_mailbox_clear (DmsMailbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMailbox, dms_mailbox_free)

G_END_DECLS
