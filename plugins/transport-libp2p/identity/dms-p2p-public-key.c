/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-p2p-public-key.h"

#include <gnutls/abstract.h>
#include <secp256k1.h>
#include <sodium.h>
#include <string.h>

#include "identity/dms-p2p-rsa-der-private.h"
#include "wire/dms-p2p-multihash.h"
#include "wire/dms-p2p-proto-reader.h"
#include "wire/dms-p2p-proto-writer.h"

enum
{
  /* The largest key read is RSA of 8,192 bits: 1,024 bytes and under 50 of DER and protobuf around them. */
  DMS_P2P_PUBLIC_KEY_MAX_SIZE = 2048,
  /* What a peer ID embeds rather than hashes (libp2p specs, peer-ids, "Peer Ids"). */
  DMS_P2P_PUBLIC_KEY_MAX_INLINE = 42,
  /* r and s of 33 bytes with their headers, and the header of both. */
  DMS_P2P_PUBLIC_KEY_MAX_ECDSA_SIGNATURE = 72,
  DMS_P2P_PUBLIC_KEY_SECP256K1_SIZE = 33,
  DMS_P2P_PUBLIC_KEY_FIELD_TYPE = 1,
  DMS_P2P_PUBLIC_KEY_FIELD_DATA = 2,
};

/* All of a SubjectPublicKeyInfo of P-256 before the 64 bytes of an uncompressed point (RFC 5480). */
static const guint8 dms_p2p_public_key_p256_prefix[] = {
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
  0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
};

struct _DmsP2pPublicKey
{
  DmsP2pKeyType type;
  GBytes *bytes;
  DmsPeerId *peer_id;
  /* One of these, as the type says. */
  guint8 ed25519[crypto_sign_PUBLICKEYBYTES];
  secp256k1_pubkey secp256k1;
  gnutls_pubkey_t gnutls;
};

static void
dms_p2p_public_key_clear (gpointer data)
{
  DmsP2pPublicKey *self = data;

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->peer_id, dms_peer_id_unref);
  g_clear_pointer (&self->gnutls, gnutls_pubkey_deinit);
}

static gboolean
dms_p2p_public_key_fail (const char *fault, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the public key of a peer is refused: %s", fault);
  return FALSE;
}

static void
dms_p2p_public_key_ensure_sodium (void)
{
  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised");
}

static gboolean
dms_p2p_public_key_read_ed25519 (DmsP2pPublicKey *self, const guint8 *data, gsize size, GError **error)
{
  if (size != crypto_sign_PUBLICKEYBYTES)
    return dms_p2p_public_key_fail ("an Ed25519 key has 32 bytes", error);
  /* Canonical, on the curve, and of the large prime order: a key of small order verifies many messages. */
  if (crypto_core_ed25519_is_valid_point (data) != 1)
    return dms_p2p_public_key_fail ("it is not a point of Ed25519's main group", error);
  memcpy (self->ed25519, data, size);
  return TRUE;
}

static gboolean
dms_p2p_public_key_read_secp256k1 (DmsP2pPublicKey *self, const guint8 *data, gsize size, GError **error)
{
  if (size != DMS_P2P_PUBLIC_KEY_SECP256K1_SIZE)
    return dms_p2p_public_key_fail ("a secp256k1 key has 33 bytes, compressed", error);
  if (secp256k1_ec_pubkey_parse (secp256k1_context_static, &self->secp256k1, data, size) != 1)
    return dms_p2p_public_key_fail ("it is not a point of secp256k1", error);
  return TRUE;
}

static gboolean
dms_p2p_public_key_import (DmsP2pPublicKey *self, const guint8 *data, gsize size, GError **error)
{
  const gnutls_datum_t der = { (guint8 *) data, (unsigned int) size };

  if (gnutls_pubkey_init (&self->gnutls) < 0)
    return dms_p2p_public_key_fail ("there is no memory for it", error);
  if (gnutls_pubkey_import (self->gnutls, &der, GNUTLS_X509_FMT_DER) < 0)
    return dms_p2p_public_key_fail ("GnuTLS cannot read its SubjectPublicKeyInfo", error);
  return TRUE;
}

