/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "message/dms-p2p-inbox.h"
#include "message/dms-p2p-message-frame.h"

#define TCP  "/ip4/127.0.0.1/tcp/0"
#define QUIC "/ip4/127.0.0.1/udp/0/quic-v1"
#define ROOT "actor/root/messages/0.0.1"

/* Frames */

/* Feeds @data in pieces of @piece bytes. NULL with an error when it is refused; NULL when it is not complete.
 */
static GBytes *
feed (const guint8 *data, gsize size, gsize piece, gsize *used, GError **error)
{
  g_autoptr (DmsP2pMessageFrame) frame = dms_p2p_message_frame_new ();

  *used = 0;
  while (*used < size && !dms_p2p_message_frame_is_complete (frame))
    {
      gsize room = 0;
      void *space = dms_p2p_message_frame_get_space (frame, &room);
      gsize n = MIN (MIN (room, piece), size - *used);

      g_assert_cmpuint (room, >, 0);
      memcpy (space, data + *used, n);
      *used += n;
      if (!dms_p2p_message_frame_advance (frame, n, error))
        return NULL;
    }
  return dms_p2p_message_frame_is_complete (frame) ? dms_p2p_message_frame_take (frame) : NULL;
}

static void
test_fragments (void)
{
  static const char text[] = "{\"a\":1}";
  guint8 data[DMS_P2P_MESSAGE_PREFIX_SIZE + sizeof text + 3];
  gsize whole = DMS_P2P_MESSAGE_PREFIX_SIZE + strlen (text);

  memset (data, '!', sizeof data);
  dms_p2p_message_frame_write_prefix (data, strlen (text));
  g_assert_cmpmem (data, 8, "\x07\0\0\0\0\0\0\0", 8);
  memcpy (data + DMS_P2P_MESSAGE_PREFIX_SIZE, text, strlen (text));
  for (gsize piece = 1; piece <= sizeof data; piece++)
    {
      g_autoptr (GError) error = NULL;
      gsize used = 0;
      g_autoptr (GBytes) bytes = feed (data, sizeof data, piece, &used, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (used, ==, whole);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
    }
  for (gsize cut = 0; cut < whole; cut++)
    {
      gsize used = 0;

      g_assert_null (feed (data, cut, 3, &used, NULL));
    }
}

static void
test_lengths (void)
{
  static const struct
  {
    guint8 prefix[8];
    DmsError code;
  } cases[] = {
    { { 0 }, DMS_ERROR_INVALID_DATA },
    { { 0xf9, 0xff, 0x0f }, DMS_ERROR_TOO_LARGE },
    { { 0, 0, 0x10 }, DMS_ERROR_TOO_LARGE },
    { { 0, 0, 0, 0, 0, 0, 0, 1 }, DMS_ERROR_TOO_LARGE },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, DMS_ERROR_TOO_LARGE },
  };
  static const guint8 largest[] = { 0xf8, 0xff, 0x0f, 0, 0, 0, 0, 0, 'x' };
  g_autoptr (GError) error = NULL;
  gsize used = 0;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_null (feed (cases[i].prefix, 8, 8, &used, &error));
      g_assert_error (error, DMS_ERROR, (int) cases[i].code);
      g_clear_error (&error);
    }
  g_assert_null (feed (largest, sizeof largest, 9, &used, &error));
  g_assert_no_error (error);
}

/* What was announced takes no memory, only what came. */
static void
test_memory (void)
{
  g_autoptr (DmsP2pMessageFrame) frame = dms_p2p_message_frame_new ();
  gsize room = 0;
  void *space = dms_p2p_message_frame_get_space (frame, &room);

  g_assert_cmpuint (room, ==, 8);
  dms_p2p_message_frame_write_prefix (space, DMS_P2P_MESSAGE_MAX_SIZE);
  g_assert_true (dms_p2p_message_frame_advance (frame, 8, NULL));
  dms_p2p_message_frame_get_space (frame, &room);
  g_assert_cmpuint (dms_p2p_message_frame_get_memory (frame), <=, 4096);
  g_assert_true (dms_p2p_message_frame_advance (frame, 1, NULL));
  dms_p2p_message_frame_get_space (frame, &room);
  g_assert_cmpuint (dms_p2p_message_frame_get_memory (frame), <=, 4096);
}

