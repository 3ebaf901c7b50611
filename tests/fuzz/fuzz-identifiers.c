/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>

/* DIDs, peer IDs and multiaddrs are read as texts from other nodes. What is accepted must read back the same.
 */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDid) did = dms_did_new (text, NULL);
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (text, NULL);
  g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (text, &error);
  guint8 key[32];

  if (did != NULL && dms_did_get_ed25519 (did, key))
    {
      g_autoptr (DmsDid) again = dms_did_new_for_ed25519 (key);
      guint8 other[32];

      g_assert_true (dms_did_get_ed25519 (again, other));
      g_assert_cmpmem (key, sizeof key, other, sizeof other);
    }
  if (peer != NULL)
    {
      g_autoptr (DmsPeerId) again = dms_peer_id_new (dms_peer_id_get_text (peer), NULL);

      g_assert_nonnull (again);
      g_assert_true (dms_peer_id_equal (peer, again));
    }
  if (address != NULL)
    {
      g_autoptr (DmsMultiaddr) again = dms_multiaddr_new (dms_multiaddr_get_text (address), NULL);

      g_assert_nonnull (again);
      g_assert_true (dms_multiaddr_equal (address, again));
    }
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  return 0;
}
