/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-deadlines.h"

struct _DmsP2pQuicDeadlines
{
  GPtrArray *heap;
};

DmsP2pQuicDeadlines *
dms_p2p_quic_deadlines_new (void)
{
  DmsP2pQuicDeadlines *self = g_new0 (DmsP2pQuicDeadlines, 1);

  self->heap = g_ptr_array_new ();
  return self;
}

void
dms_p2p_quic_deadlines_free (DmsP2pQuicDeadlines *self)
{
  g_ptr_array_unref (self->heap);
  g_free (self);
}

static DmsP2pQuicDeadline *
dms_p2p_quic_deadlines_get (DmsP2pQuicDeadlines *self, guint position)
{
  return g_ptr_array_index (self->heap, position - 1);
}

static void
dms_p2p_quic_deadlines_put (DmsP2pQuicDeadlines *self, guint position, DmsP2pQuicDeadline *deadline)
{
  g_ptr_array_index (self->heap, position - 1) = deadline;
  deadline->position = position;
}

/* Moves @deadline up and down to where it belongs. */
static void
dms_p2p_quic_deadlines_settle (DmsP2pQuicDeadlines *self, DmsP2pQuicDeadline *deadline)
{
  guint position = deadline->position;
  guint child = 0;

  while (position > 1 && dms_p2p_quic_deadlines_get (self, position / 2)->at_us > deadline->at_us)
    {
      dms_p2p_quic_deadlines_put (self, position, dms_p2p_quic_deadlines_get (self, position / 2));
      position /= 2;
    }
  while ((child = 2 * position) <= self->heap->len)
    {
      if (child < self->heap->len && dms_p2p_quic_deadlines_get (self, child + 1)->at_us <
                                         dms_p2p_quic_deadlines_get (self, child)->at_us)
        child++;
      if (dms_p2p_quic_deadlines_get (self, child)->at_us >= deadline->at_us)
        break;
      dms_p2p_quic_deadlines_put (self, position, dms_p2p_quic_deadlines_get (self, child));
      position = child;
    }
  dms_p2p_quic_deadlines_put (self, position, deadline);
}

void
dms_p2p_quic_deadlines_set (DmsP2pQuicDeadlines *self, DmsP2pQuicDeadline *deadline, gint64 at_us)
{
  deadline->at_us = at_us;
  if (deadline->position == 0)
    {
      g_ptr_array_add (self->heap, deadline);
      deadline->position = self->heap->len;
    }
  dms_p2p_quic_deadlines_settle (self, deadline);
}

void
dms_p2p_quic_deadlines_remove (DmsP2pQuicDeadlines *self, DmsP2pQuicDeadline *deadline)
{
  DmsP2pQuicDeadline *last = NULL;
  guint position = deadline->position;

  if (position == 0)
    return;
  last = dms_p2p_quic_deadlines_get (self, self->heap->len);
  g_ptr_array_set_size (self->heap, (gint) self->heap->len - 1);
  deadline->position = 0;
  if (last == deadline)
    return;
  dms_p2p_quic_deadlines_put (self, position, last);
  dms_p2p_quic_deadlines_settle (self, last);
}

DmsP2pQuicDeadline *
dms_p2p_quic_deadlines_get_first (DmsP2pQuicDeadlines *self)
{
  return self->heap->len > 0 ? dms_p2p_quic_deadlines_get (self, 1) : NULL;
}
