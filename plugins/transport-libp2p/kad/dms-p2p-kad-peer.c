/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-peer.h"

struct _DmsP2pKadPeer
{
  DmsPeerId *id;
  GBytes *bytes;
  DmsP2pKadKey key;
  GPtrArray *addresses;
  DmsP2pKadConnection connection;
};

/* Takes @id and @bytes. */
static DmsP2pKadPeer *
dms_p2p_kad_peer_make (DmsPeerId *id, GBytes *bytes, GPtrArray *addresses, DmsP2pKadConnection connection)
{
  DmsP2pKadPeer *self = g_atomic_rc_box_new0 (DmsP2pKadPeer);

  self->id = id;
  self->bytes = bytes;
  self->connection = connection;
  self->addresses = addresses != NULL ? g_ptr_array_ref (addresses)
                                      : g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  return self;
}

DmsP2pKadPeer *
dms_p2p_kad_peer_new (DmsPeerId *id, GPtrArray *addresses, DmsP2pKadConnection connection)
{
  DmsP2pKadPeer *self =
      dms_p2p_kad_peer_make (dms_peer_id_ref (id), dms_peer_id_dup_bytes (id), addresses, connection);

  dms_p2p_kad_key_init_bytes (&self->key, self->bytes);
  return self;
}

DmsP2pKadPeer *
dms_p2p_kad_peer_new_from_bytes (const guint8 *data,
                                 gsize size,
                                 GPtrArray *addresses,
                                 DmsP2pKadConnection connection)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (DmsPeerId) id = dms_peer_id_new_from_bytes (bytes, NULL);

  return id != NULL ? dms_p2p_kad_peer_new (id, addresses, connection) : NULL;
}

DmsP2pKadPeer *
dms_p2p_kad_peer_at (DmsP2pKadPeer *self, GPtrArray *addresses)
{
  DmsP2pKadPeer *moved = dms_p2p_kad_peer_make (
      dms_peer_id_ref (self->id), g_bytes_ref (self->bytes), addresses, self->connection);

  moved->key = self->key;
  return moved;
}

DmsP2pKadPeer *
dms_p2p_kad_peer_ref (DmsP2pKadPeer *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_p2p_kad_peer_clear (gpointer data)
{
  DmsP2pKadPeer *self = data;

  dms_peer_id_unref (self->id);
  g_bytes_unref (self->bytes);
  g_ptr_array_unref (self->addresses);
}

void
dms_p2p_kad_peer_unref (DmsP2pKadPeer *self)
{
  g_atomic_rc_box_release_full (self, dms_p2p_kad_peer_clear);
}

DmsPeerId *
dms_p2p_kad_peer_get_id (DmsP2pKadPeer *self)
{
  return self->id;
}

GBytes *
dms_p2p_kad_peer_get_bytes (DmsP2pKadPeer *self)
{
  return self->bytes;
}

const DmsP2pKadKey *
dms_p2p_kad_peer_get_key (DmsP2pKadPeer *self)
{
  return &self->key;
}

GPtrArray *
dms_p2p_kad_peer_get_addresses (DmsP2pKadPeer *self)
{
  return self->addresses;
}

DmsP2pKadConnection
dms_p2p_kad_peer_get_connection (DmsP2pKadPeer *self)
{
  return self->connection;
}
