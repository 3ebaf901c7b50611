/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-swarm.h"

G_BEGIN_DECLS

/* Has a router of the local network pass on the ports where this host listens, and keeps it so. The router is
 * asked in a worker thread. Lives in the main context that made it. */
typedef struct _DmsP2pPortMapper DmsP2pPortMapper;

/* The addresses of the host have changed. */
typedef void (*DmsP2pPortMapperChanged) (gpointer user_data);

/* @gateway, @igd: NULL, but for tests: see dms_p2p_port_lease_new(). Begins from the main loop. */
DmsP2pPortMapper *dms_p2p_port_mapper_new (DmsP2pSwarm *swarm,
                                           const char *gateway,
                                           const char *igd,
                                           DmsP2pPortMapperChanged changed,
                                           gpointer user_data);
/* Gives the ports back and frees it; @done is told from the main loop when that is over, after a few seconds
 * at the most. (nullable) */
void dms_p2p_port_mapper_close (DmsP2pPortMapper *self, GSourceFunc done, gpointer user_data);

G_END_DECLS
