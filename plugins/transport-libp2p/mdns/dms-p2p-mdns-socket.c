/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "mdns/dms-p2p-mdns-socket.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "mdns/dms-p2p-mdns-message.h"
#include "swarm/dms-p2p-address.h"

enum
{
  /* Ours: a machine with more than these has them for containers. */
  DMS_P2P_MDNS_MAX_INTERFACES = 16,
  /* How many packets are read before the main loop has its turn. */
  DMS_P2P_MDNS_MAX_AT_ONCE = 32,
  /* RFC 6762, section 11. */
  DMS_P2P_MDNS_HOPS = 255,
};

/* RFC 6762, section 3. */
#define DMS_P2P_MDNS_GROUP_IP4 "224.0.0.251"
#define DMS_P2P_MDNS_GROUP_IP6 "ff02::fb"

/* What is sent on it has the address it has there: the kernel would choose one of another for the loopback.
 */
typedef struct
{
  guint index;
  struct in_addr source;
} DmsP2pMdnsInterface;

struct _DmsP2pMdnsSocket
{
  GSocket *socket;
  GSocketAddress *group;
  char *interface;
  /* DmsP2pMdnsInterface */
  GArray *interfaces;
  GSource *source;
  DmsP2pMdnsHeard heard;
  gpointer user_data;
};

static gboolean
dms_p2p_mdns_socket_is_ip6 (DmsP2pMdnsSocket *self)
{
  return g_socket_address_get_family (self->group) == G_SOCKET_FAMILY_IPV6;
}

/* A packet that came over a router was not meant for here. */
static gboolean
dms_p2p_mdns_is_local (GInetSocketAddress *from)
{
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new_for_socket_address (from, "udp");
  DmsP2pReach reach = address != NULL ? dms_p2p_address_get_reach (address) : DMS_P2P_REACH_NONE;

  return reach == DMS_P2P_REACH_PRIVATE || reach == DMS_P2P_REACH_LOOPBACK ||
         g_inet_address_get_is_link_local (g_inet_socket_address_get_address (from));
}

static gboolean
dms_p2p_mdns_socket_on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DmsP2pMdnsSocket *self = user_data;
  guint8 packet[DMS_P2P_MDNS_MAX_SIZE];

  for (guint i = 0; i < DMS_P2P_MDNS_MAX_AT_ONCE; i++)
    {
      g_autoptr (GSocketAddress) from = NULL;
      gssize n = g_socket_receive_from (socket, &from, (char *) packet, sizeof packet, NULL, NULL);

      if (n < 0)
        break;
      if (G_IS_INET_SOCKET_ADDRESS (from) && dms_p2p_mdns_is_local (G_INET_SOCKET_ADDRESS (from)))
        self->heard (packet, (gsize) n, G_INET_SOCKET_ADDRESS (from), self->user_data);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
dms_p2p_mdns_socket_fits (DmsP2pMdnsSocket *self, const struct ifaddrs *one)
{
  const unsigned int wanted = IFF_UP | IFF_MULTICAST;

  if (one->ifa_addr == NULL ||
      one->ifa_addr->sa_family != (dms_p2p_mdns_socket_is_ip6 (self) ? AF_INET6 : AF_INET))
    return FALSE;
  if (self->interface != NULL)
    return g_str_equal (one->ifa_name, self->interface);
  return (one->ifa_flags & wanted) == wanted && (one->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) == 0;
}

static void
dms_p2p_mdns_socket_add_interface (DmsP2pMdnsSocket *self, const struct ifaddrs *one)
{
  DmsP2pMdnsInterface added = { if_nametoindex (one->ifa_name), { 0 } };
  GInetAddress *group = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (self->group));

  for (guint i = 0; i < self->interfaces->len; i++)
    if (g_array_index (self->interfaces, DmsP2pMdnsInterface, i).index == added.index)
      return;
  if (added.index == 0 || self->interfaces->len >= DMS_P2P_MDNS_MAX_INTERFACES)
    return;
  if (!dms_p2p_mdns_socket_is_ip6 (self))
    memcpy (&added.source,
            (const guint8 *) one->ifa_addr + G_STRUCT_OFFSET (struct sockaddr_in, sin_addr),
            sizeof added.source);
  /* Fails where it is a member already, which is as good. */
  g_socket_join_multicast_group (self->socket, group, FALSE, one->ifa_name, NULL);
  g_array_append_val (self->interfaces, added);
}

