/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include "identity/dms-p2p-public-key.h"

/* A key that is read has one form, one peer ID, and no signature that comes by chance. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPublicKey) key = dms_p2p_public_key_new (data, size, &error);
  g_autoptr (DmsP2pPublicKey) again = NULL;
  g_autoptr (DmsP2pPublicKey) embedded = NULL;
  GBytes *bytes = NULL;

  if (key == NULL)
    {
      g_assert_true (g_error_matches (error, DMS_ERROR, DMS_ERROR_INVALID_DATA) ||
                     g_error_matches (error, DMS_ERROR, DMS_ERROR_TOO_LARGE));
      return 0;
    }
  bytes = dms_p2p_public_key_get_bytes (key);
  again = dms_p2p_public_key_new (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, dms_p2p_public_key_get_bytes (again)));
  g_assert_true (
      dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), dms_p2p_public_key_get_peer_id (again)));
  embedded = dms_p2p_public_key_new_from_peer_id (dms_p2p_public_key_get_peer_id (key));
  g_assert_cmpint (embedded != NULL, ==, g_bytes_get_size (bytes) <= 42);
  g_assert_false (dms_p2p_public_key_verify (key, "message", 7, data, size, NULL));
  g_assert_false (dms_p2p_public_key_verify (key, "message", 7, data, MIN (size, 64), NULL));
  return 0;
}
