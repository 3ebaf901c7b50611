/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "dms-p2p-host-fixture.h"
#include "portmap/dms-p2p-port-mapper.h"

enum
{
  /* RFC 6886, section 3.1. */
  NATPMP_PORT = 5351,
  OUTER = 40001,
  NATPMP_RESULT_REFUSED = 2,
};

/* A router of either kind, in this process. */
typedef struct
{
  GSocket *socket;
  GSource *source;
  char *gateway;
  char *igd;

  const char *address;
  gboolean is_mute;
  gboolean refuses;
  gboolean garbles;
  /* UPnP: the machine that is to be asked, as the beginning of a URL; NULL for the router itself. */
  char *control;
  guint n_asked;
  guint n_mapped;
  guint n_removed;
  char *last;
} Router;

static guint n_changed;

static void
on_changed (gpointer user_data)
{
  n_changed++;
}

static gboolean
on_done (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_REMOVE;
}

/* NAT-PMP: RFC 6886, sections 3.2 and 3.3. */
static gsize
answer_natpmp (Router *self, const guint8 *request, gsize size, guint8 *answer)
{
  memset (answer, 0, 16);
  answer[1] = (guint8) (request[1] + 128);
  answer[3] = self->refuses ? NATPMP_RESULT_REFUSED : 0;
  if (request[1] == 0)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (self->address);

      memcpy (answer + 8, g_inet_address_to_bytes (address), 4);
      return 12;
    }
  g_assert_cmpuint (size, ==, 12);
  memcpy (answer + 8, request + 4, 2);
  if (memcmp (request + 8, "\0\0\0\0", 4) == 0)
    {
      self->n_removed++;
      g_assert_cmpint (memcmp (request + 6, "\0\0", 2), ==, 0);
      return 16;
    }
  self->n_mapped += self->refuses ? 0 : 1;
  answer[10] = OUTER >> 8;
  answer[11] = OUTER & 0xff;
  memcpy (answer + 12, request + 8, 4);
  return 16;
}

static gboolean
on_natpmp (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Router *self = user_data;
  guint8 request[64];
  guint8 answer[64];
  g_autoptr (GSocketAddress) from = NULL;
  gssize n = g_socket_receive_from (socket, &from, (char *) request, sizeof request, NULL, NULL);
  gsize size = 0;

  if (n < 2 || self->is_mute)
    return G_SOURCE_CONTINUE;
  size = answer_natpmp (self, request, (gsize) n, answer);
  if (self->garbles)
    randombytes_buf (answer, sizeof answer);
  g_socket_send_to (socket, from, (const char *) answer, size, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static void
start_natpmp (Router *self)
{
  g_autoptr (GInetAddress) ip = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->address = "198.51.100.7";
  /* The port is fixed: an address that nobody else has. */
  self->gateway = g_strdup_printf ("127.%u.%u.%u",
                                   1 + randombytes_uniform (250),
                                   randombytes_uniform (250),
                                   1 + randombytes_uniform (250));
  ip = g_inet_address_new_from_string (self->gateway);
  address = g_inet_socket_address_new (ip, NATPMP_PORT);
  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  g_socket_bind (self->socket, address, FALSE, &error);
  g_assert_no_error (error);
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_natpmp), self, NULL);
  g_source_attach (self->source, NULL);
}

/* UPnP: a description and three actions, one request a connection. */
static const char description_format[] =
    "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>"
    "<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>"
    "<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType>"
    "<serviceList><service>"
    "<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>"
    "<controlURL>/common</controlURL></service></serviceList>"
    "<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType>"
    "<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"
    "<controlURL>%s/control</controlURL></service></serviceList></device></deviceList></device></deviceList>"
    "</device></root>";

static char *
answer_upnp (Router *self, const char *request)
{
  self->n_asked++;
  if (g_str_has_prefix (request, "GET "))
    return g_strdup_printf (description_format, self->control != NULL ? self->control : "");
  if (strstr (request, "GetStatusInfo") != NULL)
    return g_strdup_printf ("<s:Envelope><s:Body><u:GetStatusInfoResponse><NewConnectionStatus>%s"
                            "</NewConnectionStatus></u:GetStatusInfoResponse></s:Body></s:Envelope>",
                            self->is_mute ? "Disconnected" : "Connected");
  if (self->garbles)
    return g_strdup ("<s:Envelope><<<<NewExternalIPAddress>not an address");
  if (strstr (request, "GetExternalIPAddress") != NULL)
    return g_strdup_printf ("<s:Envelope><s:Body><u:GetExternalIPAddressResponse><NewExternalIPAddress>%s"
                            "</NewExternalIPAddress></u:GetExternalIPAddressResponse></s:Body></s:Envelope>",
                            self->address);
  if (strstr (request, "AddPortMapping") != NULL && self->refuses)
    return g_strdup ("<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>718</errorCode></UPnPError>"
                     "</detail></s:Fault></s:Body></s:Envelope>");
  if (strstr (request, "AddPortMapping") != NULL)
    {
      self->n_mapped++;
      g_free (self->last);
      self->last = g_strdup (request);
    }
  if (strstr (request, "DeletePortMapping") != NULL)
    self->n_removed++;
  return g_strdup ("<s:Envelope><s:Body/></s:Envelope>");
}

