/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

enum
{
  /* Addresses of one machine that are told of; more than this come from containers and help nobody. */
  DMS_P2P_ADDRESS_MAX_INTERFACES = 64,
};

gboolean
dms_p2p_address_is_relayed (DmsMultiaddr *address)
{
  return dms_multiaddr_has_part (address, "p2p-circuit");
}

gboolean
dms_p2p_address_is_quic (DmsMultiaddr *address)
{
  return dms_multiaddr_has_part (address, "quic-v1");
}

gboolean
dms_p2p_address_is_ip6 (DmsMultiaddr *address)
{
  return g_str_has_prefix (dms_multiaddr_get_text (address), "/ip6/");
}

GInetAddress *
dms_p2p_address_dup_ip (DmsMultiaddr *address)
{
  g_autoptr (GInetSocketAddress) socket = NULL;

  if (dms_p2p_address_is_relayed (address))
    return NULL;
  socket = dms_multiaddr_dup_socket_address (address);
  return socket != NULL ? g_object_ref (g_inet_socket_address_get_address (socket)) : NULL;
}

static DmsP2pReach
dms_p2p_address_get_reach_ip4 (const guint8 *bytes)
{
  /* 0/8 is this network, 224/4 multicast, 240/4 reserved with the broadcast address in it (RFC 6890). */
  if (bytes[0] == 0 || bytes[0] >= 224)
    return DMS_P2P_REACH_NONE;
  if (bytes[0] == 127)
    return DMS_P2P_REACH_LOOPBACK;
  if (bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
      (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 100 && (bytes[1] & 0xc0) == 64) ||
      (bytes[0] == 169 && bytes[1] == 254))
    return DMS_P2P_REACH_PRIVATE;
  return DMS_P2P_REACH_PUBLIC;
}

static DmsP2pReach
dms_p2p_address_get_reach_ip6 (GInetAddress *ip)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (ip);

  if (memcmp (bytes, mapped, sizeof mapped) == 0)
    return dms_p2p_address_get_reach_ip4 (bytes + sizeof mapped);
  if (g_inet_address_get_is_any (ip) || g_inet_address_get_is_multicast (ip) ||
      g_inet_address_get_is_link_local (ip))
    return DMS_P2P_REACH_NONE;
  if (g_inet_address_get_is_loopback (ip))
    return DMS_P2P_REACH_LOOPBACK;
  return (bytes[0] & 0xfe) == 0xfc || g_inet_address_get_is_site_local (ip) ? DMS_P2P_REACH_PRIVATE
                                                                            : DMS_P2P_REACH_PUBLIC;
}

/* Asked for each of the hundreds of addresses in the answers to one search of the hash table: without the
 * objects that GIO would make, which cost more than all else that is done with an answer. */
static DmsP2pReach
dms_p2p_address_get_reach_host (DmsMultiaddr *address, const char *host)
{
  g_autofree char *port = NULL;
  g_autofree char *second = dms_multiaddr_dup_part (address, 1, &port);
  guint8 bytes[sizeof (struct in_addr)];

  if (second == NULL || (strcmp (second, "tcp") != 0 && strcmp (second, "udp") != 0) ||
      g_ascii_strtoull (port, NULL, 10) == 0 || inet_pton (AF_INET, host, bytes) != 1)
    return DMS_P2P_REACH_NONE;
  return dms_p2p_address_get_reach_ip4 (bytes);
}

/**
 * dms_p2p_address_get_reach:
 * @address: an address
 *
 * For a relayed address it is about the relay.
 *
 * Returns: from where it can be reached
 */
