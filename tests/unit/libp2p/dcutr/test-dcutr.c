/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dcutr/dms-p2p-dcutr-message.h"
#include "dms-p2p-host-fixture.h"
#include "io/dms-p2p-socket-pipe.h"
#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-swarm-private.h"
#include "tcp/dms-p2p-upgrader.h"

#define TCP    "/ip4/127.0.0.1/tcp/0"
#define QUIC   "/ip4/127.0.0.1/udp/0/quic-v1"
#define PUBLIC "{\"reachability\": \"public\"}"

static gboolean
refuse_direct (DmsMultiaddr *remote, gpointer user_data)
{
  return dms_p2p_address_is_relayed (remote);
}

/* As a NAT: from there only where this host has sent something to. */
static gboolean
refuse_unless_begun (DmsMultiaddr *remote, gpointer user_data)
{
  DmsTestHost *host = user_data;

  return dms_p2p_address_is_relayed (remote) || dms_p2p_dcutr_get_n_tries (host->stack->nat->dcutr) > 0;
}

/* A relay, and two behind NATs of whom one has a place there. */
typedef struct
{
  DmsTestHost *relay;
  DmsTestHost *hidden;
  DmsTestHost *visitor;
  DmsP2pConnection *to_relay;
  DmsP2pConnection *relayed;
} Scene;

/* Over the relay. */
static DmsP2pConnection *
visit (Scene *self)
{
  g_autoptr (GPtrArray) addresses =
      dms_p2p_relay_client_dup_addresses (self->hidden->stack->nat->relay_client);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pConnection *connection = NULL;
  DmsTestResult done = { 0 };

  dms_p2p_swarm_connect_async (self->visitor->stack->swarm,
                               self->hidden->id,
                               addresses,
                               TRUE,
                               NULL,
                               NULL,
                               NULL,
                               dms_test_on_done,
                               &done);
  result = dms_test_await (&done);
  connection = dms_p2p_swarm_connect_finish (self->visitor->stack->swarm, result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_p2p_connection_is_limited (connection));
  return connection;
}

static Scene *
scene_new (DmsP2pSwarmPolicy policy, gboolean is_private_allowed)
{
  Scene *self = g_new0 (Scene, 1);
  g_autoptr (GAsyncResult) reserved = NULL;
  g_autoptr (GError) error = NULL;
  DmsTestResult done = { 0 };

  self->relay = dms_test_host_new_with (QUIC, PUBLIC);
  self->hidden = dms_test_host_new (QUIC);
  self->visitor = dms_test_host_new (QUIC);
  dms_p2p_swarm_set_policy (self->hidden->stack->swarm, policy, self->hidden);
  dms_p2p_swarm_set_policy (self->visitor->stack->swarm, refuse_direct, NULL);
  dms_p2p_dcutr_set_private_allowed (self->hidden->stack->nat->dcutr, is_private_allowed);
  dms_p2p_dcutr_set_private_allowed (self->visitor->stack->nat->dcutr, TRUE);
  dms_p2p_dcutr_set_wait_ms (self->hidden->stack->nat->dcutr, 300);
  self->to_relay = dms_test_host_connect (self->hidden, self->relay);
  dms_p2p_relay_client_reserve_async (
      self->hidden->stack->nat->relay_client, self->relay->id, NULL, dms_test_on_done, &done);
  reserved = dms_test_await (&done);
  g_assert_true (
      dms_p2p_relay_client_reserve_finish (self->hidden->stack->nat->relay_client, reserved, &error));
  self->relayed = visit (self);
  return self;
}

static void
scene_free (Scene *self)
{
  g_clear_object (&self->to_relay);
  g_clear_object (&self->relayed);
  dms_test_host_free (self->visitor);
  dms_test_host_free (self->hidden);
  dms_test_host_free (self->relay);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free)

static gboolean
is_direct (DmsTestHost *from, DmsTestHost *to)
{
  DmsP2pConnection *connection = dms_p2p_swarm_find (from->stack->swarm, to->id);

  return connection != NULL && !dms_p2p_connection_is_limited (connection);
}

/* A direct connection takes the place of the relayed one, which goes. */
static void
test_punch (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_unless_begun, TRUE);

  for (guint i = 0;
       i < 500 && !(is_direct (scene->visitor, scene->hidden) && is_direct (scene->hidden, scene->visitor));
       i++)
    dms_test_spin (10);
  g_assert_true (is_direct (scene->visitor, scene->hidden));
  g_assert_true (is_direct (scene->hidden, scene->visitor));
  g_assert_cmpuint (dms_p2p_dcutr_get_n_tries (scene->hidden->stack->nat->dcutr), >=, 1);
  for (guint i = 0; i < 500 && dms_p2p_connection_is_open (scene->relayed); i++)
    dms_test_spin (10);
  g_assert_false (dms_p2p_connection_is_open (scene->relayed));
  g_assert_true (is_direct (scene->visitor, scene->hidden));
}

