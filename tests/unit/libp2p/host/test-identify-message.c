/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sodium.h>
#include <string.h>

#include "identify/dms-p2p-identify-message.h"
#include "identify/dms-p2p-signed-record.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

/* Numbers of fields: libp2p specs, identify; RFC 0002; RFC 0003. */
enum
{
  KEY = 1,
  LISTEN = 2,
  PROTOCOLS = 3,
  OBSERVED = 4,
  VERSION = 5,
  AGENT = 6,
  RECORD = 8,
  TYPE = 2,
  PAYLOAD = 3,
  SIGNATURE = 5,
};

static GPtrArray *
make_addresses (const char *const *texts)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (addresses, dms_multiaddr_new (texts[i], &error));
      g_assert_no_error (error);
    }
  return addresses;
}

static DmsP2pSignedRecord *
open_bytes (GBytes *bytes, DmsPeerId *expected, GError **error)
{
  return dms_p2p_signed_record_open (
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, error);
}

static void
test_record (void)
{
  static const char *const texts[] = {
    "/ip4/192.0.2.1/tcp/9000", "/ip6/2001:db8::1/udp/9000/quic-v1", "/dns4/example.org/tcp/443", NULL
  };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GPtrArray) addresses = make_addresses (texts);
  g_autoptr (GBytes) sealed = dms_p2p_signed_record_seal (identity, 77, addresses);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pSignedRecord) record =
      open_bytes (sealed, dms_p2p_identity_get_peer_id (identity), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (record->seq, ==, 77);
  g_assert_true (dms_peer_id_equal (record->peer, dms_p2p_identity_get_peer_id (identity)));
  g_assert_cmpuint (record->addresses->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (dms_multiaddr_get_text (g_ptr_array_index (record->addresses, i)), ==, texts[i]);
}

/* CVE-2023-40583: a good record, of somebody else. */
static void
test_record_of_another (void)
{
  static const char *const texts[] = { "/ip4/192.0.2.1/tcp/9000", NULL };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  g_autoptr (GPtrArray) addresses = make_addresses (texts);
  g_autoptr (GBytes) sealed = dms_p2p_signed_record_seal (identity, 1, addresses);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pSignedRecord) record = open_bytes (sealed, dms_p2p_identity_get_peer_id (other), &error);

  g_assert_null (record);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE);
}

static void
append_counted (GByteArray *out, const void *data, gsize size)
{
  guint8 length = (guint8) size;

  g_assert_cmpuint (size, <, 128);
  g_byte_array_append (out, &length, 1);
  g_byte_array_append (out, data, (guint) size);
}

/* An envelope of @signer with any domain, type and payload. */
static GBytes *
make_envelope (DmsP2pIdentity *signer, const char *domain, const char *type, GByteArray *payload)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  GByteArray *envelope = g_byte_array_new ();
  guint8 signature[64];

  append_counted (message, domain, strlen (domain));
  append_counted (message, type, 2);
  append_counted (message, payload->data, payload->len);
  dms_p2p_identity_sign (signer, message->data, message->len, signature);
  dms_p2p_proto_write_gbytes (
      envelope, KEY, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (signer)));
  dms_p2p_proto_write_bytes (envelope, TYPE, type, 2);
  dms_p2p_proto_write_bytes (envelope, PAYLOAD, payload->data, payload->len);
  dms_p2p_proto_write_bytes (envelope, SIGNATURE, signature, sizeof signature);
  return g_byte_array_free_to_bytes (envelope);
}

static GByteArray *
make_payload (DmsPeerId *peer)
{
  GByteArray *payload = g_byte_array_new ();
  g_autoptr (GBytes) bytes = peer != NULL ? dms_peer_id_dup_bytes (peer) : NULL;

  if (bytes != NULL)
    dms_p2p_proto_write_gbytes (payload, 1, bytes);
  dms_p2p_proto_write_number (payload, 2, 5);
  return payload;
}

