/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
dms_shim_stream_open (DmsShimStream *self, int in, int state_fd, const char *name, uint64_t limit)
{
  memset (self, 0, sizeof *self);
  self->in = in;
  self->limit = limit;
  (void) fcntl (in, F_SETFL, O_NONBLOCK);
  self->file = openat (state_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  return self->file >= 0;
}

/* A full disk cuts the log like its limit does; the job goes on. */
static void
cut (DmsShimStream *self, const char *why)
{
  char *mark = dms_shim_printf ("\n[output cut here: %s]\n", why);

  self->truncated = true;
  (void) dms_shim_write_all (self->file, mark, strlen (mark));
  free (mark);
}

static void
keep (DmsShimStream *self, const char *bytes, size_t length)
{
  size_t room = self->written < self->limit ? (size_t) (self->limit - self->written) : 0;
  size_t head = sizeof self->head - self->head_length;

  if (head > length)
    head = length;
  memcpy (self->head + self->head_length, bytes, head);
  self->head_length += head;
  if (self->truncated)
    return;
  if (!dms_shim_write_all (self->file, bytes, length < room ? length : room))
    {
      cut (self, strerror (errno));
      return;
    }
  self->written += length < room ? length : room;
  if (length > room)
    {
      char *size = dms_shim_format_size (self->limit);
      char *why = dms_shim_printf ("limit of %s reached", size);

      cut (self, why);
      free (why);
      free (size);
    }
}

bool
dms_shim_stream_pump (DmsShimStream *self)
{
  char block[65536];

  /* A few blocks a turn: a job that never stops writing must not keep the shim from its other work. */
  for (int i = 0; i < 16; i++)
    {
      ssize_t n = read (self->in, block, sizeof block);

      if (n > 0)
        keep (self, block, (size_t) n);
      else if (n == 0)
        return false;
      else if (errno == EAGAIN)
        return true;
      else if (errno != EINTR)
        return false;
    }
  return true;
}

void
dms_shim_stream_close (DmsShimStream *self)
{
  if (self->in >= 0)
    close (self->in);
  if (self->file >= 0)
    close (self->file);
  self->in = -1;
  self->file = -1;
}
