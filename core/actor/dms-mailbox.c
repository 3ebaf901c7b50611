/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-mailbox.h"

typedef struct {
  DmsEnvelope *envelope;
  gsize size;
} Waiting;

struct _DmsMailbox
{
  GQueue queue;
  guint max_messages;
  gsize max_bytes;
  gsize bytes;
};

static void
waiting_free (Waiting *waiting)
{
  dms_envelope_unref (waiting->envelope);
  g_free (waiting);
}

DmsMailbox *
dms_mailbox_new (guint max_messages, gsize max_bytes)
{
  DmsMailbox *self = g_new0 (DmsMailbox, 1);

  g_queue_init (&self->queue);
  self->max_messages = max_messages;
  self->max_bytes = max_bytes;
  return self;
}

void
dms_mailbox_free (DmsMailbox *self)
{
  dms_mailbox_clear (self);
  g_free (self);
}

gboolean
dms_mailbox_push (DmsMailbox *self, DmsEnvelope *envelope, gsize size)
{
  Waiting *waiting;

  if (self->queue.length >= self->max_messages || size > self->max_bytes - self->bytes)
    return FALSE;
  waiting = g_new (Waiting, 1);
  waiting->envelope = dms_envelope_ref (envelope);
  waiting->size = size;
  self->bytes += size;
  g_queue_push_tail (&self->queue, waiting);
  return TRUE;
}

DmsEnvelope *
dms_mailbox_pop (DmsMailbox *self)
{
  Waiting *waiting = g_queue_pop_head (&self->queue);
  DmsEnvelope *envelope;

  if (waiting == NULL)
    return NULL;
  self->bytes -= waiting->size;
  envelope = waiting->envelope;
  g_free (waiting);
  return envelope;
}

guint
dms_mailbox_get_length (DmsMailbox *self)
{
  return self->queue.length;
}

void
dms_mailbox_clear (DmsMailbox *self)
{
  g_queue_clear_full (&self->queue, (GDestroyNotify) waiting_free);
  self->bytes = 0;
}
