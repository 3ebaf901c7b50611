/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "host/dms-p2p-opening.h"

#include "host/dms-p2p-reset-code.h"
#include "io/dms-p2p-stream.h"
#include "multistream/dms-p2p-multistream.h"

typedef struct
{
  GTask *task;
  DmsPeerId *peer;
  DmsP2pPipe *pipe;
  DmsP2pReservation *reservation;
} DmsP2pOpening;

static void
dms_p2p_opening_free (DmsP2pOpening *self)
{
  g_clear_object (&self->task);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->reservation, dms_p2p_reservation_free);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pOpening, dms_p2p_opening_free)

static void
dms_p2p_opening_fail (DmsP2pOpening *self, GError *error)
{
  dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NEGOTIATION_FAILED);
  g_prefix_error (&error, "cannot open a stream to %s: ", dms_peer_id_get_text (self->peer));
  g_task_return_error (self->task, error);
}

static void
dms_p2p_opening_finish (DmsP2pOpening *self, const char *protocol)
{
  GError *error = NULL;

  if (!dms_p2p_reservation_set_protocol (self->reservation, protocol, &error))
    {
      dms_p2p_opening_fail (self, error);
      return;
    }
  dms_p2p_pipe_set_account (self->pipe, dms_p2p_reservation_change, self->reservation);
  g_task_return_pointer (self->task,
                         dms_p2p_stream_new (g_steal_pointer (&self->pipe),
                                             protocol,
                                             self->peer,
                                             g_steal_pointer (&self->reservation),
                                             (GDestroyNotify) dms_p2p_reservation_free),
                         g_object_unref);
}

static void
dms_p2p_opening_on_selected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pOpening) self = user_data;
  GError *error = NULL;
  g_autofree char *protocol = dms_p2p_multistream_select_finish (result, &error);

  if (protocol != NULL)
    dms_p2p_opening_finish (self, protocol);
  else
    dms_p2p_opening_fail (self, error);
}

void
dms_p2p_opening_start (DmsP2pConnection *connection, const char *const *protocols, gboolean lazy, GTask *task)
{
  g_autoptr (DmsP2pOpening) self = g_new0 (DmsP2pOpening, 1);
  DmsP2pPipe *pipe = NULL;
  GError *error = NULL;

  self->task = g_object_ref (task);
  self->peer = dms_peer_id_ref (dms_p2p_connection_get_peer_id (connection));
  self->pipe = dms_p2p_connection_open (connection, &self->reservation, &error);
  if (self->pipe == NULL)
    {
      g_prefix_error (&error, "cannot open a stream to %s: ", dms_peer_id_get_text (self->peer));
      g_task_return_error (task, error);
      return;
    }
  if (lazy)
    {
      g_autoptr (DmsP2pPipe) raw = g_steal_pointer (&self->pipe);

      self->pipe = dms_p2p_multistream_lazy_new (raw, protocols[0]);
      dms_p2p_opening_finish (self, protocols[0]);
      return;
    }
  pipe = self->pipe;
  dms_p2p_multistream_select_async (
      pipe, protocols, g_task_get_cancellable (task), dms_p2p_opening_on_selected, g_steal_pointer (&self));
}
