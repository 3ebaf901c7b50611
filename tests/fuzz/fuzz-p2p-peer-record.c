/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#include "identify/dms-p2p-signed-record.h"
#include "wire/dms-p2p-proto-writer.h"
#include "wire/dms-p2p-varint.h"

static DmsP2pIdentity *
get_identity (void)
{
  static DmsP2pIdentity *identity;
  static const guint8 seed[32] = { 1, 2, 3 };
  g_autoptr (GBytes) bytes = NULL;

  if (identity != NULL)
    return identity;
  g_assert_cmpint (sodium_init (), >=, 0);
  bytes = g_bytes_new_static (seed, sizeof seed);
  identity = dms_p2p_identity_new (bytes, NULL);
  g_assert_nonnull (identity);
  return identity;
}

static void
append_counted (GByteArray *out, const void *data, gsize size)
{
  guint8 length[DMS_P2P_VARINT_MAX];

  g_byte_array_append (out, length, (guint) dms_p2p_varint_write (length, size));
  g_byte_array_append (out, data, (guint) size);
}

/* @payload in an envelope of the right peer, so that what lies behind the signature is reached. */
static GBytes *
sign (const guint8 *payload, gsize size)
{
  DmsP2pIdentity *identity = get_identity ();
  g_autoptr (GByteArray) message = g_byte_array_new ();
  GByteArray *envelope = g_byte_array_new ();
  guint8 signature[64];

  append_counted (message, "libp2p-peer-record", strlen ("libp2p-peer-record"));
  append_counted (message, "\x03\x01", 2);
  append_counted (message, payload, size);
  dms_p2p_identity_sign (identity, message->data, message->len, signature);
  dms_p2p_proto_write_gbytes (
      envelope, 1, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  dms_p2p_proto_write_bytes (envelope, 2, "\x03\x01", 2);
  dms_p2p_proto_write_bytes (envelope, 3, payload, size);
  dms_p2p_proto_write_bytes (envelope, 5, signature, sizeof signature);
  return g_byte_array_free_to_bytes (envelope);
}

static DmsP2pSignedRecord *
open_record (const guint8 *data, gsize size)
{
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (get_identity ());
  g_autoptr (GError) error = NULL;
  DmsP2pSignedRecord *record = dms_p2p_signed_record_open (data, size, peer, &error);

  if (record == NULL)
    {
      g_assert_true (error->domain == DMS_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return NULL;
    }
  g_assert_no_error (error);
  g_assert_true (dms_peer_id_equal (record->peer, peer));
  g_assert_cmpuint (record->addresses->len, <=, DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES);
  return record;
}

/* An envelope, and a payload in a good one. What is accepted is the peer's own, and reads back the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsP2pSignedRecord) as_envelope = open_record (data, size);
  g_autoptr (GBytes) signed_bytes = sign (data, size);
  g_autoptr (DmsP2pSignedRecord) record =
      open_record (g_bytes_get_data (signed_bytes, NULL), g_bytes_get_size (signed_bytes));
  g_autoptr (DmsP2pSignedRecord) again = NULL;
  g_autoptr (GBytes) sealed = NULL;

  if (record == NULL)
    return 0;
  sealed = dms_p2p_signed_record_seal (get_identity (), record->seq, record->addresses);
  again = open_record (g_bytes_get_data (sealed, NULL), g_bytes_get_size (sealed));
  g_assert_nonnull (again);
  g_assert_cmpuint (again->seq, ==, record->seq);
  g_assert_cmpuint (again->addresses->len, ==, record->addresses->len);
  for (guint i = 0; i < record->addresses->len; i++)
    g_assert_true (dms_multiaddr_equal (g_ptr_array_index (again->addresses, i),
                                        g_ptr_array_index (record->addresses, i)));
  return 0;
}