static gboolean
dms_p2p_public_key_read_ecdsa (DmsP2pPublicKey *self, const guint8 *data, gsize size, GError **error)
{
  const gsize prefix_size = sizeof dms_p2p_public_key_p256_prefix;

  if (size != prefix_size + 64 || memcmp (data, dms_p2p_public_key_p256_prefix, prefix_size) != 0)
    return dms_p2p_public_key_fail ("an ECDSA key must be of P-256, uncompressed, in DER", error);
  if (!dms_p2p_public_key_import (self, data, size, error))
    return FALSE;
  if (gnutls_pubkey_verify_params (self->gnutls) < 0)
    return dms_p2p_public_key_fail ("it is not a point of P-256", error);
  return TRUE;
}

static gboolean
dms_p2p_public_key_read_rsa (DmsP2pPublicKey *self, const guint8 *data, gsize size, GError **error)
{
  const char *fault = dms_p2p_rsa_der_find_fault (data, size);

  if (fault != NULL)
    return dms_p2p_public_key_fail (fault, error);
  return dms_p2p_public_key_import (self, data, size, error);
}

static gboolean
dms_p2p_public_key_read_key (DmsP2pPublicKey *self,
                             guint64 type,
                             const guint8 *data,
                             gsize size,
                             GError **error)
{
  switch (type)
    {
    case DMS_P2P_KEY_RSA:
      return dms_p2p_public_key_read_rsa (self, data, size, error);
    case DMS_P2P_KEY_ED25519:
      return dms_p2p_public_key_read_ed25519 (self, data, size, error);
    case DMS_P2P_KEY_SECP256K1:
      return dms_p2p_public_key_read_secp256k1 (self, data, size, error);
    case DMS_P2P_KEY_ECDSA:
      return dms_p2p_public_key_read_ecdsa (self, data, size, error);
    default:
      return dms_p2p_public_key_fail ("its type is none of RSA, Ed25519, secp256k1 and ECDSA", error);
    }
}

/* The multihash of the canonical protobuf (libp2p specs, peer-ids, "Peer Ids"). */
static DmsPeerId *
dms_p2p_public_key_make_peer_id (GBytes *bytes)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  DmsP2pHash hash = size <= DMS_P2P_PUBLIC_KEY_MAX_INLINE ? DMS_P2P_HASH_IDENTITY : DMS_P2P_HASH_SHA2_256;
  g_autoptr (GBytes) multihash = dms_p2p_multihash_new (hash, data, size, NULL);
  DmsPeerId *peer = dms_peer_id_new_from_bytes (multihash, NULL);

  g_assert (peer != NULL);
  return peer;
}

static DmsP2pPublicKey *
dms_p2p_public_key_new_for_type (guint64 type, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsP2pPublicKey) self = g_atomic_rc_box_new0 (DmsP2pPublicKey);
  GByteArray *out = NULL;

  dms_p2p_public_key_ensure_sodium ();
  if (!dms_p2p_public_key_read_key (self, type, data, size, error))
    return NULL;
  self->type = (DmsP2pKeyType) type;
  /* Made anew, for the one that was read may have been written in a roundabout way. */
  out = g_byte_array_sized_new ((guint) size + 8);
  dms_p2p_proto_write_number (out, DMS_P2P_PUBLIC_KEY_FIELD_TYPE, type);
  dms_p2p_proto_write_bytes (out, DMS_P2P_PUBLIC_KEY_FIELD_DATA, data, size);
  self->bytes = g_byte_array_free_to_bytes (out);
  self->peer_id = dms_p2p_public_key_make_peer_id (self->bytes);
  return g_steal_pointer (&self);
}

/**
 * dms_p2p_public_key_new:
 * @data: (array length=size): the protobuf { Type = 1, Data = 2 }
 * @size: how many bytes
 * @error: return location for a #DmsError
 *
 * Reads a public key (libp2p specs, peer-ids, "Keys"). Fields beside these two are ignored, as newer versions
 * of the protocol may have some; a second one of either is refused, for others might read that one.
 *
 * Returns: (transfer full) (nullable): the key
 */
