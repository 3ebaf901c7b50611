/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>

#include "portmap/dms-p2p-port-lease-private.h"

enum
{
  /* How long devices are waited for. */
  DMS_P2P_UPNP_DISCOVER_MS = 2000,
  /* Not further than the local network (UPnP Device Architecture 1.1, section 1.1). */
  DMS_P2P_UPNP_HOPS = 2,
  /* UPNP_GetValidIGD(): a router that is connected. */
  DMS_P2P_UPNP_CONNECTED = 1,
  /* The texts that the library writes (miniupnpc/upnpcommands.h). */
  DMS_P2P_UPNP_MAX_ADDRESS = 64,
};

typedef struct
{
  struct UPNPUrls urls;
  struct IGDdatas data;
  char lan[DMS_P2P_UPNP_MAX_ADDRESS];
} DmsP2pUpnpRouter;

/* Anybody in the local network can say that it is a router; none may make this host ask elsewhere. */
static gboolean
dms_p2p_upnp_is_local (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GInetAddress) ip = uri != NULL && g_uri_get_host (uri) != NULL
                                    ? g_inet_address_new_from_string (g_uri_get_host (uri))
                                    : NULL;

  return ip != NULL && (g_inet_address_get_is_site_local (ip) || g_inet_address_get_is_link_local (ip) ||
                        g_inet_address_get_is_loopback (ip));
}

/* The router may say anything. */
static gboolean
dms_p2p_upnp_is_address (const char *text)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (text);

  return ip != NULL && g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV4;
}

/* The list without those that are not believed; takes it. */
static struct UPNPDev *
dms_p2p_upnp_sift (struct UPNPDev *devices)
{
  struct UPNPDev **at = &devices;

  while (*at != NULL)
    {
      struct UPNPDev *one = *at;

      if (dms_p2p_upnp_is_local (one->descURL))
        {
          at = &one->pNext;
          continue;
        }
      *at = one->pNext;
      one->pNext = NULL;
      freeUPNPDevlist (one);
    }
  return devices;
}

/* 0 when there is none; the URLs are to be freed otherwise. */
static int
dms_p2p_upnp_find (DmsP2pUpnpRouter *router, const char *igd)
{
  struct UPNPDev *devices = NULL;
  int result = 0;

  if (igd != NULL)
    return UPNP_GetIGDFromUrl (igd, &router->urls, &router->data, router->lan, sizeof router->lan);
  devices = dms_p2p_upnp_sift (
      upnpDiscover (DMS_P2P_UPNP_DISCOVER_MS, NULL, NULL, UPNP_LOCAL_PORT_ANY, 0, DMS_P2P_UPNP_HOPS, NULL));
  if (devices == NULL)
    return 0;
  result = UPNP_GetValidIGD (devices, &router->urls, &router->data, router->lan, sizeof router->lan);
  freeUPNPDevlist (devices);
  return result;
}

static guint16
dms_p2p_upnp_map (DmsP2pUpnpRouter *router, const DmsP2pPort *port, gboolean is_release)
{
  g_autofree char *text = g_strdup_printf ("%u", port->inner);
  g_autofree char *lease = g_strdup_printf ("%u", DMS_P2P_PORT_LEASE_S);
  const char *protocol = port->is_udp ? "UDP" : "TCP";
  const char *control = router->urls.controlURL;
  const char *service = router->data.first.servicetype;
  int result = 0;

  if (is_release)
    {
      if (port->outer != 0)
        UPNP_DeletePortMapping (control, service, text, protocol, NULL);
      return 0;
    }
  result = UPNP_AddPortMapping (control, service, text, text, router->lan, "DMS", protocol, NULL, lease);
  /* Some routers know mappings for ever only (UPnP WANIPConnection, error 725). */
  if (result == 725)
    result = UPNP_AddPortMapping (control, service, text, text, router->lan, "DMS", protocol, NULL, "0");
  return result == UPNPCOMMAND_SUCCESS ? port->inner : 0;
}

char *
dms_p2p_port_lease_ask_upnp (const char *igd, DmsP2pPort *ports, guint n_ports, gboolean is_release)
{
  DmsP2pUpnpRouter router = { 0 };
  char address[DMS_P2P_UPNP_MAX_ADDRESS] = "";
  int found = dms_p2p_upnp_find (&router, igd);
  guint n_mapped = 0;

  if (found == 0)
    return NULL;
  if (found == DMS_P2P_UPNP_CONNECTED && dms_p2p_upnp_is_local (router.urls.controlURL) &&
      (is_release ||
       UPNP_GetExternalIPAddress (router.urls.controlURL, router.data.first.servicetype, address) == 0))
    for (guint i = 0; i < n_ports; i++)
      {
        ports[i].outer = dms_p2p_upnp_map (&router, &ports[i], is_release);
        n_mapped += ports[i].outer != 0 ? 1 : 0;
      }
  FreeUPNPUrls (&router.urls);
  address[sizeof address - 1] = '\0';
  return n_mapped > 0 && dms_p2p_upnp_is_address (address) ? g_strdup (address) : NULL;
}
