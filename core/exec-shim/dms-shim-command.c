/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-command.h"
#include "dms-init-config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The words of the command, each marked as an argument. */
static bool
compose (DmsShimBuffer *packet, unsigned id, const char *blob, size_t length)
{
  const char mark = DMS_INIT_ARGUMENT;
  char *head = dms_shim_printf ("exec %u", id);

  dms_shim_buffer_append_string (packet, head);
  free (head);
  if (length == 0 || blob[length - 1] != '\0' || blob[0] == '\0')
    return false;
  for (size_t at = 0; at < length; at += strlen (blob + at) + 1)
    {
      dms_shim_buffer_append (packet, &mark, 1);
      dms_shim_buffer_append_string (packet, blob + at);
    }
  return true;
}

static bool
send_packet (int socket, const DmsShimBuffer *packet, const int fds[2])
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (2 * sizeof (int))];
  } control = { 0 };
  struct iovec vector = { .iov_base = packet->data, .iov_len = packet->length };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header = CMSG_FIRSTHDR (&message);

  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (2 * sizeof (int));
  memcpy (CMSG_DATA (header), fds, 2 * sizeof (int));
  return sendmsg (socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

DmsShimCommand *
dms_shim_command_start (int socket, unsigned id, const char *blob, size_t length, char **error)
{
  DmsShimCommand *self = dms_shim_alloc (sizeof *self);
  DmsShimBuffer packet = { 0 };
  int out[2] = { -1, -1 };
  int err[2] = { -1, -1 };
  bool ok = compose (&packet, id, blob, length);

  if (!ok)
    errno = EINVAL;
  ok = ok && pipe2 (out, O_CLOEXEC) == 0 && pipe2 (err, O_CLOEXEC) == 0;
  if (ok)
    {
      const int ends[2] = { out[1], err[1] };

      ok = send_packet (socket, &packet, ends);
    }
  if (!ok)
    *error = dms_shim_strdup (strerror (errno));
  if (out[1] >= 0)
    close (out[1]);
  if (err[1] >= 0)
    close (err[1]);
  dms_shim_buffer_clear (&packet);
  self->id = id;
  self->out = out[0];
  self->err = err[0];
  if (ok)
    {
      (void) fcntl (self->out, F_SETFL, O_NONBLOCK);
      (void) fcntl (self->err, F_SETFL, O_NONBLOCK);
      return self;
    }
  dms_shim_command_free (self);
  return NULL;
}

static void
pump_one (int *fd, DmsShimBuffer *bytes)
{
  char block[16384];

  for (int i = 0; i < 64 && *fd >= 0; i++)
    {
      ssize_t n = read (*fd, block, sizeof block);
      size_t room = DMS_SHIM_COMMAND_OUTPUT - bytes->length;

      if (n > 0)
        dms_shim_buffer_append (bytes, block, (size_t) n < room ? (size_t) n : room);
      else if (n < 0 && errno == EAGAIN)
        return;
      else if (n == 0 || errno != EINTR)
        {
          close (*fd);
          *fd = -1;
        }
    }
}

void
dms_shim_command_pump (DmsShimCommand *self)
{
  pump_one (&self->out, &self->out_bytes);
  pump_one (&self->err, &self->err_bytes);
}

void
dms_shim_command_kill (const DmsShimCommand *self, int socket)
{
  char *text = dms_shim_printf ("exec-kill %u", self->id);

  (void) !send (socket, text, strlen (text) + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  free (text);
}

void
dms_shim_command_free (DmsShimCommand *self)
{
  if (self->out >= 0)
    close (self->out);
  if (self->err >= 0)
    close (self->err);
  dms_shim_buffer_clear (&self->out_bytes);
  dms_shim_buffer_clear (&self->err_bytes);
  free (self);
}
