/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-yamux-fixture.h"

#include <string.h>

static void
check_text (DmsP2pPipe *pipe, const char *text)
{
  g_autoptr (GByteArray) bytes = dms_p2p_yamux_read_some (pipe, strlen (text));

  g_assert_cmpmem (bytes->data, bytes->len, text, strlen (text));
}

static void
check_write (DmsP2pPipe *pipe, const char *text)
{
  g_autoptr (GError) error = NULL;
  gssize n = dms_p2p_pipe_write (pipe, text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, (gssize) strlen (text));
}

/* A stream of the client's that has said @text, and its end at the server. */
static DmsP2pPipe *
open_stream (DmsP2pYamuxSide *client, DmsP2pYamuxSide *server, const char *text, DmsP2pPipe **far_end)
{
  g_autoptr (GError) error = NULL;
  DmsP2pPipe *near_end = dms_p2p_muxer_open (client->session, &error);

  g_assert_no_error (error);
  check_write (near_end, text);
  *far_end = dms_p2p_yamux_side_take (server);
  return near_end;
}

/* The same of two new sessions. */
static DmsP2pPipe *
make_pair_and_stream (DmsP2pYamuxSide *client,
                      DmsP2pYamuxSide *server,
                      const char *text,
                      DmsP2pPipe **far_end)
{
  dms_p2p_yamux_make_pair (client, server);
  return open_stream (client, server, text, far_end);
}

static void
clear_pair (DmsP2pYamuxSide *client, DmsP2pYamuxSide *server)
{
  dms_p2p_yamux_side_clear (client);
  dms_p2p_yamux_side_clear (server);
}

static void
test_both_ways (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  g_autoptr (DmsP2pPipe) far_end = NULL;
  g_autoptr (GError) error = NULL;
  guint64 in = 0;
  guint64 out = 0;

  near_end = make_pair_and_stream (&client, &server, "hello", &far_end);
  check_text (far_end, "hello");
  check_write (far_end, "good day");
  check_text (near_end, "good day");

  /* Half-closed one way, the other still works. */
  g_assert_true (dms_p2p_pipe_shutdown_write (near_end, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dms_p2p_pipe_write (near_end, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  dms_p2p_yamux_wait_ms (5);
  g_assert_cmpint (dms_p2p_pipe_read (far_end, &in, 1, &error), ==, 0);
  check_write (far_end, "late");
  check_text (near_end, "late");
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (client.session), ==, 1);
  dms_p2p_pipe_close (far_end);
  dms_p2p_yamux_wait_ms (5);
  g_assert_cmpint (dms_p2p_pipe_read (near_end, &in, 1, &error), ==, 0);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (client.session), ==, 0);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (server.session), ==, 0);
  g_assert_cmpint (dms_p2p_muxer_get_rtt_us (client.session), >, 0);

  dms_p2p_muxer_get_traffic (client.session, &in, &out);
  g_assert_cmpuint (in, >, 0);
  g_assert_cmpuint (out, >, 0);
  dms_p2p_muxer_close (client.session, 0);
  dms_p2p_yamux_wait_for (&server.has_ended);
  g_assert_no_error (server.error);
  g_assert_true (client.has_ended);
  g_assert_no_error (client.error);
  g_assert_finalize_object (g_steal_pointer (&near_end));
  g_assert_finalize_object (g_steal_pointer (&far_end));
  clear_pair (&client, &server);
}

static void
check_fails (DmsP2pPipe *pipe, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, code);
}

static void
check_read_fails (DmsP2pPipe *pipe, int code)
{
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  g_assert_cmpint (dms_p2p_pipe_read (pipe, &byte, 1, &error), ==, -1);
  g_assert_error (error, DMS_ERROR, code);
}

