/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-stream-port.h"

struct _DmsP2pStreamPort
{
  gatomicrefcount n_refs;
  DmsP2pPipe *pipe;
  GList *sources; /* of DmsP2pStreamPortSource, not owned */
  gboolean input_closed;
  gboolean output_closed;
  gboolean is_full; /* the pipe took nothing the last time */
};

typedef struct
{
  GSource source;
  DmsP2pStreamPort *port;
  GIOCondition condition;
  gboolean is_ready;
} DmsP2pStreamPortSource;

/* The pipe wants what sources wait for. */
static void
dms_p2p_stream_port_update (DmsP2pStreamPort *self)
{
  GIOCondition wanted = 0;

  if (self->pipe == NULL)
    return;
  for (GList *item = self->sources; item != NULL; item = item->next)
    {
      DmsP2pStreamPortSource *source = item->data;

      if (!source->is_ready)
        wanted |= source->condition;
    }
  dms_p2p_pipe_want (self->pipe, wanted);
}

static void
dms_p2p_stream_port_wake (DmsP2pStreamPort *self, GIOCondition condition)
{
  for (GList *item = self->sources; item != NULL; item = item->next)
    {
      DmsP2pStreamPortSource *source = item->data;

      if ((source->condition & condition) == 0 || source->is_ready)
        continue;
      source->is_ready = TRUE;
      g_source_set_ready_time (&source->source, 0);
    }
  dms_p2p_stream_port_update (self);
}

static void
dms_p2p_stream_port_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pStreamPort *self = user_data;

  if ((condition & G_IO_OUT) != 0)
    self->is_full = FALSE;
  dms_p2p_stream_port_wake (self, condition);
}

/* --- sources ------------------------------------------------------------------------------------------- */

static gboolean
dms_p2p_stream_port_is_over (DmsP2pStreamPort *self, GIOCondition condition)
{
  return self->pipe == NULL || ((condition & G_IO_IN) != 0 && self->input_closed) ||
         ((condition & G_IO_OUT) != 0 && self->output_closed);
}

static gboolean
dms_p2p_stream_port_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  DmsP2pStreamPortSource *self = (DmsP2pStreamPortSource *) source;

  self->is_ready = dms_p2p_stream_port_is_over (self->port, self->condition);
  if (!self->is_ready)
    g_source_set_ready_time (source, -1);
  if (callback != NULL && !callback (user_data))
    return G_SOURCE_REMOVE;
  dms_p2p_stream_port_update (self->port);
  return G_SOURCE_CONTINUE;
}

static void
dms_p2p_stream_port_source_finalize (GSource *source)
{
  DmsP2pStreamPortSource *self = (DmsP2pStreamPortSource *) source;

  self->port->sources = g_list_remove (self->port->sources, self);
  dms_p2p_stream_port_update (self->port);
  dms_p2p_stream_port_unref (self->port);
}

/* The source is only ever the child of a pollable one, which gives it a closure that does nothing. */
static gboolean
dms_p2p_stream_port_source_on_closure (gpointer closure)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs dms_p2p_stream_port_source_funcs = {
  .closure_callback = dms_p2p_stream_port_source_on_closure,
  .dispatch = dms_p2p_stream_port_source_dispatch,
  .finalize = dms_p2p_stream_port_source_finalize,
};

GSource *
dms_p2p_stream_port_create_source (DmsP2pStreamPort *self, GIOCondition condition)
{
  GSource *source = g_source_new (&dms_p2p_stream_port_source_funcs, sizeof (DmsP2pStreamPortSource));
  DmsP2pStreamPortSource *own = (DmsP2pStreamPortSource *) source;

  g_source_set_static_name (source, "dms-p2p-stream");
  own->port = dms_p2p_stream_port_ref (self);
  own->condition = condition;
  own->is_ready = dms_p2p_stream_port_is_over (self, condition);
  self->sources = g_list_prepend (self->sources, own);
  if (own->is_ready)
    g_source_set_ready_time (source, 0);
  else
    dms_p2p_stream_port_update (self);
  return source;
}

/* --- bytes --------------------------------------------------------------------------------------------- */

static gssize
dms_p2p_stream_port_translate (gssize n, GError **error)
{
  if (n != DMS_P2P_WOULD_BLOCK)
    return n;
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "nothing can be read or written now; use the _async calls");
  return -1;
}

static gboolean
dms_p2p_stream_port_check (DmsP2pStreamPort *self, GIOCondition condition, GError **error)
{
  if (!dms_p2p_stream_port_is_over (self, condition))
    return TRUE;
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the stream is closed");
  return FALSE;
}

