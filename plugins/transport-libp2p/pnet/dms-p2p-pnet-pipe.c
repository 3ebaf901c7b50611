/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "pnet/dms-p2p-pnet-pipe.h"

#include <sodium.h>
#include <string.h>

/* How much is encrypted at once: two records of TLS, which are at most 16 KiB (RFC 8446, section 5.1). */
#define DMS_P2P_PNET_CHUNK_SIZE (32 * 1024)

/**
 * DmsP2pPnetPipe:
 *
 * A connection inside a private network (libp2p specs, pnet/Private-Networks-PSK-V1.md): each side sends a
 * random nonce of 24 bytes, and all that follows is encrypted by XSalsa20 under the network's key and that
 * nonce. Whoever has not the key sees and says noise. There is no authentication here: the security
 * protocol above it has that.
 *
 * Nothing is held back: bytes that the pipe below does not take were never encrypted for the other side, so
 * the cipher goes on only by what was taken. The nonce goes out with the first bytes, or by itself when
 * somebody waits for bytes, as other implementations say nothing before they have it.
 */
struct _DmsP2pPnetPipe
{
  DmsP2pPipe parent_instance;

  DmsP2pPipe *raw;
  guint8 nonce[DMS_P2P_PNET_NONCE_SIZE];
  gsize nonce_sent;
  DmsP2pPnetCipher sending;

  /* Needed until the other side's nonce is there. */
  GBytes *key;
  guint8 other_nonce[DMS_P2P_PNET_NONCE_SIZE];
  gsize nonce_received;
  DmsP2pPnetCipher receiving;
};

G_DEFINE_FINAL_TYPE (DmsP2pPnetPipe, dms_p2p_pnet_pipe, DMS_TYPE_P2P_PIPE)

static gboolean
dms_p2p_pnet_pipe_owes_nonce (DmsP2pPnetPipe *self)
{
  return self->nonce_sent < sizeof self->nonce;
}

/* 0 when the nonce is out, DMS_P2P_WOULD_BLOCK, -1. */
static gssize
dms_p2p_pnet_pipe_send_nonce (DmsP2pPnetPipe *self, GError **error)
{
  while (dms_p2p_pnet_pipe_owes_nonce (self))
    {
      gssize n = dms_p2p_pipe_write (
          self->raw, self->nonce + self->nonce_sent, sizeof self->nonce - self->nonce_sent, error);

      if (n < 0)
        return n;
      self->nonce_sent += (gsize) n;
    }
  return 0;
}

/* 1 when the other side's nonce is there, else what reading answers. */
static gssize
dms_p2p_pnet_pipe_receive_nonce (DmsP2pPnetPipe *self, GError **error)
{
  while (self->nonce_received < sizeof self->other_nonce)
    {
      gssize n = dms_p2p_pipe_read (self->raw,
                                    self->other_nonce + self->nonce_received,
                                    sizeof self->other_nonce - self->nonce_received,
                                    error);

      if (n <= 0)
        return n;
      self->nonce_received += (gsize) n;
    }
  if (self->key != NULL)
    {
      dms_p2p_pnet_cipher_init (&self->receiving, g_bytes_get_data (self->key, NULL), self->other_nonce);
      g_clear_pointer (&self->key, g_bytes_unref);
    }
  return 1;
}

static gssize
dms_p2p_pnet_pipe_read (DmsP2pPipe *pipe, void *buffer, gsize size, GError **error)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (pipe);
  gssize n = dms_p2p_pnet_pipe_send_nonce (self, error);

  if (n == -1)
    return n;
  n = dms_p2p_pnet_pipe_receive_nonce (self, error);
  if (n <= 0)
    return n;
  n = dms_p2p_pipe_read (self->raw, buffer, size, error);
  if (n > 0)
    {
      dms_p2p_pnet_cipher_apply (&self->receiving, buffer, buffer, (gsize) n);
      dms_p2p_pnet_cipher_advance (&self->receiving, (gsize) n);
    }
  return n;
}

static gsize
dms_p2p_pnet_pipe_gather (guint8 *to, const GOutputVector *vectors, gsize n_vectors)
{
  gsize size = 0;

  for (gsize i = 0; i < n_vectors && size < DMS_P2P_PNET_CHUNK_SIZE; i++)
    {
      gsize n = MIN (vectors[i].size, DMS_P2P_PNET_CHUNK_SIZE - size);

      if (n > 0)
        memcpy (to + size, vectors[i].buffer, n);
      size += n;
    }
  return size;
}

static gssize
dms_p2p_pnet_pipe_writev (DmsP2pPipe *pipe, const GOutputVector *vectors, gsize n_vectors, GError **error)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (pipe);
  guint8 chunk[DMS_P2P_PNET_CHUNK_SIZE];
  gsize owed = sizeof self->nonce - self->nonce_sent;
  gsize size = dms_p2p_pnet_pipe_gather (chunk, vectors, n_vectors);
  GOutputVector both[] = { { self->nonce + self->nonce_sent, owed }, { chunk, size } };
  gssize n = 0;

  dms_p2p_pnet_cipher_apply (&self->sending, chunk, chunk, size);
  n = dms_p2p_pipe_writev (self->raw, owed > 0 ? both : both + 1, owed > 0 ? 2 : 1, error);
  if (n < 0)
    return n;
  if ((gsize) n <= owed && owed > 0)
    {
      self->nonce_sent += (gsize) n;
      return DMS_P2P_WOULD_BLOCK;
    }
  self->nonce_sent += owed;
  n -= (gssize) owed;
  dms_p2p_pnet_cipher_advance (&self->sending, (gsize) n);
  return n;
}

