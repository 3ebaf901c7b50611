/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise-state.h"

#include <sodium.h>
#include <string.h>

#include "noise/dms-p2p-noise-symmetric.h"

typedef enum
{
  DMS_P2P_NOISE_E,
  DMS_P2P_NOISE_S,
  DMS_P2P_NOISE_EE,
  DMS_P2P_NOISE_ES,
  DMS_P2P_NOISE_SE,
  DMS_P2P_NOISE_END,
} DmsP2pNoiseToken;

/* The pattern XX: -> e; <- e, ee, s, es; -> s, se. */
static const DmsP2pNoiseToken dms_p2p_noise_xx[3][5] = {
  { DMS_P2P_NOISE_E, DMS_P2P_NOISE_END },
  { DMS_P2P_NOISE_E, DMS_P2P_NOISE_EE, DMS_P2P_NOISE_S, DMS_P2P_NOISE_ES, DMS_P2P_NOISE_END },
  { DMS_P2P_NOISE_S, DMS_P2P_NOISE_SE, DMS_P2P_NOISE_END },
};

typedef struct
{
  guint8 secret[32];
  guint8 public[32];
} DmsP2pNoiseKeyPair;

struct _DmsP2pNoiseState
{
  DmsP2pNoiseSymmetric symmetric;
  DmsP2pNoiseKeyPair static_pair;
  DmsP2pNoiseKeyPair ephemeral;
  guint8 remote_static[32];
  guint8 remote_ephemeral[32];
  gboolean is_initiator;
  gboolean has_remote_static;
  guint n_messages;
};

DmsP2pNoiseState *
dms_p2p_noise_state_new (gboolean is_initiator,
                         const guint8 static_key[32],
                         const guint8 *ephemeral,
                         const void *prologue,
                         gsize prologue_size)
{
  DmsP2pNoiseState *self = NULL;

  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised");
  self = sodium_malloc (sizeof *self);
  if (self == NULL)
    g_error ("no guarded memory for a Noise handshake");
  memset (self, 0, sizeof *self);
  self->is_initiator = is_initiator;
  memcpy (self->static_pair.secret, static_key, sizeof self->static_pair.secret);
  if (ephemeral != NULL)
    memcpy (self->ephemeral.secret, ephemeral, sizeof self->ephemeral.secret);
  else
    randombytes_buf (self->ephemeral.secret, sizeof self->ephemeral.secret);
  crypto_scalarmult_base (self->static_pair.public, self->static_pair.secret);
  crypto_scalarmult_base (self->ephemeral.public, self->ephemeral.secret);
  dms_p2p_noise_symmetric_init (&self->symmetric, DMS_P2P_NOISE_NAME);
  dms_p2p_noise_symmetric_mix_hash (&self->symmetric, prologue, prologue_size);
  return self;
}

void
dms_p2p_noise_state_free (DmsP2pNoiseState *self)
{
  /* Wipes it, too. */
  sodium_free (self);
}

gboolean
dms_p2p_noise_state_is_finished (DmsP2pNoiseState *self)
{
  return self->n_messages == G_N_ELEMENTS (dms_p2p_noise_xx);
}

gboolean
dms_p2p_noise_state_is_my_turn (DmsP2pNoiseState *self)
{
  return !dms_p2p_noise_state_is_finished (self) && (self->n_messages % 2 == 0) == self->is_initiator;
}

static gboolean
dms_p2p_noise_state_refuse (const char *why, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the Noise handshake failed: %s", why);
  return FALSE;
}

static gboolean
dms_p2p_noise_state_mix_dh (DmsP2pNoiseState *self,
                            const DmsP2pNoiseKeyPair *pair,
                            const guint8 remote[32],
                            GError **error)
{
  guint8 shared[32];
  /* -1 for the all-zero output: a point of small order, by which somebody forces a known key (RFC 7748, 6.1).
   */
  gboolean works = crypto_scalarmult (shared, pair->secret, remote) == 0;

  if (works)
    dms_p2p_noise_symmetric_mix_key (&self->symmetric, shared);
  sodium_memzero (shared, sizeof shared);
  return works || dms_p2p_noise_state_refuse ("the peer's key is of small order", error);
}

static gboolean
dms_p2p_noise_state_agree (DmsP2pNoiseState *self, DmsP2pNoiseToken token, GError **error)
{
  gboolean mine_is_static =
      (token == DMS_P2P_NOISE_SE && self->is_initiator) || (token == DMS_P2P_NOISE_ES && !self->is_initiator);
  gboolean theirs_is_static =
      (token == DMS_P2P_NOISE_ES && self->is_initiator) || (token == DMS_P2P_NOISE_SE && !self->is_initiator);

  return dms_p2p_noise_state_mix_dh (self,
                                     mine_is_static ? &self->static_pair : &self->ephemeral,
                                     theirs_is_static ? self->remote_static : self->remote_ephemeral,
                                     error);
}

