/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-advertisement.h"

#include <string.h>

#include "kad/dms-p2p-kad-namespace.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

enum
{
  DMS_P2P_KAD_ADVERTISEMENT_PEER = 1,
  DMS_P2P_KAD_ADVERTISEMENT_TIMESTAMP = 2,
  DMS_P2P_KAD_ADVERTISEMENT_DATA = 3,
  DMS_P2P_KAD_ADVERTISEMENT_SIGNATURE = 4,
  DMS_P2P_KAD_ADVERTISEMENT_PUBLIC_KEY = 5,

  /* The longest text of a peer ID is shorter. */
  DMS_P2P_KAD_ADVERTISEMENT_MAX_PEER = 128,
  DMS_P2P_KAD_ADVERTISEMENT_ED25519 = 32,
  DMS_P2P_KAD_ADVERTISEMENT_SECP256K1 = 33,
  /* How far the clock of another may be ahead. Ours. */
  DMS_P2P_KAD_ADVERTISEMENT_AHEAD_S = 10 * 60,
};

static GByteArray *
dms_p2p_kad_advertisement_sign_what (const char *peer, gint64 timestamp_s, GBytes *data, GBytes *public_key)
{
  GByteArray *what = g_byte_array_new ();
  guint8 low = (guint8) ((guint64) timestamp_s & 0xff);

  g_byte_array_append (what, (const guint8 *) peer, (guint) strlen (peer));
  g_byte_array_append (what, &low, 1);
  if (g_bytes_get_size (data) > 0)
    g_byte_array_append (what, g_bytes_get_data (data, NULL), (guint) g_bytes_get_size (data));
  g_byte_array_append (what, g_bytes_get_data (public_key, NULL), (guint) g_bytes_get_size (public_key));
  return what;
}

GBytes *
dms_p2p_kad_advertisement_make_key (const char *name, DmsPeerId *peer)
{
  g_autofree char *text =
      g_strdup_printf (DMS_P2P_KAD_ADVERTISEMENT_PREFIX "%s-%s", name, dms_peer_id_get_text (peer));
  gsize length = strlen (text);

  return g_bytes_new_take (g_steal_pointer (&text), length);
}

GBytes *
dms_p2p_kad_advertisement_make (DmsP2pIdentity *identity, GBytes *data, gint64 timestamp_s)
{
  DmsPeerId *peer = dms_p2p_identity_get_peer_id (identity);
  guint8 raw[DMS_P2P_KAD_ADVERTISEMENT_ED25519] = { 0 };
  guint8 signature[64] = { 0 };
  GByteArray *out = g_byte_array_new ();
  g_autoptr (GBytes) public_key = NULL;
  g_autoptr (GByteArray) what = NULL;

  dms_peer_id_get_ed25519 (peer, raw);
  public_key = g_bytes_new (raw, sizeof raw);
  what = dms_p2p_kad_advertisement_sign_what (dms_peer_id_get_text (peer), timestamp_s, data, public_key);
  dms_p2p_identity_sign (identity, what->data, what->len, signature);
  dms_p2p_proto_write_text (out, DMS_P2P_KAD_ADVERTISEMENT_PEER, dms_peer_id_get_text (peer));
  dms_p2p_proto_write_number (out, DMS_P2P_KAD_ADVERTISEMENT_TIMESTAMP, (guint64) timestamp_s);
  dms_p2p_proto_write_gbytes (out, DMS_P2P_KAD_ADVERTISEMENT_DATA, data);
  dms_p2p_proto_write_bytes (out, DMS_P2P_KAD_ADVERTISEMENT_SIGNATURE, signature, sizeof signature);
  dms_p2p_proto_write_gbytes (out, DMS_P2P_KAD_ADVERTISEMENT_PUBLIC_KEY, public_key);
  return g_byte_array_free_to_bytes (out);
}

