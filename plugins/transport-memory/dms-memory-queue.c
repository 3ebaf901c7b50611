/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-memory-queue.h"

/* How much is done before other work of the loop gets its turn. */
#define ITEMS_PER_TURN 32

typedef struct
{
  gsize size;
  DmsMemoryWork work;
  gpointer data;
  GDestroyNotify destroy;
} Item;

struct _DmsMemoryQueue
{
  guint references;
  gboolean closed;
  gpointer receiver;
  guint max_items;
  gsize max_bytes;
  GMainContext *context;
  GSource *source;
  GQueue items;
  gsize bytes;
  guint peak_items;
  gsize peak_bytes;
  guint64 refused_items;
  guint64 refused_bytes;
};

static void
item_free (Item *item)
{
  if (item->destroy != NULL)
    item->destroy (item->data);
  g_free (item);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Item, item_free)

DmsMemoryQueue *
dms_memory_queue_new (gpointer receiver, guint max_items, gsize max_bytes)
{
  DmsMemoryQueue *self = g_new0 (DmsMemoryQueue, 1);

  self->references = 1;
  self->receiver = receiver;
  self->max_items = max_items;
  self->max_bytes = max_bytes;
  self->context = g_main_context_ref_thread_default ();
  g_queue_init (&self->items);
  return self;
}

static void
stop_source (DmsMemoryQueue *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
unref (DmsMemoryQueue *self)
{
  if (--self->references > 0)
    return;
  g_main_context_unref (self->context);
  g_free (self);
}

void
dms_memory_queue_free (DmsMemoryQueue *self)
{
  self->closed = TRUE;
  stop_source (self);
  g_queue_clear_full (&self->items, (GDestroyNotify) item_free);
  unref (self);
}

static gboolean
on_turn (gpointer user_data)
{
  DmsMemoryQueue *self = user_data;
  gboolean more;

  /* The work may close the queue. */
  self->references++;
  for (guint i = 0; i < ITEMS_PER_TURN && !self->closed; i++)
    {
      g_autoptr (Item) item = g_queue_pop_head (&self->items);

      if (item == NULL)
        break;
      self->bytes -= item->size;
      item->work (self->receiver, item->data);
    }
  more = !self->closed && self->items.length > 0;
  if (!more)
    stop_source (self);
  unref (self);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

gboolean
dms_memory_queue_push (DmsMemoryQueue *self,
                       gsize size,
                       DmsMemoryWork work,
                       gpointer work_data,
                       GDestroyNotify destroy)
{
  Item *item = g_new (Item, 1);

  *item = (Item){ size, work, work_data, destroy };
  self->refused_items += self->items.length >= self->max_items;
  self->refused_bytes += size > self->max_bytes - self->bytes;
  if (self->closed || self->items.length >= self->max_items || size > self->max_bytes - self->bytes)
    {
      item_free (item);
      return FALSE;
    }
  self->bytes += size;
  g_queue_push_tail (&self->items, item);
  self->peak_items = MAX (self->peak_items, self->items.length);
  self->peak_bytes = MAX (self->peak_bytes, self->bytes);
  if (self->source == NULL)
    {
      self->source = g_idle_source_new ();
      g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->source, on_turn, self, NULL);
      g_source_attach (self->source, self->context);
    }
  return TRUE;
}

void
dms_memory_queue_describe (DmsMemoryQueue *self, GPtrArray *infos)
{
  g_ptr_array_add (infos,
                   dms_limit_info_new ("system",
                                       NULL,
                                       "messages",
                                       self->items.length,
                                       self->max_items,
                                       self->peak_items,
                                       self->refused_items));
  g_ptr_array_add (
      infos,
      dms_limit_info_new (
          "system", NULL, "memory", self->bytes, self->max_bytes, self->peak_bytes, self->refused_bytes));
}