/* Whether all of the request is there. */
static gboolean
is_whole (const char *request)
{
  const char *end = strstr (request, "\r\n\r\n");
  const char *length = strstr (request, "Content-Length:");

  if (end == NULL)
    return FALSE;
  return length == NULL || length > end ||
         strlen (end + 4) >= (gsize) g_ascii_strtoull (length + strlen ("Content-Length:"), NULL, 10);
}

static gboolean
on_upnp (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  Router *self = user_data;
  g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, NULL);
  g_autoptr (GString) request = g_string_new (NULL);
  g_autofree char *body = NULL;
  g_autofree char *answer = NULL;
  char block[4096];
  gssize n = 1;

  /* Whoever asks waits in a thread of its own. */
  g_socket_set_blocking (socket, TRUE);
  g_socket_set_timeout (socket, 5);
  while (n > 0 && !is_whole (request->str) && request->len < 65536)
    {
      n = g_socket_receive (socket, block, sizeof block, NULL, NULL);
      if (n > 0)
        g_string_append_len (request, block, n);
    }
  body = answer_upnp (self, request->str);
  answer = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            strstr (body, "Fault") != NULL ? "500 Internal Server Error" : "200 OK",
                            strlen (body),
                            body);
  g_socket_send (socket, answer, strlen (answer), NULL, NULL);
  g_socket_close (socket, NULL);
  return G_SOURCE_CONTINUE;
}

static void
start_upnp_at (Router *self, const char *at)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (at);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (ip, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->address = "198.51.100.8";
  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (self->socket, address, FALSE, &error));
  g_assert_true (g_socket_listen (self->socket, &error));
  bound = g_socket_get_local_address (self->socket, &error);
  g_assert_no_error (error);
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_upnp), self, NULL);
  g_source_attach (self->source, NULL);
  self->igd = g_strdup_printf (
      "http://%s:%u/root.xml", at, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
}

static void
start_upnp (Router *self)
{
  start_upnp_at (self, "127.0.0.1");
}

static void
router_clear (Router *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  g_clear_object (&self->socket);
  g_free (self->gateway);
  g_free (self->igd);
  g_free (self->control);
  g_free (self->last);
}

/* The addresses that the host tells of, but for the one it listens on; NULL for none. */
static char *
dup_mapped (DmsTestHost *host)
{
  g_autoptr (GPtrArray) addresses = dms_p2p_swarm_dup_listen_addresses (host->stack->swarm);

  g_assert_cmpuint (addresses->len, <=, 2);
  return addresses->len == 2 ? g_strdup (dms_multiaddr_get_text (addresses->pdata[1])) : NULL;
}

static DmsP2pPortMapper *
map (DmsTestHost *host, Router *router)
{
  DmsP2pPortMapper *mapper = NULL;

  n_changed = 0;
  mapper = dms_p2p_port_mapper_new (host->stack->swarm, router->gateway, router->igd, on_changed, NULL);
  dms_test_until (&n_changed);
  return mapper;
}

static void
unmap (DmsP2pPortMapper *mapper)
{
  guint done = 0;

  dms_p2p_port_mapper_close (mapper, on_done, &done);
  dms_test_until (&done);
  dms_test_spin (20);
  g_assert_cmpuint (done, ==, 1);
}

static void
test_natpmp (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  Router router;
  DmsP2pPortMapper *mapper = NULL;
  g_autofree char *mapped = NULL;

  start_natpmp (&router);
  mapper = map (host, &router);
  mapped = dup_mapped (host);
  g_assert_cmpstr (mapped, ==, "/ip4/198.51.100.7/tcp/40001");
  g_assert_cmpuint (router.n_mapped, ==, 1);
  unmap (mapper);
  g_assert_cmpuint (router.n_removed, ==, 1);
  router_clear (&router);
}

