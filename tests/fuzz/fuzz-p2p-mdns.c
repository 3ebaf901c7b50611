/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "mdns/dms-p2p-mdns-message.h"

#define SERVICE "_p2p._udp.local"

/* Whatever anybody in the local network sends. Addresses that are taken have a peer ID, and say the same when
 * they are told on. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsP2pMdnsMessage) message = dms_p2p_mdns_message_parse (data, size, SERVICE);
  g_autoptr (DmsP2pMdnsMessage) again = NULL;
  g_autoptr (GByteArray) response = NULL;

  if (message == NULL)
    return 0;
  g_assert_cmpuint (message->addresses->len, <=, DMS_P2P_MDNS_MAX_ADDRESSES);
  response = dms_p2p_mdns_message_make_response (SERVICE, "a", message->addresses);
  again = dms_p2p_mdns_message_parse (response->data, response->len, SERVICE);
  g_assert_nonnull (again);
  for (guint i = 0; i < message->addresses->len; i++)
    {
      g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (message->addresses->pdata[i]);

      g_assert_nonnull (peer);
    }
  g_assert_cmpuint (again->addresses->len, <=, message->addresses->len);
  return 0;
}
