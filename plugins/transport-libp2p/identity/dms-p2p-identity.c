/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-p2p-identity.h"

#include <sodium.h>
#include <string.h>

struct _DmsP2pIdentity
{
  /* Seed and public key, in guarded memory, read-only. */
  guint8 *secret;
  DmsP2pPublicKey *public_key;
  GBytes *network_key;
};

/* libp2p specs, pnet/Private-Networks-PSK-V1.md. */
#define DMS_P2P_IDENTITY_NETWORK_KEY_SIZE 32

static guint8 *
dms_p2p_identity_allocate (gsize size, GError **error)
{
  guint8 *secret = sodium_init () >= 0 ? sodium_malloc (size) : NULL;

  if (secret == NULL)
    g_set_error_literal (
        error,
        DMS_ERROR,
        DMS_ERROR_NO_RESOURCES,
        "no guarded memory is left for the keys of this host; raise the limit of locked memory "
        "(ulimit -l)");
  return secret;
}

/* Takes the secret. */
static DmsP2pIdentity *
dms_p2p_identity_new_from_secret (guint8 *secret, const guint8 public_key[crypto_sign_PUBLICKEYBYTES])
{
  DmsP2pIdentity *self = g_atomic_rc_box_new0 (DmsP2pIdentity);

  sodium_mprotect_readonly (secret);
  self->secret = secret;
  self->public_key = dms_p2p_public_key_new_ed25519 (public_key);
  g_assert (self->public_key != NULL);
  return self;
}

/**
 * dms_p2p_identity_new:
 * @seed: the 32 bytes of an Ed25519 private key (RFC 8032)
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the identity, which has its own copy of the key
 */
DmsP2pIdentity *
dms_p2p_identity_new (GBytes *seed, GError **error)
{
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];
  guint8 *secret = NULL;

  if (g_bytes_get_size (seed) != crypto_sign_SEEDBYTES)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "the seed of an Ed25519 key has %" G_GSIZE_FORMAT " bytes; it must have 32",
                   g_bytes_get_size (seed));
      return NULL;
    }
  secret = dms_p2p_identity_allocate (crypto_sign_SECRETKEYBYTES, error);
  if (secret == NULL)
    return NULL;
  crypto_sign_seed_keypair (public_key, secret, g_bytes_get_data (seed, NULL));
  return dms_p2p_identity_new_from_secret (secret, public_key);
}

/**
 * dms_p2p_identity_new_private:
 * @seed: the 32 bytes of an Ed25519 private key (RFC 8032)
 * @network_key: (nullable): the 32 bytes of the key of a private network; %NULL for the open network
 * @error: return location for a #DmsError
 *
 * Returns: (transfer full) (nullable): the identity, which has its own copy of the keys
 */
DmsP2pIdentity *
dms_p2p_identity_new_private (GBytes *seed, GBytes *network_key, GError **error)
{
  g_autoptr (DmsP2pIdentity) self = dms_p2p_identity_new (seed, error);
  guint8 *secret = NULL;

  if (self == NULL || network_key == NULL)
    return g_steal_pointer (&self);
  if (g_bytes_get_size (network_key) != DMS_P2P_IDENTITY_NETWORK_KEY_SIZE)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "the key of a private network has %" G_GSIZE_FORMAT " bytes; it must have 32",
                   g_bytes_get_size (network_key));
      return NULL;
    }
  secret = dms_p2p_identity_allocate (DMS_P2P_IDENTITY_NETWORK_KEY_SIZE, error);
  if (secret == NULL)
    return NULL;
  memcpy (secret, g_bytes_get_data (network_key, NULL), DMS_P2P_IDENTITY_NETWORK_KEY_SIZE);
  sodium_mprotect_readonly (secret);
  self->network_key =
      g_bytes_new_with_free_func (secret, DMS_P2P_IDENTITY_NETWORK_KEY_SIZE, sodium_free, secret);
  return g_steal_pointer (&self);
}

/**
 * dms_p2p_identity_new_random:
 *
 * Returns: (transfer full): an identity of a new key, which is lost with it
 */
DmsP2pIdentity *
dms_p2p_identity_new_random (void)
{
  g_autoptr (GError) error = NULL;
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];
  guint8 *secret = dms_p2p_identity_allocate (crypto_sign_SECRETKEYBYTES, &error);

  if (secret == NULL)
    g_error ("%s", error->message);
  crypto_sign_keypair (public_key, secret);
  return dms_p2p_identity_new_from_secret (secret, public_key);
}

DmsP2pIdentity *
dms_p2p_identity_ref (DmsP2pIdentity *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_p2p_identity_clear (gpointer data)
{
  DmsP2pIdentity *self = data;

  g_clear_pointer (&self->secret, sodium_free);
  g_clear_pointer (&self->public_key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->network_key, g_bytes_unref);
}

void
dms_p2p_identity_unref (DmsP2pIdentity *self)
{
  g_atomic_rc_box_release_full (self, dms_p2p_identity_clear);
}

DmsPeerId *
dms_p2p_identity_get_peer_id (DmsP2pIdentity *self)
{
  return dms_p2p_public_key_get_peer_id (self->public_key);
}

DmsP2pPublicKey *
dms_p2p_identity_get_public_key (DmsP2pIdentity *self)
{
  return self->public_key;
}

GBytes *
dms_p2p_identity_get_network_key (DmsP2pIdentity *self)
{
  return self->network_key;
}

void
dms_p2p_identity_sign (DmsP2pIdentity *self, const void *message, gsize size, guint8 signature[64])
{
  crypto_sign_detached (signature, NULL, message, size, self->secret);
}
