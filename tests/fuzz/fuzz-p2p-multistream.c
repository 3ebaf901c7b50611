/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/dms-p2p-socket-pipe.h"
#include "multistream/dms-p2p-multistream.h"

enum
{
  /* What a socket pair takes without anybody reading. */
  INPUT_MAX_SIZE = 16384,
};

typedef struct
{
  gboolean is_done;
  gboolean is_select;
  char *protocol;
  GError *error;
} Outcome;

static const char *const protocols[] = { "/a", "/echo/1.0", NULL };

static gboolean
knows_echo (const char *protocol, gpointer user_data)
{
  g_assert_true (protocol[0] != '\0' && strlen (protocol) < 1024);
  return strcmp (protocol, "/echo/1.0") == 0;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->protocol = outcome->is_select ? dms_p2p_multistream_select_finish (result, &outcome->error)
                                         : dms_p2p_multistream_accept_finish (result, &outcome->error);
  outcome->is_done = TRUE;
}

static DmsP2pPipe *
make_pipe (int *other)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  *other = fds[1];
  return dms_p2p_socket_pipe_new (socket);
}

/* Sends the input in two pieces, and the end. */
static void
feed (int fd, const guint8 *data, gsize size)
{
  gsize cut = size > 0 ? data[0] % size : 0;

  if (cut > 0)
    g_assert_cmpint (send (fd, data, cut, MSG_NOSIGNAL), ==, (gssize) cut);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  /* A refused negotiation leaves the pipe open. */
  if (size > cut)
    g_assert_cmpint (send (fd, data + cut, size - cut, MSG_NOSIGNAL), ==, (gssize) (size - cut));
  shutdown (fd, SHUT_WR);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* How many of the last bytes of the input are still to be read; they must be the same ones. */
static void
check_rest (DmsP2pPipe *pipe, const guint8 *data, gsize size)
{
  guint8 rest[INPUT_MAX_SIZE];
  gsize n = 0;
  gssize got = 1;

  while (got > 0 && n < sizeof rest)
    {
      got = dms_p2p_pipe_read (pipe, rest + n, sizeof rest - n, NULL);
      g_assert_cmpint (got, >=, 0);
      n += (gsize) got;
    }
  g_assert_cmpuint (n, <=, size);
  g_assert_cmpmem (rest, n, data + size - n, n);
}

static void
check_negotiation (const guint8 *data, gsize size, gboolean is_select)
{
  Outcome outcome = { .is_select = is_select };
  int fd = -1;
  g_autoptr (DmsP2pPipe) pipe = make_pipe (&fd);

  if (is_select)
    dms_p2p_multistream_select_async (pipe, protocols, NULL, on_done, &outcome);
  else
    dms_p2p_multistream_accept_async (pipe, knows_echo, NULL, NULL, on_done, &outcome);
  feed (fd, data, size);
  /* The end of the input ends all waiting. */
  g_assert_true (outcome.is_done);
  g_assert_true ((outcome.protocol != NULL) == (outcome.error == NULL));
  if (outcome.error != NULL)
    g_assert_true (outcome.error->domain == DMS_ERROR && g_utf8_validate (outcome.error->message, -1, NULL));
  else
    check_rest (pipe, data, size);
  close (fd);
  g_free (outcome.protocol);
  g_clear_error (&outcome.error);
}

static void
check_lazy (const guint8 *data, gsize size)
{
  int fd = -1;
  g_autoptr (DmsP2pPipe) inner = make_pipe (&fd);
  g_autoptr (DmsP2pPipe) pipe = dms_p2p_multistream_lazy_new (inner, "/echo/1.0");
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;

  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, &error), ==, 1);
  feed (fd, data, size);
  if (dms_p2p_pipe_read (pipe, &byte, 1, &error) >= 0)
    {
      g_assert_no_error (error);
      check_rest (pipe, data, size);
    }
  else
    g_assert_true (error != NULL && error->domain == DMS_ERROR);
  close (fd);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size > INPUT_MAX_SIZE)
    return 0;
  check_negotiation (data, size, TRUE);
  check_negotiation (data, size, FALSE);
  check_lazy (data, size);
  return 0;
}