static gboolean
dms_p2p_noise_state_write_token (DmsP2pNoiseState *self,
                                 DmsP2pNoiseToken token,
                                 GByteArray *out,
                                 GError **error)
{
  if (token == DMS_P2P_NOISE_E)
    {
      g_byte_array_append (out, self->ephemeral.public, sizeof self->ephemeral.public);
      dms_p2p_noise_symmetric_mix_hash (
          &self->symmetric, self->ephemeral.public, sizeof self->ephemeral.public);
      return TRUE;
    }
  if (token == DMS_P2P_NOISE_S)
    return dms_p2p_noise_symmetric_encrypt (
        &self->symmetric, self->static_pair.public, sizeof self->static_pair.public, out, error);
  return dms_p2p_noise_state_agree (self, token, error);
}

gboolean
dms_p2p_noise_state_write (DmsP2pNoiseState *self,
                           const guint8 *payload,
                           gsize size,
                           GByteArray *out,
                           GError **error)
{
  const DmsP2pNoiseToken *token = NULL;

  if (!dms_p2p_noise_state_is_my_turn (self))
    return dms_p2p_noise_state_refuse ("it is the peer's turn", error);
  for (token = dms_p2p_noise_xx[self->n_messages]; *token != DMS_P2P_NOISE_END; token++)
    if (!dms_p2p_noise_state_write_token (self, *token, out, error))
      return FALSE;
  if (!dms_p2p_noise_symmetric_encrypt (&self->symmetric, payload, size, out, error))
    return FALSE;
  self->n_messages++;
  return TRUE;
}

static gboolean
dms_p2p_noise_state_read_static (DmsP2pNoiseState *self, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GByteArray) key = g_byte_array_new ();

  if (!dms_p2p_noise_symmetric_decrypt (&self->symmetric, data, size, key, error))
    return FALSE;
  memcpy (self->remote_static, key->data, sizeof self->remote_static);
  self->has_remote_static = TRUE;
  return TRUE;
}

/* Takes what belongs to @token off the message. */
static gboolean
dms_p2p_noise_state_read_token (DmsP2pNoiseState *self,
                                DmsP2pNoiseToken token,
                                const guint8 **message,
                                gsize *size,
                                GError **error)
{
  gsize taken = 0;

  if (token == DMS_P2P_NOISE_E)
    taken = DMS_P2P_NOISE_KEY;
  else if (token == DMS_P2P_NOISE_S)
    taken = DMS_P2P_NOISE_KEY + (self->symmetric.cipher.has_key ? (gsize) DMS_P2P_NOISE_TAG : 0);
  else
    return dms_p2p_noise_state_agree (self, token, error);
  if (*size < taken)
    return dms_p2p_noise_state_refuse ("a message is too short", error);
  if (token == DMS_P2P_NOISE_S && !dms_p2p_noise_state_read_static (self, *message, taken, error))
    return FALSE;
  if (token == DMS_P2P_NOISE_E)
    {
      memcpy (self->remote_ephemeral, *message, sizeof self->remote_ephemeral);
      dms_p2p_noise_symmetric_mix_hash (&self->symmetric, *message, taken);
    }
  *message += taken;
  *size -= taken;
  return TRUE;
}

gboolean
dms_p2p_noise_state_read (DmsP2pNoiseState *self,
                          const guint8 *message,
                          gsize size,
                          GByteArray *payload,
                          GError **error)
{
  const DmsP2pNoiseToken *token = NULL;

  if (dms_p2p_noise_state_is_finished (self) || dms_p2p_noise_state_is_my_turn (self))
    return dms_p2p_noise_state_refuse ("it is not the peer's turn", error);
  if (size > DMS_P2P_NOISE_MAX)
    return dms_p2p_noise_state_refuse ("a message is too long", error);
  for (token = dms_p2p_noise_xx[self->n_messages]; *token != DMS_P2P_NOISE_END; token++)
    if (!dms_p2p_noise_state_read_token (self, *token, &message, &size, error))
      return FALSE;
  if (!dms_p2p_noise_symmetric_decrypt (&self->symmetric, message, size, payload, error))
    return FALSE;
  self->n_messages++;
  return TRUE;
}

const guint8 *
dms_p2p_noise_state_get_static (DmsP2pNoiseState *self)
{
  return self->static_pair.public;
}

const guint8 *
dms_p2p_noise_state_get_remote_static (DmsP2pNoiseState *self)
{
  return self->has_remote_static ? self->remote_static : NULL;
}

const guint8 *
dms_p2p_noise_state_get_hash (DmsP2pNoiseState *self)
{
  return self->symmetric.hash;
}

void
dms_p2p_noise_state_split (DmsP2pNoiseState *self, DmsP2pNoiseCipher *send, DmsP2pNoiseCipher *receive)
{
  g_return_if_fail (dms_p2p_noise_state_is_finished (self));
  if (self->is_initiator)
    dms_p2p_noise_symmetric_split (&self->symmetric, send, receive);
  else
    dms_p2p_noise_symmetric_split (&self->symmetric, receive, send);
}
