/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-raw-inbox.h"

#define MAX_WAITING_MESSAGES 256
#define MAX_WAITING_BYTES (8 * 1024 * 1024)

struct _DmsRawInbox
{
  grefcount references;
  DmsActorRegistry *registry;
  char *inbox;
  DmsRawHandlerFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  GQueue waiting;
  gsize bytes;
  GSource *dispatch;
};

DmsRawInbox *
dms_raw_inbox_new (DmsActorRegistry *registry,
                   const char *inbox,
                   DmsRawHandlerFunc func,
                   gpointer user_data,
                   GDestroyNotify destroy)
{
  DmsRawInbox *self = g_new0 (DmsRawInbox, 1);

  g_ref_count_init (&self->references);
  self->registry = registry;
  self->inbox = g_strdup (inbox);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  g_queue_init (&self->waiting);
  return self;
}

DmsRawInbox *
dms_raw_inbox_ref (DmsRawInbox *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

static void
stop_dispatch (DmsRawInbox *self)
{
  if (self->dispatch != NULL)
    g_source_destroy (self->dispatch);
  g_clear_pointer (&self->dispatch, g_source_unref);
}

void
dms_raw_inbox_unref (DmsRawInbox *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  stop_dispatch (self);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->inbox);
  g_free (self);
}

static gboolean
on_dispatch (gpointer user_data)
{
  DmsRawInbox *self = user_data;
  g_autoptr (DmsActorRegistry) registry = g_object_ref (self->registry);
  g_autoptr (DmsRawInbox) kept = dms_raw_inbox_ref (self);
  g_autoptr (GBytes) bytes = g_queue_pop_head (&self->waiting);

  self->bytes -= g_bytes_get_size (bytes);
  if (self->waiting.length == 0)
    stop_dispatch (self);
  self->func (registry, self->inbox, bytes, self->user_data);
  return self->dispatch != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

gboolean
dms_raw_inbox_push (DmsRawInbox *self, GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  if (self->waiting.length >= MAX_WAITING_MESSAGES || size > MAX_WAITING_BYTES - self->bytes)
    return FALSE;
  self->bytes += size;
  g_queue_push_tail (&self->waiting, g_bytes_ref (bytes));
  if (self->dispatch == NULL)
    {
      self->dispatch = g_idle_source_new ();
      g_source_set_priority (self->dispatch, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->dispatch, on_dispatch, self, NULL);
      g_source_attach (self->dispatch, g_main_context_get_thread_default ());
    }
  return TRUE;
}
