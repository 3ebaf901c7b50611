/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-group.h"

#include <arpa/inet.h>
#include <string.h>

#include "swarm/dms-p2p-address.h"

/* What a group is made of, in the upper half of its number. */
enum
{
  DMS_P2P_KAD_GROUP_IP4 = 1,
  DMS_P2P_KAD_GROUP_IP6 = 2,
  DMS_P2P_KAD_GROUP_NAME = 3,
};

static guint64
dms_p2p_kad_group_make (guint kind, guint32 value)
{
  return (guint64) kind << 32 | value;
}

/* This machine, and private networks: RFC 1122, RFC 1918, RFC 3927. */
static gboolean
dms_p2p_kad_group_is_local_ip4 (const guint8 *bytes)
{
  return bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
         (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
}

static guint64
dms_p2p_kad_group_of_ip4 (const guint8 *bytes)
{
  if (dms_p2p_kad_group_is_local_ip4 (bytes))
    return 0;
  return dms_p2p_kad_group_make (DMS_P2P_KAD_GROUP_IP4, (guint32) bytes[0] << 8 | bytes[1]);
}

static guint64
dms_p2p_kad_group_of_ip6 (const guint8 *bytes)
{
  static const guint8 mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
  static const guint8 loopback[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };

  if (memcmp (bytes, mapped, sizeof mapped) == 0)
    return dms_p2p_kad_group_of_ip4 (bytes + sizeof mapped);
  /* RFC 4193, RFC 4291. */
  if ((bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
      memcmp (bytes, loopback, sizeof loopback) == 0)
    return 0;
  return dms_p2p_kad_group_make (DMS_P2P_KAD_GROUP_IP6,
                                 (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 |
                                     (guint32) bytes[2] << 8 | bytes[3]);
}

guint64
dms_p2p_kad_group_of (DmsMultiaddr *address)
{
  g_autofree char *value = NULL;
  g_autofree char *name = dms_multiaddr_dup_part (address, 0, &value);
  guint8 ip[sizeof (struct in6_addr)];

  if (name == NULL || value == NULL)
    return 0;
  if (strcmp (name, "ip4") == 0)
    return inet_pton (AF_INET, value, ip) == 1 ? dms_p2p_kad_group_of_ip4 (ip) : 0;
  if (strcmp (name, "ip6") == 0)
    return inet_pton (AF_INET6, value, ip) == 1 ? dms_p2p_kad_group_of_ip6 (ip) : 0;
  if (g_str_has_prefix (name, "dns"))
    return dms_p2p_kad_group_make (DMS_P2P_KAD_GROUP_NAME, g_str_hash (value));
  return 0;
}

static gboolean
dms_p2p_kad_group_is_known_to (DmsMultiaddr *address, DmsP2pReach remote)
{
  switch (dms_p2p_address_get_reach (address))
    {
    case DMS_P2P_REACH_LOOPBACK:
      return remote == DMS_P2P_REACH_LOOPBACK;
    case DMS_P2P_REACH_PRIVATE:
      return remote == DMS_P2P_REACH_LOOPBACK || remote == DMS_P2P_REACH_PRIVATE;
    case DMS_P2P_REACH_PUBLIC:
    case DMS_P2P_REACH_NAME:
      return TRUE;
    case DMS_P2P_REACH_NONE:
    case DMS_P2P_REACH_OTHER:
    default:
      return FALSE;
    }
}

GPtrArray *
dms_p2p_kad_group_filter (GPtrArray *addresses, DmsMultiaddr *remote, guint max)
{
  GPtrArray *left = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  DmsP2pReach reach = remote != NULL ? dms_p2p_address_get_reach (remote) : DMS_P2P_REACH_PUBLIC;

  /* Through a relay one may come from anywhere. */
  if (remote != NULL && dms_p2p_address_is_relayed (remote))
    reach = DMS_P2P_REACH_PUBLIC;
  for (guint i = 0; i < addresses->len && left->len < max; i++)
    {
      DmsMultiaddr *address = g_ptr_array_index (addresses, i);

      if (dms_p2p_kad_group_is_known_to (address, reach))
        g_ptr_array_add (left, dms_multiaddr_ref (address));
    }
  return left;
}
