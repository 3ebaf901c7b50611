/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "autonat/dms-p2p-rate-limit.h"

/* How far back is counted. */
#define DMS_P2P_RATE_LIMIT_WINDOW_US ((gint64) 60 * G_USEC_PER_SEC)

typedef struct
{
  DmsPeerId *peer;
  gint64 at_us;
} DmsP2pTaken;

struct _DmsP2pRateLimit
{
  guint max;
  guint max_per_peer;
  /* DmsP2pTaken, the oldest first; at most @max. */
  GQueue taken;
};

static void
dms_p2p_taken_free (gpointer data)
{
  DmsP2pTaken *self = data;

  dms_peer_id_unref (self->peer);
  g_free (self);
}

DmsP2pRateLimit *
dms_p2p_rate_limit_new (guint max, guint max_per_peer)
{
  DmsP2pRateLimit *self = g_new0 (DmsP2pRateLimit, 1);

  self->max = max;
  self->max_per_peer = max_per_peer;
  g_queue_init (&self->taken);
  return self;
}

void
dms_p2p_rate_limit_free (DmsP2pRateLimit *self)
{
  g_queue_clear_full (&self->taken, dms_p2p_taken_free);
  g_free (self);
}

gboolean
dms_p2p_rate_limit_take (DmsP2pRateLimit *self, DmsPeerId *peer, gint64 now_us)
{
  DmsP2pTaken *oldest = g_queue_peek_head (&self->taken);
  DmsP2pTaken *taken = NULL;
  guint n = 0;

  while (oldest != NULL && now_us - oldest->at_us >= DMS_P2P_RATE_LIMIT_WINDOW_US)
    {
      dms_p2p_taken_free (g_queue_pop_head (&self->taken));
      oldest = g_queue_peek_head (&self->taken);
    }
  for (GList *l = self->taken.head; l != NULL; l = l->next)
    n += dms_peer_id_equal (((DmsP2pTaken *) l->data)->peer, peer) ? 1 : 0;
  if (g_queue_get_length (&self->taken) >= self->max || n >= self->max_per_peer)
    return FALSE;
  taken = g_new0 (DmsP2pTaken, 1);
  taken->peer = dms_peer_id_ref (peer);
  taken->at_us = now_us;
  g_queue_push_tail (&self->taken, taken);
  return TRUE;
}
