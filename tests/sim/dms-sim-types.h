/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

typedef struct _DmsSimLink DmsSimLink;
typedef struct _DmsSimNetwork DmsSimNetwork;
typedef struct _DmsSimPeer DmsSimPeer;

/* What goes over a link: for the trace and the counts. */
typedef enum
{
  DMS_SIM_HANDSHAKE,
  DMS_SIM_KAD_REQUEST,
  DMS_SIM_KAD_ANSWER,
  DMS_SIM_GOSSIP,
  DMS_SIM_MESSAGE,
  DMS_SIM_RECEIPT,
  DMS_SIM_PING,
  DMS_SIM_N_KINDS,
} DmsSimKind;

enum
{
  /* Fits into every path's packet (RFC 8200: 1280, less headers, would too); what a loss takes away. */
  DMS_SIM_PACKET_SIZE = 1400,
  /* What a message costs besides its bytes: TCP and IP headers (40), a TLS record (22), a yamux header (12).
   */
  DMS_SIM_OVERHEAD = 74,
  /* Both ways of a handshake: certificates, negotiation, identify. */
  DMS_SIM_HANDSHAKE_SIZE = 3000,
  /* Linux: TCP_RTO_MIN. */
  DMS_SIM_RTO_MS = 200,
  /* How long a dial waits for a host that is gone (swarm/dms-p2p-dialer.c). */
  DMS_SIM_DIAL_TIMEOUT_S = 10,
  /* When it is noticed that the other end is gone: between one and three keep-alives (quic: 15 s). */
  DMS_SIM_NOTICE_MIN_S = 15,
  DMS_SIM_NOTICE_MAX_S = 45,
};

G_END_DECLS
