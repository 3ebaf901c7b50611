/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-message-frame.h"

enum
{
  DMS_P2P_MESSAGE_FIRST_ROOM = 4096,
};

struct _DmsP2pMessageFrame
{
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];
  gsize n_prefix;
  guint8 *body;
  gsize room;
  gsize n_body;
  gsize size;
};

DmsP2pMessageFrame *
dms_p2p_message_frame_new (void)
{
  return g_new0 (DmsP2pMessageFrame, 1);
}

void
dms_p2p_message_frame_free (DmsP2pMessageFrame *self)
{
  g_free (self->body);
  g_free (self);
}

gboolean
dms_p2p_message_frame_has_begun (DmsP2pMessageFrame *self)
{
  return self->n_prefix == DMS_P2P_MESSAGE_PREFIX_SIZE;
}

gboolean
dms_p2p_message_frame_is_complete (DmsP2pMessageFrame *self)
{
  return dms_p2p_message_frame_has_begun (self) && self->n_body == self->size;
}

gsize
dms_p2p_message_frame_get_memory (DmsP2pMessageFrame *self)
{
  return self->room;
}

/* Doubles, so that who wants memory here has to send half of it. */
static void
dms_p2p_message_frame_grow (DmsP2pMessageFrame *self)
{
  self->room = MIN (self->room == 0 ? DMS_P2P_MESSAGE_FIRST_ROOM : 2 * self->room, self->size);
  self->body = g_realloc (self->body, self->room);
}

void *
dms_p2p_message_frame_get_space (DmsP2pMessageFrame *self, gsize *size)
{
  if (!dms_p2p_message_frame_has_begun (self))
    {
      *size = DMS_P2P_MESSAGE_PREFIX_SIZE - self->n_prefix;
      return self->prefix + self->n_prefix;
    }
  if (self->n_body == self->room)
    dms_p2p_message_frame_grow (self);
  *size = self->room - self->n_body;
  return self->body + self->n_body;
}

static gboolean
dms_p2p_message_frame_read_prefix (DmsP2pMessageFrame *self, GError **error)
{
  guint64 size = 0;

  for (guint i = 0; i < DMS_P2P_MESSAGE_PREFIX_SIZE; i++)
    size |= (guint64) self->prefix[i] << (8 * i);
  if (size == 0)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "a message is refused: it is empty");
      return FALSE;
    }
  if (size > DMS_P2P_MESSAGE_MAX_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "a message is refused: it has %" G_GUINT64_FORMAT " bytes, %d are allowed",
                   size,
                   DMS_P2P_MESSAGE_MAX_SIZE);
      return FALSE;
    }
  self->size = (gsize) size;
  return TRUE;
}

gboolean
dms_p2p_message_frame_advance (DmsP2pMessageFrame *self, gsize n, GError **error)
{
  if (dms_p2p_message_frame_has_begun (self))
    {
      self->n_body += n;
      return TRUE;
    }
  self->n_prefix += n;
  return !dms_p2p_message_frame_has_begun (self) || dms_p2p_message_frame_read_prefix (self, error);
}

GBytes *
dms_p2p_message_frame_take (DmsP2pMessageFrame *self)
{
  self->room = 0;
  return g_bytes_new_take (g_steal_pointer (&self->body), self->n_body);
}

void
dms_p2p_message_frame_write_prefix (guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE], gsize size)
{
  for (guint i = 0; i < DMS_P2P_MESSAGE_PREFIX_SIZE; i++)
    prefix[i] = (guint8) ((guint64) size >> (8 * i));
}
