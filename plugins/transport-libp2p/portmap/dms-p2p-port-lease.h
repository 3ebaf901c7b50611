/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Bounds. Where no source is named they are ours. */
enum
{
  /* RFC 6886, section 3.3: renewed after half of it. */
  DMS_P2P_PORT_LEASE_S = 2 * 60 * 60,
  /* Ports of one host. */
  DMS_P2P_PORT_LEASE_MAX_PORTS = 8,
};

/**
 * DmsP2pPortLease:
 *
 * Ports of a router that are passed on to this machine: by NAT-PMP (RFC 6886), or else by UPnP-IGD. Counted.
 * What asks the router blocks and is for worker threads; one at a time, others wait.
 */
typedef struct _DmsP2pPortLease DmsP2pPortLease;

/* @gateway: (nullable): the address of the router for NAT-PMP; @igd: (nullable): the URL of its description
 * for UPnP. NULL, but for tests: they are looked for. */
DmsP2pPortLease *dms_p2p_port_lease_new (const char *gateway, const char *igd);
DmsP2pPortLease *dms_p2p_port_lease_ref (DmsP2pPortLease *self);
void dms_p2p_port_lease_unref (DmsP2pPortLease *self);

/* Before asking. FALSE when there are too many. */
gboolean dms_p2p_port_lease_add (DmsP2pPortLease *self, gboolean is_udp, guint16 port);

/* Blocks: asks for all ports, or asks again. FALSE with DMS_ERROR_NOT_SUPPORTED when there is no router that
 * does it. */
gboolean dms_p2p_port_lease_renew (DmsP2pPortLease *self, GError **error);
/* Blocks: gives all back. Nothing is asked for afterwards. */
void dms_p2p_port_lease_release (DmsP2pPortLease *self);

/* After asking: the outer address, such as `198.51.100.7`, and the outer port; 0 for one that is not passed
 * on. */
const char *dms_p2p_port_lease_get_address (DmsP2pPortLease *self);
guint16 dms_p2p_port_lease_get_port (DmsP2pPortLease *self, gboolean is_udp, guint16 port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pPortLease, dms_p2p_port_lease_unref)

G_END_DECLS
