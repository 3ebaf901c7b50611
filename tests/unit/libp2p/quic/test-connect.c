/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-quic-fixture.h"
#include "dms-quic-relay.h"

static DmsPeerId *
get_server_id (DmsQuicFixture *self)
{
  return dms_p2p_identity_get_peer_id (self->server_identity);
}

static DmsP2pQuicSettings *
get_settings (DmsP2pTransport *transport)
{
  return dms_p2p_quic_get_settings (DMS_P2P_QUIC (transport));
}

static void
say_hello (DmsQuicFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char buffer[64];

  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_write_all (pipe, "hello", 5);
  g_assert_cmpuint (dms_quic_read_all (other, buffer, 5, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 5, "hello", 5);
  dms_quic_write_all (other, "hello yourself", 14);
  g_assert_cmpuint (dms_quic_read_all (pipe, buffer, 14, &error), ==, 14);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 14, "hello yourself", 14);
}

static void
test_echo (DmsQuicFixture *self, gconstpointer listen_address)
{
  guint64 in = 0;
  guint64 out = 0;

  dms_quic_fixture_connect (self);
  say_hello (self);
  g_assert_true (self->inbound->is_inbound);
  g_assert_false (self->outbound->is_inbound);
  g_assert_cmpstr (self->inbound->security, ==, "quic-v1");
  g_assert_cmpstr (self->outbound->muxer_protocol, ==, "quic-v1");
  g_assert_true (dms_multiaddr_equal (self->outbound->remote, self->address));
  g_assert_true (dms_multiaddr_equal (self->inbound->local, self->address));
  g_assert_true (dms_multiaddr_equal (self->inbound->remote, self->outbound->local));
  g_assert_true (
      dms_peer_id_equal (dms_p2p_public_key_get_peer_id (self->outbound->key), get_server_id (self)));
  g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (self->inbound->key),
                                    dms_p2p_identity_get_peer_id (self->client_identity)));
  g_assert_cmpint (dms_p2p_muxer_get_rtt_us (self->outbound->muxer), >, 0);
  dms_p2p_muxer_get_traffic (self->outbound->muxer, &in, &out);
  g_assert_cmpuint (in, >, 1200);
  g_assert_cmpuint (out, >, 1200);
  g_assert_cmpuint (self->n_gate, ==, 1);
  g_assert_cmpuint (
      dms_p2p_quic_door_get_n_pending (dms_p2p_quic_get_door (DMS_P2P_QUIC (self->server))), ==, 0);
}