void
dms_p2p_mdns_socket_refresh (DmsP2pMdnsSocket *self)
{
  struct ifaddrs *all = NULL;

  g_array_set_size (self->interfaces, 0);
  if (getifaddrs (&all) != 0)
    return;
  for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
    if (dms_p2p_mdns_socket_fits (self, one))
      dms_p2p_mdns_socket_add_interface (self, one);
  freeifaddrs (all);
}

static void
dms_p2p_mdns_socket_choose (DmsP2pMdnsSocket *self, const DmsP2pMdnsInterface *interface)
{
  int fd = g_socket_get_fd (self->socket);
  struct ip_mreqn by_index = { .imr_address = interface->source, .imr_ifindex = (int) interface->index };

  if (dms_p2p_mdns_socket_is_ip6 (self))
    setsockopt (fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface->index, sizeof interface->index);
  else
    setsockopt (fd, IPPROTO_IP, IP_MULTICAST_IF, &by_index, sizeof by_index);
}

void
dms_p2p_mdns_socket_send (DmsP2pMdnsSocket *self, GByteArray *message)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    {
      g_autoptr (GError) error = NULL;

      dms_p2p_mdns_socket_choose (self, &g_array_index (self->interfaces, DmsP2pMdnsInterface, i));
      if (g_socket_send_to (
              self->socket, self->group, (const char *) message->data, message->len, NULL, &error) < 0)
        g_debug ("Multicast DNS is not sent: %s", error->message);
    }
}

static gboolean
dms_p2p_mdns_socket_open (DmsP2pMdnsSocket *self, GSocketFamily family, guint16 port, GError **error)
{
  const int yes = 1;
  const int hops = DMS_P2P_MDNS_HOPS;
  g_autoptr (GInetAddress) any = g_inet_address_new_any (family);
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new (any, port);

  self->socket = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (self->socket == NULL)
    return FALSE;
  g_socket_set_blocking (self->socket, FALSE);
  g_socket_set_multicast_loopback (self->socket, TRUE);
  if (family == G_SOCKET_FAMILY_IPV6)
    {
      setsockopt (g_socket_get_fd (self->socket), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
      setsockopt (g_socket_get_fd (self->socket), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
    }
  else
    g_socket_set_multicast_ttl (self->socket, DMS_P2P_MDNS_HOPS);
  /* GIO shares the port of a datagram socket when it is asked to share the address. */
  return g_socket_bind (self->socket, local, TRUE, error);
}

DmsP2pMdnsSocket *
dms_p2p_mdns_socket_new (GSocketFamily family,
                         guint16 port,
                         const char *interface,
                         DmsP2pMdnsHeard heard,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr (DmsP2pMdnsSocket) self = g_new0 (DmsP2pMdnsSocket, 1);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GError) failure = NULL;

  self->group = g_inet_socket_address_new_from_string (
      family == G_SOCKET_FAMILY_IPV6 ? DMS_P2P_MDNS_GROUP_IP6 : DMS_P2P_MDNS_GROUP_IP4, port);
  self->interface = g_strdup (interface);
  self->interfaces = g_array_new (FALSE, FALSE, sizeof (DmsP2pMdnsInterface));
  self->heard = heard;
  self->user_data = user_data;
  if (!dms_p2p_mdns_socket_open (self, family, port, &failure))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_IO,
                   "cannot take part in Multicast DNS on UDP port %u: %s",
                   port,
                   failure->message);
      return NULL;
    }
  dms_p2p_mdns_socket_refresh (self);
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (dms_p2p_mdns_socket_on_ready), self, NULL);
  g_source_attach (self->source, context);
  return g_steal_pointer (&self);
}

void
dms_p2p_mdns_socket_free (DmsP2pMdnsSocket *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_clear_object (&self->group);
  g_clear_pointer (&self->interfaces, g_array_unref);
  g_free (self->interface);
  g_free (self);
}
