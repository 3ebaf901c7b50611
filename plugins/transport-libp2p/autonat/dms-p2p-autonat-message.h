/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_P2P_AUTONAT_V1_PROTOCOL   "/libp2p/autonat/1.0.0"
#define DMS_P2P_AUTONAT_V2_PROTOCOL   "/libp2p/autonat/2/dial-request"
#define DMS_P2P_AUTONAT_BACK_PROTOCOL "/libp2p/autonat/2/dial-back"

enum
{
  /* go-libp2p, p2p/protocol/autonatv2: maxMsgSize. */
  DMS_P2P_AUTONAT_MAX_MESSAGE = 8192,
  /* go-libp2p, p2p/protocol/autonatv2: maxPeerAddresses. */
  DMS_P2P_AUTONAT_MAX_ADDRESSES = 50,
};

typedef enum
{
  DMS_P2P_AUTONAT_V1,
  DMS_P2P_AUTONAT_V2,
} DmsP2pAutonatVersion;

/* What is in a message. */
typedef enum
{
  DMS_P2P_AUTONAT_DIAL,
  DMS_P2P_AUTONAT_RESPONSE,
  /* Version 2 only. */
  DMS_P2P_AUTONAT_DATA_REQUEST,
  DMS_P2P_AUTONAT_DATA,
} DmsP2pAutonatType;

/* libp2p specs, autonat/autonat-v1, ResponseStatus. */
typedef enum
{
  DMS_P2P_AUTONAT_V1_OK = 0,
  DMS_P2P_AUTONAT_V1_DIAL_ERROR = 100,
  DMS_P2P_AUTONAT_V1_DIAL_REFUSED = 101,
  DMS_P2P_AUTONAT_V1_BAD_REQUEST = 200,
  DMS_P2P_AUTONAT_V1_INTERNAL_ERROR = 300,
} DmsP2pAutonatV1Status;

/* libp2p specs, autonat/autonat-v2, ResponseStatus and DialStatus. */
typedef enum
{
  DMS_P2P_AUTONAT_V2_INTERNAL_ERROR = 0,
  DMS_P2P_AUTONAT_V2_REQUEST_REJECTED = 100,
  DMS_P2P_AUTONAT_V2_DIAL_REFUSED = 101,
  DMS_P2P_AUTONAT_V2_OK = 200,
} DmsP2pAutonatV2Status;

typedef enum
{
  DMS_P2P_AUTONAT_DIAL_UNUSED = 0,
  DMS_P2P_AUTONAT_DIAL_ERROR = 100,
  DMS_P2P_AUTONAT_DIAL_BACK_ERROR = 101,
  DMS_P2P_AUTONAT_DIAL_OK = 200,
} DmsP2pAutonatDialStatus;

/**
 * DmsP2pAutonatMessage:
 * @type: what it is
 * @peer: (nullable): version 1: who asks
 * @addresses: (element-type DmsMultiaddr) what to dial, at their places: %NULL for one that is malformed or
 * of a kind that is not known here. In a response of version 1, the one that was reached
 * @nonce: version 2: what the dial back has to bring
 * @status: of a response
 * @dial_status: version 2: what became of the dialling
 * @index: version 2: which address
 * @n_bytes: how many bytes are asked for, or how many there are
 *
 * A message of AutoNAT (libp2p specs, autonat).
 */
typedef struct
{
  DmsP2pAutonatType type;
  DmsPeerId *peer;
  GPtrArray *addresses;
  guint64 nonce;
  guint status;
  guint dial_status;
  guint index;
  guint64 n_bytes;
} DmsP2pAutonatMessage;

DmsP2pAutonatMessage *dms_p2p_autonat_message_new (DmsP2pAutonatType type);
void dms_p2p_autonat_message_free (DmsP2pAutonatMessage *self);
DmsP2pAutonatMessage *
dms_p2p_autonat_message_decode (DmsP2pAutonatVersion version, const guint8 *data, gsize size, GError **error);
/* Framed. Data is zeros. */
GBytes *dms_p2p_autonat_message_encode (const DmsP2pAutonatMessage *self, DmsP2pAutonatVersion version);

/* What the dial back of version 2 brings. */
gboolean dms_p2p_autonat_nonce_decode (const guint8 *data, gsize size, guint64 *nonce);
GBytes *dms_p2p_autonat_nonce_encode (guint64 nonce);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pAutonatMessage, dms_p2p_autonat_message_free)

G_END_DECLS
