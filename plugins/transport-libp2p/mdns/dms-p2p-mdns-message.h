/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Bounds of what is sent and heard. */
enum
{
  /* The most that Multicast DNS sends (RFC 6762, section 17). */
  DMS_P2P_MDNS_MAX_SIZE = 9000,
  /* Ours: a home has fewer hosts, and a host fewer addresses. */
  DMS_P2P_MDNS_MAX_ADDRESSES = 32,
  /* A string of a TXT record has one byte for its length (RFC 1035, section 3.3.14). */
  DMS_P2P_MDNS_MAX_TEXT = 255,
  /* A label (RFC 1035, section 2.3.4). */
  DMS_P2P_MDNS_MAX_LABEL = 63,
};

/**
 * DmsP2pMdnsMessage:
 * @is_query: whether it asks for hosts of the service
 * @addresses: (element-type DmsMultiaddr): where hosts of the service say they are, each with its peer ID
 *
 * What of a DNS message has to do with the discovery of libp2p hosts (libp2p specs, discovery/mdns.md).
 */
typedef struct
{
  gboolean is_query;
  GPtrArray *addresses;
} DmsP2pMdnsMessage;

/* @service: `_p2p._udp.local`. NULL when it is no DNS message, or a broken one. What is of no interest in it,
 * addresses that are none and more of them than fit are passed over. */
DmsP2pMdnsMessage *dms_p2p_mdns_message_parse (const guint8 *data, gsize size, const char *service);
void dms_p2p_mdns_message_free (DmsP2pMdnsMessage *self);

/* Asks who is there. */
GByteArray *dms_p2p_mdns_message_make_query (const char *service);
/* Says that @name is there, a label, and of which addresses; those that are too long are left out.
 * @addresses: DmsMultiaddr, with the peer ID. */
GByteArray *dms_p2p_mdns_message_make_response (const char *service, const char *name, GPtrArray *addresses);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pMdnsMessage, dms_p2p_mdns_message_free)

G_END_DECLS
