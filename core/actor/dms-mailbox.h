/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-envelope.h"

G_BEGIN_DECLS

/* The messages that wait for one actor, bounded in number and in bytes, and fair: each peer that sends some,
 * and each sender on this machine, is served in turn, first in, first out, and nobody takes another's
 * place. */
typedef struct _DmsMailbox DmsMailbox;

/* Called for a message that had to give way to one of a sender who has less waiting. */
typedef void (*DmsMailboxDisplacedFunc) (DmsEnvelope *envelope, const char *peer, gpointer user_data);

DmsMailbox *dms_mailbox_new (guint max_messages,
                             gsize max_bytes,
                             DmsMailboxDisplacedFunc displaced,
                             gpointer user_data);
void dms_mailbox_free (DmsMailbox *self);

/* FALSE when it is full. @peer: (nullable): who brought it, NULL for this machine. `size` is what the message
 * took on the wire. */
gboolean dms_mailbox_push (DmsMailbox *self, DmsEnvelope *envelope, const char *peer, gsize size);
/* (nullable) (transfer full). @peer: (out) (nullable) (transfer full): who brought it. */
DmsEnvelope *dms_mailbox_pop (DmsMailbox *self, char **peer);
guint dms_mailbox_get_length (DmsMailbox *self);
void dms_mailbox_clear (DmsMailbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMailbox, dms_mailbox_free)

G_END_DECLS