static void
test_inboxes (void)
{
  static const char *const bad[] = { "actor//messages/0.0.1",
                                     "/actor/root/messages/0.0.1",
                                     "actor/root/messages/0.0.2",
                                     "actor/messages/0.0.1",
                                     "actor/a b/messages/0.0.1",
                                     "actor/a\nb/messages/0.0.1",
                                     "actor/",
                                     "",
                                     "/ipfs/id/1.0.0" };
  static const char *const good[] = { "root", "a/b/c", "0b3e6b5c-1111", "x" };
  g_autofree char *too_long = g_strnfill (513, 'x');
  g_autofree char *long_one = g_strnfill (512, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (dms_p2p_inbox_from_protocol (bad[i]));
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *protocol = dms_p2p_inbox_to_protocol (good[i]);
      g_autofree char *inbox = dms_p2p_inbox_from_protocol (protocol);

      g_assert_cmpstr (inbox, ==, good[i]);
    }
  g_assert_null (dms_p2p_inbox_to_protocol (too_long));
  g_assert_null (dms_p2p_inbox_to_protocol (""));
  g_assert_null (dms_p2p_inbox_to_protocol ("a b"));
  g_free (dms_p2p_inbox_to_protocol (long_one));
}

/* Hosts */

typedef struct
{
  guint done;
  guint failed;
} Count;

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Count *count = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_p2p_messenger_send_finish (DMS_P2P_MESSENGER (source), result, &error))
    {
      if (count->failed++ == 0)
        g_test_message ("%s", error->message);
    }
  count->done++;
}

static void
send_text (DmsTestHost *host, DmsPeerId *peer, const char *inbox, const char *text, Count *count)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  dms_p2p_messenger_send_async (host->stack->messenger, peer, inbox, bytes, NULL, on_sent, count);
}

static void
wait_for (Count *count, guint n)
{
  while (count->done < n)
    {
      Count one = *count;

      count->done = 0;
      dms_test_until (&count->done);
      count->done += one.done;
    }
}

/* As many as go out at once, to several inboxes, of different sizes: they arrive in order. */
static void
test_order (DmsTestPair *self, gconstpointer listen)
{
  g_autofree char *filler = g_strnfill (300 * 1024, '.');
  Count count = { 0 };

  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *inbox = g_strdup_printf ("inbox%u", i % 3);
      g_autofree char *text = g_strdup_printf ("%u %s", i, i % 50 == 7 ? filler : "");

      send_text (self->a, self->b->id, inbox, text, &count);
    }
  wait_for (&count, 500);
  g_assert_cmpuint (count.failed, ==, 0);
  g_assert_cmpuint (self->b->messages->len, ==, 500);
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *expected = g_strdup_printf ("inbox%u %u ", i % 3, i);

      g_assert_true (g_str_has_prefix (g_ptr_array_index (self->b->messages, i), expected));
    }
}

/* No connection and no negotiation yet: the peer store knows where. Both ways at once. */
static void
test_connecting (gconstpointer listen)
{
  g_autoptr (DmsTestHost) a = dms_test_host_new (listen);
  g_autoptr (DmsTestHost) b = dms_test_host_new (listen);
  g_autoptr (DmsMultiaddr) where = dms_multiaddr_dup_without_peer_id (b->address);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  Count count = { 0 };

  g_ptr_array_add (addresses, where);
  dms_p2p_peer_store_add_addresses (a->stack->peers, b->id, addresses, 60, FALSE);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      send_text (a, b->id, "root", text, &count);
    }
  wait_for (&count, 20);
  g_assert_cmpuint (count.failed, ==, 0);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *expected = g_strdup_printf ("root %u", i);

      g_assert_cmpstr (g_ptr_array_index (b->messages, i), ==, expected);
      send_text (b, a->id, "root", expected, &count);
    }
  wait_for (&count, 40);
  g_assert_cmpuint (a->messages->len, ==, 20);
}

