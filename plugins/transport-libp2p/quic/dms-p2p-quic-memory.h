/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

/* The memory of one connection within ngtcp2, bounded. ngtcp2 0.12 notes down up to 1,000 gaps of each
 * stream, some 200 bytes for each byte that a peer sends: with all the streams it may have, that is 200 MB
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
