/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "io/dms-p2p-socket-pipe.h"
#include "noise/dms-p2p-noise.h"
#include "p2p-secure-fixture.h"
#include "tcp/dms-p2p-tcp.h"
#include "tls/dms-p2p-tls.h"

/* A host with nothing but TCP. */
typedef struct
{
  DmsP2pIdentity *identity;
  DmsP2pTransport *tcp;
  DmsMultiaddr *address;
  DmsP2pUpgraded *accepted;
  gboolean has_accepted;
  gboolean refuses;
  guint n_asked;
  guint n_cookies;
} Host;

typedef struct
{
  DmsP2pUpgraded *upgraded;
  GError *error;
  gboolean is_over;
  GString *trace;
  GCancellable *cancellable;
} Dial;

static void
free_cookie (gpointer data)
{
  Host *host = data;

  host->n_cookies--;
}

static gboolean
on_gate (DmsMultiaddr *remote,
         gpointer *cookie,
         GDestroyNotify *cookie_free,
         gpointer user_data,
         GError **error)
{
  Host *host = user_data;

  host->n_asked++;
  if (host->refuses)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BUSY, "no room");
      return FALSE;
    }
  host->n_cookies++;
  *cookie = host;
  *cookie_free = free_cookie;
  return TRUE;
}

static void
on_accepted (DmsP2pUpgraded *upgraded, gpointer user_data)
{
  Host *host = user_data;

  g_clear_pointer (&host->accepted, dms_p2p_upgraded_free);
  host->accepted = upgraded;
  host->has_accepted = TRUE;
}

static void
host_init (Host *self, const char *security, const char *address)
{
  const char *const securities[] = { security, NULL };
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->identity = dms_p2p_identity_new_random ();
  self->tcp = dms_p2p_tcp_new (self->identity, security != NULL ? securities : NULL);
  dms_p2p_transport_set_handlers (self->tcp, on_gate, on_accepted, self);
  if (address != NULL)
    {
      g_autoptr (DmsMultiaddr) wanted = dms_multiaddr_new (address, &error);

      g_assert_no_error (error);
      self->address = dms_p2p_transport_listen (self->tcp, wanted, &error);
      g_assert_no_error (error);
    }
}

static void
host_clear (Host *self)
{
  g_clear_pointer (&self->accepted, dms_p2p_upgraded_free);
  dms_p2p_transport_close (self->tcp);
  /* What was under way ends from the main loop. */
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_finalize_object (g_steal_pointer (&self->tcp));
  g_assert_cmpuint (self->n_cookies, ==, 0);
  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
}

static void
on_trace (const char *step, const char *detail, gint64 duration_us, const GError *error, gpointer user_data)
{
  Dial *dial = user_data;

  g_assert_false (dial->is_over);
  g_assert_nonnull (detail);
  g_assert_cmpint (duration_us, >=, 0);
  g_string_append_printf (dial->trace, "%s%s ", step, error != NULL ? "!" : "");
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Dial *dial = user_data;

  dial->upgraded = dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, &dial->error);
  g_assert_true ((dial->upgraded == NULL) == (dial->error != NULL));
  dial->is_over = TRUE;
}

static void
dial_start (Dial *self, Host *host, DmsMultiaddr *address, DmsPeerId *expected)
{
  memset (self, 0, sizeof *self);
  self->trace = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
  dms_p2p_transport_dial_async (
      host->tcp, address, expected, on_trace, self, self->cancellable, on_dialled, self);
}

static void
dial_clear (Dial *self)
{
  g_clear_pointer (&self->upgraded, dms_p2p_upgraded_free);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_string_free (g_steal_pointer (&self->trace), TRUE);
}

/* Streams of a muxer that answer with what they hear. */
typedef struct
{
  DmsP2pPipe *pipe;
  gboolean has_echo;
  char heard[100];
} Echo;

static void
on_echo (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Echo *echo = user_data;
  gssize n = dms_p2p_pipe_read (pipe, echo->heard, sizeof echo->heard - 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  g_assert_cmpint (n, >, 0);
  dms_p2p_pipe_want (pipe, 0);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, echo->heard, (gsize) n, NULL), ==, n);
}