static void
test_busy (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  DmsTestResult done = { 0 };
  Count count = { 0 };

  self->b->n_refuse = 1;
  dms_p2p_messenger_send_async (
      self->a->stack->messenger, self->b->id, "root", bytes, NULL, dms_test_on_done, &done);
  result = dms_test_await (&done);
  g_assert_false (dms_p2p_messenger_send_finish (self->a->stack->messenger, result, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  /* The rest is none the worse. */
  self->b->n_refuse = 3;
  for (guint i = 0; i < 10; i++)
    send_text (self->a, self->b->id, "root", "y", &count);
  wait_for (&count, 10);
  g_assert_cmpuint (count.failed, ==, 3);
  g_assert_cmpuint (self->b->messages->len, ==, 7);
}

static void
test_queue_is_bounded (DmsTestPair *self, gconstpointer listen)
{
  g_autofree char *text = g_strnfill (DMS_P2P_MESSAGE_MAX_SIZE, 'x');
  Count small = { 0 };
  Count large = { 0 };

  for (guint i = 0; i < 2000; i++)
    send_text (self->a, self->b->id, "root", "x", &small);
  wait_for (&small, 2000);
  g_assert_cmpuint (small.failed, >, 900);
  g_assert_cmpuint (small.failed, <, 1000);
  for (guint i = 0; i < 20; i++)
    send_text (self->a, self->b->id, "root", text, &large);
  wait_for (&large, 20);
  g_assert_cmpuint (large.failed, ==, 4);
}

static void
hold (DmsP2pHost *host, DmsP2pConnection *connection, DmsP2pStream *stream, gpointer user_data)
{
  g_ptr_array_add (user_data, g_object_ref (stream));
}

/* To a peer that takes messages and never says so, so many are under way, and no more. */
static void
test_unanswered (DmsTestPair *self, gconstpointer listen)
{
  enum
  {
    N = 100,
    MAX = 64
  };
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  Count count = { 0 };

  dms_p2p_host_set_handler (self->b->stack->host, "actor/mute/messages/0.0.1", hold, streams, NULL);
  for (guint i = 0; i < N; i++)
    send_text (self->a, self->b->id, "mute", "x", &count);
  dms_test_until_n (streams, MAX);
  dms_test_spin (200);
  g_assert_cmpuint (streams->len, ==, MAX);
  /* What is not said in a while is taken as said, as with nodes that never do. */
  wait_for (&count, N);
  g_assert_cmpuint (count.failed, ==, 0);
  g_assert_cmpuint (streams->len, ==, N);
}

static void
test_cancelled (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  Count cancelled = { 0 };
  Count count = { 0 };

  for (guint i = 0; i < 10; i++)
    {
      dms_p2p_messenger_send_async (
          self->a->stack->messenger, self->b->id, "root", bytes, cancellable, on_sent, &cancelled);
      send_text (self->a, self->b->id, "root", "y", &count);
    }
  g_cancellable_cancel (cancellable);
  wait_for (&count, 10);
  wait_for (&cancelled, 10);
  g_assert_cmpuint (count.failed, ==, 0);
  g_assert_cmpuint (cancelled.failed, >=, 9);
  g_assert_cmpuint (self->b->messages->len, >=, 10);
}

/* The peer is gone in the middle. */
static void
test_lost (DmsTestPair *self, gconstpointer listen)
{
  g_autofree char *text = g_strnfill (DMS_P2P_MESSAGE_MAX_SIZE, 'x');
  Count count = { 0 };

  for (guint i = 0; i < 10; i++)
    send_text (self->a, self->b->id, "root", text, &count);
  g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&self->b, dms_test_host_free);
  wait_for (&count, 10);
  g_assert_cmpuint (count.failed, >, 0);
}

/* Hostile senders, who write what they like */

static DmsP2pStream *
open_raw (DmsTestPair *self)
{
  g_autoptr (GError) error = NULL;
  DmsP2pStream *stream = dms_test_host_open (self->a, self->b, ROOT, &error);

  g_assert_no_error (error);
  return stream;
}

static void
write_frame (DmsP2pStream *stream, const char *text)
{
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];
  DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (stream);

  dms_p2p_message_frame_write_prefix (prefix, strlen (text));
  dms_test_pipe_write (pipe, prefix, sizeof prefix);
  dms_test_pipe_write (pipe, text, strlen (text));
}

