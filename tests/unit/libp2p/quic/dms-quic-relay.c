/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-quic-relay.h"

static gboolean
is_drawn (DmsQuicRelay *self, guint of_thousand)
{
  return (guint) g_rand_int_range (self->random, 0, 1000) < of_thousand;
}

static void
let_go (DmsQuicRelay *self)
{
  g_autoptr (GBytes) held = g_steal_pointer (&self->held);

  if (held == NULL)
    return;
  g_socket_send_to (
      self->held_socket, self->held_to, g_bytes_get_data (held, NULL), g_bytes_get_size (held), NULL, NULL);
  g_clear_object (&self->held_socket);
  g_clear_object (&self->held_to);
}

static gboolean
on_held (gpointer user_data)
{
  DmsQuicRelay *self = user_data;

  self->held_id = 0;
  let_go (self);
  return G_SOURCE_REMOVE;
}

static void
pass_on (DmsQuicRelay *self, GSocket *socket, GSocketAddress *to, char *data, gssize size, guint lose)
{
  if (is_drawn (self, lose))
    return;
  if (is_drawn (self, self->damage))
    data[g_rand_int_range (self->random, 0, (gint32) size)] ^= 0x20;
  if (is_drawn (self, self->swap) && self->held == NULL)
    {
      self->held = g_bytes_new (data, (gsize) size);
      self->held_socket = g_object_ref (socket);
      self->held_to = to != NULL ? g_object_ref (to) : NULL;
      if (self->held_id == 0)
        self->held_id = g_timeout_add (5, on_held, self);
      return;
    }
  g_socket_send_to (socket, to, data, (gsize) size, NULL, NULL);
  if (is_drawn (self, self->twice))
    g_socket_send_to (socket, to, data, (gsize) size, NULL, NULL);
  let_go (self);
}

static gboolean
on_front (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DmsQuicRelay *self = user_data;
  char buffer[65536];

  for (guint i = 0; i < 64; i++)
    {
      g_autoptr (GSocketAddress) from = NULL;
      gssize n = g_socket_receive_from (socket, &from, buffer, sizeof buffer, NULL, NULL);

      if (n <= 0)
        break;
      self->n_forth++;
      g_set_object (&self->client, from);
      pass_on (self, self->back, NULL, buffer, n, self->lose_forth);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_back (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DmsQuicRelay *self = user_data;
  char buffer[65536];

  for (guint i = 0; i < 64; i++)
    {
      gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);

      if (n <= 0)
        break;
      self->n_back++;
      if (self->client != NULL)
        pass_on (self, self->front, self->client, buffer, n, self->lose_back);
    }
  return G_SOURCE_CONTINUE;
}

static GSocket *
make_socket (GSocketSourceFunc callback, DmsQuicRelay *self, GSource **source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_socket_bind (socket, any, FALSE, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  *source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (*source, G_SOURCE_FUNC (callback), self, NULL);
  g_source_attach (*source, NULL);
  return socket;
}

void
dms_quic_relay_set_up (DmsQuicRelay *self, DmsMultiaddr *server)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) to = dms_multiaddr_dup_socket_address (server);
  g_autoptr (GSocketAddress) here = NULL;
  g_autoptr (DmsMultiaddr) udp = NULL;

  self->random = g_rand_new_with_seed (20260728);
  self->front = make_socket (on_front, self, &self->front_source);
  self->back = make_socket (on_back, self, &self->back_source);
  g_socket_connect (self->back, G_SOCKET_ADDRESS (to), NULL, &error);
  g_assert_no_error (error);
  here = g_socket_get_local_address (self->front, &error);
  g_assert_no_error (error);
  udp = dms_multiaddr_new_for_socket_address (G_INET_SOCKET_ADDRESS (here), "udp");
  self->address = dms_multiaddr_append (udp, "/quic-v1", &error);
  g_assert_no_error (error);
}

static void
drop_source (GSource **source)
{
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
dms_quic_relay_move (DmsQuicRelay *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) to = g_socket_get_remote_address (self->back, &error);

  g_assert_no_error (error);
  drop_source (&self->back_source);
  g_clear_object (&self->back);
  self->back = make_socket (on_back, self, &self->back_source);
  g_socket_connect (self->back, to, NULL, &error);
  g_assert_no_error (error);
}

void
dms_quic_relay_tear_down (DmsQuicRelay *self)
{
  drop_source (&self->front_source);
  drop_source (&self->back_source);
  g_clear_object (&self->front);
  g_clear_object (&self->back);
  g_clear_object (&self->client);
  g_clear_handle_id (&self->held_id, g_source_remove);
  g_clear_pointer (&self->held, g_bytes_unref);
  g_clear_object (&self->held_socket);
  g_clear_object (&self->held_to);
  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->random, g_rand_free);
}
