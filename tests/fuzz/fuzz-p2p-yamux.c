/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "yamux/dms-p2p-yamux-private.h"

enum
{
  STREAMS_MAX = 64,
  /* What the wire takes at first before it is full. */
  WIRE_ROOM = 4096,
};

/* --- the wire ------------------------------------------------------------------------------------------ */

#define FUZZ_TYPE_WIRE (fuzz_wire_get_type ())
G_DECLARE_FINAL_TYPE (FuzzWire, fuzz_wire, FUZZ, WIRE, DmsP2pPipe)

/* A pipe that gives what the input says and takes what the input allows. */
struct _FuzzWire
{
  DmsP2pPipe parent_instance;

  GByteArray *in;
  GByteArray *out;
  gsize room;
  gboolean has_ended;
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (FuzzWire, fuzz_wire, DMS_TYPE_P2P_PIPE)

static gssize
fuzz_wire_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  FuzzWire *self = FUZZ_WIRE (pipe);
  gsize n = MIN (size, self->in->len);

  g_assert_false (self->is_closed);
  if (n == 0)
    return self->has_ended ? 0 : DMS_P2P_WOULD_BLOCK;
  memcpy (buffer, self->in->data, n);
  g_byte_array_remove_range (self->in, 0, (guint) n);
  return (gssize) n;
}

static gssize
fuzz_wire_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  FuzzWire *self = FUZZ_WIRE (pipe);
  gsize total = 0;

  g_assert_false (self->is_closed);
  for (gsize i = 0; i < n_vectors && self->room > 0; i++)
    {
      gsize n = MIN (vectors[i].size, self->room);

      g_byte_array_append (self->out, vectors[i].buffer, (guint) n);
      self->room -= n;
      total += n;
    }
  return total > 0 ? (gssize) total : DMS_P2P_WOULD_BLOCK;
}

static void
fuzz_wire_close (DmsP2pPipe *pipe)
{
  FUZZ_WIRE (pipe)->is_closed = TRUE;
}

static GIOCondition
fuzz_wire_poll (DmsP2pPipe *pipe)
{
  FuzzWire *self = FUZZ_WIRE (pipe);

  return (self->in->len > 0 || self->has_ended ? G_IO_IN : 0) | (self->room > 0 ? G_IO_OUT : 0);
}

static void
fuzz_wire_finalize (GObject *object)
{
  g_byte_array_unref (FUZZ_WIRE (object)->in);
  g_byte_array_unref (FUZZ_WIRE (object)->out);
  G_OBJECT_CLASS (fuzz_wire_parent_class)->finalize (object);
}

static void
fuzz_wire_class_init (FuzzWireClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = fuzz_wire_finalize;
  pipe_class->read = fuzz_wire_read;
  pipe_class->writev = fuzz_wire_writev;
  pipe_class->close = fuzz_wire_close;
  pipe_class->poll = fuzz_wire_poll;
}

static void
fuzz_wire_init (FuzzWire *self)
{
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->room = WIRE_ROOM;
}

/* --- a session between the wire and an application ----------------------------------------------------- */

typedef struct
{
  const guint8 *data;
  gsize size;
  FuzzWire *wire;
  DmsP2pMuxer *session;
  GPtrArray *streams;
  GHashTable *windows; /* what the session may send on a stream, at most */
  gint64 memory;
  gboolean has_ended;
} Fuzz;

static guint
take (Fuzz *self)
{
  if (self->size == 0)
    return 0;
  self->size--;
  return *self->data++;
}

static void
on_stream (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Fuzz *self = user_data;
  guint8 buffer[3000];

  if ((condition & G_IO_IN) != 0 && dms_p2p_pipe_read (pipe, buffer, sizeof buffer, NULL) == 0)
    dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~(guint) G_IO_IN);
  if ((condition & G_IO_OUT) != 0 && dms_p2p_pipe_write (pipe, buffer, 700, NULL) < 0)
    dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~(guint) G_IO_OUT);
  /* Some let go of others, or of themselves, in the middle. */
  if (self->streams->len % 7 == 6)
    {
      dms_p2p_pipe_set_handler (self->streams->pdata[self->streams->len / 2], NULL, NULL);
      g_ptr_array_remove_index_fast (self->streams, self->streams->len / 2);
    }
}