/* The end says that it was taken, an error that it was not. */
static void
check_end (DmsP2pStream *stream, gboolean taken)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) end = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 1, &error);

  g_assert_cmpint (end != NULL, ==, taken);
  if (end != NULL)
    g_assert_cmpuint (end->len, ==, 0);
}

static void
test_too_large (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) stream = open_raw (self);
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];

  dms_p2p_message_frame_write_prefix (prefix, DMS_P2P_MESSAGE_MAX_SIZE + 1);
  dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), prefix, sizeof prefix);
  check_end (stream, FALSE);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
  g_assert_true (dms_p2p_connection_is_open (self->connection));
}

static void
test_split (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) stream = open_raw (self);
  guint8 frame[DMS_P2P_MESSAGE_PREFIX_SIZE + 5];

  dms_p2p_message_frame_write_prefix (frame, 5);
  memcpy (frame + DMS_P2P_MESSAGE_PREFIX_SIZE, "split", 5);
  for (gsize i = 0; i < sizeof frame; i++)
    {
      g_assert_cmpuint (self->b->messages->len, ==, 0);
      dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), frame + i, 1);
      dms_test_spin (5);
    }
  check_end (stream, TRUE);
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 0), ==, "root split");
}

static void
test_cut_off (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) stream = open_raw (self);

  dms_test_pipe_write (dms_p2p_stream_get_pipe (stream), "\x05\0\0\0\0\0\0\0abc", 11);
  g_assert_true (dms_p2p_pipe_shutdown_write (dms_p2p_stream_get_pipe (stream), NULL));
  check_end (stream, FALSE);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
}

/* An earlier message that has begun goes first; a stream that says nothing holds up nobody. */
static void
test_head_of_line (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) silent = open_raw (self);
  g_autoptr (DmsP2pStream) slow = open_raw (self);
  g_autoptr (DmsP2pStream) quick = NULL;

  dms_test_pipe_write (dms_p2p_stream_get_pipe (slow), "\x04\0\0\0\0\0\0\0sl", 10);
  dms_test_spin (100);
  quick = open_raw (self);
  write_frame (quick, "quick");
  dms_test_spin (200);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
  dms_test_pipe_write (dms_p2p_stream_get_pipe (slow), "ow", 2);
  check_end (slow, TRUE);
  check_end (quick, TRUE);
  g_assert_cmpuint (self->b->messages->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 0), ==, "root slow");
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 1), ==, "root quick");
  write_frame (silent, "silent");
  check_end (silent, TRUE);
}

/* Over QUIC, what is missing of an earlier stream may have been lost: its first bytes are there, its message
 * comes later. One of a later stream, complete before it, does not overtake it. */
static void
test_late_body (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) first = open_raw (self);
  g_autoptr (DmsP2pStream) second = open_raw (self);
  g_autoptr (DmsP2pStream) third = open_raw (self);

  write_frame (third, "third");
  dms_test_spin (50);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
  write_frame (second, "second");
  dms_test_spin (50);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
  write_frame (first, "first");
  dms_test_until_n (self->b->messages, 3);
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 0), ==, "root first");
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 1), ==, "root second");
  g_assert_cmpstr (g_ptr_array_index (self->b->messages, 2), ==, "root third");
  check_end (first, TRUE);
  check_end (second, TRUE);
  check_end (third, TRUE);
}

/* A stream that never says anything costs those behind it one wait, not one each. */
static void
test_silent_for_good (DmsTestPair *self, gconstpointer listen)
{
  enum
  {
    N = 6
  };
  g_autoptr (DmsP2pStream) silent = open_raw (self);
  gint64 began = g_get_monotonic_time ();

  for (guint i = 0; i < N; i++)
    {
      g_autoptr (DmsP2pStream) stream = open_raw (self);

      write_frame (stream, "x");
      check_end (stream, TRUE);
      /* As long as one waits. */
      if (i == 0)
        g_assert_cmpint (g_get_monotonic_time () - began, >=, G_USEC_PER_SEC);
    }
  g_assert_cmpint (g_get_monotonic_time () - began, <, N * G_USEC_PER_SEC);
  g_assert_cmpuint (self->b->messages->len, ==, N);
  write_frame (silent, "silent");
  check_end (silent, TRUE);
}

