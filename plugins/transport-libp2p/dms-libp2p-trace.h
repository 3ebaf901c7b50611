/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-stack.h"

G_BEGIN_DECLS

/* Connects to the peer at an address and tells of each step: those of the dial, then identify and a ping.
 * @task returns the DmsPeerId; its source is the transport. @stack outlives what runs in it. */
void dms_libp2p_trace_start (DmsLibp2pStack *stack,
                             DmsMultiaddr *address,
                             DmsDialStepFunc progress,
                             gpointer progress_data,
                             GDestroyNotify progress_destroy,
                             GTask *task);

/* Whom an address means, and where to look for it besides what is known: NULL for `/p2p/<peer>` alone. */
GPtrArray *dms_libp2p_trace_list_addresses (DmsMultiaddr *address);

/* Whether a dial to @address, of @peer, goes beyond the connection that there is. */
gboolean dms_libp2p_trace_is_forced (DmsP2pSwarm *swarm, DmsPeerId *peer, DmsMultiaddr *address);

/* Adds to why a dial failed what a private network has to do with it: all that others say is noise there. */
void dms_libp2p_trace_explain (DmsP2pSwarm *swarm, GError *error);

G_END_DECLS
