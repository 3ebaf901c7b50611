/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-address-scope.h"

DmsP2pAddressScope
dms_p2p_address_scope_of (DmsMultiaddr *address)
{
  g_autofree char *value = NULL;
  g_autofree char *name = dms_multiaddr_dup_part (address, 0, &value);
  g_autoptr (GInetAddress) ip = NULL;

  if (g_str_equal (name, "ip4") || g_str_equal (name, "ip6"))
    ip = g_inet_address_new_from_string (value);
  if (ip == NULL)
    return DMS_P2P_ADDRESS_WORLD;
  if (g_inet_address_get_is_loopback (ip) || g_inet_address_get_is_any (ip))
    return DMS_P2P_ADDRESS_HERE;
  if (g_inet_address_get_is_link_local (ip) || g_inet_address_get_is_site_local (ip))
    return DMS_P2P_ADDRESS_SITE;
  /* RFC 4193: unique local addresses, which GLib does not know. */
  if (g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV6
      && (g_inet_address_to_bytes (ip)[0] & 0xfe) == 0xfc)
    return DMS_P2P_ADDRESS_SITE;
  return DMS_P2P_ADDRESS_WORLD;
}

GPtrArray *
dms_p2p_address_scope_filter (GPtrArray *addresses, DmsMultiaddr *remote)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  DmsP2pAddressScope least = remote != NULL ? dms_p2p_address_scope_of (remote) : DMS_P2P_ADDRESS_WORLD;

  for (guint i = 0; i < addresses->len; i++)
    {
      DmsMultiaddr *address = g_ptr_array_index (addresses, i);

      if (dms_p2p_address_scope_of (address) >= least)
        g_ptr_array_add (kept, dms_multiaddr_ref (address));
    }
  return kept;
}
