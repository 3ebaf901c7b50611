/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* What a reset says to the other side, where the muxer carries it (libp2p specs, error-codes; go-libp2p,
 * network.StreamErrorCode). */
typedef enum
{
  DMS_P2P_RESET_NONE = 0,
  DMS_P2P_RESET_NEGOTIATION_FAILED = 0x1001,
  DMS_P2P_RESET_RESOURCE_LIMIT = 0x1002,
  DMS_P2P_RESET_RATE_LIMITED = 0x1003,
  DMS_P2P_RESET_PROTOCOL_VIOLATION = 0x1004,
  DMS_P2P_RESET_SHUTDOWN = 0x1007,
} DmsP2pResetCode;
