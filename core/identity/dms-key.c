/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-key.h"

#include <sodium.h>
#include <string.h>

#include "identity/dms-base32.h"

/* libp2p's protobuf of an Ed25519 private key: type 1, 64 bytes. */
static const guint8 private_prefix[] = { 0x08, 0x01, 0x12, 0x40 };

#define PROTOBUF_SIZE (sizeof private_prefix + crypto_sign_SECRETKEYBYTES)

struct _DmsKey
{
  /* Seed and public key, in guarded memory. */
  guint8 *secret;
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];
  DmsDid *did;
  DmsPeerId *peer_id;
};

G_DEFINE_BOXED_TYPE (DmsKey, dms_key, dms_key_ref, dms_key_unref)

static guint8 *
allocate_secret (gsize size)
{
  guint8 *secret;

  if (sodium_init () < 0)
    g_error ("the cryptographic library cannot be initialised");
  secret = sodium_malloc (size);
  if (secret == NULL)
    g_error ("no guarded memory is left for a secret of %" G_GSIZE_FORMAT " bytes", size);
  return secret;
}

/* Takes the secret. */
static DmsKey *
new_from_secret (guint8 *secret)
{
  DmsKey *self = g_atomic_rc_box_new0 (DmsKey);

  memcpy (self->public_key, secret + crypto_sign_SEEDBYTES, DMS_KEY_PUBLIC_SIZE);
  sodium_mprotect_readonly (secret);
  self->secret = secret;
  self->did = dms_did_new_for_ed25519 (self->public_key);
  self->peer_id = dms_peer_id_new_for_ed25519 (self->public_key);
  return self;
}

DmsKey *
dms_key_generate (void)
{
  guint8 *secret = allocate_secret (crypto_sign_SECRETKEYBYTES);
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  crypto_sign_keypair (public_key, secret);
  return new_from_secret (secret);
}

DmsKey *
dms_key_new_from_seed (const guint8 seed[DMS_KEY_SEED_SIZE])
{
  guint8 *secret = allocate_secret (crypto_sign_SECRETKEYBYTES);
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  crypto_sign_seed_keypair (public_key, secret, seed);
  return new_from_secret (secret);
}

/**
 * dms_key_new_from_protobuf:
 * @data: libp2p's protobuf of a private key (files-and-config.md section 2)
 *
 * Returns: (transfer full): the key, or NULL with DMS_ERROR_NOT_SUPPORTED for another kind of key and
 *   DMS_ERROR_INVALID_DATA for anything else
 */
DmsKey *
dms_key_new_from_protobuf (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsKey) key = NULL;

  if (size >= 4 && data[0] == 0x08 && data[1] != 0x01 && data[2] == 0x12)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                   "the private key is of type %u; only Ed25519 keys can be used here", data[1]);
      return NULL;
    }
  if (size != PROTOBUF_SIZE || memcmp (data, private_prefix, sizeof private_prefix) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                   "the private key of %" G_GSIZE_FORMAT " bytes is not the libp2p form of an Ed25519 key",
                   size);
      return NULL;
    }
  key = dms_key_new_from_seed (data + sizeof private_prefix);
  if (sodium_memcmp (key->public_key, data + sizeof private_prefix + DMS_KEY_SEED_SIZE,
                     DMS_KEY_PUBLIC_SIZE) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                   "the two halves of the private key do not belong together");
      return NULL;
    }
  return g_steal_pointer (&key);
}

/**
 * dms_key_derive:
 * @label: what the child is for, such as the ID of an ensemble
 *
 * Makes the key of a child actor: BLAKE2b keyed with the seed, over the label. Whoever has the parent can
 * make it again; whoever has the child learns nothing of the parent or of other children.
 */
DmsKey *
dms_key_derive (DmsKey *self, const char *label)
{
  static const char domain[] = "dms:derive-key:1:";
  guint8 *seed = allocate_secret (DMS_KEY_SEED_SIZE);
  crypto_generichash_state state;
  DmsKey *child;

  crypto_generichash_init (&state, self->secret, DMS_KEY_SEED_SIZE, DMS_KEY_SEED_SIZE);
  crypto_generichash_update (&state, (const guint8 *) domain, strlen (domain));
  crypto_generichash_update (&state, (const guint8 *) label, strlen (label));
  crypto_generichash_final (&state, seed, DMS_KEY_SEED_SIZE);
  sodium_memzero (&state, sizeof state);
  child = dms_key_new_from_seed (seed);
  sodium_free (seed);
  return child;
}

DmsKey *
dms_key_ref (DmsKey *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_key (gpointer data)
{
  DmsKey *self = data;

  sodium_free (self->secret);
  dms_did_unref (self->did);
  dms_peer_id_unref (self->peer_id);
}

void
dms_key_unref (DmsKey *self)
{
  g_atomic_rc_box_release_full (self, clear_key);
}

gboolean
dms_key_equal (DmsKey *a, DmsKey *b)
{
  return memcmp (a->public_key, b->public_key, DMS_KEY_PUBLIC_SIZE) == 0;
}

void
dms_key_sign (DmsKey *self, const void *data, gsize size, guint8 signature[DMS_KEY_SIGNATURE_SIZE])
{
  crypto_sign_detached (signature, NULL, data, size, self->secret);
}

const guint8 *
dms_key_get_public (DmsKey *self)
{
  return self->public_key;
}

DmsDid *
dms_key_get_did (DmsKey *self)
{
  return self->did;
}

DmsPeerId *
dms_key_get_peer_id (DmsKey *self)
{
  return self->peer_id;
}

DmsDid *
dms_key_dup_did (DmsKey *self)
{
  return dms_did_ref (self->did);
}

DmsPeerId *
dms_key_dup_peer_id (DmsKey *self)
{
  return dms_peer_id_ref (self->peer_id);
}

char *
dms_key_dup_id_pub (DmsKey *self)
{
  return dms_base32_encode_id (self->public_key);
}

/**
 * dms_key_dup_protobuf:
 *
 * Returns: (transfer full): libp2p's protobuf of the private key, in guarded memory
 */
GBytes *
dms_key_dup_protobuf (DmsKey *self)
{
  guint8 *data = allocate_secret (PROTOBUF_SIZE);

  memcpy (data, private_prefix, sizeof private_prefix);
  memcpy (data + sizeof private_prefix, self->secret, crypto_sign_SECRETKEYBYTES);
  return g_bytes_new_with_free_func (data, PROTOBUF_SIZE, sodium_free, data);
}

GBytes *
dms_key_dup_seed (DmsKey *self)
{
  guint8 *data = allocate_secret (DMS_KEY_SEED_SIZE);

  memcpy (data, self->secret, DMS_KEY_SEED_SIZE);
  return g_bytes_new_with_free_func (data, DMS_KEY_SEED_SIZE, sodium_free, data);
}
