/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "noise/dms-p2p-noise-pipe.h"

#include <sodium.h>
#include <string.h>

#include "noise/dms-p2p-noise-payload.h"
#include "noise/dms-p2p-noise-state.h"

/**
 * DmsP2pNoisePipe:
 *
 * Noise over a pipe: frames of a length and a message (libp2p specs, noise, "Wire Format"). Frames are opened
 * into the reader's memory when they fit, and sealed where they are sent from.
 */

#define DMS_P2P_NOISE_HEADER ((gsize) 2)
/* How many bytes are put in one frame: half of what may be (65,519), which the caches of a core like better.
 */
#define DMS_P2P_NOISE_FRAME ((gsize) 32 * 1024)
/* Messages of the handshake: an RSA key of 8,192 bits with its signature, and extensions, in less. */
#define DMS_P2P_NOISE_MAX_HANDSHAKE ((gsize) 8192)
/* How many empty frames in a row are taken, before the main loop has its turn. */
#define DMS_P2P_NOISE_MAX_EMPTY 64

/* The keys of a connection, in guarded memory. */
typedef struct
{
  DmsP2pNoiseCipher send;
  DmsP2pNoiseCipher receive;
} DmsP2pNoiseKeys;

struct _DmsP2pNoisePipe
{
  DmsP2pChannel parent_instance;

  DmsP2pNoiseState *state;
  DmsP2pNoiseKeys *keys;
  DmsP2pIdentity *identity;
  DmsPeerId *expected;
  GStrv muxers;
  gboolean is_initiator;
  DmsP2pPublicKey *key;
  char *muxer;
  /* What of the first frame of the input has been opened, where it is, and not been read yet. */
  gsize plain_offset;
  gsize plain_left;
};

G_DEFINE_FINAL_TYPE (DmsP2pNoisePipe, dms_p2p_noise_pipe, DMS_TYPE_P2P_CHANNEL)

/* The size of the first frame's message; -1 when the frame is not whole. */
static gssize
dms_p2p_noise_pipe_get_frame (DmsP2pBuffer *in)
{
  gsize held = dms_p2p_buffer_get_size (in);
  const guint8 *data = NULL;
  gsize size = 0;

  if (held < DMS_P2P_NOISE_HEADER)
    return -1;
  data = dms_p2p_buffer_get_data (in);
  size = (gsize) data[0] << 8 | data[1];
  return held - DMS_P2P_NOISE_HEADER >= size ? (gssize) size : -1;
}

static gboolean
dms_p2p_noise_pipe_is_ready (DmsP2pChannel *channel)
{
  DmsP2pNoisePipe *self = DMS_P2P_NOISE_PIPE (channel);

  return self->plain_left > 0 || dms_p2p_noise_pipe_get_frame (dms_p2p_channel_get_in (channel)) >= 0;
}

static gsize
dms_p2p_noise_pipe_take_plain (DmsP2pNoisePipe *self, DmsP2pBuffer *in, void *buffer, gsize size)
{
  gsize n = MIN (size, self->plain_left);

  memcpy (buffer, dms_p2p_buffer_get_data (in) + self->plain_offset, n);
  self->plain_offset += n;
  self->plain_left -= n;
  if (self->plain_left == 0)
    {
      dms_p2p_buffer_drop (in, self->plain_offset + DMS_P2P_NOISE_TAG);
      self->plain_offset = 0;
    }
  return n;
}

static gssize
dms_p2p_noise_pipe_open (DmsP2pChannel *channel, void *buffer, gsize size, GError **error)
{
  DmsP2pNoisePipe *self = DMS_P2P_NOISE_PIPE (channel);
  DmsP2pBuffer *in = dms_p2p_channel_get_in (channel);

  if (self->plain_left > 0)
    return (gssize) dms_p2p_noise_pipe_take_plain (self, in, buffer, size);
  for (guint i = 0; i < DMS_P2P_NOISE_MAX_EMPTY; i++)
    {
      gssize frame = dms_p2p_noise_pipe_get_frame (in);
      guint8 *sealed = NULL;
      gboolean fits = FALSE;

      if (frame < 0)
        return DMS_P2P_WOULD_BLOCK;
      sealed = dms_p2p_buffer_get_data (in) + DMS_P2P_NOISE_HEADER;
      fits = frame >= DMS_P2P_NOISE_TAG && (gsize) frame - DMS_P2P_NOISE_TAG <= size;
      if (!dms_p2p_noise_cipher_decrypt (
              &self->keys->receive, NULL, 0, sealed, (gsize) frame, fits ? (guint8 *) buffer : sealed, error))
        return -1;
      if (!fits)
        {
          self->plain_offset = DMS_P2P_NOISE_HEADER;
          self->plain_left = (gsize) frame - DMS_P2P_NOISE_TAG;
          return (gssize) dms_p2p_noise_pipe_take_plain (self, in, buffer, size);
        }
      dms_p2p_buffer_drop (in, DMS_P2P_NOISE_HEADER + (gsize) frame);
      if (frame > DMS_P2P_NOISE_TAG)
        return frame - DMS_P2P_NOISE_TAG;
    }
  return DMS_P2P_WOULD_BLOCK;
}

