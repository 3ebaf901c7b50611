/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum
{
  LINE_MAX_LENGTH = 256,
  CLOSE_WAIT_MS = 1000,
};

bool
dms_shim_control_open (DmsShimControl *self, int state_fd, char **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  /* The name through the descriptor is short, whatever the length of the directory's own. */
  (void) snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", state_fd);
  (void) unlinkat (state_fd, "control", 0);
  self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->listener >= 0 && bind (self->listener, (struct sockaddr *) &address, sizeof address) == 0 &&
      listen (self->listener, DMS_SHIM_MAX_CLIENTS) == 0)
    return true;
  *error = dms_shim_printf ("cannot listen on the control socket: %s", strerror (errno));
  return false;
}

size_t
dms_shim_control_prepare (const DmsShimControl *self, struct pollfd *polled)
{
  size_t count = 0;

  polled[count++] = (struct pollfd){ .fd = self->listener, .events = POLLIN };
  for (size_t i = 0; i < DMS_SHIM_MAX_CLIENTS; i++)
    if (self->clients[i] != NULL)
      polled[count++] = (struct pollfd){
        .fd = self->clients[i]->fd,
        .events = (short) (POLLIN | (self->clients[i]->out.length > 0 ? POLLOUT : 0)),
      };
  return count;
}

static void
drop (DmsShimControl *self, size_t slot)
{
  DmsShimClient *client = self->clients[slot];

  if (client->command != 0)
    self->gone (self->data, client);
  close (client->fd);
  dms_shim_buffer_clear (&client->in);
  dms_shim_buffer_clear (&client->out);
  free (client);
  self->clients[slot] = NULL;
}

static void
accept_client (DmsShimControl *self)
{
  struct ucred peer = { 0 };
  socklen_t size = sizeof peer;
  int fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  size_t slot = 0;

  if (fd < 0)
    return;
  while (slot < DMS_SHIM_MAX_CLIENTS && self->clients[slot] != NULL)
    slot++;
  if (slot == DMS_SHIM_MAX_CLIENTS || getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != geteuid () && peer.uid != 0))
    {
      close (fd);
      return;
    }
  self->clients[slot] = dms_shim_alloc (sizeof (DmsShimClient));
  self->clients[slot]->fd = fd;
}

/* How many bytes follow this line; only an exec has any. */
static bool
read_blob_length (const char *line, size_t *length)
{
  unsigned long timeout = 0;
  char end = '\0';

  *length = 0;
  if (strncmp (line, "exec ", 5) != 0)
    return true;
  return sscanf (line, "exec %lu %zu%c", &timeout, length, &end) == 2 && *length <= DMS_SHIM_MAX_REQUEST / 2;
}

/* Takes one whole request from the buffer; false when there is none yet or the client is to be dropped. */
static bool
take_request (DmsShimControl *self, DmsShimClient *client, bool *broken)
{
  char *end = client->in.length > 0 ? memchr (client->in.data, '\n', client->in.length) : NULL;
  size_t line_length;
  size_t blob_length;

  *broken = end == NULL && client->in.length > LINE_MAX_LENGTH;
  if (end == NULL)
    return false;
  *end = '\0';
  line_length = (size_t) (end - client->in.data) + 1;
  *broken = strlen (client->in.data) + 1 != line_length || !read_blob_length (client->in.data, &blob_length);
  if (*broken)
    return false;
  if (client->in.length < line_length + blob_length)
    {
      *end = '\n';
      return false;
    }
  self->request (self->data, client, client->in.data, client->in.data + line_length, blob_length);
  client->in.length -= line_length + blob_length;
  memmove (client->in.data, client->in.data + line_length + blob_length, client->in.length);
  return true;
}

static bool
receive (DmsShimControl *self, DmsShimClient *client)
{
  char block[16384];
  ssize_t n = recv (client->fd, block, sizeof block, 0);
  bool broken = false;

  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    return false;
  if (n < 0)
    return true;
  if (client->in.length + (size_t) n > DMS_SHIM_MAX_REQUEST)
    return false;
  dms_shim_buffer_append (&client->in, block, (size_t) n);
  while (client->command == 0 && take_request (self, client, &broken))
    continue;
  return !broken;
}

static bool
flush_client (DmsShimClient *client)
{
  while (client->out.length > 0)
    {
      ssize_t n = send (client->fd, client->out.data, client->out.length, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return errno == EAGAIN;
      client->out.length -= (size_t) n;
      memmove (client->out.data, client->out.data + n, client->out.length);
    }
  return true;
}

static void
dispatch_one (DmsShimControl *self, const struct pollfd *polled)
{
  size_t slot = 0;
  bool ok = true;

  while (slot < DMS_SHIM_MAX_CLIENTS &&
         (self->clients[slot] == NULL || self->clients[slot]->fd != polled->fd))
    slot++;
  if (slot == DMS_SHIM_MAX_CLIENTS || polled->revents == 0)
    return;
  if (polled->revents & (POLLIN | POLLHUP | POLLERR))
    ok = receive (self, self->clients[slot]);
  if (ok)
    ok = flush_client (self->clients[slot]);
  if (!ok)
    drop (self, slot);
}

void
dms_shim_control_dispatch (DmsShimControl *self, const struct pollfd *polled, size_t count)
{
  for (size_t i = 1; i < count; i++)
    dispatch_one (self, &polled[i]);
  if (polled[0].revents != 0)
    accept_client (self);
}

void
dms_shim_control_reply (DmsShimClient *client, const char *format, ...)
{
  char *text = NULL;
  va_list args;
  int length;

  va_start (args, format);
  length = vasprintf (&text, format, args);
  va_end (args);
  if (length < 0)
    _exit (70);
  dms_shim_buffer_append (&client->out, text, (size_t) length);
  free (text);
}

void
dms_shim_control_announce (DmsShimControl *self, const char *state)
{
  for (size_t i = 0; i < DMS_SHIM_MAX_CLIENTS; i++)
    if (self->clients[i] != NULL && self->clients[i]->watching)
      {
        dms_shim_control_reply (self->clients[i], "state %s\n", state);
        (void) flush_client (self->clients[i]);
      }
}

DmsShimClient *
dms_shim_control_find (const DmsShimControl *self, unsigned command)
{
  for (size_t i = 0; i < DMS_SHIM_MAX_CLIENTS; i++)
    if (self->clients[i] != NULL && self->clients[i]->command == command)
      return self->clients[i];
  return NULL;
}

void
dms_shim_control_close (DmsShimControl *self)
{
  for (size_t i = 0; i < DMS_SHIM_MAX_CLIENTS; i++)
    {
      struct pollfd polled = { .events = POLLOUT };

      if (self->clients[i] == NULL)
        continue;
      polled.fd = self->clients[i]->fd;
      if (flush_client (self->clients[i]) && self->clients[i]->out.length > 0 &&
          poll (&polled, 1, CLOSE_WAIT_MS) > 0)
        (void) flush_client (self->clients[i]);
      self->clients[i]->command = 0;
      drop (self, i);
    }
  if (self->listener >= 0)
    close (self->listener);
}
