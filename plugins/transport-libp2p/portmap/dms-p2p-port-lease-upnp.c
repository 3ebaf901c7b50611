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
  /* The texts that the library writes (miniupnpc/upnpcommands.h). */
  DMS_P2P_UPNP_MAX_ADDRESS = 64,
};

typedef struct
{
  struct UPNPUrls urls;
  struct IGDdatas data;
  char lan[DMS_P2P_UPNP_MAX_ADDRESS];
} DmsP2pUpnpRouter;

/* (nullable): the IP of a URL that names one. */
static GInetAddress *
dms_p2p_upnp_dup_ip (const char *url)
{
  g_autoptr (GUri) uri = url != NULL ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri != NULL && g_uri_get_host (uri) != NULL ? g_inet_address_new_from_string (g_uri_get_host (uri))
                                                     : NULL;
}

/* Anybody in the local network can say that it is a router; none may make this host ask elsewhere, nor
 * itself. */
static gboolean
dms_p2p_upnp_is_local (const char *url)
{
  g_autoptr (GInetAddress) ip = dms_p2p_upnp_dup_ip (url);

  return ip != NULL && (g_inet_address_get_is_site_local (ip) || g_inet_address_get_is_link_local (ip));
}

/* The router may say anything. */
static gboolean
dms_p2p_upnp_is_address (const char *text)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (text);

  return ip != NULL && g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV4;
}

/* Whether what is to be asked is where its description is, and is connected. Nothing is asked before. */
static gboolean
dms_p2p_upnp_is_fit (DmsP2pUpnpRouter *router, const char *url)
{
  g_autoptr (GInetAddress) described = dms_p2p_upnp_dup_ip (url);
  g_autoptr (GInetAddress) asked = dms_p2p_upnp_dup_ip (router->urls.controlURL);

  return described != NULL && asked != NULL && g_inet_address_equal (described, asked) &&
         UPNPIGD_IsConnected (&router->urls, &router->data) != 0;
}

/* TRUE when the description at @url is that of a router; its URLs are to be freed then. */
static gboolean
dms_p2p_upnp_try (DmsP2pUpnpRouter *router, const char *url)
{
  if (UPNP_GetIGDFromUrl (url, &router->urls, &router->data, router->lan, sizeof router->lan) == 0)
    return FALSE;
  if (dms_p2p_upnp_is_fit (router, url))
    return TRUE;
  FreeUPNPUrls (&router->urls);
  /* It may have two ways out, of which one is in use. */
  if (router->data.second.servicetype[0] == '\0')
    return FALSE;
  router->data.first = router->data.second;
  GetUPNPUrls (&router->urls, &router->data, url, 0);
  if (dms_p2p_upnp_is_fit (router, url))
    return TRUE;
  FreeUPNPUrls (&router->urls);
  return FALSE;
}

/* FALSE when there is none; the URLs are to be freed otherwise. */
static gboolean
dms_p2p_upnp_find (DmsP2pUpnpRouter *router, const char *igd)
{
  struct UPNPDev *devices = NULL;
  gboolean found = FALSE;

  if (igd != NULL)
    return dms_p2p_upnp_try (router, igd);
  devices =
      upnpDiscover (DMS_P2P_UPNP_DISCOVER_MS, NULL, NULL, UPNP_LOCAL_PORT_ANY, 0, DMS_P2P_UPNP_HOPS, NULL);
  for (const struct UPNPDev *one = devices; one != NULL && !found; one = one->pNext)
    found = dms_p2p_upnp_is_local (one->descURL) && dms_p2p_upnp_try (router, one->descURL);
  freeUPNPDevlist (devices);
  return found;
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
  guint n_mapped = 0;

  if (!dms_p2p_upnp_find (&router, igd))
    return NULL;
  if (is_release ||
      UPNP_GetExternalIPAddress (router.urls.controlURL, router.data.first.servicetype, address) == 0)
    for (guint i = 0; i < n_ports; i++)
      {
        ports[i].outer = dms_p2p_upnp_map (&router, &ports[i], is_release);
        n_mapped += ports[i].outer != 0 ? 1 : 0;
      }
  FreeUPNPUrls (&router.urls);
  address[sizeof address - 1] = '\0';
  return n_mapped > 0 && dms_p2p_upnp_is_address (address) ? g_strdup (address) : NULL;
}
