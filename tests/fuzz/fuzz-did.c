/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <string.h>

#include "identity/dms-base32.h"

static void
check_did (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDid) did = dms_did_new (text, &error);
  g_autoptr (DmsDid) again = NULL;
  g_autoptr (DmsDid) from_json = NULL;
  g_autoptr (JsonNode) node = NULL;
  guint8 key[32];
  guint8 other[32];

  if (did == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      return;
    }
  g_assert_cmpstr (dms_did_get_uri (did), ==, text);
  g_assert_cmpint (dms_did_is_empty (did), ==, text[0] == '\0');
  node = dms_did_to_json (did);
  from_json = dms_did_new_from_json (node, &error);
  g_assert_no_error (error);
  g_assert_true (dms_did_equal (did, from_json));
  if (!dms_did_get_ed25519 (did, key))
    return;
  again = dms_did_new_for_ed25519 (key);
  g_assert_true (dms_did_get_ed25519 (again, other));
  g_assert_cmpmem (key, sizeof key, other, sizeof other);
}

static void
check_peer_id (const char *text)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (text, NULL);
  g_autoptr (DmsPeerId) again = NULL;
  g_autoptr (DmsPeerId) of_key = NULL;
  guint8 key[32];

  if (peer == NULL)
    return;
  again = dms_peer_id_new (dms_peer_id_get_text (peer), NULL);
  g_assert_nonnull (again);
  g_assert_true (dms_peer_id_equal (peer, again));
  if (!dms_peer_id_get_ed25519 (peer, key))
    return;
  of_key = dms_peer_id_new_for_ed25519 (key);
  g_assert_true (dms_peer_id_equal (peer, of_key));
}

/* There is one way to write an actor's ID, and only that is taken. */
static void
check_actor_id (const char *text)
{
  g_autofree guint8 *bytes = NULL;
  g_autofree char *written = NULL;
  g_autofree char *id = NULL;
  guint8 key[32];
  gsize size;

  bytes = dms_base32_decode (text, &size);
  if (bytes == NULL)
    {
      g_assert_false (dms_base32_decode_id (text, key));
      return;
    }
  written = dms_base32_encode (bytes, size);
  g_assert_cmpstr (written, ==, text);
  if (!dms_base32_decode_id (text, key))
    return;
  id = dms_base32_encode_id (key);
  g_assert_cmpstr (id, ==, text);
}

/* DIDs, peer IDs and actor IDs are texts of other nodes. What is accepted must read back the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");

  check_did (text);
  check_peer_id (text);
  check_actor_id (text);
  return 0;
}
