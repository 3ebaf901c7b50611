/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

G_BEGIN_DECLS

/* As go-libp2p has them (p2p/transport/quicreuse/config.go): windows of 512 KiB for a stream and 1.5 times
 * that for all, which grow for those who read fast, to 10 and 15 MB there. More streams at a time than its
 * 256: as many as yamux lets in, so that the limits of the host decide over both alike. */
#define DMS_P2P_QUIC_MAX_STREAMS       1024
#define DMS_P2P_QUIC_STREAM_WINDOW     (512u << 10)
#define DMS_P2P_QUIC_MAX_STREAM_WINDOW (6u << 20)
#define DMS_P2P_QUIC_WINDOW            (1536u << 10)
#define DMS_P2P_QUIC_MAX_WINDOW        (15u << 20)
/* What is kept of a stream until the other side has it. It grows while all of it is on its way, so that it is
 * the path that limits: 8 MiB fill 1 Gbit/s at 64 ms. */
#define DMS_P2P_QUIC_MIN_ROOM (64u << 10)
#define DMS_P2P_QUIC_MAX_ROOM (8u << 20)
/* How much a connection may have grown in all, whatever its owner would allow. */
#define DMS_P2P_QUIC_MAX_GRANTED (48u << 20)
/* What ngtcp2 may take for a connection beside its windows, see DmsP2pQuicMemory. */
#define DMS_P2P_QUIC_BASE_MEMORY (6u << 20)

#define DMS_P2P_QUIC_HANDSHAKE_TIMEOUT_MS 10000
#define DMS_P2P_QUIC_IDLE_TIMEOUT_MS      30000
#define DMS_P2P_QUIC_KEEP_ALIVE_MS        15000
/* Datagrams of Ethernet less the headers of IPv6 and UDP: what ngtcp2 looks for at most. */
#define DMS_P2P_QUIC_MAX_DATAGRAM 1452

G_END_DECLS
