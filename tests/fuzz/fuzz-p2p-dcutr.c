/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "dcutr/dms-p2p-dcutr-message.h"

static gboolean
decode (const guint8 *data, gsize size, DmsP2pDcutrType *type, GPtrArray *addresses)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = dms_p2p_dcutr_message_decode (data, size, type, addresses, &error);

  g_assert_true (is_good || g_error_matches (error, DMS_ERROR, DMS_ERROR_INVALID_DATA));
  return is_good;
}

/* What is accepted is within bounds, and reads back the same, with and without interest in the addresses. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GPtrArray) again = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  g_autoptr (GBytes) framed = NULL;
  DmsP2pDcutrType type = DMS_P2P_DCUTR_SYNC;
  DmsP2pDcutrType same = DMS_P2P_DCUTR_SYNC;
  gboolean is_good = decode (data, size, &type, addresses);
  const guint8 *bytes = NULL;
  gsize prefix = 1;

  g_assert_cmpuint (addresses->len, <=, DMS_P2P_DCUTR_MAX_ADDRESSES);
  g_assert_cmpint (decode (data, size, &same, NULL), ==, is_good);
  g_assert_cmpint (same, ==, type);
  if (!is_good)
    return 0;
  framed = dms_p2p_dcutr_message_encode (type, addresses);
  bytes = g_bytes_get_data (framed, NULL);
  while (bytes[prefix - 1] & 0x80)
    prefix++;
  g_assert_true (decode (bytes + prefix, g_bytes_get_size (framed) - prefix, &same, again));
  g_assert_cmpint (same, ==, type);
  g_assert_cmpuint (again->len, ==, addresses->len);
  for (guint i = 0; i < again->len; i++)
    g_assert_true (dms_multiaddr_equal (again->pdata[i], addresses->pdata[i]));
  return 0;
}