DmsP2pReach
dms_p2p_address_get_reach (DmsMultiaddr *address)
{
  g_autofree char *host = NULL;
  g_autofree char *first = dms_multiaddr_dup_part (address, 0, &host);
  g_autoptr (GInetSocketAddress) socket = NULL;
  GInetAddress *ip = NULL;

  if (g_str_has_prefix (first, "dns"))
    return DMS_P2P_REACH_NAME;
  if (strcmp (first, "ip4") != 0 && strcmp (first, "ip6") != 0)
    return DMS_P2P_REACH_OTHER;
  if (strcmp (first, "ip4") == 0)
    return dms_p2p_address_get_reach_host (address, host);
  socket = dms_multiaddr_dup_socket_address (address);
  if (socket == NULL || g_inet_socket_address_get_port (socket) == 0)
    return DMS_P2P_REACH_NONE;
  ip = g_inet_socket_address_get_address (socket);
  /* GIO makes an IPv4 address of a mapped one. */
  return g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV6
             ? dms_p2p_address_get_reach_ip6 (ip)
             : dms_p2p_address_get_reach_ip4 (g_inet_address_to_bytes (ip));
}

DmsMultiaddr *
dms_p2p_address_dup_with_port (DmsMultiaddr *address)
{
  static const char *const without[] = { "/tcp/0", "/udp/0" };
  const char *text = dms_multiaddr_get_text (address);

  for (guint i = 0; i < G_N_ELEMENTS (without); i++)
    {
      const char *place = strstr (text, without[i]);
      const char *behind = place != NULL ? place + strlen (without[i]) : NULL;
      g_autofree char *changed = NULL;

      if (behind == NULL || (*behind != '\0' && *behind != '/'))
        continue;
      changed = g_strdup_printf ("%.*s1%s", (int) (behind - 1 - text), text, behind);
      return dms_multiaddr_new (changed, NULL);
    }
  return dms_multiaddr_ref (address);
}

DmsMultiaddr *
dms_p2p_address_move (DmsMultiaddr *address, GInetAddress *ip)
{
  g_autofree char *value = NULL;
  g_autofree char *first = dms_multiaddr_dup_part (address, 0, &value);
  g_autofree char *host = g_inet_address_to_string (ip);
  g_autofree char *text = NULL;

  host[strcspn (host, "%")] = '\0';
  text = g_strconcat (
      "/", first, "/", host, dms_multiaddr_get_text (address) + strlen (first) + strlen (value) + 2, NULL);
  return dms_multiaddr_new (text, NULL);
}

static GInetAddress *
dms_p2p_address_new_ip (const struct ifaddrs *interface, GSocketFamily family)
{
  gsize size = family == G_SOCKET_FAMILY_IPV6 ? sizeof (struct sockaddr_in6) : sizeof (struct sockaddr_in);
  g_autoptr (GSocketAddress) native = NULL;
  GInetAddress *ip = NULL;

  if (interface->ifa_addr == NULL || interface->ifa_addr->sa_family != (sa_family_t) family ||
      (interface->ifa_flags & IFF_UP) == 0)
    return NULL;
  native = g_socket_address_new_from_native (interface->ifa_addr, size);
  ip = native != NULL ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (native)) : NULL;
  return ip != NULL && !g_inet_address_get_is_link_local (ip) ? g_object_ref (ip) : NULL;
}

void
dms_p2p_address_expand (DmsMultiaddr *address, GPtrArray *list)
{
  g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (address);
  struct ifaddrs *interfaces = NULL;
  guint most = list->len + DMS_P2P_ADDRESS_MAX_INTERFACES;

  if (ip == NULL || !g_inet_address_get_is_any (ip))
    {
      g_ptr_array_add (list, dms_multiaddr_ref (address));
      return;
    }
  if (getifaddrs (&interfaces) != 0)
    return;
  for (struct ifaddrs *i = interfaces; i != NULL && list->len < most; i = i->ifa_next)
    {
      g_autoptr (GInetAddress) own = dms_p2p_address_new_ip (i, g_inet_address_get_family (ip));
      g_autoptr (DmsMultiaddr) moved = own != NULL ? dms_p2p_address_move (address, own) : NULL;

      if (moved != NULL &&
          !g_ptr_array_find_with_equal_func (list, moved, (GEqualFunc) dms_multiaddr_equal, NULL))
        g_ptr_array_add (list, g_steal_pointer (&moved));
    }
  freeifaddrs (interfaces);
}
