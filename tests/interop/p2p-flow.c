/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "p2p-flow.h"

#include <sodium.h>
#include <string.h>

enum
{
  P2P_FLOW_BLOCK = 256 * 1024,
  P2P_FLOW_READ = 256 * 1024,
  /* No more is read while so much waits to be sent. */
  P2P_FLOW_QUEUE = 1024 * 1024,
  /* Then others get their turn. */
  P2P_FLOW_TURN = 4 * 1024 * 1024,
};

static void
p2p_flow_free (P2pFlow *self)
{
  guint8 unused[P2P_DIGEST_SIZE];

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
  g_clear_object (&self->stream);
  g_byte_array_unref (self->queue);
  g_byte_array_unref (self->kept);
  g_free (self->block);
  p2p_flow_take_digest (&self->out_hash, unused);
  p2p_flow_take_digest (&self->in_hash, unused);
  g_free (self);
}

static void
p2p_flow_finish (P2pFlow *self, const GError *error)
{
  if (self->is_done)
    return;
  self->is_done = TRUE;
  if (self->part->done != NULL)
    self->part->done (self, error);
}

void
p2p_flow_hash (gnutls_hash_hd_t *hash, const void *data, gsize size)
{
  if (*hash == NULL)
    gnutls_hash_init (hash, GNUTLS_DIG_SHA256);
  gnutls_hash (*hash, data, size);
}

void
p2p_flow_take_digest (gnutls_hash_hd_t *hash, guint8 digest[P2P_DIGEST_SIZE])
{
  p2p_flow_hash (hash, "", 0);
  gnutls_hash_deinit (*hash, digest);
  *hash = NULL;
}

static void
p2p_flow_fill_block (P2pFlow *self)
{
  guint64 stamp = GUINT64_TO_BE (self->poured);

  if (self->block == NULL)
    {
      self->block = g_malloc (P2P_FLOW_BLOCK);
      randombytes_buf (self->block, P2P_FLOW_BLOCK);
    }
  self->block_size = MIN (P2P_FLOW_BLOCK, self->pour_left);
  self->block_at = 0;
  if (self->block_size >= sizeof stamp)
    memcpy (self->block, &stamp, sizeof stamp);
  if (self->is_hashing)
    p2p_flow_hash (&self->out_hash, self->block, self->block_size);
}

/* What to send next; 0 when there is nothing. */
static gsize
p2p_flow_next (P2pFlow *self, const guint8 **data)
{
  if (self->queue_at < self->queue->len)
    {
      *data = self->queue->data + self->queue_at;
      return self->queue->len - self->queue_at;
    }
  if (self->pour_left == 0)
    return 0;
  if (self->block_at == self->block_size)
    p2p_flow_fill_block (self);
  *data = self->block + self->block_at;
  return self->block_size - self->block_at;
}

static void
p2p_flow_sent (P2pFlow *self, gsize size)
{
  if (self->queue_at < self->queue->len)
    {
      self->queue_at += size;
      if (self->queue_at < self->queue->len)
        return;
      g_byte_array_set_size (self->queue, 0);
      self->queue_at = 0;
      return;
    }
  self->block_at += size;
  self->poured += size;
  self->pour_left -= size;
}

