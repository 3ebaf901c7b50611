/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "relay/dms-p2p-reservations.h"

typedef struct
{
  /* Who shares a limit; NULL for nobody. */
  char *group;
  gint64 expire_us;
} DmsP2pSeat;

struct _DmsP2pReservations
{
  guint max;
  guint max_per_ip;
  /* DmsPeerId to DmsP2pSeat. */
  GHashTable *seats;
};

static void
dms_p2p_seat_free (gpointer data)
{
  DmsP2pSeat *self = data;

  g_free (self->group);
  g_free (self);
}

DmsP2pReservations *
dms_p2p_reservations_new (guint max, guint max_per_ip)
{
  DmsP2pReservations *self = g_new0 (DmsP2pReservations, 1);

  self->max = max;
  self->max_per_ip = max_per_ip;
  self->seats = g_hash_table_new_full ((GHashFunc) dms_peer_id_hash,
                                       (GEqualFunc) dms_peer_id_equal,
                                       (GDestroyNotify) dms_peer_id_unref,
                                       dms_p2p_seat_free);
  return self;
}

void
dms_p2p_reservations_free (DmsP2pReservations *self)
{
  g_clear_pointer (&self->seats, g_hash_table_unref);
  g_free (self);
}

static char *
dms_p2p_reservations_dup_group (GInetAddress *ip)
{
  const guint8 *bytes = NULL;
  GString *text = NULL;

  if (ip == NULL)
    return NULL;
  if (g_inet_address_get_family (ip) != G_SOCKET_FAMILY_IPV6)
    return g_inet_address_to_string (ip);
  bytes = g_inet_address_to_bytes (ip);
  text = g_string_new ("6:");
  /* Whoever has one address has a /64 of them. */
  for (guint i = 0; i < 8; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

static void
dms_p2p_reservations_purge (DmsP2pReservations *self, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->seats);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((DmsP2pSeat *) value)->expire_us <= now_us)
      g_hash_table_iter_remove (&iter);
}

static guint
dms_p2p_reservations_count (DmsP2pReservations *self, const char *group, DmsPeerId *except)
{
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer value = NULL;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->seats);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!dms_peer_id_equal (key, except) &&
        (group == NULL || g_strcmp0 (((DmsP2pSeat *) value)->group, group) == 0))
      n++;
  return n;
}

gboolean
dms_p2p_reservations_take (DmsP2pReservations *self,
                           DmsPeerId *peer,
                           GInetAddress *ip,
                           gint64 now_us,
                           gint64 expire_us)
{
  g_autofree char *group = dms_p2p_reservations_dup_group (ip);
  DmsP2pSeat *seat = NULL;

  dms_p2p_reservations_purge (self, now_us);
  if (dms_p2p_reservations_count (self, NULL, peer) >= self->max ||
      (group != NULL && dms_p2p_reservations_count (self, group, peer) >= self->max_per_ip))
    return FALSE;
  seat = g_new0 (DmsP2pSeat, 1);
  seat->group = g_steal_pointer (&group);
  seat->expire_us = expire_us;
  g_hash_table_replace (self->seats, dms_peer_id_ref (peer), seat);
  return TRUE;
}

gboolean
dms_p2p_reservations_has (DmsP2pReservations *self, DmsPeerId *peer, gint64 now_us)
{
  DmsP2pSeat *seat = g_hash_table_lookup (self->seats, peer);

  return seat != NULL && seat->expire_us > now_us;
}

void
dms_p2p_reservations_remove (DmsP2pReservations *self, DmsPeerId *peer)
{
  g_hash_table_remove (self->seats, peer);
}

guint
dms_p2p_reservations_get_n (DmsP2pReservations *self, gint64 now_us)
{
  dms_p2p_reservations_purge (self, now_us);
  return g_hash_table_size (self->seats);
}
