/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-validations.h"

#define MAX_WAITING 8192

typedef struct
{
  guint64 ticket;
  gint64 expires_us;
  gpointer receiver;
  DmsMemoryDelivery *delivery;
  DmsMemoryVerdict verdict;
} Validation;

struct _DmsMemoryValidations
{
  guint64 next_ticket;
  /* guint64* to Validation, which are in the queue as well, the oldest first. */
  GHashTable *waiting;
  GQueue order;
  GSource *timer;
};

DmsMemoryValidations *
dms_memory_validations_new (void)
{
  DmsMemoryValidations *self = g_new0 (DmsMemoryValidations, 1);

  self->next_ticket = 1;
  self->waiting = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&self->order);
  return self;
}

static void
stop_timer (DmsMemoryValidations *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

void
dms_memory_validations_free (DmsMemoryValidations *self)
{
  dms_memory_validations_drop_all (self);
  g_hash_table_unref (self->waiting);
  g_free (self);
}

void
dms_memory_validations_finish (DmsMemoryValidations *self, guint64 ticket, DmsValidation verdict)
{
  Validation *validation = g_hash_table_lookup (self->waiting, &ticket);

  if (validation == NULL)
    return;
  g_hash_table_remove (self->waiting, &ticket);
  g_queue_remove (&self->order, validation);
  if (g_queue_is_empty (&self->order))
    stop_timer (self);
  validation->verdict (validation->receiver, validation->delivery, verdict);
  g_free (validation);
}

void
dms_memory_validations_drop_all (DmsMemoryValidations *self)
{
  while (!g_queue_is_empty (&self->order))
    dms_memory_validations_finish (self, ((Validation *) g_queue_peek_head (&self->order))->ticket,
                                   DMS_VALIDATION_IGNORE);
}

static gboolean
on_timer (gpointer user_data)
{
  DmsMemoryValidations *self = user_data;
  gint64 now_us = g_get_monotonic_time ();
  g_autoptr (GObject) keep = NULL;

  /* A publication may be all that holds its transport, and with it these. */
  if (!g_queue_is_empty (&self->order))
    keep = g_object_ref (((Validation *) g_queue_peek_head (&self->order))->receiver);
  while (!g_queue_is_empty (&self->order)
         && ((Validation *) g_queue_peek_head (&self->order))->expires_us <= now_us)
    dms_memory_validations_finish (self, ((Validation *) g_queue_peek_head (&self->order))->ticket,
                                   DMS_VALIDATION_IGNORE);
  return G_SOURCE_CONTINUE;
}

static void
start_timer (DmsMemoryValidations *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->timer = g_timeout_source_new_seconds (1);
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, context);
}

guint64
dms_memory_validations_open (DmsMemoryValidations *self,
                             gpointer receiver,
                             DmsMemoryDelivery *delivery,
                             DmsMemoryVerdict verdict)
{
  Validation *validation = NULL;

  if (g_queue_get_length (&self->order) >= MAX_WAITING)
    return 0;
  validation = g_new0 (Validation, 1);
  validation->ticket = self->next_ticket++;
  validation->expires_us =
    g_get_monotonic_time () + DMS_TRANSPORT_VALIDATION_TIMEOUT_S * (gint64) G_USEC_PER_SEC;
  validation->receiver = receiver;
  validation->delivery = delivery;
  validation->verdict = verdict;
  g_hash_table_insert (self->waiting, &validation->ticket, validation);
  g_queue_push_tail (&self->order, validation);
  if (self->timer == NULL)
    start_timer (self);
  return validation->ticket;
}
