/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

G_BEGIN_DECLS

/* As go-libp2p has them (p2p/transport/quicreuse/config.go): 256 streams at a time, windows of 512 KiB for a
 * stream and 1.5 times that for all, which grow for those who read fast, to 10 and 15 MB there. */
#define DMS_P2P_QUIC_MAX_STREAMS        256
#define DMS_P2P_QUIC_STREAM_WINDOW      (512u << 10)
#define DMS_P2P_QUIC_MAX_STREAM_WINDOW  (6u << 20)
#define DMS_P2P_QUIC_WINDOW             (1536u << 10)
#define DMS_P2P_QUIC_MAX_WINDOW         (15u << 20)
/* What is kept of a stream until the other side has it: as much as it asks for, in these bounds. */
#define DMS_P2P_QUIC_MIN_ROOM (64u << 10)
#define DMS_P2P_QUIC_MAX_ROOM (1u << 20)
/* What ngtcp2 may take for a connection beside its windows, see DmsP2pQuicMemory. */
#define DMS_P2P_QUIC_BASE_MEMORY (6u << 20)

#define DMS_P2P_QUIC_HANDSHAKE_TIMEOUT_MS 10000
#define DMS_P2P_QUIC_IDLE_TIMEOUT_MS      30000
#define DMS_P2P_QUIC_KEEP_ALIVE_MS        15000
/* Datagrams of Ethernet less the headers of IPv6 and UDP: what ngtcp2 looks for at most. */
#define DMS_P2P_QUIC_MAX_DATAGRAM 1452

G_END_DECLS
