/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* The memory of one connection within ngtcp2, bounded. ngtcp2 0.12 itself does not bound what it notes down
 * of gaps: a peer that sends every other byte of a stream makes it keep some 60 bytes for each
 * (RUSTSEC-2026-0185 is the same in another implementation). Beyond the limit ngtcp2 is told that there is no
 * memory, and the connection ends. */
typedef struct
{
  ngtcp2_mem mem;
  gsize used;
  gsize limit;
} DmsP2pQuicMemory;

void dms_p2p_quic_memory_init (DmsP2pQuicMemory *self, gsize limit);

G_END_DECLS
