/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-trickle-pipe.h"

struct _DmsTricklePipe
{
  DmsP2pPipe parent_instance;

  DmsP2pPipe *inner;
  gboolean is_read_due;
  gboolean is_write_due;
};

G_DEFINE_FINAL_TYPE (DmsTricklePipe, dms_trickle_pipe, DMS_TYPE_P2P_PIPE)

static gssize
dms_trickle_pipe_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsTricklePipe *self = DMS_TRICKLE_PIPE (pipe);

  self->is_read_due = !self->is_read_due;
  return self->is_read_due ? DMS_P2P_WOULD_BLOCK : dms_p2p_pipe_read (self->inner, buffer, 1, error);
}

static gssize
dms_trickle_pipe_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsTricklePipe *self = DMS_TRICKLE_PIPE (pipe);

  self->is_write_due = !self->is_write_due;
  if (self->is_write_due)
    return DMS_P2P_WOULD_BLOCK;
  while (n_vectors > 1 && vectors->size == 0)
    {
      vectors++;
      n_vectors--;
    }
  return dms_p2p_pipe_write (self->inner, vectors->buffer, MIN (vectors->size, 1), error);
}

static gboolean
dms_trickle_pipe_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  return dms_p2p_pipe_shutdown_write (DMS_TRICKLE_PIPE (pipe)->inner, error);
}

static void
dms_trickle_pipe_close (DmsP2pPipe *pipe)
{
  dms_p2p_pipe_close (DMS_TRICKLE_PIPE (pipe)->inner);
}

static void
dms_trickle_pipe_reset (DmsP2pPipe *pipe, guint64 code)
{
  dms_p2p_pipe_reset (DMS_TRICKLE_PIPE (pipe)->inner, code);
}

static void
dms_trickle_pipe_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  dms_p2p_pipe_want (DMS_TRICKLE_PIPE (pipe)->inner, condition);
}

static void
dms_trickle_pipe_on_ready (DmsP2pPipe *inner, GIOCondition condition, gpointer user_data)
{
  dms_p2p_pipe_dispatch (user_data, condition);
}

static void
dms_trickle_pipe_dispose (GObject *object)
{
  DmsTricklePipe *self = DMS_TRICKLE_PIPE (object);

  if (self->inner != NULL)
    dms_p2p_pipe_set_handler (self->inner, NULL, NULL);
  g_clear_object (&self->inner);
  G_OBJECT_CLASS (dms_trickle_pipe_parent_class)->dispose (object);
}

static void
dms_trickle_pipe_class_init (DmsTricklePipeClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_trickle_pipe_dispose;
  pipe_class->read = dms_trickle_pipe_read;
  pipe_class->writev = dms_trickle_pipe_writev;
  pipe_class->shutdown_write = dms_trickle_pipe_shutdown_write;
  pipe_class->close = dms_trickle_pipe_close;
  pipe_class->reset = dms_trickle_pipe_reset;
  pipe_class->want = dms_trickle_pipe_want;
}

static void
dms_trickle_pipe_init (DmsTricklePipe *self)
{
}

DmsP2pPipe *
dms_trickle_pipe_new (DmsP2pPipe *inner)
{
  DmsTricklePipe *self = g_object_new (DMS_TYPE_TRICKLE_PIPE, NULL);

  self->inner = g_object_ref (inner);
  dms_p2p_pipe_set_handler (inner, dms_trickle_pipe_on_ready, self);
  return DMS_P2P_PIPE (self);
}