static void
test_natpmp_quic (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/udp/0/quic-v1");
  Router router;
  DmsP2pPortMapper *mapper = NULL;
  g_autofree char *mapped = NULL;

  start_natpmp (&router);
  mapper = map (host, &router);
  mapped = dup_mapped (host);
  g_assert_cmpstr (mapped, ==, "/ip4/198.51.100.7/udp/40001/quic-v1");
  unmap (mapper);
  router_clear (&router);
}

static void
test_upnp (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  g_autofree char *port = dms_multiaddr_dup_value (host->address, "tcp");
  g_autofree char *expected = g_strdup_printf ("/ip4/198.51.100.8/tcp/%s", port);
  g_autofree char *mapped = NULL;
  Router router;
  DmsP2pPortMapper *mapper = NULL;

  start_upnp (&router);
  mapper = map (host, &router);
  mapped = dup_mapped (host);
  g_assert_cmpstr (mapped, ==, expected);
  g_assert_cmpuint (router.n_mapped, ==, 1);
  g_assert_nonnull (strstr (router.last, "<NewLeaseDuration>7200</NewLeaseDuration>"));
  g_assert_nonnull (strstr (router.last, "<NewInternalClient>127.0.0.1</NewInternalClient>"));
  unmap (mapper);
  g_assert_cmpuint (router.n_removed, ==, 1);
  router_clear (&router);
}

/* A router that says no, an address of no use, or nonsense: nothing is told on. */
static void
check_nothing (Router *router)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  DmsP2pPortMapper *mapper = map (host, router);
  g_autofree char *mapped = dup_mapped (host);

  g_assert_null (mapped);
  unmap (mapper);
  router_clear (router);
}

static void
test_bad_routers (void)
{
  static const char *const useless[] = { "192.168.0.2", "127.0.0.1", "0.0.0.0", "224.0.0.1" };
  Router router;

  for (guint i = 0; i < G_N_ELEMENTS (useless); i++)
    {
      start_natpmp (&router);
      router.address = useless[i];
      check_nothing (&router);
    }
  start_upnp (&router);
  router.address = "8.8.8.8/udp/53";
  check_nothing (&router);
  start_upnp (&router);
  router.address = "10.0.0.1";
  check_nothing (&router);
  start_upnp (&router);
  router.refuses = TRUE;
  check_nothing (&router);
  /* Not connected to anything itself. */
  start_upnp (&router);
  router.is_mute = TRUE;
  check_nothing (&router);
  start_upnp (&router);
  router.garbles = TRUE;
  check_nothing (&router);
  start_natpmp (&router);
  router.refuses = TRUE;
  check_nothing (&router);
  start_natpmp (&router);
  router.garbles = TRUE;
  check_nothing (&router);
}

/* What calls itself a router sends this host to another machine: that one hears nothing of it. */
static void
test_sent_elsewhere (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  Router router;
  Router other;
  DmsP2pPortMapper *mapper = NULL;
  g_autofree char *mapped = NULL;

  start_upnp (&router);
  start_upnp_at (&other, "127.0.0.2");
  router.control = g_strndup (other.igd, strlen (other.igd) - strlen ("/root.xml"));
  mapper = map (host, &router);
  mapped = dup_mapped (host);
  g_assert_null (mapped);
  unmap (mapper);
  g_assert_cmpuint (router.n_asked, ==, 1);
  g_assert_cmpuint (other.n_asked, ==, 0);
  router_clear (&other);
  router_clear (&router);
}

/* Nobody answers; and a host that ends while the router is being asked waits no longer than it has to. */
static void
test_mute_router (void)
{
  g_autoptr (DmsTestHost) host = dms_test_host_new ("/ip4/127.0.0.1/tcp/0");
  gint64 began_us = g_get_monotonic_time ();
  DmsP2pPortMapper *mapper = NULL;
  Router router;

  start_natpmp (&router);
  router.is_mute = TRUE;
  mapper = dms_p2p_port_mapper_new (host->stack->swarm, router.gateway, NULL, on_changed, NULL);
  dms_test_spin (50);
  unmap (mapper);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 6 * G_USEC_PER_SEC);
  /* The thread lets go. */
  dms_test_spin (2500);
  router_clear (&router);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);

  g_test_add_func ("/p2p-portmap/natpmp", test_natpmp);
  g_test_add_func ("/p2p-portmap/natpmp-quic", test_natpmp_quic);
  g_test_add_func ("/p2p-portmap/upnp", test_upnp);
  g_test_add_func ("/p2p-portmap/bad-routers", test_bad_routers);
  g_test_add_func ("/p2p-portmap/sent-elsewhere", test_sent_elsewhere);
  g_test_add_func ("/p2p-portmap/mute-router", test_mute_router);
  return g_test_run ();
}
