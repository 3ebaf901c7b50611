/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-mailbox.h"

#include "actor/dms-fair-queue.h"

/* Senders told apart at one time. */
#define MAX_SENDERS 256

typedef struct {
  DmsEnvelope *envelope;
  char *peer;
} Waiting;

struct _DmsMailbox
{
  DmsFairQueue *queue;
  DmsMailboxDisplacedFunc displaced;
  gpointer user_data;
};

static void
waiting_free (Waiting *waiting)
{
  g_clear_pointer (&waiting->envelope, dms_envelope_unref);
  g_free (waiting->peer);
  g_free (waiting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

static void
on_displaced (const char *key, gpointer item, gpointer user_data)
{
  DmsMailbox *self = user_data;
  const Waiting *waiting = item;

  if (self->displaced != NULL)
    self->displaced (waiting->envelope, waiting->peer, self->user_data);
}

DmsMailbox *
dms_mailbox_new (guint max_messages, gsize max_bytes, DmsMailboxDisplacedFunc displaced, gpointer user_data)
{
  const DmsFairQueueLimits limits = { .max_keys = MAX_SENDERS,
                                      .max_items_per_key = max_messages,
                                      .max_bytes_per_key = max_bytes,
                                      .max_items = max_messages,
                                      .max_bytes = max_bytes };
  DmsMailbox *self = g_new0 (DmsMailbox, 1);

  self->queue = dms_fair_queue_new (&limits, (GDestroyNotify) waiting_free);
  self->displaced = displaced;
  self->user_data = user_data;
  dms_fair_queue_set_displaced_func (self->queue, on_displaced, self);
  return self;
}

void
dms_mailbox_free (DmsMailbox *self)
{
  dms_fair_queue_free (self->queue);
  g_free (self);
}

/* A peer cannot pretend to be another one; whom it sends for is not proven yet. */
static const char *
key_of (DmsEnvelope *envelope, const char *peer)
{
  return peer != NULL ? peer : dms_handle_get_id (dms_envelope_get_from (envelope));
}

gboolean
dms_mailbox_push (DmsMailbox *self, DmsEnvelope *envelope, const char *peer, gsize size)
{
  g_autoptr (Waiting) waiting = g_new0 (Waiting, 1);

  waiting->envelope = dms_envelope_ref (envelope);
  waiting->peer = g_strdup (peer);
  if (dms_fair_queue_push (self->queue, key_of (envelope, peer), size, waiting) != DMS_FAIR_QUEUE_TAKEN)
    return FALSE;
  waiting = NULL;
  return TRUE;
}

DmsEnvelope *
dms_mailbox_pop (DmsMailbox *self, char **peer)
{
  g_autoptr (Waiting) waiting = dms_fair_queue_pop (self->queue);

  if (waiting == NULL)
    return NULL;
  *peer = g_steal_pointer (&waiting->peer);
  return g_steal_pointer (&waiting->envelope);
}

guint
dms_mailbox_get_length (DmsMailbox *self)
{
  return dms_fair_queue_get_length (self->queue);
}

void
dms_mailbox_clear (DmsMailbox *self)
{
  dms_fair_queue_clear (self->queue);
}