void
dms_p2p_kad_advertisement_free (DmsP2pKadAdvertisement *self)
{
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_clear_pointer (&self->public_key, g_bytes_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_free (self);
}

static void
dms_p2p_kad_advertisement_take (GBytes **place, const DmsP2pProtoReader *reader)
{
  g_clear_pointer (place, g_bytes_unref);
  *place = dms_p2p_proto_reader_dup_bytes (reader);
}

static void
dms_p2p_kad_advertisement_read_peer (DmsP2pKadAdvertisement *self, const DmsP2pProtoReader *reader)
{
  g_autofree char *text = dms_p2p_proto_reader_dup_text (reader, DMS_P2P_KAD_ADVERTISEMENT_MAX_PEER);

  g_clear_pointer (&self->peer, dms_peer_id_unref);
  if (text == NULL)
    return;
  self->peer = dms_peer_id_new (text, NULL);
  /* The signature covers the text: no other form of it. */
  if (self->peer != NULL && strcmp (dms_peer_id_get_text (self->peer), text) != 0)
    g_clear_pointer (&self->peer, dms_peer_id_unref);
}

static DmsP2pKadAdvertisement *
dms_p2p_kad_advertisement_decode (GBytes *value)
{
  g_autoptr (DmsP2pKadAdvertisement) self = g_new0 (DmsP2pKadAdvertisement, 1);
  gsize size = 0;
  const void *bytes = g_bytes_get_data (value, &size);
  DmsP2pProtoReader reader;

  dms_p2p_proto_reader_init (&reader, bytes, size);
  while (dms_p2p_proto_reader_next (&reader))
    {
      if (dms_p2p_proto_reader_is (&reader, DMS_P2P_KAD_ADVERTISEMENT_TIMESTAMP, DMS_P2P_PROTO_VARINT))
        self->timestamp_s = (gint64) reader.number;
      if (reader.kind != DMS_P2P_PROTO_BYTES)
        continue;
      if (reader.field == DMS_P2P_KAD_ADVERTISEMENT_PEER)
        dms_p2p_kad_advertisement_read_peer (self, &reader);
      else if (reader.field == DMS_P2P_KAD_ADVERTISEMENT_DATA)
        dms_p2p_kad_advertisement_take (&self->data, &reader);
      else if (reader.field == DMS_P2P_KAD_ADVERTISEMENT_SIGNATURE)
        dms_p2p_kad_advertisement_take (&self->signature, &reader);
      else if (reader.field == DMS_P2P_KAD_ADVERTISEMENT_PUBLIC_KEY)
        dms_p2p_kad_advertisement_take (&self->public_key, &reader);
    }
  if (dms_p2p_proto_reader_has_failed (&reader) || self->peer == NULL || self->signature == NULL ||
      self->public_key == NULL)
    return NULL;
  if (self->data == NULL)
    self->data = g_bytes_new (NULL, 0);
  return g_steal_pointer (&self);
}

static DmsP2pPublicKey *
dms_p2p_kad_advertisement_read_key (GBytes *raw, GError **error)
{
  gsize size = g_bytes_get_size (raw);
  g_autoptr (GByteArray) protobuf = g_byte_array_new ();

  if (size != DMS_P2P_KAD_ADVERTISEMENT_ED25519 && size != DMS_P2P_KAD_ADVERTISEMENT_SECP256K1)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "the public key of an advertisement is neither Ed25519 nor secp256k1");
      return NULL;
    }
  dms_p2p_proto_write_number (
      protobuf, 1, size == DMS_P2P_KAD_ADVERTISEMENT_ED25519 ? DMS_P2P_KEY_ED25519 : DMS_P2P_KEY_SECP256K1);
  dms_p2p_proto_write_gbytes (protobuf, 2, raw);
  return dms_p2p_public_key_new (protobuf->data, protobuf->len, error);
}

DmsP2pKadAdvertisement *
dms_p2p_kad_advertisement_read (GBytes *value, GError **error)
{
  g_autoptr (DmsP2pKadAdvertisement) self = dms_p2p_kad_advertisement_decode (value);
  g_autoptr (DmsP2pPublicKey) key = NULL;
  g_autoptr (GByteArray) what = NULL;

  if (self == NULL)
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the value is not an advertisement of a peer");
      return NULL;
    }
  key = dms_p2p_kad_advertisement_read_key (self->public_key, error);
  if (key == NULL)
    return NULL;
  if (!dms_peer_id_equal (dms_p2p_public_key_get_peer_id (key), self->peer))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BAD_SIGNATURE,
                   "the advertisement is signed with another key than that of peer %s",
                   dms_peer_id_get_text (self->peer));
      return NULL;
    }
  what = dms_p2p_kad_advertisement_sign_what (
      dms_peer_id_get_text (self->peer), self->timestamp_s, self->data, self->public_key);
  if (!dms_p2p_public_key_verify (key,
                                  what->data,
                                  what->len,
                                  g_bytes_get_data (self->signature, NULL),
                                  g_bytes_get_size (self->signature),
                                  error))
    return NULL;
  return g_steal_pointer (&self);
}

/* The namespace */

static gboolean
dms_p2p_kad_advertisement_is_key_of (GBytes *key, DmsPeerId *peer)
{
  g_autofree char *suffix = g_strdup_printf ("-%s", dms_peer_id_get_text (peer));
  gsize length = strlen (suffix);
  gsize prefix = strlen (DMS_P2P_KAD_ADVERTISEMENT_PREFIX);
  gsize size = 0;
  const char *data = g_bytes_get_data (key, &size);

  return size > prefix + length && memcmp (data, DMS_P2P_KAD_ADVERTISEMENT_PREFIX, prefix) == 0 &&
         memcmp (data + size - length, suffix, length) == 0;
}

static gboolean
dms_p2p_kad_advertisement_validate (GBytes *key, GBytes *value, gint64 now_s, GError **error)
{
  g_autoptr (DmsP2pKadAdvertisement) self = dms_p2p_kad_advertisement_read (value, error);

  if (self == NULL)
    return FALSE;
  if (!dms_p2p_kad_advertisement_is_key_of (key, self->peer))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the advertisement of peer %s stands under a key that is not its own",
                   dms_peer_id_get_text (self->peer));
      return FALSE;
    }
  if (self->timestamp_s < 0 || self->timestamp_s > now_s + DMS_P2P_KAD_ADVERTISEMENT_AHEAD_S)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the advertisement of peer %s is from the future",
                   dms_peer_id_get_text (self->peer));
      return FALSE;
    }
  return TRUE;
}

/* The nodes in the field take the first one they get; here it is the newest one. */
static int
dms_p2p_kad_advertisement_compare (GBytes *key, GBytes *first, GBytes *second)
{
  g_autoptr (DmsP2pKadAdvertisement) a = dms_p2p_kad_advertisement_decode (first);
  g_autoptr (DmsP2pKadAdvertisement) b = dms_p2p_kad_advertisement_decode (second);

  if (a == NULL || b == NULL)
    return (a != NULL) - (b != NULL);
  if (a->timestamp_s != b->timestamp_s)
    return a->timestamp_s > b->timestamp_s ? 1 : -1;
  /* Of two of one second any will do, as long as all take the same. */
  return g_bytes_compare (first, second);
}

const DmsP2pKadNamespace dms_p2p_kad_namespace_advertisement = {
  .name = "nunet-dht-1",
  .validate = dms_p2p_kad_advertisement_validate,
  .compare = dms_p2p_kad_advertisement_compare,
  .may_delete = dms_p2p_kad_advertisement_is_key_of,
};
