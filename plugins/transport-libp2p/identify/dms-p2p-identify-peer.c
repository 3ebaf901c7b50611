/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-identify-peer.h"

enum
{
  /* Pushes at once, and after them one in so many seconds. Ours: an honest peer pushes a change of its
   * addresses or protocols (go-libp2p #3486). */
  DMS_P2P_IDENTIFY_PUSH_BURST = 5,
  DMS_P2P_IDENTIFY_PUSH_INTERVAL_S = 5,
  /* Answers that a peer is slow to read. */
  DMS_P2P_IDENTIFY_MAX_ANSWERS = 4,
};

struct _DmsP2pIdentifyPeer
{
  guint pushes_left;
  gint64 counted_us;
  gboolean is_pushing;
  guint n_answers;
  guint told;

  gboolean is_settled;
  GError *error;
  /* GTask */
  GPtrArray *waiting;
};

DmsP2pIdentifyPeer *
dms_p2p_identify_peer_new (void)
{
  DmsP2pIdentifyPeer *self = g_new0 (DmsP2pIdentifyPeer, 1);

  self->pushes_left = DMS_P2P_IDENTIFY_PUSH_BURST;
  self->counted_us = g_get_monotonic_time ();
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
dms_p2p_identify_peer_free (DmsP2pIdentifyPeer *self)
{
  g_autoptr (GError) gone = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_IO, "the connection ended before the peer had said who it is");

  dms_p2p_identify_peer_settle (self, gone);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
dms_p2p_identify_peer_begin_push (DmsP2pIdentifyPeer *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 earned = (now_us - self->counted_us) / (DMS_P2P_IDENTIFY_PUSH_INTERVAL_S * G_USEC_PER_SEC);

  self->counted_us += earned * DMS_P2P_IDENTIFY_PUSH_INTERVAL_S * G_USEC_PER_SEC;
  self->pushes_left = (guint) MIN (self->pushes_left + earned, DMS_P2P_IDENTIFY_PUSH_BURST);
  if (self->is_pushing || self->pushes_left == 0)
    return FALSE;
  self->pushes_left--;
  self->is_pushing = TRUE;
  return TRUE;
}

void
dms_p2p_identify_peer_end_push (DmsP2pIdentifyPeer *self)
{
  self->is_pushing = FALSE;
}

gboolean
dms_p2p_identify_peer_begin_answer (DmsP2pIdentifyPeer *self)
{
  if (self->n_answers >= DMS_P2P_IDENTIFY_MAX_ANSWERS)
    return FALSE;
  self->n_answers++;
  return TRUE;
}

void
dms_p2p_identify_peer_end_answer (DmsP2pIdentifyPeer *self)
{
  self->n_answers--;
}

void
dms_p2p_identify_peer_set_told (DmsP2pIdentifyPeer *self, guint generation)
{
  self->told = generation;
}

guint
dms_p2p_identify_peer_get_told (DmsP2pIdentifyPeer *self)
{
  return self->told;
}

static void
dms_p2p_identify_peer_return (DmsP2pIdentifyPeer *self, GTask *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else
    g_task_return_boolean (task, TRUE);
}

void
dms_p2p_identify_peer_wait (DmsP2pIdentifyPeer *self, GTask *task)
{
  if (self->is_settled)
    dms_p2p_identify_peer_return (self, task);
  else
    g_ptr_array_add (self->waiting, g_object_ref (task));
}

void
dms_p2p_identify_peer_settle (DmsP2pIdentifyPeer *self, const GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->is_settled = TRUE;
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  for (guint i = 0; i < waiting->len; i++)
    dms_p2p_identify_peer_return (self, g_ptr_array_index (waiting, i));
}