static void
check_envelope (DmsP2pIdentity *identity, GBytes *envelope, gboolean is_good)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pSignedRecord) record =
      open_bytes (envelope, dms_p2p_identity_get_peer_id (identity), &error);

  g_assert_cmpint (record != NULL, ==, is_good);
  g_assert_cmpint (error == NULL, ==, is_good);
  if (error != NULL)
    g_assert_true (error->domain == DMS_ERROR);
}

static void
test_hostile_records (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentity) other = dms_p2p_identity_new_random ();
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (identity);
  g_autoptr (GByteArray) own = make_payload (peer);
  g_autoptr (GByteArray) others = make_payload (dms_p2p_identity_get_peer_id (other));
  g_autoptr (GByteArray) nobodys = make_payload (NULL);
  g_autoptr (GBytes) good = make_envelope (identity, "libp2p-peer-record", "\x03\x01", own);
  g_autoptr (GBytes) domain = make_envelope (identity, "libp2p-relay-rsvp", "\x03\x01", own);
  g_autoptr (GBytes) type = make_envelope (identity, "libp2p-peer-record", "\x03\x02", own);
  g_autoptr (GBytes) impostor = make_envelope (other, "libp2p-peer-record", "\x03\x01", own);
  g_autoptr (GBytes) for_other = make_envelope (identity, "libp2p-peer-record", "\x03\x01", others);
  g_autoptr (GBytes) for_nobody = make_envelope (identity, "libp2p-peer-record", "\x03\x01", nobodys);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (good, &size);

  check_envelope (identity, good, TRUE);
  check_envelope (identity, domain, FALSE);
  check_envelope (identity, type, FALSE);
  check_envelope (identity, impostor, FALSE);
  check_envelope (identity, for_other, FALSE);
  check_envelope (identity, for_nobody, FALSE);
  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) cut = g_bytes_new (data, i);
      g_autoptr (GBytes) changed = NULL;

      copy[i] ^= 0x40;
      changed = g_bytes_new (copy, size);
      check_envelope (identity, cut, FALSE);
      check_envelope (identity, changed, FALSE);
    }
}

static void
test_too_many_addresses (void)
{
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (GByteArray) payload = make_payload (dms_p2p_identity_get_peer_id (identity));
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autoptr (GByteArray) envelope = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint8 signature[64];
  guint8 length[2];

  for (guint i = 0; i < DMS_P2P_SIGNED_RECORD_MAX_ADDRESSES + 1; i++)
    dms_p2p_proto_write_bytes (payload, 3, NULL, 0);
  append_counted (message, "libp2p-peer-record", strlen ("libp2p-peer-record"));
  append_counted (message, "\x03\x01", 2);
  length[0] = (guint8) (payload->len | 0x80);
  length[1] = (guint8) (payload->len >> 7);
  g_byte_array_append (message, length, 2);
  g_byte_array_append (message, payload->data, payload->len);
  dms_p2p_identity_sign (identity, message->data, message->len, signature);
  dms_p2p_proto_write_gbytes (
      envelope, KEY, dms_p2p_public_key_get_bytes (dms_p2p_identity_get_public_key (identity)));
  dms_p2p_proto_write_bytes (envelope, TYPE, "\x03\x01", 2);
  dms_p2p_proto_write_bytes (envelope, PAYLOAD, payload->data, payload->len);
  dms_p2p_proto_write_bytes (envelope, SIGNATURE, signature, sizeof signature);
  bytes = g_bytes_new (envelope->data, envelope->len);
  check_envelope (identity, bytes, FALSE);
}

/* Messages */

/* Reads framed messages. */
static gboolean
read_framed (DmsP2pIdentifyMessage *message, GBytes *framed, guint *n)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (framed, &size);

  *n = 0;
  while (size > 0)
    {
      gsize length = data[0] & 0x7f;
      gsize prefix = 1;
      g_autoptr (GError) error = NULL;

      if (data[0] & 0x80)
        {
          length |= (gsize) data[1] << 7;
          prefix = 2;
        }
      g_assert_cmpuint (prefix + length, <=, size);
      if (!dms_p2p_identify_message_merge (message, data + prefix, length, &error))
        return FALSE;
      data += prefix + length;
      size -= prefix + length;
      (*n)++;
    }
  return TRUE;
}