/* FALSE when the flow has ended. */
static gboolean
p2p_flow_write (P2pFlow *self)
{
  g_autoptr (GError) error = NULL;
  const guint8 *data = NULL;
  gsize turn = 0;
  gsize size;
  gboolean wrote = FALSE;

  while (turn < P2P_FLOW_TURN && (size = p2p_flow_next (self, &data)) > 0)
    {
      gssize n = dms_p2p_pipe_write (self->pipe, data, size, &error);

      if (n == DMS_P2P_WOULD_BLOCK)
        return TRUE;
      if (n < 0)
        {
          p2p_flow_finish (self, error);
          return FALSE;
        }
      p2p_flow_sent (self, (gsize) n);
      turn += (gsize) n;
      wrote = TRUE;
    }
  if (p2p_flow_next (self, &data) > 0)
    return TRUE;
  if (wrote && self->part->sent_all != NULL)
    self->part->sent_all (self);
  if (self->is_done || !self->is_ending || self->out_ended || p2p_flow_next (self, &data) > 0)
    return !self->is_done;
  self->out_ended = TRUE;
  if (!dms_p2p_pipe_shutdown_write (self->pipe, &error))
    {
      p2p_flow_finish (self, error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
p2p_flow_read (P2pFlow *self)
{
  g_autoptr (GError) error = NULL;
  /* For one flow at a time. */
  static guint8 buffer[P2P_FLOW_READ];
  gsize turn = 0;

  while (!self->in_ended && turn < P2P_FLOW_TURN && self->queue->len - self->queue_at < P2P_FLOW_QUEUE)
    {
      gssize n = dms_p2p_pipe_read (self->pipe, buffer, sizeof buffer, &error);

      if (n == DMS_P2P_WOULD_BLOCK)
        return TRUE;
      if (n < 0)
        {
          p2p_flow_finish (self, error);
          return FALSE;
        }
      if (n == 0)
        {
          self->in_ended = TRUE;
          if (self->part->heard_all != NULL)
            self->part->heard_all (self);
          return !self->is_done;
        }
      self->received += (guint64) n;
      turn += (gsize) n;
      if (self->part->take != NULL)
        self->part->take (self, buffer, (gsize) n);
      if (self->is_done)
        return FALSE;
    }
  return TRUE;
}

static void
p2p_flow_update (P2pFlow *self)
{
  GIOCondition wanted = 0;
  const guint8 *data = NULL;

  if (!self->in_ended && self->queue->len - self->queue_at < P2P_FLOW_QUEUE)
    wanted |= G_IO_IN;
  if (p2p_flow_next (self, &data) > 0 || (self->is_ending && !self->out_ended))
    wanted |= G_IO_OUT;
  dms_p2p_pipe_want (self->pipe, wanted);
}

static void
p2p_flow_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  P2pFlow *self = user_data;

  if ((condition & G_IO_OUT) != 0 && !p2p_flow_write (self))
    return p2p_flow_free (self);
  if ((condition & G_IO_IN) != 0 && !p2p_flow_read (self))
    return p2p_flow_free (self);
  if (self->in_ended && self->out_ended)
    {
      p2p_flow_finish (self, NULL);
      dms_p2p_pipe_close (self->pipe);
      return p2p_flow_free (self);
    }
  p2p_flow_update (self);
}

P2pFlow *
p2p_flow_new (DmsP2pStream *stream, const P2pFlowPart *part, gpointer user_data, GDestroyNotify destroy)
{
  P2pFlow *self = g_new0 (P2pFlow, 1);

  self->part = part;
  self->user_data = user_data;
  self->destroy = destroy;
  self->stream = g_object_ref (stream);
  self->pipe = dms_p2p_stream_get_pipe (stream);
  self->queue = g_byte_array_new ();
  self->kept = g_byte_array_new ();
  dms_p2p_pipe_set_handler (self->pipe, p2p_flow_on_ready, self);
  p2p_flow_update (self);
  return self;
}

void
p2p_flow_send (P2pFlow *self, const void *data, gsize size)
{
  g_byte_array_append (self->queue, data, (guint) size);
  p2p_flow_update (self);
}

void
p2p_flow_pour (P2pFlow *self, guint64 size, gboolean is_hashing)
{
  self->pour_left = size;
  self->is_hashing = is_hashing;
  p2p_flow_update (self);
}

void
p2p_flow_end (P2pFlow *self)
{
  self->is_ending = TRUE;
  p2p_flow_update (self);
}

void
p2p_flow_reset (P2pFlow *self)
{
  dms_p2p_pipe_reset (self->pipe, 0);
  p2p_flow_finish (self, NULL);
}

void
p2p_flow_kill (P2pFlow *self)
{
  p2p_flow_reset (self);
  p2p_flow_free (self);
}