static void
test_wrong_peer (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  DmsPeerId *other = dms_p2p_identity_get_peer_id (self->client_identity);

  g_assert_null (dms_quic_fixture_dial (self, self->address, other, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  dms_quic_run (100);
  /* The server never saw the end of the handshake, and heard that there will be none. */
  g_assert_cmpuint (self->n_inbound, ==, 0);
  g_assert_cmpuint (self->n_cookies, ==, 0);
  g_assert_cmpuint (
      dms_p2p_quic_door_get_n_pending (dms_p2p_quic_get_door (DMS_P2P_QUIC (self->server))), ==, 0);
}

static void
test_anybody (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;

  self->outbound = dms_quic_fixture_dial (self, self->address, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (
      dms_peer_id_equal (dms_p2p_public_key_get_peer_id (self->outbound->key), get_server_id (self)));
}

static void
test_gate (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  gint64 began = g_get_monotonic_time ();

  self->gate_refuses = TRUE;
  g_assert_null (dms_quic_fixture_dial (self, self->address, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BUSY);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (self->n_inbound, ==, 0);
}

static void
test_addresses (DmsQuicFixture *self, gconstpointer listen_address)
{
  const char *good[] = {
    "/ip4/192.0.2.1/udp/4001/quic-v1",
    "/ip6/2001:db8::1/udp/4001/quic-v1",
    "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooWBhq5fB1dfEsWUXEmtLoefk52SWN7CazRN9FwfMWnLs3g"
  };
  const char *bad[] = { "/ip4/192.0.2.1/tcp/4001",
                        "/ip4/192.0.2.1/udp/4001",
                        "/ip4/192.0.2.1/udp/0/quic-v1",
                        "/ip4/192.0.2.1/udp/4001/quic-v1/webtransport",
                        "/dns4/example.org/udp/4001/quic-v1" };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) tcp = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (good[i], &error);

      g_assert_no_error (error);
      g_assert_true (dms_p2p_transport_can_dial (self->client, address));
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (bad[i], NULL);
      g_autoptr (GError) refusal = NULL;

      if (address == NULL)
        continue;
      g_assert_false (dms_p2p_transport_can_dial (self->client, address));
      g_assert_null (dms_quic_fixture_dial (self, address, NULL, NULL, &refusal));
      g_assert_error (refusal, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
  g_assert_null (dms_p2p_transport_listen (self->server, tcp, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  /* The port is taken, by ourselves. */
  g_assert_null (dms_p2p_transport_listen (self->client, self->address, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
}

/* Dials go out of the socket that is listened on. */
static void
test_one_port (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  gboolean is_v6 = listen_address != NULL;
  g_autoptr (DmsMultiaddr) any =
      dms_multiaddr_new (is_v6 ? "/ip6/::/udp/0/quic-v1" : "/ip4/0.0.0.0/udp/0/quic-v1", NULL);
  g_autoptr (DmsMultiaddr) mine = dms_p2p_transport_listen (self->client, any, &error);
  g_autofree char *port = NULL;
  g_autofree char *seen = NULL;
  g_autofree char *ip = NULL;

  g_assert_no_error (error);
  dms_quic_fixture_connect (self);
  port = dms_multiaddr_dup_value (mine, "udp");
  seen = dms_multiaddr_dup_value (self->inbound->remote, "udp");
  ip = dms_multiaddr_dup_value (self->inbound->remote, is_v6 ? "ip6" : "ip4");
  g_assert_cmpstr (port, !=, "0");
  g_assert_cmpstr (seen, ==, port);
  g_assert_cmpstr (ip, ==, is_v6 ? "::1" : "127.0.0.1");
  say_hello (self);
}

/* Who listens everywhere answers from the address that was asked. */
static void
test_any (DmsQuicFixture *self, gconstpointer listen_address)
{
  gboolean is_v6 = dms_multiaddr_has_part (self->address, "ip6");
  g_autofree char *port = dms_multiaddr_dup_value (self->address, "udp");
  g_autofree char *text =
      g_strdup_printf (is_v6 ? "/ip6/::1/udp/%s/quic-v1" : "/ip4/127.0.0.2/udp/%s/quic-v1", port);

  g_clear_pointer (&self->address, dms_multiaddr_unref);
  self->address = dms_multiaddr_new (text, NULL);
  dms_quic_fixture_connect (self);
  say_hello (self);
  g_assert_true (dms_multiaddr_equal (self->inbound->local, self->address));
}

static void
test_nobody (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_ref (self->address);
  DmsQuicRelay relay = { .lose_forth = 1000 };

  dms_quic_relay_set_up (&relay, self->address);
  get_settings (self->client)->handshake_timeout_ms = 400;
  g_assert_null (dms_quic_fixture_dial (self, relay.address, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpuint (relay.n_forth, >=, 1);
  dms_quic_relay_tear_down (&relay);
}

static gboolean
on_cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  DmsQuicRelay relay = { .lose_forth = 1000 };

  dms_quic_relay_set_up (&relay, self->address);
  g_timeout_add (50, on_cancel, cancellable);
  g_assert_null (dms_quic_fixture_dial (self, relay.address, NULL, cancellable, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  g_clear_error (&error);
  g_cancellable_cancel (before);
  g_assert_null (dms_quic_fixture_dial (self, self->address, NULL, before, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_quic_relay_tear_down (&relay);
}

static gboolean
on_close_transport (gpointer user_data)
{
  dms_p2p_transport_close (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_close_transport (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  DmsQuicRelay relay = { .lose_forth = 1000 };

  dms_quic_relay_set_up (&relay, self->address);
  g_timeout_add (50, on_close_transport, self->client);
  g_assert_null (dms_quic_fixture_dial (self, relay.address, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dms_quic_relay_tear_down (&relay);

  /* What is ready outlives the listening. */
  dms_quic_fixture_connect (self);
  dms_p2p_transport_close (self->server);
  say_hello (self);
  g_clear_error (&error);
  get_settings (self->client)->handshake_timeout_ms = 400;
  g_assert_null (dms_quic_fixture_dial (self, self->address, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
}

typedef struct
{
  guint n;
  gboolean has_failed;
} Traced;

static void
on_trace (const char *step, const char *detail, gint64 duration_us, const GError *error, gpointer user_data)
{
  Traced *traced = user_data;

  g_assert_cmpstr (step, ==, "secure");
  g_assert_cmpstr (detail, ==, "quic-v1");
  g_assert_cmpint (duration_us, >, 0);
  traced->n++;
  traced->has_failed = error != NULL;
}

static void
on_traced_dial (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsQuicFixture *self = user_data;

  self->outbound = dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, NULL);
}

static gboolean
has_outbound (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->outbound != NULL;
}

static void
test_trace (DmsQuicFixture *self, gconstpointer listen_address)
{
  Traced traced = { 0 };

  dms_p2p_transport_dial_async (
      self->client, self->address, NULL, on_trace, &traced, NULL, on_traced_dial, self);
  dms_quic_run_until (has_outbound, self, 10);
  g_assert_cmpuint (traced.n, ==, 1);
  g_assert_false (traced.has_failed);
}

static void
test_retry (DmsQuicFixture *self, gconstpointer listen_address)
{
  DmsP2pQuicDoorLimits *limits =
      dms_p2p_quic_door_get_limits (dms_p2p_quic_get_door (DMS_P2P_QUIC (self->server)));

  limits->max_unproven = 0;
  dms_quic_fixture_connect (self);
  say_hello (self);
  /* Nobody was asked about the one who had not shown its address. */
  g_assert_cmpuint (self->n_gate, ==, 1);
}

static gboolean
is_client_closed (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->n_client_closed > 0;
}

static gboolean
is_server_closed (gpointer user_data)
{
  return ((DmsQuicFixture *) user_data)->n_server_closed > 0;
}

static void
test_idle (DmsQuicFixture *self, gconstpointer listen_address)
{
  get_settings (self->client)->idle_timeout_ms = 500;
  get_settings (self->client)->keep_alive_ms = 0;
  get_settings (self->server)->keep_alive_ms = 0;
  dms_quic_fixture_connect (self);
  dms_quic_run_until (is_client_closed, self, 10);
  g_assert_error (self->client_closed, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  dms_quic_run_until (is_server_closed, self, 10);
  g_assert_error (self->server_closed, DMS_ERROR, DMS_ERROR_TIMED_OUT);
}

static void
test_keep_alive (DmsQuicFixture *self, gconstpointer listen_address)
{
  get_settings (self->client)->idle_timeout_ms = 800;
  get_settings (self->client)->keep_alive_ms = 200;
  get_settings (self->server)->keep_alive_ms = 0;
  dms_quic_fixture_connect (self);
  dms_quic_run (2000);
  g_assert_cmpuint (self->n_client_closed + self->n_server_closed, ==, 0);
  say_hello (self);
}

static void
connect_through (DmsQuicFixture *self, DmsQuicRelay *relay)
{
  g_autoptr (DmsMultiaddr) direct = g_steal_pointer (&self->address);

  dms_quic_relay_set_up (relay, direct);
  self->address = dms_multiaddr_ref (relay->address);
  dms_quic_fixture_connect (self);
}

/* The other side vanishes without a word. */
static void
test_gone (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  DmsQuicRelay relay = { 0 };
  char buffer[8];

  get_settings (self->client)->idle_timeout_ms = 600;
  connect_through (self, &relay);
  pipe = dms_quic_fixture_open (self, &other);
  relay.lose_forth = relay.lose_back = 1000;
  dms_quic_write_all (pipe, "are you there?", 14);
  dms_quic_run_until (is_client_closed, self, 10);
  g_assert_error (self->client_closed, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpuint (dms_quic_read_all (pipe, buffer, sizeof buffer, &error), ==, 0);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TIMED_OUT);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, NULL), ==, -1);
  dms_quic_relay_tear_down (&relay);
}

/* The other side has lost its memory, and says so by a stateless reset. */
static void
test_lost (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  DmsQuicRelay relay = { 0 };

  connect_through (self, &relay);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_run (100);
  relay.lose_back = 1000;
  g_ptr_array_set_size (self->streams, 0);
  g_clear_pointer (&self->inbound, dms_p2p_upgraded_free);
  /* Longer than it remembers those that ended. */
  dms_quic_run (1000);
  relay.lose_back = 0;
  dms_quic_write_all (pipe, "still there?", 12);
  dms_quic_run_until (is_client_closed, self, 10);
  g_assert_error (self->client_closed, DMS_ERROR, DMS_ERROR_IO);
  g_assert_nonnull (strstr (self->client_closed->message, "knows the connection no more"));
  dms_quic_relay_tear_down (&relay);
}

/* A NAT gives the client another port: the server follows, after it has checked the new way. */
static void
test_moved (DmsQuicFixture *self, gconstpointer listen_address)
{
  DmsQuicRelay relay = { 0 };

  connect_through (self, &relay);
  say_hello (self);
  dms_quic_relay_move (&relay);
  say_hello (self);
  say_hello (self);
  g_assert_cmpuint (self->n_server_closed, ==, 0);
  dms_quic_relay_tear_down (&relay);
}

static void
test_bad_weather (DmsQuicFixture *self, gconstpointer listen_address)
{
  DmsQuicRelay relay = { .lose_forth = 200, .lose_back = 200, .damage = 50, .twice = 100, .swap = 100 };

  connect_through (self, &relay);
  for (guint i = 0; i < 10; i++)
    say_hello (self);
  dms_quic_relay_tear_down (&relay);
}

static void
add (const char *path, const char *address, void (*test) (DmsQuicFixture *, gconstpointer))
{
  g_test_add (path, DmsQuicFixture, address, dms_quic_fixture_set_up, test, dms_quic_fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/p2p-quic/connect/echo-ip4", NULL, test_echo);
  add ("/p2p-quic/connect/echo-ip6", "/ip6/::1/udp/0/quic-v1", test_echo);
  add ("/p2p-quic/connect/wrong-peer", NULL, test_wrong_peer);
  add ("/p2p-quic/connect/anybody", NULL, test_anybody);
  add ("/p2p-quic/connect/gate", NULL, test_gate);
  add ("/p2p-quic/connect/addresses", NULL, test_addresses);
  add ("/p2p-quic/connect/one-port", NULL, test_one_port);
  add ("/p2p-quic/connect/one-port-ip6", "/ip6/::1/udp/0/quic-v1", test_one_port);
  add ("/p2p-quic/connect/any-ip4", "/ip4/0.0.0.0/udp/0/quic-v1", test_any);
  add ("/p2p-quic/connect/any-ip6", "/ip6/::/udp/0/quic-v1", test_any);
  add ("/p2p-quic/connect/nobody", NULL, test_nobody);
  add ("/p2p-quic/connect/cancel", NULL, test_cancel);
  add ("/p2p-quic/connect/close-transport", NULL, test_close_transport);
  add ("/p2p-quic/connect/trace", NULL, test_trace);
  add ("/p2p-quic/connect/retry", NULL, test_retry);
  add ("/p2p-quic/connect/idle", NULL, test_idle);
  add ("/p2p-quic/connect/keep-alive", NULL, test_keep_alive);
  add ("/p2p-quic/connect/gone", NULL, test_gone);
  add ("/p2p-quic/connect/lost", NULL, test_lost);
  add ("/p2p-quic/connect/moved", NULL, test_moved);
  add ("/p2p-quic/connect/bad-weather", NULL, test_bad_weather);
  return g_test_run ();
}
