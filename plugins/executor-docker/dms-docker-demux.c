/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-demux.h"

#include <string.h>

struct _DmsDockerDemux
{
  guint8 header[8];
  gsize header_size;
  guint32 remaining; /* of the payload of the current frame */
};

DmsDockerDemux *
dms_docker_demux_new (void)
{
  return g_new0 (DmsDockerDemux, 1);
}

void
dms_docker_demux_free (DmsDockerDemux *self)
{
  g_free (self);
}

/* Reads a complete header. The size is never trusted for an allocation: payload is handed on as it comes. */
static gboolean
begin_frame (DmsDockerDemux *self, GError **error)
{
  guint32 size;

  self->header_size = 0;
  if (self->header[0] > 3 || self->header[1] != 0 || self->header[2] != 0 || self->header[3] != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the container engine sent a log frame that is none: type %u",
                   self->header[0]);
      return FALSE;
    }
  memcpy (&size, self->header + 4, sizeof size);
  self->remaining = GUINT32_FROM_BE (size);
  return TRUE;
}

/* Feeds bytes as they were received, in pieces of any size. */
gboolean
dms_docker_demux_feed (DmsDockerDemux *self,
                       const guint8 *data,
                       gsize size,
                       DmsDockerDemuxFunc func,
                       gpointer user_data,
                       GError **error)
{
  while (size > 0)
    {
      gsize n;

      if (self->remaining > 0)
        {
          n = MIN (size, self->remaining);
          /* 0 is the container's input and 3 the engine's own complaint; both are for people. */
          func (self->header[0] <= 1 ? DMS_LOG_STDOUT : DMS_LOG_STDERR, data, n, user_data);
          self->remaining -= (guint32) n;
        }
      else
        {
          n = MIN (size, sizeof self->header - self->header_size);
          memcpy (self->header + self->header_size, data, n);
          self->header_size += n;
          if (self->header_size == sizeof self->header && !begin_frame (self, error))
            return FALSE;
        }
      data += n;
      size -= n;
    }
  return TRUE;
}

gboolean
dms_docker_demux_is_complete (DmsDockerDemux *self)
{
  return self->header_size == 0 && self->remaining == 0;
}
