/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "relay/dms-p2p-relay-message.h"
#include "relay/dms-p2p-relay-voucher.h"

/* What is accepted is within bounds and reads back the same. */
static void
check_message (DmsP2pRelayKind kind, const guint8 *data, gsize size)
{
  g_autoptr (DmsP2pRelayMessage) message = dms_p2p_relay_message_decode (kind, data, size, NULL);
  g_autoptr (DmsP2pRelayMessage) again = NULL;
  g_autoptr (GBytes) framed = NULL;
  const guint8 *bytes = NULL;
  gsize prefix = 1;

  if (message == NULL)
    return;
  g_assert_cmpuint (message->addresses->len, <=, DMS_P2P_RELAY_MAX_ADDRESSES);
  if (size > 1024)
    return;
  framed = dms_p2p_relay_message_encode (message, kind);
  bytes = g_bytes_get_data (framed, NULL);
  while (bytes[prefix - 1] & 0x80)
    prefix++;
  again = dms_p2p_relay_message_decode (kind, bytes + prefix, g_bytes_get_size (framed) - prefix, NULL);
  g_assert_nonnull (again);
  g_assert_cmpint (again->type, ==, message->type);
  g_assert_cmpuint (again->status, ==, message->status);
  g_assert_cmpint (again->has_reservation, ==, message->has_reservation);
  g_assert_cmpuint (again->expire_s, ==, message->expire_s);
  g_assert_cmpuint (again->addresses->len, ==, message->addresses->len);
  g_assert_cmpuint (again->limit_s, ==, message->limit_s);
  g_assert_cmpuint (again->limit_bytes, ==, message->limit_bytes);
  g_assert_true ((again->peer == NULL) == (message->peer == NULL) &&
                 (again->peer == NULL || dms_peer_id_equal (again->peer, message->peer)));
}

/* Messages of both relay protocols, and a voucher: nobody can make one up. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const guint8 key[32] = { 1 };
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (key);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  guint64 expire_s = 0;

  check_message (DMS_P2P_RELAY_HOP, data, size);
  check_message (DMS_P2P_RELAY_STOP, data, size);
  g_assert_false (dms_p2p_relay_voucher_verify (bytes, peer, peer, &expire_s, NULL));
  return 0;
}
