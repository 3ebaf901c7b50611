/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <arpa/inet.h>
#include <natpmp.h>
#include <poll.h>

#include "portmap/dms-p2p-port-lease-private.h"

/* How long one answer is waited for. RFC 6886 repeats a question for two minutes; a router of the local
 * network answers at once, or has not got it. Four questions: 0, 250, 750, 1750 ms. */
#define DMS_P2P_NATPMP_ANSWER_US ((gint64) 2 * G_USEC_PER_SEC)

static gboolean
dms_p2p_natpmp_await (natpmp_t *natpmp, natpmpresp_t *response)
{
  gint64 deadline_us = g_get_monotonic_time () + DMS_P2P_NATPMP_ANSWER_US;
  int result = NATPMP_TRYAGAIN;

  while (result == NATPMP_TRYAGAIN && g_get_monotonic_time () < deadline_us)
    {
      struct pollfd poller = { natpmp->s, POLLIN, 0 };
      struct timeval wait = { 0 };

      if (getnatpmprequesttimeout (natpmp, &wait) != 0)
        return FALSE;
      poll (&poller, 1, (int) CLAMP (wait.tv_sec * 1000 + wait.tv_usec / 1000, 1, 250));
      result = readnatpmpresponseorretry (natpmp, response);
    }
  return result == 0;
}

/* 0 when it is refused. */
static guint16
dms_p2p_natpmp_map (natpmp_t *natpmp, const DmsP2pPort *port, guint32 lifetime_s)
{
  natpmpresp_t response = { 0 };
  int protocol = port->is_udp ? NATPMP_PROTOCOL_UDP : NATPMP_PROTOCOL_TCP;
  int expected = port->is_udp ? NATPMP_RESPTYPE_UDPPORTMAPPING : NATPMP_RESPTYPE_TCPPORTMAPPING;
  /* The same outer port is only a wish; to give it back it must be 0 (RFC 6886, section 3.4). */
  guint16 wish = lifetime_s > 0 ? port->inner : 0;

  if (sendnewportmappingrequest (natpmp, protocol, port->inner, wish, lifetime_s) < 0 ||
      !dms_p2p_natpmp_await (natpmp, &response) || response.type != expected ||
      response.pnu.newportmapping.privateport != port->inner || response.pnu.newportmapping.lifetime == 0)
    return 0;
  return response.pnu.newportmapping.mappedpublicport;
}

static char *
dms_p2p_natpmp_dup_address (natpmp_t *natpmp)
{
  natpmpresp_t response = { 0 };
  char text[INET_ADDRSTRLEN];

  if (sendpublicaddressrequest (natpmp) < 0 || !dms_p2p_natpmp_await (natpmp, &response) ||
      response.type != NATPMP_RESPTYPE_PUBLICADDRESS ||
      inet_ntop (AF_INET, &response.pnu.publicaddress.addr, text, sizeof text) == NULL)
    return NULL;
  return g_strdup (text);
}

static char *
dms_p2p_natpmp_ask (natpmp_t *natpmp, DmsP2pPort *ports, guint n_ports, gboolean is_release)
{
  g_autofree char *address = dms_p2p_natpmp_dup_address (natpmp);
  guint n_mapped = 0;

  /* Who does not answer this will not answer the rest. */
  for (guint i = 0; address != NULL && i < n_ports; i++)
    {
      ports[i].outer = dms_p2p_natpmp_map (natpmp, &ports[i], is_release ? 0 : DMS_P2P_PORT_LEASE_S);
      n_mapped += ports[i].outer != 0 ? 1 : 0;
    }
  return n_mapped > 0 ? g_steal_pointer (&address) : NULL;
}

char *
dms_p2p_port_lease_ask_natpmp (const char *gateway, DmsP2pPort *ports, guint n_ports, gboolean is_release)
{
  natpmp_t natpmp;
  in_addr_t forced = gateway != NULL ? inet_addr (gateway) : INADDR_ANY;
  char *address = NULL;

  if (initnatpmp (&natpmp, gateway != NULL, forced) != 0)
    return NULL;
  address = dms_p2p_natpmp_ask (&natpmp, ports, n_ports, is_release);
  closenatpmp (&natpmp);
  return address;
}