/* Three times, and no more; the relayed connection stays. */
static void
test_three_tries (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_direct, TRUE);

  for (guint i = 0; i < 800 && dms_p2p_dcutr_get_n_tries (scene->hidden->stack->nat->dcutr) < 3; i++)
    dms_test_spin (10);
  dms_test_spin (600);
  g_assert_cmpuint (dms_p2p_dcutr_get_n_tries (scene->hidden->stack->nat->dcutr), ==, 3);
  g_assert_false (is_direct (scene->hidden, scene->visitor));
  g_assert_true (dms_p2p_connection_is_open (scene->relayed));
  g_assert_cmpuint (dms_p2p_dcutr_get_n_tries (scene->visitor->stack->nat->dcutr), ==, 0);
}

/* Who comes over a relay again and again does not have this host dial its addresses again and again. */
static void
test_rate (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_direct, TRUE);
  DmsP2pDcutr *dcutr = scene->hidden->stack->nat->dcutr;

  for (guint visits = 1; visits <= 3; visits++)
    {
      guint n = MIN (3 * visits, 6);

      for (guint i = 0; i < 800 && dms_p2p_dcutr_get_n_tries (dcutr) < n; i++)
        dms_test_spin (10);
      dms_test_spin (600);
      g_assert_cmpuint (dms_p2p_dcutr_get_n_tries (dcutr), ==, n);
      dms_p2p_connection_close (scene->relayed);
      for (guint i = 0;
           i < 500 && dms_p2p_swarm_find (scene->hidden->stack->swarm, scene->visitor->id) != NULL;
           i++)
        dms_test_spin (10);
      g_object_unref (scene->relayed);
      scene->relayed = visit (scene);
    }
}

/* Private addresses are nobody's to dial: nothing comes of it. */
static void
test_private_refused (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_unless_begun, FALSE);

  dms_test_spin (600);
  g_assert_cmpuint (dms_p2p_dcutr_get_n_tries (scene->hidden->stack->nat->dcutr), <=, 1);
  g_assert_false (is_direct (scene->hidden, scene->visitor));
}

static void
expect_hang_up (DmsTestHost *from, DmsTestHost *to, const char *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pStream) stream = dms_test_host_open (from, to, DMS_P2P_DCUTR_PROTOCOL, &error);
  g_autoptr (GByteArray) heard = NULL;

  /* It may do so before it has agreed to anything. */
  if (stream == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_IO);
      return;
    }
  dms_p2p_pipe_write (dms_p2p_stream_get_pipe (stream), data, size, NULL);
  heard = dms_test_pipe_read (dms_p2p_stream_get_pipe (stream), 1, &error);
  g_assert_true (heard == NULL || heard->len == 0);
}

/* Who is connected directly has nothing to ask; who is not, has to ask properly. */
static void
test_hostile (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_direct, FALSE);

  expect_hang_up (scene->hidden, scene->relay, "\x02\x08\x64", 3);
  /* The one that dialled is not the one that begins. */
  expect_hang_up (scene->visitor, scene->hidden, "\x02\x08\x64", 3);
  /* Too large; garbage; a sync first; nobody's addresses; no public address. */
  expect_hang_up (scene->hidden, scene->visitor, "\x81\x20", 2);
  expect_hang_up (scene->hidden, scene->visitor, "\x02\xff\xff", 3);
  expect_hang_up (scene->hidden, scene->visitor, "\x03\x08\xac\x02", 4);
  expect_hang_up (scene->hidden, scene->visitor, "\x02\x08\x64", 3);
  expect_hang_up (scene->hidden, scene->visitor, "\x0c\x08\x64\x12\x08\x04\x00\x00\x00\x00\x06\x00\x01", 13);
  g_assert_true (dms_p2p_connection_is_open (scene->relayed));
}

/* A proper question, of somebody who has nothing to ask: connected directly, or the one that dialled. */
static void
test_nothing_to_ask (void)
{
  g_autoptr (Scene) scene = scene_new (refuse_direct, TRUE);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GBytes) question = NULL;
  const char *data = NULL;
  gsize size = 0;

  dms_p2p_dcutr_set_private_allowed (scene->relay->stack->nat->dcutr, TRUE);
  g_ptr_array_add (addresses, dms_multiaddr_new ("/ip4/127.0.0.1/udp/1/quic-v1", NULL));
  question = dms_p2p_dcutr_message_encode (DMS_P2P_DCUTR_CONNECT, addresses);
  data = g_bytes_get_data (question, &size);
  expect_hang_up (scene->hidden, scene->relay, data, size);
  expect_hang_up (scene->visitor, scene->hidden, data, size);
  g_assert_true (dms_p2p_connection_is_open (scene->relayed));
}

