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

  dms_p2p_yamux_make_pair (&client, &server);
  near_end = dms_p2p_muxer_open (client.session, &error);
  g_assert_no_error (error);
  check_write (near_end, "hello");
  far_end = dms_p2p_yamux_side_take (&server);
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
  dms_p2p_yamux_side_clear (&client);
  dms_p2p_yamux_side_clear (&server);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/libp2p/yamux/streams/both-ways", test_both_ways);
  return g_test_run ();
}