static void
test_message (void)
{
  static const char *const texts[] = { "/ip4/192.0.2.1/tcp/9000", "/ip4/192.0.2.1/udp/9000/quic-v1", NULL };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_message_new ();
  g_autoptr (DmsP2pIdentifyMessage) read = dms_p2p_identify_message_new ();
  g_autoptr (GBytes) framed = NULL;
  guint n = 0;

  g_clear_pointer (&message->addresses, g_ptr_array_unref);
  message->addresses = make_addresses (texts);
  message->agent = g_strdup ("dms/1");
  message->protocol_version = g_strdup ("ipfs/0.1.0");
  message->observed = dms_multiaddr_new ("/ip4/198.51.100.1/tcp/1234", NULL);
  g_ptr_array_add (message->protocols, g_strdup ("/ipfs/id/1.0.0"));
  g_ptr_array_add (message->protocols, g_strdup ("actor/root/messages/0.0.1"));
  message->record = dms_p2p_signed_record_seal (identity, 1, message->addresses);
  framed = dms_p2p_identify_message_encode (message);
  g_assert_cmpuint (g_bytes_get_size (framed), <=, DMS_P2P_IDENTIFY_LEGACY_SIZE);
  g_assert_true (read_framed (read, framed, &n));
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (read->agent, ==, "dms/1");
  g_assert_cmpstr (read->protocol_version, ==, "ipfs/0.1.0");
  g_assert_cmpstr (dms_multiaddr_get_text (read->observed), ==, "/ip4/198.51.100.1/tcp/1234");
  g_assert_cmpuint (read->protocols->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (read->protocols, 1), ==, "actor/root/messages/0.0.1");
  g_assert_cmpuint (read->addresses->len, ==, 2);
  g_assert_true (g_bytes_equal (read->record, message->record));
}

/* Too much for one message: the record goes in another, and no more is said than peers take. */
static void
test_large_message (void)
{
  static const char *const texts[] = { "/ip4/192.0.2.1/tcp/9000", NULL };
  g_autoptr (DmsP2pIdentity) identity = dms_p2p_identity_new_random ();
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_message_new ();
  g_autoptr (DmsP2pIdentifyMessage) read = dms_p2p_identify_message_new ();
  g_autoptr (GPtrArray) addresses = make_addresses (texts);
  g_autoptr (GBytes) framed = NULL;
  guint n = 0;

  for (guint i = 0; i < 200; i++)
    g_ptr_array_add (message->protocols, g_strdup_printf ("/a/rather/long/protocol/%u", i));
  message->record = dms_p2p_signed_record_seal (identity, 1, addresses);
  framed = dms_p2p_identify_message_encode (message);
  g_assert_cmpuint (g_bytes_get_size (framed), <=, DMS_P2P_IDENTIFY_MAX_OWN_SIZE);
  g_assert_cmpuint (g_bytes_get_size (framed), >, DMS_P2P_IDENTIFY_LEGACY_SIZE);
  g_assert_true (read_framed (read, framed, &n));
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (read->protocols->len, >, 50);
  g_assert_cmpuint (read->protocols->len, <, 200);
  g_assert_nonnull (read->record);
}

/* So many fields of so many bytes, in one message or more. */
typedef struct
{
  const char *name;
  guint field;
  guint n;
  gsize size;
  gboolean is_good;
} Flood;