static void
on_reply (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  Echo *echo = user_data;
  gssize n = dms_p2p_pipe_read (pipe, echo->heard, sizeof echo->heard - 1, NULL);

  if (n == DMS_P2P_WOULD_BLOCK)
    return;
  g_assert_cmpint (n, >, 0);
  dms_p2p_pipe_want (pipe, 0);
  echo->has_echo = TRUE;
}

static void
on_stream (DmsP2pMuxer *muxer, DmsP2pPipe *pipe, gpointer user_data)
{
  Echo *echo = user_data;

  echo->pipe = g_object_ref (pipe);
  dms_p2p_pipe_set_handler (pipe, on_echo, echo);
  dms_p2p_pipe_want (pipe, G_IO_IN);
}

static void
on_closed (DmsP2pMuxer *muxer, const GError *error, gpointer user_data)
{
}

static void
check_streams (DmsP2pUpgraded *from, DmsP2pUpgraded *to)
{
  Echo theirs = { 0 };
  Echo mine = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;

  dms_p2p_muxer_set_handlers (from->muxer, NULL, on_closed, NULL, NULL);
  dms_p2p_muxer_set_handlers (to->muxer, on_stream, on_closed, NULL, &theirs);
  pipe = dms_p2p_muxer_open (from->muxer, &error);
  g_assert_no_error (error);
  dms_p2p_pipe_set_handler (pipe, on_reply, &mine);
  dms_p2p_pipe_want (pipe, G_IO_IN);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "hello", 5, &error), ==, 5);
  g_assert_no_error (error);
  p2p_run_until (&mine.has_echo);
  g_assert_cmpstr (mine.heard, ==, "hello");
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_set_handler (theirs.pipe, NULL, NULL);
  dms_p2p_muxer_set_handlers (to->muxer, NULL, on_closed, NULL, NULL);
  g_object_unref (theirs.pipe);
}

static void
test_connect (gconstpointer data)
{
  const char *const *securities = data;
  Host a;
  Host b;
  Dial dial;
  const char *address = securities[2] != NULL ? securities[2] : "/ip4/127.0.0.1/tcp/0";

  host_init (&a, securities[0], NULL);
  host_init (&b, securities[1], address);
  dial_start (&dial, &a, b.address, dms_p2p_identity_get_peer_id (b.identity));
  p2p_run_until (&dial.is_over);
  g_assert_no_error (dial.error);
  p2p_run_until (&b.has_accepted);
  g_assert_cmpstr (dial.trace->str, ==, securities[3]);
  g_assert_cmpstr (dial.upgraded->security, ==, securities[4]);
  g_assert_cmpstr (b.accepted->security, ==, securities[4]);
  g_assert_cmpstr (dial.upgraded->muxer_protocol, ==, "/yamux/1.0.0");
  g_assert_false (dial.upgraded->is_inbound);
  g_assert_true (b.accepted->is_inbound);
  g_assert_true (dms_multiaddr_equal (dial.upgraded->remote, b.address));
  g_assert_true (dms_multiaddr_equal (dial.upgraded->remote, b.accepted->local));
  g_assert_true (dms_multiaddr_equal (dial.upgraded->local, b.accepted->remote));
  g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (b.accepted->key),
                                    dms_p2p_identity_get_peer_id (a.identity)));
  g_assert_true (dms_peer_id_equal (dms_p2p_public_key_get_peer_id (dial.upgraded->key),
                                    dms_p2p_identity_get_peer_id (b.identity)));
  check_streams (dial.upgraded, b.accepted);
  check_streams (b.accepted, dial.upgraded);
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
}

