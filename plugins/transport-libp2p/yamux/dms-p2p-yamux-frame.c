/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "yamux/dms-p2p-yamux-frame.h"

static guint32
dms_p2p_yamux_frame_read_u32 (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16 | (guint32) data[2] << 8 | data[3];
}

static void
dms_p2p_yamux_frame_write_u32 (guint8 *data, guint32 value)
{
  data[0] = (guint8) (value >> 24);
  data[1] = (guint8) (value >> 16);
  data[2] = (guint8) (value >> 8);
  data[3] = (guint8) value;
}

static gboolean
dms_p2p_yamux_frame_check (const DmsP2pYamuxFrame *self, guint8 version, GError **error)
{
  const guint16 known = DMS_P2P_YAMUX_SYN | DMS_P2P_YAMUX_ACK | DMS_P2P_YAMUX_FIN | DMS_P2P_YAMUX_RST;
  const gboolean is_of_session = self->type == DMS_P2P_YAMUX_PING || self->type == DMS_P2P_YAMUX_GO_AWAY;
  const char *what = NULL;

  if (version != 0)
    what = "of another version";
  else if (self->type > DMS_P2P_YAMUX_GO_AWAY)
    what = "of an unknown type";
  else if ((self->flags & ~known) != 0)
    what = "with unknown flags";
  else if (is_of_session != (self->id == 0))
    what = "with a stream ID that does not go with its type";
  else if (self->type == DMS_P2P_YAMUX_PING && self->flags != DMS_P2P_YAMUX_SYN &&
           self->flags != DMS_P2P_YAMUX_ACK)
    what = "that is neither a ping nor an answer to one";
  if (what == NULL)
    return TRUE;
  g_set_error (
      error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the other side of a yamux session sent a frame %s", what);
  return FALSE;
}

/* @data has DMS_P2P_YAMUX_HEADER_BYTES. */
gboolean
dms_p2p_yamux_frame_read (DmsP2pYamuxFrame *self, const guint8 *data, GError **error)
{
  self->type = data[1];
  self->flags = (guint16) (data[2] << 8 | data[3]);
  self->id = dms_p2p_yamux_frame_read_u32 (data + 4);
  self->length = dms_p2p_yamux_frame_read_u32 (data + 8);
  return dms_p2p_yamux_frame_check (self, data[0], error);
}

void
dms_p2p_yamux_frame_write (const DmsP2pYamuxFrame *self, guint8 *data)
{
  data[0] = 0;
  data[1] = self->type;
  data[2] = (guint8) (self->flags >> 8);
  data[3] = (guint8) self->flags;
  dms_p2p_yamux_frame_write_u32 (data + 4, self->id);
  dms_p2p_yamux_frame_write_u32 (data + 8, self->length);
}
