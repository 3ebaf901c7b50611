/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dms-quic-fixture.h"
#include "dms-quic-relay.h"

#define CHUNK (256 * 1024)

/* In the place of the C library's. */
static guint block_every;
static guint n_sends;
static guint n_blocked;
static gboolean refuses_segments;
static guint n_refused_segments;

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  if (block_every > 0 && ++n_sends % block_every == 0)
    {
      n_blocked++;
      errno = EAGAIN;
      return -1;
    }
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); refuses_segments && c != NULL;
       c = CMSG_NXTHDR ((struct msghdr *) message, c))
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT)
      {
        n_refused_segments++;
        errno = EIO;
        return -1;
      }
  return syscall (SYS_sendmsg, fd, message, flags);
}

/* One direction of a stream: what one end writes and the other reads, each by its handler. */
typedef struct
{
  guint64 to_write;
  guint64 to_read;
  guint64 n_written;
  guint64 n_read;
  GChecksum *written;
  GChecksum *read;
  gboolean is_ended;
  guint8 *buffer;
} Side;

static void
side_init (Side *side, guint64 to_write, guint64 to_read)
{
  memset (side, 0, sizeof *side);
  side->to_write = to_write;
  side->to_read = to_read;
  side->written = g_checksum_new (G_CHECKSUM_SHA256);
  side->read = g_checksum_new (G_CHECKSUM_SHA256);
  side->buffer = g_malloc (CHUNK);
}

static void
side_clear (Side *side)
{
  g_checksum_free (side->written);
  g_checksum_free (side->read);
  g_free (side->buffer);
}

static void
side_write (Side *side, DmsP2pPipe *pipe)
{
  g_autoptr (GError) error = NULL;
  guint8 block[16384];

  while (side->n_written < side->to_write)
    {
      gsize wanted = MIN (sizeof block, side->to_write - side->n_written);
      gssize n = 0;

      for (gsize i = 0; i < wanted; i++)
        block[i] = (guint8) ((side->n_written + i) * 2654435761u >> 13);
      n = dms_p2p_pipe_write (pipe, block, wanted, &error);
      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      g_checksum_update (side->written, block, n);
      side->n_written += (guint64) n;
    }
  dms_p2p_pipe_shutdown_write (pipe, &error);
  g_assert_no_error (error);
  dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~G_IO_OUT);
}

static void
side_read (Side *side, DmsP2pPipe *pipe)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    {
      gssize n = dms_p2p_pipe_read (pipe, side->buffer, CHUNK, &error);

      g_assert_no_error (error);
      if (n == DMS_P2P_WOULD_BLOCK)
        return;
      if (n == 0)
        {
          side->is_ended = TRUE;
          dms_p2p_pipe_want (pipe, dms_p2p_pipe_get_wanted (pipe) & ~G_IO_IN);
          return;
        }
      g_checksum_update (side->read, side->buffer, n);
      side->n_read += (guint64) n;
    }
}

static void
on_side (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  if (condition & G_IO_IN)
    side_read (user_data, pipe);
  if (condition & G_IO_OUT)
    side_write (user_data, pipe);
}

static gboolean
are_ended (gpointer user_data)
{
  Side *sides = user_data;

  return sides[0].is_ended && sides[1].is_ended;
}

static void
transfer (DmsQuicFixture *self, guint64 forth, guint64 back)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  Side sides[2];
  gint64 began = 0;
  double seconds = 0;

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  side_init (&sides[0], forth, back);
  side_init (&sides[1], back, forth);
  began = g_get_monotonic_time ();
  dms_p2p_pipe_set_handler (pipe, on_side, &sides[0]);
  dms_p2p_pipe_set_handler (other, on_side, &sides[1]);
  dms_p2p_pipe_want (pipe, G_IO_IN | G_IO_OUT);
  dms_p2p_pipe_want (other, G_IO_IN | G_IO_OUT);
  dms_quic_run_until (are_ended, sides, 60);
  seconds = (g_get_monotonic_time () - began) / 1e6;
  g_test_message ("%.1f MB/s", (forth + back) / 1e6 / seconds);
  g_assert_cmpuint (sides[0].n_read, ==, back);
  g_assert_cmpuint (sides[1].n_read, ==, forth);
  g_assert_cmpstr (g_checksum_get_string (sides[0].written), ==, g_checksum_get_string (sides[1].read));
  g_assert_cmpstr (g_checksum_get_string (sides[1].written), ==, g_checksum_get_string (sides[0].read));
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_set_handler (other, NULL, NULL);
  side_clear (&sides[0]);
  side_clear (&sides[1]);
}