static gssize
dms_p2p_pnet_pipe_flush (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (pipe);
  gssize n = dms_p2p_pnet_pipe_send_nonce (self, error);

  return n == 0 ? dms_p2p_pipe_flush (self->raw, error) : n;
}

static gboolean
dms_p2p_pnet_pipe_shutdown_write (DmsP2pPipe *pipe, GError **error)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (pipe);

  return dms_p2p_pipe_shutdown_write (self->raw, error);
}

static void
dms_p2p_pnet_pipe_close (DmsP2pPipe *pipe)
{
  dms_p2p_pipe_close (DMS_P2P_PNET_PIPE (pipe)->raw);
}

static void
dms_p2p_pnet_pipe_reset (DmsP2pPipe *pipe, guint64 code)
{
  dms_p2p_pipe_reset (DMS_P2P_PNET_PIPE (pipe)->raw, code);
}

/* Whoever waits for bytes waits for a peer that may wait for the nonce. */
static void
dms_p2p_pnet_pipe_want (DmsP2pPipe *pipe, GIOCondition condition)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (pipe);

  if (condition != 0 && dms_p2p_pnet_pipe_owes_nonce (self))
    condition |= G_IO_OUT;
  dms_p2p_pipe_want (self->raw, condition);
}

static void
dms_p2p_pnet_pipe_on_raw (DmsP2pPipe *raw, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DmsP2pPnetPipe) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  if ((condition & G_IO_OUT) && dms_p2p_pnet_pipe_send_nonce (self, &error) == -1)
    {
      /* Said to whoever reads, too: the connection is broken for both. */
      g_debug ("the nonce of a private network did not go out: %s", error->message);
      condition |= G_IO_IN;
    }
  dms_p2p_pipe_dispatch (DMS_P2P_PIPE (self), condition);
  dms_p2p_pnet_pipe_want (DMS_P2P_PIPE (self), dms_p2p_pipe_get_wanted (DMS_P2P_PIPE (self)));
}

static void
dms_p2p_pnet_pipe_dispose (GObject *object)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (object);

  if (self->raw != NULL)
    {
      dms_p2p_pipe_set_handler (self->raw, NULL, NULL);
      dms_p2p_pipe_close (self->raw);
    }
  G_OBJECT_CLASS (dms_p2p_pnet_pipe_parent_class)->dispose (object);
}

static void
dms_p2p_pnet_pipe_finalize (GObject *object)
{
  DmsP2pPnetPipe *self = DMS_P2P_PNET_PIPE (object);

  g_clear_object (&self->raw);
  g_clear_pointer (&self->key, g_bytes_unref);
  dms_p2p_pnet_cipher_clear (&self->sending);
  dms_p2p_pnet_cipher_clear (&self->receiving);
  G_OBJECT_CLASS (dms_p2p_pnet_pipe_parent_class)->finalize (object);
}

static void
dms_p2p_pnet_pipe_class_init (DmsP2pPnetPipeClass *klass)
{
  DmsP2pPipeClass *pipe_class = DMS_P2P_PIPE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dms_p2p_pnet_pipe_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_pnet_pipe_finalize;
  pipe_class->read = dms_p2p_pnet_pipe_read;
  pipe_class->writev = dms_p2p_pnet_pipe_writev;
  pipe_class->flush = dms_p2p_pnet_pipe_flush;
  pipe_class->shutdown_write = dms_p2p_pnet_pipe_shutdown_write;
  pipe_class->close = dms_p2p_pnet_pipe_close;
  pipe_class->reset = dms_p2p_pnet_pipe_reset;
  pipe_class->want = dms_p2p_pnet_pipe_want;
}

static void
dms_p2p_pnet_pipe_init (DmsP2pPnetPipe *self)
{
}

/**
 * dms_p2p_pnet_pipe_new:
 * @raw: a pipe that nothing was read from or written to
 * @key: the network's key, 32 bytes
 *
 * Returns: (transfer full): the pipe
 */
DmsP2pPipe *
dms_p2p_pnet_pipe_new (DmsP2pPipe *raw, GBytes *key)
{
  DmsP2pPnetPipe *self = NULL;

  g_return_val_if_fail (g_bytes_get_size (key) == DMS_P2P_PNET_KEY_SIZE, NULL);

  self = g_object_new (DMS_TYPE_P2P_PNET_PIPE, NULL);
  self->raw = g_object_ref (raw);
  randombytes_buf (self->nonce, sizeof self->nonce);
  dms_p2p_pnet_cipher_init (&self->sending, g_bytes_get_data (key, NULL), self->nonce);
  self->key = g_bytes_ref (key);
  dms_p2p_pipe_set_handler (raw, dms_p2p_pnet_pipe_on_raw, self);
  return DMS_P2P_PIPE (self);
}
