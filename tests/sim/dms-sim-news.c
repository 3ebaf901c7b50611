/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-sim-clock.h"
#include "dms-sim-run.h"

/* What begins each message: which one it is. */
typedef struct
{
  guint8 mark[4];
  guint32 number;
} Head;

enum
{
  /* A signed bid in its envelope with tokens, about. */
  BID_SIZE = 3000,
};

static const guint8 mark[4] = { 'n', 'e', 'w', 's' };

void
dms_sim_news_free (gpointer data)
{
  DmsSimNews *self = data;

  g_free (self->took_us);
  g_free (self->runs);
  g_free (self);
}

static void
on_deliver (DmsSimPeer *peer, const char *topic, DmsPeerId *from, GBytes *data, gpointer user_data)
{
  DmsSimRun *run = user_data;
  gsize size = 0;
  const void *bytes = g_bytes_get_data (data, &size);
  DmsSimNews *news = NULL;
  Head head;

  if (size < sizeof head)
    return;
  memcpy (&head, bytes, sizeof head);
  if (memcmp (head.mark, mark, sizeof mark) != 0 || head.number >= run->news->len)
    return;
  news = g_ptr_array_index (run->news, head.number);
  if (peer->index < news->n_peers && news->took_us[peer->index] < 0)
    news->took_us[peer->index] = (gint32) MIN (dms_sim_clock_get_us () - news->published_us, G_MAXINT32);
}

static void
on_sent (DmsSimPeer *peer, const GError *error, gpointer user_data)
{
}

/* What is not of this run is nonsense, as for a node what has no authority. */
static DmsValidation
on_validate (DmsSimPeer *peer,
             const char *topic,
             DmsPeerId *from,
             GBytes *data,
             guint64 ticket,
             gpointer user_data)
{
  gsize size = 0;
  const void *bytes = g_bytes_get_data (data, &size);

  return size >= sizeof (Head) && memcmp (bytes, mark, sizeof mark) == 0 ? DMS_VALIDATION_ACCEPT
                                                                         : DMS_VALIDATION_REJECT;
}

static gboolean
on_message (DmsSimPeer *peer, DmsSimPeer *from, const char *inbox, GBytes *bytes, gpointer user_data)
{
  if (strcmp (inbox, "request") == 0)
    {
      g_autoptr (GBytes) answer = g_bytes_new_take (g_malloc0 (BID_SIZE), BID_SIZE);

      dms_sim_peer_send_message (peer, from, "bid", answer, on_sent, NULL);
    }
  if (strcmp (inbox, "bid") == 0)
    peer->tag = GUINT_TO_POINTER (GPOINTER_TO_UINT (peer->tag) + 1);
  return TRUE;
}

const DmsSimPeerFuncs dms_sim_run_peer_funcs = { .validate = on_validate,
                                                 .deliver = on_deliver,
                                                 .message = on_message };

DmsSimNews *
dms_sim_run_publish (DmsSimRun *self, DmsSimPeer *publisher, guint size)
{
  DmsSimNews *news = g_new0 (DmsSimNews, 1);
  GPtrArray *peers = self->network->peers;
  g_autofree guint8 *bytes = g_malloc0 (MAX (size, sizeof (Head)));
  g_autoptr (GBytes) data = NULL;
  Head head;

  memcpy (head.mark, mark, sizeof mark);
  head.number = news->number = self->news->len;
  memcpy (bytes, &head, sizeof head);
  news->published_us = dms_sim_clock_get_us ();
  news->publisher = publisher;
  news->n_peers = peers->len;
  news->took_us = g_new (gint32, peers->len);
  news->runs = g_new0 (guint, peers->len);
  for (guint i = 0; i < peers->len; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (peers, i);

      news->took_us[i] = -1;
      if (peer->is_up && dms_sim_run_is_honest (peer))
        news->runs[i] = peer->run;
    }
  news->took_us[publisher->index] = 0;
  g_ptr_array_add (self->news, news);
  data = g_bytes_new (bytes, MAX (size, sizeof head));
  dms_sim_peer_publish (publisher, self->topic, data);
  return news;
}

double
dms_sim_news_get_reach (DmsSimNews *self, DmsSimRun *run, gint64 within_us)
{
  guint n_meant = 0;
  guint n_reached = 0;

  for (guint i = 0; i < self->n_peers; i++)
    {
      DmsSimPeer *peer = g_ptr_array_index (run->network->peers, i);

      if (self->runs[i] == 0 || !peer->is_up || peer->run != self->runs[i])
        continue;
      n_meant++;
      n_reached += self->took_us[i] >= 0 && self->took_us[i] <= within_us;
    }
  return n_meant > 0 ? (double) n_reached / n_meant : 0;
}
