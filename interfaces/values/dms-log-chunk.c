/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-log-chunk.h"

#include "values/dms-value-private.h"

/**
 * DmsLogChunk:
 *
 * A piece of what a job wrote to a stream. Immutable and counted.
 */
struct _DmsLogChunk
{
  DmsLogStream stream;
  guint64 offset;
  GBytes *data;
  guint64 total_size;
  gboolean eof;
};

G_DEFINE_BOXED_TYPE (DmsLogChunk, dms_log_chunk, dms_log_chunk_ref, dms_log_chunk_unref)

/**
 * dms_log_chunk_new:
 * @stream: which stream
 * @offset: where the piece begins in the stream, in bytes
 * @data: (nullable): the bytes
 * @total_size: bytes in the stream so far
 * @eof: whether the job has ended and nothing follows this piece
 *
 * Makes a chunk.
 *
 * Returns: (transfer full): the value
 */
DmsLogChunk *
dms_log_chunk_new (DmsLogStream stream,
                   guint64 offset,
                   GBytes *data,
                   guint64 total_size,
                   gboolean eof)
{
  DmsLogChunk *self = g_atomic_rc_box_new0 (DmsLogChunk);

  self->stream = stream;
  self->offset = offset;
  self->data = data != NULL ? g_bytes_ref (data) : g_bytes_new_static ("", 0);
  self->total_size = total_size;
  self->eof = eof != FALSE;
  return self;
}

/**
 * dms_log_chunk_get_stream:
 * @self: a log chunk
 *
 * Returns: which stream
 */
DmsLogStream
dms_log_chunk_get_stream (DmsLogChunk *self)
{
  return self->stream;
}

/**
 * dms_log_chunk_get_offset:
 * @self: a log chunk
 *
 * Returns: where the piece begins in the stream, in bytes
 */
guint64
dms_log_chunk_get_offset (DmsLogChunk *self)
{
  return self->offset;
}

/**
 * dms_log_chunk_get_data:
 * @self: a log chunk
 *
 * Returns: (transfer none): the bytes
 */
GBytes *
dms_log_chunk_get_data (DmsLogChunk *self)
{
  return self->data;
}

/**
 * dms_log_chunk_get_total_size:
 * @self: a log chunk
 *
 * Returns: bytes in the stream so far
 */
guint64
dms_log_chunk_get_total_size (DmsLogChunk *self)
{
  return self->total_size;
}

/**
 * dms_log_chunk_get_eof:
 * @self: a log chunk
 *
 * Returns: whether the job has ended and nothing follows this piece
 */
gboolean
dms_log_chunk_get_eof (DmsLogChunk *self)
{
  return self->eof;
}

/**
 * dms_log_chunk_ref:
 * @self: a log chunk
 *
 * Returns: (transfer full): @self
 */
DmsLogChunk *
dms_log_chunk_ref (DmsLogChunk *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_log_chunk_clear (gpointer data)
{
  DmsLogChunk *self = data;

  g_clear_pointer (&self->data, g_bytes_unref);
}

/**
 * dms_log_chunk_unref:
 * @self: (transfer full): a log chunk
 *
 * Gives up a reference.
 */
void
dms_log_chunk_unref (DmsLogChunk *self)
{
  g_atomic_rc_box_release_full (self, dms_log_chunk_clear);
}

/**
 * dms_log_chunk_equal:
 * @a: a log chunk
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_log_chunk_equal (DmsLogChunk *a, DmsLogChunk *b)
{
  return a->stream == b->stream
         && a->offset == b->offset
         && g_bytes_equal (a->data, b->data)
         && a->total_size == b->total_size
         && a->eof == b->eof;
}

/**
 * dms_log_chunk_get_next_offset:
 * @self: a log chunk
 *
 * Returns: where the next piece begins
 */
guint64
dms_log_chunk_get_next_offset (DmsLogChunk *self)
{
  return self->offset + g_bytes_get_size (self->data);
}