static gssize
dms_p2p_noise_pipe_seal (DmsP2pChannel *channel,
                         const GOutputVector *vectors,
                         gsize n_vectors,
                         gsize skip,
                         GError **error)
{
  DmsP2pNoisePipe *self = DMS_P2P_NOISE_PIPE (channel);
  DmsP2pBuffer *out = dms_p2p_channel_get_out (channel);
  const guint8 *plain = NULL;
  guint8 *frame = NULL;
  gsize size = 0;
  gsize sealed = 0;

  while (n_vectors > 0 && skip >= vectors->size)
    {
      skip -= vectors->size;
      vectors++;
      n_vectors--;
    }
  for (gsize i = 0; i < n_vectors && size < DMS_P2P_NOISE_FRAME + skip; i++)
    size += vectors[i].size;
  size = MIN (size - skip, DMS_P2P_NOISE_FRAME);
  frame = dms_p2p_buffer_reserve (out, DMS_P2P_NOISE_HEADER + size + DMS_P2P_NOISE_TAG);
  if (n_vectors > 0 && vectors->size - skip >= size)
    plain = (const guint8 *) vectors->buffer + skip;
  else
    {
      dms_p2p_channel_gather (vectors, n_vectors, skip, frame + DMS_P2P_NOISE_HEADER, size);
      plain = frame + DMS_P2P_NOISE_HEADER;
    }
  if (!dms_p2p_noise_cipher_encrypt (
          &self->keys->send, NULL, 0, plain, size, frame + DMS_P2P_NOISE_HEADER, error))
    return -1;
  sealed = size + DMS_P2P_NOISE_TAG;
  frame[0] = (guint8) (sealed >> 8);
  frame[1] = (guint8) sealed;
  dms_p2p_buffer_added (out, DMS_P2P_NOISE_HEADER + sealed);
  return (gssize) size;
}

/* Noise has no word for the end: that of the raw pipe counts, between two frames. */
static gboolean
dms_p2p_noise_pipe_may_end (DmsP2pChannel *channel)
{
  return dms_p2p_buffer_get_size (dms_p2p_channel_get_in (channel)) == 0;
}

static gboolean
dms_p2p_noise_pipe_say (DmsP2pNoisePipe *self, GError **error)
{
  DmsP2pBuffer *out = dms_p2p_channel_get_out (DMS_P2P_CHANNEL (self));
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autoptr (GBytes) payload = NULL;
  gboolean is_first = self->is_initiator && dms_p2p_noise_state_get_remote_static (self->state) == NULL;
  guint8 header[DMS_P2P_NOISE_HEADER];

  /* The first message says nothing yet: nobody but the peer may read it. */
  if (!is_first)
    payload = dms_p2p_noise_payload_write (
        self->identity, dms_p2p_noise_state_get_static (self->state), (const char *const *) self->muxers);
  if (!dms_p2p_noise_state_write (self->state,
                                  payload != NULL ? g_bytes_get_data (payload, NULL) : NULL,
                                  payload != NULL ? g_bytes_get_size (payload) : 0,
                                  message,
                                  error))
    return FALSE;
  header[0] = (guint8) (message->len >> 8);
  header[1] = (guint8) message->len;
  dms_p2p_buffer_append (out, header, sizeof header);
  dms_p2p_buffer_append (out, message->data, message->len);
  return TRUE;
}

/* Takes the frame with a message of the peer. */
static gboolean
dms_p2p_noise_pipe_hear (DmsP2pNoisePipe *self, const guint8 *message, gsize size, GError **error)
{
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (DmsP2pNoisePayload) payload = NULL;
  const guint8 *remote = NULL;

  if (!dms_p2p_noise_state_read (self->state, message, size, plain, error))
    return FALSE;
  remote = dms_p2p_noise_state_get_remote_static (self->state);
  /* What comes in the clear is nobody's word. */
  if (remote == NULL)
    return TRUE;
  payload = dms_p2p_noise_payload_read (plain->data, plain->len, remote, error);
  if (payload == NULL || !dms_p2p_public_key_check_owner (payload->key, self->expected, error))
    return FALSE;
  self->key = g_steal_pointer (&payload->key);
  if (self->is_initiator)
    return dms_p2p_noise_payload_choose (
        (const char *const *) self->muxers, (const char *const *) payload->muxers, &self->muxer, error);
  return dms_p2p_noise_payload_choose (
      (const char *const *) payload->muxers, (const char *const *) self->muxers, &self->muxer, error);
}