static void
test_wrong_peer (void)
{
  Host a;
  Host b;
  Dial dial;
  g_autoptr (DmsMultiaddr) address = NULL;

  host_init (&a, NULL, NULL);
  host_init (&b, NULL, "/ip4/127.0.0.1/tcp/0");
  /* The peer that the address itself names counts, when no other is given. */
  address = dms_multiaddr_append_peer_id (b.address, dms_p2p_identity_get_peer_id (a.identity));
  dial_start (&dial, &a, address, NULL);
  p2p_run_until (&dial.is_over);
  g_assert_error (dial.error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  g_assert_cmpstr (dial.trace->str, ==, "connect secure! ");
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
}

static void
test_gate (void)
{
  Host a;
  Host b;
  Dial dial;

  host_init (&a, NULL, NULL);
  host_init (&b, NULL, "/ip4/127.0.0.1/tcp/0");
  b.refuses = TRUE;
  dial_start (&dial, &a, b.address, NULL);
  p2p_run_until (&dial.is_over);
  /* Whether the reset comes before the dialler notices that it is connected is chance. */
  g_assert_true (g_error_matches (dial.error, DMS_ERROR, DMS_ERROR_IO) ||
                 g_error_matches (dial.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE));
  g_assert_cmpuint (b.n_asked, >=, 1);
  g_assert_false (b.has_accepted);
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
}

static gboolean
is_refused (GSocket *socket)
{
  char byte = 0;

  return recv (g_socket_get_fd (socket), &byte, 1, MSG_DONTWAIT | MSG_PEEK) != -1 || errno == ECONNRESET;
}

/* Those who connect and say nothing take a bounded room: who comes then goes at once, before anybody is
 * asked. */
static void
test_too_many (void)
{
  /* DMS_P2P_TCP_MAX_ACCEPTING, and some more. */
  const guint most = 1024;
  const guint more = 20;
  struct rlimit descriptors = { 0 };
  Host host;
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketAddress) address = NULL;
  guint n_refused = 0;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &descriptors), ==, 0);
  if (descriptors.rlim_cur < 2 * (most + more) + 100)
    {
      g_test_skip ("needs 2,200 file descriptors");
      return;
    }
  host_init (&host, NULL, "/ip4/127.0.0.1/tcp/0");
  address = G_SOCKET_ADDRESS (dms_multiaddr_dup_socket_address (host.address));
  for (guint i = 0; i < most + more; i++)
    {
      GSocket *socket =
          g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

      g_ptr_array_add (sockets, socket);
      g_assert_true (g_socket_connect (socket, address, NULL, NULL));
      while (i % 16 == 0 && g_main_context_iteration (NULL, FALSE))
        ;
    }
  for (guint i = 0; i < 2000 && n_refused < more; i++)
    {
      g_usleep (1000);
      g_main_context_iteration (NULL, FALSE);
      n_refused = 0;
      for (guint j = most; j < most + more; j++)
        n_refused += is_refused (g_ptr_array_index (sockets, j)) ? 1 : 0;
    }
  g_assert_cmpuint (n_refused, ==, more);
  g_assert_cmpuint (host.n_asked, ==, most);
  g_assert_cmpuint (host.n_cookies, ==, most);
  g_ptr_array_set_size (sockets, 0);
  while (host.n_cookies > 0)
    g_main_context_iteration (NULL, TRUE);
  host_clear (&host);
}

