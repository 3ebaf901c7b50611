/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "limits/dms-p2p-limits-private.h"

#include <string.h>

enum
{
  /* System, transient or peer, IP, IP block; or system, peer, transient or protocol. */
  DMS_P2P_RESERVATION_MAX_SCOPES = 4,
  /* A protocol ID longer than this is not one (multistream-select lines end long before). */
  DMS_P2P_RESERVATION_MAX_PROTOCOL = 1024,
};

/* What one connection or one stream holds, and in which scopes it is counted. */
struct _DmsP2pReservation
{
  DmsP2pLimits *limits;
  DmsP2pScope *scopes[DMS_P2P_RESERVATION_MAX_SCOPES];
  guint n_scopes;
  guint64 held[DMS_P2P_N_RESOURCES];
};

DmsP2pReservation *
dms_p2p_reservation_new (DmsP2pLimits *limits)
{
  DmsP2pReservation *self = g_new0 (DmsP2pReservation, 1);

  self->limits = g_object_ref (limits);
  return self;
}

void
dms_p2p_reservation_enter (DmsP2pReservation *self, DmsP2pScopeKind kind, const char *name)
{
  g_assert (self->n_scopes < DMS_P2P_RESERVATION_MAX_SCOPES);
  self->scopes[self->n_scopes++] = dms_p2p_limits_acquire_scope (self->limits, kind, name);
}

/* All or nothing. */
gboolean
dms_p2p_reservation_take (DmsP2pReservation *self, const guint64 *amounts, GError **error)
{
  for (guint i = 0; i < self->n_scopes; i++)
    if (!dms_p2p_limits_check (self->limits, self->scopes[i], amounts, error))
      return FALSE;
  for (guint i = 0; i < self->n_scopes; i++)
    dms_p2p_scope_add (self->scopes[i], amounts);
  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    self->held[i] += amounts[i];
  return TRUE;
}

/* Counts what is held in another scope than the transient one. */
static gboolean
dms_p2p_reservation_leave_transient (DmsP2pReservation *self,
                                     DmsP2pScopeKind kind,
                                     const char *name,
                                     GError **error)
{
  guint place = 0;
  DmsP2pScope *scope = NULL;

  while (place < self->n_scopes && self->scopes[place]->kind != DMS_P2P_SCOPE_TRANSIENT)
    place++;
  if (place == self->n_scopes)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_WRONG_STATE,
                   "a reservation cannot be counted for %s: it is already counted for somebody",
                   name);
      return FALSE;
    }
  scope = dms_p2p_limits_acquire_scope (self->limits, kind, name);
  if (!dms_p2p_limits_check (self->limits, scope, self->held, error))
    {
      dms_p2p_limits_release_scope (self->limits, scope);
      return FALSE;
    }
  dms_p2p_scope_add (scope, self->held);
  dms_p2p_scope_remove (self->scopes[place], self->held);
  dms_p2p_limits_release_scope (self->limits, self->scopes[place]);
  self->scopes[place] = scope;
  return TRUE;
}

/**
 * dms_p2p_reservation_set_peer:
 * @self: the reservation of a connection
 * @peer: who is at the other end, proven
 * @error: return location for %DMS_ERROR_BUSY, which names the limit
 *
 * Counts the connection, and what it holds, for its peer instead of for those that are not known yet. When
 * the peer has too much, nothing changes: close the connection.
 *
 * Returns: whether the peer may have it
 */
gboolean
dms_p2p_reservation_set_peer (DmsP2pReservation *self, DmsPeerId *peer, GError **error)
{
  return dms_p2p_reservation_leave_transient (self, DMS_P2P_SCOPE_PEER, dms_peer_id_get_text (peer), error);
}

/**
 * dms_p2p_reservation_set_protocol:
 * @self: the reservation of a stream
 * @protocol: what was agreed on
 * @error: return location for %DMS_ERROR_BUSY, which names the limit
 *
 * Counts the stream for its protocol instead of for those that still negotiate.
 *
 * Returns: whether there may be one more of this protocol
 */
gboolean
dms_p2p_reservation_set_protocol (DmsP2pReservation *self, const char *protocol, GError **error)
{
  if (strnlen (protocol, DMS_P2P_RESERVATION_MAX_PROTOCOL + 1) > DMS_P2P_RESERVATION_MAX_PROTOCOL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "a protocol ID has more than %d bytes; use a shorter one",
                   DMS_P2P_RESERVATION_MAX_PROTOCOL);
      return FALSE;
    }
  return dms_p2p_reservation_leave_transient (self, DMS_P2P_SCOPE_PROTOCOL, protocol, error);
}

/**
 * dms_p2p_reservation_grow:
 * @self: a reservation
 * @bytes: how much more memory it needs
 * @error: return location for %DMS_ERROR_BUSY, which names the limit
 *
 * Returns: whether it may have it
 */
gboolean
dms_p2p_reservation_grow (DmsP2pReservation *self, gsize bytes, GError **error)
{
  const guint64 amounts[DMS_P2P_N_RESOURCES] = { [DMS_P2P_RESOURCE_MEMORY] = bytes };

  return dms_p2p_reservation_take (self, amounts, error);
}

/**
 * dms_p2p_reservation_shrink:
 * @self: a reservation
 * @bytes: how much memory it no longer needs. More than it has is as much as it has
 *
 * Gives memory back.
 */
void
dms_p2p_reservation_shrink (DmsP2pReservation *self, gsize bytes)
{
  const guint64 amounts[DMS_P2P_N_RESOURCES] = {
    [DMS_P2P_RESOURCE_MEMORY] = MIN (bytes, self->held[DMS_P2P_RESOURCE_MEMORY]),
  };

  for (guint i = 0; i < self->n_scopes; i++)
    dms_p2p_scope_remove (self->scopes[i], amounts);
  self->held[DMS_P2P_RESOURCE_MEMORY] -= amounts[DMS_P2P_RESOURCE_MEMORY];
}

gboolean
dms_p2p_reservation_change (gpointer reservation, gssize delta)
{
  if (delta >= 0)
    return dms_p2p_reservation_grow (reservation, (gsize) delta, NULL);
  dms_p2p_reservation_shrink (reservation, (gsize) - (delta + 1) + 1);
  return TRUE;
}

/**
 * dms_p2p_reservation_free:
 * @self: (nullable): a reservation
 *
 * Gives back all that it holds.
 */
void
dms_p2p_reservation_free (DmsP2pReservation *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_scopes; i++)
    {
      dms_p2p_scope_remove (self->scopes[i], self->held);
      dms_p2p_limits_release_scope (self->limits, self->scopes[i]);
    }
  g_object_unref (self->limits);
  g_free (self);
}
