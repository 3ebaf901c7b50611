/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "portmap/dms-p2p-port-lease.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean is_udp;
  guint16 inner;
  /* 0 when it is not passed on. */
  guint16 outer;
} DmsP2pPort;

/* Both protocols block. They fill in the outer ports and the address, IPv4 as text; NULL when it does not
 * work. With @is_release they give back the ports, and the result says nothing. */
char *
dms_p2p_port_lease_ask_natpmp (const char *gateway, DmsP2pPort *ports, guint n_ports, gboolean is_release);
char *dms_p2p_port_lease_ask_upnp (const char *igd, DmsP2pPort *ports, guint n_ports, gboolean is_release);

G_END_DECLS