static void
test_refused (void)
{
  Host a;
  Host b;
  Dial dial;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsMultiaddr) quic = dms_multiaddr_new ("/ip4/127.0.0.1/udp/9/quic-v1", NULL);
  g_autoptr (DmsMultiaddr) websocket = dms_multiaddr_new ("/ip4/127.0.0.1/tcp/9/ws", NULL);

  host_init (&a, NULL, NULL);
  host_init (&b, NULL, "/ip4/127.0.0.1/tcp/0");
  address = dms_multiaddr_ref (b.address);
  host_clear (&b);
  dial_start (&dial, &a, address, NULL);
  p2p_run_until (&dial.is_over);
  g_assert_error (dial.error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_cmpstr (dial.trace->str, ==, "connect! ");
  dial_clear (&dial);

  g_assert_false (dms_p2p_transport_can_dial (a.tcp, quic));
  g_assert_false (dms_p2p_transport_can_dial (a.tcp, websocket));
  dial_start (&dial, &a, websocket, NULL);
  p2p_run_until (&dial.is_over);
  g_assert_error (dial.error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  dial_clear (&dial);
  host_clear (&a);
}

static void
test_listen (void)
{
  Host a;
  Host b;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMultiaddr) again = NULL;
  g_autoptr (DmsMultiaddr) other = NULL;
  g_autoptr (DmsMultiaddr) six = NULL;
  g_autofree char *port = NULL;
  g_autofree char *text = NULL;

  /* A port is one host's alone, whatever dials may do with it; and each family's. */
  host_init (&a, NULL, "/ip4/0.0.0.0/tcp/0");
  host_init (&b, NULL, NULL);
  again = dms_p2p_transport_listen (b.tcp, a.address, &error);
  g_assert_null (again);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_clear_error (&error);
  port = dms_multiaddr_dup_value (a.address, "tcp");
  text = g_strdup_printf ("/ip6/::/tcp/%s", port);
  other = dms_multiaddr_new (text, NULL);
  six = dms_p2p_transport_listen (a.tcp, other, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dms_multiaddr_get_text (six), ==, text);
  host_clear (&a);
  host_clear (&b);
}

/* An address of this machine that is not the loopback; NULL when there is none. */
static char *
find_address (void)
{
  struct ifaddrs *list = NULL;
  char *found = NULL;

  if (getifaddrs (&list) != 0)
    return NULL;
  for (struct ifaddrs *i = list; i != NULL && found == NULL; i = i->ifa_next)
    {
      g_autoptr (GSocketAddress) address = NULL;
      GInetAddress *ip = NULL;

      if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
        continue;
      address = g_socket_address_new_from_native (i->ifa_addr, sizeof (struct sockaddr_in));
      ip = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
      if (!g_inet_address_get_is_loopback (ip))
        found = g_inet_address_to_string (ip);
    }
  freeifaddrs (list);
  return found;
}

static void
test_port_of_listener (void)
{
  Host a;
  Host b;
  Dial dial;
  g_autofree char *ip = find_address ();
  g_autofree char *text = NULL;
  g_autofree char *mine = NULL;
  g_autofree char *seen = NULL;
  g_autoptr (DmsMultiaddr) self = NULL;

  if (ip == NULL)
    {
      g_test_skip ("there is no network but the loopback");
      return;
    }
  text = g_strdup_printf ("/ip4/%s/tcp/0", ip);
  host_init (&a, NULL, "/ip4/0.0.0.0/tcp/0");
  host_init (&b, NULL, text);
  mine = dms_multiaddr_dup_value (a.address, "tcp");
  for (guint i = 0; i < 3; i++)
    {
      b.has_accepted = FALSE;
      dial_start (&dial, &a, b.address, NULL);
      p2p_run_until (&dial.is_over);
      g_assert_no_error (dial.error);
      p2p_run_until (&b.has_accepted);
      g_clear_pointer (&seen, g_free);
      seen = dms_multiaddr_dup_value (b.accepted->remote, "tcp");
      /* Twice to one address is not possible from one port: the second has another. */
      if (i == 0)
        g_assert_cmpstr (seen, ==, mine);
      check_streams (dial.upgraded, b.accepted);
      dial_clear (&dial);
      g_clear_pointer (&b.accepted, dms_p2p_upgraded_free);
    }

  /* Who dials himself meets himself, over two sockets. */
  g_free (g_steal_pointer (&text));
  text = g_strdup_printf ("/ip4/%s/tcp/%s", ip, mine);
  self = dms_multiaddr_new (text, NULL);
  a.has_accepted = FALSE;
  dial_start (&dial, &a, self, NULL);
  p2p_run_until (&dial.is_over);
  g_assert_no_error (dial.error);
  p2p_run_until (&a.has_accepted);
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
}