static void
add_stream (Fuzz *self, DmsP2pPipe *pipe)
{
  dms_p2p_pipe_set_handler (pipe, on_stream, self);
  g_ptr_array_add (self->streams, pipe);
}

static void
on_accept (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  Fuzz *self = user_data;

  if (self->streams->len >= STREAMS_MAX)
    return;
  add_stream (self, g_object_ref (pipe));
  dms_p2p_pipe_want (pipe, self->streams->len % 4);
}

static void
on_closed (DmsP2pMuxer *session, const GError *error, gpointer user_data)
{
  Fuzz *self = user_data;

  g_assert_false (self->has_ended);
  self->has_ended = TRUE;
  g_assert_cmpint (self->memory, ==, 0);
}

static gboolean
on_memory (DmsP2pMuxer *session, gssize delta, gpointer user_data)
{
  Fuzz *self = user_data;

  if (delta > 0 && self->memory + delta > 1024 * 1024)
    return FALSE;
  self->memory += delta;
  g_assert_cmpint (self->memory, >=, 0);
  return TRUE;
}

static void
allow (Fuzz *self, guint32 id, guint64 delta)
{
  guint64 *window = g_hash_table_lookup (self->windows, GUINT_TO_POINTER (id));

  if (window == NULL)
    {
      window = g_new (guint64, 1);
      *window = DMS_P2P_YAMUX_WINDOW_FIRST;
      g_hash_table_insert (self->windows, GUINT_TO_POINTER (id), window);
    }
  *window += delta;
}

/* A frame of the other side, mostly about right. */
static void
put_frame (Fuzz *self)
{
  static const guint16 sizes[] = { 0, 1, 12, 100, 4095, 4096, 5000, 65000 };
  DmsP2pYamuxFrame frame = { 0 };
  guint kind = take (self);
  guint shape = take (self);
  guint8 header[DMS_P2P_YAMUX_HEADER_BYTES];
  g_autofree guint8 *payload = NULL;

  frame.type = kind & 3;
  frame.flags = (guint16) (kind >> 2 & 15);
  frame.id = frame.type < DMS_P2P_YAMUX_PING ? shape & 31 : 0;
  frame.length = sizes[shape >> 5];
  if ((kind & 0xc0) == 0xc0)
    frame.length = frame.length << 16 | take (self);
  dms_p2p_yamux_frame_write (&frame, header);
  g_byte_array_append (self->wire->in, header, sizeof header);
  if (frame.type == DMS_P2P_YAMUX_WINDOW && (frame.flags & DMS_P2P_YAMUX_RST) == 0)
    allow (self, frame.id, frame.length);
  if (frame.type != DMS_P2P_YAMUX_DATA || frame.length > G_MAXUINT16)
    return;
  payload = g_malloc0 (frame.length + 1u);
  g_byte_array_append (self->wire->in, payload, frame.length);
}

static void
put_raw (Fuzz *self)
{
  for (guint n = take (self) & 15; n > 0; n--)
    {
      guint8 byte = (guint8) take (self);

      g_byte_array_append (self->wire->in, &byte, 1);
    }
}

static void
use_stream (Fuzz *self)
{
  guint8 buffer[70000] = { 0 };
  GOutputVector vectors[] = { { buffer, 10 }, { buffer, 0 }, { buffer, sizeof buffer - 10 } };
  guint what = take (self);
  guint index = take (self);
  DmsP2pPipe *pipe = NULL;

  if (self->streams->len == 0)
    return;
  index %= self->streams->len;
  pipe = self->streams->pdata[index];
  if (what % 9 == 0)
    dms_p2p_pipe_read (pipe, buffer, what * 256 + 1, NULL);
  else if (what % 9 == 1)
    dms_p2p_pipe_write (pipe, buffer, what + 1, NULL);
  else if (what % 9 == 2)
    dms_p2p_pipe_writev (pipe, vectors, G_N_ELEMENTS (vectors), NULL);
  else if (what % 9 == 3)
    dms_p2p_pipe_shutdown_write (pipe, NULL);
  else if (what % 9 == 4)
    dms_p2p_pipe_close (pipe);
  else if (what % 9 == 5)
    dms_p2p_pipe_reset (pipe, what);
  else if (what % 9 == 6)
    dms_p2p_pipe_want (pipe, what >> 5 & (G_IO_IN | G_IO_OUT));
  else if (what % 9 == 7)
    dms_p2p_pipe_flush (pipe, NULL);
  else
    g_ptr_array_remove_index_fast (self->streams, index);
}