/* 0 when a message was taken; else as the step of a handshake. */
static gssize
dms_p2p_noise_pipe_listen (DmsP2pNoisePipe *self, GError **error)
{
  DmsP2pChannel *channel = DMS_P2P_CHANNEL (self);
  DmsP2pBuffer *in = dms_p2p_channel_get_in (channel);
  gssize frame = dms_p2p_noise_pipe_get_frame (in);
  const guint8 *data = NULL;

  while (frame < 0)
    {
      gssize n = 0;

      if (dms_p2p_buffer_get_size (in) >= DMS_P2P_NOISE_HEADER)
        {
          data = dms_p2p_buffer_get_data (in);
          if (((gsize) data[0] << 8 | data[1]) > DMS_P2P_NOISE_MAX_HANDSHAKE)
            break;
        }
      n = dms_p2p_channel_fill (channel, error);
      if (n == 0)
        g_set_error_literal (
            error, DMS_ERROR, DMS_ERROR_IO, "the peer closed the connection during the Noise handshake");
      if (n <= 0)
        return n == 0 ? -1 : n;
      frame = dms_p2p_noise_pipe_get_frame (in);
    }
  if (frame < 0 || (gsize) frame > DMS_P2P_NOISE_MAX_HANDSHAKE)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_TOO_LARGE,
                           "the peer's part of the Noise handshake is larger than 8,192 bytes");
      return -1;
    }
  data = dms_p2p_buffer_get_data (in) + DMS_P2P_NOISE_HEADER;
  if (!dms_p2p_noise_pipe_hear (self, data, (gsize) frame, error))
    return -1;
  dms_p2p_buffer_drop (in, DMS_P2P_NOISE_HEADER + (gsize) frame);
  return 0;
}

static void
dms_p2p_noise_pipe_take_keys (DmsP2pNoisePipe *self)
{
  self->keys = sodium_malloc (sizeof *self->keys);
  if (self->keys == NULL)
    g_error ("no guarded memory for the keys of a Noise connection");
  memset (self->keys, 0, sizeof *self->keys);
  dms_p2p_noise_state_split (self->state, &self->keys->send, &self->keys->receive);
  g_clear_pointer (&self->state, dms_p2p_noise_state_free);
}

gssize
dms_p2p_noise_pipe_handshake (DmsP2pNoisePipe *self, GIOCondition *wanted, GError **error)
{
  DmsP2pChannel *channel = DMS_P2P_CHANNEL (self);
  DmsP2pBuffer *out = dms_p2p_channel_get_out (channel);
  gssize n = 0;

  while (n == 0 && !dms_p2p_noise_state_is_finished (self->state))
    {
      if (!dms_p2p_noise_state_is_my_turn (self->state))
        n = dms_p2p_noise_pipe_listen (self, error);
      else if (!dms_p2p_noise_pipe_say (self, error))
        n = -1;
      if (n != -1 && dms_p2p_channel_send (channel, error) == -1)
        return -1;
    }
  if (n == 0)
    dms_p2p_noise_pipe_take_keys (self);
  *wanted = G_IO_IN | (dms_p2p_buffer_get_size (out) > 0 ? G_IO_OUT : 0);
  return n;
}

DmsP2pPublicKey *
dms_p2p_noise_pipe_get_key (DmsP2pNoisePipe *self)
{
  return self->key;
}

const char *
dms_p2p_noise_pipe_get_muxer (DmsP2pNoisePipe *self)
{
  return self->muxer;
}

DmsP2pNoisePipe *
dms_p2p_noise_pipe_new (DmsP2pPipe *raw,
                        DmsP2pIdentity *identity,
                        gboolean is_initiator,
                        DmsPeerId *expected,
                        const char *const *muxers)
{
  DmsP2pNoisePipe *self = g_object_new (DMS_TYPE_P2P_NOISE_PIPE, NULL);
  guint8 key[DMS_P2P_NOISE_KEY];

  /* A new key each time: nobody but this connection has anything of it. */
  randombytes_buf (key, sizeof key);
  self->state = dms_p2p_noise_state_new (is_initiator, key, NULL, NULL, 0);
  sodium_memzero (key, sizeof key);
  self->is_initiator = is_initiator;
  self->identity = dms_p2p_identity_ref (identity);
  self->expected = expected != NULL ? dms_peer_id_ref (expected) : NULL;
  self->muxers = g_strdupv ((GStrv) muxers);
  dms_p2p_channel_set_raw (DMS_P2P_CHANNEL (self), raw);
  return self;
}

static void
dms_p2p_noise_pipe_finalize (GObject *object)
{
  DmsP2pNoisePipe *self = DMS_P2P_NOISE_PIPE (object);

  g_clear_pointer (&self->state, dms_p2p_noise_state_free);
  g_clear_pointer (&self->keys, sodium_free);
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->muxers, g_strfreev);
  g_clear_pointer (&self->muxer, g_free);
  G_OBJECT_CLASS (dms_p2p_noise_pipe_parent_class)->finalize (object);
}

static void
dms_p2p_noise_pipe_class_init (DmsP2pNoisePipeClass *klass)
{
  DmsP2pChannelClass *channel_class = DMS_P2P_CHANNEL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_noise_pipe_finalize;
  channel_class->open = dms_p2p_noise_pipe_open;
  channel_class->seal = dms_p2p_noise_pipe_seal;
  channel_class->is_ready = dms_p2p_noise_pipe_is_ready;
  channel_class->may_end = dms_p2p_noise_pipe_may_end;
}

static void
dms_p2p_noise_pipe_init (DmsP2pNoisePipe *self)
{
}