/* How many streams of the peer it is known of in a row what became of them. */
static gint64
count_settled (DmsP2pHost *host, DmsP2pConnection *connection)
{
  gint64 n = 0;

  while (!dms_p2p_host_is_missing_before (host, connection, n + 1))
    n++;
  return n;
}

/* What the limits refuse is not waited for: the messages behind it are not held up. */
static void
test_refused (DmsTestPair *self, gconstpointer listen)
{
  enum
  {
    N = 5
  };
  DmsP2pConnection *other = dms_p2p_swarm_find (self->b->stack->swarm, self->a->id);
  gint64 before = count_settled (self->b->stack->host, other);

  g_assert_true (dms_p2p_limits_set (self->b->stack->limits, "peer", "streams-inbound", 0, NULL));
  for (guint i = 0; i < N; i++)
    {
      g_autoptr (GError) error = NULL;
      DmsP2pReservation *reservation = NULL;
      g_autoptr (DmsP2pPipe) pipe = dms_p2p_connection_open (self->connection, &reservation, &error);
      g_autoptr (GByteArray) end = NULL;

      g_assert_no_error (error);
      dms_test_pipe_write (pipe, "x", 1);
      end = dms_test_pipe_read (pipe, 1, &error);
      g_assert_null (end);
      dms_p2p_pipe_reset (pipe, 0);
      dms_p2p_reservation_free (reservation);
    }
  g_assert_cmpint (count_settled (self->b->stack->host, other), ==, before + N);
}

/* When the earlier one breaks, the others go on. */
static void
test_head_breaks (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) slow = open_raw (self);
  g_autoptr (DmsP2pStream) quick = NULL;

  dms_test_pipe_write (dms_p2p_stream_get_pipe (slow), "\x04\0\0\0\0\0\0\0sl", 10);
  dms_test_spin (100);
  quick = open_raw (self);
  write_frame (quick, "quick");
  dms_test_spin (100);
  g_assert_cmpuint (self->b->messages->len, ==, 0);
  dms_stream_reset (DMS_STREAM (slow));
  check_end (quick, TRUE);
  g_assert_cmpuint (self->b->messages->len, ==, 1);
}

static void
test_too_many (DmsTestPair *self, gconstpointer listen)
{
  enum
  {
    N = 140,
    ALLOWED = 128
  };
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N; i++)
    g_ptr_array_add (streams, open_raw (self));
  for (guint i = ALLOWED; i < N; i++)
    check_end (g_ptr_array_index (streams, i), FALSE);
  for (guint i = 0; i < ALLOWED; i++)
    write_frame (g_ptr_array_index (streams, i), "x");
  for (guint i = 0; i < ALLOWED; i++)
    check_end (g_ptr_array_index (streams, i), TRUE);
  g_assert_cmpuint (self->b->messages->len, ==, ALLOWED);
}

/* Writes what is left of a message and waits for the end. */
static gboolean
finish (DmsP2pPipe *pipe, const char *filler, gsize rest)
{
  g_autoptr (GByteArray) end = NULL;

  while (rest > 0)
    {
      gssize n = dms_p2p_pipe_write (pipe, filler, MIN (rest, 1024), NULL);

      if (n == -1)
        return FALSE;
      if (n == DMS_P2P_WOULD_BLOCK)
        dms_test_spin (1);
      rest -= (gsize) MAX (n, 0);
    }
  end = dms_test_pipe_read (pipe, 1, NULL);
  return end != NULL;
}

/* Many large ones at once, each a piece at a time: up to so much memory they are let in, beyond it they are
 * refused, and those that were let in get through. */