static void
test_forth (DmsQuicFixture *self, gconstpointer listen_address)
{
  transfer (self, 64 << 20, 0);
}

static void
test_back (DmsQuicFixture *self, gconstpointer listen_address)
{
  transfer (self, 0, 64 << 20);
}

static void
test_both (DmsQuicFixture *self, gconstpointer listen_address)
{
  transfer (self, 64 << 20, 64 << 20);
}

/* Over a path that loses, doubles and swaps. */
static void
test_bad_weather (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsMultiaddr) direct = g_steal_pointer (&self->address);
  DmsQuicRelay relay = { .lose_forth = 20, .lose_back = 20, .damage = 5, .twice = 20, .swap = 20 };

  dms_quic_relay_set_up (&relay, direct);
  self->address = dms_multiaddr_ref (relay.address);
  transfer (self, 4 << 20, 4 << 20);
  dms_quic_relay_tear_down (&relay);
}

/* Who may not keep more goes on with what it has. */
static void
test_no_memory (DmsQuicFixture *self, gconstpointer listen_address)
{
  self->refuses_memory = TRUE;
  transfer (self, 16 << 20, 16 << 20);
  g_assert_cmpint (self->memory, ==, 0);
  g_assert_cmpuint (self->n_refused_memory, >, 0);
}

static DmsP2pQuicSocket *
get_server_socket (DmsQuicFixture *self)
{
  return dms_p2p_quic_endpoint_get_socket (dms_p2p_quic_get_listener (DMS_P2P_QUIC (self->server)));
}

static void
test_one_by_one (DmsQuicFixture *self, gconstpointer listen_address)
{
  dms_p2p_quic_socket_forgo_segmentation (get_server_socket (self));
  transfer (self, 0, 8 << 20);
}

/* The kernel takes no more now and then: the rest waits until it does. */
static void
test_blocked (DmsQuicFixture *self, gconstpointer listen_address)
{
  block_every = 5;
  n_blocked = 0;
  transfer (self, 8 << 20, 8 << 20);
  block_every = 0;
  g_assert_cmpuint (n_blocked, >, 10);
}

static void
test_blocked_one_by_one (DmsQuicFixture *self, gconstpointer listen_address)
{
  dms_p2p_quic_socket_forgo_segmentation (get_server_socket (self));
  test_blocked (self, listen_address);
}

/* The interface cannot do what the kernel said it can. */
static void
test_no_segmentation (DmsQuicFixture *self, gconstpointer listen_address)
{
  refuses_segments = TRUE;
  n_refused_segments = 0;
  transfer (self, 0, 8 << 20);
  refuses_segments = FALSE;
  /* Each socket notices once. */
  g_assert_cmpuint (n_refused_segments, >=, 1);
  g_assert_cmpuint (n_refused_segments, <=, 2);
}

static void
add (const char *path, const char *address, void (*test) (DmsQuicFixture *, gconstpointer))
{
  g_test_add (path, DmsQuicFixture, address, dms_quic_fixture_set_up, test, dms_quic_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/p2p-quic/transfer/forth", NULL, test_forth);
  add ("/p2p-quic/transfer/back", NULL, test_back);
  add ("/p2p-quic/transfer/both", NULL, test_both);
  add ("/p2p-quic/transfer/bad-weather", NULL, test_bad_weather);
  add ("/p2p-quic/transfer/no-memory", NULL, test_no_memory);
  add ("/p2p-quic/transfer/one-by-one", NULL, test_one_by_one);
  add ("/p2p-quic/transfer/no-segmentation", NULL, test_no_segmentation);
  add ("/p2p-quic/transfer/blocked", NULL, test_blocked);
  add ("/p2p-quic/transfer/blocked-one-by-one", NULL, test_blocked_one_by_one);
  return g_test_run ();
}
