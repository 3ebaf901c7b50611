/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-splice.h"

enum
{
  /* What one way may hold while the other end does not take it. Nothing is held while it does. */
  DMS_P2P_SPLICE_BLOCK = 16 * 1024,
  /* Blocks a way may move before others have their turn. */
  DMS_P2P_SPLICE_TURN = 8,
};

/* One way. */
typedef struct
{
  DmsP2pPipe *from;
  DmsP2pPipe *to;
  GBytes *held;
  guint64 n_bytes;
  gboolean is_over;
} DmsP2pWay;

struct _DmsP2pSplice
{
  DmsP2pWay ways[2];
  guint64 max_bytes;
  GSource *deadline;
  gboolean is_done;
  DmsP2pSpliceDone done;
  gpointer user_data;
};

static void
dms_p2p_splice_stop (DmsP2pSplice *self, gboolean is_good)
{
  self->is_done = TRUE;
  if (self->deadline != NULL)
    g_source_destroy (self->deadline);
  g_clear_pointer (&self->deadline, g_source_unref);
  for (guint i = 0; i < 2; i++)
    {
      DmsP2pPipe *pipe = self->ways[i].from;

      dms_p2p_pipe_set_handler (pipe, NULL, NULL);
      if (is_good)
        dms_p2p_pipe_close (pipe);
      else
        dms_p2p_pipe_reset (pipe, 0);
    }
}

/* Told last: it may free the splice. */
static void
dms_p2p_splice_end (DmsP2pSplice *self, gboolean is_good)
{
  dms_p2p_splice_stop (self, is_good);
  self->done (self, self->user_data);
}

/* Hands on what is held. 1 when nothing is held any more, 0 when that has to wait, -1 when it broke. */
static int
dms_p2p_way_write (DmsP2pWay *way)
{
  while (way->held != NULL)
    {
      g_autoptr (GBytes) held = g_steal_pointer (&way->held);
      gsize size = 0;
      const void *data = g_bytes_get_data (held, &size);
      gssize n = dms_p2p_pipe_write (way->to, data, size, NULL);

      if (n == DMS_P2P_WOULD_BLOCK)
        way->held = g_steal_pointer (&held);
      if (n < 0)
        return n == DMS_P2P_WOULD_BLOCK ? 0 : -1;
      if ((gsize) n < size)
        way->held = g_bytes_new_from_bytes (held, (gsize) n, size - (gsize) n);
    }
  return 1;
}

/* Reads a block, or only whether there is more than may be. As dms_p2p_way_write(). */
static int
dms_p2p_way_read (DmsP2pWay *way, guint64 max_bytes)
{
  guint8 block[DMS_P2P_SPLICE_BLOCK];
  guint64 left = max_bytes > 0 ? max_bytes - way->n_bytes : G_MAXUINT64;
  gssize n = dms_p2p_pipe_read (way->from, block, (gsize) CLAMP (left, 1, sizeof block), NULL);
  gssize written = 0;

  if (n == DMS_P2P_WOULD_BLOCK)
    return 0;
  if (n < 0 || (n > 0 && left == 0))
    return -1;
  if (n == 0)
    {
      way->is_over = TRUE;
      return dms_p2p_pipe_shutdown_write (way->to, NULL) ? 1 : -1;
    }
  way->n_bytes += (guint64) n;
  written = dms_p2p_pipe_write (way->to, block, (gsize) n, NULL);
  if (written < 0 && written != DMS_P2P_WOULD_BLOCK)
    return -1;
  written = MAX (written, 0);
  if (written < n)
    way->held = g_bytes_new (block + written, (gsize) (n - written));
  return 1;
}

/* FALSE when it broke. */
static gboolean
dms_p2p_way_pump (DmsP2pWay *way, guint64 max_bytes)
{
  int went = 1;

  for (guint i = 0; i < DMS_P2P_SPLICE_TURN && !way->is_over; i++)
    {
      went = dms_p2p_way_write (way);
      if (went == 1)
        went = dms_p2p_way_read (way, max_bytes);
      if (went != 1)
        break;
    }
  return went >= 0;
}

static void
dms_p2p_splice_want (DmsP2pSplice *self)
{
  for (guint i = 0; i < 2; i++)
    {
      const DmsP2pWay *out = &self->ways[i];
      const DmsP2pWay *in = &self->ways[1 - i];
      GIOCondition condition = 0;

      if (!out->is_over && out->held == NULL)
        condition |= G_IO_IN;
      if (in->held != NULL)
        condition |= G_IO_OUT;
      dms_p2p_pipe_want (out->from, condition);
    }
}

static void
dms_p2p_splice_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pSplice *self = user_data;

  for (guint i = 0; i < 2; i++)
    if (!dms_p2p_way_pump (&self->ways[i], self->max_bytes))
      {
        dms_p2p_splice_end (self, FALSE);
        return;
      }
  if (self->ways[0].is_over && self->ways[1].is_over)
    dms_p2p_splice_end (self, TRUE);
  else
    dms_p2p_splice_want (self);
}

static gboolean
dms_p2p_splice_on_deadline (gpointer user_data)
{
  dms_p2p_splice_end (user_data, FALSE);
  return G_SOURCE_REMOVE;
}

DmsP2pSplice *
dms_p2p_splice_new (DmsP2pPipe *a,
                    DmsP2pPipe *b,
                    guint64 max_bytes,
                    guint max_s,
                    DmsP2pSpliceDone done,
                    gpointer user_data)
{
  DmsP2pSplice *self = g_new0 (DmsP2pSplice, 1);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->ways[0].from = g_object_ref (a);
  self->ways[0].to = g_object_ref (b);
  self->ways[1].from = g_object_ref (b);
  self->ways[1].to = g_object_ref (a);
  self->max_bytes = max_bytes;
  self->done = done;
  self->user_data = user_data;
  if (max_s > 0)
    {
      self->deadline = g_timeout_source_new_seconds (max_s);
      g_source_set_static_name (self->deadline, "dms-p2p-splice");
      g_source_set_callback (self->deadline, dms_p2p_splice_on_deadline, self, NULL);
      g_source_attach (self->deadline, context);
    }
  dms_p2p_pipe_set_handler (a, dms_p2p_splice_on_ready, self);
  dms_p2p_pipe_set_handler (b, dms_p2p_splice_on_ready, self);
  dms_p2p_splice_want (self);
  return self;
}

void
dms_p2p_splice_free (DmsP2pSplice *self)
{
  if (!self->is_done)
    dms_p2p_splice_stop (self, FALSE);
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&self->ways[i].from);
      g_clear_object (&self->ways[i].to);
      g_clear_pointer (&self->ways[i].held, g_bytes_unref);
    }
  g_free (self);
}

guint64
dms_p2p_splice_get_n_bytes (DmsP2pSplice *self)
{
  return self->ways[0].n_bytes + self->ways[1].n_bytes;
}