static void
test_messages (void)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GPtrArray) again = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GBytes) framed = NULL;
  g_autoptr (GError) error = NULL;
  DmsP2pDcutrType type = DMS_P2P_DCUTR_SYNC;
  const guint8 *data = NULL;

  for (guint i = 1; i <= 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("/ip4/192.0.2.1/tcp/%u", i);

      g_ptr_array_add (addresses, dms_multiaddr_new (text, NULL));
    }
  framed = dms_p2p_dcutr_message_encode (DMS_P2P_DCUTR_CONNECT, addresses);
  data = g_bytes_get_data (framed, NULL);
  g_assert_true (
      dms_p2p_dcutr_message_decode (data + 1, g_bytes_get_size (framed) - 1, &type, again, &error));
  g_assert_cmpint (type, ==, DMS_P2P_DCUTR_CONNECT);
  g_assert_cmpuint (again->len, ==, DMS_P2P_DCUTR_MAX_ADDRESSES);
  for (gsize n = 0; n < 2; n++)
    {
      g_assert_false (dms_p2p_dcutr_message_decode (data + 1, n, &type, NULL, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      g_clear_error (&error);
    }
}

/* The TCP side of it: this host connects, and is the server of that connection. */
typedef struct
{
  GSocket *listener;
  DmsP2pUpgrader *upgrader;
  DmsTestResult done;
} Door;

static gboolean
on_knock (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Door *door = user_data;
  g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, NULL);
  g_autoptr (DmsP2pPipe) pipe = dms_p2p_socket_pipe_new (accepted);

  dms_p2p_upgrader_dial_async (
      door->upgrader, pipe, 1, NULL, NULL, NULL, NULL, dms_test_on_done, &door->done);
  return G_SOURCE_REMOVE;
}

static void
test_tcp_punch (gconstpointer data)
{
  gboolean is_expected = GPOINTER_TO_INT (data);
  g_autoptr (DmsTestHost) host = dms_test_host_new (TCP);
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) third = dms_p2p_identity_new_random ();
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (other);
  DmsPeerId *expected = is_expected ? peer : dms_p2p_identity_get_peer_id (third);
  g_autoptr (GSocket) listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsP2pUpgrader) upgrader = dms_p2p_upgrader_new (other, NULL, NULL);
  g_autoptr (GSource) source = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsP2pUpgraded) upgraded = NULL;
  g_autoptr (GError) error = NULL;
  Door door = { listener, upgrader, { 0 } };

  g_assert_true (g_socket_bind (listener, any, TRUE, NULL) && g_socket_listen (listener, NULL));
  bound = g_socket_get_local_address (listener, NULL);
  address = dms_multiaddr_new_for_socket_address (G_INET_SOCKET_ADDRESS (bound), "tcp");
  source = g_socket_create_source (listener, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_knock), &door, NULL);
  g_source_attach (source, NULL);
  dms_p2p_tcp_punch (dms_p2p_dcutr_get_tcp (host->stack->nat->dcutr), address, expected);
  result = dms_test_await (&door.done);
  upgraded = dms_p2p_upgrader_finish (result, &error);
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (upgraded->key), host->id));
  for (guint i = 0; i < (is_expected ? 300 : 20) && dms_p2p_swarm_find (host->stack->swarm, peer) == NULL;
       i++)
    dms_test_spin (10);
  if (is_expected)
    g_assert_true (dms_p2p_connection_is_inbound (dms_p2p_swarm_find (host->stack->swarm, peer)));
  else
    g_assert_null (dms_p2p_swarm_find (host->stack->swarm, peer));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/p2p/dcutr/messages", test_messages);
  g_test_add_func ("/p2p/dcutr/punch", test_punch);
  g_test_add_func ("/p2p/dcutr/three-tries", test_three_tries);
  g_test_add_func ("/p2p/dcutr/rate", test_rate);
  g_test_add_func ("/p2p/dcutr/private", test_private_refused);
  g_test_add_func ("/p2p/dcutr/hostile", test_hostile);
  g_test_add_func ("/p2p/dcutr/nothing-to-ask", test_nothing_to_ask);
  g_test_add_data_func ("/p2p/dcutr/tcp/expected", GINT_TO_POINTER (TRUE), test_tcp_punch);
  g_test_add_data_func ("/p2p/dcutr/tcp/other", GINT_TO_POINTER (FALSE), test_tcp_punch);
  return g_test_run ();
}
