/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <dms.h>
#include <string.h>

#include "swarm/dms-p2p-peer-file.h"

#define NOW (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

static GPtrArray *
copy_records (GPtrArray *records)
{
  GPtrArray *copy = g_ptr_array_new ();

  for (guint i = 0; i < records->len; i++)
    g_ptr_array_add (copy, records->pdata[i]);
  return copy;
}

/* The file of known peers, which anybody who may write there may have written. What is taken from it is
 * within bounds and, written again, reads the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) records = dms_p2p_peer_file_parse ((const char *) data, size, NOW, &error);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GPtrArray) borrowed = NULL;
  g_autofree char *written = NULL;
  g_autofree char *rewritten = NULL;

  if (records == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_CORRUPT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_cmpuint (records->len, <=, DMS_P2P_PEER_FILE_MAX_PEERS);
  for (guint i = 0; i < records->len; i++)
    {
      DmsP2pPeerRecord *record = records->pdata[i];

      g_assert_cmpint (record->seen_us, <=, NOW);
      g_assert_cmpuint (record->addresses->len, <=, DMS_P2P_PEER_RECORD_MAX_ADDRESSES);
    }
  borrowed = copy_records (records);
  written = dms_p2p_peer_file_build (borrowed, NOW);
  again = dms_p2p_peer_file_parse (written, strlen (written), NOW, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, <=, records->len);
  rewritten = dms_p2p_peer_file_build (again, NOW);
  g_assert_cmpstr (written, ==, rewritten);
  return 0;
}
