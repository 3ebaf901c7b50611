/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is taken at most. go-libp2p, p2p/protocol/identify: maxMessages, signedIDSize; the other numbers are
 * ours (go-libp2p #3501, #3486). */
enum
{
  DMS_P2P_IDENTIFY_MAX_MESSAGES = 10,
  DMS_P2P_IDENTIFY_MAX_MESSAGE_SIZE = 8 * 1024,
  DMS_P2P_IDENTIFY_MAX_PROTOCOLS = 512,
  DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE = 256,
  DMS_P2P_IDENTIFY_MAX_ADDRESSES = 64,
  DMS_P2P_IDENTIFY_MAX_TEXT_SIZE = 256,
  DMS_P2P_IDENTIFY_MAX_KEY_SIZE = 2 * 1024,
};

/* What is sent at most (go-libp2p: maxOwnIdentifyMsgSize), and above which size the signed record goes in a
 * message of its own (go-libp2p: legacyIDSize). */
enum
{
  DMS_P2P_IDENTIFY_MAX_OWN_SIZE = 4 * 1024,
  DMS_P2P_IDENTIFY_LEGACY_SIZE = 2 * 1024,
};

/**
 * DmsP2pIdentifyMessage:
 * @public_key: (nullable): the protobuf of the peer's key
 * @addresses: (element-type DmsMultiaddr): where it listens
 * @observed: (nullable): where it sees us
 * @protocols: (element-type utf8): what it speaks
 * @agent: (nullable): its program
 * @protocol_version: (nullable): its network
 * @record: (nullable): its signed peer record, not verified
 *
 * What a peer says of itself (libp2p specs, identify). Nothing in it is proven.
 */
typedef struct
{
  GBytes *public_key;
  GPtrArray *addresses;
  DmsMultiaddr *observed;
  GPtrArray *protocols;
  char *agent;
  char *protocol_version;
  GBytes *record;

  /*< private >*/
  guint n_addresses;
} DmsP2pIdentifyMessage;

DmsP2pIdentifyMessage *dms_p2p_identify_message_new (void);
void dms_p2p_identify_message_free (DmsP2pIdentifyMessage *self);

/* Reads one of the messages of which identify consists into what the earlier ones said. DMS_ERROR_TOO_LARGE
 * when that is more than an honest peer says. */
gboolean
dms_p2p_identify_message_merge (DmsP2pIdentifyMessage *self, const guint8 *data, gsize size, GError **error);

/* The framed messages: one, or two with the record in the second. At most DMS_P2P_IDENTIFY_MAX_OWN_SIZE:
 * protocols that do not fit are left out. */
GBytes *dms_p2p_identify_message_encode (DmsP2pIdentifyMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pIdentifyMessage, dms_p2p_identify_message_free)

G_END_DECLS