/* Nothing new in either direction; what is under way goes on, and with it the session ends. */
static void
test_go_away (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  g_autoptr (DmsP2pPipe) far_end = NULL;
  g_autoptr (DmsP2pPipe) late = NULL;
  g_autoptr (GError) error = NULL;

  near_end = make_pair_and_stream (&client, &server, "a", &far_end);
  dms_p2p_yamux_go_away (DMS_P2P_YAMUX (server.session));
  g_assert_null (dms_p2p_muxer_open (server.session, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  /* What the other side opens before it knows is reset. */
  late = dms_p2p_muxer_open (client.session, NULL);
  check_write (late, "b");
  dms_p2p_yamux_wait_ms (5);
  g_assert_cmpuint (server.streams->len, ==, 0);
  check_fails (late, DMS_ERROR_IO);
  g_assert_null (dms_p2p_muxer_open (client.session, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  check_text (far_end, "a");
  check_write (far_end, "c");
  check_text (near_end, "c");
  g_assert_false (client.has_ended);
  dms_p2p_pipe_close (near_end);
  dms_p2p_pipe_close (far_end);
  dms_p2p_yamux_wait_for (&client.has_ended);
  dms_p2p_yamux_wait_for (&server.has_ended);
  g_assert_no_error (client.error);
  g_assert_no_error (server.error);
  clear_pair (&client, &server);
}

static void
test_reset (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  DmsP2pPipe *far_end = NULL;

  near_end = make_pair_and_stream (&client, &server, "unread", &far_end);
  dms_p2p_pipe_reset (near_end, 3);
  check_fails (near_end, DMS_ERROR_WRONG_STATE);
  dms_p2p_yamux_wait_ms (5);
  check_read_fails (far_end, DMS_ERROR_IO);
  check_fails (far_end, DMS_ERROR_IO);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (server.session), ==, 0);
  g_assert_finalize_object (far_end);

  /* Letting go without closing is the same. */
  g_clear_object (&near_end);
  near_end = open_stream (&client, &server, "x", &far_end);
  g_assert_finalize_object (far_end);
  dms_p2p_yamux_wait_ms (5);
  check_read_fails (near_end, DMS_ERROR_IO);
  clear_pair (&client, &server);
}

static void
on_told (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  GIOCondition *told = user_data;

  *told |= condition;
  dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~(guint) condition);
}

/* The connection goes: whoever waits is told, what came before can be read, nothing more can be written. */
static void
test_broken (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  g_autoptr (DmsP2pPipe) far_end = NULL;
  g_autofree guint8 *much = g_malloc0 (DMS_P2P_YAMUX_WINDOW_FIRST);
  gsize n_sent = 0;
  gssize n = 0;
  GIOCondition told = 0;

  near_end = make_pair_and_stream (&client, &server, "before", &far_end);
  while (n_sent < DMS_P2P_YAMUX_WINDOW_FIRST)
    {
      n = dms_p2p_pipe_write (far_end, much, DMS_P2P_YAMUX_WINDOW_FIRST - n_sent, NULL);
      g_assert_true (n > 0 || n == DMS_P2P_WOULD_BLOCK);
      n_sent += n > 0 ? (gsize) n : 0;
      g_main_context_iteration (NULL, FALSE);
    }
  dms_p2p_pipe_set_handler (far_end, on_told, &told);
  dms_p2p_pipe_want (far_end, G_IO_OUT);
  dms_p2p_yamux_wait_ms (5);
  g_assert_cmpint (told, ==, 0);

  dms_p2p_pipe_close (DMS_P2P_YAMUX (client.session)->pipe);
  dms_p2p_yamux_wait_for (&server.has_ended);
  g_assert_error (server.error, DMS_ERROR, DMS_ERROR_IO);
  dms_p2p_yamux_wait_ms (5);
  g_assert_cmpint (told, ==, G_IO_OUT);
  check_text (far_end, "before");
  check_read_fails (far_end, DMS_ERROR_IO);
  check_fails (far_end, DMS_ERROR_IO);
  g_assert_cmpint (dms_p2p_pipe_flush (far_end, NULL), ==, 0);
  g_assert_false (dms_p2p_pipe_shutdown_write (far_end, NULL));
  dms_p2p_pipe_close (far_end);
  clear_pair (&client, &server);
}

/* Who closes the session at once after writing still gets it all over, if the other side reads. */
static void
test_close_while_writing (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  g_autoptr (DmsP2pPipe) far_end = NULL;
  g_autoptr (GByteArray) got = NULL;
  g_autofree guint8 *much = g_malloc0 (DMS_P2P_YAMUX_WINDOW_FIRST);
  gsize n_sent = 0;
  gssize n = 0;

  near_end = make_pair_and_stream (&client, &server, "x", &far_end);
  while ((n = dms_p2p_pipe_write (near_end, much, DMS_P2P_YAMUX_WINDOW_FIRST, NULL)) > 0)
    n_sent += (gsize) n;
  g_assert_cmpuint (n_sent, >, 0);
  g_assert_cmpuint (dms_p2p_yamux_output_get_size (&DMS_P2P_YAMUX (client.session)->output), >, 0);
  g_assert_true (dms_p2p_pipe_shutdown_write (near_end, NULL));
  dms_p2p_muxer_close (client.session, 0);
  check_fails (near_end, DMS_ERROR_WRONG_STATE);
  dms_p2p_yamux_wait_for (&client.has_ended);
  dms_p2p_yamux_wait_for (&server.has_ended);
  g_assert_no_error (client.error);
  got = dms_p2p_yamux_read_some (far_end, n_sent + 1);
  g_assert_cmpuint (got->len, ==, n_sent + 1);
  clear_pair (&client, &server);
}

/* A session and its streams may go in any order. */
static void
test_dropped (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  DmsP2pPipe *near_end = NULL;
  DmsP2pPipe *far_end = NULL;
  DmsP2pPipe *unused = NULL;

  dms_p2p_yamux_make_pair (&client, &server);
  near_end = dms_p2p_muxer_open (client.session, NULL);
  unused = dms_p2p_muxer_open (client.session, NULL);
  check_write (near_end, "x");
  far_end = dms_p2p_yamux_side_take (&server);
  dms_p2p_yamux_side_clear (&client);
  check_fails (near_end, DMS_ERROR_IO);
  check_fails (unused, DMS_ERROR_IO);
  dms_p2p_pipe_close (near_end);
  dms_p2p_pipe_reset (unused, 0);
  g_assert_finalize_object (near_end);
  g_assert_finalize_object (unused);
  dms_p2p_yamux_wait_for (&server.has_ended);
  check_fails (far_end, DMS_ERROR_IO);
  g_assert_finalize_object (far_end);
  dms_p2p_yamux_side_clear (&server);
}

/* Handlers do what they like to the session that calls them. */
static void
drop_all (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pYamuxSide *side = user_data;

  dms_p2p_muxer_close (side->session, 0);
  g_clear_object (&side->session);
  g_object_unref (pipe);
}

static void
accept_and_drop (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  g_object_ref (pipe);
  dms_p2p_pipe_set_handler (pipe, drop_all, user_data);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
reset_others (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  DmsP2pYamuxSide *side = user_data;

  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  g_ptr_array_set_size (side->streams, 0);
}

static void
accept_and_reset (DmsP2pMuxer *session, DmsP2pPipe *pipe, gpointer user_data)
{
  DmsP2pYamuxSide *side = user_data;

  g_ptr_array_add (side->streams, g_object_ref (pipe));
  dms_p2p_pipe_set_handler (pipe, reset_others, user_data);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
test_handlers (gconstpointer data)
{
  const gboolean is_drop = GPOINTER_TO_INT (data);
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) first = NULL;
  g_autoptr (DmsP2pPipe) second = NULL;
  g_autofree guint8 *much = g_malloc0 (16384);

  /* Both a payload that is lent and one that is queued. */
  for (gsize size = 1; size <= 16384; size *= 128)
    {
      dms_p2p_yamux_make_pair (&client, &server);
      dms_p2p_muxer_set_handlers (
          server.session, is_drop ? accept_and_drop : accept_and_reset, NULL, NULL, &server);
      first = dms_p2p_muxer_open (client.session, NULL);
      second = dms_p2p_muxer_open (client.session, NULL);
      g_assert_cmpint (dms_p2p_pipe_write (first, much, size, NULL), ==, (gssize) size);
      if (!is_drop)
        g_assert_cmpint (dms_p2p_pipe_write (second, much, size, NULL), ==, (gssize) size);
      dms_p2p_yamux_wait_ms (10);
      check_fails (first, DMS_ERROR_IO);
      if (is_drop)
        g_assert_true (client.has_ended);
      else
        check_fails (second, DMS_ERROR_IO);
      g_clear_object (&first);
      g_clear_object (&second);
      clear_pair (&client, &server);
    }
}

/* A side that does not answer pings, and says nothing else, is gone. */
static void
test_keep_alive (void)
{
  DmsP2pYamuxSide client;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (DmsP2pPipe) silent = NULL;
  g_autoptr (DmsP2pPipe) stream = NULL;
  gint64 start = g_get_monotonic_time ();

  dms_p2p_yamux_make_sockets (&pipe, &silent);
  dms_p2p_yamux_side_init (&client, pipe, TRUE);
  dms_p2p_yamux_set_keep_alive (DMS_P2P_YAMUX (client.session), 50, 100);
  stream = dms_p2p_muxer_open (client.session, NULL);
  dms_p2p_yamux_wait_for (&client.has_ended);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 100 * 1000);
  g_assert_error (client.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  check_fails (stream, DMS_ERROR_IO);
  dms_p2p_yamux_side_clear (&client);
}

/* Pings go on, and one that is behind data is waited for. */
static void
test_alive (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (DmsP2pPipe) talking = NULL;

  dms_p2p_yamux_make_pair (&client, &server);
  dms_p2p_yamux_set_keep_alive (DMS_P2P_YAMUX (client.session), 10, 20000);
  while (DMS_P2P_YAMUX (client.session)->ping_id < 4)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_false (client.has_ended);
    }
  clear_pair (&client, &server);

  dms_p2p_yamux_make_sockets (&pipe, &talking);
  dms_p2p_yamux_side_init (&client, pipe, TRUE);
  dms_p2p_yamux_set_keep_alive (DMS_P2P_YAMUX (client.session), 50, 1000);
  for (int i = 0; i < 8; i++)
    {
      g_assert_cmpint (dms_p2p_pipe_write (talking, "\0\2\0\2\0\0\0\0\xff\xff\xff\xff", 12, NULL), ==, 12);
      dms_p2p_yamux_wait_ms (200);
      g_assert_false (client.has_ended);
    }
  dms_p2p_yamux_wait_for (&client.has_ended);
  g_assert_error (client.error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  dms_p2p_yamux_side_clear (&client);
}

/* The other side makes us answer and does not read: a bounded number of times. */
static void
test_flood (gconstpointer data)
{
  const gboolean is_syn = GPOINTER_TO_INT (data);
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (DmsP2pPipe) flooding = NULL;
  guint8 frame[DMS_P2P_YAMUX_HEADER_BYTES] = { 0 };
  gsize most = 0;
  guint32 i = 0;

  dms_p2p_yamux_make_sockets (&pipe, &flooding);
  dms_p2p_yamux_side_init (&server, pipe, FALSE);
  DMS_P2P_YAMUX (server.session)->n_inbound_max = 0;
  for (i = 0; i < 1000000 && !server.has_ended; i++)
    {
      DmsP2pYamuxFrame header = {
        is_syn ? DMS_P2P_YAMUX_WINDOW : DMS_P2P_YAMUX_PING, DMS_P2P_YAMUX_SYN, is_syn ? 2 * i + 1 : 0, 0
      };

      dms_p2p_yamux_frame_write (&header, frame);
      while (!server.has_ended && dms_p2p_pipe_write (flooding, frame, sizeof frame, NULL) < 0)
        g_main_context_iteration (NULL, FALSE);
      most = MAX (most, dms_p2p_yamux_output_get_size (&DMS_P2P_YAMUX (server.session)->output));
    }
  g_assert_true (server.has_ended);
  g_assert_error (server.error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_assert_cmpuint (most, <=, (DMS_P2P_YAMUX_ANSWERS_MAX + 1) * DMS_P2P_YAMUX_HEADER_BYTES);
  dms_p2p_yamux_side_clear (&server);
}

/* What is closed here is forgotten once the other side has closed it, or has filled its window. */
static void
test_linger (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) near_end = NULL;
  DmsP2pPipe *far_end = NULL;
  g_autofree guint8 *much = g_malloc0 (65536);
  gssize n = 0;

  near_end = make_pair_and_stream (&client, &server, "x", &far_end);
  dms_p2p_pipe_close (far_end);
  dms_p2p_pipe_close (far_end);
  g_object_unref (far_end);
  g_assert_cmpuint (dms_p2p_muxer_get_n_streams (server.session), ==, 0);
  g_assert_cmpuint (DMS_P2P_YAMUX (server.session)->lingering.length, ==, 1);
  while ((n = dms_p2p_pipe_write (near_end, much, 65536, NULL)) != -1)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (DMS_P2P_YAMUX (server.session)->lingering.length, ==, 0);
  check_fails (near_end, DMS_ERROR_IO);
  g_assert_false (server.has_ended);
  clear_pair (&client, &server);
}

/* One who answers no ping, but goes on talking, does not make us keep what is closed here for ever. */
static void
test_linger_unanswered (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamux *session = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  g_autoptr (DmsP2pPipe) talking = NULL;
  g_autoptr (DmsP2pPipe) stream = NULL;

  dms_p2p_yamux_make_sockets (&pipe, &talking);
  dms_p2p_yamux_side_init (&client, pipe, TRUE);
  session = DMS_P2P_YAMUX (client.session);
  dms_p2p_yamux_set_keep_alive (session, 50, 500);
  stream = dms_p2p_muxer_open (client.session, NULL);
  check_write (stream, "x");
  dms_p2p_pipe_close (stream);
  g_assert_cmpuint (session->lingering.length, ==, 1);
  DMS_P2P_YAMUX_STREAM (stream)->lingers_since -= G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC;
  for (int i = 0; i < 100 && session->lingering.length > 0; i++)
    {
      g_assert_cmpint (dms_p2p_pipe_write (talking, "\0\2\0\2\0\0\0\0\xff\xff\xff\xff", 12, NULL), ==, 12);
      dms_p2p_yamux_wait_ms (20);
      g_assert_false (client.has_ended);
    }
  g_assert_cmpuint (session->lingering.length, ==, 0);
  dms_p2p_yamux_side_clear (&client);
}

/* IDs end some day. */
static void
test_ids_used_up (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) last = NULL;
  g_autoptr (DmsP2pPipe) none = NULL;

  dms_p2p_yamux_make_pair (&client, &server);
  DMS_P2P_YAMUX (client.session)->next_id = G_MAXUINT32 - 2;
  last = dms_p2p_muxer_open (client.session, NULL);
  none = dms_p2p_muxer_open (client.session, NULL);
  check_write (last, "x");
  check_fails (none, DMS_ERROR_WRONG_STATE);
  g_object_unref (dms_p2p_yamux_side_take (&server));
  clear_pair (&client, &server);
}

/* All lives in the context that made the session, whatever the thread's default is later. */
static void
test_context (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (DmsP2pPipe) near_end = NULL;
  GIOCondition told = 0;

  g_main_context_push_thread_default (context);
  dms_p2p_yamux_make_pair (&client, &server);
  g_main_context_pop_thread_default (context);
  near_end = dms_p2p_muxer_open (client.session, NULL);
  check_write (near_end, "x");
  for (int i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (server.streams->len, ==, 0);
  for (int i = 0; i < 100 && server.streams->len == 0; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (server.streams->len, ==, 1);
  /* Already there: the stream's own source tells of it. */
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (context, FALSE);
  dms_p2p_pipe_set_handler (server.streams->pdata[0], on_told, &told);
  dms_p2p_pipe_want (server.streams->pdata[0], G_IO_IN);
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (told, ==, 0);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpint (told, ==, G_IO_IN);
  g_clear_object (&near_end);
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (context, FALSE);
  clear_pair (&client, &server);
}

/* What streams and sessions take when nothing happens, told with the test. */
static void
test_sizes (void)
{
  DmsP2pYamuxSide client;
  DmsP2pYamuxSide server;
  g_autoptr (DmsP2pPipe) stream = NULL;
  DmsP2pYamuxStream *far_end = NULL;
  GTypeQuery query;

  dms_p2p_yamux_make_pair (&client, &server);
  stream = dms_p2p_muxer_open (client.session, NULL);
  check_write (stream, "x");
  far_end = DMS_P2P_YAMUX_STREAM (dms_p2p_yamux_side_take (&server));
  check_text (DMS_P2P_PIPE (far_end), "x");
  dms_p2p_yamux_wait_ms (5);
  g_assert_null (DMS_P2P_YAMUX (server.session)->input);
  g_assert_null (DMS_P2P_YAMUX (server.session)->output.data);
  g_assert_cmpuint (far_end->queue.room, ==, 0);
  g_type_query (DMS_TYPE_P2P_YAMUX_STREAM, &query);
  g_test_message ("a stream object: %u bytes, without its base's private part", query.instance_size);
  g_assert_cmpuint (query.instance_size, <, 512);
  g_type_query (DMS_TYPE_P2P_YAMUX, &query);
  g_test_message ("a session object: %u bytes", query.instance_size);
  g_assert_cmpuint (query.instance_size, <, 2048);
  g_object_unref (far_end);
  clear_pair (&client, &server);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/yamux/streams/both-ways", test_both_ways);
  g_test_add_func ("/libp2p/yamux/streams/go-away", test_go_away);
  g_test_add_func ("/libp2p/yamux/streams/reset", test_reset);
  g_test_add_func ("/libp2p/yamux/streams/broken", test_broken);
  g_test_add_func ("/libp2p/yamux/streams/close-while-writing", test_close_while_writing);
  g_test_add_func ("/libp2p/yamux/streams/dropped", test_dropped);
  g_test_add_data_func ("/libp2p/yamux/streams/handlers/drop", GINT_TO_POINTER (TRUE), test_handlers);
  g_test_add_data_func ("/libp2p/yamux/streams/handlers/reset", GINT_TO_POINTER (FALSE), test_handlers);
  g_test_add_func ("/libp2p/yamux/streams/keep-alive", test_keep_alive);
  g_test_add_func ("/libp2p/yamux/streams/alive", test_alive);
  g_test_add_data_func ("/libp2p/yamux/streams/flood/ping", GINT_TO_POINTER (FALSE), test_flood);
  g_test_add_data_func ("/libp2p/yamux/streams/flood/syn", GINT_TO_POINTER (TRUE), test_flood);
  g_test_add_func ("/libp2p/yamux/streams/linger", test_linger);
  g_test_add_func ("/libp2p/yamux/streams/linger-unanswered", test_linger_unanswered);
  g_test_add_func ("/libp2p/yamux/streams/ids-used-up", test_ids_used_up);
  g_test_add_func ("/libp2p/yamux/streams/context", test_context);
  g_test_add_func ("/libp2p/yamux/streams/sizes", test_sizes);
  return g_test_run ();
}
