/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "host/dms-p2p-negotiation.h"

#include "host/dms-p2p-reset-code.h"

typedef struct
{
  GObject *owner;
  DmsP2pConnection *connection;
  DmsP2pPipe *pipe;
  DmsP2pReservation *reservation;
  DmsP2pNegotiated negotiated;
} DmsP2pNegotiation;

static void
dms_p2p_negotiation_free (DmsP2pNegotiation *self)
{
  g_clear_object (&self->owner);
  g_clear_object (&self->connection);
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->reservation, dms_p2p_reservation_free);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pNegotiation, dms_p2p_negotiation_free)

static void
dms_p2p_negotiation_on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pNegotiation) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *protocol = dms_p2p_multistream_accept_finish (result, &error);
  g_autoptr (DmsP2pStream) stream = NULL;
  gint64 sequence = dms_p2p_pipe_get_sequence (self->pipe);

  if (protocol == NULL)
    {
      g_debug ("A stream of %s came to nothing: %s",
               dms_peer_id_get_text (dms_p2p_connection_get_peer_id (self->connection)),
               error->message);
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_NEGOTIATION_FAILED);
    }
  else if (!dms_p2p_reservation_set_protocol (self->reservation, protocol, &error))
    {
      g_debug ("A stream of %s is refused: %s",
               dms_peer_id_get_text (dms_p2p_connection_get_peer_id (self->connection)),
               error->message);
      dms_p2p_pipe_reset (self->pipe, DMS_P2P_RESET_RESOURCE_LIMIT);
    }
  else
    {
      dms_p2p_pipe_set_account (self->pipe, dms_p2p_reservation_change, self->reservation);
      stream = dms_p2p_stream_new (g_steal_pointer (&self->pipe),
                                   protocol,
                                   dms_p2p_connection_get_peer_id (self->connection),
                                   g_steal_pointer (&self->reservation),
                                   (GDestroyNotify) dms_p2p_reservation_free);
    }
  self->negotiated (self->connection, stream, sequence, self->owner);
}

void
dms_p2p_negotiation_start (gpointer owner,
                           DmsP2pConnection *connection,
                           DmsP2pPipe *pipe,
                           DmsP2pReservation *reservation,
                           DmsP2pMultistreamKnows knows,
                           DmsP2pNegotiated negotiated,
                           GCancellable *cancellable)
{
  DmsP2pNegotiation *self = g_new0 (DmsP2pNegotiation, 1);

  self->owner = g_object_ref (owner);
  self->connection = g_object_ref (connection);
  self->pipe = g_object_ref (pipe);
  self->reservation = reservation;
  self->negotiated = negotiated;
  dms_p2p_multistream_accept_async (pipe, knows, owner, cancellable, dms_p2p_negotiation_on_accepted, self);
}
