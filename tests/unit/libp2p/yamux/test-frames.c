/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-yamux-fixture.h"

#include <string.h>

/* A session against frames that are written and read byte by byte. */
typedef struct
{
  DmsP2pYamuxSide side;
  DmsP2pPipe *wire;
} Wire;

static void
wire_init (Wire *self, gboolean is_client)
{
  g_autoptr (DmsP2pPipe) near_end = NULL;

  dms_p2p_yamux_make_sockets (&near_end, &self->wire);
  dms_p2p_yamux_side_init (&self->side, near_end, is_client);
}

static void
wire_clear (Wire *self)
{
  g_clear_object (&self->wire);
  dms_p2p_yamux_side_clear (&self->side);
}

static GByteArray *
parse_hex (const char *hex)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (; *hex != '\0'; hex++)
    {
      guint8 byte = 0;

      if (*hex == ' ')
        continue;
      byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
      g_byte_array_append (bytes, &byte, 1);
      hex++;
    }
  return g_steal_pointer (&bytes);
}

static void
put (Wire *wire, const char *hex)
{
  g_autoptr (GByteArray) bytes = parse_hex (hex);

  g_assert_cmpint (dms_p2p_pipe_write (wire->wire, bytes->data, bytes->len, NULL), ==, (gssize) bytes->len);
}

static void
expect (Wire *wire, const char *hex)
{
  g_autoptr (GByteArray) bytes = parse_hex (hex);
  g_autoptr (GByteArray) got = dms_p2p_yamux_read_some (wire->wire, bytes->len);

  g_assert_cmpmem (got->data, got->len, bytes->data, bytes->len);
}

static void
expect_nothing (Wire *wire)
{
  guint8 byte = 0;

  dms_p2p_yamux_wait_ms (2);
  g_assert_cmpint (dms_p2p_pipe_read (wire->wire, &byte, 1, NULL), ==, DMS_P2P_WOULD_BLOCK);
}

/* spec.md, "Framing". */
static void
test_client (void)
{
  Wire wire;
  g_autoptr (DmsP2pPipe) stream = NULL;
  guint8 buffer[16];

  wire_init (&wire, TRUE);
  /* A ping measures the round trip; pings are answered. */
  expect (&wire, "00 02 0001 00000000 00000001");
  put (&wire, "00 02 0002 00000000 00000001");
  put (&wire, "00 02 0001 00000000 deadbeef");
  expect (&wire, "00 02 0002 00000000 deadbeef");
  g_assert_cmpint (dms_p2p_muxer_get_rtt_us (wire.side.session), >, 0);

  /* A stream opens with its first data, in one frame. */
  stream = dms_p2p_muxer_open (wire.side.session, NULL);
  expect_nothing (&wire);
  g_assert_cmpint (dms_p2p_pipe_write (stream, "abc", 3, NULL), ==, 3);
  expect (&wire, "00 00 0001 00000001 00000003 616263");
  g_assert_cmpint (dms_p2p_pipe_write (stream, "d", 1, NULL), ==, 1);
  expect (&wire, "00 00 0000 00000001 00000001 64");
  put (&wire, "00 01 0002 00000001 00000000");
  put (&wire, "00 00 0004 00000001 00000002 7879");
  dms_p2p_yamux_wait_ms (2);
  g_assert_cmpint (dms_p2p_pipe_read (stream, buffer, 16, NULL), ==, 2);
  g_assert_cmpint (dms_p2p_pipe_read (stream, buffer, 16, NULL), ==, 0);
  g_assert_true (dms_p2p_pipe_shutdown_write (stream, NULL));
  expect (&wire, "00 01 0004 00000001 00000000");
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (wire.side.session), ==, 0);
  g_clear_object (&stream);

  /* One that only reads opens too. */
  stream = dms_p2p_muxer_open (wire.side.session, NULL);
  dms_p2p_pipe_want (stream, G_IO_IN);
  expect (&wire, "00 01 0001 00000003 00000000");
  dms_p2p_pipe_reset (stream, 0x1002);
  expect (&wire, "00 01 0008 00000003 00001002");
  g_clear_object (&stream);

  /* One that is not used leaves no trace, nor does it use up an ID. */
  stream = dms_p2p_muxer_open (wire.side.session, NULL);
  dms_p2p_pipe_close (stream);
  g_clear_object (&stream);
  stream = dms_p2p_muxer_open (wire.side.session, NULL);
  g_assert_cmpint (dms_p2p_pipe_flush (stream, NULL), ==, 0);
  expect (&wire, "00 01 0001 00000005 00000000");
  /* Let go of without closing it. */
  g_clear_object (&stream);
  expect (&wire, "00 01 0008 00000005 00000000");

  dms_p2p_muxer_close (wire.side.session, 7);
  expect (&wire, "00 03 0000 00000000 00000007");
  dms_p2p_yamux_wait_for (&wire.side.has_ended);
  g_assert_no_error (wire.side.error);
  wire_clear (&wire);
}