DmsP2pPublicKey *
dms_p2p_public_key_new (const guint8 *data, gsize size, GError **error)
{
  DmsP2pProtoReader reader;
  const guint8 *key = NULL;
  gsize key_size = 0;
  guint64 type = 0;
  guint n_types = 0;
  guint n_keys = 0;

  if (size > DMS_P2P_PUBLIC_KEY_MAX_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "the public key of a peer has %" G_GSIZE_FORMAT " bytes; at most %d are read",
                   size,
                   DMS_P2P_PUBLIC_KEY_MAX_SIZE);
      return NULL;
    }
  dms_p2p_proto_reader_init (&reader, data, size);
  while (dms_p2p_proto_reader_next (&reader))
    if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PUBLIC_KEY_FIELD_TYPE, DMS_P2P_PROTO_VARINT))
      {
        type = reader.number;
        n_types++;
      }
    else if (dms_p2p_proto_reader_is (&reader, DMS_P2P_PUBLIC_KEY_FIELD_DATA, DMS_P2P_PROTO_BYTES))
      {
        key = reader.data;
        key_size = reader.size;
        n_keys++;
      }
  if (dms_p2p_proto_reader_has_failed (&reader) || n_types != 1 || n_keys != 1)
    {
      dms_p2p_public_key_fail ("it is not a protobuf of one type and one key", error);
      return NULL;
    }
  return dms_p2p_public_key_new_for_type (type, key, key_size, error);
}

/**
 * dms_p2p_public_key_new_ed25519:
 * @raw: (array fixed-size=32): a raw Ed25519 key
 *
 * Returns: (transfer full) (nullable): the key; %NULL when it is not a point of the main group
 */
DmsP2pPublicKey *
dms_p2p_public_key_new_ed25519 (const guint8 raw[32])
{
  return dms_p2p_public_key_new_for_type (DMS_P2P_KEY_ED25519, raw, crypto_sign_PUBLICKEYBYTES, NULL);
}

/**
 * dms_p2p_public_key_new_from_peer_id:
 * @peer: a peer ID
 *
 * Returns: (transfer full) (nullable): the key that @peer embeds; %NULL when it is a hash, or embeds what is
 * not a key whose peer ID this is
 */
DmsP2pPublicKey *
dms_p2p_public_key_new_from_peer_id (DmsPeerId *peer)
{
  g_autoptr (GBytes) multihash = dms_peer_id_dup_bytes (peer);
  g_autoptr (DmsP2pPublicKey) self = NULL;
  DmsP2pHash hash = DMS_P2P_HASH_IDENTITY;
  const guint8 *key = NULL;
  gsize size = 0;

  if (!dms_p2p_multihash_parse (
          g_bytes_get_data (multihash, NULL), g_bytes_get_size (multihash), &hash, &key, &size, NULL) ||
      hash != DMS_P2P_HASH_IDENTITY)
    return NULL;
  self = dms_p2p_public_key_new (key, size, NULL);
  if (self == NULL || !dms_peer_id_equal (self->peer_id, peer))
    return NULL;
  return g_steal_pointer (&self);
}

DmsP2pPublicKey *
dms_p2p_public_key_ref (DmsP2pPublicKey *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
dms_p2p_public_key_unref (DmsP2pPublicKey *self)
{
  g_atomic_rc_box_release_full (self, dms_p2p_public_key_clear);
}

DmsP2pKeyType
dms_p2p_public_key_get_key_type (DmsP2pPublicKey *self)
{
  return self->type;
}

GBytes *
dms_p2p_public_key_get_bytes (DmsP2pPublicKey *self)
{
  return self->bytes;
}

DmsPeerId *
dms_p2p_public_key_get_peer_id (DmsP2pPublicKey *self)
{
  return self->peer_id;
}

gboolean
dms_p2p_public_key_check_owner (DmsP2pPublicKey *self, DmsPeerId *expected, GError **error)
{
  if (expected == NULL || dms_peer_id_equal (self->peer_id, expected))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_AUTHORIZED,
               "peer %s was expected, but %s is at this address; look up its addresses again",
               dms_peer_id_get_text (expected),
               dms_peer_id_get_text (self->peer_id));
  return FALSE;
}