static void
open_stream (Fuzz *self)
{
  DmsP2pPipe *pipe = NULL;

  if (self->streams->len >= STREAMS_MAX)
    return;
  pipe = dms_p2p_muxer_open (self->session, NULL);
  if (pipe != NULL)
    add_stream (self, pipe);
}

/* What the session says is well-formed, and within the windows. */
static void
check_output (Fuzz *self)
{
  GByteArray *out = self->wire->out;
  gsize at = 0;

  while (out->len - at >= DMS_P2P_YAMUX_HEADER_BYTES)
    {
      DmsP2pYamuxFrame frame;
      guint64 *window = NULL;
      g_autoptr (GError) error = NULL;

      dms_p2p_yamux_frame_read (&frame, out->data + at, &error);
      g_assert_no_error (error);
      if (frame.type == DMS_P2P_YAMUX_DATA && out->len - at - DMS_P2P_YAMUX_HEADER_BYTES < frame.length)
        break;
      at += DMS_P2P_YAMUX_HEADER_BYTES;
      if (frame.type != DMS_P2P_YAMUX_DATA)
        continue;
      at += frame.length;
      g_assert_cmpuint (frame.length, <=, DMS_P2P_YAMUX_DATA_MAX);
      allow (self, frame.id, 0);
      window = g_hash_table_lookup (self->windows, GUINT_TO_POINTER (frame.id));
      g_assert_cmpuint (frame.length, <=, *window);
      *window -= frame.length;
    }
  g_byte_array_remove_range (out, 0, (guint) at);
  g_assert_cmpuint (dms_p2p_yamux_output_get_size (&DMS_P2P_YAMUX (self->session)->output),
                    <,
                    DMS_P2P_YAMUX_OUTPUT_MAX + 2 * DMS_P2P_YAMUX_DATA_MAX);
}

static void
turn (Fuzz *self)
{
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self->wire));
  for (int i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  check_output (self);
}

static void
step (Fuzz *self)
{
  guint what = take (self);

  if (what < 112)
    put_frame (self);
  else if (what < 128)
    put_raw (self);
  else if (what < 176)
    use_stream (self);
  else if (what < 192)
    open_stream (self);
  else if (what < 208)
    self->wire->room += what % 16 * 8192;
  else if (what == 208)
    dms_p2p_yamux_go_away (DMS_P2P_YAMUX (self->session));
  else if (what == 209)
    dms_p2p_muxer_close (self->session, 1);
  else if (what == 210)
    self->wire->has_ended = TRUE;
  else
    turn (self);
}

/* Frames from the other side of a yamux session, in any order with what an application does to its streams.
 */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  Fuzz self = { data, size };

  self.streams = g_ptr_array_new_with_free_func (g_object_unref);
  self.windows = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self.wire = g_object_new (FUZZ_TYPE_WIRE, NULL);
  self.session = dms_p2p_yamux_new (DMS_P2P_PIPE (self.wire), take (&self) & 1);
  dms_p2p_muxer_set_handlers (self.session, on_accept, on_closed, on_memory, &self);
  while (self.size > 0)
    step (&self);
  turn (&self);
  /* In the middle of things, in good order or not. */
  if (size % 2 == 0)
    {
      self.wire->room = G_MAXUINT32;
      dms_p2p_muxer_close (self.session, 0);
      for (int i = 0; i < 100 && !self.has_ended; i++)
        turn (&self);
      g_assert_true (self.has_ended);
    }
  dms_p2p_muxer_set_handlers (self.session, NULL, NULL, NULL, NULL);
  for (guint i = 0; i < self.streams->len; i++)
    dms_p2p_pipe_set_handler (self.streams->pdata[i], NULL, NULL);
  if (size % 3 == 0)
    g_clear_pointer (&self.streams, g_ptr_array_unref);
  g_object_unref (self.session);
  g_clear_pointer (&self.streams, g_ptr_array_unref);
  /* An end that is due waits for its last words. */
  self.wire->room = G_MAXUINT32;
  dms_p2p_pipe_notify (DMS_P2P_PIPE (self.wire));
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_finalize_object (self.wire);
  g_hash_table_unref (self.windows);
  return 0;
}
