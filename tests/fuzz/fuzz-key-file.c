/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "identity/dms-key-file.h"

/* Deriving the key takes a second at the usual cost. */
static gboolean
is_cheap (const char *text, gsize size)
{
  g_autoptr (JsonNode) node = dms_json_node_from_text (text, (gssize) size, NULL);
  JsonObject *crypto = dms_json_object_get_child (dms_json_node_get_child (node), "crypto");
  JsonObject *costs = dms_json_object_get_child (crypto, "kdfparams");

  return dms_json_object_get_whole (costs, "n", 1, 16, 0) > 0
         && dms_json_object_get_whole (costs, "r", 1, 16, 0) > 0
         && dms_json_object_get_whole (costs, "p", 1, 4, 0) > 0;
}

static void
check_open (const char *text, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) key = dms_key_file_open (text, size, "fuzz", "fuzz", &error);
  g_autoptr (DmsKey) again = NULL;
  g_autofree char *sealed = NULL;

  if (key == NULL)
    {
      g_assert_true (g_error_matches (error, DMS_ERROR, DMS_ERROR_WRONG_PASSPHRASE)
                     || g_error_matches (error, DMS_ERROR, DMS_ERROR_CORRUPT)
                     || g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED));
      return;
    }
  sealed = dms_key_file_seal (key, "fuzz", "fuzz", 2, &error);
  g_assert_no_error (error);
  again = dms_key_file_open (sealed, strlen (sealed), "fuzz", "fuzz", &error);
  g_assert_no_error (error);
  g_assert_true (dms_key_equal (key, again));
}

/* The file, and the private key that lies in it encrypted. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) key = dms_key_new_from_protobuf (data, size, NULL);

  if (key != NULL)
    {
      g_autoptr (GBytes) written = dms_key_dup_protobuf (key);

      g_assert_cmpmem (data, size, g_bytes_get_data (written, NULL), g_bytes_get_size (written));
    }
  if (!dms_key_file_check (text, size, "fuzz", &error))
    g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
  else if (is_cheap (text, size))
    check_open (text, size);
  return 0;
}