/* Bitcoin's ECDSA over SHA-256; s must be the lower one of the two that fit (BIP 62). */
static gboolean
dms_p2p_public_key_verify_secp256k1 (DmsP2pPublicKey *self,
                                     const void *message,
                                     gsize message_size,
                                     const void *signature,
                                     gsize signature_size)
{
  secp256k1_ecdsa_signature parsed;
  guint8 digest[crypto_hash_sha256_BYTES];

  if (signature_size > DMS_P2P_PUBLIC_KEY_MAX_ECDSA_SIGNATURE ||
      secp256k1_ecdsa_signature_parse_der (secp256k1_context_static, &parsed, signature, signature_size) != 1)
    return FALSE;
  crypto_hash_sha256 (digest, message, message_size);
  return secp256k1_ecdsa_verify (secp256k1_context_static, &parsed, digest, &self->secp256k1) == 1;
}

static gboolean
dms_p2p_public_key_verify_gnutls (DmsP2pPublicKey *self,
                                  gnutls_sign_algorithm_t algorithm,
                                  const void *message,
                                  gsize message_size,
                                  const void *signature,
                                  gsize signature_size)
{
  const gnutls_datum_t signed_data = { (guint8 *) message, (unsigned int) message_size };
  const gnutls_datum_t signature_data = { (guint8 *) signature, (unsigned int) signature_size };

  if (message_size > G_MAXUINT || signature_size > DMS_P2P_PUBLIC_KEY_MAX_SIZE)
    return FALSE;
  return gnutls_pubkey_verify_data2 (self->gnutls, algorithm, 0, &signed_data, &signature_data) >= 0;
}

/**
 * dms_p2p_public_key_verify:
 * @self: a key
 * @message: (array length=message_size): what was signed
 * @message_size: how many bytes
 * @signature: (array length=signature_size): the signature
 * @signature_size: how many bytes
 * @error: return location for %DMS_ERROR_BAD_SIGNATURE
 *
 * Checks a signature in the form of the key's type (libp2p specs, peer-ids, "How Keys are Encoded and
 * Messages Signed").
 *
 * Returns: whether it is good
 */
gboolean
dms_p2p_public_key_verify (DmsP2pPublicKey *self,
                           const void *message,
                           gsize message_size,
                           const void *signature,
                           gsize signature_size,
                           GError **error)
{
  static const guint8 nothing[1];
  gboolean good = FALSE;

  message = message != NULL ? message : nothing;
  switch (self->type)
    {
    case DMS_P2P_KEY_ED25519:
      good = signature_size == crypto_sign_BYTES &&
             crypto_sign_verify_detached (signature, message, message_size, self->ed25519) == 0;
      break;
    case DMS_P2P_KEY_SECP256K1:
      good = signature_size > 0 &&
             dms_p2p_public_key_verify_secp256k1 (self, message, message_size, signature, signature_size);
      break;
    case DMS_P2P_KEY_RSA:
      good = signature_size > 0 &&
             dms_p2p_public_key_verify_gnutls (
                 self, GNUTLS_SIGN_RSA_SHA256, message, message_size, signature, signature_size);
      break;
    case DMS_P2P_KEY_ECDSA:
      good = signature_size > 0 && signature_size <= DMS_P2P_PUBLIC_KEY_MAX_ECDSA_SIGNATURE &&
             dms_p2p_public_key_verify_gnutls (
                 self, GNUTLS_SIGN_ECDSA_SHA256, message, message_size, signature, signature_size);
      break;
    default:
      break;
    }
  if (!good)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_BAD_SIGNATURE,
                 "a signature by the key of peer %s does not verify",
                 dms_peer_id_get_text (self->peer_id));
  return good;
}
