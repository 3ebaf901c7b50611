/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-agenda.h"

#include "dms-sim-clock.h"

typedef struct
{
  gint64 at_us;
  guint64 number;
  DmsSimEventFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Event;

struct _DmsSimAgenda
{
  /* Event: a heap, the next one first. */
  GArray *heap;
  guint64 n_planned;
  guint64 n_done;
};

static Event *
get (DmsSimAgenda *self, guint i)
{
  return &g_array_index (self->heap, Event, i);
}

static gboolean
is_before (const Event *a, const Event *b)
{
  return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void
swap (DmsSimAgenda *self, guint i, guint j)
{
  Event event = *get (self, i);

  *get (self, i) = *get (self, j);
  *get (self, j) = event;
}

static Event
pop (DmsSimAgenda *self)
{
  Event first = *get (self, 0);
  guint n = self->heap->len - 1;
  guint i = 0;
  guint least = 0;

  swap (self, 0, n);
  g_array_set_size (self->heap, n);
  do
    {
      i = least;
      for (guint child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
        if (is_before (get (self, child), get (self, least)))
          least = child;
      if (least != i)
        swap (self, i, least);
    }
  while (least != i);
  return first;
}

DmsSimAgenda *
dms_sim_agenda_new (void)
{
  DmsSimAgenda *self = g_new0 (DmsSimAgenda, 1);

  self->heap = g_array_new (FALSE, FALSE, sizeof (Event));
  return self;
}

void
dms_sim_agenda_free (DmsSimAgenda *self)
{
  /* What is let go of may plan something more. */
  while (self->heap->len > 0)
    {
      Event event = pop (self);

      if (event.destroy != NULL)
        event.destroy (event.data);
    }
  g_array_unref (self->heap);
  g_free (self);
}

void
dms_sim_agenda_add (DmsSimAgenda *self,
                    gint64 at_us,
                    DmsSimEventFunc func,
                    gpointer data,
                    GDestroyNotify destroy)
{
  Event event = { MAX (at_us, dms_sim_clock_get_us ()), self->n_planned++, func, data, destroy };
  guint i = self->heap->len;

  g_array_append_val (self->heap, event);
  while (i > 0 && is_before (get (self, i), get (self, (i - 1) / 2)))
    {
      swap (self, i, (i - 1) / 2);
      i = (i - 1) / 2;
    }
}

gint64
dms_sim_agenda_get_next_us (DmsSimAgenda *self)
{
  return self->heap->len > 0 ? get (self, 0)->at_us : G_MAXINT64;
}

void
dms_sim_agenda_run_one (DmsSimAgenda *self)
{
  Event event = pop (self);

  dms_sim_clock_set_us (event.at_us);
  self->n_done++;
  event.func (event.data);
  if (event.destroy != NULL)
    event.destroy (event.data);
}

guint64
dms_sim_agenda_get_n_done (DmsSimAgenda *self)
{
  return self->n_done;
}