static void
test_server (void)
{
  Wire wire;
  g_autoptr (DmsP2pPipe) first = NULL;
  g_autoptr (DmsP2pPipe) second = NULL;
  g_autoptr (DmsP2pPipe) own = NULL;
  g_autoptr (GError) error = NULL;
  guint8 buffer[16];

  wire_init (&wire, FALSE);
  expect (&wire, "00 02 0001 00000000 00000001");
  /* SYN with data; the ACK comes by itself. */
  put (&wire, "00 00 0001 00000001 00000002 6869");
  first = dms_p2p_yamux_side_take (&wire.side);
  expect (&wire, "00 01 0002 00000001 00000000");
  g_assert_cmpint (dms_p2p_pipe_read (first, buffer, 16, NULL), ==, 2);
  /* SYN and FIN with a window update. */
  put (&wire, "00 01 0005 00000003 00000010");
  second = dms_p2p_yamux_side_take (&wire.side);
  expect (&wire, "00 01 0002 00000003 00000000");
  g_assert_cmpint (dms_p2p_pipe_read (second, buffer, 16, NULL), ==, 0);
  g_assert_cmpuint (DMS_P2P_YAMUX_STREAM (second)->send_window, ==, 256 * 1024 + 16);

  own = dms_p2p_muxer_open (wire.side.session, NULL);
  g_assert_cmpint (dms_p2p_pipe_write (own, "s", 1, NULL), ==, 1);
  expect (&wire, "00 00 0001 00000002 00000001 73");
  put (&wire, "00 01 0008 00000002 00000005");
  dms_p2p_yamux_wait_ms (2);
  g_assert_cmpint (dms_p2p_pipe_read (own, buffer, 16, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "code 5"));
  g_clear_error (&error);
  g_assert_cmpint (dms_p2p_pipe_write (own, "s", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);

  /* Closed here with the other side still writing: that is thrown away, and its end ends all. */
  dms_p2p_pipe_close (first);
  expect (&wire, "00 01 0004 00000001 00000000");
  put (&wire, "00 00 0000 00000001 00000003 787878");
  put (&wire, "00 01 0004 00000001 00000000");
  expect_nothing (&wire);
  /* Late frames of what is no more do no harm. */
  put (&wire, "00 00 0000 00000001 00000003 787878");
  put (&wire, "00 01 0000 00000001 00000100");
  put (&wire, "00 01 0008 00000002 00000000");
  put (&wire, "00 02 0001 00000000 00000009");
  expect (&wire, "00 02 0002 00000000 00000009");
  wire_clear (&wire);
}

/* A window is given back when half of it was read, and not before; more than it is refused. */
static void
test_window (void)
{
  enum
  {
    HALF = DMS_P2P_YAMUX_WINDOW_FIRST / 2,
  };
  Wire wire;
  g_autoptr (DmsP2pPipe) stream = NULL;
  g_autofree guint8 *payload = g_malloc0 (HALF);
  guint8 byte = 0;
  gsize n_put = 0;
  gssize n = 0;

  wire_init (&wire, FALSE);
  expect (&wire, "00 02 0001 00000000 00000001");
  put (&wire, "00 00 0001 00000001 00020000");
  while (n_put < HALF)
    {
      n = dms_p2p_pipe_write (wire.wire, payload, HALF - n_put, NULL);
      n_put += n > 0 ? (gsize) n : 0;
      g_main_context_iteration (NULL, FALSE);
    }
  stream = dms_p2p_yamux_side_take (&wire.side);
  expect (&wire, "00 01 0002 00000001 00000000");
  for (gsize n_read = 0; n_read < HALF - 1;)
    {
      n = dms_p2p_pipe_read (stream, payload, HALF - 1 - n_read, NULL);
      g_assert_true (n > 0 || n == DMS_P2P_WOULD_BLOCK);
      n_read += n > 0 ? (gsize) n : 0;
      g_main_context_iteration (NULL, FALSE);
    }
  expect_nothing (&wire);
  g_assert_cmpint (dms_p2p_pipe_read (stream, &byte, 1, NULL), ==, 1);
  expect (&wire, "00 01 0000 00000001 00020000");
  put (&wire, "00 00 0000 00000001 00040001");
  dms_p2p_yamux_wait_for (&wire.side.has_ended);
  g_assert_error (wire.side.error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_object (&stream);
  wire_clear (&wire);
}

/* The answer of a handler carries the ACK. */
static void
answer_at_once (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  guint8 buffer[16];
  gssize n = dms_p2p_pipe_read (pipe, buffer, sizeof buffer, NULL);

  if (n > 0)
    dms_p2p_pipe_write (pipe, buffer, (gsize) n, NULL);
}

static void
accept_at_once (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  DmsP2pPipe **place = user_data;

  *place = g_object_ref (pipe);
  dms_p2p_pipe_set_handler (pipe, answer_at_once, NULL);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
test_ack_with_answer (void)
{
  Wire wire;
  g_autoptr (DmsP2pPipe) stream = NULL;

  wire_init (&wire, FALSE);
  expect (&wire, "00 02 0001 00000000 00000001");
  dms_p2p_muxer_set_handlers (wire.side.session, accept_at_once, NULL, NULL, &stream);
  put (&wire, "00 00 0001 00000001 00000002 6869");
  expect (&wire, "00 00 0002 00000001 00000002 6869");
  expect_nothing (&wire);
  g_clear_object (&stream);
  expect (&wire, "00 01 0008 00000001 00000000");
  wire_clear (&wire);
}

/* Streams wait for somebody who accepts them. One that is not kept is reset. */
static void
test_no_accept (void)
{
  Wire wire;
  g_autoptr (DmsP2pPipe) stream = NULL;

  wire_init (&wire, FALSE);
  dms_p2p_muxer_set_handlers (wire.side.session, NULL, NULL, NULL, NULL);
  expect (&wire, "00 02 0001 00000000 00000001");
  for (guint32 i = 0; i < DMS_P2P_YAMUX_BACKLOG; i++)
    {
      g_autofree char *hex = g_strdup_printf ("00 00 0001 %08x 00000001 31", 2 * i + 1);

      put (&wire, hex);
    }
  expect_nothing (&wire);
  put (&wire, "00 00 0001 00000fff 00000001 31");
  expect (&wire, "00 01 0008 00000fff 00000000");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  dms_p2p_muxer_set_handlers (wire.side.session, accept_at_once, NULL, NULL, &stream);
  /* Not from within, but at once: that takes no timer. */
  g_assert_null (stream);
  g_main_context_iteration (NULL, FALSE);
  g_assert_nonnull (stream);
  expect (&wire, "00 00 0002 00000001 00000001 31");
  g_clear_object (&stream);
  wire_clear (&wire);
}

/* How much of it has been taken. */
static guint
count_taken (Wire *wire, guint16 flags)
{
  if (flags == DMS_P2P_YAMUX_SYN || wire->side.streams->len == 0)
    return wire->side.streams->len;
  return DMS_P2P_YAMUX_STREAM (wire->side.streams->pdata[0])->send_window - DMS_P2P_YAMUX_WINDOW_FIRST + 1;
}

/* Many small frames at once leave the main loop to others in between, and are all taken. */
static void
test_turns (gconstpointer data)
{
  const guint16 flags = (guint16) GPOINTER_TO_UINT (data);
  const guint n_frames = flags == DMS_P2P_YAMUX_SYN ? 250 : 9000;
  const guint most = flags == DMS_P2P_YAMUX_SYN ? 130 : 8192;
  Wire wire;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  DmsP2pYamuxFrame frame = { DMS_P2P_YAMUX_WINDOW, DMS_P2P_YAMUX_SYN, 1, 0 };
  guint8 header[DMS_P2P_YAMUX_HEADER_BYTES];
  guint taken = 0;
  gsize n_put = 0;

  wire_init (&wire, FALSE);
  expect (&wire, "00 02 0001 00000000 00000001");
  for (guint i = 0; i < n_frames; i++)
    {
      dms_p2p_yamux_frame_write (&frame, header);
      g_byte_array_append (bytes, header, sizeof header);
      frame.flags = flags;
      frame.id += flags == DMS_P2P_YAMUX_SYN ? 2 : 0;
      frame.length = 1;
    }
  while (n_put < bytes->len)
    {
      gssize n = dms_p2p_pipe_write (wire.wire, bytes->data + n_put, bytes->len - n_put, NULL);

      if (n > 0)
        n_put += (gsize) n;
      else
        break;
    }
  g_assert_cmpuint (n_put, ==, bytes->len);
  while (taken < n_frames)
    {
      guint before = taken;

      g_main_context_iteration (NULL, TRUE);
      taken = count_taken (&wire, flags);
      g_assert_cmpuint (taken - before, <=, most);
    }
  g_assert_false (wire.side.has_ended);
  wire_clear (&wire);
}

typedef struct
{
  const char *what;
  const char *hex;
} Hostile;

/* Each ends the session with a go-away that says "protocol error". */
static const Hostile hostile[] = {
  { "version", "01 00 0001 00000001 00000000" },
  { "type", "00 04 0000 00000001 00000000" },
  { "flags", "00 00 0011 00000001 00000000" },
  { "high-flags", "00 01 8000 00000001 00000000" },
  { "data-for-session", "00 00 0000 00000000 00000001 61" },
  { "window-for-session", "00 01 0001 00000000 00000001" },
  { "ping-for-stream", "00 02 0001 00000001 00000001" },
  { "ping-of-no-kind", "00 02 0000 00000000 00000001" },
  { "ping-of-both-kinds", "00 02 0003 00000000 00000001" },
  { "go-away-for-stream", "00 03 0000 00000001 00000000" },
  { "own-parity", "00 01 0001 00000002 00000000" },
  { "never-opened", "00 01 0000 00000001 00000000" },
  { "never-opened-here", "00 01 0000 00000002 00000000" },
  { "twice", "00 01 0001 00000001 00000000 00 01 0001 00000001 00000000" },
  { "again-after-reset",
    "00 01 0001 00000001 00000000 00 01 0008 00000001 00000000 00 01 0001 00000001 00000000" },
  { "syn-with-too-much", "00 00 0001 00000001 00040001" },
  { "syn-with-4-gib", "00 00 0001 00000001 ffffffff" },
  { "too-much", "00 01 0001 00000001 00000000 00 00 0000 00000001 00040001" },
  { "window-overflow", "00 01 0001 00000001 fffc0000" },
  { "window-overflow-later", "00 01 0001 00000001 fffbffff 00 01 0000 00000001 00000001" },
  { "data-after-fin", "00 01 0005 00000001 00000000 00 00 0000 00000001 00000001 61" },
  { "stray-too-much",
    "00 01 0001 00000001 00000000 00 01 0008 00000001 00000000 00 00 0000 00000001 01000001" },
};

static void
test_hostile (gconstpointer data)
{
  const Hostile *input = data;
  Wire wire;
  g_autoptr (GByteArray) got = NULL;
  const guint8 *last = NULL;

  wire_init (&wire, FALSE);
  put (&wire, input->hex);
  dms_p2p_yamux_wait_for (&wire.side.has_ended);
  g_assert_error (wire.side.error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  got = dms_p2p_yamux_read_some (wire.wire, 4096);
  g_assert_cmpuint (got->len, >=, 12);
  last = got->data + got->len - 12;
  g_assert_cmpmem (last, 12, "\0\3\0\0\0\0\0\0\0\0\0\1", 12);
  for (guint i = 0; i < wire.side.streams->len; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (dms_p2p_pipe_write (wire.side.streams->pdata[i], "x", 1, &error), ==, -1);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
    }
  g_assert_null (dms_p2p_muxer_open (wire.side.session, NULL));
  wire_clear (&wire);
}

/* What is odd but harmless. */
static const Hostile harmless[] = {
  { "answer-to-nothing", "00 02 0002 00000000 12345678" },
  { "reset-of-nothing", "00 01 0008 00000001 00000000" },
  { "syn-and-reset", "00 01 0009 00000001 00000000" },
  { "two-fins", "00 01 0005 00000001 00000000 00 01 0004 00000001 00000000" },
  { "ack-of-theirs", "00 01 0003 00000001 00000000" },
  { "empty-data", "00 00 0001 00000001 00000000 00 00 0000 00000001 00000000" },
  { "whole-window", "00 01 0001 00000001 fffbffff" },
  { "any-order", "00 01 0001 00000005 00000000 00 01 0001 00000001 00000000 00 01 0001 00000003 00000000" },
  { "far-ahead", "00 01 0001 fffffffd 00000000 00 01 0001 ffffffff 00000000 00 01 0001 00000001 00000000" },
  { "data-with-reset", "00 00 0001 00000001 00000001 61 00 00 0008 00000001 00000002 6162" },
};

static void
test_harmless (gconstpointer data)
{
  const Hostile *input = data;
  Wire wire;
  g_autoptr (GByteArray) got = g_byte_array_sized_new (64);
  const char *answer = "\0\2\0\2\0\0\0\0\1\2\3\4";

  wire_init (&wire, FALSE);
  put (&wire, input->hex);
  put (&wire, "00 02 0001 00000000 01020304");
  while (memmem (got->data, got->len, answer, 12) == NULL)
    {
      g_autoptr (GByteArray) more = dms_p2p_yamux_read_some (wire.wire, 12);

      g_assert_cmpuint (more->len, ==, 12);
      g_byte_array_append (got, more->data, more->len);
    }
  g_assert_false (wire.side.has_ended);
  wire_clear (&wire);
}

/* A whole conversation, cut at every byte. */
static void
test_fragments (void)
{
  g_autoptr (GByteArray) bytes = parse_hex ("00 02 0001 00000000 0000000a"
                                            "00 00 0001 00000001 00000004 61626364"
                                            "00 01 0000 00000001 00000001"
                                            "00 00 0004 00000001 00000002 6566"
                                            "00 01 0001 00000003 00000000"
                                            "00 01 0008 00000003 00000000"
                                            "00 02 0001 00000000 0000000b");

  for (guint cut = 0; cut <= bytes->len; cut++)
    {
      Wire wire;
      g_autoptr (DmsP2pPipe) stream = NULL;
      g_autoptr (GByteArray) got = NULL;
      guint8 byte = 0;

      wire_init (&wire, FALSE);
      for (guint i = 0; i < bytes->len; i++)
        {
          dms_p2p_pipe_write (wire.wire, bytes->data + i, 1, NULL);
          if (i == cut || cut == bytes->len)
            for (int turn = 0; turn < 4; turn++)
              g_main_context_iteration (NULL, FALSE);
        }
      stream = dms_p2p_yamux_side_take (&wire.side);
      got = dms_p2p_yamux_read_some (stream, 6);
      g_assert_cmpmem (got->data, got->len, "abcdef", 6);
      dms_p2p_yamux_wait_ms (1);
      g_assert_cmpint (dms_p2p_pipe_read (stream, &byte, 1, NULL), ==, 0);
      g_assert_false (wire.side.has_ended);
      g_clear_object (&stream);
      wire_clear (&wire);
    }
}

/* Frames that end, or are cut, at every place around the end of the small buffer that an idle session reads
 * into first: it is never read into without room, which would look like the end. At both ends. */
static void
test_small_buffer (gconstpointer data)
{
  const gboolean is_client = GPOINTER_TO_INT (data);
  const guint small = 4096;
  const guint opening = 2 * DMS_P2P_YAMUX_HEADER_BYTES;

  for (guint around = 0; around <= 2 * opening; around++)
    {
      Wire wire;
      g_autoptr (DmsP2pPipe) stream = NULL;
      g_autoptr (GByteArray) got = NULL;
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      const guint size = small - around;
      const guint32 id = is_client ? 2 : 1;
      DmsP2pYamuxFrame frames[] = {
        { DMS_P2P_YAMUX_DATA, DMS_P2P_YAMUX_SYN, id, size },
        { DMS_P2P_YAMUX_PING, DMS_P2P_YAMUX_SYN, 0, around },
        { DMS_P2P_YAMUX_DATA, DMS_P2P_YAMUX_FIN, id, 1 },
      };
      guint8 byte = 0;

      for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
        {
          guint8 header[DMS_P2P_YAMUX_HEADER_BYTES];

          dms_p2p_yamux_frame_write (&frames[i], header);
          g_byte_array_append (bytes, header, sizeof header);
          for (guint j = 0; i == 0 && j < size; j++)
            {
              byte = (guint8) (j * 7);
              g_byte_array_append (bytes, &byte, 1);
            }
        }
      g_byte_array_append (bytes, (const guint8 *) "z", 1);
      wire_init (&wire, is_client);
      expect (&wire, "00 02 0001 00000000 00000001");
      g_assert_cmpint (
          dms_p2p_pipe_write (wire.wire, bytes->data, bytes->len, NULL), ==, (gssize) bytes->len);
      stream = dms_p2p_yamux_side_take (&wire.side);
      got = dms_p2p_yamux_read_some (stream, size + 1);
      g_assert_cmpmem (got->data, got->len - 1, bytes->data + DMS_P2P_YAMUX_HEADER_BYTES, got->len - 1);
      g_assert_cmpuint (got->data[size], ==, 'z');
      dms_p2p_yamux_wait_ms (1);
      g_assert_cmpint (dms_p2p_pipe_read (stream, &byte, 1, NULL), ==, 0);
      g_assert_false (wire.side.has_ended);
      /* What waits for nothing has no buffer. */
      g_assert_null (DMS_P2P_YAMUX (wire.side.session)->input);
      g_clear_object (&stream);
      wire_clear (&wire);
    }
}

/* The connection breaks off: in order only when nothing is under way. */
static void
test_end (gconstpointer data)
{
  const char *hex = data;
  guint8 buffer[256];
  Wire wire;

  wire_init (&wire, FALSE);
  put (&wire, hex);
  dms_p2p_yamux_wait_ms (2);
  /* A socket that is closed with bytes unread is reset. */
  while (dms_p2p_pipe_read (wire.wire, buffer, sizeof buffer, NULL) > 0)
    continue;
  dms_p2p_pipe_close (wire.wire);
  dms_p2p_yamux_wait_for (&wire.side.has_ended);
  if (hex[0] == '\0')
    g_assert_no_error (wire.side.error);
  else
    g_assert_error (wire.side.error, DMS_ERROR, DMS_ERROR_IO);
  wire_clear (&wire);
}

static void
add (const char *prefix, const Hostile *inputs, gsize n, GTestDataFunc function)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/libp2p/yamux/frames/%s/%s", prefix, inputs[i].what);

      g_test_add_data_func (path, &inputs[i], function);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/yamux/frames/client", test_client);
  g_test_add_func ("/libp2p/yamux/frames/server", test_server);
  g_test_add_func ("/libp2p/yamux/frames/window", test_window);
  g_test_add_func ("/libp2p/yamux/frames/ack-with-answer", test_ack_with_answer);
  g_test_add_func ("/libp2p/yamux/frames/no-accept", test_no_accept);
  g_test_add_data_func ("/libp2p/yamux/frames/turns/syn", GUINT_TO_POINTER (DMS_P2P_YAMUX_SYN), test_turns);
  g_test_add_data_func ("/libp2p/yamux/frames/turns/window", GUINT_TO_POINTER (0), test_turns);
  g_test_add_data_func (
      "/libp2p/yamux/frames/small-buffer/server", GINT_TO_POINTER (FALSE), test_small_buffer);
  g_test_add_data_func (
      "/libp2p/yamux/frames/small-buffer/client", GINT_TO_POINTER (TRUE), test_small_buffer);
  g_test_add_func ("/libp2p/yamux/frames/fragments", test_fragments);
  g_test_add_data_func ("/libp2p/yamux/frames/end/idle", "", test_end);
  g_test_add_data_func ("/libp2p/yamux/frames/end/in-a-frame", "00 02 0001", test_end);
  g_test_add_data_func ("/libp2p/yamux/frames/end/with-a-stream", "00 01 0001 00000001 00000000", test_end);
  g_test_add_data_func ("/libp2p/yamux/frames/end/with-an-error", "00 03 0000 00000000 00000001", test_end);
  add ("hostile", hostile, G_N_ELEMENTS (hostile), test_hostile);
  add ("harmless", harmless, G_N_ELEMENTS (harmless), test_harmless);
  return g_test_run ();
}