static void
test_close (void)
{
  Host a;
  Host b;
  Dial dial;

  host_init (&a, NULL, NULL);
  host_init (&b, NULL, "/ip4/127.0.0.1/tcp/0");
  dial_start (&dial, &a, b.address, NULL);
  dms_p2p_transport_close (a.tcp);
  p2p_run_until (&dial.is_over);
  g_assert_error (dial.error, DMS_ERROR, DMS_ERROR_CANCELLED);
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
}

static void
test_cancel (void)
{
  for (guint steps = 0; steps < 12; steps++)
    {
      Host a;
      Host b;
      Dial dial;

      host_init (&a, NULL, NULL);
      host_init (&b, NULL, "/ip4/127.0.0.1/tcp/0");
      dial_start (&dial, &a, b.address, NULL);
      for (guint i = 0; i < steps && !dial.is_over; i++)
        g_main_context_iteration (NULL, TRUE);
      g_cancellable_cancel (dial.cancellable);
      p2p_run_until (&dial.is_over);
      g_assert_true (dial.upgraded != NULL || g_error_matches (dial.error, DMS_ERROR, DMS_ERROR_CANCELLED));
      dial_clear (&dial);
      host_clear (&a);
      host_clear (&b);
    }
}

/* Passes bytes on and counts how often the direction changes. */
typedef struct
{
  GSocket *listener;
  GSocket *to;
  GSocket *sockets[2];
  guint n_flights[2];
  int last;
  GSource *sources[3];
} Relay;

static gboolean
on_relayed (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Relay *relay = user_data;
  int from = socket == relay->sockets[0] ? 0 : 1;
  char buffer[65536];
  gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);

  if (n <= 0)
    {
      g_socket_shutdown (relay->sockets[1 - from], FALSE, TRUE, NULL);
      return G_SOURCE_REMOVE;
    }
  if (relay->last != from)
    relay->n_flights[from]++;
  relay->last = from;
  /* At the end the other side may be gone. */
  return g_socket_send (relay->sockets[1 - from], buffer, (gsize) n, NULL, NULL) == n;
}

static gboolean
on_relay_accept (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  Relay *relay = user_data;
  g_autoptr (GError) error = NULL;

  relay->sockets[0] = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_socket_set_option (relay->sockets[i], IPPROTO_TCP, 1, 1, NULL);
      relay->sources[i] = g_socket_create_source (relay->sockets[i], G_IO_IN, NULL);
      g_source_set_callback (relay->sources[i], G_SOURCE_FUNC (on_relayed), relay, NULL);
      /* Slower than the ends, so that what they say in a row arrives in one piece. */
      g_source_set_priority (relay->sources[i], G_PRIORITY_LOW);
      g_source_attach (relay->sources[i], NULL);
    }
  return G_SOURCE_REMOVE;
}

static DmsMultiaddr *
relay_init (Relay *self, DmsMultiaddr *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) remote = dms_multiaddr_dup_socket_address (to);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) mine = NULL;

  memset (self, 0, sizeof *self);
  self->last = -1;
  self->listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_bind (self->listener, any, TRUE, &error);
  g_socket_listen (self->listener, &error);
  g_assert_no_error (error);
  self->sockets[1] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_socket_connect (self->sockets[1], G_SOCKET_ADDRESS (remote), NULL, &error);
  g_assert_no_error (error);
  self->sources[2] = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->sources[2], G_SOURCE_FUNC (on_relay_accept), self, NULL);
  g_source_attach (self->sources[2], NULL);
  mine = g_socket_get_local_address (self->listener, NULL);
  return dms_multiaddr_new_for_socket_address (G_INET_SOCKET_ADDRESS (mine), "tcp");
}

static void
relay_clear (Relay *self)
{
  for (guint i = 0; i < 3; i++)
    {
      g_source_destroy (self->sources[i]);
      g_source_unref (self->sources[i]);
    }
  g_object_unref (self->listener);
  g_object_unref (self->sockets[0]);
  g_object_unref (self->sockets[1]);
}

/* Connecting and hearing the first byte takes, after the round trip of TCP itself, two of TLS and three
 * one-way flights of Noise before the first byte. */
