/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "transport/dms-p2p-transport.h"

G_BEGIN_DECLS

#define DMS_TYPE_P2P_MEMORY (dms_p2p_memory_get_type ())

/* A transport for tests: any address, without a network. Connections are yamux over socket pairs, and who is
 * at the other end is known instead of proven. */
G_DECLARE_FINAL_TYPE (DmsP2pMemory, dms_p2p_memory, DMS, P2P_MEMORY, DmsP2pTransport)

typedef enum
{
  /* To whoever listens there; refused when nobody does. */
  DMS_P2P_MEMORY_CONNECT,
  DMS_P2P_MEMORY_FAIL,
  DMS_P2P_MEMORY_HANG,
} DmsP2pMemoryOutcome;

/* One address that was dialled, and when after the transport was made. */
typedef struct
{
  char *address;
  gint64 at_us;
} DmsP2pMemoryEntry;

DmsP2pMemory *dms_p2p_memory_new (DmsP2pIdentity *identity);
/* What dialling @address does, after so long. @address NULL: what has no outcome of its own. */
void dms_p2p_memory_set_outcome (DmsP2pMemory *self,
                                 const char *address,
                                 DmsP2pMemoryOutcome outcome,
                                 guint delay_ms);
/* What others see as this one's address; `/ip4/127.0.0.1/tcp/40000` otherwise. */
void dms_p2p_memory_set_source (DmsP2pMemory *self, const char *address);
/* How much later than the dialling end an accepting one is told, at random. */
void dms_p2p_memory_set_accept_delay (DmsP2pMemory *self, guint most_ms);

/* DmsP2pMemoryEntry. */
GPtrArray *dms_p2p_memory_get_log (DmsP2pMemory *self);
guint dms_p2p_memory_get_n_active (DmsP2pMemory *self);
guint dms_p2p_memory_get_peak (DmsP2pMemory *self);
guint dms_p2p_memory_get_n_cancelled (DmsP2pMemory *self);
guint dms_p2p_memory_get_n_accepted (DmsP2pMemory *self);

G_END_DECLS
