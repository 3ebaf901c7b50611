/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_P2P_RELAY_HOP_PROTOCOL  "/libp2p/circuit/relay/0.2.0/hop"
#define DMS_P2P_RELAY_STOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/stop"

enum
{
  /* go-libp2p, p2p/protocol/circuitv2/client: maxMessageSize. */
  DMS_P2P_RELAY_MAX_MESSAGE = 4096,
  /* Addresses of one relay that are read; ours. */
  DMS_P2P_RELAY_MAX_ADDRESSES = 16,
};

/* Between who asks a relay and the relay; between the relay and who is reached through it. */
typedef enum
{
  DMS_P2P_RELAY_HOP,
  DMS_P2P_RELAY_STOP,
} DmsP2pRelayKind;

typedef enum
{
  DMS_P2P_RELAY_RESERVE,
  DMS_P2P_RELAY_CONNECT,
  DMS_P2P_RELAY_STATUS,
} DmsP2pRelayType;

/* libp2p specs, relay/circuit-v2, "Status codes". */
typedef enum
{
  DMS_P2P_RELAY_NO_STATUS = 0,
  DMS_P2P_RELAY_OK = 100,
  DMS_P2P_RELAY_RESERVATION_REFUSED = 200,
  DMS_P2P_RELAY_RESOURCE_LIMIT_EXCEEDED = 201,
  DMS_P2P_RELAY_PERMISSION_DENIED = 202,
  DMS_P2P_RELAY_CONNECTION_FAILED = 203,
  DMS_P2P_RELAY_NO_RESERVATION = 204,
  DMS_P2P_RELAY_MALFORMED_MESSAGE = 400,
  DMS_P2P_RELAY_UNEXPECTED_MESSAGE = 401,
} DmsP2pRelayStatus;

/**
 * DmsP2pRelayMessage:
 * @type: what it is
 * @peer: (nullable): whom to connect to, or who connects
 * @has_reservation: whether there is a reservation in it
 * @expire_s: until when, in seconds of the Unix epoch
 * @addresses: (element-type DmsMultiaddr): where the relay is, each with its peer ID
 * @voucher: (nullable): the relay's word for it, signed; not verified
 * @has_limit: whether relayed connections are limited
 * @limit_s: how long one may last; 0 for any time
 * @limit_bytes: how much goes through one, each way; 0 for any amount
 * @status: what became of what was asked
 *
 * A message of circuit relay v2 (libp2p specs, relay/circuit-v2). The two protocols number the same things
 * differently.
 */
typedef struct
{
  DmsP2pRelayType type;
  DmsPeerId *peer;
  gboolean has_reservation;
  guint64 expire_s;
  GPtrArray *addresses;
  GBytes *voucher;
  gboolean has_limit;
  guint32 limit_s;
  guint64 limit_bytes;
  guint status;
} DmsP2pRelayMessage;

DmsP2pRelayMessage *dms_p2p_relay_message_new (DmsP2pRelayType type);
void dms_p2p_relay_message_free (DmsP2pRelayMessage *self);

/* DMS_ERROR_INVALID_DATA when it is malformed or lacks what its type needs. */
DmsP2pRelayMessage *
dms_p2p_relay_message_decode (DmsP2pRelayKind kind, const guint8 *data, gsize size, GError **error);
/* Framed. */
GBytes *dms_p2p_relay_message_encode (const DmsP2pRelayMessage *self, DmsP2pRelayKind kind);

/* For people. */
const char *dms_p2p_relay_status_get_text (guint status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pRelayMessage, dms_p2p_relay_message_free)

G_END_DECLS