static void
test_round_trips (gconstpointer data)
{
  Host a;
  Host b;
  Dial dial;
  Relay relay;
  Echo theirs = { 0 };
  Echo mine = { 0 };
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;

  host_init (&a, data, NULL);
  host_init (&b, data, "/ip4/127.0.0.1/tcp/0");
  address = relay_init (&relay, b.address);
  dial_start (&dial, &a, address, dms_p2p_identity_get_peer_id (b.identity));
  p2p_run_until (&dial.is_over);
  g_assert_no_error (dial.error);
  pipe = dms_p2p_muxer_open (dial.upgraded->muxer, NULL);
  g_assert_nonnull (pipe);
  g_assert_cmpint (dms_p2p_pipe_write (pipe, "x", 1, NULL), ==, 1);
  dms_p2p_pipe_set_handler (pipe, on_reply, &mine);
  dms_p2p_pipe_want (pipe, G_IO_IN);
  p2p_run_until (&b.has_accepted);
  dms_p2p_muxer_set_handlers (b.accepted->muxer, on_stream, on_closed, NULL, &theirs);
  p2p_run_until (&mine.has_echo);
  /* Two flights of the dialler: proposal and hello; its proof, and the stream with its first byte. */
  g_assert_cmpuint (relay.n_flights[0], ==, 2);
  g_assert_cmpuint (relay.n_flights[1], ==, 2);
  dms_p2p_pipe_set_handler (pipe, NULL, NULL);
  dms_p2p_pipe_set_handler (theirs.pipe, NULL, NULL);
  dms_p2p_muxer_set_handlers (b.accepted->muxer, NULL, on_closed, NULL, NULL);
  g_object_unref (theirs.pipe);
  dial_clear (&dial);
  host_clear (&a);
  host_clear (&b);
  relay_clear (&relay);
}

int
main (int argc, char **argv)
{
  /* Dialler, listener, address, what is told, what comes out. */
  static const char *const tls[] = {
    DMS_P2P_TLS_PROTOCOL, NULL, NULL, "connect secure mux ", DMS_P2P_TLS_PROTOCOL
  };
  static const char *const noise[] = {
    DMS_P2P_NOISE_PROTOCOL, NULL, NULL, "connect secure mux ", DMS_P2P_NOISE_PROTOCOL
  };
  static const char *const best[] = { NULL, NULL, NULL, "connect secure mux ", DMS_P2P_TLS_PROTOCOL };
  static const char *const second[] = {
    NULL, DMS_P2P_NOISE_PROTOCOL, NULL, "connect secure! connect secure mux ", DMS_P2P_NOISE_PROTOCOL
  };
  static const char *const six[] = {
    NULL, NULL, "/ip6/::1/tcp/0", "connect secure mux ", DMS_P2P_TLS_PROTOCOL
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/p2p/tcp/connect/tls", tls, test_connect);
  g_test_add_data_func ("/p2p/tcp/connect/noise", noise, test_connect);
  g_test_add_data_func ("/p2p/tcp/connect/best", best, test_connect);
  g_test_add_data_func ("/p2p/tcp/connect/second-best", second, test_connect);
  g_test_add_data_func ("/p2p/tcp/connect/ip6", six, test_connect);
  g_test_add_func ("/p2p/tcp/wrong-peer", test_wrong_peer);
  g_test_add_func ("/p2p/tcp/gate", test_gate);
  g_test_add_func ("/p2p/tcp/too-many", test_too_many);
  g_test_add_func ("/p2p/tcp/refused", test_refused);
  g_test_add_func ("/p2p/tcp/listen", test_listen);
  g_test_add_func ("/p2p/tcp/port-of-listener", test_port_of_listener);
  g_test_add_func ("/p2p/tcp/close", test_close);
  g_test_add_func ("/p2p/tcp/cancel", test_cancel);
  g_test_add_data_func ("/p2p/tcp/round-trips/tls", DMS_P2P_TLS_PROTOCOL, test_round_trips);
  g_test_add_data_func ("/p2p/tcp/round-trips/noise", DMS_P2P_NOISE_PROTOCOL, test_round_trips);
  return g_test_run ();
}
