/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "autonat/dms-p2p-autonat-message.h"

/* What is accepted is within bounds, and reads back the same. */
static void
check_message (DmsP2pAutonatVersion version, const guint8 *data, gsize size)
{
  g_autoptr (DmsP2pAutonatMessage) message = dms_p2p_autonat_message_decode (version, data, size, NULL);
  g_autoptr (DmsP2pAutonatMessage) again = NULL;
  g_autoptr (GBytes) framed = NULL;
  const guint8 *bytes = NULL;
  gsize prefix = 1;

  if (message == NULL)
    return;
  g_assert_cmpuint (message->addresses->len, <=, DMS_P2P_AUTONAT_MAX_ADDRESSES);
  if (size > DMS_P2P_AUTONAT_MAX_MESSAGE)
    return;
  framed = dms_p2p_autonat_message_encode (message, version);
  bytes = g_bytes_get_data (framed, NULL);
  while (bytes[prefix - 1] & 0x80)
    prefix++;
  again = dms_p2p_autonat_message_decode (version, bytes + prefix, g_bytes_get_size (framed) - prefix, NULL);
  g_assert_nonnull (again);
  g_assert_cmpint (again->type, ==, message->type);
  if (message->type == DMS_P2P_AUTONAT_DIAL)
    g_assert_cmpuint (again->addresses->len, ==, message->addresses->len);
  if (version == DMS_P2P_AUTONAT_V1)
    return;
  g_assert_cmpuint (again->nonce, ==, message->nonce);
  g_assert_cmpuint (again->n_bytes, ==, message->n_bytes);
  g_assert_cmpuint (again->index, ==, message->index);
  g_assert_cmpuint (again->dial_status, ==, message->dial_status);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint64 nonce = 0;

  check_message (DMS_P2P_AUTONAT_V1, data, size);
  check_message (DMS_P2P_AUTONAT_V2, data, size);
  dms_p2p_autonat_nonce_decode (data, size, &nonce);
  return 0;
}