gssize
dms_p2p_stream_port_read (DmsP2pStreamPort *self, void *buffer, gsize size, GError **error)
{
  if (!dms_p2p_stream_port_check (self, G_IO_IN, error))
    return -1;
  if (size == 0)
    return 0;
  return dms_p2p_stream_port_translate (dms_p2p_pipe_read (self->pipe, buffer, size, error), error);
}

gssize
dms_p2p_stream_port_writev (DmsP2pStreamPort *self,
                            const GOutputVector *vectors,
                            gsize n_vectors,
                            GError **error)
{
  gssize n = 0;

  if (!dms_p2p_stream_port_check (self, G_IO_OUT, error))
    return -1;
  n = dms_p2p_pipe_writev (self->pipe, vectors, n_vectors, error);
  self->is_full = n == DMS_P2P_WOULD_BLOCK;
  return dms_p2p_stream_port_translate (n, error);
}

/* A pipe shows what it has by giving it. */
gboolean
dms_p2p_stream_port_is_readable (DmsP2pStreamPort *self)
{
  guint8 byte = 0;
  gssize n = 0;

  if (dms_p2p_stream_port_is_over (self, G_IO_IN))
    return TRUE;
  n = dms_p2p_pipe_read (self->pipe, &byte, 1, NULL);
  if (n == 1)
    dms_p2p_pipe_unread (self->pipe, &byte, 1);
  return n != DMS_P2P_WOULD_BLOCK;
}

gboolean
dms_p2p_stream_port_is_writable (DmsP2pStreamPort *self)
{
  return !self->is_full || dms_p2p_stream_port_is_over (self, G_IO_OUT);
}

/* --- the end ------------------------------------------------------------------------------------------- */

void
dms_p2p_stream_port_close (DmsP2pStreamPort *self)
{
  g_autoptr (DmsP2pStreamPort) keep = dms_p2p_stream_port_ref (self);

  self->input_closed = TRUE;
  self->output_closed = TRUE;
  if (self->pipe != NULL)
    dms_p2p_pipe_close (self->pipe);
  dms_p2p_stream_port_wake (self, G_IO_IN | G_IO_OUT);
}

void
dms_p2p_stream_port_close_input (DmsP2pStreamPort *self)
{
  self->input_closed = TRUE;
  if (self->output_closed)
    dms_p2p_stream_port_close (self);
  else
    dms_p2p_stream_port_wake (self, G_IO_IN);
}

gboolean
dms_p2p_stream_port_close_output (DmsP2pStreamPort *self, GError **error)
{
  gboolean done = TRUE;

  if (self->output_closed)
    return TRUE;
  self->output_closed = TRUE;
  if (self->pipe != NULL)
    done = dms_p2p_pipe_shutdown_write (self->pipe, error);
  if (self->input_closed)
    dms_p2p_stream_port_close (self);
  else
    dms_p2p_stream_port_wake (self, G_IO_OUT);
  return done;
}

void
dms_p2p_stream_port_reset (DmsP2pStreamPort *self)
{
  if (self->pipe != NULL)
    dms_p2p_pipe_reset (self->pipe, 0);
  dms_p2p_stream_port_close (self);
}

DmsP2pPipe *
dms_p2p_stream_port_get_pipe (DmsP2pStreamPort *self)
{
  return self->pipe;
}

DmsP2pPipe *
dms_p2p_stream_port_steal_pipe (DmsP2pStreamPort *self)
{
  DmsP2pPipe *pipe = g_steal_pointer (&self->pipe);

  if (pipe == NULL)
    return NULL;
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_stream_port_wake (self, G_IO_IN | G_IO_OUT);
  return pipe;
}

DmsP2pStreamPort *
dms_p2p_stream_port_new (DmsP2pPipe *pipe)
{
  DmsP2pStreamPort *self = g_new0 (DmsP2pStreamPort, 1);

  g_atomic_ref_count_init (&self->n_refs);
  self->pipe = pipe;
  dms_p2p_pipe_set_handler (pipe, dms_p2p_stream_port_on_ready, self);
  return self;
}

DmsP2pStreamPort *
dms_p2p_stream_port_ref (DmsP2pStreamPort *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
dms_p2p_stream_port_unref (DmsP2pStreamPort *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  if (self->pipe != NULL)
    dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
  g_clear_object (&self->pipe);
  g_free (self);
}