static void
test_memory_is_bounded (DmsTestPair *self, gconstpointer listen)
{
  enum
  {
    N = 32,
    HALF = 512 * 1024
  };
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *filler = g_strnfill (HALF, 'x');
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];
  gsize written[N] = { 0 };
  guint n_alive = 0;

  dms_p2p_message_frame_write_prefix (prefix, 2 * HALF - DMS_P2P_MESSAGE_PREFIX_SIZE);
  for (guint i = 0; i < N; i++)
    {
      g_ptr_array_add (streams, open_raw (self));
      dms_test_pipe_write (dms_p2p_stream_get_pipe (streams->pdata[i]), prefix, sizeof prefix);
    }
  for (guint round = 0; round < 200; round++)
    {
      for (guint i = 0; i < N; i++)
        {
          DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (streams->pdata[i]);
          gsize left = HALF - written[i];
          gssize n = left > 0 ? dms_p2p_pipe_write (pipe, filler, left, NULL) : 0;

          written[i] += (gsize) MAX (n, 0);
        }
      dms_test_spin (2);
    }
  for (guint i = 0; i < N; i++)
    {
      DmsP2pPipe *pipe = dms_p2p_stream_get_pipe (streams->pdata[i]);
      gsize rest = 2 * HALF - DMS_P2P_MESSAGE_PREFIX_SIZE - written[i];

      n_alive += finish (pipe, filler, rest);
      /* The first of them is never one too many. */
      g_assert_cmpuint (n_alive, >=, 1);
    }
  g_test_message ("%u of %u were let in", n_alive, N);
  g_assert_cmpuint (n_alive, >=, 4);
  g_assert_cmpuint (n_alive, <, N);
  g_assert_cmpuint (self->b->messages->len, ==, n_alive);
}

/* Without an end: it has 30 seconds. */
static void
test_slow (DmsTestPair *self, gconstpointer listen)
{
  g_autoptr (DmsP2pStream) slow = open_raw (self);
  gint64 began = g_get_monotonic_time ();

  dms_test_pipe_write (dms_p2p_stream_get_pipe (slow), "\x04\0\0\0\0\0\0\0s", 9);
  dms_test_spin (20 * 1000);
  check_end (slow, FALSE);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 29 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 40 * G_USEC_PER_SEC);
}

typedef void (*PairFunc) (DmsTestPair *self, gconstpointer listen);

static void
add_over (const char *listen, const char *name, PairFunc func)
{
  g_autofree char *path = g_strconcat ("/p2p/message/", name, NULL);

  g_test_add (path, DmsTestPair, listen, dms_test_pair_set_up, func, dms_test_pair_tear_down);
}

static void
add (const char *name, PairFunc func)
{
  g_autofree char *over_tcp = g_strconcat ("tcp/", name, NULL);
  g_autofree char *over_quic = g_strconcat ("quic/", name, NULL);

  add_over (TCP, over_tcp, func);
  add_over (QUIC, over_quic, func);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/p2p/message/frame/fragments", test_fragments);
  g_test_add_func ("/p2p/message/frame/lengths", test_lengths);
  g_test_add_func ("/p2p/message/frame/memory", test_memory);
  g_test_add_func ("/p2p/message/inboxes", test_inboxes);
  add ("order", test_order);
  g_test_add_data_func ("/p2p/message/tcp/connecting", TCP, test_connecting);
  g_test_add_data_func ("/p2p/message/quic/connecting", QUIC, test_connecting);
  add ("busy", test_busy);
  add ("too-large", test_too_large);
  add ("split", test_split);
  add ("cut-off", test_cut_off);
  add ("head-of-line", test_head_of_line);
  add ("memory-is-bounded", test_memory_is_bounded);
  add_over (TCP, "queue-is-bounded", test_queue_is_bounded);
  add_over (TCP, "unanswered", test_unanswered);
  add_over (TCP, "cancelled", test_cancelled);
  add_over (TCP, "lost", test_lost);
  add_over (QUIC, "quic/late-body", test_late_body);
  add_over (QUIC, "quic/silent-for-good", test_silent_for_good);
  add_over (QUIC, "quic/refused", test_refused);
  add_over (TCP, "head-breaks", test_head_breaks);
  add_over (TCP, "too-many", test_too_many);
  add_over (TCP, "slow", test_slow);
  return g_test_run ();
}
