/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "identify/dms-p2p-identify-message.h"

static void
check_bounds (DmsP2pIdentifyMessage *message)
{
  g_assert_cmpuint (message->protocols->len, <=, DMS_P2P_IDENTIFY_MAX_PROTOCOLS);
  g_assert_cmpuint (message->addresses->len, <=, DMS_P2P_IDENTIFY_MAX_ADDRESSES);
  for (guint i = 0; i < message->protocols->len; i++)
    {
      const char *protocol = g_ptr_array_index (message->protocols, i);

      g_assert_true (g_utf8_validate (protocol, -1, NULL));
      g_assert_cmpuint (strlen (protocol), <=, DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE);
      g_assert_cmpuint (strlen (protocol), >, 0);
    }
  g_assert_true (message->agent == NULL || g_utf8_validate (message->agent, -1, NULL));
}

/* Strips the frames off. */
static void
read_back (DmsP2pIdentifyMessage *message, GBytes *framed)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (framed, &size);

  while (size > 0)
    {
      gsize length = data[0] & 0x7f;
      gsize prefix = 1;

      if (data[0] & 0x80)
        {
          length |= (gsize) data[1] << 7;
          prefix = 2;
        }
      g_assert_cmpuint (prefix + length, <=, size);
      g_assert_true (dms_p2p_identify_message_merge (message, data + prefix, length, NULL));
      data += prefix + length;
      size -= prefix + length;
    }
}

/* What a peer says of itself, in two messages: the first byte says where the first one ends. What is accepted
 * is within bounds, and what this host would say of itself is read back the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_message_new ();
  g_autoptr (DmsP2pIdentifyMessage) again = dms_p2p_identify_message_new ();
  g_autoptr (GBytes) framed = NULL;
  gsize first = 0;

  if (size == 0)
    return 0;
  first = MIN (data[0], size - 1);
  if (!dms_p2p_identify_message_merge (message, data + 1, first, NULL) ||
      !dms_p2p_identify_message_merge (message, data + 1 + first, size - 1 - first, NULL))
    return 0;
  check_bounds (message);
  if (size > 1024)
    return 0;
  framed = dms_p2p_identify_message_encode (message);
  read_back (again, framed);
  g_assert_cmpuint (again->protocols->len, ==, message->protocols->len);
  for (guint i = 0; i < message->protocols->len; i++)
    g_assert_cmpstr (g_ptr_array_index (again->protocols, i), ==, g_ptr_array_index (message->protocols, i));
  g_assert_cmpuint (again->addresses->len, ==, message->addresses->len);
  for (guint i = 0; i < message->addresses->len; i++)
    g_assert_true (dms_multiaddr_equal (g_ptr_array_index (again->addresses, i),
                                        g_ptr_array_index (message->addresses, i)));
  g_assert_cmpstr (again->agent, ==, message->agent);
  g_assert_cmpstr (again->protocol_version, ==, message->protocol_version);
  g_assert_cmpint (again->observed != NULL, ==, message->observed != NULL);
  g_assert_true ((again->record == NULL) == (message->record == NULL) &&
                 (again->record == NULL || g_bytes_equal (again->record, message->record)));
  return 0;
}