static const Flood floods[] = {
  { "protocols", PROTOCOLS, DMS_P2P_IDENTIFY_MAX_PROTOCOLS, 20, TRUE },
  { "too-many-protocols", PROTOCOLS, DMS_P2P_IDENTIFY_MAX_PROTOCOLS + 1, 20, FALSE },
  { "far-too-many-protocols", PROTOCOLS, 1801, 4, FALSE },
  { "empty-protocols", PROTOCOLS, 3, 0, TRUE },
  { "long-protocol", PROTOCOLS, 1, DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE, TRUE },
  { "too-long-protocol", PROTOCOLS, 1, DMS_P2P_IDENTIFY_MAX_PROTOCOL_SIZE + 1, FALSE },
  { "addresses-of-nonsense", LISTEN, DMS_P2P_IDENTIFY_MAX_ADDRESSES, 10, TRUE },
  { "too-many-addresses", LISTEN, DMS_P2P_IDENTIFY_MAX_ADDRESSES + 1, 10, FALSE },
  { "long-agent", AGENT, 1, DMS_P2P_IDENTIFY_MAX_TEXT_SIZE, TRUE },
  { "too-long-agent", AGENT, 1, DMS_P2P_IDENTIFY_MAX_TEXT_SIZE + 1, FALSE },
  { "too-long-version", VERSION, 1, DMS_P2P_IDENTIFY_MAX_TEXT_SIZE + 1, FALSE },
  { "too-large-key", KEY, 1, DMS_P2P_IDENTIFY_MAX_KEY_SIZE + 1, FALSE },
  { "too-large-record", RECORD, 1, DMS_P2P_IDENTIFY_MAX_MESSAGE_SIZE + 1, FALSE },
  { "nonsense-observed", OBSERVED, 1, 100, TRUE },
  { "unknown", 100, 1000, 1, TRUE },
};

static void
test_flood (gconstpointer data)
{
  const Flood *flood = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *filler = g_strnfill (flood->size, 'x');
  g_autoptr (DmsP2pIdentifyMessage) once = dms_p2p_identify_message_new ();
  g_autoptr (DmsP2pIdentifyMessage) in_chunks = dms_p2p_identify_message_new ();
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  for (guint i = 0; i < flood->n; i++)
    dms_p2p_proto_write_bytes (bytes, flood->field, filler, flood->size);
  g_assert_cmpint (
      dms_p2p_identify_message_merge (once, bytes->data, bytes->len, &error), ==, flood->is_good);
  if (!flood->is_good)
    g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  /* Chunks add up. */
  for (guint i = 0; i < flood->n && good; i++)
    {
      g_autoptr (GByteArray) one = g_byte_array_new ();

      dms_p2p_proto_write_bytes (one, flood->field, filler, flood->size);
      good = dms_p2p_identify_message_merge (in_chunks, one->data, one->len, NULL);
    }
  g_assert_cmpint (good, ==, flood->is_good);
}

static void
test_malformed (void)
{
  static const guint8 cut[] = { PROTOCOLS << 3 | 2, 10, 'x' };
  static const guint8 group[] = { 3 };
  g_autoptr (DmsP2pIdentifyMessage) message = dms_p2p_identify_message_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_p2p_identify_message_merge (message, cut, sizeof cut, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_false (dms_p2p_identify_message_merge (message, group, sizeof group, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  /* Nothing is a message too. */
  g_assert_true (dms_p2p_identify_message_merge (message, cut, 0, &error));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/p2p/signed-record/read-back", test_record);
  g_test_add_func ("/p2p/signed-record/of-another", test_record_of_another);
  g_test_add_func ("/p2p/signed-record/hostile", test_hostile_records);
  g_test_add_func ("/p2p/signed-record/too-many-addresses", test_too_many_addresses);
  g_test_add_func ("/p2p/identify-message/read-back", test_message);
  g_test_add_func ("/p2p/identify-message/large", test_large_message);
  g_test_add_func ("/p2p/identify-message/malformed", test_malformed);
  for (guint i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_autofree char *path = g_strconcat ("/p2p/identify-message/flood/", floods[i].name, NULL);

      g_test_add_data_func (path, &floods[i], test_flood);
    }
  return g_test_run ();
}
